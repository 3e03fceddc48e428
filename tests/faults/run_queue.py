"""What is asked for is done once after it was asked for, or its end is told, in whatever order.

Staff, schedules and cron keys ask, for everything or a part; workers begin, die, give way, wait for
Amazon, stand still and wake up; ticks come one after the other or into each other; the account is
deactivated and connected again. In the end all passes, ticks come, and the books are compared.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from django_amazon_sync import clock
from django_amazon_sync.errors import Halted, NotYet
from django_amazon_sync.models import (
    AccountState,
    Job,
    RunState,
    Schedule,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.runs import leases, work
from django_amazon_sync.sync.runs.leases import LASTS
from django_amazon_sync.sync.runs.work import Work
from tests.clocks import StandIn
from tests.factories_amazon import LiveAccountFactory
from tests.faults.deaths import Died

JOBS = (Job.VERIFY, Job.EXPORT)
SKUS = ("A", "B", "C")

#: A run may end so, and says it, without having been done.
TOLD = {"account-off", "died-again"}


@dataclass
class Asked:
    """Who asked got this run; what it is about; how many whole doings were done by then."""

    run: int
    job: str
    skus: tuple[str, ...]
    at: int


@dataclass
class Doing:
    """One doing of a job from its beginning to its end, by moments of the machine's own count."""

    run: int
    job: str
    skus: tuple[str, ...]
    began: int
    ended: int


@dataclass
class Books:
    """What was asked for and what was done."""

    asked: list[Asked] = field(default_factory=list)
    done: list[Doing] = field(default_factory=list)
    moment: int = 0

    def next(self) -> int:
        self.moment += 1
        return self.moment


