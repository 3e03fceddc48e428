"""What a tick does besides the runs, each at its interval: alarms, clock steps, deleting."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from django_amazon_sync import clock, conf
from django_amazon_sync.models import (
    Alarm,
    Listing,
    Outcome,
    RunLine,
    RunSelection,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import clock_steps
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.sync.privacy import erase, old_data
from django_amazon_sync.sync.runs import leases

logger = logging.getLogger("django_amazon_sync.housekeeping")

#: Runs, and lines of runs, that are deleted by one statement.
RUNS_PER_STATEMENT, LINES_PER_STATEMENT = 100, 1000

#: Lines that one round deletes at most, or some more.
LINES_PER_ROUND = 100_000


def keep_house() -> None:
    """Do each chore whose turn has come. None that fails stops another, or the tick."""
    for name, every, chore in CHORES:
        try:
            if leases.turn(f"chore {name}", every):
                chore()
        except Exception as fault:  # noqa: BLE001 -- a chore must not stop the sync
            logger.warning("The chore %s failed: %s", name, type(fault).__name__)


def forget_runs(now: datetime | None = None) -> int:
    """Delete runs that are older than RUNS_KEPT_DAYS, with their lines; how many.

    What has not ended stays, and so does a run that held changes, while any of its account wait.
    """
    before = (now or clock.now()) - timedelta(days=float(conf.get("RUNS_KEPT_DAYS")))
    waiting = Listing.objects.filter(marketplace__account=OuterRef("account")).exclude(held={})
    old = (
        SyncRun.objects.filter(created_at__lt=before, state__in=(RunState.DONE, RunState.STOPPED))
        .exclude(Q(counts__has_key=Outcome.HELD, dry_run=False) & Exists(waiting))
        .order_by("created_at")
    )
    left, forgotten = LINES_PER_ROUND, 0
    while pks := list(old.values_list("pk", flat=True)[:RUNS_PER_STATEMENT]):
        left -= _forget_lines(pks, left)
        if left <= 0:
            break  # the rest waits for the next round
        RunSelection.objects.filter(run__in=pks).delete()
        forgotten += SyncRun.objects.filter(pk__in=pks).delete()[1][SyncRun._meta.label]
    Alarm.objects.filter(mended_at__lt=before).delete()
    return forgotten


def _forget_lines(run_pks: list[int], most: int) -> int:
    """Delete lines of these runs, ``most`` or some more at once; how many."""
    number = 0
    lines = RunLine.objects.filter(run__in=run_pks).order_by()
    while number < most and (pks := list(lines.values_list("pk", flat=True)[:LINES_PER_STATEMENT])):
        number += RunLine.objects.filter(pk__in=pks).delete()[0]
    return number


#: What is done at these intervals, by name.
CHORES: tuple[tuple[str, timedelta, Callable[[], object]], ...] = (
    ("clock steps", timedelta(minutes=10), clock_steps.survive),
    ("alarms", timedelta(minutes=1), alarms.ring),
    ("forget runs", timedelta(hours=1), forget_runs),
    ("erase buyers' data", timedelta(hours=1), erase.erase_due),
    ("forget old data", timedelta(days=1), old_data.forget_old_data),
)
