"""``amazon_match``: link the shop's offers to what the account has on Amazon already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand


class Command(RunCommand):
    """One run for each account."""

    help = "Match the shop's offers to existing listings by SKU, ASIN, EAN, UPC and ISBN."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would be linked; link nothing."
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        for account in accounts:
            yield jobs.request(
                account,
                Job.MATCH,
                options={"marketplaces": options["marketplace"]},
                dry_run=options["dry_run"],
            )
