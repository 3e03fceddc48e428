"""A listing for an offer that Amazon does not have: by its codes, or not at all."""

from __future__ import annotations

from decimal import Decimal

from django_amazon_sync.models import Outcome, Presence, SellerSku
from tests import factories
from tests.world import World, lines_of

EAN = "4006381333931"


def test_a_new_sku_is_offered_by_its_barcode(world: World) -> None:
    world.amazon.add_product(asin="B00NEW0001", title="A new mug", ean=EAN)
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=EAN)
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.SENT]
    live = world.live("NEW")
    assert (live.asin, live.price, live.quantity) == ("B00NEW0001", Decimal("9.90"), 4)
    again = world.export()
    assert lines_of(again, "outcome") == []


def test_a_barcode_with_several_asins_waits_for_staff(world: World) -> None:
    for asin in ("B00TWO0001", "B00TWO0002"):
        world.amazon.add_product(asin=asin, title="One of two", ean=EAN)
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=EAN)
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.REFUSED]
    assert "B00TWO0001" in lines_of(run, "message")[0]
    assert lines_of(world.export(), "outcome") == []
    SellerSku.objects.filter(sku="NEW").update(asin="B00TWO0002")
    world.export()
    assert world.live("NEW").asin == "B00TWO0002"


def test_a_restricted_asin_shows_amazons_words(world: World) -> None:
    world.amazon.add_product(asin="B00BAR0001", title="Not yours", ean=EAN, restricted=True)
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=EAN)
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.REFUSED]
    listing = world.listing("NEW")
    assert listing.presence == Presence.ABSENT
    assert "B00BAR0001" in listing.reason


def test_a_barcode_with_a_wrong_check_digit_is_not_looked_for(world: World) -> None:
    factories.stock_record("NEW", price="9.90", in_stock=4, upc="4006381333932")
    run = world.export()
    assert "wrong check digit" in lines_of(run, "message")[0]
    assert not world.amazon.requests_of("searchCatalogItems")


def test_an_offer_without_any_code_says_so(world: World) -> None:
    factories.stock_record("NEW", price="9.90", in_stock=4)
    run = world.export()
    assert "neither an ASIN nor a barcode" in lines_of(run, "message")[0]
