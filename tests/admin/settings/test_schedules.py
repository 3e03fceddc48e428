"""Schedules: periods as people say them, off and on, run now; and how far back orders go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.admin.settings.periods import EveryField, in_words, number_and_unit
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
from django_amazon_sync.testing.factories import SellerAccountFactory
from tests.admin.conftest import Staff
from tests.admin.forms import account_form
from tests.factories_amazon import ORDERED, LiveAccountFactory
from tests.world import World, lines_of

pytestmark = pytest.mark.django_db


def schedule_of(job: Job = Job.IMPORT_ORDERS) -> Schedule:
    account = LiveAccountFactory.create(import_orders=True)
    return account.schedules.get(job=job)


def save(staff: Staff, schedule: Schedule, number: object, unit: str, **more: Any) -> Any:
    due = timezone.localtime(schedule.next_due)
    day, clock = due.strftime("%Y-%m-%d"), due.strftime("%H:%M:%S")
    data = {
        "active": "on", "every_0": number, "every_1": unit,
        "next_due_0": day, "next_due_1": clock,
        "initial-next_due_0": day, "initial-next_due_1": clock, **more,
    }  # fmt: skip
    return staff.save(Schedule, schedule.pk, **data)


@pytest.mark.parametrize(
    ("number", "unit", "period"),
    [(3, "minutes", timedelta(minutes=3)), (2, "weeks", timedelta(weeks=2)),
     (365, "days", timedelta(days=365))],
)  # fmt: skip
def test_a_period_is_a_number_and_a_unit(
    staff: Staff, number: int, unit: str, period: timedelta
) -> None:
    schedule = schedule_of()
    assert save(staff, schedule, number, unit).status_code == 302
    schedule.refresh_from_db()
    assert schedule.every == period


@pytest.mark.parametrize(
    ("number", "unit"), [(0, "hours"), (-5, "minutes"), (53, "weeks"), ("soon", "days"), ("", "")]
)
def test_a_period_that_makes_no_sense_is_refused_at_its_field(
    staff: Staff, number: object, unit: str
) -> None:
    schedule = schedule_of()
    response = save(staff, schedule, number, unit)
    assert response.status_code == 200
    assert "every" in response.context["adminform"].form.errors
    assert Schedule.objects.get(pk=schedule.pk).every == schedule.every


@given(st.integers(1, 525_600).map(lambda minutes: timedelta(minutes=minutes)))
def test_what_the_field_shows_is_what_it_reads(period: timedelta) -> None:
    number, unit = number_and_unit(period)
    assert EveryField().clean([str(number), unit]) == period


def test_a_period_in_words() -> None:
    assert in_words(timedelta(minutes=1)) == "1 minute"
    assert in_words(timedelta(days=14)) == "2 weeks"
    assert in_words(timedelta(minutes=90)) == "90 minutes"


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


@pytest.mark.parametrize(("choice", "days"), [("day", 1), ("week", 7), ("month", 30)])
def test_the_first_import_looks_back(staff: Staff, choice: str, days: int) -> None:
    account = SellerAccountFactory.create()
    staff.save(SellerAccount, account.pk, **account_form(account, orders_since_0=choice))
    account.refresh_from_db()
    assert account.orders_since is not None
    assert abs(timezone.now() - timedelta(days=days) - account.orders_since) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("2999-01-01", "This day has not come yet."), ("2001-01-01", "Amazon shows no orders from"),
     ("", "Choose the date to look back to."), ("soon", "Enter a valid date.")],
)  # fmt: skip
def test_a_day_that_amazon_does_not_have_is_refused(staff: Staff, day: str, sentence: str) -> None:
    account = SellerAccountFactory.create()
    form = account_form(account, orders_since_0="date", orders_since_1=day)
    response = staff.save(SellerAccount, account.pk, **form)
    assert sentence in str(response.context["adminform"].form.errors["orders_since"])
    account.refresh_from_db()
    assert account.orders_since is None


def test_once_orders_were_imported_there_is_no_looking_back(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    OrderWindow.objects.create(account=account, start=ORDERED)
    assert "The first import has begun" in staff.see(SellerAccount, account.pk)


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
