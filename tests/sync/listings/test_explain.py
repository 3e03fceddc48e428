"""The way to a price, told for one listing: it is the one that a run sends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Listing
from django_amazon_sync.sync.listings.explain import explain_price, offer_of
from django_amazon_sync.sync.offers.fields import MINIMUM_PRICE
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests import factories
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.world import World, eur

pytestmark = pytest.mark.django_db


def listing_of(offer_pk: str, **columns: Any) -> Listing:
    account = LiveAccountFactory.create(synchronise_all=True)
    place = MarketplaceFactory.create(account=account, markup_percent=Decimal(10))
    return ListingInStepFactory.create(
        marketplace=place, sku__sku="MUG", sku__offer_pk=offer_pk, **columns
    )


def mug(**columns: Any) -> Listing:
    return listing_of(str(factories.stock_record("MUG", price="10.00").pk), **columns)


def test_the_price_is_the_one_that_is_sent(world: World) -> None:
    world.account.marketplaces.update(markup_percent=Decimal(10))
    world.sell("MUG", price="10.00")
    world.export()
    assert explain_price(world.listing("MUG")).price == eur("11.00")
    assert world.live("MUG").price == Decimal("11.00")


def test_each_step_leads_to_the_next() -> None:
    explained = explain_price(mug())
    assert (explained.price, explained.problem, explained.sent) == (eur("11.00"), "", True)
    assert [step.price for step in explained.steps][-1] == eur("11.00")
    assert len(explained.steps) > 1


def test_an_own_price_is_the_whole_way() -> None:
    explained = explain_price(mug(own_price=Decimal("7.50")))
    assert explained.price == eur("7.50")


def test_an_offer_that_is_gone_says_so() -> None:
    listing = listing_of("987654")
    assert offer_of(listing) is None
    explained = explain_price(listing)
    assert (explained.price, explained.steps) == (None, ())
    assert explained.problem


def test_a_price_beyond_the_bounds_of_staff_is_none() -> None:
    explained = explain_price(mug(own_values={MINIMUM_PRICE: "20.00 EUR"}))
    assert explained.price is None
    assert "below the minimum price 20.00 EUR" in explained.problem
