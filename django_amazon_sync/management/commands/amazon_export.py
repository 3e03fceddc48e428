"""``amazon_export``: send to Amazon what differs from what it has, or show the difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import jobs

from ._base import RunCommand, accounts_with_skus


class Command(RunCommand):
    """One run for each account."""

    help = "Send products, prices and stock to Amazon: only what differs from what it has."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--sku",
            action="append",
            default=[],
            help="Only this SKU, also if Amazon refused it before; may be repeated.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Show the difference; send nothing."
        )
        parser.add_argument(
            "--approve", type=int, metavar="RUN", help="Approve and send what that run held."
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        approve: int | None = options["approve"]
        if approve is not None:
            yield _approval(accounts, approve, options)
            return
        chosen = accounts_with_skus(accounts, options["sku"], _has)
        for account, skus in chosen.items():
            yield jobs.request(
                account,
                Job.EXPORT,
                options={"skus": skus, "marketplaces": options["marketplace"]},
                dry_run=options["dry_run"],
            )


def _approval(accounts: list[SellerAccount], run_pk: int, options: dict[str, Any]) -> SyncRun:
    if options["sku"] or options["marketplace"] or options["dry_run"]:
        raise ConfigurationError(
            "--approve takes all that the run held; leave out --sku, --marketplace and --dry-run."
        )
    held = SyncRun.objects.filter(pk=run_pk, account__in=accounts).first()
    if held is None:
        raise ConfigurationError(f"The chosen accounts have no run {run_pk}.")
    return jobs.request(held.account, Job.EXPORT, options={"approve": held.pk})


def _has(account: SellerAccount, sku: str) -> bool:
    """Whether the account, or its part of the shop, has this SKU."""
    if account.skus.filter(sku=sku).exists():
        return True
    return any(offer.sku == sku for offer in configured_shop().find(sku, account.shop_scope))
