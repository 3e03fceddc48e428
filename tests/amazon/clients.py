"""Clients of the gateway that ask a simulated Amazon."""

from typing import Any

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.amazon.lwa import request_token
from django_amazon_sync.testing.simulator import Simulator


class CachedTokens:
    """A seller's access token, kept until Amazon refuses it."""

    def __init__(self, amazon: Simulator, region: str) -> None:
        self._amazon, self._seller = amazon, amazon.seller(region)
        self._kept = ""

    def token(self, scope: str = "") -> str:
        return self._kept or self.refresh("")

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        self._kept = request_token(
            self._amazon.lwa_endpoint,
            client_id=self._seller.client_id,
            client_secret=self._seller.client_secret,
            refresh_token=self._seller.refresh_token,
        ).access_token
        return self._kept


def client_of(amazon: Simulator, region: str = "eu", **changed: Any) -> Client:
    usual: dict[str, Any] = {
        "endpoint": amazon.regional_endpoint,
        "region": region,
        "seller_id": amazon.seller(region).seller_id,
        "tokens": CachedTokens(amazon, region),
        "limiter": Limiter(MemoryBuckets(), region),
        "timeout": (2, 2),
    }
    return Client(**(usual | changed))
