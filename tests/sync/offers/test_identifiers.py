"""Codes that staff gave offers: they count like the shop's own, and cost no query per offer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.data import Identifier, Offer
from django_amazon_sync.models import OfferIdentifier, Outcome, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.offers import identifiers
from tests import factories
from tests.sync.matching.cases import matched
from tests.world import DE, World, lines_of

pytestmark = pytest.mark.django_db

EAN, UPC, ASIN = "4006381333931", "012345678905", "B000000042"


def offer(pk: str, *codes: Identifier) -> Offer:
    return Offer(pk, f"SKU-{pk}", "Mug", None, 1, identifiers=codes)


def test_they_come_before_the_shops_own_and_each_once() -> None:
    identifiers.give("1", {"asin": [ASIN], "ean": [EAN]})
    mug, cup = identifiers.with_own([offer("1", Identifier("ean", EAN)), offer("2")])
    assert mug.identifiers == (Identifier("asin", ASIN), Identifier("ean", EAN))
    assert cup.identifiers == ()


def test_a_code_of_14_digits_is_asked_for_by_its_own_name() -> None:
    identifiers.give("1", {"ean": ["14006381333938"]})
    [mug] = identifiers.with_own([offer("1")])
    assert mug.identifiers == (Identifier("gtin", "14006381333938"),)


def test_a_thousand_offers_cost_one_query() -> None:
    for pk in range(50):
        identifiers.give(str(pk), {"ean": [EAN]})
    with CaptureQueriesContext(connection) as captured:
        merged = identifiers.with_own(offer(str(pk)) for pk in range(1000))
    assert len(captured) == 1
    assert sum(bool(one.identifiers) for one in merged) == 50


def test_giving_replaces_the_kinds_that_are_named_and_keeps_their_order() -> None:
    identifiers.give("1", {"asin": [ASIN], "ean": [EAN]})
    assert identifiers.give("1", {"ean": ["96385074", EAN, EAN]})
    assert identifiers.of_offer("1") == {
        "asin": [ASIN], "ean": ["96385074", EAN], "upc": [], "isbn": [],
    }  # fmt: skip
    assert not identifiers.give("1", {"ean": ["96385074", EAN]})


def test_another_offer_with_the_same_code_is_named_whatever_its_kind() -> None:
    shop = configured_shop()
    mug, cup = factories.stock_record("MUG"), factories.stock_record("CUP", upc=EAN)
    pot = factories.stock_record("POT", partner_code="elsewhere")
    OfferIdentifier.objects.create(offer_pk=pot.pk, kind="ean", value=f"0{UPC}")
    codes = {"ean": [EAN], "upc": [UPC]}
    found = identifiers.shared(shop, [""], str(mug.pk), codes)
    assert {code: [one.sku for one in others] for code, others in found.items()} == {
        EAN: ["CUP"],
        UPC: ["POT"],
    }
    assert identifiers.shared(shop, ["warehouse"], str(mug.pk), {"upc": [UPC]}) == {}
    assert EAN not in identifiers.shared(shop, [""], str(cup.pk), codes)


# --- They lead to listings ------------------------------------------------------------------------


def test_an_offer_is_matched_by_a_code_that_staff_gave_it(world: World) -> None:
    mug = factories.stock_record("MUG")
    world.amazon.add_product(asin=ASIN, title="Mug", ean=EAN)
    world.amazon.add_listing(
        world.seller, "AMZ-MUG", marketplace=DE, asin=ASIN, price="10.00", quantity=5
    )
    identifiers.give(str(mug.pk), {"asin": [ASIN]})
    assert lines_of(matched(world), "outcome", "seller_sku") == [(Outcome.LINKED, "AMZ-MUG")]


def test_an_offer_is_made_on_the_item_of_a_code_that_staff_gave_it(world: World) -> None:
    mug = factories.stock_record("MUG")
    world.amazon.add_product(asin=ASIN, title="Mug", upc=UPC)
    run = world.export()
    assert lines_of(run, "outcome", "message") == [
        (Outcome.NOT_SENT, "MUG has neither an ASIN nor a barcode; give it one.")
    ]
    identifiers.give(str(mug.pk), {"upc": [UPC]})
    world.export()
    assert world.live("MUG").asin == ASIN


# --- Synchronised here ----------------------------------------------------------------------------


def test_where_a_marketplace_is_switched_off_only_the_quantity_goes(world: World) -> None:
    mug = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    listing = world.listing("MUG")
    listing.synchronise_here = False
    listing.save()
    mug.price, mug.num_in_stock = 20, 3
    mug.save()
    world.export()
    live = world.live("MUG")
    assert (str(live.price), live.quantity) == ("10.00", 3)


def test_nothing_is_made_where_a_marketplace_is_switched_off(world: World) -> None:
    mug = factories.stock_record("MUG")
    world.amazon.add_product(asin=ASIN, title="Mug")
    world.export()  # makes the rows, and says what is missing
    identifiers.give(str(mug.pk), {"asin": [ASIN]})
    SellerSku.objects.get().listings.update(synchronise_here=False)
    assert lines_of(world.export(), "sku") == []
    SellerSku.objects.get().listings.update(synchronise_here=None)
    world.export()
    assert world.live("MUG").asin == ASIN
