"""``amazon_export``: send to Amazon what differs from what it has, or show the difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import jobs

from ._base import RunCommand


class Command(RunCommand):
    """One export run for each account."""

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
        if options["approve"] is not None:
            yield _approval(accounts, options)
            return
        wanted: dict[str, Any] = {}
        if options["marketplace"]:
            wanted["marketplaces"] = options["marketplace"]
        skus = {account: _skus_of(account, options["sku"]) for account in accounts}
        for sku in options["sku"]:
            if not any(sku in known for known in skus.values()):
                raise ConfigurationError(f"Neither the shop nor Amazon's listings have SKU '{sku}'.")
        for account in accounts:
            if skus[account]:
                yield jobs.request(
                    account,
                    Job.EXPORT,
                    options={**wanted, "skus": skus[account]},
                    dry_run=options["dry_run"],
                )
            elif not options["sku"]:
                yield jobs.request(
                    account, Job.EXPORT, options=wanted, dry_run=options["dry_run"]
                )


def _approval(accounts: list[SellerAccount], options: dict[str, Any]) -> SyncRun:
    if options["sku"] or options["marketplace"] or options["dry_run"]:
        raise ConfigurationError(
            "--approve takes all that the run held; "
            "leave out --sku, --marketplace and --dry-run."
        )
    held = SyncRun.objects.filter(pk=options["approve"], account__in=accounts).first()
    if held is None:
        raise ConfigurationError(f"There is no run {options['approve']} of the chosen accounts.")
    return jobs.request(held.account, Job.EXPORT, options={"approve": held.pk})


def _skus_of(account: SellerAccount, skus: list[str]) -> list[str]:
    """Those that the account or its part of the shop has."""
    shop = configured_shop()
    known = set(account.skus.filter(sku__in=skus).values_list("sku", flat=True))
    return [
        sku
        for sku in skus
        if sku in known or any(one.sku == sku for one in shop.find(sku, account.shop_scope))
    ]
