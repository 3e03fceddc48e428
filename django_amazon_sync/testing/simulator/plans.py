"""Usage plans and their token buckets: one per operation and seller-application pair.

Rates and bursts are those in the operation descriptions of Amazon's models; the contract
tests compare. Buckets fill in simulated time, so a time scale of 10 is ten times the rate.
"""

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
}


class Buckets:
    """The token buckets; each starts full."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, operation: str, seller_id: str, client_id: str, now: float) -> bool:
        """Take one token at a simulated time; False if the bucket is empty."""
        plan = PLANS[operation]
        key = (operation, seller_id, client_id)
        level, filled = self._levels.get(key, (float(plan.burst), now))
        level = min(float(plan.burst), level + max(0.0, now - filled) * plan.rate)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        return allowed
