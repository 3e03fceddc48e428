"""``amazon_restored``: say that the database was restored from a backup, before a worker runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from django_amazon_sync.sync.restored import restore

from ._base import ALL_WELL, AmazonCommand, Result, add_account_arguments, chosen_accounts


class Command(AmazonCommand):
    """Asks Amazon for nothing; the next export reads what is there."""

    help = (
        "Say that the database was restored from a backup: the account observes, what its rows say "
        "of Amazon is believed no more, and orders are searched from the backup's time on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_account_arguments(parser)

    def result(self, options: dict[str, Any]) -> Result:
        document, text = [], []
        for account in chosen_accounts(options["account"], options["marketplace"]):
            done = restore(account)
            document.append(
                {
                    "account": account.pk,
                    "listings": done.listings,
                    "submissions": done.submissions,
                    "state": account.state,
                }
            )
            text.append(
                f"{account}: {done.listings} listings are read anew, {done.submissions} open "
                "submissions count as unanswered. It observes: import orders, look at "
                "amazon_export --dry-run, then release it."
            )
        return Result(ALL_WELL, {"accounts": document}, text)
