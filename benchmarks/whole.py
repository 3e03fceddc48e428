"""The whole way of a catalogue, against what a seller would write for himself.

Ours brings in the report of what is on Amazon, finds that every price differs, sends them all by
feed, and settles the feed. The other is a loop with ``python-amazon-sp-api``: the same report, an
``update_or_create`` for each SKU, and one patch for each. Both against a simulated Amazon, a
process of its own, that limits nothing.
"""

from __future__ import annotations

import csv
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.utils import timezone
from oscar.core.loading import get_model
from sp_api.api import ListingsItems, Reports
from sp_api.auth.access_token_client import AccessTokenClient

from benchmarks.calls import connected
from benchmarks.catalogue import fill, price_of, stock_of
from benchmarks.ground import GERMANY, Ratio, drop_database, in_child, make_database, seconds
from django_amazon_sync.data import Money
from django_amazon_sync.models import (
    Job,
    Listing,
    RunState,
    SellerAccount,
    SellerSku,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.simulator import Seller, Simulator
from django_amazon_sync.testing.simulator.control import SimulatorControl
from tests.patches import price_patch

AIM = 0.1
LISTINGS_REPORT = "GET_MERCHANT_LISTINGS_ALL_DATA"


def measure(*, quick: bool) -> Iterator[Ratio]:
    yield at_size(300 if quick else 3000)


def at_size(size: int) -> Ratio:
    taken = {}
    for way in (ours, a_loop):
        in_child(make_database)
        try:
            taken[way] = in_child(time_of, way, size)
        finally:
            in_child(drop_database)
    what = f"{size:,} SKUs from report to settled feed / a loop with python-amazon-sp-api"
    return Ratio(what, taken[ours], taken[a_loop], AIM)


def time_of(way: Callable[[SimulatorControl, Seller], None], size: int) -> float:
    """A shop of so many products whose prices differ from those on Amazon, synchronised once."""
    with amazon(size) as (endpoint, lwa_endpoint, seller):
        settings.AMAZON_SYNC |= {
            "ENDPOINT": endpoint,
            "LWA_ENDPOINT": lwa_endpoint,
            "FEED_THRESHOLD": 100,
            "RUN_MOVE_COUNT": size,
        }
        connected(seller)
        SellerAccount.objects.update(import_orders=False)
        fill(size)
        Listing.objects.all().delete()
        SellerSku.objects.all().delete()
        there = SimulatorControl(endpoint)
        taken = seconds(lambda: way(there, seller))
        there.advance(600)
        for number in (1, size // 2, size):
            live = there.live("eu", f"SKU-{number}", GERMANY)
            assert live is not None
            assert f"{live.price:.2f}" == price_of(number), (number, live.price)
        return taken


# --- Ours -----------------------------------------------------------------------------------------


def ours(there: SimulatorControl, seller: Seller) -> None:
    only = SellerAccount.objects.get()
    for job in (Job.IMPORT_LISTINGS, Job.EXPORT, Job.SETTLE):
        run = jobs.request(only, job)
        while run.state in (RunState.QUEUED, RunState.RUNNING):
            jobs.perform(run)
            there.advance(600)  # Amazon makes reports and works off feeds
            SyncRun.objects.update(not_before=None)
            Submission.objects.update(not_before=timezone.now())
            run.refresh_from_db()
        assert run.went_well, (job, run.reason)
    assert not Submission.objects.exclude(state="done").exists()
    sold = Listing.objects.exclude(sku__offer_pk="")  # Amazon has a few that the shop does not have
    assert all("price" in values for values in sold.values_list("verified", flat=True))


# --- The loop -------------------------------------------------------------------------------------


def a_loop(there: SimulatorControl, seller: Seller) -> None:
    """As the client's documentation and Django's would have it written."""
    only = SellerAccount.objects.get()
    options = credentials(there, seller)
    reports, listings = Reports(**options), ListingsItems(**options)
    for row in report_of(reports, there):
        SellerSku.objects.update_or_create(
            account=only,
            sku=row["seller-sku"],
            defaults={"asin": row["asin1"], "channel": row["fulfillment-channel"]},
        )
    for record in get_model("partner", "StockRecord").objects.all():
        assert record.price is not None
        price = Money(record.price, record.price_currency)
        answer = listings.patch_listings_item(
            seller.seller_id,
            record.partner_sku,
            marketplaceIds=[GERMANY],
            body={"productType": "PRODUCT", "patches": [price_patch(GERMANY, price)]},
        )
        status = answer.payload["status"]
        SellerSku.objects.update_or_create(
            account=only, sku=record.partner_sku, defaults={"problem": status}
        )


def report_of(reports: Reports, there: SimulatorControl) -> Iterator[dict[str, str]]:
    asked = reports.create_report(reportType=LISTINGS_REPORT, marketplaceIds=[GERMANY])
    there.advance(600)
    made = reports.get_report(asked.payload["reportId"]).payload
    document = reports.get_report_document(made["reportDocumentId"], download=True)
    yield from csv.DictReader(document.payload["document"].splitlines(), delimiter="\t")


def credentials(there: SimulatorControl, seller: Seller) -> dict[str, Any]:
    """It takes the endpoint from a marketplace, and has no other place for that of the tokens."""
    state = there.state()
    host = state["endpoint"]
    AccessTokenClient.scheme = "http://"
    AccessTokenClient.host = host.removeprefix("http://")
    return {
        "marketplace": SimpleNamespace(endpoint=host, marketplace_id=GERMANY, region="eu-west-1"),
        "credentials": {
            "lwa_app_id": seller.client_id,
            "lwa_client_secret": seller.client_secret,
            "refresh_token": seller.refresh_token,
        },
    }


# --- Amazon, in another process ------------------------------------------------------------------


@contextmanager
def amazon(size: int) -> Iterator[tuple[str, str, Seller]]:
    """A simulator with so many listings, each a euro dearer than in the shop."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, size))
    process.start()
    try:
        yield mine.recv()
    finally:
        mine.send("stop")
        process.join()


def serve(told: Connection, size: int) -> None:
    with Simulator(rate_limits=False) as simulator:
        simulator.add_listings("eu", GERMANY, map(on_amazon, range(1, size + 1)))
        told.send((simulator.regional_endpoint, simulator.lwa_endpoint, simulator.seller("eu")))
        told.recv()


def on_amazon(number: int) -> dict[str, Any]:
    euros, cents = price_of(number).split(".")
    return {
        "sku": f"SKU-{number}",
        "asin": f"B{100000000 + number}",
        "price": f"{int(euros) + 1}.{cents}",
        "quantity": stock_of(number),
        "title": f"Mug number {number} of a long series, glazed by hand",
    }
