"""Listings in, by Amazon's report, against a simulated Amazon."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import reports
from django_amazon_sync.data import ReportRow
from django_amazon_sync.models import (
    AmazonReport,
    Job,
    Listing,
    Outcome,
    Presence,
    ReportState,
    RunState,
    SellerSku,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.amazon_reports import import_listings
from django_amazon_sync.sync.amazon_reports.upsert import take_in
from django_amazon_sync.testing.factories import (
    AmazonReportFactory,
    SellerSkuFactory,
)
from django_amazon_sync.testing.simulator import Fault, Simulator
from tests import factories
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory, SubmissionFactory
from tests.world import DE, FR, World, lines_of


def to_the_end(world: World, run: SyncRun) -> SyncRun:
    """Go on with a run that waits for Amazon until it does not any more."""
    while run.state == RunState.QUEUED:
        world.amazon.advance(120)
        jobs.perform(run, patience=5)
    return run


def take_in_listings(world: World, **options: Any) -> SyncRun:
    return to_the_end(world, world.do(Job.IMPORT_LISTINGS, **options))


def calls(world: World, operation: str) -> int:
    return len(world.amazon.requests_of(operation))


@pytest.fixture(autouse=True)
def _nothing_listed(amazon: Simulator) -> None:
    """The sample listings of a new Amazon are none of ours here."""
    amazon._world.skus.clear()


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
    assert mug.accepted == {"price": "10.00 EUR", "quantity": 5}
    assert (mug.verified, mug.read_at) == ({}, None)
    assert mug.reported_at == AmazonReport.objects.get().made_at
    assert world.listing("CUP").accepted["quantity"] == 0
    assert (mug.sku.channel, mug.sku.offer_pk) == ("DEFAULT", "")
    assert fba.sku.fulfilled_by_amazon
    assert fba.accepted == {"price": "30.00 EUR"}
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
    assert (run.state, run.reason_code) == (RunState.STOPPED, "unauthorized")
    assert run.counts["adopted"] == 1


def test_an_observing_account_may_import(connect: Callable[..., World]) -> None:
    world = connect(live=False)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    assert take_in_listings(world).counts["adopted"] == 1
    assert world.writes() == 0


def test_what_was_known_stays_as_it_was_accepted(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    before = world.listing("MUG")
    world.list_on_amazon("MUG", price="12.00", quantity=9)
    run = take_in_listings(world)
    assert (run.counts["known"], run.counts["adopted"], run.counts["new"]) == (1, 0, 0)
    after = world.listing("MUG")
    assert (after.accepted, after.verified) == (before.accepted, before.verified)
    assert (after.sku.offer_pk, after.title) == (before.sku.offer_pk, before.title)
    assert after.reported_at is not None


def test_a_second_import_changes_nothing(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    before: dict[str, Any] = dict(Listing.objects.values().get())
    world.amazon.advance(3600)
    run = take_in_listings(world)
    after: dict[str, Any] = dict(Listing.objects.values().get())
    assert after.pop("reported_at") > before.pop("reported_at")
    assert after == before
    assert (run.counts["known"], run.counts["adopted"]) == (1, 0)


def test_a_quantity_is_adopted_at_the_epoch_of_its_sku(world: World) -> None:
    SellerSkuFactory.create(
        account=world.account, sku="MUG", offer_pk="", channel="", stock_epoch=7
    )
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    assert world.listing("MUG").quantity_epoch == 7


def test_what_the_api_showed_since_is_newer_than_the_report(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    Listing.objects.update(presence=Presence.ABSENT, asin="B00LATELY0")
    SellerSku.objects.update(channel="AMAZON_EU")
    take_in_listings(world)
    listing = world.listing("MUG")
    assert (listing.presence, listing.asin) == (Presence.ABSENT, "B00LATELY0")
    assert listing.sku.channel == "AMAZON_EU"
    long_ago = timezone.now() - timedelta(days=1)
    Listing.objects.update(read_at=long_ago)
    SellerSku.objects.update(read_at=long_ago)
    world.amazon.advance(3600)
    take_in_listings(world)
    listing = world.listing("MUG")
    assert listing.presence == Presence.PRESENT
    assert listing.asin != "B00LATELY0"
    assert listing.sku.channel == "DEFAULT"


def test_all_marketplaces_come_in_and_a_chosen_one_alone(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    for code, price in ((DE, "10.00"), (FR, "11.00")):
        world.list_on_amazon("MUG", marketplace=code, price=price, quantity=5)
    assert take_in_listings(world, marketplaces=[FR]).counts["rows"] == 1
    assert world.listing("MUG", FR).accepted["price"] == "11.00 EUR"
    assert take_in_listings(world).counts["rows"] == 2
    assert world.listing("MUG", DE).accepted["price"] == "10.00 EUR"
    assert SellerSku.objects.count() == 1


# --- What follows it ------------------------------------------------------------------------------


def test_an_export_reads_nothing_of_what_is_in_step_already(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    run = world.export()
    assert (lines_of(run, "outcome"), world.writes()) == ([], 0)
    assert calls(world, "searchListingsItems") == 0
    assert world.listing("MUG").sku.offer_pk


def test_its_first_read_adopts_what_is_live_by_then(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=3)
    take_in_listings(world)
    world.list_on_amazon("MUG", price="10.50", quantity=4)
    run = world.export()
    assert sorted(str(values) for values in lines_of(run, "values")) == [
        "{'price': '10.00 EUR'}", "{'quantity': 5}",
    ]  # fmt: skip
    live = world.live("MUG")
    assert (live.price, live.quantity) == (Decimal("10.00"), 5)


def test_what_was_sent_before_the_first_read_stays_accepted(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="9.00", quantity=3)
    take_in_listings(world)
    listing = world.listing("MUG")
    SubmissionFactory.create(
        listing=listing,
        kind=Submission.Kind.FEED,
        state=SubmissionState.DONE,
        item__values={"price": "10.00 EUR"},
    )
    listing.accepted |= {"price": "10.00 EUR"}
    listing.accepted_at = timezone.now()
    listing.save()
    world.list_on_amazon("MUG", price="9.00", quantity=4)
    world.verify(skus=["MUG"])
    read = world.listing("MUG")
    assert read.accepted["price"] == "10.00 EUR"
    assert read.accepted["quantity"] == 4
    assert "price" not in read.verified


# --- Waiting --------------------------------------------------------------------------------------


def test_no_worker_waits_for_a_report(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    assert timedelta(0) < run.not_before - timezone.now() <= timedelta(minutes=1)
    assert to_the_end(world, run).went_well
    assert AmazonReport.objects.get().state == ReportState.READY


def test_a_report_serves_every_job_for_a_while_and_no_longer(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    waiting = world.do(Job.IMPORT_LISTINGS)
    assert world.do(Job.IMPORT_LISTINGS).state == RunState.QUEUED
    to_the_end(world, waiting)
    take_in_listings(world)
    assert AmazonReport.objects.count() == 1
    world.amazon.advance(AmazonReport.FRESH.total_seconds())
    take_in_listings(world)
    assert AmazonReport.objects.count() == 2


def test_a_run_that_waited_long_goes_on_with_its_own_report(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    to_the_end(world, run)
    # Half an hour later by both clocks, the run is queued again.
    SyncRun.objects.filter(pk=run.pk).update(
        state=RunState.QUEUED, started_at=timezone.now() - AmazonReport.FRESH
    )
    world.amazon.advance(AmazonReport.FRESH.total_seconds())
    run.refresh_from_db()
    to_the_end(world, run)
    assert AmazonReport.objects.count() == 1


# --- What reports cannot do -----------------------------------------------------------------------


def test_a_report_never_ends_a_listing_however_few_its_rows(world: World) -> None:
    for number in range(6):
        world.sell(f"SKU-{number}")
    world.export()
    for listing in list(world.amazon._world.skus.values())[1:]:
        listing.clear()
    before = dict(Listing.objects.values_list("sku__sku", "accepted"))
    run = take_in_listings(world)
    assert run.went_well
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, "few-rows")]
    assert dict(Listing.objects.values_list("sku__sku", "accepted")) == before
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


@pytest.mark.parametrize("outcome", ["cancelled", "fatal", "stuck"])
def test_a_report_that_comes_to_nothing_says_so_and_the_next_run_asks_again(
    world: World, outcome: str
) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.amazon.switch(report_outcome=outcome)
    run = world.do(Job.IMPORT_LISTINGS)
    if outcome == "stuck":
        assert run.state == RunState.QUEUED
        AmazonReport.objects.update(asked_at=timezone.now() - timedelta(hours=7))
    to_the_end(world, run)
    [(found, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (found, code) == (Outcome.FAILED, "no-report")
    said = {"cancelled": "by hand", "fatal": "could not make it", "stuck": "in 6 hours"}
    assert said[outcome] in message
    assert world.listing("MUG").presence == Presence.PRESENT
    world.amazon.switch(report_outcome="done")
    assert take_in_listings(world).went_well


def test_a_marketplace_that_has_nothing_has_no_report_and_that_is_well(world: World) -> None:
    run = take_in_listings(world)
    assert run.went_well
    assert lines_of(run, "outcome", "code") == [(Outcome.NONE, "no-report")]


@pytest.mark.parametrize("rows", ["none", "half"])
def test_a_report_with_hardly_a_row_ends_nothing(world: World, rows: str) -> None:
    for number in range(25):
        world.sell(f"SKU-{number}")
    world.export()
    world.amazon.switch(report_rows=rows)
    take_in_listings(world)
    assert Listing.objects.filter(presence=Presence.PRESENT).count() == 25


def test_another_report_than_was_asked_for_is_not_taken_in(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    client = client_for(world.account)
    another = reports.create_report(client, "GET_FLAT_FILE_OPEN_LISTINGS_DATA", DE)
    AmazonReport.objects.update(amazon_id=another)
    to_the_end(world, run)
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.FAILED
    assert "GET_FLAT_FILE_OPEN_LISTINGS_DATA" in message
    assert Listing.objects.count() == 0


@pytest.mark.parametrize(
    "fault", [Fault("createReport", "503"), Fault("createReport", "drop_after")]
)
def test_a_request_that_got_no_answer_is_made_again_by_the_next_run(
    world: World, fault: Fault
) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.amazon.faults.add(fault)
    assert world.do(Job.IMPORT_LISTINGS).state == RunState.STOPPED
    assert AmazonReport.objects.get().state == ReportState.NEW
    assert take_in_listings(world).counts["adopted"] == 1
    assert AmazonReport.objects.count() == 1


def test_a_report_that_nobody_came_to_look_for_is_too_old_to_be_used(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.do(Job.IMPORT_LISTINGS)
    SyncRun.objects.update(state=RunState.STOPPED)
    world.amazon.advance(3 * 24 * 3600)
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    take_in_listings(world)
    assert world.listing("MUG").accepted["price"] == "12.00 EUR"
    states = AmazonReport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ReportState.FAILED, ReportState.READY]


WHOLE = gzip.compress(b"seller-sku\tasin1\tprice\tquantity\n" + b"MUG\tB000000001\t10.00\t5\n" * 99)


@pytest.mark.parametrize(
    ("content", "gzipped"),
    [(b"no gzip", True), (b"a\tb\n1\t2\n", False), (b"", False), (b"<html>\n</html>", False)],
)
def test_a_document_that_is_no_report_is_said_to_be_none_and_nothing_comes_in(
    world: World, content: bytes, gzipped: bool
) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    put_in_place_of_the_report(world, content, gzipped=gzipped)
    to_the_end(world, run)
    [(outcome, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (outcome, code) == (Outcome.FAILED, "no-report")
    assert message.count(". ") <= 1
    assert Listing.objects.count() == SellerSku.objects.count() == 0
    assert take_in_listings(world).counts["adopted"] == 1


def test_a_document_that_was_cut_short_is_fetched_again(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    put_in_place_of_the_report(world, WHOLE[:-20], gzipped=True)
    to_the_end(world, run)
    assert (run.state, run.reason_code) == (RunState.STOPPED, "unavailable")
    assert Listing.objects.count() == 0
    report = AmazonReport.objects.get()
    assert report.state == ReportState.READY
    world.amazon.set_document(report.document_id, WHOLE, gzipped=True)
    assert take_in_listings(world).counts["adopted"] == 1


def put_in_place_of_the_report(world: World, content: bytes, *, gzipped: bool) -> None:
    world.amazon.advance(120)
    made = world.amazon.report(AmazonReport.objects.get().amazon_id)
    world.amazon.set_document(made.document, content, gzipped=gzipped)


# --- Rows that say two things ---------------------------------------------------------------------


def take(rows: list[ReportRow], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import these rows, whatever Amazon's file has."""
    world.list_on_amazon("ANY", price="1.00", quantity=1)
    monkeypatch.setattr(reports, "read_listings", lambda *_: iter(rows))
    world.amazon.advance(3600)
    assert take_in_listings(world).state == RunState.DONE


