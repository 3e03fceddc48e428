"""The limiter under Amazon's true plans: all that they permit, and no more.

Workers, network and Amazon are played on simulated time; the stores are the real ones. What they
do when several workers ask at the same moment is tried in real time.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from django.db import connections

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import limits
from django_amazon_sync.amazon.limits import PLANS, BucketStore, Limiter, MemoryBuckets, Plan
from django_amazon_sync.models import RateBucket
from django_amazon_sync.sync.accounts.tokens_and_buckets import DatabaseBuckets, RedisBuckets
from tests.clocks import StandIn
from tests.faults.racing import at_once, needs_postgresql

NOW = 1_790_000_000.0
WORKERS, ACCOUNTS = 8, 20
#: How many calls come back in the time of a test. createFeed begins with three at once instead of
#: fifteen, as five in five minutes are the most that Amazon takes of listings feeds.
CALLS = {"patchListingsItem": 150, "getOrder": 60, "createFeed": 260, "getInventorySummaries": 80}

#: Seconds that a request is on its way to Amazon, and that a worker is busy with it in all.
WAY, BUSY = (0.005, 0.1), (0.02, 0.06)


def redis_url() -> str:
    url: str = conf.get("REDIS_URL")
    if not url:
        pytest.skip("Needs Redis (REDIS_URL).")
    return url


def redis_buckets() -> RedisBuckets:
    return RedisBuckets(redis_url())


STORES: dict[str, Callable[[], BucketStore]] = {
    "memory": MemoryBuckets,
    "database": DatabaseBuckets,
    "redis": redis_buckets,
}


# --- All that the plans permit -------------------------------------------------------------------


@contextmanager
def standing_at(now: float) -> Iterator[None]:
    """The clock of hosts and stores stands at this second."""
    with clock.stood_in_for(StandIn(datetime.fromtimestamp(now, UTC)), seed=1):
        yield


@dataclass
class Amazon:
    """The reference: one bucket of the true plan for each account, filled as time goes."""

    plan: Plan
    refused: int = 0

    def __post_init__(self) -> None:
        self._levels: dict[str, tuple[float, float]] = {}

    def ask(self, account: str, now: float) -> None:
        level, filled = self._levels.get(account, (float(self.plan.burst), now))
        level = min(float(self.plan.burst), level + (now - filled) * self.plan.rate)
        self.refused += level < 1
        self._levels[account] = (level - 1 if level >= 1 else level, now)


def work_hard(
    store: BucketStore, operation: str, seconds: float, *, way: tuple[float, float] = WAY
) -> tuple[int, Amazon]:
    """Eight workers make all calls that they are let make in this time: their number.

    Each account has two jobs that want the same calls; an idle worker takes the job that may go
    on first.
    """
    dice, name = random.Random(operation), f"{time.time()}"
    amazon = Amazon(PLANS[operation])
    accounts = {f"{name}-{number}": 0 for number in range(ACCOUNTS)}
    limiters = {account: Limiter(store, account) for account in accounts}
    jobs = [(NOW, dice.random(), account) for account in [*accounts] * 2]
    free = [NOW] * WORKERS
    arrivals: list[tuple[float, str]] = []
    heapq.heapify(jobs)
    while (now := max(jobs[0][0], free[0])) < NOW + seconds:
        _ready, order, account = heapq.heappop(jobs)
        with standing_at(now):
            wait = limiters[account].take(operation)
        if wait:
            heapq.heapreplace(free, now + 0.001)
            heapq.heappush(jobs, (now + wait, order, account))
        else:
            accounts[account] += 1
            arrivals.append((now + dice.uniform(*way), account))
            busy = dice.uniform(*BUSY)
            heapq.heapreplace(free, now + busy)
            heapq.heappush(jobs, (now + busy, order, account))
    for moment, account in sorted(arrivals):
        amazon.ask(account, moment)
    return min(accounts.values()), amazon


#: The database is slow to ask, so it is tried with a small and a large burst only.
CASES = [
    (store, operation)
    for store in STORES
    for operation in CALLS
    if store != "database" or operation in ("patchListingsItem", "getOrder")
]


@pytest.mark.django_db
@pytest.mark.parametrize(("store", "operation"), CASES)
def test_workers_get_what_the_plan_permits_and_are_never_refused(
    store: str, operation: str
) -> None:
    plan = PLANS[operation]
    seconds = CALLS[operation] / plan.rate
    taken, amazon = work_hard(STORES[store](), operation, seconds)
    assert amazon.refused == 0
    assert taken >= 0.95 * (plan.burst + plan.rate * seconds)


SLOW = (0.005, 0.2)


def test_one_call_in_hand_is_what_a_slow_way_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that overtake one another by up to a fifth of a second, at five calls a second."""
    taken, amazon = work_hard(MemoryBuckets(), "patchListingsItem", 100, way=SLOW)
    assert (amazon.refused, taken >= 0.95 * 505) == (0, True)
    monkeypatch.setattr(limits, "_our_plan", PLANS.__getitem__)
    taken, amazon = work_hard(MemoryBuckets(), "patchListingsItem", 100, way=SLOW)
    assert amazon.refused > 0


