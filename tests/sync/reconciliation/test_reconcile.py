"""Orders that no search showed are found by Amazon's report, and come in as every order does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.amazon import order_reports
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    Job,
    Marketplace,
    OrderState,
    Outcome,
    ReportState,
    RunState,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.reconciliation import reconcile as module
from django_amazon_sync.sync.reconciliation.proof import proven
from django_amazon_sync.testing.simulator import Fault
from tests.clocks import StandIn
from tests.world import DE, FR, World, lines_of, now_due, shop_order

LATER = 3600


@pytest.fixture
def sold(world: World) -> World:
    """A shop whose cut-over was a day ago, with something to sell."""
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.account.refresh_from_db()
    world.sell("MUG", price="20.00", quantity=900)
    return world


def reconcile(world: World, **options: Any) -> SyncRun:
    """The whole job, with all that it waits for; what was pending an hour ago is reported."""
    return to_the_end(world, world.do(Job.RECONCILE, **options))


def to_the_end(world: World, run: SyncRun) -> SyncRun:
    while run.state == RunState.QUEUED:
        world.amazon.advance(120)
        AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now())
        jobs.perform(now_due(run), patience=5)
    return run


def said(run: SyncRun) -> list[tuple[str, str, str]]:
    return lines_of(run, "outcome", "order_number", "code")


def test_an_order_that_no_search_shows_is_found_and_placed(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG", 2)
    sold.amazon.advance(LATER)
    sold.import_orders()
    assert not AmazonOrder.objects.exists()
    run = reconcile(sold)
    assert run.went_well, run.reason
    order = AmazonOrder.objects.get()
    assert (order.number, order.state) == (number, OrderState.PLACED)
    assert shop_order(number).number == number
    assert sold.in_stock("MUG") == 898
    assert (Outcome.WAITING, number, "reported") in said(run)
    assert run.counts["missing"] == 1


def test_what_a_search_showed_is_compared_and_nobody_is_asked(sold: World) -> None:
    sold.buy("MUG", 2, shipping="4.90", tax="3.00", discount="1.00")
    sold.buy("MUG", status="PENDING")
    sold.buy("MUG", status="CANCELLED")
    sold.amazon.advance(LATER)
    sold.import_orders()
    run = reconcile(sold)
    assert run.went_well
    assert said(run) == []
    assert run.counts == {"reported": 3}
    assert len(sold.amazon.requests_of("getOrder")) == 0


def test_the_account_says_up_to_when_and_by_which_report(sold: World) -> None:
    assert proven(sold.account) is None
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    before = sold.amazon.now()
    reconcile(sold)
    proof = proven(sold.account)
    assert proof is not None
    assert timedelta(0) <= before - proof.until <= timedelta(minutes=35)
    [report] = sold.amazon.reports()
    assert proof.reports == (report.job_id,)


def test_the_next_run_goes_on_from_there_with_an_overlap(sold: World) -> None:
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    reconcile(sold)
    reached = proven(sold.account)
    assert reached is not None
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    reconcile(sold)
    first, second = AmazonReport.objects.order_by("pk")
    assert second.data_since == reached.until - timedelta(days=1)
    assert first.data_until is not None
    assert second.data_until is not None
    assert second.data_until > first.data_until
    after = proven(sold.account)
    assert after is not None
    assert after.until == second.data_until


def test_no_report_is_of_more_than_thirty_days_and_all_overlap(sold: World) -> None:
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=75))
    sold.account.refresh_from_db()
    numbers = [
        sold.buy("MUG", at=sold.amazon.now() - timedelta(days=days)) for days in (70, 45, 20, 1)
    ]
    sold.amazon.switch(unsearchable_orders=1)
    sold.amazon.advance(LATER)
    run = reconcile(sold)
    assert run.went_well, lines_of(run, "message")
    assert set(AmazonOrder.objects.values_list("number", flat=True)) == set(numbers)
    reports = list(AmazonReport.objects.order_by("data_since"))
    assert len(reports) == 3
    for one in reports:
        assert one.data_since is not None
        assert one.data_until is not None
        assert one.data_until - one.data_since <= timedelta(days=30)
    for one, following in pairwise(reports):
        assert one.data_until is not None
        assert following.data_since == one.data_until - timedelta(days=1)


def test_a_chosen_time_is_compared_and_proves_nothing_behind_a_gap(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    old = sold.buy("MUG", at=sold.amazon.now() - timedelta(hours=30))
    new = sold.buy("MUG", at=sold.amazon.now() - timedelta(hours=3))
    sold.amazon.advance(LATER)
    now = sold.amazon.now()
    since, until = now - timedelta(hours=5), now - timedelta(hours=2)
    run = reconcile(sold, since=since.isoformat(), until=until.isoformat())
    assert run.went_well
    assert [order.number for order in AmazonOrder.objects.all()] == [new]
    assert proven(sold.account) is None
    assert old != new


def test_an_end_that_amazon_cannot_report_yet_is_refused(sold: World) -> None:
    since = sold.amazon.now() - timedelta(minutes=10)
    run = reconcile(sold, since=since.isoformat())
    assert run.state == RunState.STOPPED
    assert "nothing to compare" in run.reason


def test_an_order_from_before_the_cut_over_is_recorded_and_never_placed(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG", at=sold.amazon.now() - timedelta(days=2))
    sold.amazon.ship_by_hand(number)
    sold.amazon.advance(LATER)
    reconcile(sold)
    assert AmazonOrder.objects.get().state == OrderState.RECORDED
    assert sold.in_stock("MUG") == 900


def test_orders_of_other_channels_are_not_asked_for(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG", channel_name="NON_AMAZON")
    sold.amazon.advance(LATER)
    run = reconcile(sold)
    assert run.went_well
    assert not AmazonOrder.objects.exists()
    assert sold.amazon.requests_of("getOrder") == []


def test_an_order_that_only_a_report_knows_keeps_quantities_from_rising(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG", 2)
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    sold.amazon.faults.add(Fault("getOrder", "503", times=None))
    while not AmazonOrder.objects.exists():
        sold.amazon.advance(120)
        jobs.perform(now_due(run), patience=5)
    order = AmazonOrder.objects.get()
    assert order.state == OrderState.SEEN
    assert order.units_unknown_since is not None
    assert run.state == RunState.QUEUED
    assert proven(sold.account) is None


@pytest.mark.parametrize("kind", ["404", "unreadable"])
def test_an_order_that_amazon_never_shows_waits_for_staff(sold: World, kind: str) -> None:
    """Asked for in vain, it is put aside with its reason, and the report counts as told."""
    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG")
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    sold.amazon.advance(120)
    sold.amazon.finish_reports()
    if kind == "404":
        sold.amazon._world.orders.pop(number)
    else:
        sold.amazon.set_order(number, orderItems=2 * sold.amazon.order(number)["orderItems"])
    to_the_end(sold, run)
    assert AmazonOrder.objects.get().state == OrderState.QUARANTINED


# --- Reports that come to nothing -----------------------------------------------------------------


def test_where_the_xml_comes_to_nothing_the_flat_file_is_read(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG")
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    [report] = sold.amazon.reports()
    sold.amazon.set_document(report.document, b"<AmazonEnvelope><Message>")
    to_the_end(sold, run)
    assert run.went_well
    assert [one.report_type for one in AmazonReport.objects.order_by("pk")] == [
        order_reports.XML,
        order_reports.FLAT,
    ]
    assert AmazonOrder.objects.get().number == number
    proof = proven(sold.account)
    assert proof is not None
    assert proof.reports == (sold.amazon.reports()[-1].job_id,)


@pytest.fixture
def clock_of_ours() -> Iterator[StandIn]:
    """Time passes only when a test says so; Amazon's goes along."""
    stand_in = StandIn(clock.now())
    with clock.stood_in_for(stand_in, seed=1):
        yield stand_in


