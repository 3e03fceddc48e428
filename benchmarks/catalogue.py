"""A shop with so many products, and their listings, all as Amazon accepted them.

The database itself multiplies one product with all that belongs to it, which takes a minute for a
million.
"""

from __future__ import annotations

from decimal import Decimal

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model
from oscar.core.loading import get_model

from benchmarks.ground import GERMANY, account
from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import (
    Listing,
    Marketplace,
    Presence,
    SellerAccount,
    SellerSku,
)

# In SQL, for the product of number ``n``.
_SKU = "'SKU-' || n"
_TITLE = "'Mug number ' || n || ' of a long series, glazed by hand'"
_PRICE = "(n % 900 + 10) || '.' || (n % 90 + 10)"
_STOCK = "n % 50 + 20"
VALUES = f"""'{{"price": "' || {_PRICE} || ' EUR", "quantity": ' || ({_STOCK}) || '}}'"""


def price_of(number: int) -> str:
    """The price of the product of that number, in euros."""
    return f"{number % 900 + 10}.{number % 90 + 10}"


def stock_of(number: int) -> int:
    """The stock of the product of that number."""
    return number % 50 + 20


def fill(size: int) -> None:
    """Products 1 to ``size`` with a barcode, a price and stock, in step with Amazon."""
    if not SellerAccount.objects.exists():
        account()
    product, record, sku, listing = _first()
    values = f"({VALUES}){as_json()}"
    multiply(product, size, title=_TITLE, slug="'mug-' || n", upc="'' || (4000000000000 + n)")
    multiply(
        record,
        size,
        product_id="n",
        partner_sku=_SKU,
        price=f"CAST({_PRICE} AS DECIMAL(12, 2))",
        num_in_stock=_STOCK,
    )
    multiply(sku, size, sku=_SKU, offer_pk="'' || n")
    multiply(
        listing,
        size,
        sku_id="n",
        asin="'B' || (100000000 + n)",
        title=_TITLE,
        believed=values,
        verified=values,
    )
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(
            no_style(), [type(row) for row in (product, record, sku, listing)]
        ):
            cursor.execute(statement)
        cursor.execute("ANALYZE")


def _first() -> tuple[Model, Model, Model, Model]:
    """Product 1, its stock record, its SKU and its listing."""
    goods, _ = get_model("catalogue", "ProductClass").objects.get_or_create(name="Goods")
    partner, _ = get_model("partner", "Partner").objects.get_or_create(code="all", name="All")
    product = get_model("catalogue", "Product").objects.create(
        pk=1, title="Mug number 1", slug="mug-1", upc="4000000000001", product_class=goods
    )
    record = get_model("partner", "StockRecord").objects.create(
        pk=1,
        product=product,
        partner=partner,
        partner_sku="SKU-1",
        price=Decimal(price_of(1)),
        price_currency="EUR",
        num_in_stock=stock_of(1),
    )
    sku = SellerSku.objects.create(
        pk=1,
        account=SellerAccount.objects.get(),
        sku="SKU-1",
        offer_pk="1",
        channel="DEFAULT",
        managed=True,
        sold_here=True,  # as after any export
    )
    values: FieldValues = {"price": f"{price_of(1)} EUR", "quantity": stock_of(1)}
    listing = Listing.objects.create(
        pk=1,
        sku=sku,
        marketplace=Marketplace.objects.get(code=GERMANY),
        presence=Presence.PRESENT,
        asin="B100000001",
        product_type="DRINKING_CUP",
        title="Mug number 1",
        believed=values,
        verified=values,
        quantity_version=0,
    )
    return product, record, sku, listing


def multiply(one: Model, size: int, **columns: str) -> None:
    """Rows 2 to ``size`` like this one, with these columns given in SQL."""
    names = [str(field.column) for field in one._meta.concrete_fields]
    like_it = {name: f'one."{name}"' for name in names} | {"id": "n"} | columns
    insert(type(one), range(2, size + 1), f"{one._meta.db_table} one WHERE one.id = 1", **like_it)


def insert(model: type[Model], numbers: range, beside: str = "", **columns: str) -> None:
    """A row for each number ``n``, with these columns in SQL; ``beside`` is joined to them."""
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE numbers(n) AS (SELECT {numbers.start} UNION ALL "
            f"SELECT n + 1 FROM numbers WHERE n + 1 < {numbers.stop}) "
            f"INSERT INTO {model._meta.db_table} ({names}) "
            f"SELECT {', '.join(columns.values())} FROM numbers{beside and ', ' + beside}"
        )


def as_json() -> str:
    return "" if connection.vendor == "sqlite" else "::jsonb"
