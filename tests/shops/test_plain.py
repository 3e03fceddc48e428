"""Shops of plain models keep the promises of every shop: one with all columns, one with few."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import pytest
from django.utils import timezone

from django_amazon_sync.data import Money, ShipmentData
from django_amazon_sync.testing.shop_contract import PlacedLine, PlacedOrder, Sample, ShopContract
from tests.plainshop.models import (
    Carrier,
    Item,
    Order,
    OrderLine,
    Parcel,
    SoldThing,
    Thing,
    Vendor,
)
from tests.shops.plain import BareShop, ParcelShop, RichShop

pytestmark = pytest.mark.wheel


def stock() -> None:
    """What both rich shops sell."""
    bath, kitchen = (Vendor.objects.create(code=code) for code in ("bath", "kitchen"))
    Item.objects.create(
        code="soap", name="Soap", price="4.50", on_hand=20, barcode="2000000000015", vendor=bath
    )
    Item.objects.create(code="brush/2", name="Brush", price="9.90", on_hand=6, vendor=bath)
    Item.objects.create(code="basket", name="Basket", price="39.00", vendor=kitchen)


class TestRichShop(ShopContract):
    parcels: Literal["one", "several"] = "one"

    @pytest.fixture
    def shop(self, db: None) -> RichShop:
        stock()
        return RichShop()

    @pytest.fixture
    def sample(self) -> Sample:
        return Sample("soap", "brush/2", "2000000000015", "basket", "bath", "kitchen")

    def add_offers(self, count: int) -> None:
        vendor = Vendor.objects.get(code="bath")
        Item.objects.bulk_create(
            Item(code=f"pin-{number}", name="Pin", price=1, on_hand=1, vendor=vendor)
            for number in range(count)
        )

    def read_order(self, pk: str) -> PlacedOrder:
        order = Order.objects.get(pk=pk)
        lines = list(order.lines.order_by("pk"))
        kept = [order.customer, order.email, order.street, order.postcode, order.phone]
        return PlacedOrder(
            total=Money(order.total, order.currency),
            parts=sum((line.price for line in lines), order.postage + order.extra),
            lines=tuple(
                PlacedLine(line.amazon_id, line.sku, line.quantity, line.item_id is not None)
                for line in lines
            ),
            cancelled=order.state == Order.State.VOID,
            text="\n".join([*kept, order.remarks, *(line.greeting for line in lines)]),
            status=order.state,
        )

    def send_parcel(self, pk: str, items: Mapping[str, int], tracking: str) -> None:
        dhl, _made = Carrier.objects.get_or_create(name="DHL")
        Order.objects.filter(pk=pk).update(sent=timezone.now(), carrier=dhl, tracking=tracking)

    def correct_parcel(self, parcel: ShipmentData, tracking: str) -> None:
        Order.objects.filter(pk=parcel.pk).update(tracking=tracking)


class TestParcelShop(TestRichShop):
    parcels = "several"

    @pytest.fixture
    def shop(self, db: None) -> ParcelShop:
        stock()
        return ParcelShop()

    def send_parcel(self, pk: str, items: Mapping[str, int], tracking: str) -> None:
        dhl, _made = Carrier.objects.get_or_create(name="DHL")
        parcel = Parcel.objects.create(sent=timezone.now(), carrier=dhl, tracking=tracking)
        reference = Order.objects.get(pk=pk).reference
        for item, units in items.items():
            line = OrderLine.objects.get(order__reference=reference, amazon_id=item)
            parcel.lines.create(line=line, units=units)

    def correct_parcel(self, parcel: ShipmentData, tracking: str) -> None:
        Parcel.objects.filter(pk=parcel.pk).update(tracking=tracking)


class TestBareShop(ShopContract):
    keeps = ()

    @pytest.fixture
    def shop(self, db: None) -> BareShop:
        Thing.objects.create(sku="soap", title="Soap", price=Decimal("4.50"), stock=20)
        Thing.objects.create(sku="brush/2", title="Brush", price=Decimal("9.90"), stock=6)
        return BareShop()

    @pytest.fixture
    def sample(self) -> Sample:
        return Sample("soap", "brush/2", "")

    def add_offers(self, count: int) -> None:
        Thing.objects.bulk_create(
            Thing(sku=f"pin-{number}", title="Pin", price=1, stock=1) for number in range(count)
        )

    def read_order(self, pk: str) -> PlacedOrder:
        lines = SoldThing.objects.filter(sale_id=pk).order_by("pk")
        return PlacedOrder(
            total=None,
            parts=None,
            lines=tuple(
                PlacedLine(line.amazon_id, line.sku, line.quantity, line.thing_id is not None)
                for line in lines
            ),
            cancelled=False,
            text="",
        )
