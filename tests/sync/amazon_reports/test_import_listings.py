"""Listings in, by Amazon's report, against a simulated Amazon."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from django_amazon_sync.models import (
    AmazonReport,
    Job,
    Listing,
    Outcome,
    Presence,
    ReportState,
    RunState,
    SellerSku,
)
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.factories_amazon import ListingInStepFactory
from tests.sync.amazon_reports.steps import calls, take_in_listings
from tests.world import DE, FR, World, lines_of, to_the_end

# --- Adoption -------------------------------------------------------------------------------------


def test_a_whole_account_is_adopted_without_reading_one_listing(world: World) -> None:
    world.amazon.add_product(asin="B000000001", title="Mug", ean="4006381333931")
    world.amazon.add_listing(
        world.seller, "MUG", marketplace=DE, asin="B000000001", price="10.00", quantity=5
    )
    world.list_on_amazon("CUP", price="7.50", quantity=0)
    world.list_on_amazon("FBA", price="30.00", channel="AMAZON")
    run = take_in_listings(world)
    assert run.went_well
    assert run.counts == {
        "rows": 3, "new": 3, "known": 0, "adopted": 3, "unreadable": 0, "stock_read": 1,
    }  # fmt: skip
    mug, fba = world.listing("MUG"), world.listing("FBA")
    assert mug.presence == Presence.PRESENT
    assert (mug.asin, mug.gtin, mug.title) == ("B000000001", "04006381333931", "")
    assert mug.believed == {"price": "10.00 EUR", "quantity": 5}
    assert (mug.verified, mug.read_at) == ({}, None)
    assert mug.reported_at == AmazonReport.objects.get().made_at
    assert world.listing("CUP").believed["quantity"] == 0
    assert (mug.sku.channel, mug.sku.offer_pk) == ("DEFAULT", "")
    assert fba.sku.fulfilled_by_amazon
    assert fba.believed == {"price": "30.00 EUR"}
    assert calls(world, "searchListingsItems") == calls(world, "getListingsItem") == 0


def test_stock_at_amazon_is_shown_and_is_no_quantity_of_ours(world: World) -> None:
    world.list_on_amazon("FBA", price="30.00", channel="AMAZON")
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.amazon.set_amazon_stock(
        world.seller, "FBA", DE, fulfillable=7, reserved=1, inbound=2, unfulfillable=3
    )
    assert take_in_listings(world).counts["stock_read"] == 1
    there = {"fulfillable": 7, "reserved": 1, "inbound": 2, "unfulfillable": 3}
    assert world.listing("FBA").amazon_stock == there
    assert world.listing("MUG").amazon_stock == {}
    factories.stock_record("FBA", price="30.00", in_stock=90)
    assert lines_of(world.export(), "outcome") == []
    world.amazon.set_amazon_stock(world.seller, "FBA", DE, fulfillable=0)
    take_in_listings(world)
    assert world.listing("FBA").amazon_stock["fulfillable"] == 0


def test_without_the_role_for_stock_the_listings_are_in_all_the_same(world: World) -> None:
    world.list_on_amazon("FBA", price="30.00", channel="AMAZON")
    world.amazon.faults.add(Fault("getInventorySummaries", "403", times=5))
    run = take_in_listings(world)
    assert run.state == RunState.DONE
    assert run.counts["adopted"] == 1


def test_an_observing_account_may_import(connect: Callable[..., World]) -> None:
    world = connect(live=False)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    assert take_in_listings(world).counts["adopted"] == 1
    assert world.writes() == 0


def test_all_marketplaces_come_in_and_a_chosen_one_alone(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    for code, price in ((DE, "10.00"), (FR, "11.00")):
        world.list_on_amazon("MUG", marketplace=code, price=price, quantity=5)
    assert take_in_listings(world, marketplaces=[FR]).counts["rows"] == 1
    assert world.listing("MUG", FR).believed["price"] == "11.00 EUR"
    assert take_in_listings(world).counts["rows"] == 2
    assert world.listing("MUG", DE).believed["price"] == "10.00 EUR"
    assert SellerSku.objects.count() == 1


# --- Rows that are not what their columns say -----------------------------------------------------

COLUMNS = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url "
    "product-id-type item-condition asin1 asin2 product-id pending-quantity fulfillment-channel "
    "status"
).split()


def row(sku: str) -> list[str]:
    opened = "2021-08-15 20:35:17 PDT"
    facts = ["1", "11", "B000000001", "", "B000000001", "", "DEFAULT", "Active"]
    return ["Tasse", "", "0101ABCDEF", sku, "20.00", "5", opened, "", *facts]


def without(place: int, cells: list[str]) -> list[str]:
    return cells[:place] + cells[place + 1 :]


def test_a_row_that_is_not_what_its_columns_say_is_counted_and_not_adopted(world: World) -> None:
    """A lost cell makes a price of a quantity, and a SKU of a price."""
    world.list_on_amazon("MUG", price="20.00", quantity=5)
    rows = [
        row("GOOD"),
        row("00017"),
        without(1, row("LOST-BEFORE")),
        without(7, row("LOST-BEHIND")),
        row("CUT")[:7],
        [*without(1, row("MOVED")), ""],
        [*row("LONGER"), "", ""],
        row("SHORTER")[:-2],
        row("LAST"),
    ]
    run = world.do(Job.IMPORT_LISTINGS)
    world.amazon.advance(120)
    made = world.amazon.report(AmazonReport.objects.get().amazon_id)
    table = "\r\n".join("\t".join(cells) for cells in [COLUMNS, *rows]).encode()
    world.amazon.set_document(made.document, table, gzipped=False)
    to_the_end(world, run)
    assert run.went_well
    assert (run.counts["rows"], run.counts["unreadable"]) == (9, 4)
    adopted = ["GOOD", "00017", "LONGER", "SHORTER", "LAST"]
    assert set(SellerSku.objects.values_list("sku", flat=True)) == set(adopted)
    assert all(world.listing(sku).believed["price"] == "20.00 EUR" for sku in adopted)
    assert all(world.listing(sku).asin == "B000000001" for sku in adopted)


# --- What reports cannot do -----------------------------------------------------------------------


def test_a_report_never_ends_a_listing_however_few_its_rows(world: World) -> None:
    for number in range(6):
        world.sell(f"SKU-{number}")
    world.export()
    for listing in list(world.amazon._world.skus.values())[1:]:
        listing.clear()
    before = dict(Listing.objects.values_list("sku__sku", "believed"))
    run = take_in_listings(world)
    assert run.went_well
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, "few-rows")]
    assert dict(Listing.objects.values_list("sku__sku", "believed")) == before
    assert Listing.objects.filter(presence=Presence.PRESENT).count() == 6


def test_a_report_of_another_account_is_not_taken_in(world: World) -> None:
    marketplace = world.account.marketplaces.get()
    for _ in range(20):
        ListingInStepFactory.create(marketplace=marketplace, read_at=timezone.now())
    for number in range(30):
        world.list_on_amazon(f"THEIRS-{number}", price="1.00", quantity=1)
    run = take_in_listings(world)
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.FAILED
    assert "another account" in message
    assert SellerSku.objects.count() == 20
    assert AmazonReport.objects.get().state == ReportState.FAILED


def test_an_account_with_much_that_the_shop_does_not_sell_is_our_own(world: World) -> None:
    for number in range(20):
        world.sell(f"SKU-{number}")
    world.export()
    for number in range(1200):
        world.list_on_amazon(f"OTHER-{number}", price="1.00", quantity=1)
    assert take_in_listings(world).counts["new"] == 1200


@pytest.mark.parametrize("rows", ["none", "half"])
def test_a_report_with_hardly_a_row_ends_nothing(world: World, rows: str) -> None:
    for number in range(25):
        world.sell(f"SKU-{number}")
    world.export()
    world.amazon.switch(report_rows=rows)
    take_in_listings(world)
    assert Listing.objects.filter(presence=Presence.PRESENT).count() == 25
