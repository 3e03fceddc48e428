"""What the commands about orders of a time share: its bounds, and whose orders are to come in."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime

from django_amazon_sync import clock
from django_amazon_sync.data import RunOptions
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import SellerAccount


def moment(text: str) -> datetime:
    """An ISO 8601 time or date as aware UTC; without a zone it is UTC, a date its midnight."""
    try:
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"'{text}' is not an ISO 8601 date or time, such as 2026-11-23 or 2026-11-23T10:00Z."
        ) from None


def check_times(since: datetime | None, until: datetime | None) -> None:
    """Raises ConfigurationError where ``--since`` and ``--until`` name no time."""
    if until and not since:
        raise ConfigurationError("--until needs --since.")
    if since and since >= (until or clock.now()):
        end = until.isoformat() if until else "now"
        raise ConfigurationError(f"--since {since.isoformat()} is not before {end}.")


def times_of(since: datetime | None, until: datetime | None) -> RunOptions:
    """Both as options of a run, those that are there."""
    times: RunOptions = {}
    if since:
        times["since"] = since.isoformat()
    if until:
        times["until"] = until.isoformat()
    return times


def importing(accounts: list[SellerAccount]) -> list[SellerAccount]:
    """Those whose orders staff want imported; one that staff name is taken at its word."""
    importing = [account for account in accounts if account.import_orders]
    if not importing:
        raise ConfigurationError(
            "Order import is switched off for all accounts; name one with --account, "
            "or switch it on in the admin."
        )
    return importing
