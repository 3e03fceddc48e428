"""``amazon_tick``: do here and now what is due, as Celery's ``tick`` does with workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import AmazonSyncError, Halted
from django_amazon_sync.models import SellerAccount, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.housekeeping import keep_house
from django_amazon_sync.sync.queue import Slice, Waiting

from ._base import (
    AmazonCommand,
    Result,
    add_account_arguments,
    chosen_accounts,
    progress_bar,
    result_of,
)


class Command(AmazonCommand):
    """For projects without a broker, from cron or a timer, once a minute or more often."""

    help = "Do what is due: changed offers, runs that were asked for, schedules."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_account_arguments(parser)

    def result(self, options: dict[str, Any]) -> Result:
        accounts = None
        if options["account"] or options["marketplace"]:
            accounts = chosen_accounts(options["account"], options["marketplace"])
        try:
            runs = list(self._work_off(accounts))
        finally:
            keep_house()  # whatever became of the runs
        return result_of(runs)

    def _work_off(self, accounts: list[SellerAccount] | None) -> Iterator[SyncRun]:
        """One run after the other; one whose rate is used up leaves its rest to a later tick.

        One that works for long gives way to those that wait, and comes again after them.
        """
        for run in jobs.due_runs(accounts):
            with progress_bar(self, f"{run.account}, {run.get_job_display()}") as (progress, _say):
                try:
                    slice_over = Slice(Waiting(accounts))
                    yield jobs.perform(run, progress=progress, slice_over=slice_over)
                except Halted:
                    continue  # another worker began it a moment ago
                except AmazonSyncError:
                    yield run  # it says what stopped it; the others are done all the same
