"""Patches and attributes of the fields that come from the shop, as the app makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_amazon_sync.amazon.attributes import MarketplaceTerms
from django_amazon_sync.amazon.listings import offer_attributes
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import Json, JsonObject, Money, Patch
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    HANDLING_TIME,
    NAME,
    PRICE,
    QUANTITY,
    RESTOCK_DATE,
)

DE = "A1PA6795UKMFR9"


def terms(marketplace: str = DE, currency: str = "", language: str = "") -> MarketplaceTerms:
    facts = MARKETPLACES[marketplace]
    return MarketplaceTerms(
        marketplace,
        currency or facts.currency,
        language or facts.language,
        facts.prices_include_tax,
    )


def price_patch(marketplace: str, price: Money, offer: Mapping[str, Json] | None = None) -> Patch:
    return FIELDS[PRICE].patch(str(price), terms(marketplace, price.currency), offer or {})


def quantity_patch(quantity: int, lead_time_days: int | None, restock_date: str) -> Patch:
    known: JsonObject = {}
    for name, value in {HANDLING_TIME: lead_time_days, RESTOCK_DATE: restock_date or None}.items():
        if value is not None:
            known |= FIELDS[name].kind.to_amazon(value, terms())[0]
    return FIELDS[QUANTITY].patch(quantity, terms(), known)


def name_patch(marketplace: str, language: str, title: str) -> Patch:
    return FIELDS[NAME].patch(title, terms(marketplace, language=language), {})


def new_offer(
    marketplace: str, asin: str, condition: str, price: Money, quantity: int
) -> dict[str, Any]:
    """The attributes of a new offer."""
    return offer_attributes(marketplace, asin, condition) | {
        "purchasable_offer": price_patch(marketplace, price)["value"],
        "fulfillment_availability": quantity_patch(quantity, None, "")["value"],
    }
