"""Steps of the tests of offers."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.data import ListingFacts
from django_amazon_sync.sync.offers.fields import FIELDS, OfferField, set_own
from tests.patches import terms
from tests.world import DE, World

SALE = {"price": "8.00 EUR", "start": "2020-01-01", "end": "2099-12-31"}


def give(world: World, sku: str = "MUG", **values: Any) -> None:
    """Set own values, or take away what is empty."""
    listing = world.listing(sku)
    for name, value in values.items():
        set_own(listing.sku if FIELDS[name].level == "sku" else listing, name, value)
    listing.sku.save()
    listing.save()


def sent(world: World, sku: str = "MUG") -> dict[str, Any]:
    """What Amazon received, by the names of its attributes."""
    return world.amazon.attributes(world.seller, sku, DE)


def received(one: OfferField, value: Any, marketplace: str = DE) -> ListingFacts:
    """A listing whose attributes hold what a patch of this value sets."""
    patch = one.patch(value, terms(marketplace), {"quantity": 1} if one.sent_with_quantity else {})
    return ListingFacts(marketplace, attributes={one.attribute: patch["value"]})
