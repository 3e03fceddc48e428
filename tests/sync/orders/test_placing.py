"""Orders into the shop: what stops one, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import (
    AmazonOrder,
    OrderState,
    Outcome,
    PaymentMapping,
    SellerSku,
)
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.orders import placing
from tests import factories
from tests.stored import copy_stored
from tests.world import World, lines_of, shop_order


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


def test_a_document_of_another_order_costs_its_own_order_only_until_it_is_replayed(
    world: World,
) -> None:
    world.sell("MUG", quantity=9)
    method = world.account.default_shipping_method
    world.account.default_shipping_method = "a method that is gone"
    world.account.save()
    other, number = world.buy("MUG"), world.buy("MUG")
    world.import_orders()
    copy_stored((order_of(other), "document"), (order_of(number), "document"))
    world.account.default_shipping_method = method
    world.account.save()
    run = world.import_orders()
    assert order_of(other).state == OrderState.PLACED
    aside = order_of(number)
    assert (aside.state, aside.reason_code) == (OrderState.QUARANTINED, "misplaced")
    assert aside.reason.startswith(f"AmazonOrder.document of row {aside.pk} holds a value that was")
    assert (Outcome.QUARANTINED, number) in lines_of(run, "outcome", "order_number")
    assert placing.replay([aside]) == 1
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert order_of(number).document["orderId"] == number


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


# --- What a line stands for -----------------------------------------------------------------------


@pytest.fixture
def mug(world: World) -> Any:
    """The shop's MUG, which staff linked to Amazon's 1001; the shop's 1001 is a garden chair."""
    world.account.shop_scope = "warehouse"
    world.account.save()
    record = factories.stock_record("MUG", price="10.00", in_stock=5, title="Blue mug")
    world.list_on_amazon("1001", price="10.00", quantity=5)
    world.export()
    row, _made = SellerSku.objects.get_or_create(account=world.account, sku="1001")
    link_by_hand(row, str(record.pk))
    world.export()
    factories.stock_record("1001", price="11.00", in_stock=77, title="Garden chair")
    return record


@pytest.mark.parametrize("how", ["deleted", "another partner's"])
def test_a_line_of_what_is_gone_is_no_product_of_an_equal_sku(
    world: World, mug: Any, how: str
) -> None:
    if how == "deleted":
        mug_pk, _deleted = mug.pk, mug.delete()
    else:
        mug_pk, mug.partner = mug.pk, factories.partner("outlet")
        mug.save()
    number = world.buy("1001", 2)
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.PLACED
    assert f"is linked to offer {mug_pk}, which the shop no longer has" in message
    line = shop_order(number).lines.get()
    assert (line.product, line.stockrecord, line.partner_sku) == (None, None, "1001")
    notes = " ".join(note.message for note in shop_order(number).notes.all())
    assert f"is linked to offer {mug_pk}" in notes
    assert world.in_stock("1001") == 77


def test_what_becomes_of_such_an_order_takes_nothing_either(world: World, mug: Any) -> None:
    mug.delete()
    number = world.buy("1001", 3)
    world.import_orders()
    assert world.in_stock("1001") == 77
    item = world.amazon.order(number)["orderItems"][0]["orderItemId"]
    world.amazon.cancel(number, item=item, quantity=1)
    world.import_orders()
    assert shop_order(number).lines.get().quantity == 2
    world.amazon.cancel(number)
    world.import_orders()
    assert order_of(number).state == OrderState.CANCELLED
    assert world.in_stock("1001") == 77


def test_a_line_of_what_was_made_again_is_that(world: World) -> None:
    """Its SKU says so, as only its name ever did."""
    record = world.sell("MUG", quantity=9)
    world.export()
    record.delete()
    again = factories.stock_record("MUG", price="10.00", in_stock=9)
    number = world.buy("MUG", 2)
    world.import_orders()
    assert shop_order(number).lines.get().stockrecord == again
    assert world.in_stock("MUG") == 7


def test_an_old_order_that_is_placed_later_goes_by_the_link_of_now(world: World) -> None:
    """It was only recorded, as a plain mug; staff have said since that it is the blue one."""
    plain = world.sell("1001", quantity=9)
    blue = factories.stock_record("BLUE", price="10.00", in_stock=9)
    world.export()
    world.account.cut_over = world.amazon.now() + timedelta(days=1)
    world.account.save()
    number = world.buy("1001", 2)
    world.import_orders()
    assert order_of(number).state == OrderState.RECORDED
    link_by_hand(SellerSku.objects.get(sku="1001"), str(blue.pk))
    assert placing.replay(AmazonOrder.objects.all()) == 1
    world.import_orders()
    assert shop_order(number).lines.get().stockrecord == blue
    plain.refresh_from_db()
    assert plain.num_allocated in (0, None)
