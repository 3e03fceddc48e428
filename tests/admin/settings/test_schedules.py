"""Schedules: periods as people say them, off and on, run now; and how far back orders go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_amazon_sync.models import (
    Job,
    OrderState,
    OrderWindow,
    Outcome,
    Schedule,
    SellerAccount,
    SyncRun,
    WindowState,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders import windows
from tests.admin.conftest import Staff
from tests.admin.settings.schedule_steps import save, schedule_of
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db


def test_a_shorter_period_counts_from_the_last_run(staff: Staff) -> None:
    """Else what ran once a week would still wait for the week's end."""
    schedule = schedule_of()
    began = timezone.now() - timedelta(minutes=10)
    Schedule.objects.update(
        every=timedelta(weeks=1), last_started=began, next_due=began + timedelta(weeks=1)
    )
    schedule.refresh_from_db()
    save(staff, schedule, 1, "hours")
    schedule.refresh_from_db()
    assert schedule.next_due == began + timedelta(hours=1)


def test_a_schedule_that_is_off_makes_no_run(staff: Staff) -> None:
    schedule = schedule_of()
    save(staff, schedule, 5, "minutes", active="")
    assert Job.IMPORT_ORDERS not in {run.job for run in jobs.due_runs([schedule.account])}
    assert "off" in staff.see(Schedule)


def test_run_now_makes_one_run_and_asks_for_the_permission_of_the_job(
    staff: Staff, staff_with: Callable[..., Staff], use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    schedule = schedule_of()
    [said] = staff.press(Schedule, "run_now", schedule)
    assert "1 run is queued" in said
    assert SyncRun.objects.get().job == Job.IMPORT_ORDERS
    packer = staff_with("view_schedule", "export_listing")
    [said] = packer.press(Schedule, "run_now", schedule)
    assert said.startswith("You may not start this")
    assert SyncRun.objects.count() == 1


# --- How far back --------------------------------------------------------------------------------


def test_older_orders_are_recorded_without_stock_and_new_ones_are_searched_first(
    connect: Callable[..., World],
) -> None:
    world = connect()
    world.sell("MUG", quantity=10)
    before = world.in_stock("MUG")
    old = world.buy("MUG", at=world.amazon.now() - timedelta(days=20))
    SellerAccount.objects.update(orders_since=timezone.now() - timedelta(days=30))
    world.account.refresh_from_db()
    fresh = world.buy("MUG")
    run = world.import_orders()
    assert set(lines_of(run, "order_number", "outcome")) == {
        (old, Outcome.RECORDED), (fresh, Outcome.PLACED),
    }  # fmt: skip
    assert world.in_stock("MUG") == before - 1
    assert world.account.orders.get(number=old).state == OrderState.RECORDED
    done = OrderWindow.objects.filter(swept=False)
    assert done.filter(state=WindowState.DONE).count() == done.count() == 2
    assert windows.complete_until(world.account) is not None
