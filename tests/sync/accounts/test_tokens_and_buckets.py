"""The limiter under Amazon's true plans: all that they permit, and no more.

Workers, network and Amazon are played on simulated time; the stores are the real ones. What they
do when several workers ask at the same moment is tried in real time.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from django_amazon_sync import conf
from django_amazon_sync.amazon import limits
from django_amazon_sync.amazon.limits import PLANS, BucketStore, Limiter, MemoryBuckets, Plan
from django_amazon_sync.sync.accounts.tokens_and_buckets import DatabaseBuckets, RedisBuckets
from tests.faults.racing import at_once, needs_postgresql

NOW = 1_790_000_000.0
WORKERS, ACCOUNTS = 8, 20
#: How many calls come back in the time of a test. createFeed begins with three at once instead of
#: fifteen, as five in five minutes are the most that Amazon takes of listings feeds.
CALLS = {"patchListingsItem": 150, "getOrder": 60, "createFeed": 260, "getInventorySummaries": 80}

#: Seconds that a request is on its way to Amazon, and that a worker is busy with it in all.
WAY, BUSY = (0.005, 0.1), (0.02, 0.06)


class SimulatedRedis(RedisBuckets):
    """Redis, whose scripts are told the time."""

    _NOW = "local now = tonumber(ARGV[#ARGV])\n"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._told = 0.0
        for name in ("_take", "_learn"):
            setattr(self, name, self._telling(getattr(self, name)))

    def _telling(self, script: Any) -> Callable[..., Any]:
        return lambda keys, args: script(keys=keys, args=[*args, repr(self._told)])

    def take(self, key: str, plan: Plan, now: float) -> float:
        self._told = now
        return super().take(key, plan, now)

    def learn(self, key: str, plan: Plan, rate: float, now: float) -> None:
        self._told = now
        super().learn(key, plan, rate, now)


def redis_url() -> str:
    url: str = conf.get("REDIS_URL")
    if not url:
        pytest.skip("Needs Redis (REDIS_URL).")
    return url


STORES: dict[str, Callable[[], BucketStore]] = {
    "memory": MemoryBuckets,
    "database": DatabaseBuckets,
    "redis": lambda: SimulatedRedis(redis_url()),
}


# --- All that the plans permit -------------------------------------------------------------------


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
        if wait := limiters[account].take(operation, now):
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
        limiter.learn(operation, rate, now)
        begin, count = now, 0
        while now < begin + 30:
            if wait := limiter.take(operation, now):
                now += wait
            else:
                count += 1
        taken.append(count)
    assert taken == [pytest.approx(calls, abs=5) for calls in (154, 30, 600, 60)]


# --- Several at the same moment ------------------------------------------------------------------

#: As many calls a second as a test has the patience for.
FAST = Plan(40, 10)


def ask_hard(store: BucketStore, key: str, seconds: float, taken: list[float]) -> None:
    """Ask without waiting, as no worker would, for so long."""
    while (now := time.time()) < seconds:
        if store.take(key, FAST, now) == 0:
            taken.append(now)
        time.sleep(0.001)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "store", [MemoryBuckets, DatabaseBuckets, lambda: RedisBuckets(redis_url())]
)
def test_threads_take_exactly_what_is_permitted(store: Callable[[], BucketStore]) -> None:
    shared, key, seconds = store(), f"threads {time.time()}", 1.5
    taken: list[float] = []
    if isinstance(shared, DatabaseBuckets):
        needs_postgresql()
    began = time.time()
    acts = [partial(ask_hard, shared, key, began + seconds, taken)] * 8
    assert at_once(*acts) == []
    assert exactly_permitted(taken, began, seconds)


def exactly_permitted(taken: list[float], began: float, seconds: float) -> bool:
    permitted = FAST.burst + FAST.rate * seconds
    return permitted - 3 <= len(taken) <= permitted + 1
