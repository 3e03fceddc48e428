"""The two plain shops behind the port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import F, Q

from django_amazon_sync.shops.model_shop import (
    LineFields,
    ModelShop,
    OrderFields,
    ParcelFields,
    ProductFields,
)


class RichShop(ModelShop):
    """Keeps everything."""

    product = ProductFields(
        "plainshop.Item",
        sku="code",
        title="name",
        price="price",
        currency="currency",
        price_includes_tax=True,
        stock="on_hand",
        identifiers={"ean": "barcode", "gtin": "number"},
        on_sale="active",
        scope="vendor__code",
        url="/{vendor__code}/{code}/",
        category="department",
        made={"source": "Amazon"},
    )
    order = OrderFields(
        "plainshop.Order",
        number="reference",
        currency="currency",
        total="total",
        shipping="postage",
        other="extra",
        placed_at="ordered",
        status="state",
        cancelled="void",
        shipping_method="delivery",
        payment_method="payment",
        name="customer",
        email="email",
        address={
            "line1": "street",
            "postcode": "postcode",
            "city": "city",
            "country": "country",
            "phone": "phone",
        },
        notes="remarks",
        shipped_at="sent",
        carrier="carrier__name",
        tracking="tracking",
        customer="account",
        tax_collected_by="tax_by",
        fixed={"source": "amazon"},
    )
    line = LineFields(
        "plainshop.OrderLine",
        order="order",
        product="item",
        item_id="amazon_id",
        sku="sku",
        quantity="quantity",
        taken="taken",
        title="name",
        unit_price="unit_price",
        total="price",
        gift_message="greeting",
        tax_collected_by="tax_by",
    )


class ParcelShop(RichShop):
    """Sends an order in as many parcels as it likes."""

    parcel = ParcelFields(
        "plainshop.ParcelLine",
        parcel="parcel",
        line="line",
        quantity="units",
        shipped_at="parcel__sent",
        carrier="parcel__carrier__name",
        tracking="parcel__tracking",
    )


class BareShop(ModelShop):
    """Keeps what it must."""

    product = ProductFields(
        "plainshop.Thing", sku="sku", title="title", price="price", currency="EUR", stock="stock"
    )
    order = OrderFields("plainshop.Sale", number="number")
    line = LineFields(
        "plainshop.SoldThing",
        order="sale",
        product="thing",
        item_id="amazon_id",
        sku="sku",
        quantity="quantity",
        taken="taken",
    )


class VisibleShop(RichShop):
    """What is sold is said by the shop's own query."""

    product = replace(RichShop.product, on_sale="visible", price="double", scope="")

    def products(self, scope: str = "") -> Any:
        products = super().products(scope).exclude(code="secret")
        return products.annotate(visible=Q(active=True, on_hand__gt=0), double=F("price") * 2)
