"""Whether the values of one offer fit together: asked by forms, and once more before sending."""

from __future__ import annotations

from collections.abc import Mapping

from django_amazon_sync.data import FieldValue
from django_amazon_sync.rules.offer_prices import OfferPrices, misfits
from django_amazon_sync.sync.offers.field_kinds import business_prices, money_of
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


_BOUNDS = (MINIMUM_PRICE, MAXIMUM_PRICE, LIST_PRICE)
