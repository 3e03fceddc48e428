"""Which run is given out next: changed offers first, then the accounts in turn."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from django_amazon_sync.models import (
    AccountState,
    Job,
    OfferChange,
    RunState,
    Schedule,
    SellerAccount,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.leases import lease_key
from django_amazon_sync.testing.factories import ScheduleFactory
from tests.factories_amazon import LiveAccountFactory
from tests.world import World

pytestmark = pytest.mark.django_db


def due() -> list[tuple[str, str]]:
    """What is due, as (account, job), in the order in which it is given out."""
    return [(run.account.name, run.job) for run in jobs.due_runs()]


def live(name: str) -> SellerAccount:
    account = LiveAccountFactory.create(name=name)
    account.schedules.all().delete()
    return account


def schedule(account: SellerAccount, job: Job, *, hours_ago: float = 1) -> None:
    since = timezone.now() - timedelta(hours=hours_ago)
    ScheduleFactory.create(account=account, job=job, every=timedelta(days=1), next_due=since)


def test_of_many_runs_of_one_account_anothers_comes_second() -> None:
    one, other = live("one"), live("other")
    for _ in range(3):
        jobs.request(one, Job.VERIFY, options={"skus": ["A"]})
    jobs.request(other, Job.EXPORT)
    assert [name for name, _job in due()] == ["one", "other", "one", "one"]


def test_what_is_asked_for_goes_before_schedules_and_the_oldest_first() -> None:
    account = live("one")
    schedule(account, Job.VERIFY, hours_ago=1)
    schedule(account, Job.IMPORT_ORDERS, hours_ago=2)
    jobs.request(account, Job.EXPORT)
    assert [job for _name, job in due()] == ["export", "import_orders", "verify"]


def test_changed_offers_go_before_everything_also_those_that_come_meanwhile() -> None:
    one, other = live("one"), live("other")
    jobs.request(one, Job.EXPORT)
    jobs.request(one, Job.VERIFY)
    given = jobs.due_runs()
    assert next(given).job == Job.EXPORT
    OfferChange.objects.create(account=other, offer_pk="1")
    run = next(given)
    assert (run.account, run.job) == (other, Job.CHANGES)
    assert next(given).job == Job.VERIFY


def test_a_lane_that_could_not_do_everything_rests_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its changes are still there, and others have their turn all the same."""
    account = live("one")
    OfferChange.objects.create(account=account, offer_pk="1")
    jobs.request(account, Job.VERIFY)
    assert [job for _name, job in due()] == ["changes", "verify"]
    monkeypatch.setattr(jobs, "LANE_RESTS", 0)
    given = jobs.due_runs()
    for _ in range(3):
        run = next(given)
        assert run.job == Job.CHANGES
        run.finish(reason_code="throttled", reason="Amazon's limit.")


def gave_way(run: SyncRun, *, seconds_ago: float) -> None:
    since = timezone.now() - timedelta(seconds=seconds_ago)
    SyncRun.objects.filter(pk=run.pk).update(started_at=since, not_before=since)


def test_what_gave_way_comes_after_those_that_waited_longer_also_a_lane() -> None:
    one, other = live("one"), live("other")
    OfferChange.objects.create(account=one, offer_pk="1")
    gave_way(jobs.request(one, Job.CHANGES), seconds_ago=1)
    jobs.request(other, Job.EXPORT)
    schedule(other, Job.VERIFY)
    assert due() == [("other", "export"), ("one", "changes"), ("other", "verify")]


def test_a_run_that_waits_for_amazon_is_not_due_before() -> None:
    run = jobs.request(live("one"), Job.EXPORT)
    gave_way(run, seconds_ago=-30)
    assert due() == []
    gave_way(run, seconds_ago=0)
    assert due() == [("one", "export")]


def test_what_waits_of_an_account_that_is_deactivated_is_called_off_at_once(world: World) -> None:
    """Also what has to wait for Amazon, and what would come after that."""
    world.account.schedules.all().delete()
    waits = jobs.request(world.account, Job.EXPORT)
    gave_way(waits, seconds_ago=-3000)
    second = jobs.request(world.account, Job.EXPORT)
    assert list(jobs.due_runs([world.account])) == []
    world.account.move(AccountState.DISCONNECTED, state_reason="", deactivated=True)
    do_what_is_due(world)
    for run in (waits, second):
        run.refresh_from_db()
        assert (run.state, run.reason_code) == (RunState.STOPPED, "account-off")


def test_a_schedule_makes_no_second_run_beside_one_that_waits() -> None:
    account = live("one")
    schedule(account, Job.EXPORT)
    jobs.request(account, Job.EXPORT)
    assert due() == [("one", "export")]
    assert SyncRun.objects.count() == 1
    assert not Schedule.objects.filter(last_started=None).exists()


