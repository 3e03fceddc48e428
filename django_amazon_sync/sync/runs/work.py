"""One job at work: its run, its lease, its lines, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypedDict, TypeVar

from django.db import transaction

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    Busy,
    ConfigurationError,
    Disconnected,
    Halted,
    Misplaced,
    NotSupported,
    NotYet,
    ShopRefused,
    Unauthorized,
    Unexpected,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    AccountState,
    Listing,
    Outcome,
    RunLine,
    RunState,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.runs import dead_runs
from django_amazon_sync.sync.runs.bulk import in_pages, insert_rows
from django_amazon_sync.sync.runs.leases import HeldLease, lease, lease_key

T = TypeVar("T")

#: The option in which a run keeps how far it is; all others restrict what it is about.
SO_FAR: Final = "so_far"

#: The pace counts once a twentieth of the items is done, or after so many seconds.
A_TWENTIETH = 20
LONG_ENOUGH = 30.0

#: Run lines are saved in batches of this many, and always when the run ends.
LINES_PER_BATCH = 200

#: How far a run is, is saved after so many seconds, and always when it ends or waits.
SHOWN_EVERY = 1.0

#: What a run that begins anew from its rows would say again, as it is about what did not leave.
SAID_ONCE = (Outcome.WAITING, Outcome.HELD, Outcome.FAILED)


class Pace:
    """How fast ``total`` items get done; times are seconds of one clock.

    The pace is that of the newer items, at least the newer half, so that a rate which Amazon
    changes early is soon forgotten. ``seconds_each`` is what an item takes by Amazon's plan.
    """

    def __init__(self, total: int, seconds_each: float, now: float) -> None:
        self._total = total
        self._seconds_each = seconds_each
        self._done = 0
        self._began = now
        self._since = self._next = (0, now)

    def advance(self, number: int, now: float) -> None:
        """So many more items are done."""
        self._done += number
        if self._done >= 2 * self._next[0]:
            self._since, self._next = self._next, (self._done, now)

    def seconds_left(self, now: float) -> float:
        """How long the rest will take."""
        left = max(self._total - self._done, 0)
        return left * (self._measured(now) or self._seconds_each)

    def _measured(self, now: float) -> float | None:
        """Seconds that an item took lately; None before enough is known."""
        done, at = self._since
        if self._done == done:
            return None
        early = self._done * A_TWENTIETH < self._total and now - self._began < LONG_ENOUGH
        return None if early else (now - at) / (self._done - done)


@dataclass
class Work:
    """What a job works with. ``progress`` is told of each SKU or order that is done with.

    ``slice_over`` says whether the run has had its share of time and others wait; ``goes_on`` that
    it was begun before, so that it begins anew from its rows: it waited, gave way, or its worker
    died, be it before the first step. Which steps are done, these rows say. ``unanswered`` counts
    the requests in a row that Amazon did not answer; ``not_read_back`` are listings (pk) with an
    earlier one of which nobody knows yet what became of it: nothing of them leaves. ``sold`` are
    the offers (pk) that the shop's own customers bought, as it said until the run began.
    """

    run: SyncRun
    account: SellerAccount
    shop: Shop
    client: Client
    lease: HeldLease
    progress: Callable[[int], None] = lambda number: None
    slice_over: Callable[[], bool] = lambda: False
    goes_on: bool = False
    unanswered: int = 0
    not_read_back: frozenset[int] = frozenset()
    sold: frozenset[str] = frozenset()
    _lines: list[RunLine] = field(default_factory=list)
    _said: set[tuple[str, ...]] = field(default_factory=set)
    _closed: set[str] = field(default_factory=set)
    _pace: Pace | None = None
    _shown_at: float = 0.0

    def __post_init__(self) -> None:
        if self.goes_on:
            said = RunLine.objects.filter(run=self.run, outcome__in=SAID_ONCE)
            self._said = set(map(_topic, in_pages(said)))

    def line(self, outcome: Outcome, **values: Any) -> None:
        """Say what became of one SKU or order; fields of RunLine."""
        line = RunLine(run=self.run, outcome=outcome, **values)
        if _topic(line) in self._said:
            return
        self._lines.append(line)
        self.run.count(outcome)
        self.progress(1)
        if len(self._lines) >= LINES_PER_BATCH:
            self.save_lines()

    def leave_out(self, marketplace: str, reason: str) -> None:
        """Say once that this run goes on without a marketplace (id)."""
        if marketplace not in self._closed:
            self._closed.add(marketplace)
            message = Message(Code.LEFT_OUT, reason=reason)
            self.line(
                Outcome.FAILED, marketplace=marketplace, code=message.code, message=str(message)
            )

    def save_lines(self) -> None:
        """Save the lines said so far, and how far the run is."""
        insert_rows(self._lines)
        self._lines.clear()
        self._show()

    def expect(self, number: int, operation: str, *, per_call: int = 1) -> None:
        """So many items come now, so many of them with each call of this operation.

        They count as done by ``advance``, which is how the run knows when it will be done.
        """
        [budget] = self.client.limiter.budgets([operation], clock.timestamp())
        self._pace = Pace(number, 1 / (budget.rate * per_call), clock.monotonic())
        self.run.planned = self.run.done + number
        self._show()

    def advance(self, number: int = 1) -> None:
        """So many of the expected items are done: sent, refused, or left as they are."""
        now = clock.monotonic()
        self.run.done += number
        if self._pace is not None:
            self._pace.advance(number, now)
        if now >= self._shown_at + SHOWN_EVERY:
            self._show()

    def _show(self) -> None:
        """Save how far the run is, for those who look at it."""
        if self._pace is None:
            return
        self._shown_at = clock.monotonic()
        left = timedelta(seconds=self._pace.seconds_left(self._shown_at))
        self.run.finish_expected = clock.now() + left
        at_it = SyncRun.objects.filter(pk=self.run.pk, deaths=self.run.deaths)
        at_it.filter(state=RunState.RUNNING).update(
            planned=self.run.planned,
            done=self.run.done,
            finish_expected=self.run.finish_expected,
            counts=self.run.counts,
        )

    def give_way(self) -> None:
        """Let others have their turn where the run has had its own; the run goes on after them.

        Asked between batches, when all that was done is in rows: the run begins anew from these.
        Raises NotYet.
        """
        if self.slice_over():
            raise NotYet("It gave way to others that wait; it goes on by itself.",
                         retry_at=clock.now())  # fmt: skip

    def check_writing(self) -> None:
        """Prove that this worker may still write to Amazon. Raises Halted.

        Asked before each send: the account may be paused, or the lease lost, at any moment.
        """
        self.lease.check()
        account = SellerAccount.objects.only("state", "deployment").get(pk=self.account.pk)
        if not account.writes_from(conf.get("DEPLOYMENT")):
            raise Halted(why_not_writing(account))


@dataclass
class Stores:
    """The marketplaces (ids) that one thing is asked of, one after the other, and those that Amazon
    refuses it in: it is not asked of them again, and the run goes on with the others."""

    work: Work
    met: set[str] = field(default_factory=set)
    refused: dict[str, Unauthorized] = field(default_factory=dict)

    @contextmanager
    def go_on_without(self, marketplace: str) -> Iterator[bool]:
        """Take a refusal of the block as this marketplace's; gives whether it is allowed so far.

        Raises Disconnected, as nothing works then.
        """
        self.met.add(marketplace)
        try:
            yield marketplace not in self.refused
        except Disconnected:
            raise
        except Unauthorized as refusal:
            self.refused[marketplace] = refusal

    def leave_out(self) -> Unauthorized | None:
        """Say which were refused; where no other is left, the refusal, which the run ends with."""
        if self.refused.keys() == self.met:
            return next(iter(self.refused.values()), None)
        for marketplace, refusal in self.refused.items():
            self.work.leave_out(marketplace, str(refusal))
        return None


class AboutListing(TypedDict):
    """The columns of a line that name a listing."""

    sku: str
    marketplace: str


def about_listing(listing: Listing) -> AboutListing:
    """What a line needs to be about this listing (with its SKU and marketplace loaded)."""
    return {"sku": listing.sku.sku, "marketplace": listing.marketplace.code}


def isolated(act: Callable[[], T]) -> T:
    """Do this in a transaction of its own. Raises AmazonSyncError, whatever went wrong.

    Nothing of the fault goes along: its text, and what stood in its frames, may be a buyer's.
    """
    try:
        with transaction.atomic():
            return act()
    except AmazonSyncError:
        raise
    except Exception as fault:  # noqa: BLE001 -- whatever goes wrong costs this one only
        raise Unexpected.from_fault(fault) from None


def _topic(line: RunLine) -> tuple[str, ...]:
    return (line.outcome, line.sku, line.marketplace, line.order_number, line.code)


def why_not_writing(account: SellerAccount) -> str:
    """Why nothing may be sent for this account from here, and what to do."""
    if account.state != AccountState.LIVE:
        return (
            f"The account is {account.get_state_display()}, so nothing is sent; "
            "release it in the admin or with amazon_connect --release."
        )
    return (
        f"The account was released by deployment '{account.deployment}' and this is "
        f"'{conf.get('DEPLOYMENT')}' (AMAZON_SYNC['DEPLOYMENT']); release it here to send."
    )


@contextmanager
def at_work(
    run: SyncRun,
    shop: Shop,
    client: Client,
    progress: Callable[[int], None] | None = None,
    slice_over: Callable[[], bool] | None = None,
) -> Iterator[Work]:
    """Do the block as this run, under the lease of its account and job.

    What stops the whole job ends the run with its reason and is not raised: the run is the
    answer. NotYet queues the run again for later. Busy is raised while another worker does this
    job; the run waits as before, or was never kept where it is new. A fault that nobody foresaw
    ends the run too, as does what a shop refuses that is of no one order, and is raised as
    Unexpected: its own text may hold a buyer's data, and would go into logs, into Celery's results
    and onto error pages.
    """
    goes_on = run.started_at is not None
    with lease(lease_key(run.job, run.account_id)) as held:
        _begin(run)
        work: Work | None = None
        try:
            dead_runs.inherit(run)
            work = Work(run, run.account, shop, client, held, goes_on=goes_on)
            if progress is not None:
                work.progress = progress
            if slice_over is not None:
                work.slice_over = slice_over
            yield work
            work.save_lines()
            run.finish()
        except BaseException as end:
            raised = _ended_by(run, work, end)
            if raised is end:
                raise
            if raised is not None:
                raise raised from None


def _begin(run: SyncRun) -> None:
    """Let the run be at work; a new one is kept from here on. Raises Halted."""
    if run._state.adding:
        run.state, run.started_at = RunState.RUNNING, clock.now()
        run.save()
    elif not run.start():
        raise Halted(f"Run {run.pk} was begun or ended already, or has to wait.")


def _ended_by(run: SyncRun, work: Work | None, end: BaseException) -> BaseException | None:
    """Write down how a run ended, or waits; what is to be raised, if anything."""
    match end:
        case NotYet():
            if work is not None:
                work.save_lines()
            run.postpone(end.retry_at, reason_code=end.code, reason=str(end))
            return None
        case AmazonSyncError() if not isinstance(end, ShopRefused):
            _stopped(run, work, end)
            told = isinstance(end, _TOLD)
            return None if told and not isinstance(end, Busy) else end
        case Exception():
            unforeseen = Unexpected.from_fault(end)
            _stopped(run, work, unforeseen)
            return unforeseen
        case _:
            _stopped(run, work, end)
            return end


#: What the run's reason says all of, so that it is not raised as well.
_TOLD = (AmazonError, ConfigurationError, Halted, Misplaced, NotSupported)


def _stopped(run: SyncRun, work: Work | None, cause: BaseException) -> None:
    if work is not None:
        work.save_lines()
    code = cause.code if isinstance(cause, AmazonSyncError) else Code.UNEXPECTED
    text = str(cause) if isinstance(cause, AmazonSyncError) else type(cause).__name__
    run.finish(reason_code=code, reason=text)
