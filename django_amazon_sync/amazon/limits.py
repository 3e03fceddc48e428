"""How often Amazon may be asked: usage plans, the bucket's arithmetic, and where buckets are kept.

Amazon counts per operation and per pair of seller and application, in a bucket that holds
``burst`` calls and refills at ``rate`` calls a second (Amazon's page "Usage plans and rate
limits"). The header x-amzn-RateLimit-Limit tells a seller's own rate. Nothing here sleeps: the
answer is how long to wait.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Plan:
    """A usage plan: calls per second, and how many may come at once."""

    rate: float
    burst: int


# The table in each operation's description, in Amazon's models.
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


# Less than a microsecond is what floating point leaves of nothing.
_NOTHING = 1e-6


def take(full_at: float, plan: Plan, now: float) -> tuple[float, float]:
    """Take one call from a bucket that is full again at ``full_at``: (seconds to wait, full_at).

    The generic cell rate algorithm; times are seconds of one clock. With a wait of 0.0 the call is
    taken, otherwise the bucket is as it was. A time that this plan cannot have set was reckoned by
    another rate, or by a clock that was set back since: then the bucket starts anew as full.
    """
    interval = 1 / plan.rate
    if not now < full_at <= now + interval * plan.burst + _NOTHING:
        full_at = now
    wait = full_at - now - interval * (plan.burst - 1)
    return (wait, full_at) if wait > _NOTHING else (0.0, full_at + interval)


class BucketStore(Protocol):
    """Where buckets are kept, for one process or for all workers of a project."""

    def take(self, key: str, plan: Plan, now: float) -> float:
        """Seconds to wait before this call may be made; 0.0 when it is taken now.

        ``now`` is in seconds since the epoch. A rate that was learnt goes before the plan's.
        """
        ...

    def learn(self, key: str, rate: float) -> None:
        """Remember the rate (calls per second) that Amazon named for this bucket."""
        ...


class MemoryBuckets:
    """Buckets of this process alone, safe across its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}
        self._rates: dict[str, float] = {}

    def take(self, key: str, plan: Plan, now: float) -> float:
        with self._lock:
            plan = Plan(self._rates.get(key, plan.rate), plan.burst)
            wait, self._full_at[key] = take(self._full_at.get(key, 0.0), plan, now)
            return wait

    def learn(self, key: str, rate: float) -> None:
        with self._lock:
            self._rates[key] = rate


class Limiter:
    """The buckets of one seller account; ``account_key`` names its seller and application."""

    def __init__(self, store: BucketStore, account_key: str) -> None:
        self._store = store
        self._account_key = account_key
        self._rates: dict[str, float] = {}

    def take(self, operation: str, now: float) -> float:
        """Seconds to wait before this operation may be called; 0.0 when its call is taken now.

        One call of the burst stays in hand: calls catch up with one another on the way, and
        Amazon counts them as they arrive.
        """
        plan = PLANS[operation]
        return self._store.take(self._key(operation), Plan(plan.rate, plan.burst - 1), now)

    def learn(self, operation: str, rate: float) -> None:
        """Remember the rate that Amazon named for this operation and this seller."""
        if rate > 0 and self._rates.get(operation) != rate:
            self._rates[operation] = rate
            self._store.learn(self._key(operation), rate)

    def interval(self, operation: str) -> float:
        """Seconds in which the operation's bucket wins back one call."""
        return 1 / self._rates.get(operation, PLANS[operation].rate)

    def _key(self, operation: str) -> str:
        return f"{self._account_key}:{operation}"
