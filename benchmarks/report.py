"""The report of all listings into empty tables, against PostgreSQL's COPY of the same rows.

Ours reads Amazon's file, checks whose it is, adopts each listing with its price and quantity, and
is free to be killed at any row. COPY gets the finished rows of both tables in its own format. Both
keep all indexes and constraints.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from unittest.mock import patch

from django.db import connection
from django.utils import timezone

from benchmarks.catalogue import price_of, stock_of
from benchmarks.ground import (
    QUICK,
    SIZES,
    Ratio,
    account,
    alternately,
    drop_database,
    in_child,
    make_database,
    working,
)
from django_amazon_sync.amazon import reports as gateway
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.models import (
    AmazonReport,
    Job,
    Listing,
    Marketplace,
    ReportState,
    SellerSku,
)
from django_amazon_sync.sync.amazon_reports.import_listings import import_listings

AIM = 3.0
TABLES = [SellerSku._meta.db_table, Listing._meta.db_table]
COLUMNS = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url "
    "item-is-marketplace product-id-type zshop-shipping-fee item-note item-condition "
    "zshop-category1 zshop-browse-path zshop-storefront-feature asin1 asin2 asin3 "
    "will-ship-internationally expedited-shipping zshop-boldface product-id "
    "bid-for-featured-placement add-delete pending-quantity fulfillment-channel "
    "merchant-shipping-group status"
).split()


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        if connection.vendor != "postgresql":
            continue  # nothing else has a COPY
        with TemporaryDirectory() as folder:
            yield at_size(size, rounds, Path(folder))


def at_size(size: int, rounds: int, folder: Path) -> Ratio:
    write_report(size, folder)
    in_child(make_database)
    try:
        in_child(account)
        in_child(take_in, folder, size)
        in_child(keep_rows, folder)
        ours, plain, memory = in_child(times, folder, size, rounds)
    finally:
        in_child(drop_database)
    what = f"listings report of {size:,} rows / COPY of the same rows"
    return Ratio(what, ours, plain, AIM, memory)


def times(folder: Path, size: int, rounds: int) -> tuple[float, float, float]:
    return alternately(partial(take_in, folder, size), partial(copy_in, folder), rounds, empty)


def take_in(folder: Path, size: int) -> None:
    def fetch(client: object, document_id: str, into: BinaryIO) -> str:
        with (folder / "report").open("rb") as file:
            shutil.copyfileobj(file, into)
        return "Cp1252"

    make_report()
    with (
        patch.object(Client, "now", lambda client: timezone.now()),
        patch.object(gateway, "fetch_report", fetch),
        working(Job.IMPORT_LISTINGS) as work,
    ):
        import_listings(work)
    assert work.run.counts["new"] == work.run.counts["adopted"] == size


def make_report() -> None:
    """A report that Amazon has just made."""
    AmazonReport.objects.all().delete()
    only = Marketplace.objects.get()
    AmazonReport.objects.create(
        account_id=only.account_id,
        marketplace=only,
        report_type=gateway.LISTINGS,
        state=ReportState.READY,
        document_id="report",
        asked_at=timezone.now(),
        made_at=timezone.now(),
    )


def write_report(size: int, folder: Path) -> None:
    with (folder / "report").open("w", encoding="cp1252", newline="") as file:
        file.write("\t".join(COLUMNS) + "\r\n")
        for number in range(1, size + 1):
            row = {
                "item-name": f"Mug number {number} of a long series, glazed by hand",
                "item-description": "A mug. It holds a quarter of a litre and can be boiled.",
                "listing-id": f"0301Z{number:06}",
                "seller-sku": f"SKU-{number}",
                "price": price_of(number),
                "quantity": str(stock_of(number)),
                "open-date": "2024-03-01 12:00:00 MET",
                "item-is-marketplace": "y",
                "product-id-type": "1",
                "item-condition": "11",
                "asin1": f"B{100000000 + number}",
                "product-id": f"B{100000000 + number}",
                "fulfillment-channel": "DEFAULT",
                "merchant-shipping-group": "Migrated Template",
                "status": "Active",
            }
            file.write("\t".join(row.get(name, "") for name in COLUMNS) + "\r\n")


# --- COPY -----------------------------------------------------------------------------------------


def keep_rows(folder: Path) -> None:
    """The rows that ours made, as COPY wants them."""
    with connection.cursor() as cursor:
        for table in TABLES:
            with (
                (folder / table).open("wb") as file,
                cursor.copy(f"COPY {table} TO STDOUT") as rows,
            ):
                for part in rows:
                    file.write(part)


def copy_in(folder: Path) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            with (
                (folder / table).open("rb") as file,
                cursor.copy(f"COPY {table} FROM STDIN") as rows,
            ):
                while part := file.read(1 << 16):
                    rows.write(part)


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        cursor.execute("VACUUM ANALYZE")
