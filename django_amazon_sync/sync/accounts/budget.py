"""How far a run is, and what it may ask of Amazon now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import Budget, budgets
from django_amazon_sync.models import Job, SellerAccount, SyncRun
from django_amazon_sync.sync.accounts.connect import bucket_key, limiter_for
from django_amazon_sync.sync.accounts.tokens_and_buckets import buckets

SENDING = ("patchListingsItem", "putListingsItem", "searchListingsItems", "createFeed")
REPORTING = ("createReport", "getReport", "getReportDocument")

#: The operations of each job, first the one that it makes most calls of.
OPERATIONS: dict[Job, tuple[str, ...]] = {
    Job.EXPORT: SENDING,
    Job.CHANGES: SENDING,
    Job.SETTLE: ("getFeed", "getFeedDocument", "patchListingsItem", "searchListingsItems"),
    Job.VERIFY: ("searchListingsItems", *REPORTING),
    Job.IMPORT_LISTINGS: REPORTING,
    Job.MATCH: ("searchCatalogItems", *REPORTING),
    Job.TAKE_OVER: ("searchListingsItems", "searchOrders"),
    Job.IMPORT_ORDERS: ("searchOrders", "getOrder"),
    Job.RECONCILE: ("getOrder", *REPORTING),
    Job.CONFIRM_SHIPMENTS: ("confirmShipment",),
}


def budgets_of(run: SyncRun) -> list[Budget]:
    """What the run's job may ask of Amazon now, for each operation; asking this takes nothing.

    One query, or one call where buckets are in Redis. Raises Unavailable where Redis is away.
    """
    return limiter_for(run.account).budgets(OPERATIONS[Job(run.job)], clock.timestamp())


def budgets_of_accounts(
    accounts: Iterable[SellerAccount], operations: Sequence[str], now: float
) -> dict[int, list[Budget]]:
    """What may be asked for each account, by its pk; one query, or one call. Raises Unavailable."""
    keys = {account.pk: bucket_key(account) for account in accounts}
    found = budgets(buckets(), keys.values(), operations, now)
    return {pk: found[key] for pk, key in keys.items()}


def how_far(run: SyncRun, permitted: list[Budget]) -> str:
    """Such as "3,200 of 10,000 done, 5 calls of patchListingsItem a second permitted, expected to
    finish at 14:32"; empty before the run knows what it has to do."""
    if run.planned is None:
        return ""
    done, planned = (number_format(n, force_grouping=True) for n in (run.done, run.planned))
    parts = [gettext("%(done)s of %(planned)s done") % {"done": done, "planned": planned}]
    if permitted:
        text = gettext("%(rate)s calls of %(operation)s a second permitted")
        first = permitted[0]
        parts.append(text % {"rate": f"{first.rate:g}", "operation": first.operation})
    if run.finish_expected is not None and run.finished_at is None:
        finish = timezone.localtime(run.finish_expected)
        today = finish.date() == timezone.localdate()
        time = f"{finish:{'%H:%M' if today else '%Y-%m-%d %H:%M'}}"
        parts.append(gettext("expected to finish at %(time)s") % {"time": time})
    return ", ".join(parts)
