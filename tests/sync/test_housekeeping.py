"""What is too old is deleted, and nothing that is still needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_amazon_sync.models import (
    Alarm,
    Listing,
    Outcome,
    RunLine,
    RunSelection,
    RunState,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync import housekeeping
from django_amazon_sync.testing.factories import (
    RunLineFactory,
    SellerAccountFactory,
    SyncRunFactory,
)
from tests.factories_amazon import AlarmFactory, ListingInStepFactory, SubmissionFactory

pytestmark = pytest.mark.django_db

OLD = timezone.now() - timedelta(days=91)


def aged(run: SyncRun, at: Any = OLD) -> SyncRun:
    SyncRun.objects.filter(pk=run.pk).update(created_at=at)
    return run


def test_old_runs_go_with_all_that_is_theirs() -> None:
    account = SellerAccountFactory.create()
    old, young = (
        aged(SyncRunFactory.create(account=account)),
        SyncRunFactory.create(account=account),
    )
    for run in (old, young):
        RunLineFactory.create(run=run, sku="A")
        RunSelection.objects.create(run=run, sku="A")
    listing = ListingInStepFactory.create(marketplace__account=account)
    submission = SubmissionFactory.create(listing=listing, run=old)
    assert housekeeping.forget_runs() == 1
    assert list(SyncRun.objects.all()) == [young]
    assert RunLine.objects.get().run == young
    assert RunSelection.objects.get().run == young
    assert Submission.objects.get(pk=submission.pk).run is None


def test_what_has_not_ended_stays() -> None:
    account = SellerAccountFactory.create()
    for state in (RunState.QUEUED, RunState.RUNNING):
        aged(SyncRunFactory.create(account=account, state=state, finished_at=None))
    assert housekeeping.forget_runs() == 0
    assert SyncRun.objects.count() == 2


def test_what_holds_something_stays_until_nothing_waits() -> None:
    account, other = SellerAccountFactory.create(), SellerAccountFactory.create()
    listing = ListingInStepFactory.create(marketplace__account=account, held={"price": "9.00 EUR"})
    holding = aged(SyncRunFactory.create(account=account, counts={"held": 1}))
    RunLineFactory.create(run=holding, outcome=Outcome.HELD, sku=listing.sku.sku)
    aged(SyncRunFactory.create(account=account, counts={"held": 1}, dry_run=True))
    aged(SyncRunFactory.create(account=other, counts={"held": 1}))
    assert housekeeping.forget_runs() == 2
    assert list(SyncRun.objects.all()) == [holding]
    Listing.objects.update(held={})
    assert housekeeping.forget_runs() == 1


def test_the_setting_says_how_long(settings: Any) -> None:
    aged(SyncRunFactory.create(), timezone.now() - timedelta(days=8))
    assert housekeeping.forget_runs() == 0
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUNS_KEPT_DAYS": 7}
    assert housekeeping.forget_runs() == 1


def test_many_go_in_chunks_and_a_round_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "RUNS_PER_STATEMENT", 2)
    monkeypatch.setattr(housekeeping, "LINES_PER_STATEMENT", 10)
    monkeypatch.setattr(housekeeping, "LINES_PER_ROUND", 50)
    account = SellerAccountFactory.create()
    for _ in range(5):
        run = aged(SyncRunFactory.create(account=account))
        RunLine.objects.bulk_create(RunLine(run=run, outcome="sent") for _ in range(20))
    assert housekeeping.forget_runs() == 2
    assert RunLine.objects.count() == 50
    assert housekeeping.forget_runs() == 2
    assert housekeeping.forget_runs() == 1
    assert (SyncRun.objects.count(), RunLine.objects.count()) == (0, 0)


def test_it_asks_by_chunk_and_not_by_run() -> None:
    account = SellerAccountFactory.create()
    for _ in range(40):
        RunLineFactory.create(run=aged(SyncRunFactory.create(account=account)), sku="A")
    with CaptureQueriesContext(connection) as captured:
        assert housekeeping.forget_runs() == 40
    assert len(captured) <= 20


def test_alarms_go_as_long_after_they_were_mended() -> None:
    account = SellerAccountFactory.create()
    AlarmFactory.create(account=account, kind="drift", mended_at=OLD)
    AlarmFactory.create(account=account, kind="quarantine", mended_at=timezone.now())
    AlarmFactory.create(account=account, kind="approval")
    housekeeping.forget_runs()
    assert set(Alarm.objects.values_list("kind", flat=True)) == {"quarantine", "approval"}


def test_a_chore_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def fails() -> None:
        raise RuntimeError

    every = timedelta(minutes=1)
    chores = (("fails", every, fails), ("works", every, lambda: done.append(1)))
    monkeypatch.setattr(housekeeping, "CHORES", chores)
    housekeeping.keep_house()
    housekeeping.keep_house()
    assert done == [1]