def merchant(price: str, quantity: int) -> ReportRow:
    return ReportRow("MUG", "B000000001", Decimal(price), quantity, "DEFAULT", "Active")


AMAZONS = ReportRow("MUG", "B000000001", Decimal("10.00"), None, "AMAZON_EU", "Active")


@pytest.mark.parametrize("together", [1, 5000])
@pytest.mark.parametrize("amazon_first", [True, False])
def test_a_sku_that_comes_twice_is_amazons_if_either_row_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, together: int, amazon_first: bool
) -> None:
    monkeypatch.setattr(import_listings, "REPORT_ROWS_PER_CHUNK", together)
    rows = [AMAZONS, merchant("10.00", 5)]
    take(rows if amazon_first else rows[::-1], world, monkeypatch)
    assert world.listing("MUG").sku.channel == "AMAZON_EU"
    take([merchant("10.00", 5)], world, monkeypatch)  # a later report has one row
    assert world.listing("MUG").sku.channel == "DEFAULT"


def test_of_two_rows_what_both_say_is_adopted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take([merchant("10.00", 5), merchant("10.00", 6)], world, monkeypatch)
    assert world.listing("MUG").accepted == {"price": "10.00 EUR"}


WORDS = st.text(max_size=60)
ROWS = st.builds(
    ReportRow,
    sku=st.sampled_from(["A", "B"]) | st.text(max_size=300),
    asin=WORDS,
    price=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    quantity=st.none() | st.integers(),
    channel=st.sampled_from(["", "DEFAULT", "AMAZON_EU"]) | WORDS,
    status=st.text(max_size=200),
    condition=WORDS,
    product_id=WORDS | st.just("4006381333931"),
    product_id_kind=st.sampled_from(["", "ean", "asin"]),
)


