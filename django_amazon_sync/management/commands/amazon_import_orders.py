"""``amazon_import_orders``: fetch what changed on Amazon and place it in the shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AmazonOrder, Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand
from ._times import check_times, importing, moment, times_of


class Command(RunCommand):
    """One run for each account, or one for each order that was named."""

    help = "Import orders from Amazon: what changed since the last time, or what is asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="Also older orders, changed since then (ISO 8601, UTC where no zone is said); "
            "those from before the cut-over take no stock.",
        )
        parser.add_argument(
            "--until", type=moment, metavar="TIME", help="With --since: until then."
        )
        parser.add_argument(
            "--order",
            action="append",
            default=[],
            metavar="NUMBER",
            help="Only the order with this Amazon order id; may be repeated.",
        )

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        since: datetime | None = options["since"]
        until: datetime | None = options["until"]
        numbers: list[str] = options["order"]
        _check_times(since, until, numbers)
        if numbers:
            owners = [(number, _owner(accounts, number)) for number in numbers]
            for number, account in owners:
                yield jobs.request(account, Job.IMPORT_ORDERS, options={"order": number})
            return
        for account in accounts if options["account"] is not None else importing(accounts):
            yield jobs.request(account, Job.IMPORT_ORDERS, options=times_of(since, until))


def _check_times(since: datetime | None, until: datetime | None, numbers: list[str]) -> None:
    check_times(since, until)
    if since and numbers:
        raise ConfigurationError("--order names single orders; leave out --since and --until.")


def _owner(accounts: list[SellerAccount], number: str) -> SellerAccount:
    """The account that has this order, as far as we know."""
    if len(accounts) == 1:
        return accounts[0]
    known = AmazonOrder.objects.filter(number=number, account__in=accounts)
    owners = [
        account for account in accounts if account.pk in known.values_list("account", flat=True)
    ]
    if len(owners) != 1:
        raise ConfigurationError(f"Say with --account which account has order {number}.")
    return owners[0]
