"""Usage plans and their token buckets: one per operation and seller-application pair.

Rates and bursts are those in the operation descriptions of Amazon's models; the contract
tests compare. Buckets fill in simulated time, so a time scale of 10 is ten times the rate.
"""

from collections import defaultdict, deque
from typing import NamedTuple


class Plan(NamedTuple):
    """Requests per second, and how many may come at once."""

    rate: float
    burst: int


PLANS = {
    "getMarketplaceParticipations": Plan(0.016, 15),
    "searchListingsItems": Plan(5, 5),
    "getListingsItem": Plan(5, 10),
    "putListingsItem": Plan(5, 10),
    "patchListingsItem": Plan(5, 5),
    "deleteListingsItem": Plan(5, 5),
    "getListingsRestrictions": Plan(5, 10),
    "searchCatalogItems": Plan(2, 2),
    "getCatalogItem": Plan(2, 2),
    "searchDefinitionsProductTypes": Plan(5, 10),
    "getDefinitionsProductType": Plan(5, 10),
    "searchOrders": Plan(0.0056, 20),
    "getOrder": Plan(0.5, 30),
    "confirmShipment": Plan(2, 10),
    "createFeedDocument": Plan(0.5, 15),
    "createFeed": Plan(0.0083, 15),
    "getFeed": Plan(2, 15),
    "getFeeds": Plan(0.0222, 10),
    "cancelFeed": Plan(2, 15),
    "getFeedDocument": Plan(0.0222, 10),
    "createReport": Plan(0.0167, 15),
    "getReport": Plan(2, 15),
    "getReports": Plan(0.0222, 10),
    "cancelReport": Plan(0.0222, 10),
    "getReportDocument": Plan(0.0167, 15),
    "getInventorySummaries": Plan(2, 2),
}

WINDOWS = {"createFeed": (5, 300.0)}
"""Operation -> how many calls any so many seconds may hold, beside the plan.

Five JSON_LISTINGS_FEED in five minutes for a seller in a region
(docs/amazon.md#five-listings-feeds-in-five-minutes).
"""


class Buckets:
    """The token buckets; each starts full."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._calls: dict[tuple[str, str, str], deque[float]] = defaultdict(deque)

    def take(self, operation: str, seller_id: str, client_id: str, now: float) -> bool:
        """Take one token at a simulated time; False if the bucket is empty."""
        plan = PLANS[operation]
        key = (operation, seller_id, client_id)
        level, filled = self._levels.get(key, (float(plan.burst), now))
        level = min(float(plan.burst), level + max(0.0, now - filled) * plan.rate)
        allowed = level >= 1 and self._fits(operation, key, now)
        self._levels[key] = (level - 1 if allowed else level, now)
        return allowed

    def _fits(self, operation: str, key: tuple[str, str, str], now: float) -> bool:
        """Whether the window of an operation has room for one more call, which it then holds."""
        if operation not in WINDOWS:
            return True
        most, seconds = WINDOWS[operation]
        calls = self._calls[key]
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= most:
            return False
        calls.append(now)
        return True
