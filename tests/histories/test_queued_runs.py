"""What is asked for is done once after its asking, or its end is told, whatever clocks say.

The machine of tests/faults/run_queue.py with hosts whose clocks step and differ, the lane
of changes whose cause may go, imports that are switched off, and accounts that stay deactivated for
long. .ci/nightly tells ten times as many.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from django_amazon_sync import clock
from django_amazon_sync.models import (
    AccountState,
    Job,
    OfferChange,
    RunState,
    Schedule,
    SellerAccount,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync import housekeeping, jobs
from django_amazon_sync.sync.runs.work import Work
from tests.clocks import Hosts
from tests.examples import examples
from tests.faults.run_queue import JOBS, TOLD, Asked, RunQueue

#: Hours by which a clock may be off: some minutes, a wrong zone, a day, a year.
OFF = (-30, -2, -0.25, 0.25, 2, 30, 24 * 365)

#: Ends that are told as well where the cause is gone.
CALLED_OFF = TOLD | {"import-off"}


class Runs(RunQueue):
    """See the module."""

    time: Hosts

    @initialize()
    def begin(self) -> None:
        super().begin()
        SellerAccount.objects.filter(pk=self.account.pk).update(import_orders=True)
        self.imports_asked: list[int] = []

    def _tick(self) -> None:
        super()._tick()
        if self.account.state == AccountState.DISCONNECTED:
            own = SyncRun.objects.filter(account=self.account, state=RunState.QUEUED)
            due = own.exclude(not_before__gt=clock.now())
            busy = due.filter(job__in=self._at_work())
            assert not due.exclude(pk__in=busy), "it stays queued, and its cause is gone"

    def _at_work(self) -> set[str]:
        running = SyncRun.objects.filter(account=self.account, state=RunState.RUNNING)
        return set(running.values_list("job", flat=True))

    # --- Clocks ----------------------------------------------------------------------------------

    @rule(hours=st.sampled_from(OFF), ticks=st.integers(1, 3))
    def a_clock_is_off_for_a_while(self, hours: float, ticks: int) -> None:
        with self._off(hours):
            for _ in range(ticks):
                self.time.sleep(60)
                self._tick()

    @rule(hours=st.sampled_from(OFF), job=st.sampled_from(JOBS))
    def somebody_asks_on_a_host_whose_clock_is_off(self, hours: float, job: Job) -> None:
        with self._off(hours):
            self.the_cron_key_is_used(job)
            self.staff_ask_for_some(job, {"A"})

    @rule(hours=st.sampled_from(OFF), minutes=st.integers(0, 60))
    def a_run_has_to_wait_on_such_a_host(self, hours: float, minutes: int) -> None:
        with self._off(hours):
            self.staff_ask(JOBS[0])
            self.a_run_has_to_wait(minutes)

    @rule(hours=st.sampled_from(OFF))
    def a_host_whose_clock_is_off_comes_into_a_run(self, hours: float) -> None:
        """Of two hosts one takes the other's worker for no dead one."""

        def come(work: Work) -> None:
            with self._off(hours):
                self._tick()

        self.fates.append(come)
        self._tick()
        self.fates.clear()

    @contextmanager
    def _off(self, hours: float) -> Iterator[None]:
        before = self.time.off
        self.time.off = timedelta(hours=hours)
        try:
            yield
        finally:
            self.time.off = before

    @rule(job=st.sampled_from(JOBS))
    def a_schedule_falls_due(self, job: Job) -> None:
        """By the time as it is: a schedule is dated by those that claim it."""
        own = Schedule.objects.filter(account=self.account, job=job)
        own.update(
            active=True,
            next_due=self.time.moment - timedelta(seconds=1),
            every=timedelta(days=3000),
        )
        self.books.asked.append(Asked(0, job, (), self.books.next()))

    # --- Causes that go --------------------------------------------------------------------------

    @rule(ticks=st.integers(0, 2))
    def the_shop_changes_and_it_is_sent_by_another_run(self, ticks: int) -> None:
        OfferChange.objects.create(account=self.account, offer_pk="1", at=self.time.moment)
        jobs.request(self.account, Job.CHANGES, started_by=Starter.SHOP)
        for _ in range(ticks):
            self._tick()
        OfferChange.objects.filter(account=self.account).delete()

    @rule(by_key=st.booleans())
    def imports_are_switched_off_and_on(self, by_key: bool) -> None:
        started = Starter.CRON_KEY if by_key else Starter.COMMAND
        run = jobs.request(self.account, Job.IMPORT_ORDERS, started_by=started)
        alone = run.started_by == Starter.CRON_KEY
        SellerAccount.objects.filter(pk=self.account.pk).update(import_orders=False)
        before = len(self.books.done)
        self._tick()
        SellerAccount.objects.filter(pk=self.account.pk).update(import_orders=True)
        imported = any(one.run == run.pk for one in self.books.done[before:])
        assert not (alone and imported), "what nobody asked for was done though it is off"
        self.imports_asked.append(run.pk)

    @rule(ticks=st.integers(1, 3))
    def staff_deactivate_it_for_long(self, ticks: int) -> None:
        self.account.move(AccountState.DISCONNECTED, state_reason="", deactivated=True)
        for _ in range(ticks):
            self.time.sleep(2 * 3600)
            self._tick()
        self.account.move(AccountState.OBSERVING, state_reason="")

    # --- At rest ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "imports_asked"):
            return
        self.time.off = timedelta(0)
        housekeeping.keep_house()
        super().teardown()
        ahead = Schedule.objects.filter(last_started__gt=self.time.moment + timedelta(hours=1))
        assert not ahead.filter(account=self.account), "it is not due before a clock's day"
        runs = {run.pk: run for run in SyncRun.objects.filter(account=self.account)}
        done = {one.run for one in self.books.done}
        for pk in self.imports_asked:
            assert pk in done or runs[pk].reason_code in CALLED_OFF, runs[pk].reason


@pytest.mark.django_db
@pytest.mark.any_database
def test_what_is_asked_for_is_done_once_by_hosts_whose_clocks_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = Hosts(datetime(2026, 11, 30, 8, tzinfo=UTC))
    current: list[Runs] = []

    class Machine(Runs):
        def __init__(self) -> None:
            super().__init__()
            self.time = time
            current[:] = [self]

    for job in (*JOBS, Job.IMPORT_ORDERS, Job.CHANGES):
        monkeypatch.setitem(jobs.JOB_FUNCTIONS, job, lambda work: current[0].does(work))
    with clock.stood_in_for(time, seed=1), patch("django.utils.timezone.now", time.now):
        run_state_machine_as_test(
            Machine,
            settings=settings(
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                max_examples=examples(12),
                stateful_step_count=14,
                suppress_health_check=list(HealthCheck),
            ),
        )
