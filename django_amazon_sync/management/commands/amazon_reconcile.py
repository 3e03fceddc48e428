"""``amazon_reconcile``: hold the orders that are here against Amazon's reports of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand
from ._times import check_times, importing, moment, times_of


class Command(RunCommand):
    """One run for each account."""

    help = (
        "Compare orders with Amazon's report of all that changed: what no search showed is "
        "fetched, and what differs is asked for and told."
    )

    #: Longer than between two looks at a report that Amazon is making; one that came to nothing is
    #: asked for again after hours.
    patience = timedelta(minutes=20)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="Orders that changed since then (ISO 8601, UTC where no zone is said); default: "
            "from where they are proven on.",
        )
        parser.add_argument("--until", type=moment, metavar="TIME", help="Until then.")

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        since, until = options["since"], options["until"]
        check_times(since, until)
        for account in accounts if options["account"] is not None else importing(accounts):
            yield jobs.request(account, Job.RECONCILE, options=times_of(since, until))
