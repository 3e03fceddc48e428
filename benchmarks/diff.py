"""The difference report of 100,000 listings with nothing changed, against reading the same rows.

Ours looks at every offer, computes what Amazon should show and compares it with what Amazon
accepted. A plain cursor reads the same columns of the same rows and does nothing with them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from oscar.core.loading import get_model

from benchmarks.ground import (
    GERMANY,
    Ratio,
    account,
    alternately,
    drop_database,
    in_child,
    make_database,
    peak_memory,
    working,
)
from django_amazon_sync.models import Job, Listing, Marketplace, Presence, SellerAccount, SellerSku
from django_amazon_sync.shops.oscar.offers import COLUMNS
from django_amazon_sync.sync.listings_out import rules_of
from django_amazon_sync.sync.survey import LISTING_COLUMNS, SKU_COLUMNS, Survey

BATCH = 5000


def measure(*, quick: bool) -> list[Ratio]:
    """Time at the full size; memory at a tenth of it, and at the full size."""
    size = 10_000 if quick else 100_000
    in_child(make_database)
    try:
        in_child(fill, 0, size // 10)
        small = in_child(memory)
        in_child(fill, size // 10, size)
        large = in_child(memory)
        ours, plain = in_child(times, 1 if quick else 5)
    finally:
        in_child(drop_database)
    remark = (
        f"memory over idle: {small:.1f} MiB at {size // 10:,} listings, {large:.1f} MiB at {size:,}"
    )
    return [Ratio(f"diff of {size:,} listings / plain cursor", ours, plain, 3.0, remark)]


def times(rounds: int) -> tuple[float, float]:
    look_at_some()
    return alternately(look_at_all, read_all, rounds)


def memory() -> float:
    """MiB that looking at all offers takes on top of a process that has looked at one."""
    look_at_some()
    idle = peak_memory()
    look_at_all()
    return peak_memory() - idle


def look_at_all() -> None:
    with working(Job.EXPORT) as work:
        found = Survey(work, rules_of(work), orders_complete=True)
        found.look_at_all()
    listings = Listing.objects.count()
    assert (found.looked_at, found.known, found.moved) == (listings, listings, 0)
    assert not any((found.unread, found.zeros, found.changed, found.absent, found.waiting))


def look_at_some() -> None:
    """Load what any run needs: the shop, the models, the connection."""
    with working(Job.EXPORT) as work:
        Survey(work, rules_of(work), orders_complete=True).look_at_some(skus=["SKU-1"])


def read_all() -> None:
    records = get_model("partner", "StockRecord").objects.order_by("pk")
    read(records.annotate(upc=F("product__upc")).values_list(*COLUMNS))
    read(SellerSku.objects.order_by("pk").values_list(*SKU_COLUMNS))
    read(Listing.objects.order_by("pk").values_list("pk", "sku_id", *LISTING_COLUMNS))


def read(rows: QuerySet[Any, Any]) -> None:
    """Fetch the rows as the database's own driver gives them."""
    statement, parameters = rows.query.sql_with_params()
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while cursor.fetchmany(2000):
            pass


# --- The shop and its listings ----------------------------------------------------------------


def fill(start: int, end: int) -> None:
    """Offers with these numbers and their listings, all as Amazon accepted them."""
    if not SellerAccount.objects.exists():
        account()
    for first in range(start, end, BATCH):
        add(range(first, min(first + BATCH, end)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def add(numbers: range) -> None:
    """Products with a barcode, a price and stock, in step with Amazon."""
    product_model, record_model = (
        get_model("catalogue", "Product"),
        get_model("partner", "StockRecord"),
    )
    goods, _ = get_model("catalogue", "ProductClass").objects.get_or_create(name="Goods")
    partner, _ = get_model("partner", "Partner").objects.get_or_create(code="all", name="All")
    products = product_model.objects.bulk_create(
        product_model(
            title=f"Mug number {number} of a long series, glazed by hand",
            slug=f"mug-{number}",
            upc=barcode(number),
            product_class=goods,
        )
        for number in numbers
    )
    records = record_model.objects.bulk_create(
        record_model(
            product=product,
            partner=partner,
            partner_sku=f"SKU-{number}",
            price=Decimal(number % 5000 + 100) / 100,
            price_currency="EUR",
            num_in_stock=number % 50 + 1,
        )
        for number, product in zip(numbers, products, strict=True)
    )
    only, germany = SellerAccount.objects.get(), Marketplace.objects.get(code=GERMANY)
    skus = SellerSku.objects.bulk_create(
        SellerSku(
            account=only,
            sku=record.partner_sku,
            offer_pk=str(record.pk),
            channel="DEFAULT",
            managed=True,
        )
        for record in records
    )
    Listing.objects.bulk_create(
        Listing(
            sku=sku,
            marketplace=germany,
            presence=Presence.PRESENT,
            asin=f"B{record.pk:09d}",
            product_type="DRINKING_CUP",
            title=product.title,
            accepted={"price": f"{record.price:.2f} EUR", "quantity": record.num_in_stock},
            verified={"price": f"{record.price:.2f} EUR", "quantity": record.num_in_stock},
            quantity_epoch=0,
        )
        for sku, record, product in zip(skus, records, products, strict=True)
    )


def barcode(number: int) -> str:
    """An EAN-13 with its check digit."""
    digits = f"40{number:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
