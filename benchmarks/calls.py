"""One call of Amazon through the gateway, against a bare requests.Session, on the simulator.

Ours takes a turn from the rate limiter, asks for the access token, checks the answer, follows the
clock and the rate that Amazon names, and reads the listing: once with turns and token in memory,
once with both in the database, as the jobs share them. The bare session has its token at hand,
sends the same headers, and parses the JSON. The simulator is a process of its own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from urllib.parse import quote

import requests
from django.conf import settings

from benchmarks.ground import (
    GERMANY,
    Ratio,
    account,
    alternately,
    drop_database,
    in_child,
    make_database,
)
from django_amazon_sync.amazon.client import USER_AGENT, Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.amazon.listings import get_listing
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.accounts.tokens_and_buckets import DatabaseTokens
from django_amazon_sync.testing.simulator import Seller, Simulator

SKU = "a mug"
QUERY = {
    "marketplaceIds": GERMANY,
    "issueLocale": "en_US",
    "includedData": "summaries,attributes,issues,offers,fulfillmentAvailability,productTypes",
}


def measure(*, quick: bool) -> list[Ratio]:
    rounds, calls = (1, 100) if quick else (7, 300)
    in_child(make_database)
    try:
        return in_child(compare, rounds, calls)
    finally:
        in_child(drop_database)


def compare(rounds: int, calls: int) -> list[Ratio]:
    with amazon() as (endpoint, lwa_endpoint, seller):
        settings.AMAZON_SYNC |= {"ENDPOINT": endpoint, "LWA_ENDPOINT": lwa_endpoint}
        only = connected(seller)
        shared, token = client_for(only), DatabaseTokens(only).token()
        alone = Client(
            endpoint=endpoint,
            region=only.region,
            seller_id=only.seller_id,
            tokens=TokenAtHand(token),
            limiter=Limiter(MemoryBuckets(), "benchmark"),
        )
        bare = Bare(endpoint.replace("{region}", "eu"), only.seller_id, token)
        ratios = []
        for how, client in (("in memory", alone), ("shared in the database", shared)):
            ours, plain, _memory = alternately(
                partial(read, client, calls), partial(bare.read, calls), rounds
            )
            what = f"{calls} gateway calls, turns and token {how} / bare requests"
            ratios.append(Ratio(what, ours, plain, 1.5))
    return ratios


def read(client: Client, calls: int) -> None:
    for _call in range(calls):
        assert get_listing(client, SKU, [GERMANY]).sku == SKU


class Bare:
    """The same call with nothing around it."""

    def __init__(self, endpoint: str, seller_id: str, token: str) -> None:
        self._url = f"{endpoint}/listings/2021-08-01/items/{seller_id}/{quote(SKU)}"
        self._session = requests.Session()
        self._session.headers.update({"x-amz-access-token": token, "user-agent": USER_AGENT})

    def read(self, calls: int) -> None:
        for _call in range(calls):
            assert self._session.get(self._url, params=QUERY, timeout=30).json()["sku"] == SKU


class TokenAtHand:
    """An access token that never expires."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, scope: str = "") -> str:
        return self._token

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        return self._token


def connected(seller: Seller) -> SellerAccount:
    """The benchmarks' account with the credentials of a simulated seller."""
    only = account()
    only.application.client_id = seller.client_id
    only.application.client_secret = seller.client_secret
    only.application.save()
    only.seller_id, only.refresh_token = seller.seller_id, seller.refresh_token
    only.save()
    return only


# --- Amazon, in another process ------------------------------------------------------------------


@contextmanager
def amazon() -> Iterator[tuple[str, str, Seller]]:
    """A simulator that serves one listing: its two endpoints and its European seller."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def serve(told: Connection) -> None:
    with Simulator(rate_limits=False) as simulator:
        simulator.add_listing(
            "eu", SKU, marketplace=GERMANY, asin="B000000001", price="12.90", quantity=5
        )
        told.send((simulator.regional_endpoint, simulator.lwa_endpoint, simulator.seller("eu")))
        told.recv()
