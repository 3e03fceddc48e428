"""The rows that lists filter by and the overview counts."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.admin.common.conditions import stopped_by_shop, to_ship
from django_amazon_sync.models import AmazonOrder, OrderState, SellerSku
from django_amazon_sync.testing.factories import AmazonOrderFactory, SellerSkuFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("columns", "stopped"),
    [
        ({"problem": "No price.", "synchronise": True}, True),
        ({"problem": "No price.", "account__synchronise_all": True}, True),
        ({"problem": "No price."}, False),
        ({"problem": "No price.", "synchronise": False, "account__synchronise_all": True}, False),
        ({"problem": "", "synchronise": True}, False),
        ({"problem": "Its offer has another SKU.", "synchronise": True, "offer_pk": ""}, False),
    ],
)
def test_stopped_by_the_shop(columns: dict[str, Any], stopped: bool) -> None:
    SellerSkuFactory.create(**columns)
    assert SellerSku.objects.filter(stopped_by_shop()).exists() is stopped


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({}, True),
        ({"status": "PARTIALLY_SHIPPED"}, True),
        ({"status": "SHIPPED"}, False),
        ({"fulfilled_by": "AMAZON"}, False),
        ({"state": OrderState.QUARANTINED}, False),
    ],
)
def test_to_ship(columns: dict[str, Any], wanted: bool) -> None:
    placed = {"state": OrderState.PLACED, "shop_order_pk": "1", "status": "UNSHIPPED"}
    AmazonOrderFactory.create(**{**placed, **columns})
    assert AmazonOrder.objects.filter(to_ship()).exists() is wanted