class RunQueue(RuleBasedStateMachine):
    """One account and two jobs, which do nothing but what the next fate says."""

    time: StandIn

    @initialize()
    def begin(self) -> None:
        self.books = Books()
        self.account = LiveAccountFactory.create(name=f"account {clock.dice.random()}")
        self.account.schedules.exclude(job__in=JOBS).delete()
        self.account.schedules.update(active=False)
        self.fates: list[Callable[[Work], None]] = []
        self.zombies: list[SyncRun] = []

    # --- Asking ----------------------------------------------------------------------------------

    def _asked(self, run: SyncRun, skus: tuple[str, ...] = ()) -> None:
        self.books.asked.append(Asked(run.pk, run.job, skus, self.books.next()))

    @rule(job=st.sampled_from(JOBS))
    def staff_ask(self, job: Job) -> None:
        self._asked(jobs.request(self.account, job))

    @rule(job=st.sampled_from(JOBS), skus=st.sets(st.sampled_from(SKUS), min_size=1))
    def staff_ask_for_some(self, job: Job, skus: set[str]) -> None:
        some = tuple(sorted(skus))
        self._asked(jobs.request(self.account, job, options={"skus": list(some)}), some)

    @rule(job=st.sampled_from(JOBS))
    def the_cron_key_is_used(self, job: Job) -> None:
        self._asked(jobs.request_once(self.account, job, started_by=Starter.CRON_KEY))

    @rule(job=st.sampled_from(JOBS))
    def a_schedule_falls_due(self, job: Job) -> None:
        before = clock.now() - timedelta(seconds=1)
        Schedule.objects.filter(account=self.account, job=job).update(
            active=True, next_due=before, every=timedelta(days=30)
        )
        self.books.asked.append(Asked(0, job, (), self.books.next()))

    # --- Working ---------------------------------------------------------------------------------

    def does(self, work: Work) -> None:
        """What a job does: what the next fate says; else it is done."""
        skus = tuple(work.run.options.get("skus", ()))
        began = self.books.next()
        if self.fates:
            self.fates.pop()(work)
        work.lease.check()
        ended = self.books.next()
        self.books.done.append(Doing(work.run.pk, work.run.job, skus, began, ended))
        work.run.count("done")

    def _tick(self) -> None:
        for run in jobs.due_runs([self.account]):
            with suppress(Halted, Died):
                jobs.perform(run)

    @rule()
    def a_tick(self) -> None:
        self._tick()

    @rule(job=st.sampled_from(JOBS), skus=st.sets(st.sampled_from(SKUS), max_size=1))
    def a_worker_dies_at_it(self, job: Job, skus: set[str]) -> None:
        """At what was asked for just now, or at what else is first."""

        def die(work: Work) -> None:
            raise Died

        if skus:
            self.staff_ask_for_some(job, skus)
        with dead_men():
            self.fates.append(die)
            self._tick()
        self.fates.clear()

    @rule()
    def a_tick_comes_into_a_run(self) -> None:
        self.fates.append(lambda work: self._tick())
        self._tick()
        self.fates.clear()

    @rule(job=st.sampled_from(JOBS))
    def somebody_asks_while_it_is_at_work(self, job: Job) -> None:
        self.fates.append(lambda work: self._asked(jobs.request(self.account, job)))
        self._tick()
        self.fates.clear()

    @rule(minutes=st.integers(0, 60))
    def a_run_has_to_wait(self, minutes: int) -> None:
        def wait(work: Work) -> None:
            raise NotYet("Wait.", retry_at=clock.now() + timedelta(minutes=minutes))

        self.fates.append(wait)
        self._tick()
        self.fates.clear()

    @rule()
    def a_worker_stands_still_while_others_work(self) -> None:
        def still(work: Work) -> None:
            self.time.sleep(LASTS.total_seconds() + 1)
            self._tick()

        self.fates.append(still)
        self._tick()
        self.fates.clear()

    @rule(data=st.data())
    def a_message_comes_late(self, data: st.DataObject) -> None:
        """Celery gives any run to a worker, at any time, also twice."""
        runs = list(SyncRun.objects.filter(account=self.account).order_by("pk"))
        if runs:
            run = data.draw(st.sampled_from(runs))
            waits = run.not_before and run.not_before > clock.now()
            before = len(self.books.done)
            with suppress(Halted, Died):
                jobs.perform(run)
            assert not (waits and len(self.books.done) > before)

    # --- What else happens -----------------------------------------------------------------------

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.time.sleep(minutes * 60)

    @rule()
    def staff_deactivate_it_for_a_while(self) -> None:
        self.account.move(AccountState.DISCONNECTED, state_reason="", deactivated=True)
        self._tick()
        self.account.move(AccountState.OBSERVING, state_reason="")

    # --- At rest ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "books"):
            return
        for _ in range(4):
            self.time.sleep(3 * 3600)
            self._tick()
        runs = {run.pk: run for run in SyncRun.objects.filter(account=self.account)}
        rest = [run for run in runs.values() if run.state in (RunState.QUEUED, RunState.RUNNING)]
        assert not rest, [(run.pk, run.job, run.state, run.reason) for run in rest]
        for asked in self.books.asked:
            self._is_answered(asked, runs)
        for run in runs.values():
            doings = [one for one in self.books.done if one.run == run.pk]
            assert len(doings) <= 1 + run.deaths, f"{run} was done {len(doings)} times"

    def _is_answered(self, asked: Asked, runs: dict[int, SyncRun]) -> None:
        done = any(
            one.job == asked.job
            and one.began > asked.at
            and (one.run == asked.run if asked.skus else not one.skus)
            for one in self.books.done
        )
        if done:
            return
        if asked.run:
            assert runs[asked.run].reason_code in TOLD, (asked, runs[asked.run].reason)
            return
        ended = [run for run in runs.values() if run.job == asked.job and run.whole]
        told = any(run.reason_code in TOLD for run in ended)
        assert told, f"{asked} was not done, and nobody is told"


@contextmanager
def dead_men() -> Iterator[None]:
    """Who died says nothing more: neither how the run ended, nor that the lease is free."""

    def silent(run: SyncRun, at_it: Work | None, end: BaseException) -> BaseException | None:
        return end if isinstance(end, Died) else ended_by(run, at_it, end)

    ended_by = work._ended_by
    release = leases.HeldLease.release

    def keep(held: leases.HeldLease) -> None:
        if not isinstance(sys.exception(), Died):
            release(held)

    with patch.object(work, "_ended_by", silent), patch.object(leases.HeldLease, "release", keep):
        yield
