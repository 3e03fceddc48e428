"""``amazon_take_over`` from the command line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from django_amazon_sync.models import Marketplace
from tests import factories
from tests.commands.conftest import manage_json
from tests.world import DE, World

pytestmark = pytest.mark.wheel


def test_the_difference_is_shown_and_then_taken(world: World, time_flies: list[float]) -> None:
    Marketplace.objects.update(sync_price=False)
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="12.50", quantity=5)
    world.export()
    asked = ("amazon_take_over", "--sku", "MUG", "--field", "price", "--marketplace", DE)
    dry = manage_json(*asked, "--dry-run")
    [line] = dry.lines
    assert line["outcome"] == "planned"
    assert line["values"] == {"price": {"shop": "10.00 EUR", "amazon": "12.50 EUR"}}
    said = manage_json(*asked)
    assert said.exit == 0
    assert [one["outcome"] for one in said.lines] == ["taken_over"]
    record.refresh_from_db()
    assert record.price == Decimal("12.50")
    refused = manage_json(*asked, "--field", "quantity")
    assert refused.exit == 1
    assert [one["code"] for one in refused.lines] == ["goes-out"]


def test_a_sku_that_no_account_has_is_named(world: World) -> None:
    said = manage_json("amazon_take_over", "--sku", "NONE", "--field", "price")
    assert said.exit == 2
    assert "There is no SKU 'NONE'" in said.document["error"]["message"]
