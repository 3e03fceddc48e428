"""``amazon_tick``: do here and now what is due, as Celery's ``tick`` does with workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_amazon_sync.errors import Halted
from django_amazon_sync.models import SyncRun
from django_amazon_sync.sync import jobs

from ._base import AmazonCommand, Result, progress_bar, result_of


class Command(AmazonCommand):
    """For projects without a broker, from cron or a timer, once a minute or more often."""

    help = "Do what is due: changed offers, runs that were asked for, schedules."

    def result(self, options: dict[str, Any]) -> Result:
        return result_of(list(self._work_off()))

    def _work_off(self) -> Iterator[SyncRun]:
        """One run after the other; one whose rate is used up leaves its rest to a later tick."""
        for run in jobs.due_runs():
            with progress_bar(self, f"{run.account}, {run.get_job_display()}") as (progress, _say):
                try:
                    yield jobs.perform(run, progress=progress)
                except Halted:
                    continue  # another worker began it a moment ago
