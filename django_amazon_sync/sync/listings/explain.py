"""Why a listing has the values that it has: what each is made of, what becomes of it, since when.

It is the same reckoning and the same decision as a run's, for people and programs. What a run alone
knows is left out: how much its guards have counted, and what Amazon shows right before it sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django_amazon_sync import clock, conf
from django_amazon_sync.data import FieldValue, Money, Offer, Reckoning
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Marketplace,
    Presence,
    SubmissionItem,
)
from django_amazon_sync.rules.decision import Act, Circumstances
from django_amazon_sync.rules.listing_state import CREATION
from django_amazon_sync.rules.prices import PriceStep, price_to_send
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.listings.decide import Known, decide
from django_amazon_sync.sync.listings.history import newest_sent
from django_amazon_sync.sync.listings.in_flight import InFlight, in_feeds, of
from django_amazon_sync.sync.listings.reckoning_words import (
    NOBODY,
    Holding,
    Say,
    sum_in_words,
    translated,
    with_moments,
)
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    can_be_made,
    creation_key,
    desired,
    not_believed,
    sku_is_of_offer,
    why_not_wanted,
)
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY
from django_amazon_sync.sync.offers.price_checks import price_now
from django_amazon_sync.sync.offers.reserved_units import lines_that_hold
from django_amazon_sync.sync.runs.work import why_not_writing

#: So many of the orders that hold units are named.
NAMED_ORDERS = 3


@dataclass(frozen=True)
class PriceExplanation:
    """The price of a listing, or what stops it; ``steps`` lead there. ``sent``: prices go out."""

    price: Money | None
    problem: str
    steps: tuple[PriceStep, ...]
    sent: bool


def explain_price(listing: Listing, offer: Offer | None = None) -> PriceExplanation:
    """Explain the price of a listing (with its SKU, marketplace and account loaded).

    The offer is read from the shop unless it is at hand. Raises ConfigurationError where there is
    no shop.
    """
    rules, chosen = Rules.of(listing.marketplace), Chosen.of(listing)
    offer = offer or offer_of(listing)
    sent = rules.sends(PRICE, chosen)
    if offer is None:
        return PriceExplanation(None, why_not_wanted(None), (), sent)
    rule = rules.price
    if listing.own_price is not None:
        rule = replace(rule, own_price=listing.own_price)
    steps: list[PriceStep] = []
    decision = price_to_send(offer, rule, steps)
    problem = "" if decision.price is not None else decision.reason
    if sent and not problem:
        # A price that does not fit together with the staff's own values is not sent either.
        want = desired(
            offer, listing.sku, listing, rules, reserved=0, chosen=chosen, believed=listing.believed
        )
        problem = want.problems.get(PRICE, "")
    price = None if problem else decision.price
    return PriceExplanation(price, problem, tuple(steps), sent)


# --- Every field of a listing ---------------------------------------------------------------------


class Becomes(StrEnum):
    """What becomes of a value now."""

    SEND = "send"
    WAITS = "waits"
    HELD = "held"
    REFUSED = "refused"
    ON_ITS_WAY = "on its way"
    IN_STEP = "in step"
    NOT_SENT = "not sent"
    AMAZONS = "left to Amazon"


@dataclass(frozen=True)
class Explained:
    """One field of a listing: the value that should be at Amazon (None where none should), what
    becomes of it and why.

    ``since`` is when it was sent, or stopped; ``live`` when what is still there was first seen
    live. ``believed`` is what Amazon has. A price and a quantity have their part of ``reckoning``;
    ``holding`` are the orders that hold the reserved units.
    """

    name: str
    value: FieldValue
    becomes: Becomes
    reason: str
    believed: FieldValue
    since: datetime | None = None
    live: datetime | None = None
    reckoning: Reckoning = field(default_factory=lambda: Reckoning())
    holding: Holding = NOBODY

    def sentence(self, say: Say = translated, *, with_orders: bool = True) -> str:
        """What it is made of, since when; empty for what is made of nothing. ``with_orders``: who
        reads it may see the numbers of orders."""
        if self.value is None:
            return ""
        holding = self.holding if with_orders else self.holding.unnamed
        text = sum_in_words(self.name, self.value, self.reckoning, say, holding)
        return with_moments(text, say, self.since, self.live)


def explain(
    listing: Listing,
    offer: Offer | None = None,
    *,
    complete: Collection[int],
    behind: Mapping[str, Collection[int]],
) -> dict[str, Explained]:
    """Explain each field of a listing (with its SKU, marketplace and account loaded), by name.

    The offer is read from the shop unless it is at hand. ``complete`` are the accounts (pk) whose
    orders are known up to a few minutes ago, ``behind`` by offer (pk) those that sell it and whose
    orders are not, which keep back the rises of others. Raises ConfigurationError where there is no
    shop.
    """
    offer = offer or offer_of(listing)
    offers = {offer.pk: offer} if offer else {}
    return explain_all([listing], offers, complete, behind)[listing.pk]


def explain_all(
    listings: Sequence[Listing],
    offers: Mapping[str, Offer],
    complete: Collection[int],
    behind: Mapping[str, Collection[int]],
) -> dict[int, dict[str, Explained]]:
    """The same for many listings, by pk, with a fixed number of queries; ``offers`` by pk."""
    pks = [listing.pk for listing in listings]
    held = _holding_lines({listing.sku.offer_pk for listing in listings} - {""})
    items = SubmissionItem.objects.select_related("submission").defer("submission__content")
    carried, sent = in_feeds(pks), newest_sent(pks, items)
    found = {}
    for listing in listings:
        offer = offers.get(listing.sku.offer_pk)
        if offer is not None and not sku_is_of_offer(listing.sku, offer):
            offer = None
        lines = held.get(listing.sku.offer_pk, [])
        its = {name: newest[listing.pk] for name, newest in sent.items() if listing.pk in newest}
        is_complete = listing.sku.account_id in complete
        elsewhere = set(behind.get(listing.sku.offer_pk, ())) - {listing.sku.account_id}
        about = Circumstances(
            now=clock.now(),
            orders_complete=is_complete and not elsewhere,
            elsewhere=is_complete and bool(elsewhere),
            price_percent=conf.get("PRICE_MOVE_PERCENT"),
        )
        found[listing.pk] = _fields_of(listing, offer, lines, of(carried, listing.pk), its, about)
    return found


class _Line(NamedTuple):
    """A line of an order that holds units."""

    account: int
    order: str
    units: int


def _holding_lines(offer_pks: Collection[str]) -> dict[str, list[_Line]]:
    """By offer (pk) the lines whose units are reserved, the newest order first."""
    lines: dict[str, list[_Line]] = {}
    rows = lines_that_hold(offer_pks).order_by("-order_id", "pk")
    columns = "offer_pk", "order__account", "order__number", "quantity"
    for offer, account, order, units in rows.values_list(*columns):
        lines.setdefault(offer, []).append(_Line(account, order, units))
    return lines


def _holding(listing: Listing, lines: Iterable[_Line]) -> Holding:
    """Those of the listing's own account by number; those of others are nobody's who reads it."""
    orders = dict.fromkeys((line.account, line.order) for line in lines if line.units)
    named = [order for account, order in orders if account == listing.sku.account_id]
    named = named[:NAMED_ORDERS]
    return Holding(tuple(named), len(orders) - len(named))


def _fields_of(
    listing: Listing,
    offer: Offer | None,
    lines: Sequence[_Line],
    in_flight: InFlight,
    sent: Mapping[str, SubmissionItem],
    about: Circumstances,
) -> dict[str, Explained]:
    sku, rules = listing.sku, Rules.of(listing.marketplace)
    want = desired(
        offer,
        sku,
        listing,
        rules,
        reserved=sum(line.units for line in lines),
        chosen=Chosen.of(listing),
        believed=listing.believed,
        reckon=True,
    )
    decided = _decided(listing, offer, want, rules, about)
    on_its_way = want.values.keys() - in_flight.without(want.values, sku.stock_version)
    names = want.values.keys() | want.problems.keys() | listing.believed.keys()
    found = {}
    for name in [name for name in FIELDS if name in names]:
        value = want.values.get(name)
        if name in on_its_way:
            becomes, reason = Becomes.ON_ITS_WAY, ""
        else:
            becomes, reason = decided.get(name) or _not_sent(listing, offer, want, rules, name)
        item = sent.get(name)
        same = item if item is not None and value is not None else None
        same = same if same is not None and same.values[name] == value else None
        found[name] = Explained(
            name,
            value,
            becomes,
            reason,
            listing.believed.get(name),
            since=_since(listing, name, value, same),
            live=_live(listing, name, same),
            reckoning=_part(want.reckoning, name),
            holding=_holding(listing, lines) if name == QUANTITY else NOBODY,
        )
    return found


def _decided(
    listing: Listing, offer: Offer | None, want: Desired, rules: Rules, about: Circumstances
) -> dict[str, tuple[Becomes, str]]:
    """What a run would decide of each value that should be there."""
    sku = listing.sku
    if not sku.account.writes_from(conf.get("DEPLOYMENT")):
        return dict.fromkeys(want.values, (Becomes.NOT_SENT, why_not_writing(sku.account)))
    doubted = listing.quantity_version != sku.stock_version
    changes = not_believed(want.values, listing.believed, doubted=doubted)
    known = Known(
        channel=sku.channel or (MERCHANT_CHANNEL if listing.presence == Presence.ABSENT else ""),
        explained=sku.explained_version > listing.quantity_version,
        was_read=True,  # it will be, right before it is sent
    )
    rates_percent: int = conf.get("RATES_MOVE_PERCENT")
    decisions = decide(
        listing, changes, known, about, rules, offer, listing, rates_percent=rates_percent
    )
    found = {
        name: (Becomes.AMAZONS, "") if name in changes else (Becomes.IN_STEP, "")
        for name in want.values
    }
    for name, decision in decisions.items():
        stopped = Becomes.HELD if name in listing.held else Becomes.REFUSED
        becomes = stopped if decision.act == Act.STOPPED else _OF_ACT[decision.act]
        found[name] = (becomes, decision.reason)
    if not_made := _not_made(listing, offer, want, rules):
        found |= dict.fromkeys(decisions, not_made)
    return found


def _not_made(
    listing: Listing, offer: Offer | None, want: Desired, rules: Rules
) -> tuple[Becomes, str] | None:
    """Why nothing is sent of a listing that is not on Amazon; None where it is or will be."""
    if listing.presence == Presence.ENDED:
        return Becomes.NOT_SENT, str(Message(Code.NOT_MADE))
    if listing.presence != Presence.ABSENT:
        return None
    if offer is None or not can_be_made(listing.sku, listing, offer, want, rules):
        problems = [*want.problems.values(), str(Message(Code.NOT_MADE))]
        return Becomes.NOT_SENT, problems[0]
    if listing.refused.get(CREATION) != creation_key(offer, listing.sku, want.values):
        return None
    stop = listing.stops[CREATION]
    by_amazon = stop["code"] not in (Code.NO_CODE, Code.BAD_BARCODE)
    return Becomes.REFUSED if by_amazon else Becomes.NOT_SENT, stop["reason"]


_OF_ACT = {Act.SEND: Becomes.SEND, Act.WAIT: Becomes.WAITS, Act.HOLD: Becomes.HELD}


def _not_sent(
    listing: Listing, offer: Offer | None, want: Desired, rules: Rules, name: str
) -> tuple[Becomes, str]:
    """Why nothing should be at Amazon of a field that it has."""
    if problem := want.problems.get(name):
        return Becomes.NOT_SENT, problem
    if offer is None or not offer.on_sale:
        return Becomes.NOT_SENT, why_not_wanted(offer)
    return Becomes.NOT_SENT, str(Message(Code.FIELD_OFF))


def _part(reckoning: Reckoning | None, name: str) -> Reckoning:
    part = Reckoning()
    if reckoning is not None and name == QUANTITY and "quantity" in reckoning:
        part["quantity"] = reckoning["quantity"]
    if reckoning is not None and name == PRICE and "price" in reckoning:
        part["price"] = reckoning["price"]
    return part


def _since(
    listing: Listing, name: str, value: FieldValue, sent: SubmissionItem | None
) -> datetime | None:
    """When this value was stopped, else when it was sent."""
    stop = listing.stops.get(name)
    if stop is not None and value in (listing.held.get(name), listing.refused.get(name)):
        return _moment(stop["since"])
    if sent is None:
        return None
    return sent.submission.sent_at or sent.submission.created_at


def _live(listing: Listing, name: str, sent: SubmissionItem | None) -> datetime | None:
    """When this value was first seen live; None where Amazon has another one by now."""
    if sent is None or listing.believed.get(name) != sent.values[name]:
        return None
    return _moment(sent.live.get(name))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class PricesNow:
    """What many listings (with their SKUs) are sold at, read together: see ``price_now``."""

    def __init__(self, listings: Collection[Listing]) -> None:
        places = Marketplace.objects.filter(pk__in={listing.marketplace_id for listing in listings})
        # Who sets prices needs no key of the credentials.
        with_account = places.select_related("account").defer("account__refresh_token")
        by_pk = {place.pk: place for place in with_account}
        self._rules = {pk: Rules.of(place).price for pk, place in by_pk.items()}
        wanted: dict[str, set[str]] = {}
        for listing in listings:
            scope = by_pk[listing.marketplace_id].account.shop_scope
            wanted.setdefault(scope, set()).add(listing.sku.offer_pk)
        shop = configured_shop()
        found = [
            offer
            for scope, pks in wanted.items()
            for offer in shop.offers(scope, sorted(pks - {""}))
        ]
        self._offers = {offer.pk: offer for offer in found}

    def of(self, listing: Listing) -> str:
        """What it is sold at, with the own price that the row has now."""
        offer = self._offers.get(listing.sku.offer_pk)
        if offer is not None and not sku_is_of_offer(listing.sku, offer):
            offer = None
        rule = self._rules[listing.marketplace_id]
        return price_now(listing.own_price, listing.believed, offer, rule)


def offer_of(listing: Listing) -> Offer | None:
    """The shop's offer of a listing, or None where the shop no longer has it."""
    sku = listing.sku
    pks = [sku.offer_pk] if sku.offer_pk else []
    offers = configured_shop().offers(sku.account.shop_scope, pks)
    return next((offer for offer in offers if sku_is_of_offer(sku, offer)), None)
