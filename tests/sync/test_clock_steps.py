"""A clock that was ahead once stops nothing until that day comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db.models import DateTimeField

from django_amazon_sync import clock
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Listing,
    OfferChange,
    OrderState,
    OrderWindow,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
    WindowState,
)
from django_amazon_sync.sync import clock_steps, jobs
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.sync.housekeeping import keep_house
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.testing.simulator import Fault
from tests.world import DE, World

pytestmark = pytest.mark.django_db

AN_HOUR, YEAR = timedelta(hours=1), timedelta(days=365)


class Ahead(clock.HostClock):
    """The hosts and what they share, some time ahead of the world."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by

    def stores_now(self) -> datetime:
        return self.now()


@contextmanager
def ahead(world: World, by: timedelta = YEAR) -> Iterator[None]:
    """All clocks but Amazon's are ahead for the block."""
    with clock.stood_in_for(Ahead(by), seed=1):
        world.amazon.advance(-by.total_seconds())
        yield
    world.amazon.advance(by.total_seconds())


def tick(world: World) -> list[str]:
    """What amazon_tick does; the jobs that were done."""
    done = [jobs.perform(run, patience=5).job for run in jobs.due_runs([world.account])]
    keep_house()
    return done


# --- All that waits is found ----------------------------------------------------------------------

#: Moments that nothing waits for, or that others look after.
ELSEWHERE = {
    "SellerAccount.orders_since": "staff chose it",
    "SellerAccount.cut_over": "staff see and change it",
    "Lease.expires_at": "leases compare it with how long any lasts",
    "Schedule.next_due": "with last_started",
    "Schedule.last_started": "tells that the clock was ahead",
    "Listing.again_at": "the owner of states", "Listing.check_at": "the owner of states",
    "Listing.accepted_at": "the owner of states", "Listing.verified_at": "the owner of states",
    "Listing.read_at": "the owner of states", "Listing.reported_at": "the owner of states",
    "OrderWindow.start": "_windows", "OrderWindow.end": "_windows",
    "AmazonReport.made_at": "Amazon's",
    "OrderMappings.orders_since": "of SellerAccount", "OrderMappings.cut_over": "of SellerAccount",
    "OrderWindow.until": "what was asked for", "OrderWindow.created_at": "a record",
    "AmazonOrder.ordered_at": "Amazon's", "AmazonOrder.updated_at": "Amazon's",
    "AmazonOrder.ship_by": "Amazon's", "AmazonOrder.deliver_by": "Amazon's",
    "AmazonOrder.told_at": "Amazon's", "AmazonOrder.doubted_at": "Amazon's",
    "AmazonOrder.placed_at": "a record", "Shipment.shipped_at": "the shop's",
    "Shipment.seen_at": "a record", "RateFetch.fetched_at": "a record", "RunLine.at": "a record",
    "SyncRun.created_at": "_runs", "SyncRun.started_at": "_runs", "SyncRun.not_before": "_runs",
    "SyncRun.finish_expected": "a record", "SyncRun.finished_at": "a record",
    "AmazonReport.data_since": "Amazon's", "AmazonReport.data_until": "Amazon's",
    "Marketplace.orders_proven_until": "Amazon's", "AmazonOrder.delivered_at": "Amazon's",
    "AmazonOrder.erased_at": "a record", "SellerAccount.erases_since": "a record",
    "OrderMappings.erases_since": "of SellerAccount",
    "Overview.orders_since": "of SellerAccount", "Overview.cut_over": "of SellerAccount",
    "Overview.erases_since": "of SellerAccount",
    "Erasure.at": "a record", "PersonalDataView.at": "a record",
    "TaxRecord.sold_at": "Amazon's", "TaxRecord.kept_until": "years after the sale",
}  # fmt: skip


def test_every_moment_of_the_models_is_looked_after() -> None:
    ours = apps.get_app_config("django_amazon_sync").get_models()
    names = {
        f"{model.__name__}.{field.name}"
        for model in ours
        for field in model._meta.get_fields()
        if isinstance(field, DateTimeField)
    }
    looked_after = {f"{model.__name__}.{column}" for model, column, _ in clock_steps.MOMENTS}
    assert looked_after | set(ELSEWHERE) == names
    assert looked_after & set(ELSEWHERE) == set()


# --- Jobs, orders, offers, alarms -----------------------------------------------------------------


def test_a_schedule_that_was_claimed_a_year_ahead_is_due(world: World) -> None:
    with ahead(world):
        for schedule in Schedule.objects.all():
            assert schedule.claim(clock.now())
    due = {run.job for run in jobs.due_runs([world.account])}
    assert {Job.IMPORT_ORDERS, Job.EXPORT, Job.VERIFY} <= due
    assert not Schedule.objects.filter(next_due__gt=clock.now() + timedelta(days=2)).exists()


def test_what_staff_chose_to_be_due_late_stays_so(world: World) -> None:
    later = clock.now() + timedelta(days=20)
    Schedule.objects.update(next_due=later)
    clock_steps.survive()
    assert set(Schedule.objects.values_list("next_due", flat=True)) == {later}
    assert list(jobs.due_runs([world.account])) == []


