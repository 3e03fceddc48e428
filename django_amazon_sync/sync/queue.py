"""Whose turn it is: what waits to be done, and when a run has had its share of time.

One account with a hundred thousand changes must not keep another's first one waiting, where one
worker does everything. So a run that others wait for works for its slice of time, is queued again
behind them, and goes on from its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.models import (
    BRING_ORDERS_IN,
    AccountState,
    Job,
    Listing,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.clock_steps import HAPPENED
from django_amazon_sync.sync.export import settle_feeds
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.dead_runs import BY_THEMSELVES

#: Seconds that a run works before it gives way. An export that goes on looks through the whole
#: catalogue again, which takes some seconds for each 100,000 offers.
SLICE = 60.0

#: How often a run whose slice is over looks whether somebody waits, in seconds.
LOOKS_EVERY = 2.0


#: Nothing is done for this run's account.
_OFF = Q(account__state=AccountState.DISCONNECTED)


@dataclass(frozen=True)
class Turn:
    """Something that waits: a queued run, or a schedule that is due; ``since`` is when it was."""

    account_pk: int
    since: datetime
    run: SyncRun | None = None
    schedule: Schedule | None = None

    @property
    def order(self) -> tuple[bool, datetime]:
        """What somebody asked for goes before schedules and what has had a slice already."""
        begun = self.run is None or self.run.started_at is not None
        return begun, self.since


class Waiting:
    """What waits now, of these accounts or of all."""

    def __init__(self, accounts: Iterable[SellerAccount] | None = None) -> None:
        chosen = SellerAccount.objects.all()
        if accounts is not None:
            chosen = chosen.filter(pk__in=[account.pk for account in accounts])
        self._chosen = chosen
        self._connected = chosen.exclude(state=AccountState.DISCONNECTED)

    def _able(self, refusals: access.Refusals) -> QuerySet[SellerAccount]:
        """The connected accounts that may be tried now, where their credentials were refused."""
        return self._connected.exclude(pk__in=refusals.waiting((access.Part.AUTHORISATION,)))

    def lanes(self) -> Iterator[tuple[SellerAccount, Job]]:
        """The accounts with changed offers, or with something that is due again, then those with
        feeds to settle; where another worker is at it, its lane is not free."""
        for account, job in self._due_in_lanes():
            if not leases.busy(leases.lease_key(job, account.pk)):
                yield account, job

    def in_vain(self) -> Iterator[SyncRun]:
        """Runs of lanes that wait to begin, and of which nothing is due any more."""
        first = Q(job__in=BY_THEMSELVES, started_at=None)
        if not (waiting := list(self._queued().filter(first))):
            return
        due = {(account.pk, job) for account, job in self._due_in_lanes()}
        yield from (run for run in waiting if (run.account_id, Job(run.job)) not in due)

    def _due_in_lanes(self) -> Iterator[tuple[SellerAccount, Job]]:
        now, refusals = clock.now(), access.Refusals.of_now()
        changed = Q(pk__in=changed_offers.due().values("account"))
        tried = Q(pk__in=refusals.to_try(Job.CHANGES))
        sent, read = (
            refusals.marketplaces(parts)
            for parts in (access.NEEDS[Job.CHANGES], access.TRIED_FIRST[Job.CHANGES])
        )
        again = Listing.objects.filter(
            (Q(again_at__lte=now) & ~Q(marketplace__in=sent))
            | (Q(check_at__lte=now) & ~Q(marketplace__in=read))
        )
        due = changed | tried | Q(pk__in=again.values("sku__account"))
        writing = SellerAccount.writing_from(conf.get("DEPLOYMENT"))
        able = self._able(refusals)
        live = able.filter(due, pk__in=writing.values("pk"))
        settling = able.filter(pk__in=settle_feeds.due(now).values("account"))
        for job, accounts in ((Job.CHANGES, live), (Job.SETTLE, settling)):
            able = accounts.exclude(pk__in=refusals.waiting(access.NEEDS[job]))
            for account in able.order_by("pk"):
                yield account, job

    def in_lane(self, account: SellerAccount, job: Job) -> SyncRun | None:
        """The queued run of this lane, where there is one."""
        return self._queued().filter(account=account, job=job).first()

    def turns(self) -> list[Turn]:
        """The runs that are queued and the schedules that are due; the lanes are apart.

        Of two runs about everything the one that was begun goes first, to its end. Those of a
        disconnected account have their turn at once, in which they are called off.
        """
        queued = list(self._queued().select_related("account"))
        begun = _whole_and_begun(queued)
        asked = [
            Turn(run.account_id, run.not_before or run.created_at, run=run)
            for run in queued
            if run.started_at is not None or _may_begin(run, begun)
        ]
        due = [
            Turn(schedule.account_id, schedule.next_due, schedule=schedule)
            for schedule in self._schedules().select_related("account")
            if schedule.job not in BRING_ORDERS_IN or schedule.account.import_orders
        ]
        return asked + due

    def anybody(self) -> bool:
        """Whether anything waits."""
        return next(self.lanes(), None) is not None or bool(self.turns())

    def _queued(self) -> QuerySet[SyncRun]:
        due = Q(not_before=None) | Q(not_before__lte=clock.now()) | _OFF
        queued = SyncRun.objects.filter(due, state=RunState.QUEUED, account__in=self._chosen)
        return queued.order_by("pk")

    def _schedules(self) -> QuerySet[Schedule]:
        now, refusals = clock.now(), access.Refusals.of_now()
        ahead = Q(last_started__gt=now + HAPPENED)  # by a clock that was; so is what is due next
        due = Schedule.objects.filter(
            Q(next_due__lte=now) | ahead, active=True, account__in=self._able(refusals)
        )
        return due.exclude(
            job=Job.EXPORT, account__in=refusals.waiting(access.NEEDS[Job.EXPORT])
        ).order_by("pk")


def _may_begin(run: SyncRun, begun: Collection[tuple[int, str]]) -> bool:
    """Whether a run may begin in its turn: those of lanes are apart, and one about everything waits
    for the end of another that was ``begun``, unless all of its account is called off."""
    if run.job in BY_THEMSELVES:
        return False
    is_off = run.account.state == AccountState.DISCONNECTED
    return is_off or not run.whole or (run.account_id, run.job) not in begun


def _whole_and_begun(queued: Collection[SyncRun]) -> set[tuple[int, str]]:
    """Account and job of the runs that are about everything and have not ended, as far as one of
    these would wait for them."""
    accounts = {run.account_id for run in queued if run.whole and run.started_at is None}
    if not accounts:
        return set()
    begun = SyncRun.objects.filter(
        account__in=accounts,
        whole=True,
        started_at__isnull=False,
        state__in=(RunState.QUEUED, RunState.RUNNING),
    )
    return set(begun.values_list("account", "job"))


class Slice:
    """A run's share of time, from its first batch on; it is over only when somebody waits."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._look_at: float | None = None

    def __call__(self) -> bool:
        """Whether the run had better give way."""
        now = clock.monotonic()
        if self._look_at is None:
            self._look_at = now + SLICE
            return False  # however short it is, one batch gets done
        if now < self._look_at:
            return False
        self._look_at = now + LOOKS_EVERY
        return self._waiting.anybody()
