"""The whole story, from connecting to shipping, under every answer to what Amazon leaves open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import AmazonOrder, OrderState, Outcome
from django_amazon_sync.testing.simulator import Switches
from tests import factories
from tests.world import DE, FR, World, lines_of, shop_order

ANSWERS = {
    "as believed": Switches(),
    "positive discounts": Switches(discount_sign="positive"),
    "tax included": Switches(order_tax="included"),
    "tax included, positive discounts": Switches(order_tax="included", discount_sign="positive"),
    "replace keeps": Switches(replace_offer="keeps"),
    "merge drops": Switches(merge="drops"),
    "merge refused": Switches(merge="refused"),
    "merge refused, replace keeps": Switches(merge="refused", replace_offer="keeps"),
    "quantity of its own": Switches(quantity_shared=False),
    "pending orders have prices": Switches(pending_prices=True),
    "no personal data": Switches(personal_data=False),
    "cancelled units come back": Switches(cancellation_restocks=True),
    "ship dates unchecked": Switches(ship_date_checked=False),
    "offers show the sale": Switches(offers_show_sale_price=True),
    "searches omit orders": Switches(omitted_orders=0.3),
    "tokens die soon": Switches(access_token_lifetime=30, page_token_lifetime=5),
}

#: The answers that differ most in what has to be sent, and in what comes.
FIRST = ("as believed", "merge refused, replace keeps", "searches omit orders")


@pytest.mark.parametrize(
    "amazon",
    [
        pytest.param(
            {"switches": switches}, id=name, marks=() if name in FIRST else pytest.mark.thorough
        )
        for name, switches in ANSWERS.items()
    ],
    indirect=True,
)
def test_shop_and_amazon_are_in_step_whatever_the_answer(
    connect: Callable[..., World], settings: Any
) -> None:
    tell_the_story(connect, settings)


@pytest.mark.parametrize(
    "amazon",
    [{"clock_offset": timedelta(minutes=minutes)} for minutes in (-5, 5)],
    ids=["ahead", "behind"],
    indirect=True,
)
def test_the_hosts_clock_may_be_five_minutes_off(
    connect: Callable[..., World], settings: Any
) -> None:
    tell_the_story(connect, settings)


def tell_the_story(connect: Callable[..., World], settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 300}
    world = connect(marketplaces=(DE, FR))
    world.account.default_carrier = "DHL"
    world.account.save()
    records = {
        sku: factories.stock_record(sku, price=price, in_stock=20)
        for sku, price in {"MUG": "10.00", "a/b c%2F+#,ü": "7.50", "FBA": "30.00"}.items()
    }
    for marketplace in (DE, FR):
        world.list_on_amazon(
            "MUG",
            marketplace=marketplace,
            price="11.00",
            quantity=3,
            sale_price="8.00",
            business_price="9.00",
            lead_time=2,
        )
        world.list_on_amazon("a/b c%2F+#,ü", marketplace=marketplace, price="7.00", quantity=1)
        world.list_on_amazon("FBA", marketplace=marketplace, price="29.00", channel="AMAZON")

    # Out: adopted, and brought in step in both stores.
    world.amazon.advance(180)
    assert world.export().went_well
    for marketplace in (DE, FR):
        mug = world.live("MUG", marketplace)
        assert (mug.price, mug.quantity, mug.lead_time) == (Decimal("10.00"), 20, 2)
        assert (mug.sale_price, mug.business_price) == (Decimal("8.00"), Decimal("9.00"))
        assert world.live("a/b c%2F+#,ü", marketplace).quantity == 20
        assert world.live("FBA", marketplace).channels == ("AMAZON_EU",)

    # In: paid, pending, by Amazon, cancelled in part.
    paid = world.buy("MUG", 3, tax="4.00", shipping="5.00", discount="2.00")
    pending = world.buy("MUG", 2, status="PENDING")
    by_amazon = world.buy("FBA", 1)
    partly = world.buy("a/b c%2F+#,ü", 4)
    for _ in range(4):
        world.import_orders()
    total = world.amazon.order(paid)["proceeds"]["grandTotal"]["amount"]
    assert shop_order(paid).total_incl_tax == Decimal(total)
    assert AmazonOrder.objects.get(number=paid).difference == 0
    item = world.amazon.order(partly)["orderItems"][0]["orderItemId"]
    world.amazon.cancel(partly, item=item, quantity=1)
    world.amazon.ship_by_hand(by_amazon)
    for _ in range(4):
        world.import_orders()
    assert dict(AmazonOrder.objects.values_list("number", "state")) == {
        paid: OrderState.PLACED,
        pending: OrderState.HELD,
        by_amazon: OrderState.PLACED,
        partly: OrderState.PLACED,
    }
    assert {sku: world.in_stock(sku) for sku in records} == {
        "MUG": 17,
        "a/b c%2F+#,ü": 17,
        "FBA": 20,
    }
    world.send_changes()
    for marketplace in (DE, FR):
        assert world.live("MUG", marketplace).quantity == 17 - 2
    # Amazon shows 16, which might be of a newer sale; an import past that moment tells.
    world.amazon.advance(300)
    world.import_orders()
    world.send_changes()
    for marketplace in (DE, FR):
        assert world.live("a/b c%2F+#,ü", marketplace).quantity == 17

    # Shipped, once.
    item = world.amazon.order(paid)["orderItems"][0]["orderItemId"]
    factories.shipping_event(str(shop_order(paid).pk), {item: 3}, "JD0123456789")
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.CONFIRMED]
    world.amazon.advance(120)
    packages = world.amazon.order(paid)["packages"]
    assert [one["trackingNumber"] for one in packages] == ["JD0123456789"]

    # Sold out in the shop, cancelled on Amazon, verified, and nothing left to send.
    world.amazon.cancel(pending)
    records["MUG"].refresh_from_db()
    records["MUG"].num_in_stock = records["MUG"].num_allocated
    records["MUG"].save()
    world.send_changes()
    assert [world.live("MUG", code).quantity for code in (DE, FR)] == [0, 0]
    for _ in range(4):
        world.import_orders()
    world.send_changes()
    world.amazon.advance(600)
    assert world.verify().went_well
    sent = world.writes()
    world.export()
    assert world.writes() == sent
