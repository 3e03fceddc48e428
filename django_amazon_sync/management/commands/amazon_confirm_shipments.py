"""``amazon_confirm_shipments``: tell Amazon of the parcels that the shop sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs

from ._base import RunCommand


class Command(RunCommand):
    """One run for each account."""

    help = "Confirm to Amazon the shipments of the shop that it does not know yet."

    def runs(self, accounts: list[SellerAccount], options: dict[str, Any]) -> Iterator[SyncRun]:
        for account in accounts:
            yield jobs.request(account, Job.CONFIRM_SHIPMENTS)