@pytest.mark.django_db
@pytest.mark.parametrize("store", STORES)
def test_a_rate_that_amazon_lowers_or_raises_is_kept_from_then_on(store: str) -> None:
    limiter = Limiter(STORES[store](), f"{time.time()}")
    operation, now, taken = "patchListingsItem", NOW, []
    for rate in (5.0, 1.0, 20.0, 2.0):
        with standing_at(now):
            limiter.learn(operation, rate)
        begin, count = now, 0
        while now < begin + 30:
            with standing_at(now):
                wait = limiter.take(operation)
            now += wait and wait + 1e-6
            count += not wait
        taken.append(count)
    assert taken == [pytest.approx(calls, abs=5) for calls in (154, 30, 600, 60)]


@pytest.mark.django_db
def test_a_rate_that_is_known_costs_a_worker_one_query(django_assert_num_queries: Any) -> None:
    """Each job hears it with its first answer: a row is neither locked nor written for it."""
    key = f"{time.time()}"
    Limiter(DatabaseBuckets(), key).take("patchListingsItem")
    Limiter(DatabaseBuckets(), key).learn("patchListingsItem", 2.0)
    before = RateBucket.objects.values().get()
    assert before["rate"] == 2.0
    with django_assert_num_queries(1):
        Limiter(DatabaseBuckets(), key).learn("patchListingsItem", 2.0)
    assert RateBucket.objects.values().get() == before


# --- Several at the same moment ------------------------------------------------------------------

#: Nothing is given back in the time of a test: what was taken can be counted exactly.
ONCE = Plan(0.0001, 60)


def ask_often(store: BucketStore, key: str, taken: list[float]) -> None:
    """Ask again and again without waiting, as no worker would."""
    for _turn in range(25):
        wait = store.take(key, ONCE)
        if wait == 0:
            taken.append(wait)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("store", [MemoryBuckets, DatabaseBuckets, redis_buckets])
def test_threads_take_exactly_what_is_permitted(store: Callable[[], BucketStore]) -> None:
    shared, key = store(), f"threads {time.time()}"
    taken: list[float] = []
    if isinstance(shared, DatabaseBuckets):
        needs_postgresql()
    assert at_once(*[partial(ask_often, shared, key, taken)] * 8) == []
    assert len(taken) == ONCE.burst


# --- Hosts whose clocks differ -------------------------------------------------------------------


class HostsApart(StandIn):
    """The stores' clock, and that of the host whose turn it is."""

    apart = timedelta(0)

    def now(self) -> datetime:
        return self.moment + self.apart


@pytest.mark.django_db
@pytest.mark.parametrize("store", ["database", "redis"])
@pytest.mark.parametrize("apart", [0, 4, 8, 3600])
def test_hosts_apart_keep_the_plan_and_none_starves(store: str, apart: int) -> None:
    plan, seconds = PLANS["patchListingsItem"], 30.0
    hosts = [timedelta(0), timedelta(seconds=-apart)]
    limiter = Limiter(STORES[store](), f"apart {time.time()}")
    moment, dice = HostsApart(datetime.fromtimestamp(NOW, UTC)), random.Random(apart)
    amazon, taken, patience = Amazon(plan), [0, 0], 0.0
    ready = [(NOW, 0), (NOW, 1)]
    with clock.stood_in_for(moment, seed=1):
        while (now := min(ready)[0]) < NOW + seconds:
            _now, host = heapq.heappop(ready)
            moment.moment = datetime.fromtimestamp(now, UTC)
            moment.apart = hosts[host]
            wait = limiter.take("patchListingsItem")
            patience = max(patience, wait)
            if not wait:
                taken[host] += 1
                amazon.ask("one", now)
            heapq.heappush(ready, (now + (wait or dice.uniform(*BUSY)), host))
    assert amazon.refused == 0
    assert sum(taken) >= 0.95 * (plan.burst + plan.rate * seconds)
    assert min(taken) > 0.3 * sum(taken)
    assert patience < 1, "a client waits for three seconds at most"


class ShiftedHost(clock.HostClock):
    """A host whose clock is some seconds off."""

    def __init__(self, off: float) -> None:
        self._off = timedelta(seconds=off)

    def now(self) -> datetime:
        return super().now() + self._off


#: As many calls a second as a test has the patience for.
FAST = Plan(40, 10)


def in_a_process(store: Callable[[], BucketStore], key: str, off: float, until: float) -> int:
    """A process on a host whose clock is off takes what it may; how many calls those were."""
    connections.close_all()
    shared, taken = store(), 0
    with clock.stood_in_for(ShiftedHost(off), seed=1):
        while time.time() < until:
            taken += shared.take(key, FAST) == 0
            time.sleep(0.001)
    connections.close_all()
    return taken


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("store", [DatabaseBuckets, redis_buckets])
def test_two_processes_eight_seconds_apart(store: Callable[[], BucketStore]) -> None:
    if store is DatabaseBuckets:
        needs_postgresql()
    else:
        redis_url()
    key, seconds = f"processes {time.time()}", 2.0
    connections.close_all()
    began = time.time()
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        until = began + seconds
        asked = [pool.submit(in_a_process, store, key, off, until) for off in (0.0, -8.0)]
        first, second = (one.result(timeout=60) for one in asked)
    lasted = time.time() - began  # a call that was asked for in time may be given late
    assert first + second <= FAST.burst + FAST.rate * lasted + 1
    assert min(first, second) > 0.2 * (first + second)