@given(rows=st.lists(ROWS, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_rows_hold_each_sku_is_there_once(
    rows: list[ReportRow], one_report: AmazonReport
) -> None:
    with transaction.atomic():
        given_rows = import_listings.rows_to_take(rows, "EUR")
        take_in(one_report, given_rows)
        kept = set(SellerSku.objects.values_list("sku", flat=True))
        assert kept == {row.sku for row in rows if 0 < len(row.sku) <= 255 and "\0" not in row.sku}
        assert Listing.objects.count() == len(kept)
        for listing in Listing.objects.select_related("sku"):
            assert set(listing.accepted) <= {"price", "quantity"}
            if "quantity" in listing.accepted:
                assert not listing.sku.fulfilled_by_amazon
        transaction.set_rollback(True)


@pytest.fixture
def one_report(db: None) -> AmazonReport:
    return AmazonReportFactory.create(
        marketplace__account=LiveAccountFactory.create(),
        state=ReportState.READY,
        made_at=timezone.now(),
    )


def test_a_sku_that_the_report_may_have_destroyed_is_taken_for_none(world: World) -> None:
    """Linked by its ASIN it would be offered on Amazon once more, under a name of nobody's."""
    world.list_on_amazon("名札-01", price="7.50", quantity=2)
    world.list_on_amazon("CUP", price="7.50", quantity=2)
    run = take_in_listings(world)
    assert (run.counts["rows"], run.counts["new"], run.counts["unreadable"]) == (2, 1, 1)
    assert set(SellerSku.objects.values_list("sku", flat=True)) == {"CUP"}
