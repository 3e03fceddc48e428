"""Which run is given out next: changed offers first, then the accounts in turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_amazon_sync.models import Job, OfferChange, Schedule, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.factories import ScheduleFactory
from tests.factories_amazon import LiveAccountFactory

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


def test_a_schedule_makes_no_second_run_beside_one_that_waits() -> None:
    account = live("one")
    schedule(account, Job.EXPORT)
    gave_way(jobs.request(account, Job.EXPORT), seconds_ago=1)
    assert due() == [("one", "export")]
    assert SyncRun.objects.count() == 1
    assert not Schedule.objects.filter(last_started=None).exists()