@pytest.mark.parametrize("by", [timedelta(hours=3), timedelta(days=1), YEAR])
def test_a_shop_goes_on_after_a_clock_was_ahead(world: World, by: timedelta) -> None:
    SellerAccount.objects.update(alarm_recipients="anna@example.com")
    record = world.sell("MUG", price="10.00", quantity=9)
    with ahead(world, by):
        for _ in range(2):
            record.price = record.price + Decimal("0.10")
            record.num_in_stock -= 1
            record.save()
            tick(world)
            world.verify()
        world.buy("MUG", 2)
        world.import_orders()
        world.amazon.faults.add(Fault("patchListingsItem", "503", times=2))
        record.num_in_stock -= 1
        record.save()
        tick(world)
    world.amazon.faults.clear()
    clock_steps.survive()

    number = world.buy("MUG", 1)
    world.amazon.advance(180)
    record.refresh_from_db()
    record.price = Decimal("10.50")
    record.num_in_stock -= 1
    record.save()
    jobs_done = tick(world) + tick(world)
    assert {Job.IMPORT_ORDERS, Job.CHANGES, Job.EXPORT} <= set(jobs_done)
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED
    assert world.live("MUG").price == Decimal("10.50")
    assert world.live("MUG").quantity == world.in_stock("MUG")
    until = windows.complete_until(world.account)
    assert until is not None
    assert until <= clock.now() + timedelta(minutes=20), "Amazon's clock is some minutes ahead"

    by_hand: dict[str, Any] = {"price": "10.70"}
    world.amazon.change_by_hand(world.seller, "MUG", DE, **by_hand)
    world.amazon.advance(7200)
    world.verify()
    assert "price" in world.listing("MUG").drift, "a reading counts again"


def test_an_alarm_is_told_that_a_clock_ahead_had_claimed(world: World) -> None:
    SellerAccount.objects.update(alarm_recipients="anna@example.com")
    AmazonOrder.objects.create(
        account=world.account, number="1", state=OrderState.QUARANTINED, document={}
    )
    SellerAccount.objects.update(alarm_recipients="")
    alarms.ring()
    SellerAccount.objects.update(alarm_recipients="anna@example.com")
    with ahead(world):
        world.account.alarms.update(claimed_at=clock.now())
    alarms.ring()
    assert mail.outbox == []
    clock_steps.survive()
    alarms.ring(clock.now() + timedelta(minutes=16))  # as after any worker that died at it
    assert len(mail.outbox) == 1


def test_a_queued_run_that_waits_for_a_year_goes_on(world: World) -> None:
    run = jobs.request(world.account, Job.VERIFY)
    SyncRun.objects.update(not_before=clock.now() + YEAR, created_at=clock.now() + YEAR)
    tick(world)
    tick(world)
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_what_the_shop_tells_does_not_wait_for_its_hosts_clock(world: World) -> None:
    """A web server that is three minutes ahead tells of a sale."""
    record = world.sell("MUG", quantity=9)
    world.export()
    with ahead(world, timedelta(minutes=3)):
        record.num_in_stock = 2
        record.save()
    assert OfferChange.objects.filter(at__gt=clock.now()).exists()
    world.import_orders()
    world.send_changes()
    assert world.live("MUG").quantity == 2


def test_orders_are_not_complete_up_to_a_day_that_has_not_come(world: World) -> None:
    world.import_orders()
    now = clock.now()
    OrderWindow.objects.create(
        account=world.account, state=WindowState.DONE, start=now - AN_HOUR, end=now + YEAR
    )
    OrderWindow.objects.create(account=world.account, start=now + YEAR)
    clock_steps.survive()
    until = windows.complete_until(world.account)
    assert until is not None
    assert until <= now + timedelta(minutes=5)  # the simulated Amazon is some minutes ahead
    world.sell("MUG")
    number = world.buy("MUG")
    world.import_orders()
    assert AmazonOrder.objects.get(number=number).state == OrderState.PLACED


@pytest.mark.parametrize("state", WindowState.values)
@pytest.mark.parametrize("start", [-300, -31, -29, 1, 29, 31, 59, 61, 600])
@pytest.mark.parametrize("lasts", [1, 29, 45, 90, 100_000])
def test_a_window_may_begin_and_end_wherever(
    world: World, state: WindowState, start: int, lasts: int
) -> None:
    """Minutes from now. One that was done was left without an end, which no database takes."""
    now = clock.now()
    begins = now + timedelta(minutes=start)
    ends = begins + timedelta(minutes=lasts)
    OrderWindow.objects.create(account=world.account, state=state, start=begins, end=ends)
    clock_steps.survive()
    soon = clock.now() + AN_HOUR
    for window in OrderWindow.objects.all():
        assert window.start <= soon
        assert (window.end or soon) <= soon
    assert clock_steps.survive() == 0


def test_a_listings_moments_are_brought_back(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.export()
    now = clock.now()
    later = (now + YEAR).isoformat()
    stop = {"code": "x", "reason": "x", "since": later, "again_at": later, "tries": 1,
            "kind": "", "against": None}  # fmt: skip
    Listing.objects.update(
        accepted_at=now + YEAR, verified_at=now + YEAR, again_at=now + YEAR, read_at=now + YEAR,
        check_at=now + YEAR, answered={"price": {"at": later, "look": 1}},
        suspected={"live": 3, "at": later, "believed": 4}, refused={"quantity": 3},
        stops={"quantity": stop}, approved={"price": "9.00 EUR"},
        approvals={"price": {"by": "anna", "at": later}},
        prices=[{"price": "9.00 EUR", "at": later, "ours": True}],
        drift={"price": {"ours": "9.00 EUR", "live": "8.00 EUR", "since": later}},
    )  # fmt: skip
    assert clock_steps.survive() == 1
    assert str(now.year + 1) not in str(Listing.objects.values().get())
    assert clock_steps.survive() == 0


def test_nothing_is_changed_of_what_is_right(world: World) -> None:
    world.sell("MUG", quantity=9)
    world.export()
    world.buy("MUG")
    world.import_orders()
    world.verify()
    assert clock_steps.survive() == 0
