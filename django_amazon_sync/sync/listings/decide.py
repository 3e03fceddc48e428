"""What happens to each field of a listing that should have another value: rules/decision.py, with
what the fields, the marketplace and the moment say.

The survey asks to forecast, the sender to act, the screens to explain, the dry run to promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django_amazon_sync.data import FieldValue, FieldValues, Money, Offer
from django_amazon_sync.rules import guards
from django_amazon_sync.rules.decision import (
    Circumstances,
    Decision,
    decide_ending,
    decide_other,
    decide_price,
    decide_quantity,
)
from django_amazon_sync.rules.listing_state import (
    Conversion,
    State,
    last_price,
    price_of_yesterday,
)
from django_amazon_sync.sync.offers.desired import (
    ListingFields,
    Rules,
    kept_by_amazon,
    price_beside_rate,
)
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    PRICE,
    QUANTITY,
    REMOVED,
    least_paid,
    paid,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a listing beside its state.

    ``live_quantity`` and ``price_at_amazon`` (as the mappings keep it) were just read, where it
    ``was_read``. ``explained``: an order, or a sale that the shop named, came since the believed
    quantity was computed. ``former_sku`` had the offer before, and is still on sale.
    """

    channel: str
    explained: bool
    live_quantity: int | None = None
    price_at_amazon: FieldValue = None
    was_read: bool = False
    former_sku: str = ""


def decide(
    state: State,
    changes: Mapping[str, FieldValue],
    known: Known,
    about: Circumstances,
    rules: Rules,
    offer: Offer | None,
    listing: ListingFields,
    *,
    rates_percent: int,
) -> dict[str, Decision]:
    """For each of these values, which differ from what is believed or are in doubt, what becomes
    of it. A field in which Amazon wins is left to it, and is not in the answer."""
    amazons = kept_by_amazon(state.drift, rules.amazon_wins)
    decided: dict[str, Decision] = {}
    for name, value in changes.items():
        if name == PRICE and value == REMOVED:
            decided[name] = decide_ending(state, value, about)
            continue
        if name in amazons:
            continue
        if name == QUANTITY:
            decided[name] = decide_quantity(
                state,
                value,
                about,
                live=known.live_quantity,
                channel=known.channel,
                explained=known.explained,
                former=known.former_sku,
            )
        elif name in FIELDS and FIELDS[name].is_price:
            compared = _compared(state, name, known, about)
            beside_rate = price_beside_rate(offer, listing, rules) if name == PRICE else ""
            conversion = Conversion(beside_rate, rates_percent)
            decided[name] = decide_price(
                state,
                name,
                value,
                about,
                paid=_both(price_of({name: value}, name) for price_of in (paid, least_paid)),
                compared=compared,
                with_rate=_goes_with_the_rate(state, value, conversion),
                unread=name == PRICE and not known.was_read,
                conversion=conversion,
            )
        else:
            decided[name] = decide_other(state, name, value, about)
    return decided


def _compared(state: State, name: str, known: Known, about: Circumstances) -> list[Money]:
    """The prices that the guard compares with: what was paid by this field, else the last price
    that was seen and that of 24 hours ago, else Amazon's own."""
    own = [] if name == PRICE else _both(f(state.believed, name) for f in (paid, least_paid))
    if own:
        return own
    seen = (last_price(state), price_of_yesterday(state, about.now))
    prices = _both(paid({PRICE: text}, PRICE) for text in seen if text)
    return prices or _both([paid({PRICE: known.price_at_amazon}, PRICE)])


def _both(prices: Iterable[Money | None]) -> list[Money]:
    """These prices, each once, without those that are none."""
    return list(dict.fromkeys(money for money in prices if money is not None))


def _goes_with_the_rate(state: State, new: FieldValue, conversion: Conversion) -> bool:
    """Whether a price is a converted one, and moves no more than rates do."""
    if not conversion.beside_rate:
        return False
    price, before = paid({PRICE: new}, PRICE), paid({PRICE: last_price(state)}, PRICE)
    percent = conversion.percent
    return price is not None and guards.goes_with_the_rate(before, price, percent=percent)


def sent_together(changes: FieldValues, desired: FieldValues) -> FieldValues:
    """The changes with the quantity among them, where another one rides with it."""
    if any(FIELDS[name].sent_with_quantity for name in changes if name in FIELDS):
        return {**changes, QUANTITY: desired[QUANTITY]}
    return changes
