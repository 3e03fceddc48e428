"""What Amazon refuses with 400 costs itself only, and is told by its name, in each job.

| job | call | what is refused |
|---|---|---|
| match | searchCatalogItems | one barcode of twenty, one ASIN whose picture is wanted |
| export | searchCatalogItems, getListingsRestrictions, putListingsItem | a new offer |
| export, verify | searchListingsItems, getListingsItem | one SKU of twenty |
| export | patchListingsItem | one SKU |
| settle | getFeed | one feed |
| import listings | createReport, getReport, getReportDocument, getInventorySummaries | a store |
| import orders | getOrder | one order of a list |
| confirm shipments | confirmShipment, getOrder | one order |
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Lack,
    Listing,
    Outcome,
    Presence,
    Proposal,
    RunState,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.factories import SellerSkuFactory
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.factories_amazon import ListingInStepFactory
from tests.faults.stages import by_feed
from tests.sync.amazon_reports.steps import take_in_listings
from tests.sync.matching.cases import matched, on_amazon
from tests.world import DE, FR, World, lines_of, now_due

pytestmark = pytest.mark.django_db

EANS = ["4006381333931", "5901234123457", "4006381333948"]
ODD, *SOUND = EANS


def refuse(world: World, about: str, *operations: str) -> None:
    for operation in operations:
        world.amazon.faults.add(Fault(operation, "400", times=None, about=about))


def told_of(run: SyncRun, name: str) -> list[str]:
    """The lines that name it, whatever column has the name."""
    lines = lines_of(run, "sku", "seller_sku", "order_number", "marketplace", "message")
    return [line[-1] for line in lines if any(name in part for part in line)]


# --- Matching -------------------------------------------------------------------------------------


def test_one_barcode_costs_its_own_match(world: World) -> None:
    for number, ean in enumerate(EANS):
        factories.stock_record(f"SHOP-{number}", upc=ean)
        place = world.account.marketplaces.get(code=DE)
        row = SellerSkuFactory.create(account=world.account, sku=f"AMZ-{number}", offer_pk="")
        ListingInStepFactory.create(
            marketplace=place, sku=row, asin=f"B00000000{number}", condition="new_new"
        )
        world.amazon.add_product(asin=f"B00000000{number}", title="One", ean=ean)
    refuse(world, ODD, "searchCatalogItems")
    run = matched(world)
    linked = run.lines.filter(outcome=Outcome.LINKED)
    assert set(linked.values_list("sku", flat=True)) == {"SHOP-1", "SHOP-2"}
    [why] = told_of(run, "SHOP-0")
    assert ODD in why
    assert not Lack.objects.exists()


def test_where_all_barcodes_are_refused_the_catalogue_is(world: World) -> None:
    for number, ean in enumerate(EANS):
        factories.stock_record(f"SHOP-{number}", upc=ean)
    world.amazon.faults.add(Fault("searchCatalogItems", "400", times=None))
    matched(world)
    assert Lack.objects.get().part == Lack.Part.CATALOGUE


def test_one_asin_costs_its_own_picture(world: World) -> None:
    for number, ean in enumerate(SOUND):
        factories.stock_record(f"SHOP-{number}", upc=ean)
        for copy in "AB":
            on_amazon(world, f"AMZ-{number}{copy}", f"B0000000{number}{copy}", ean=ean)
    refuse(world, "B00000000A", "searchCatalogItems")
    run = matched(world)
    assert Proposal.objects.count() == 4
    without = Proposal.objects.filter(sku__listings__picture_url="")
    assert list(without.values_list("sku__sku", flat=True)) == ["AMZ-0A"]
    assert any("without a picture" in told for told in told_of(run, "AMZ-0A"))
    assert not Lack.objects.exists()


# --- Export ---------------------------------------------------------------------------------------


def three_new(world: World) -> None:
    world.account.synchronise_all = True
    world.account.save()
    for number, ean in enumerate(EANS):
        world.amazon.add_product(asin=f"B0NEW0000{number}", title="New", ean=ean)
        factories.stock_record(f"NEW-{number}", upc=ean, in_stock=3)


@pytest.mark.parametrize(
    ("operation", "about"), [("searchCatalogItems", ODD), ("putListingsItem", "NEW-0")]
)
def test_one_new_offer_costs_itself(world: World, operation: str, about: str) -> None:
    three_new(world)
    refuse(world, about, operation)
    run = world.export()
    there = [world.live(f"NEW-{number}") is not None for number in range(3)]
    assert there == [False, True, True], lines_of(run, "sku", "outcome", "message")
    assert told_of(run, "NEW-0")
    assert not Lack.objects.exists()


def test_one_asin_whose_restrictions_cannot_be_asked_for_is_no_lack(world: World) -> None:
    """Amazon's own check comes before the offer is made."""
    three_new(world)
    refuse(world, "B0NEW00000", "getListingsRestrictions")
    run = world.export()
    assert all(world.live(f"NEW-{number}") is not None for number in range(3))
    assert told_of(run, "NEW-0")
    assert not Lack.objects.exists()


