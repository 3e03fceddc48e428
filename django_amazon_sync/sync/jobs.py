"""Asking for a job, doing it, and what is due: the one door of admin, commands and tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.data import RunOptions
from django_amazon_sync.errors import AmazonError, Busy, Disconnected
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    BRING_ORDERS_IN,
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
from django_amazon_sync.sync.accounts.tokens_and_buckets import Credentials
from django_amazon_sync.sync.amazon_reports import import_listings
from django_amazon_sync.sync.export import export, settle_feeds
from django_amazon_sync.sync.listings import decisions
from django_amazon_sync.sync.matching import match
from django_amazon_sync.sync.orders import confirm_shipments, import_orders
from django_amazon_sync.sync.queue import Waiting
from django_amazon_sync.sync.reconciliation import reconcile
from django_amazon_sync.sync.runs import dead_runs, leases, selection
from django_amazon_sync.sync.runs.dead_runs import BY_THEMSELVES
from django_amazon_sync.sync.runs.work import Work, at_work
from django_amazon_sync.sync.verification import take_over, verify


def send_changes(work: Work) -> None:
    """The lane of changes: what may have crossed on its way is read, then what changed leaves.

    It leaves also where Amazon does not let itself be read; that is raised at the end.
    """
    stop: AmazonError | None = None
    if work.account.state == AccountState.LIVE:
        try:
            verify.verify_crossed(work)
        except Disconnected:
            raise
        except AmazonError as unread:
            stop = unread
    export.send_changes(work)
    if stop is not None:
        raise stop


JOB_FUNCTIONS: dict[Job, Callable[[Work], None]] = {
    Job.EXPORT: export.export,
    Job.CHANGES: send_changes,
    Job.VERIFY: verify.verify,
    Job.IMPORT_ORDERS: import_orders.import_orders,
    Job.RECONCILE: reconcile.reconcile,
    Job.CONFIRM_SHIPMENTS: confirm_shipments.confirm_shipments,
    Job.SETTLE: settle_feeds.settle,
    Job.IMPORT_LISTINGS: import_listings.import_listings,
    Job.MATCH: match.match,
    Job.TAKE_OVER: take_over.take_over,
}

#: What asks for the jobs that are due by themselves.
STARTERS = {Job.CHANGES: Starter.SHOP, Job.SETTLE: Starter.AMAZON}

#: The columns of a run that its worker changes.
_HOW_IT_STANDS = (
    "state", "counts", "options", "reason_code", "reason", "not_before", "started_at",
    "finished_at", "planned", "done", "finish_expected", "deaths",
)  # fmt: skip

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

    ``options["skus"]`` are names, or a query of SellerSku that finds any number of them now. A run
    about everything that waits to begin is enough for all who ask for one until then.
    """
    asked = dict(options or {})
    chosen = asked.get(selection.NAMED)
    by_query = chosen if isinstance(chosen, QuerySet) else None
    if by_query is not None:
        del asked[selection.NAMED]
    if asked.get("approve"):
        asked.setdefault("lines_to", decisions.newest_line())
    starter = Starter.USER if asked_by else started_by
    if by_query is None and not dry_run and not any(asked.values()):
        return _whole(account, job, asked_by=asked_by, started_by=starter)
    with transaction.atomic():
        run = SyncRun.objects.create(
            account=account,
            job=job,
            options=cast(RunOptions, asked),  # whoever asks names what the job knows
            dry_run=dry_run,
            asked_by=asked_by,
            started_by=starter,
        )
        if by_query is not None:
            selection.restrict(run, by_query)
    return run


def _whole(
    account: SellerAccount, job: Job, *, asked_by: User | None, started_by: Starter
) -> SyncRun:
    """The run about everything that waits to begin; the database lets only one be made."""
    teller = {"asked_by": asked_by, "started_by": started_by}
    waits = SyncRun.objects.filter(account=account, job=job, whole=True, started_at=None)
    while True:
        with suppress(IntegrityError):  # the one that another caller made has begun already
            run, made = waits.get_or_create(
                state=RunState.QUEUED,
                defaults={"account": account, "job": job, "whole": True, **teller},
            )
            break
    if not made and asked_by and waits.filter(pk=run.pk, asked_by=None).update(**teller):
        run.asked_by, run.started_by = asked_by, started_by
    return run