def test_what_is_due_while_a_run_has_passed_by_a_part_comes_after_it() -> None:
    account = live("one")
    schedule(account, Job.EXPORT)
    begun = jobs.request(account, Job.EXPORT)
    gave_way(begun, seconds_ago=1)
    assert list(jobs.due_runs()) == [begun]
    SyncRun.objects.filter(pk=begun.pk).update(state=RunState.DONE)
    [after] = jobs.due_runs()
    assert (after.started_by, after.whole) == (Starter.SCHEDULE, True)


# --- What is asked for while the job is at work ---------------------------------------------------


def do_what_is_due(world: World) -> None:
    for run in jobs.due_runs([world.account]):
        jobs.perform(run, patience=5)


def test_an_approval_is_done_after_the_export_that_is_at_work(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("14.00")
    record.save()
    held = world.export()
    with leases.lease(lease_key(Job.EXPORT, world.account.pk)):
        asked = jobs.request(world.account, Job.EXPORT, options={"approve": held.pk})
        do_what_is_due(world)
        assert jobs.perform(asked).state == RunState.QUEUED  # nor by a command or a message
    do_what_is_due(world)
    assert world.live("MUG").price == Decimal("14.00")


def test_what_falls_due_while_the_job_is_at_work_is_done_after_it(world: World) -> None:
    world.account.schedules.all().delete()
    schedule(world.account, Job.EXPORT)
    with leases.lease(lease_key(Job.EXPORT, world.account.pk)):
        do_what_is_due(world)
        schedule_again = Schedule.objects.get()
        assert schedule_again.last_started is not None
    do_what_is_due(world)
    assert SyncRun.objects.get(job=Job.EXPORT).state == RunState.DONE


def test_who_asks_twice_for_everything_before_it_begins_asks_once(admin_user: User) -> None:
    account = live("one")
    first = jobs.request(account, Job.EXPORT, started_by=Starter.SCHEDULE)
    assert jobs.request(account, Job.EXPORT, asked_by=admin_user) == first
    first.refresh_from_db()
    assert (first.asked_by, first.started_by) == (admin_user, Starter.USER)
    assert jobs.request(account, Job.EXPORT, dry_run=True) != first
    assert jobs.request(account, Job.EXPORT, options={"skus": ["A"]}) != first
    assert first.start()
    assert jobs.request(account, Job.EXPORT) != first


def test_a_schedule_whose_worker_dies_on_the_way_is_still_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is taken and its run is made together, or neither."""
    account = live("one")
    schedule(account, Job.EXPORT)
    with monkeypatch.context() as dying:
        dying.setattr(jobs, "request", Mock(side_effect=MemoryError))
        with pytest.raises(MemoryError):
            due()
    assert due() == [("one", "export")]


def test_a_run_that_is_named_to_wait_waits_whoever_calls(world: World) -> None:
    run = jobs.request(world.account, Job.IMPORT_ORDERS)
    gave_way(run, seconds_ago=-30)
    assert jobs.perform(run).state == RunState.QUEUED
    assert not run.start()
    assert not world.amazon.requests_of("searchOrders")


# --- What nobody wants any more -------------------------------------------------------------------


def test_of_a_lane_whose_changes_are_gone_no_run_is_left(world: World) -> None:
    record = world.sell("MUG")
    world.export()
    record.num_in_stock = 3
    record.save()
    lane = next(jobs.due_runs([world.account]))
    assert lane.job == Job.CHANGES
    world.export()
    do_what_is_due(world)
    assert not SyncRun.objects.filter(pk=lane.pk).exists()


def test_of_a_disconnected_account_nothing_stays_queued_and_nothing_is_done(world: World) -> None:
    asked = [jobs.request(world.account, job) for job in (Job.IMPORT_ORDERS, Job.EXPORT)]
    world.account.move(AccountState.DISCONNECTED, state_reason="By anna.", deactivated=True)
    seen = len(world.amazon.requests)
    do_what_is_due(world)
    ended = SyncRun.objects.filter(pk__in=[run.pk for run in asked])
    assert set(ended.values_list("state", "reason_code")) == {("stopped", "account-off")}
    assert len(world.amazon.requests) == seen


@pytest.mark.parametrize(
    ("starter", "state"), [(Starter.SCHEDULE, "stopped"), (Starter.COMMAND, "done")]
)
def test_an_import_that_was_switched_off_is_done_for_those_only_who_ask(
    world: World, starter: Starter, state: str
) -> None:
    run = jobs.request(world.account, Job.IMPORT_ORDERS, started_by=starter)
    world.account.import_orders = False
    world.account.save()
    do_what_is_due(world)
    run.refresh_from_db()
    assert run.state == state
