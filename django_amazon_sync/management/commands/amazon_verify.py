"""``amazon_verify``: read back from Amazon what is live, and show what was accepted and ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand


class Command(RunCommand):
    """One verifying run for each account."""

    help = "Read back what is live on Amazon; what it accepted and ignored has drifted."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--sku", action="append", default=[], help="Only this SKU; may be repeated."
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        wanted: dict[str, Any] = {}
        if options["marketplace"]:
            wanted["marketplaces"] = options["marketplace"]
        skus = {
            account: [sku for sku in options["sku"] if account.skus.filter(sku=sku).exists()]
            for account in accounts
        }
        for sku in options["sku"]:
            if not any(sku in known for known in skus.values()):
                raise ConfigurationError(
                    f"No chosen account has SKU '{sku}' on Amazon; an export finds it there."
                )
        for account in accounts:
            if skus[account]:
                yield jobs.request(
                    account, Job.VERIFY, options={**wanted, "skus": skus[account]}
                )
            elif not options["sku"]:
                yield jobs.request(account, Job.VERIFY, options=wanted)
