"""``amazon_take_over``: name, price or quantity of chosen SKUs from Amazon into the shop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.verification.take_over import TAKE_OVER_FIELDS

from ._base import RunCommand, accounts_with_skus


class Command(RunCommand):
    """One run for each account that has one of the SKUs."""

    help = "Take values over from Amazon into the shop; what goes out is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--sku", action="append", required=True, help="This SKU; may be repeated."
        )
        parser.add_argument(
            "--field",
            action="append",
            required=True,
            choices=TAKE_OVER_FIELDS,
            help="What is taken over; may be repeated.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Show the difference; take nothing over."
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        for account, skus in accounts_with_skus(accounts, options["sku"], _has).items():
            wanted = {
                "skus": skus,
                "fields": options["field"],
                "marketplaces": options["marketplace"],
            }
            yield jobs.request(account, Job.TAKE_OVER, options=wanted, dry_run=options["dry_run"])


def _has(account: SellerAccount, sku: str) -> bool:
    return account.skus.filter(sku=sku).exists()
