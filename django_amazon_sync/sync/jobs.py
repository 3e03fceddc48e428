"""Asking for a job, doing it, and what is due: the one door of admin, commands and tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.data import RunOptions
from django_amazon_sync.errors import Busy
from django_amazon_sync.models import (
    AccountState,
    Job,
    RunState,
    Schedule,
    SellerAccount,
    Starter,
    SyncRun,
)
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.attempts import try_again
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.amazon_reports import import_listings
from django_amazon_sync.sync.export import export, settle_feeds
from django_amazon_sync.sync.matching import match
from django_amazon_sync.sync.orders import confirm_shipments, import_orders
from django_amazon_sync.sync.queue import BY_THEMSELVES, Waiting
from django_amazon_sync.sync.runs import leases, selection
from django_amazon_sync.sync.runs.work import SO_FAR, Work, at_work, lease_key
from django_amazon_sync.sync.verification import take_over, verify


def send_changes(work: Work) -> None:
    """The lane of changes: what may have crossed on its way is read, then what changed leaves."""
    if work.account.state == AccountState.LIVE:
        verify.verify_crossed(work)
    export.send_changes(work)


JOB_FUNCTIONS: dict[Job, Callable[[Work], None]] = {
    Job.EXPORT: export.export,
    Job.CHANGES: send_changes,
    Job.VERIFY: verify.verify,
    Job.IMPORT_ORDERS: import_orders.import_orders,
    Job.CONFIRM_SHIPMENTS: confirm_shipments.confirm_shipments,
    Job.SETTLE: settle_feeds.settle,
    Job.IMPORT_LISTINGS: import_listings.import_listings,
    Job.MATCH: match.match,
    Job.TAKE_OVER: take_over.take_over,
}

#: What asks for the jobs that are due by themselves.
STARTERS = {Job.CHANGES: Starter.SHOP, Job.SETTLE: Starter.AMAZON}

#: Seconds after which a lane that could not do everything is tried again.
LANE_RESTS = 10.0


def request(
    account: SellerAccount,
    job: Job,
    *,
    options: Mapping[str, object] | None = None,
    dry_run: bool = False,
    asked_by: User | None = None,
    started_by: Starter = Starter.COMMAND,
) -> SyncRun:
    """A queued run; whoever asked starts it, or ``due_runs`` finds it.

    ``options["skus"]`` are names, or a query of SellerSku that finds any number of them now.
    """
    asked = dict(options or {})
    chosen = asked.get(selection.NAMED)
    by_query = chosen if isinstance(chosen, QuerySet) else None
    if by_query is not None:
        del asked[selection.NAMED]
    with transaction.atomic():
        run = SyncRun.objects.create(
            account=account,
            job=job,
            options=cast(RunOptions, asked),  # whoever asks names what the job knows
            dry_run=dry_run,
            asked_by=asked_by,
            started_by=Starter.USER if asked_by else started_by,
        )
        if by_query is not None:
            selection.restrict(run, by_query)
    return run


def request_once(account: SellerAccount, job: Job, *, started_by: Starter) -> SyncRun:
    """The run of this job that waits or is at work, else a new one: never two at once.

    A run whose worker died is neither. The job's schedule counts from now on, as after its own run.
    """
    with transaction.atomic():
        SellerAccount.objects.select_for_update().only("pk").get(pk=account.pk)
        runs = SyncRun.objects.filter(account=account, job=job, dry_run=False).order_by("pk")
        running = runs.filter(state=RunState.RUNNING).last()
        if running is not None and leases.busy(lease_key(job, account.pk)):
            return running
        queued = runs.filter(state=RunState.QUEUED).first()
        if queued is not None:
            return queued
        for schedule in Schedule.objects.filter(account=account, job=job):
            schedule.claim(clock.now())
        return request(account, job, started_by=started_by)


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
        try_again(run.account, client, Job(run.job))
        JOB_FUNCTIONS[Job(run.job)](work)
    if run.state in (RunState.DONE, RunState.STOPPED):
        selection.forget(run)
    if run.job in BY_THEMSELVES and run.state == RunState.DONE and not run.counts:
        run.delete()
    return run


def due_runs(accounts: Iterable[SellerAccount] | None = None) -> Iterator[SyncRun]:
    """What has to be done now: changed offers, feeds to settle, asked-for runs, schedules.

    Of these accounts, or of all. A run is made for what is due; of two callers one gets it. After
    each run it looks again: a change of an offer goes before all that still waits, and the others
    come in turn by account.
    """
    waiting = Waiting(accounts)
    given = _Given()
    while run := _next_in_lanes(waiting, given) or _next_in_turn(waiting, given):
        given.note(run)
        yield run


@dataclass
class _Given:
    """What was given out already: when each lane had its last run, which runs, and who had one.

    A lane that fails, or has to wait, rests; a run comes again only after it was queued anew.
    """

    lanes: dict[tuple[int, str], float] = field(default_factory=dict)
    runs: dict[int, datetime | None] = field(default_factory=dict)
    accounts: dict[int, int] = field(default_factory=dict)
    _turn: int = 0

    def note(self, run: SyncRun) -> None:
        self.lanes[run.account_id, run.job] = clock.monotonic()
        self.runs[run.pk] = run.not_before
        self._turn += 1
        self.accounts[run.account_id] = self._turn

    def rests(self, account: SellerAccount, job: Job) -> bool:
        last = self.lanes.get((account.pk, job))
        return last is not None and clock.monotonic() < last + LANE_RESTS

    def has(self, run: SyncRun) -> bool:
        return run.pk in self.runs and self.runs[run.pk] == run.not_before


def _next_in_lanes(waiting: Waiting, given: _Given) -> SyncRun | None:
    for account, job in waiting.lanes():
        if given.rests(account, job):
            continue
        run = waiting.in_lane(account, job)
        if run is None or run.started_at is None:  # what gave way comes in its turn
            return run or request(account, job, started_by=STARTERS[job])
    return None


def _next_in_turn(waiting: Waiting, given: _Given) -> SyncRun | None:
    """The next of the account that had none for longest."""
    turns = [turn for turn in waiting.turns() if turn.run is None or not given.has(turn.run)]
    for turn in sorted(
        turns, key=lambda turn: (given.accounts.get(turn.account_pk, 0), turn.order)
    ):
        if turn.run is not None:
            return turn.run
        if turn.schedule is not None and (run := _scheduled(turn.schedule)):
            return run
    return None


def _scheduled(schedule: Schedule) -> SyncRun | None:
    """A run for a schedule that is due, unless one waits already or another caller has it."""
    job = Job(schedule.job)
    queued = SyncRun.objects.filter(
        account=schedule.account_id, job=job, state=RunState.QUEUED, dry_run=False
    )
    whole = any(set(options) <= {SO_FAR} for options in queued.values_list("options", flat=True))
    if not schedule.claim(clock.now()) or whole:
        return None
    return request(schedule.account, job, started_by=Starter.SCHEDULE)
