"""Whether the account's orders are known up to now, and bringing them up where they are not.

Quantities rise only while they are: what a buyer took a moment ago must not be offered again. Nor
do they rise while an order is there whose units nobody knows, for at most a day.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django_amazon_sync import conf
from django_amazon_sync.data import SuspicionRow
from django_amazon_sync.errors import Busy, Unexpected
from django_amazon_sync.models import Job, Starter, SyncRun
from django_amazon_sync.sync.orders import import_orders, windows
from django_amazon_sync.sync.orders.units import units_unknown
from django_amazon_sync.sync.runs.work import Work, at_work


def bring_up_orders(work: Work, *, lately_is_enough: bool = True) -> None:
    """Import the account's orders now, unless they are complete up to lately and that is enough.

    Where another worker is at it, rises wait for that one's end. An import that fails, whatever
    the cause, costs the rises only: falls leave all the same.
    """
    if not work.account.import_orders or (lately_is_enough and orders_complete(work)):
        return
    run = SyncRun(account=work.account, job=Job.IMPORT_ORDERS, started_by=Starter.RUN, whole=True)
    with suppress(Busy, Unexpected), at_work(run, work.shop, work.client) as importing:
        import_orders.import_orders(importing)


def orders_complete(work: Work) -> bool:
    """Whether all orders up to a few minutes ago are known with their units, so that quantities
    may rise."""
    if not work.account.import_orders:
        return True
    if units_unknown(work.account).exists():
        return False
    until = windows.complete_until(work.account)
    fresh = timedelta(seconds=conf.get("ORDERS_FRESH"))
    return until is not None and work.client.now() - until <= fresh


def orders_known_past(work: Work, reading: SuspicionRow) -> bool:
    """Whether all orders up to a reading of a live quantity are known, and so in the shop's
    stock."""
    until = windows.complete_until(work.account)
    return until is not None and until > datetime.fromisoformat(reading["at"])
