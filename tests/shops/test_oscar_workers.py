"""Two workers at once: an order is placed once, and crossing orders do not block each other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from django_amazon_sync.data import Choices
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.testing.shop_contract import new_line, new_order, stock_of
from tests import factories
from tests.shops.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


shop = OscarShop()
choices = Choices("free-shipping", "amazon")


def test_the_same_order_is_placed_once() -> None:
    factories.stock_record("MUG", in_stock=50)
    for _ in range(5):
        order = new_order(new_line("1", "MUG", 2))
        before = stock_of(shop)["MUG"]
        pks = at_once([partial(shop.place_order, order, choices)] * 4)
        assert len(set(pks)) == 1
        assert stock_of(shop)["MUG"] == before - 2


def test_orders_of_the_same_goods_in_crossed_lines_all_come_through() -> None:
    factories.stock_record("MUG", in_stock=50)
    factories.stock_record("BOWL", in_stock=50)
    orders = [
        new_order(new_line("1", one, 1), new_line("2", other, 1))
        for one, other in [("MUG", "BOWL"), ("BOWL", "MUG")] * 4
    ]
    pks = at_once([partial(shop.place_order, order, choices) for order in orders])
    assert len(set(pks)) == 8
    assert stock_of(shop) == {"MUG": 42, "BOWL": 42}


def test_a_cancellation_read_twice_releases_once() -> None:
    factories.stock_record("MUG", in_stock=50)
    order = new_order(new_line("1", "MUG", 2))
    pk = shop.place_order(order, choices)
    lowered = replace(order, lines=(replace(order.lines[0], quantity=1),))
    at_once([partial(shop.update_order, pk, lowered, choices)] * 4)
    assert stock_of(shop) == {"MUG": 49}
