"""Runs whose workers died: another worker goes on with them, or whoever does all does their part.

A run is at work under the lease of its job, from its beginning to its end. So one that says that it
is at work while nobody alive has the lease has lost its worker. It goes on from its rows. One that
dies again and again ends, as it may be what kills the workers.
"""

from __future__ import annotations

from collections.abc import Iterable

from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Job, RunState, SellerAccount, SyncRun
from django_amazon_sync.sync.runs import leases

#: Workers that may die at one run.
MOST_DEATHS = 3

#: Jobs that are asked for by what is due; of a run that found nothing, nothing is kept, unless the
#: one before it stopped.
BY_THEMSELVES = (Job.CHANGES, Job.SETTLE)


def let_go_on(accounts: Iterable[SellerAccount] | None = None) -> None:
    """Queue the runs again whose workers died, of these accounts or of all."""
    running = SyncRun.objects.filter(state=RunState.RUNNING)
    if accounts is not None:
        running = running.filter(account__in=[account.pk for account in accounts])
    for job, account_pk in running.order_by().values_list("job", "account").distinct():
        held = leases.take(leases.lease_key(job, account_pk))
        if held is None:
            continue
        try:
            for run in running.filter(job=job, account=account_pk).order_by("pk"):
                _goes_on(run)
        finally:
            held.release()


def inherit(heir: SyncRun) -> None:
    """What was left of this job, whose lease we hold: all of it is done by a run about everything,
    else it goes on by itself."""
    left = SyncRun.objects.filter(account=heir.account_id, job=heir.job, state=RunState.RUNNING)
    for run in left.exclude(pk=heir.pk):
        if heir.whole and run.whole:
            _ends(run, Message(Code.DIED))
        else:
            _goes_on(run)


def _goes_on(run: SyncRun) -> None:
    if run.job in BY_THEMSELVES:
        _ends(run, Message(Code.DIED))  # what it was asked for by is still due
    elif run.deaths + 1 >= MOST_DEATHS:
        _ends(run, Message(Code.DIED_AGAIN, count=MOST_DEATHS))
    else:
        waits = Message(Code.DIED_ONCE)
        run.died(reason_code=waits.code, reason=str(waits))


def _ends(run: SyncRun, why: Message) -> None:
    run.finish(reason_code=why.code, reason=str(why))
