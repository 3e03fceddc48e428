"""The port is nobody's shape: a shop of two tables keeps the same promises as Oscar."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from django_amazon_sync.data import Money
from django_amazon_sync.testing.shop_contract import (
    PlacedLine,
    PlacedOrder,
    Sample,
    ShopContract,
)
from tests.shops.tiny import TinyShop
from tests.tinyshop.models import Article, Sale

pytestmark = pytest.mark.wheel


class TestTinyShop(ShopContract):
    @pytest.fixture
    def shop(self, db: None) -> TinyShop:
        Article.objects.create(
            code="soap", name="Soap", cents=450, pieces=20, gtin="2000000000015", shelf="bath"
        )
        Article.objects.create(code="brush/2", name="Brush", cents=990, pieces=6, shelf="bath")
        Article.objects.create(code="basket", name="Basket", cents=3900, pieces=None)
        return TinyShop()

    @pytest.fixture
    def sample(self) -> Sample:
        return Sample("soap", "brush/2", "2000000000015", "basket", "bath", "kitchen")

    def add_offers(self, count: int) -> None:
        Article.objects.bulk_create(
            Article(code=f"pin-{number}", name="Pin", cents=1, pieces=1) for number in range(count)
        )

    def read_order(self, pk: str) -> PlacedOrder:
        sale = Sale.objects.get(pk=pk)
        lines = sale.document["lines"]
        return PlacedOrder(
            total=Money(sale.total, sale.currency),
            parts=sum((Decimal(line["price"]) for line in lines), Decimal(sale.document["rest"])),
            lines=tuple(
                PlacedLine(line["id"], line["sku"], line["quantity"], bool(line["article"]))
                for line in lines
            ),
            cancelled=sale.void,
            text=json.dumps(sale.document),
            status=sale.document["status"],
        )
