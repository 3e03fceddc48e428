"""What has to hold in a shop with forked apps; run by tests/shops/test_forked.py."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from oscar.core.loading import get_model

from django_amazon_sync.data import Choices, Money, ShipmentData
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.testing.shop_contract import (
    PlacedOrder,
    Sample,
    ShopContract,
    new_line,
    new_order,
)
from tests import factories
from tests.shops.oscar_reading import read_order


class TestForkedShop(ShopContract):
    parcels = "several"

    @pytest.fixture
    def shop(self, db: None) -> OscarShop:
        factories.stock_record("MUG", in_stock=40, upc="2000000000015")
        factories.stock_record("BOWL", in_stock=400)
        return OscarShop()

    @pytest.fixture
    def sample(self) -> Sample:
        return Sample("MUG", "BOWL", "2000000000015", "", "warehouse", "attic")

    def add_offers(self, count: int) -> None:
        for _ in range(count):
            factories.stock_record()

    def read_order(self, pk: str) -> PlacedOrder:
        return read_order(pk)

    def send_parcel(self, pk: str, items: Mapping[str, int], tracking: str) -> None:
        factories.shipping_event(pk, dict(items), f"Carrier: DHL / Tracking: {tracking}")

    def correct_parcel(self, parcel: ShipmentData, tracking: str) -> None:
        event = get_model("order", "ShippingEvent").objects.get(pk=parcel.pk)
        event.notes = event.notes.replace(parcel.tracking, tracking)
        event.save()

    def test_the_shops_own_classes_are_at_work(self, shop: OscarShop) -> None:
        offer = shop.find("MUG")[0]
        assert offer.quantity == 38
        assert offer.price == Money(Decimal("12.00"), "EUR")
        assert [method.code for method in shop.menu().shipping_methods] == ["courier"]
        pk = shop.place_order(new_order(new_line("1", "MUG", 1)), Choices("courier", "amazon"))
        order_model = get_model("order", "Order")
        assert order_model.__module__ == "tests.forked.order.models"
        assert vars(order_model.objects.get(pk=pk))["desk"] == "desk 1"
