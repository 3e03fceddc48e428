"""Whether the values of one offer fit together: asked by forms, and once more before sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from django_amazon_sync.data import FieldValue, Money, Offer
from django_amazon_sync.rules.offer_prices import OfferPrices, misfits
from django_amazon_sync.rules.prices import PriceRule, money_of, price_to_send
from django_amazon_sync.sync.offers.field_kinds import business_prices
from django_amazon_sync.sync.offers.fields import (
    BUSINESS_PRICE,
    LIST_PRICE,
    MAXIMUM_PRICE,
    MINIMUM_PRICE,
    PRICE,
    SALE_PRICE,
    paid,
    text_in,
)

#: The fields that a misfit is about.
_FIELDS = {
    "price": PRICE, "sale": SALE_PRICE, "lowest": MINIMUM_PRICE, "highest": MAXIMUM_PRICE,
    "business": BUSINESS_PRICE,
}  # fmt: skip


def problems_of(values: Mapping[str, FieldValue], currency: str) -> dict[str, str]:
    """Field to why its value does not fit the others; ``values`` are as far as they are known."""
    bounds = {name: money_of(text) for name in _BOUNDS if (text := text_in(values, name))}
    business = values.get(BUSINESS_PRICE)
    prices = OfferPrices(
        price=paid(values, PRICE),
        sale=paid(values, SALE_PRICE),
        lowest=bounds.get(MINIMUM_PRICE),
        highest=bounds.get(MAXIMUM_PRICE),
        business=business_prices(business) if business else (),
    )
    problems = {_FIELDS[name]: why for name, why in misfits(prices, currency).items()}
    recommended = bounds.get(LIST_PRICE)
    if recommended and recommended.currency != currency:
        problems[LIST_PRICE] = (
            f"It is in {recommended.currency}, and the marketplace's currency is {currency}."
        )
    return problems


def problems_of_change(
    before: Mapping[str, FieldValue], after: Mapping[str, FieldValue], currency: str
) -> dict[str, str]:
    """Field to why its value cannot be saved, for whoever changes one; only these have any.

    What was wrong before and is not touched keeps nothing from being saved; a price that fits no
    more because of a changed one is told at that. Both are the whole values as far as they are
    known, ``PRICE`` being what the listing is sold at.
    """
    changed = [name for name in _TOGETHER if before.get(name) != after.get(name)]
    if not changed:
        return {}
    known = problems_of(before, currency)
    told: dict[str, str] = {}
    for name, why in problems_of(after, currency).items():
        if name in changed or name not in known:
            told.setdefault(name if name in changed else changed[0], why)
    return told


def price_now(
    own: Decimal | None, believed: Mapping[str, FieldValue], offer: Offer | None, rule: PriceRule
) -> str:
    """What a listing is sold at with this own price, or with none: by the rule of its marketplace,
    else what Amazon has. Empty where nobody knows."""
    if own is not None:
        return str(Money(Decimal(own), rule.currency).rounded())
    price = price_to_send(offer, replace(rule, own_price=None)).price if offer else None
    return str(price) if price else text_in(believed, PRICE)


#: The fields that have to fit together.
_TOGETHER = (PRICE, SALE_PRICE, MINIMUM_PRICE, MAXIMUM_PRICE, BUSINESS_PRICE, LIST_PRICE)

_BOUNDS = (MINIMUM_PRICE, MAXIMUM_PRICE, LIST_PRICE)
