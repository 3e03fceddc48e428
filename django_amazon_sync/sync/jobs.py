"""Asking for a job, doing it, and what is due: the one door of admin, commands and tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from django_amazon_sync.errors import Busy
from django_amazon_sync.models import (
    AccountState,
    Job,
    OfferChange,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import (
    leases,
    listings_out,
    orders_in,
    settle,
    shipments_out,
    verify,
)
from django_amazon_sync.sync.connect import client_for
from django_amazon_sync.sync.work import Work, at_work, lease_key

STORIES: dict[Job, Callable[[Work], None]] = {
    Job.EXPORT: listings_out.export,
    Job.CHANGES: listings_out.send_changes,
    Job.VERIFY: verify.verify,
    Job.IMPORT_ORDERS: orders_in.import_orders,
    Job.CONFIRM_SHIPMENTS: shipments_out.confirm_shipments,
    Job.SETTLE: settle.settle,
}

#: Jobs that are asked for by what is due; of a run that found nothing, nothing is kept.
BY_THEMSELVES = (Job.CHANGES, Job.SETTLE)


def request(
    account: SellerAccount,
    job: Job,
    *,
    options: dict[str, Any] | None = None,
    dry_run: bool = False,
    asked_by: User | None = None,
) -> SyncRun:
    """A queued run; whoever asked starts it, or ``due_runs`` finds it."""
    return SyncRun.objects.create(
        account=account, job=job, options=options or {}, dry_run=dry_run, asked_by=asked_by
    )


def perform(
    run: SyncRun,
    *,
    patience: float = 3.0,
    on_wait: Callable[[str, float], None] | None = None,
    progress: Callable[[int], None] | None = None,
    slice_over: Callable[[], bool] | None = None,
) -> SyncRun:
    """Do a queued run here and now. What stopped it is in the run; nothing of that is raised.

    A run that has to wait for Amazon, or gives way as ``slice_over`` says, is queued again. Raises
    Halted where another worker began the run.
    """
    client = client_for(run.account, patience=patience, on_wait=on_wait)
    with suppress(Busy), at_work(run, configured_shop(), client, progress, slice_over) as work:
        STORIES[Job(run.job)](work)
    if run.job in BY_THEMSELVES and run.state == RunState.DONE and not run.counts:
        run.delete()
    return run


def due_runs(accounts: Iterable[SellerAccount] | None = None) -> Iterator[SyncRun]:
    """What has to be done now: changed offers, feeds to settle, asked-for runs, schedules.

    Of these accounts, or of all. A run is made for what is due; of two callers one gets it.
    """
    chosen = SellerAccount.objects.all()
    if accounts is not None:
        chosen = chosen.filter(pk__in=[account.pk for account in accounts])
    connected = chosen.exclude(state=AccountState.DISCONNECTED)
    changed = OfferChange.objects.values("account")
    now = timezone.now()
    due_by_now = Q(not_before=None) | Q(not_before__lte=now)
    queued = SyncRun.objects.filter(due_by_now, state=RunState.QUEUED, account__in=chosen)
    queued = queued.order_by("pk")
    for account in connected.filter(pk__in=changed, state=AccountState.LIVE):
        if not leases.busy(lease_key(Job.CHANGES, account.pk)):
            waiting = queued.filter(account=account, job=Job.CHANGES).first()
            yield waiting or request(account, Job.CHANGES)
    for account in connected.filter(pk__in=settle.due(now).values("account")):
        if not leases.busy(lease_key(Job.SETTLE, account.pk)):
            waiting = queued.filter(account=account, job=Job.SETTLE).first()
            yield waiting or request(account, Job.SETTLE)
    yield from queued.exclude(job__in=BY_THEMSELVES)
    due = Schedule.objects.filter(next_due__lte=now, account__in=connected)
    for schedule in due.select_related("account").order_by("next_due"):
        if schedule.job == Job.IMPORT_ORDERS and not schedule.account.import_orders:
            continue
        if schedule.claim(now):
            yield request(schedule.account, Job(schedule.job))
