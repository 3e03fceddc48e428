"""What may happen around the second source: orders that no search shows, and reports of all kinds.

One history of ten is about these; the others are as they were without.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django_amazon_sync.models import Job
from django_amazon_sync.testing.simulator import Fault
from tests.histories.operations import nothing, only, operation
from tests.histories.order_operations import PLENTY
from tests.histories.workers import Worker
from tests.histories.world import DE, World

EVERY, FIRST = 10, 6


def weights(seed: int) -> dict[str, float]:
    """How much a history is about reports of orders."""
    if seed % EVERY != FIRST:
        return {"reports": 0.0}
    return {"reports": 3.0, "buyers": 2.0, "orders": 0.5, "feeds": 0.0, "channel": 0.0}


def _another_order(world: World, units: int, status: str = "UNSHIPPED") -> str:
    """Of what only Amazon knows, so that it takes no stock of the shop's things."""
    if world.amazon.live("eu", PLENTY, DE) is None:
        world.amazon.add_listing(
            world.seller, PLENTY, marketplace=DE, asin="B00000MANY", price="5.00", quantity=999
        )
    number: str = world.amazon.buy(world.seller, DE, PLENTY, units, status=status)
    return number


def _prove(world: World, seconds: float = 100) -> None:
    """A run asks for its reports, and goes on when they are there."""
    world.do(Job.RECONCILE)
    world.pass_time(seconds)
    world.do_what_waits()


@operation("reports", 8, only(units=[1, 2], status=["UNSHIPPED", "UNSHIPPED", "PENDING"]))
def no_search_shows_an_order(world: World, units: int, status: str) -> None:
    world.documents.unsearched.add(_another_order(world, units, status))


@operation("reports", 4, nothing)
def orders_without_a_search_change(world: World) -> None:
    """They are paid, and none of that is found by a search."""
    for number in sorted(world.documents.unsearched):
        world.amazon.settle_payment(number)


@operation("reports", 8, only(later=[0, 2000, 2000], seconds=[100, 700, 4000]))
def proof_runs(world: World, later: int, seconds: int) -> None:
    """Of all that is more than half an hour old."""
    world.pass_time(later)
    _prove(world, seconds)


@operation(
    "reports",
    5,
    only(
        report_outcome=["done", "done", "fatal", "cancelled", "stuck"],
        report_time=[60.0, 60.0, 5000.0],
        report_rows=["all", "all", "half", "half", "none"],
    ),
)
def reports_change_their_ways(
    world: World, report_outcome: str, report_time: float, report_rows: str
) -> None:
    """They fail, are late, or are short."""
    world.amazon.switch(
        report_outcome=report_outcome, report_time=report_time, report_rows=report_rows
    )


@operation("reports", 4, only(how=["", "repeats", "omits", "of before"]))
def reports_are_odd(world: World, how: str) -> None:
    """They hold each order twice, leave one out, or are those of before."""
    world.reports.how = how


@operation("reports", 4, only(rows=["half", "none"]))
def report_is_short_of_what_is_new(world: World, rows: str) -> None:
    """Some orders are here and some are not, and the report lacks the newest half, or all."""
    for units in (1, 2, 1):
        _another_order(world, units)
        world.pass_time(60)
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    world.pass_time(60)
    world.documents.unsearched.add(_another_order(world, 1))
    world.pass_time(2000)
    world.amazon.switch(report_rows=rows, report_outcome="done", report_time=60.0)
    _prove(world)
    world.amazon.switch(report_rows="all")


@operation("reports", 3, only(days=[0, 1, 2]))
def order_of_a_report_is_not_answered(world: World, days: int) -> None:
    """It is in the report, and nobody gets it by its number, for so long."""
    world.documents.unsearched.add(_another_order(world, 1))
    world.pass_time(2000)
    world.amazon.faults.add(Fault("getOrder", "400", times=None))
    _prove(world)
    for _ in range(2 * days):
        world.pass_time(13 * 3600)
        world.do_what_waits()
    world.amazon.faults.clear()


@operation("reports", 3, only(hours=[1, 3, 20]))
def staff_prove_the_last_hours(world: World, hours: int) -> None:
    """And leave out what was before these, be it never proven."""
    world.documents.unsearched.add(_another_order(world, 1))
    world.pass_time(2 * 86400)
    since = world.clock.now() - timedelta(hours=hours)
    world.do(Job.RECONCILE, since=since.isoformat())
    world.pass_time(100)
    world.do_what_waits()


@operation(
    "reports",
    5,
    only(
        call=["createReport", "getReport", "getReportDocument", "download", "getOrder"],
        kind=["400", "429", "500", "empty", "half", "drop_before", "drop_after"],
        times=[1, 1, 2],
    ),
)
def report_answers_break(world: World, call: str, kind: str, times: int) -> None:
    world.amazon.faults.add(Fault(call, kind, times=times))  # type: ignore[arg-type]


@operation("reports", 3, only(at=list(range(1, 50))))
def worker_dies_proving(world: World, at: int) -> None:
    """Where it waits for the report, or reads it; another one goes on."""
    world.documents.unsearched.add(_another_order(world, 1))
    world.pass_time(2000)
    world.do(Job.RECONCILE)
    world.pass_time(100)
    worker = Worker(at=at)
    worker.act = worker.dies
    world.do(Job.RECONCILE, worker)
    world.pass_time(400)
    _prove(world)


@operation("reports", 3, only(at=list(range(1, 50))))
def two_workers_prove(world: World, at: int) -> None:
    world.documents.unsearched.add(_another_order(world, 1))
    world.pass_time(2000)
    _prove(world, 1)
    world.do(Job.RECONCILE, Worker(at=at, act=partial(world.do, Job.RECONCILE)))
    world.pass_time(100)
    world.do_what_waits()
