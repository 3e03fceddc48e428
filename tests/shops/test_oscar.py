"""OscarShop keeps the promises of every shop."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.contrib.auth import get_user_model
from oscar.core.loading import get_model

from django_amazon_sync.data import ShipmentData
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.testing.shop_contract import PlacedOrder, Sample, ShopContract
from tests import factories
from tests.shops.oscar_reading import read_order

pytestmark = pytest.mark.wheel


class TestOscarShop(ShopContract):
    parcels = "several"

    @pytest.fixture
    def shop(self, db: None) -> OscarShop:
        factories.stock_record("MUG", in_stock=20, upc="2000000000015")
        factories.stock_record("a/b c%2F+#,ü", in_stock=6)
        factories.stock_record("NAMEPLATE", in_stock=None, track_stock=False)
        factories.stock_record("ELSEWHERE", partner_code="attic")
        return OscarShop()

    @pytest.fixture
    def sample(self) -> Sample:
        return Sample("MUG", "a/b c%2F+#,ü", "2000000000015", "NAMEPLATE", "warehouse", "attic")

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


@pytest.mark.django_db
def test_a_partners_people_see_its_scope_and_others_all_of_the_shop() -> None:
    users = get_user_model().objects
    packer, clerk = (users.create_user(name, f"{name}@example.com") for name in ("a", "b"))
    for code in ("north", "south"):
        factories.partner(code)
    shop = OscarShop()
    assert shop.scopes_of(str(packer.pk)) is None
    factories.partner("north").users.add(packer)
    assert shop.scopes_of(str(packer.pk)) == frozenset({"north"})
    factories.partner("south").users.add(packer)
    assert shop.scopes_of(str(packer.pk)) == frozenset({"north", "south"})
    assert shop.scopes_of(str(clerk.pk)) is None
    assert shop.scopes_of("0") is None
