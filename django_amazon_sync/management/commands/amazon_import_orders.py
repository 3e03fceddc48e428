"""``amazon_import_orders``: fetch what changed on Amazon and place it in the shop."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync import clock
from django_amazon_sync.data import RunOptions
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AmazonOrder, Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand


def moment(text: str) -> datetime:
    """An ISO 8601 time or date as aware UTC; without a zone it is UTC, a date its midnight."""
    try:
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"'{text}' is not an ISO 8601 date or time, such as 2026-11-23 or 2026-11-23T10:00Z."
        ) from None


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
        times: RunOptions = {}
        if since:
            times["since"] = since.isoformat()
        if until:
            times["until"] = until.isoformat()
        named: str | None = options["account"]
        for account in accounts if named is not None else _importing(accounts):
            yield jobs.request(account, Job.IMPORT_ORDERS, options=times)


def _check_times(since: datetime | None, until: datetime | None, numbers: list[str]) -> None:
    if until and not since:
        raise ConfigurationError("--until needs --since.")
    if since and numbers:
        raise ConfigurationError("--order names single orders; leave out --since and --until.")
    if since and since >= (until or clock.now()):
        end = until.isoformat() if until else "now"
        raise ConfigurationError(f"--since {since.isoformat()} is not before {end}.")


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


def _importing(accounts: list[SellerAccount]) -> list[SellerAccount]:
    """Those whose orders staff want imported; one that staff name is taken at its word."""
    importing = [account for account in accounts if account.import_orders]
    if not importing:
        raise ConfigurationError(
            "Order import is switched off for all accounts; name one with --account, "
            "or switch it on in the admin."
        )
    return importing
