"""How often Amazon may be asked: usage plans, the bucket's arithmetic, and where buckets are kept.

Amazon counts per operation and per pair of seller and application, in a bucket that holds
``burst`` calls and refills at ``rate`` calls a second
(docs/amazon.md#one-bucket-for-an-operation-and-a-seller). The header x-amzn-RateLimit-Limit tells a
seller's own rate. Nothing here sleeps: the answer is how long to wait.

A store goes by its own clock, as hosts' clocks differ; only spans of time leave it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django_amazon_sync import clock


@dataclass(frozen=True, slots=True)
class Plan:
    """A usage plan: calls per second, and how many may come at once."""

    rate: float
    burst: int


# The table in each operation's description, in Amazon's models (docs/amazon.md#published-plans).
PLANS: dict[str, Plan] = {
    "searchOrders": Plan(0.0056, 20),
    "getOrder": Plan(0.5, 30),
    "confirmShipment": Plan(2, 10),
    "getListingsItem": Plan(5, 10),
    "putListingsItem": Plan(5, 10),
    "patchListingsItem": Plan(5, 5),
    "deleteListingsItem": Plan(5, 5),
    "searchListingsItems": Plan(5, 5),
    "getListingsRestrictions": Plan(5, 10),
    "getMarketplaceParticipations": Plan(0.016, 15),
    "searchDefinitionsProductTypes": Plan(5, 10),
    "getDefinitionsProductType": Plan(5, 10),
    "searchCatalogItems": Plan(2, 2),
    "getCatalogItem": Plan(2, 2),
    "getInventorySummaries": Plan(2, 2),
    "createFeed": Plan(0.0083, 15),
    "createFeedDocument": Plan(0.5, 15),
    "getFeed": Plan(2, 15),
    "getFeeds": Plan(0.0222, 10),
    "cancelFeed": Plan(2, 15),
    "getFeedDocument": Plan(0.0222, 10),
    "createReport": Plan(0.0167, 15),
    "getReport": Plan(2, 15),
    "getReportDocument": Plan(0.0167, 15),
}


#: How many calls of a burst stay in hand, where it is more than one. Of listings feeds Amazon takes
#: five in five minutes, in which two more calls come back
#: (docs/amazon.md#five-listings-feeds-in-five-minutes).
IN_HAND = {"createFeed": 12}

# What floating point leaves of nothing, in seconds: a time of today is exact to a quarter of a
# microsecond.
_NOTHING = 1e-5

#: Seconds by which a worker's moment may be older than another's, as it waited for the bucket.
CLOCKS = 5.0

#: A rate that Amazon names is believed between these times the plan's: an odd header neither lets
#: calls go without end nor stops an operation for years.
SLOWEST, FASTEST = 0.1, 100.0


def take(full_at: float, plan: Plan, now: float) -> tuple[float, float]:
    """Take one call from a bucket that is full again at ``full_at``: (seconds to wait, full_at).

    The generic cell rate algorithm; times are seconds of one clock. With a wait of 0.0 the call is
    taken, otherwise the bucket is as it was. A time that this plan cannot have set is from before
    the clock was set back: then the bucket starts again as full. Workers ask with times that are a
    little apart and out of order; such a time is not a reason to start again.
    """
    interval = 1 / plan.rate
    if not now < full_at <= now + interval * plan.burst + CLOCKS:
        full_at = now
    wait = full_at - now - interval * (plan.burst - 1)
    return (wait, full_at) if wait > _NOTHING else (0.0, full_at + interval)


def believed(rate: float, plan: Plan) -> float | None:
    """The rate to go by after Amazon named this one; None where it is no rate at all."""
    if math.isnan(rate) or rate <= 0:
        return None
    return min(max(rate, plan.rate * SLOWEST), plan.rate * FASTEST)


def at_new_rate(full_at: float, old: float, new: float, now: float) -> float:
    """When a bucket is full again whose rate changes: the calls that it lacks are the same."""
    return now + max(0.0, full_at - now) * old / new


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be asked of one operation now.

    ``rate`` is in calls per second, as Amazon said last or as its published plan has it;
    ``available`` calls may be made at once; the bucket is full again at ``full_at``, in seconds
    since the epoch.
    """

    operation: str
    rate: float
    available: int
    full_at: float


@dataclass(frozen=True, slots=True)
class Level:
    """What a store knows of a bucket: in how many seconds it is full again, and the rate that was
    learnt."""

    full_in: float = 0.0
    rate: float | None = None


