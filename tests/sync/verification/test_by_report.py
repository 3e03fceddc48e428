"""Verification by report and search, against a simulated Amazon."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    OPEN_STATES,
    AmazonReport,
    Job,
    Listing,
    Outcome,
    RunState,
    SellerSku,
    Submission,
    SubmissionItem,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.verification import by_report
from django_amazon_sync.sync.verification import verify as verification
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.factories_amazon import SubmissionFactory
from tests.faults.racing import just_before
from tests.world import DE, World, lines_of, now_due, to_the_end

HOURS = 3600

#: 10,000 where there is time for it.
MANY = int(os.environ.get("MANY_LISTINGS", "100"))


@pytest.fixture(autouse=True)
def _by_report(monkeypatch: pytest.MonkeyPatch, amazon: Any, settings: Any) -> None:
    """Small accounts are verified by report too; quick changes of many are no surprise."""
    monkeypatch.setattr(by_report, "BY_SEARCH_ALONE", 0)
    amazon._world.skus.clear()
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "RUN_MOVE_PERCENT": 100,
        "PRICE_MOVE_PERCENT": 1000,
        "FEED_THRESHOLD": 50,
    }


def verify(world: World) -> SyncRun:
    return to_the_end(world, world.do(Job.VERIFY))


def export(world: World) -> None:
    """Send what differs, by feed where it is much, until Amazon has taken all of it."""
    to_the_end(world, world.do(Job.EXPORT))
    for _ in range(20):
        if not Submission.objects.filter(state__in=OPEN_STATES).exists():
            return
        world.amazon.advance(600)
        Submission.objects.update(not_before=timezone.now())
        world.do(Job.SETTLE)
    raise AssertionError("The feeds do not come to an end.")


def searched(world: World) -> set[str]:
    """The SKUs that were searched for so far."""
    asked = world.amazon.requests_of("searchListingsItems")
    lists = [names for one in asked for names in one.query["identifiers"]]
    return {sku for names in lists for sku in names.split(",")}


def sell_many(world: World, number: int) -> list[str]:
    """So many listings in step, accepted a day ago."""
    names = [f"SKU-{n:05d}" for n in range(number)]
    for name in names:
        world.sell(name, price="10.00", quantity=50)
    export(world)
    world.amazon.advance(24 * HOURS)
    return names


def price_of(world: World, name: str) -> Decimal | None:
    """What buyers meet now."""
    live = world.amazon.live(world.seller, name, DE)
    return live.price if live else None


def quantity_of(world: World, name: str) -> int | None:
    live = world.amazon.live(world.seller, name, DE)
    return live.quantity if live else None


def test_what_the_report_shows_as_accepted_is_not_read_one_by_one(world: World) -> None:
    sell_many(world, 3)
    before = len(world.amazon.requests_of("searchListingsItems"))
    run = verify(world)
    assert run.went_well
    assert (run.counts["by_report"], run.counts["in_step"]) == (3, 3)
    assert len(world.amazon.requests_of("searchListingsItems")) == before
    report = AmazonReport.objects.get()
    assert report.made_at is not None
    listing = world.listing("SKU-00001")
    assert listing.verified_at == report.made_at - timedelta(hours=6)
    assert listing.verified["price"] == "10.00 EUR"
    assert listing.verified["quantity"] == 50


def test_what_was_accepted_and_ignored_is_found_exactly_and_mended(world: World) -> None:
    names = sell_many(world, MANY)
    ignored = names[7::20]
    for name in ignored:
        world.amazon.ignore_changes(world.seller, name, DE)
    records = get_model("partner", "StockRecord").objects
    records.update(price=Decimal("11.00"), num_in_stock=60)
    export(world)
    world.amazon.advance(24 * HOURS)
    world.amazon._gate.log.clear()
    SubmissionItem.objects.update(live={})  # what the feeds' own reports told
    run = verify(world)
    found = lines_of(run, "sku", "outcome")
    assert sorted(found) == [(name, Outcome.DRIFTED) for name in ignored]
    live = SubmissionItem.objects.filter(live__has_keys=["price", "quantity"])
    assert set(live.values_list("listing__sku__sku", flat=True)) == {*names} - {*ignored}
    assert run.counts["by_report"] == MANY - len(ignored)
    assert searched(world) == set(ignored)
    for name in ignored:
        world.amazon.heed_changes(world.seller, name, DE)
    export(world)
    world.amazon.advance(24 * HOURS)
    again = verify(world)  # the first reading of a quantity below ours told nothing
    assert sorted(lines_of(again, "sku", "outcome")) == sorted(found)
    export(world)
    world.amazon.advance(24 * HOURS)
    assert verify(world).went_well
    assert not Listing.objects.exclude(drift={}).exists()
    assert {price_of(world, name) for name in names} == {Decimal(11)}
    assert {quantity_of(world, name) for name in names} == {60}


def test_what_was_accepted_lately_is_read(world: World) -> None:
    names = sell_many(world, 3)
    get_model("partner", "StockRecord").objects.filter(partner_sku=names[0]).update(num_in_stock=40)
    export(world)
    world.amazon.advance(3 * HOURS)
    world.amazon._gate.log.clear()
    run = verify(world)
    assert run.counts["in_step"] == 3
    assert searched(world) == {names[0]}


def test_a_report_from_before_the_change_is_no_drift(world: World) -> None:
    names = sell_many(world, 3)
    world.amazon.switch(report_cache=6 * HOURS)
    verify(world)
    get_model("partner", "StockRecord").objects.filter(partner_sku=names[0]).update(num_in_stock=40)
    export(world)
    world.amazon.advance(2 * HOURS)
    run = verify(world)
    assert run.went_well
    assert run.counts["in_step"] == 3
    assert world.listing(names[0]).verified["quantity"] == 40


def test_what_is_on_its_way_is_not_compared(world: World) -> None:
    [name] = sell_many(world, 1)
    listing = world.listing(name)
    SubmissionFactory.create(
        listing=listing,
        kind=Submission.Kind.FEED,
        state=SubmissionState.SENT,
        item__values={"price": "12.00 EUR"},
    )
    world.list_on_amazon(name, price="12.00", quantity=50)
    run = verify(world)
    assert lines_of(run, "outcome") == []
    assert run.counts["in_doubt"] == 1
    assert "price" not in world.listing(name).verified


def test_what_amazon_ships_or_an_order_put_in_doubt_is_read(world: World) -> None:
    names = sell_many(world, 3)
    SellerSku.objects.filter(sku=names[0]).update(stock_version=99)
    world.amazon.add_listing(
        world.seller, names[1], marketplace=DE, asin="B00AMAZONS", price="10.00", channel="AMAZON"
    )
    world.amazon._gate.log.clear()
    run = verify(world)
    assert searched(world) == set(names[:2])
    assert lines_of(run, "outcome") == []
    assert run.counts["in_doubt"] == 1


def test_what_is_missing_in_the_report_is_read(world: World) -> None:
    names = sell_many(world, 8)
    world.amazon.switch(report_rows="half")
    run = verify(world)
    assert run.went_well
    assert run.counts["by_report"] + run.counts["read"] == len(names)
    assert run.counts["read"] >= 4


@pytest.mark.parametrize("rows", [1, 1000])
@pytest.mark.parametrize("turned", [False, True])
def test_what_is_in_the_report_twice_and_not_the_same_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: int, turned: bool
) -> None:
    monkeypatch.setattr(by_report, "REPORT_ROWS_PER_CHUNK", rows)
    sell_many(world, 2)
    run = world.do(Job.VERIFY)
    world.amazon.advance(120)
    lines = [
        f"SKU-{sku:05d}\tB00000000{sku}\t{price}\t50\tDEFAULT"
        for sku, price in ((0, "10.00"), (1, "10.00"), (0, "12.00"))
    ]
    head = "seller-sku\tasin1\tprice\tquantity\tfulfillment-channel"
    text = "\n".join([head, *(lines[::-1] if turned else lines)])
    made = world.amazon.report(AmazonReport.objects.get().amazon_id)
    world.amazon.set_document(made.document, text.encode())
    world.amazon._gate.log.clear()
    run = to_the_end(world, run)
    assert searched(world) == {"SKU-00000"}
    assert run.counts["in_step"] == 2


@pytest.mark.parametrize("rows", [1, 1000])
def test_what_one_of_two_rows_contradicts_keeps_its_drift(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """The other row shows what was accepted, which alone would end the drift."""
    monkeypatch.setattr(by_report, "REPORT_ROWS_PER_CHUNK", rows)
    sell_many(world, 2)
    since = (world.amazon.now() - timedelta(days=1)).isoformat()
    drift = {"price": {"accepted": "10.00 EUR", "live": "12.00 EUR", "since": since}}
    Listing.objects.filter(sku__sku="SKU-00000").update(drift=drift)
    run = world.do(Job.VERIFY)
    world.amazon.advance(120)
    lines = [f"SKU-00000\tB000000000\t{price}\t50\tDEFAULT" for price in ("10.00", "12.00")]
    text = "\n".join(["seller-sku\tasin1\tprice\tquantity\tfulfillment-channel", *lines])
    made = world.amazon.report(AmazonReport.objects.get().amazon_id)
    world.amazon.set_document(made.document, text.encode())
    kept: list[object] = []
    with just_before(verification, "unproven", lambda: kept.append(drift_now())):
        to_the_end(world, run)
    assert kept == [drift]


def drift_now() -> object:
    return Listing.objects.get(sku__sku="SKU-00000").drift


@pytest.mark.parametrize("outcome", ["cancelled", "fatal"])
def test_without_a_report_everything_is_read(world: World, outcome: str) -> None:
    names = sell_many(world, 3)
    world.amazon.switch(report_outcome=outcome)
    world.amazon._gate.log.clear()
    run = verify(world)
    assert run.state == RunState.DONE
    assert searched(world) == set(names)
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, "no-report")]
    assert run.counts["in_step"] == 3
    assert AmazonReport.objects.count() == 1


def test_where_amazon_refuses_the_report_everything_is_read(world: World) -> None:
    names = sell_many(world, 3)
    world.amazon.faults.add(Fault("createReport", "403", times=None))
    run = verify(world)
    assert searched(world) >= set(names)
    assert (run.state, run.counts["in_step"]) == (RunState.DONE, 3)
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, "unauthorized")]


def test_names_are_read_each_week(world: World) -> None:
    world.account.marketplaces.update(sync_name=True)
    names = sell_many(world, 2)
    assert verify(world).counts["by_report"] == 0  # the names are sent, and were not seen yet
    world.amazon.advance(24 * HOURS)
    assert verify(world).counts["by_report"] == 2
    world.amazon._gate.log.clear()
    world.amazon.advance(8 * 24 * HOURS)
    verify(world)
    assert searched(world) == set(names)


def test_what_the_shop_does_not_sell_is_nobodys_drift(world: World) -> None:
    world.list_on_amazon("OTHER", price="10.00", quantity=5)
    to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    world.list_on_amazon("OTHER", price="12.00", quantity=5)
    world.amazon.advance(24 * HOURS)
    run = verify(world)
    assert (lines_of(run, "outcome"), run.counts) == ([], {})


def test_a_run_that_gave_way_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sell_many(world, 3)
    SellerSku.objects.update(stock_version=99)  # so that each is read
    monkeypatch.setattr("django_amazon_sync.sync.verification.verify.SKUS_PER_SEARCH", 1)
    world.amazon._gate.log.clear()
    run = jobs.request(world.account, Job.VERIFY)
    starts = 0
    while run.state != RunState.DONE:
        world.amazon.advance(60)
        jobs.perform(now_due(run), patience=5, slice_over=lambda: True)
        starts += 1
        assert starts < 20
    asked = [one.query["identifiers"] for one in world.amazon.requests_of("searchListingsItems")]
    assert asked == [[name] for name in names]
    assert len(world.amazon.requests_of("getReportDocument")) == 1
    assert run.counts["read"] == 3


# --- No SKU says that it is in step while it is not -----------------------------------------------

SHOP_10, SHOP_11 = ("shop", 10), ("shop", 11)
BY_HAND_11, BY_HAND_20 = ("other hand", 11), ("other hand", 20)
IGNORE, HEED = ("ignore", True), ("ignore", False)
EXPORT, IMPORT, VERIFY, LOOK = ("export", 0), ("import", 0), ("verify", 0), ("look", 0)
MINUTE, HOUR, HALF_A_DAY = ("wait", 60), ("wait", HOURS), ("wait", 12 * HOURS)
WAITS = (MINUTE, HOUR, ("wait", 4 * HOURS), ("wait", 8 * HOURS))
DEEDS = (SHOP_10, SHOP_11, BY_HAND_11, BY_HAND_20, IGNORE, HEED, EXPORT, EXPORT, IMPORT, LOOK)


@example(steps=[VERIFY, BY_HAND_20, HOUR], cache=6 * HOURS)
@example(steps=[SHOP_11, EXPORT, HOUR], cache=0)
@example(steps=[SHOP_11, IGNORE, EXPORT, HALF_A_DAY, VERIFY, HEED, EXPORT, HOUR], cache=0)
@given(
    steps=st.lists(
        st.sampled_from(DEEDS) | st.sampled_from(WAITS) | st.just(VERIFY), min_size=4, max_size=14
    ),
    cache=st.sampled_from([6 * HOURS, 3 * HOURS, 0]),
)
@settings(
    max_examples=int(os.environ.get("STEPS_EXAMPLES", "4")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_called_verified_was_live_since_the_moment_that_is_named(
    world: World, steps: list[tuple[str, Any]], cache: int
) -> None:
    """The price of one listing, whatever happens to it and in any order: buyers met it at the
    moment that the verification names or between then and now, as a report is of some moment in
    between. What differs for long is found.
    """
    name = f"SKU-{next(factories.numbers)}"
    record = world.sell(name, price="10.00", quantity=5)
    world.amazon.switch(report_cache=cache)
    watch = Watch(world, name)
    claimed: tuple[Any, Any] = (None, None)
    begun: list[tuple[str, Any]] = [EXPORT, HALF_A_DAY]
    for step, value in [*begun, *steps, VERIFY]:
        if step == "shop":
            record.price = Decimal(value)
            record.save()
        elif step == "wait":
            watch.wait(value)
        elif step in JOBS:
            watch.work(JOBS[step])
        elif step == "look":
            watch.work(Job.VERIFY, skus=[name])
        else:
            _meddle(world, name, step, value)
        watch.note()
        listing = world.listing(name)
        claim = (listing.verified_at, listing.verified.get("price"))
        if claim != claimed and listing.verified_at is not None and claim[1] is not None:
            assert claim[1] in watch.prices_since(listing.verified_at)
        claimed = claim
    watch.wait(12 * HOURS)
    watch.work(Job.VERIFY)
    assert world.listing(name).believed["price"] == f"{price_of(world, name)} EUR"


JOBS = {"export": Job.EXPORT, "verify": Job.VERIFY, "import": Job.IMPORT_LISTINGS}


def _meddle(world: World, name: str, step: str, value: object) -> None:
    """What happens at Amazon: another hand's price, or changes that Amazon ignores or heeds."""
    if step == "other hand":
        world.list_on_amazon(name, price=str(value), quantity=5)
    else:
        act = world.amazon.ignore_changes if value else world.amazon.heed_changes
        act(world.seller, name, DE)


class Watch:
    """The price that buyers of one SKU met at each moment."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.history: list[tuple[datetime, Decimal | None]] = []
        self.note()

    def note(self) -> None:
        self.history.append((self.world.amazon.now(), price_of(self.world, self.name)))

    def wait(self, seconds: float) -> None:
        while seconds > 0:
            self.world.amazon.advance(min(seconds, 30))
            self.note()
            seconds -= 30

    def work(self, job: Job, **options: Any) -> None:
        run = self.world.do(job, **options)
        while run.state == RunState.QUEUED:
            self.wait(60)
            jobs.perform(now_due(run), patience=5)

    def prices_since(self, moment: datetime) -> set[str]:
        """What buyers met at that moment or after it."""
        before = [price for when, price in self.history if when <= moment][-1:]
        since = [price for when, price in self.history if when > moment]
        return {f"{price} EUR" for price in before + since}
