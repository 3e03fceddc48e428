"""Two workers at once in a shop of plain models: nothing is placed, taken or given back twice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from django.db.models import Sum

from django_amazon_sync.data import Choices
from django_amazon_sync.shops.model_shop import ModelShop
from django_amazon_sync.testing.shop_contract import new_line, new_order, stock_of
from tests.plainshop.models import Item, SoldThing, Thing, Vendor
from tests.shops.plain import BareShop, RichShop
from tests.shops.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[RichShop, BareShop])
def shop(request: pytest.FixtureRequest) -> ModelShop:
    """A shop with 50 mugs and 50 bowls."""
    vendor = Vendor.objects.create(code="kitchen")
    for code in ("MUG", "BOWL"):
        Item.objects.create(code=code, name=code, price=1, on_hand=50, vendor=vendor)
        Thing.objects.create(sku=code, title=code, price=1, stock=50)
    made: ModelShop = request.param()
    return made


@pytest.fixture
def choices(shop: ModelShop) -> Choices:
    menu = shop.menu()
    return Choices(menu.shipping_methods[0].code, menu.payment_methods[0].code)


def test_the_same_order_is_placed_once(shop: ModelShop, choices: Choices) -> None:
    for placed in range(1, 4):
        order = new_order(new_line("1", "MUG", 2))
        pks = at_once([partial(shop.place_order, order, choices)] * 4)
        assert len(set(pks)) == 1
        assert stock_of(shop)["MUG"] == 50 - 2 * placed


def test_orders_of_the_same_goods_in_crossed_lines_all_come_through(
    shop: ModelShop, choices: Choices
) -> None:
    orders = [
        new_order(new_line("1", one, 1), new_line("2", other, 1))
        for one, other in [("MUG", "BOWL"), ("BOWL", "MUG")] * 4
    ]
    pks = at_once([partial(shop.place_order, order, choices) for order in orders])
    assert len(set(pks)) == 8
    assert stock_of(shop) == {"MUG": 42, "BOWL": 42}
    cancelled = [replace(order, status="CANCELLED") for order in orders]
    at_once(
        [
            partial(shop.update_order, pk, order, choices)
            for pk, order in zip(pks, cancelled, strict=True)
        ]
    )
    assert stock_of(shop) == {"MUG": 50, "BOWL": 50}


def test_a_cancellation_read_twice_releases_once(shop: ModelShop, choices: Choices) -> None:
    order = new_order(new_line("1", "MUG", 2))
    pk = shop.place_order(order, choices)
    lowered = replace(order, lines=(replace(order.lines[0], quantity=1),))
    at_once([partial(shop.update_order, pk, lowered, choices)] * 4)
    assert stock_of(shop)["MUG"] == 49


def test_orders_that_share_the_last_pieces_take_no_piece_twice() -> None:
    Thing.objects.create(sku="MUG", title="Mug", price=1, stock=5)
    shop, choices = BareShop(), Choices("amazon", "amazon")
    orders = [new_order(new_line("1", "MUG", 2)) for _ in range(4)]
    at_once([partial(shop.place_order, order, choices) for order in orders])
    assert stock_of(shop) == {"MUG": 0}
    assert SoldThing.objects.aggregate(Sum("taken"))["taken__sum"] == 5