def request_once(account: SellerAccount, job: Job, *, started_by: Starter) -> SyncRun:
    """A run of all of this job for who asks in turns: the one that waits, else a new one.

    What is at work already may have passed by what changed since. The job's schedule counts from
    now on, as after its own run.
    """
    with transaction.atomic():
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

    A run stays queued while another worker does its job and until its time has come; one that has
    to wait for Amazon, or gives way as ``slice_over`` says, is queued again. Raises Halted where
    another worker began the run.
    """
    if why := _called_off(run):
        run.call_off(reason_code=why.code, reason=str(why))
        return run
    if SyncRun.objects.filter(pk=run.pk, not_before__gt=clock.now()).exists():
        return _read_again(run)
    client = client_for(run.account, patience=patience, on_wait=on_wait)
    try:
        with at_work(run, configured_shop(), client, progress, slice_over) as work:
            Credentials.of(run.account)  # what does not open ends the run, before anything is asked
            try_again(run.account, client, Job(run.job))
            JOB_FUNCTIONS[Job(run.job)](work)
    except Busy:
        return _read_again(run)
    if run.state in (RunState.DONE, RunState.STOPPED):
        selection.forget(run)
    if _says_nothing(run):
        run.delete()
    return run


def _says_nothing(run: SyncRun) -> bool:
    """Whether a run of a lane found nothing to do; after one that stopped it says that the lane
    works again."""
    if run.job not in BY_THEMSELVES or run.state != RunState.DONE or run.counts:
        return False
    others = SyncRun.objects.filter(account=run.account_id, job=run.job).exclude(pk=run.pk)
    ended = others.filter(state__in=(RunState.DONE, RunState.STOPPED)).order_by("-pk")
    return ended.values_list("state", flat=True).first() != RunState.STOPPED


def _read_again(run: SyncRun) -> SyncRun:
    """How the run waits, or what another worker made of it."""
    run.refresh_from_db(fields=_HOW_IT_STANDS)
    return run


def _called_off(run: SyncRun) -> Message | None:
    """Why a run is not to be done any more, though it was asked for."""
    account = SellerAccount.objects.only("state", "import_orders").get(pk=run.account_id)
    if account.state == AccountState.DISCONNECTED:
        return Message(Code.ACCOUNT_OFF)
    by_itself = run.started_by in (Starter.SCHEDULE, Starter.CRON_KEY)
    if run.job in BRING_ORDERS_IN and by_itself and not account.import_orders:
        return Message(Code.IMPORT_OFF)
    return None


def due_runs(accounts: Iterable[SellerAccount] | None = None) -> Iterator[SyncRun]:
    """What has to be done now: changed offers, feeds to settle, asked-for runs, schedules.

    Of these accounts, or of all. A run is made for what is due; of two callers one gets it. After
    each run it looks again: a change of an offer goes before all that still waits, and the others
    come in turn by account.
    """
    dead_runs.let_go_on(accounts)
    waiting = Waiting(accounts)
    for in_vain in waiting.in_vain():
        _forget(in_vain)
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


def _forget(run: SyncRun) -> None:
    """Of a run that nobody needs any more nothing is kept, unless a worker has begun it."""
    if run.call_off(reason_code="", reason=""):
        run.delete()


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
        if turn.run is not None and not _is_at_work(turn.run):
            return turn.run
        if turn.schedule is not None and _queued_by(turn.schedule):
            return _next_in_turn(waiting, given)
    return None


def _is_at_work(run: SyncRun) -> bool:
    """Whether another worker does the same job of the account now."""
    return leases.busy(leases.lease_key(run.job, run.account_id))


def _queued_by(schedule: Schedule) -> bool:
    """Queue a run for a schedule that is due; False where another caller has done so."""
    with transaction.atomic():
        due = schedule.claim(clock.now())
        if due:
            request(schedule.account, Job(schedule.job), started_by=Starter.SCHEDULE)
    return due
