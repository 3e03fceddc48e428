"""The difference report with nothing changed, against reading the same rows.

Ours looks at every offer, computes what Amazon should show and compares it with what Amazon
accepted. A plain cursor reads the same columns of the same rows and does nothing with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from oscar.core.loading import get_model

from benchmarks.catalogue import fill
from benchmarks.ground import (
    QUICK,
    SIZES,
    Ratio,
    alternately,
    drop_database,
    in_child,
    make_database,
    working,
)
from django_amazon_sync.models import Job, Listing, SellerSku
from django_amazon_sync.shops.oscar.offers import COLUMNS
from django_amazon_sync.sync.export.survey import LISTING_COLUMNS, RENAMED, SKU_COLUMNS, Survey
from django_amazon_sync.sync.offers.desired import rules_of

AIM = 2.0


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        yield at_size(size, rounds)


def at_size(size: int, rounds: int) -> Ratio:
    in_child(make_database)
    try:
        in_child(fill, size)
        ours, plain, memory = in_child(times, rounds)
    finally:
        in_child(drop_database)
    return Ratio(f"diff of {size:,} listings / plain cursor", ours, plain, AIM, memory)


def times(rounds: int) -> tuple[float, float, float]:
    look_at_some()
    return alternately(look_at_all, read_all, rounds)


def look_at_all() -> None:
    with working(Job.EXPORT) as work:
        found = Survey(work, rules_of(work), orders_complete=True)
        found.look_at_all()
    listings = Listing.objects.count()
    assert (found.looked_at, dict(found.moves)) == (listings, {})
    assert not any(
        (found.unread, found.zeros, found.falls, found.changed, found.absent, found.waiting)
    )


def look_at_some() -> None:
    """Load what any run needs: the shop, the models, the connection."""
    with working(Job.EXPORT) as work:
        Survey(work, rules_of(work), orders_complete=True).look_at_some(skus=["SKU-1"])


def read_all() -> None:
    records = get_model("partner", "StockRecord").objects.order_by("pk")
    read(records.annotate(upc=F("product__upc")).values_list(*COLUMNS))
    of_sku, of_listing = (
        [RENAMED.get(name, name) for name in columns] for columns in (SKU_COLUMNS, LISTING_COLUMNS)
    )
    read(SellerSku.objects.order_by("pk").values_list(*of_sku))
    read(Listing.objects.order_by("pk").values_list("pk", "sku_id", *of_listing))


def read(rows: QuerySet[Any, Any]) -> None:
    """Fetch the rows as the database's own driver gives them."""
    statement, parameters = rows.query.sql_with_params()
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while cursor.fetchmany(2000):
            pass