class BucketStore(Protocol):
    """Where buckets are kept, for one process or for all workers of a project."""

    def take(self, key: str, plan: Plan) -> float:
        """Seconds to wait before this call may be made; 0.0 when it is taken now.

        A rate that was learnt goes before the plan's.
        """
        ...

    def learn(self, key: str, plan: Plan, rate: float) -> None:
        """Remember the rate (calls per second) that Amazon named for this bucket."""
        ...

    def peek(self, keys: Iterable[str]) -> Mapping[str, Level]:
        """How these buckets stand; one that was never used is missing. Nothing is taken."""
        ...


class MemoryBuckets:
    """Buckets of this process alone, safe across its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float | None]] = {}

    def take(self, key: str, plan: Plan) -> float:
        with self._lock:
            full_at, rate = self._buckets.get(key, (0.0, None))
            wait, full_at = take(full_at, Plan(rate or plan.rate, plan.burst), clock.timestamp())
            self._buckets[key] = full_at, rate
            return wait

    def learn(self, key: str, plan: Plan, rate: float) -> None:
        with self._lock:
            full_at, before = self._buckets.get(key, (0.0, None))
            full_at = at_new_rate(full_at, before or plan.rate, rate, clock.timestamp())
            self._buckets[key] = full_at, rate

    def peek(self, keys: Iterable[str]) -> Mapping[str, Level]:
        with self._lock:
            now, found = clock.timestamp(), [key for key in keys if key in self._buckets]
            return {key: level_of(*self._buckets[key], now) for key in found}


def level_of(full_at: float, rate: float | None, now: float) -> Level:
    """The level of a bucket that is full again at ``full_at``; both are of the store's clock."""
    return Level(max(0.0, full_at - now), rate)


class Limiter:
    """The buckets of one seller account; ``account_key`` names its seller and application."""

    def __init__(self, store: BucketStore, account_key: str) -> None:
        self._store = store
        self._account_key = account_key
        self._rates: dict[str, float] = {}

    def take(self, operation: str) -> float:
        """Seconds to wait before this operation may be called; 0.0 when its call is taken now."""
        return self._store.take(self._key(operation), _our_plan(operation))

    def learn(self, operation: str, named: float) -> None:
        """Remember the rate that Amazon named for this operation and this seller."""
        rate = believed(named, PLANS[operation])
        if rate is not None and self._rates.get(operation) != rate:
            self._rates[operation] = rate
            self._store.learn(self._key(operation), _our_plan(operation), rate)

    def interval(self, operation: str) -> float:
        """Seconds in which the operation's bucket wins back one call."""
        return 1 / self._rates.get(operation, PLANS[operation].rate)

    def budgets(self, operations: Iterable[str], now: float) -> list[Budget]:
        """What may be asked of each operation now, which is ``now`` by the asking host's clock."""
        found = budgets(self._store, [self._account_key], list(operations), now)
        return found[self._account_key]

    def _key(self, operation: str) -> str:
        return _bucket(self._account_key, operation)


def budgets(
    store: BucketStore, account_keys: Iterable[str], operations: Sequence[str], now: float
) -> dict[str, list[Budget]]:
    """What may be asked of each operation now, for each account key; the store is asked once.

    ``now``, from which the budgets count, is by the asking host's clock, in seconds since 1970.
    """
    keys = list(account_keys)
    levels = store.peek(_bucket(key, operation) for key in keys for operation in operations)
    return {
        key: [
            _budget(operation, levels.get(_bucket(key, operation), Level()), now)
            for operation in operations
        ]
        for key in keys
    }


def _bucket(account_key: str, operation: str) -> str:
    return f"{account_key}:{operation}"


def _our_plan(operation: str) -> Plan:
    """The plan that we keep to: Amazon's, with one call of the burst or more in hand.

    Calls catch up with one another on the way, and Amazon counts them as they arrive.
    """
    plan = PLANS[operation]
    return Plan(plan.rate, plan.burst - IN_HAND.get(operation, 1))


def room_at(budget: Budget, calls: int) -> float:
    """When so many calls may be made at once, in seconds since the epoch."""
    return budget.full_at - (_our_plan(budget.operation).burst - calls) / budget.rate


def _budget(operation: str, level: Level, now: float) -> Budget:
    plan = _our_plan(operation)
    rate = level.rate or plan.rate
    lacking = min(level.full_in * rate, plan.burst)
    available = math.floor(plan.burst - lacking + _NOTHING * rate)
    return Budget(operation, rate, available, now + level.full_in)
