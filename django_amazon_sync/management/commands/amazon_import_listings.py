"""``amazon_import_listings``: take in what the account has on Amazon already, by its report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand


class Command(RunCommand):
    """One run for each account."""

    help = "Take in the listings that the account has on Amazon, by Amazon's report; sends nothing."

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        for account in accounts:
            wanted = {"marketplaces": options["marketplace"]}
            yield jobs.request(account, Job.IMPORT_LISTINGS, options=wanted)