@pytest.mark.parametrize("job", [Job.EXPORT, Job.VERIFY])
def test_one_sku_costs_its_own_reading(world: World, job: Job) -> None:
    for number in range(3):
        world.sell(f"SKU-{number}")
    world.export()
    for record in get_model("partner", "StockRecord").objects.all():
        record.price = Decimal("10.50")
        record.save()
    began = world.listing("SKU-0").read_at
    if job == Job.EXPORT:
        Listing.objects.update(presence=Presence.UNREAD)
    world.amazon.advance(7200)
    refuse(world, "SKU-0", "searchListingsItems", "getListingsItem")
    run = world.do(job, skus=["SKU-0", "SKU-1", "SKU-2"])
    assert run.state == RunState.DONE, run.reason
    read = Listing.objects.filter(read_at__gt=began)
    assert set(read.values_list("sku__sku", flat=True)) == {"SKU-1", "SKU-2"}
    assert told_of(run, "SKU-0")


def test_one_patch_costs_itself(world: World) -> None:
    for number in range(3):
        factories.stock_record(f"SKU-{number}", in_stock=4)
        world.list_on_amazon(f"SKU-{number}", price="10.00", quantity=9)
    refuse(world, "SKU-0", "patchListingsItem")
    run = world.export()
    assert [world.live(f"SKU-{number}").quantity for number in range(3)] == [9, 4, 4]
    assert told_of(run, "SKU-0")


@pytest.mark.parametrize("kind", ["400", "500"])
def test_one_feed_costs_itself(world: World, kind: Any) -> None:
    for number in range(4):
        factories.stock_record(f"SKU-{number}", in_stock=14)
        world.list_on_amazon(f"SKU-{number}", price="10.00", quantity=9)
    with by_feed(more_than=2):
        world.import_orders()
        world.export()
        odd, sound = Submission.objects.filter(kind=Submission.Kind.FEED).order_by("pk")
        world.amazon.faults.add(Fault("getFeed", kind, times=None, about=odd.amazon_id))
        world.amazon.advance(3600)
        Submission.objects.update(not_before=timezone.now())
        run = world.do(Job.SETTLE)
    assert run.state == RunState.DONE, run.reason
    sound.refresh_from_db()
    assert sound.state == "done"
    assert told_of(run, odd.amazon_id)


# --- Reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "strike",
    [
        Fault("createReport", "400", times=None, about=FR),
        Fault("getReport", "400", times=1),
        Fault("getReportDocument", "400", times=1),
        Fault("getInventorySummaries", "400", times=None, about=FR),
    ],
    ids=lambda fault: fault.operation,
)
def test_one_stores_report_costs_itself(connect: Callable[..., World], strike: Fault) -> None:
    world = connect("eu", (DE, FR))
    for marketplace in (DE, FR):
        world.list_on_amazon("MUG", marketplace=marketplace, price="10.00", quantity=5)
        world.list_on_amazon("FBA", marketplace=marketplace, price="10.00", channel="AMAZON")
    world.amazon.faults.add(strike)
    run = take_in_listings(world)
    assert run.state == RunState.DONE, run.reason
    stores = {DE, FR}
    if strike.operation == "getInventorySummaries":
        stocked = [code for code in stores if world.listing("FBA", code).amazon_stock]
        assert stocked == [DE]
        assert Lack.objects.get().part == Lack.Part.AMAZON_STOCK
        return
    taken = Listing.objects.filter(sku__sku="MUG").select_related("marketplace")
    if strike.operation == "getReport" and len(taken) == len(stores):
        return  # it was asked for anew while the other one was waited for
    [without] = stores - {taken[0].marketplace.code}
    assert told_of(run, without)


# --- Orders ---------------------------------------------------------------------------------------


def test_one_order_of_a_list_costs_itself(world: World) -> None:
    world.sell("MUG", quantity=90)
    numbers = [world.buy("MUG") for _ in range(3)]
    world.amazon.advance(180)
    refuse(world, numbers[0], "getOrder")
    run = world.import_orders(orders=numbers)
    assert run.state == RunState.DONE, run.reason
    assert set(AmazonOrder.objects.values_list("number", flat=True)) == set(numbers[1:])
    assert told_of(run, numbers[0])


def test_a_list_of_orders_outlives_an_outage(world: World) -> None:
    """It goes on with the first that had no answer, and loses none to the outage."""
    world.sell("MUG", quantity=90)
    numbers = [world.buy("MUG") for _ in range(5)]
    world.amazon.advance(180)
    world.amazon.faults.add(Fault("getOrder", "500", skip=1, times=None))
    run = world.import_orders(orders=numbers)
    assert (run.state, lines_of(run, "outcome")) == (RunState.QUEUED, ["placed"])
    world.amazon.faults.clear()
    jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
    assert set(AmazonOrder.objects.values_list("number", flat=True)) == set(numbers)