def wait_for(world: World, run: SyncRun, time: StandIn) -> list[timedelta]:
    """Go on with a run each time that it wants to; how long it waited each time."""
    waited: list[timedelta] = []
    while run.state == RunState.QUEUED:
        assert len(waited) < 500
        assert run.not_before is not None
        waited.append(run.not_before - clock.now())
        time.sleep(max(waited[-1].total_seconds(), 0) + 1)
        jobs.perform(run, patience=5)
    return waited


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("fatal", "could not make it"),
        ("cancelled", "by hand"),
        pytest.param("stuck", "in 6 hours", marks=pytest.mark.thorough),
    ],
)
def test_reports_that_come_to_nothing_are_asked_for_again_with_pauses(
    clock_of_ours: StandIn, sold: World, outcome: Any, words: str
) -> None:
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    sold.amazon.switch(report_outcome=outcome)
    run = sold.do(Job.RECONCILE)
    waited = wait_for(sold, run, clock_of_ours)
    assert run.state == RunState.DONE
    [(found, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (found, code) == (Outcome.FAILED, "no-report")
    assert words in message
    forms = 1 if outcome == "cancelled" else 2
    assert AmazonReport.objects.count() == 4 * forms
    if outcome != "stuck":
        pauses = [round(pause / timedelta(minutes=1)) for pause in waited if pause.seconds > 300]
        assert [pause for pause in pauses if pause > 50][-1] > 300
    assert proven(sold.account) is None
    sold.amazon.switch(report_outcome="done")
    wait_for(sold, again := sold.do(Job.RECONCILE), clock_of_ours)
    assert again.went_well
    assert proven(sold.account) is not None


def test_an_order_that_amazon_does_not_answer_for_is_waited_for(
    clock_of_ours: StandIn, sold: World
) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.amazon.faults.add(Fault("getOrder", "503", times=3))
    run = sold.do(Job.RECONCILE)
    wait_for(sold, run, clock_of_ours)
    assert run.went_well
    assert AmazonOrder.objects.get().state == OrderState.PLACED
    assert run.started_at is not None
    assert clock.now() - run.started_at > timedelta(hours=1)
    assert proven(sold.account) is not None


def test_after_a_day_a_run_ends_and_its_time_is_not_proven(
    sold: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITS", timedelta(0))
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.amazon.faults.add(Fault("getOrder", "400", times=1))
    run = reconcile(sold)
    assert run.state == RunState.DONE
    assert "not-proven" in lines_of(run, "code")
    assert proven(sold.account) is None


def test_a_cancelled_report_where_nothing_is_here_says_that_there_is_nothing(
    clock_of_ours: StandIn, sold: World
) -> None:
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    clock_of_ours.sleep(120)
    jobs.perform(run, patience=5)
    assert run.state == RunState.QUEUED
    assert proven(sold.account) is None, "once may be by hand"
    wait_for(sold, run, clock_of_ours)
    assert run.went_well
    assert said(run) == []
    assert proven(sold.account) is not None
    assert AmazonReport.objects.filter(state=ReportState.FAILED).count() == 2


def test_a_marketplace_without_a_report_stops_no_other(
    connect: Callable[..., World],
) -> None:
    world = connect(marketplaces=(DE, FR))
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.account.refresh_from_db()
    world.sell("MUG", price="20.00", quantity=900)
    world.buy("MUG")
    world.amazon.advance(LATER)
    run = world.do(Job.RECONCILE)
    for _each in range(4):
        world.amazon.advance(120)
        jobs.perform(now_due(run), patience=5)
    assert run.state == RunState.QUEUED, "that of France is asked for again"
    german = Marketplace.objects.get(code=DE)
    assert AmazonReport.objects.get(marketplace=german).compared_at is not None
    assert proven(world.account) is None
