"""A listing for an offer that Amazon does not have: by its codes, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import (
    Job,
    Listing,
    Outcome,
    Presence,
    Proposal,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync.matching import proposals
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.sync.matching.cases import EAN, on_amazon
from tests.world import DE, FR, World, lines_of, to_the_end


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
    assert lines_of(run, "outcome") == [Outcome.NOT_SENT]
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


# --- What the account sells already ---------------------------------------------------------------


def lines(run: SyncRun) -> list[tuple[str, str]]:
    return lines_of(run, "outcome", "code")


@pytest.fixture
def mug(world: World) -> Any:
    """A new mug of the shop; the account sells that mug on Amazon as OLD already."""
    on_amazon(world, "OLD", "B00MUG0001", ean=EAN)
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    return factories.stock_record("NEW", price="9.90", in_stock=4, upc=EAN)


def test_an_asin_that_the_account_sells_is_not_offered_again(world: World, mug: Any) -> None:
    run = world.export()
    assert lines(run) == [(Outcome.WAITING, "creation")]
    assert "sells B00MUG0001 as SKU OLD already" in lines_of(run, "message")[0]
    assert world.live("NEW") is None
    asked = len(world.amazon.requests_of("searchCatalogItems"))
    assert lines(world.export()) == [(Outcome.WAITING, "creation")]
    assert len(world.amazon.requests_of("searchCatalogItems")) == asked


def test_staff_say_that_it_is_that_one(world: World, mug: Any) -> None:
    world.export()
    assert proposals.accept(world.shop, Proposal.objects.all()) == (1, {})
    world.import_orders()
    world.export()
    assert (world.live("OLD").quantity, world.live("NEW")) == (4, None)


def test_staff_say_that_it_is_another_one(world: World, mug: Any) -> None:
    world.export()
    proposals.refuse(Proposal.objects.all())
    assert lines(world.export()) == [(Outcome.SENT, "")]
    assert (world.live("OLD").quantity, world.live("NEW").quantity) == (5, 4)


def test_a_proposal_of_matching_makes_it_wait(world: World, mug: Any) -> None:
    row = SellerSkuFactory.create(account=world.account, sku="OTHER", offer_pk="")
    Proposal.objects.create(sku=row, offer_pk=str(mug.pk), how="ean")
    run = world.export()
    assert lines(run) == [(Outcome.WAITING, "creation")]
    assert "It may be SKU OTHER" in lines_of(run, "message")[0]


def test_a_dry_run_says_so_and_keeps_nothing(world: World, mug: Any) -> None:
    assert lines(world.export(dry_run=True)) == [(Outcome.WAITING, "creation")]
    assert not Proposal.objects.exists()


def test_a_used_one_is_no_new_one(world: World, mug: Any) -> None:
    Listing.objects.filter(sku__sku="OLD").update(condition="used_good")
    assert lines(world.export()) == [(Outcome.SENT, "")]


def test_another_store_is_another_offer(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    on_amazon(world, "OLD", "B00MUG0001", ean=EAN, marketplace=FR)
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=EAN)
    assert sorted(lines(world.export())) == [(Outcome.SENT, ""), (Outcome.WAITING, "creation")]
    assert (world.live("NEW").quantity, world.live("NEW", FR)) == (4, None)


def test_two_offers_of_one_barcode_are_offered_once(world: World) -> None:
    world.amazon.add_product(asin="B00NEW0001", title="A new mug", ean=EAN)
    product = factories.product(upc=EAN)
    for sku in ("ONE", "TWO"):
        factories.stock_record(sku, price="9.90", in_stock=4, product_=product, partner_code=sku)
    assert sorted(lines(world.export())) == [(Outcome.SENT, ""), (Outcome.WAITING, "creation")]
    assert world.live("TWO") is None
