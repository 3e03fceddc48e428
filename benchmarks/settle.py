"""Settling feeds of 25,000 messages each, against reading the same processing reports.

Ours fetches each report, reads it, and makes what Amazon says of every message the state of its
listing, with a line of the run for each. The reports are held against the gateway reading them
from the same files, which keeps nothing of what it reads. Amazon's two answers come from files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from unittest.mock import patch

import orjson
from django.db import connection
from django.utils import timezone

from benchmarks.catalogue import VALUES, as_json, fill, insert, price_of, stock_of
from benchmarks.ground import (
    GERMANY,
    QUICK,
    SIZES,
    Ratio,
    alternately,
    drop_database,
    in_child,
    make_database,
    working,
)
from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import FeedFacts, SubmissionContent
from django_amazon_sync.models import (
    Job,
    Listing,
    Marketplace,
    RunLine,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.sync.export.settle_feeds import settle

AIM = 2.0
MESSAGES = 25_000


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        with TemporaryDirectory() as folder:
            yield at_size(size, rounds, Path(folder))


def at_size(size: int, rounds: int, folder: Path) -> Ratio:
    in_child(make_database)
    try:
        in_child(fill, size)
        in_child(write_reports, size, folder)
        ours, plain, memory = in_child(times, size, folder, rounds)
    finally:
        in_child(drop_database)
    feeds = -(-size // MESSAGES)
    what = f"settling {feeds} feeds of {min(size, MESSAGES):,} messages / reading their reports"
    return Ratio(what, ours, plain, AIM, memory)


def times(size: int, folder: Path, rounds: int) -> tuple[float, float, float]:
    return alternately(
        partial(settle_all, folder), partial(read_all, folder), rounds, partial(send_feeds, size)
    )


def settle_all(folder: Path) -> None:
    def get_feed(client: object, feed_id: str) -> FeedFacts:
        return FeedFacts(feed_id, "DONE", report_document=feed_id)

    def fetch(client: object, document_id: str, into: BinaryIO) -> None:
        with (folder / document_id).open("rb") as file:
            shutil.copyfileobj(file, into)

    with (
        patch.object(Client, "now", lambda client: timezone.now()),
        patch.object(gateway, "get_feed", get_feed),
        patch.object(gateway, "fetch_processing_report", fetch),
        working(Job.SETTLE) as work,
    ):
        settle(work)
    assert not Submission.objects.exclude(state=SubmissionState.DONE).exists()
    assert not SubmissionItem.objects.filter(settled=False).exists()


def read_all(folder: Path) -> None:
    for report in folder.iterdir():
        with report.open("rb") as file:
            gateway.read_processing_report(file, lambda facts: None)


# --- Amazon's reports ---------------------------------------------------------------------------


def write_reports(size: int, folder: Path) -> None:
    """A processing report of each feed, all of whose messages were accepted and are live."""
    for number, numbers in feeds_of(size):
        report = {
            "header": {"sellerId": "A0BENCHMARK", "version": "2.0", "feedId": str(number)},
            "issues": [],
            "summary": {
                "errors": 0,
                "warnings": 0,
                "messagesProcessed": len(numbers),
                "messagesAccepted": len(numbers),
                "messagesInvalid": 0,
            },
            "items": [item(number) for number in numbers],
        }
        (folder / str(number)).write_bytes(orjson.dumps(report))


def item(number: int) -> dict[str, Any]:
    """What Amazon shows of one listing, as the example of its schema has it."""
    return {
        "sku": f"SKU-{number}",
        "summaries": [
            {
                "marketplaceId": GERMANY,
                "asin": f"B{100000000 + number}",
                "productType": "DRINKING_CUP",
                "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"],
                "itemName": f"Mug number {number} of a long series, glazed by hand",
                "createdDate": "2024-03-01T12:00:00Z",
                "lastUpdatedDate": "2026-03-01T12:00:00Z",
                "mainImage": {
                    "link": f"https://m.media-amazon.com/images/I/{number}.jpg",
                    "height": 500,
                    "width": 500,
                },
            }
        ],
        "issues": [],
        "offers": [
            {
                "marketplaceId": GERMANY,
                "offerType": "B2C",
                "price": {"currencyCode": "EUR", "amount": price_of(number)},
            }
        ],
        "fulfillmentAvailability": [
            {"fulfillmentChannelCode": "DEFAULT", "quantity": stock_of(number)}
        ],
    }


# --- Our side of the feeds ----------------------------------------------------------------------


def feeds_of(size: int) -> Iterator[tuple[int, range]]:
    """Each feed's number and those of its listings."""
    for number, first in enumerate(range(1, size + 1, MESSAGES), 1):
        yield number, range(first, min(first + MESSAGES, size + 1))


def send_feeds(size: int) -> None:
    """Feeds on their way that carry price and quantity of every listing, and no others."""
    RunLine.objects.all().delete()
    Submission.objects.all().delete()
    Listing.objects.update(believed={}, verified={}, answered={}, prices=[])
    only = Marketplace.objects.select_related("account").get()
    now = timezone.now() - timedelta(hours=1)
    for number, numbers in feeds_of(size):
        feed = Submission.objects.create(
            account=only.account,
            marketplace=only,
            kind=Submission.Kind.FEED,
            state=SubmissionState.SENT,
            amazon_id=str(number),
            content=SubmissionContent(messages=len(numbers)),
            sent_at=now,
            not_before=now,
        )
        insert(
            SubmissionItem,
            numbers,
            submission_id=str(feed.pk),
            listing_id="n",
            values=f"({VALUES}){as_json()}",
            quantity_version="0",
            look="0",
            moves="''",
            message_id=f"n - {numbers.start - 1}",
            settled="false",
            reckoning=f"'{{}}'{as_json()}",
            causes=f"'{{}}'{as_json()}",
            live=f"'{{}}'{as_json()}",
            refused="''",
            order_number="''",
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
