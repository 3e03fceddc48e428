"""Orders into the shop: what stops one, and when it is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import AmazonOrder, OrderState, Outcome, PaymentMapping
from django_amazon_sync.sync.orders import placing
from tests.world import World, lines_of


def order_of(number: str) -> AmazonOrder:
    return AmazonOrder.objects.get(number=number)


def test_all_reasons_are_told_at_once_and_each_mended_one_is_tried(world: World) -> None:
    world.sell("MUG", quantity=9)
    account = world.account
    account.default_shipping_method = "a method that is gone"
    account.order_statuses = {"UNSHIPPED": "a status that is gone"}
    account.save()
    number = world.buy("MUG", 2)
    run = world.import_orders()
    assert lines_of(run, "outcome", "code") == [(Outcome.QUARANTINED, "mapping-missing")]
    reason = order_of(number).reason
    assert "a method that is gone" in reason
    assert "a status that is gone" in reason
    account.default_shipping_method = world.shop.menu().shipping_methods[0].code
    account.save()
    world.import_orders()
    assert order_of(number).state == OrderState.QUARANTINED
    account.order_statuses = {}
    account.save()
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 7


def test_what_the_shop_refused_is_tried_again_once_it_is_placed_with_something_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell("MUG", quantity=9)
    tried = []
    place_order = type(world.shop).place_order

    def refuses(shop: Any, order: Any, choices: Any) -> str:
        tried.append(choices.payment_method)
        if len(tried) == 1:
            raise ShopRefused("The shop does not take this payment.")
        return str(place_order(shop, order, choices))

    monkeypatch.setattr(type(world.shop), "place_order", refuses)
    number = world.buy("MUG", 2)
    world.import_orders()
    world.import_orders()
    assert (order_of(number).state, len(tried)) == (OrderState.QUARANTINED, 1)
    other = world.shop.menu().payment_methods[-1].code
    for method in order_of(number).payment_methods or ["Any"]:
        PaymentMapping.objects.create(account=world.account, method=method, shop_method=other)
    world.account.default_payment_method = other
    world.account.import_customers = True
    world.account.save()
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 7


def test_no_buyer_is_told_by_what_a_shop_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell("MUG", quantity=9)

    def refuses(shop: Any, order: Any, choices: Any) -> str:
        raise ShopRefused(f"{order.buyer.name} of {order.delivery.line1} may not buy.")

    monkeypatch.setattr(type(world.shop), "place_order", refuses)
    number = world.buy("MUG", buyer={"buyerName": "Zebulon Quill"})
    run = world.import_orders()
    [said] = lines_of(run, "message")
    assert said == order_of(number).reason == "… of … may not buy."


def test_an_order_whose_lines_were_cancelled_one_by_one_is_never_placed(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    item = world.amazon.order(number)["orderItems"][0]["orderItemId"]
    world.amazon.cancel(number, item=item, quantity=2)
    world.import_orders()
    assert order_of(number).state == OrderState.CANCELLED
    assert placing.replay([order_of(number)]) == 0
