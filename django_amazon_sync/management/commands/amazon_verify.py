"""``amazon_verify``: read back what is live on Amazon, and show what was accepted and ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand, accounts_with_skus


class Command(RunCommand):
    """One run for each account."""

    help = "Read back what is live on Amazon; what it accepted and ignored has drifted."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--sku", action="append", default=[], help="Only this SKU; may be repeated."
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        chosen = accounts_with_skus(accounts, options["sku"], _has)
        for account, skus in chosen.items():
            wanted = {"skus": skus, "marketplaces": options["marketplace"]}
            yield jobs.request(account, Job.VERIFY, options=wanted)


def _has(account: SellerAccount, sku: str) -> bool:
    return account.skus.filter(sku=sku).exists()
