"""Whether the account's orders are known up to now, and bringing them up where they are not.

Quantities rise only while they are: what a buyer took a moment ago must not be offered again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django_amazon_sync import conf
from django_amazon_sync.errors import Busy
from django_amazon_sync.models import Job, Starter, SyncRun
from django_amazon_sync.sync.orders import import_orders, windows
from django_amazon_sync.sync.runs.work import Work, at_work


def bring_up_orders(work: Work, *, lately_is_enough: bool = True) -> None:
    """Import the account's orders now, unless they are complete up to lately and that is enough.

    Where another worker is at it, rises wait for that one's end.
    """
    if not work.account.import_orders or (lately_is_enough and orders_complete(work)):
        return
    run = SyncRun.objects.create(
        account=work.account, job=Job.IMPORT_ORDERS, started_by=Starter.RUN
    )
    with suppress(Busy), at_work(run, work.shop, work.client) as importing:
        import_orders.import_orders(importing)


def orders_complete(work: Work) -> bool:
    """Whether all orders up to a few minutes ago are known, so that quantities may rise."""
    if not work.account.import_orders:
        return True
    until = windows.complete_until(work.account)
    fresh = timedelta(seconds=conf.get("ORDERS_FRESH"))
    return until is not None and work.client.now() - until <= fresh
