"""What staff map of Amazon's words: service levels, payment methods and statuses of orders."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    AmazonOrder,
    OrderState,
    Outcome,
    PaymentMapping,
    ShippingMapping,
)
from django_amazon_sync.testing.shop_contract import undone
from tests import factories
from tests.examples import examples
from tests.world import World, lines_of, shop_order

ADA = {"buyerName": "Ada Byron", "buyerEmail": "ada@engine.example"}
UPWARDS = {
    "UNSHIPPED": "Being processed",
    "SHIPPED": "Complete",
    "CANCELLED": "Cancelled",
}


def set_account(world: World, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(world.account, name, value)
    world.account.save(update_fields=list(columns))


def source_type(name: str) -> Any:
    return get_model("payment", "SourceType").objects.create(name=name)


def paid_by(number: str) -> str:
    return str(shop_order(number).sources.get().source_type.name)


def state_of(number: str) -> str:
    return AmazonOrder.objects.get(number=number).state


# --- Shipping -----------------------------------------------------------------------------------


def test_a_service_level_gets_the_method_that_it_is_mapped_to(world: World) -> None:
    factories.shipping_method("Courier")
    ShippingMapping.objects.create(
        account=world.account, service_level="Expedited", shop_method="courier"
    )
    world.sell("MUG", quantity=9)
    mapped = world.buy("MUG", service_level="EXPEDITED")
    other = world.buy("MUG", service_level="STANDARD")
    world.import_orders()
    assert shop_order(mapped).shipping_code == "courier"
    assert shop_order(other).shipping_code == world.account.default_shipping_method
    assert AmazonOrder.objects.get(number=mapped).service_level == "EXPEDITED"


def test_without_a_default_only_orders_of_an_unmapped_level_wait(world: World) -> None:
    factories.shipping_method("Courier")
    ShippingMapping.objects.create(
        account=world.account, service_level="EXPEDITED", shop_method="courier"
    )
    set_account(world, default_shipping_method="")
    world.sell("MUG", quantity=9)
    mapped, other = world.buy("MUG", service_level="EXPEDITED"), world.buy("MUG")
    run = world.import_orders()
    assert dict(lines_of(run, "order_number", "code")) == {mapped: "", other: "mapping-missing"}
    ShippingMapping.objects.create(
        account=world.account, service_level="STANDARD", shop_method="courier"
    )
    world.import_orders()
    assert state_of(other) == OrderState.PLACED


# --- Payment ------------------------------------------------------------------------------------


def test_a_payment_method_that_is_matched_goes_before_the_default(world: World) -> None:
    source_type("Cash on delivery")
    source_type("Invoice")
    PaymentMapping.objects.create(
        account=world.account, method="CashOnDelivery", shop_method="cash-on-delivery"
    )
    world.sell("MUG", quantity=9)
    orders = {
        world.buy("MUG", payment_methods=["CASHONDELIVERY"]): "Cash on delivery",
        world.buy("MUG", payment_methods=["invoice"]): "Invoice",
        world.buy("MUG", payment_methods=["Unheard", "Invoice"]): "Invoice",
        world.buy("MUG", payment_methods=["Unheard"]): "Amazon",
        world.buy("MUG", payment_methods=[]): "Amazon",
    }
    world.import_orders()
    assert {number: paid_by(number) for number in orders} == orders


def test_an_unmatched_method_waits_holds_its_stock_and_is_placed_once_matched(
    world: World,
) -> None:
    world.sell("MUG", quantity=9)
    world.export()
    set_account(world, default_payment_method="")
    unmatched = world.buy("MUG", 2, payment_methods=["ConvenienceStore"])
    unnamed = world.buy("MUG", 1, payment_methods=[])
    run = world.import_orders()
    assert dict(lines_of(run, "order_number", "outcome")) == {
        unmatched: Outcome.QUARANTINED,
        unnamed: Outcome.PLACED,
    }
    order = AmazonOrder.objects.get(number=unmatched)
    assert order.reason_code == "payment-method"
    assert "ConvenienceStore" in order.reason
    world.send_changes()
    assert world.live("MUG").quantity == 6

    again = world.import_orders()
    assert lines_of(again, "outcome") == []

    source_type("Shop counter")
    PaymentMapping.objects.create(
        account=world.account, method="ConvenienceStore", shop_method="shop-counter"
    )
    world.import_orders()
    assert state_of(unmatched) == OrderState.PLACED
    assert paid_by(unmatched) == "Shop counter"
    assert world.in_stock("MUG") == 6


def test_a_default_frees_an_order_that_was_unmatched(world: World) -> None:
    world.sell("MUG", quantity=9)
    set_account(world, default_payment_method="")
    number = world.buy("MUG", payment_methods=["Pix"])
    world.import_orders()
    set_account(world, default_payment_method="amazon")
    world.import_orders()
    assert paid_by(number) == "Amazon"


# --- Statuses -----------------------------------------------------------------------------------


def test_the_status_follows_amazons_along_the_pipeline(world: World) -> None:
    set_account(world, order_statuses={"SHIPPED": "Complete", "CANCELLED": "Cancelled"})
    world.sell("MUG", quantity=9)
    shipped, cancelled = world.buy("MUG"), world.buy("MUG")
    world.import_orders()
    assert shop_order(shipped).status == "Pending"
    world.amazon.ship_by_hand(shipped)
    world.amazon.cancel(cancelled)
    run = world.import_orders()
    assert set(lines_of(run, "message")) == {""}
    assert shop_order(shipped).status == "Complete"
    changes = shop_order(shipped).status_changes.order_by("pk")
    assert list(changes.values_list("new_status", flat=True)) == ["Being processed", "Complete"]
    assert shop_order(cancelled).status == "Cancelled"


def test_an_order_that_is_shipped_already_gets_its_status_at_once(world: World) -> None:
    set_account(world, order_statuses=UPWARDS)
    world.sell("MUG", quantity=9)
    number = world.buy("MUG")
    world.amazon.ship_by_hand(number)
    world.import_orders()
    assert shop_order(number).status == "Complete"


def test_what_staff_set_by_hand_stays_until_amazons_status_changes(world: World) -> None:
    set_account(world, order_statuses=UPWARDS)
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2)
    world.import_orders()
    shop_order(number).set_status("Complete")
    world.amazon.request_cancellation(number)
    run = world.import_orders()
    assert lines_of(run, "outcome", "message") == [(Outcome.UPDATED, "")]
    assert shop_order(number).status == "Complete"


def test_a_status_that_cannot_be_reached_any_more_is_told_and_stops_nothing(world: World) -> None:
    set_account(world, order_statuses=UPWARDS)
    world.sell("MUG", quantity=9)
    number = world.buy("MUG")
    world.import_orders()
    shop_order(number).set_status("Cancelled")
    world.amazon.ship_by_hand(number)
    run = world.import_orders()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.UPDATED
    assert "no way leads from Cancelled to Complete" in message
    assert run.went_well
    assert lines_of(world.import_orders(), "outcome") == []


# --- In any order of events ---------------------------------------------------------------------

STEPS = (
    "buy pix", "buy invoice", "buy nothing named", "default", "no default", "map pix",
    "unmap", "import", "cancel", "ship", "statuses", "no statuses", "staff", "buy strange",
    "newcomers", "no newcomers",
)  # fmt: skip


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=4, max_size=14))
@undone
def test_no_order_is_lost_or_doubled_whatever_is_mapped_meanwhile(
    world: World, steps: list[str]
) -> None:
    """In the end, with all mapped, each order is in the shop once, and the stock adds up.

    The one buyer is one customer at most, and what the shop lacked one product.
    """
    world.sell("MUG", quantity=90)
    world.list_on_amazon("STRANGE", price="3.00", quantity=90)
    world.amazon.advance(60)
    now = world.amazon.now().replace(microsecond=0)  # Amazon keeps the orders of other examples
    set_account(
        world, cut_over=now, default_payment_method="amazon", order_statuses={},
        import_customers=False, create_products=False,
    )  # fmt: skip
    bought: list[str] = []
    for step in steps:
        _take(world, step, bought)
    set_account(world, default_payment_method="amazon")
    world.import_orders()
    world.import_orders()

    orders = AmazonOrder.objects.filter(number__in=bought)
    assert orders.count() == len(bought)
    unpaid = orders.exclude(state__in=(OrderState.PLACED, OrderState.CANCELLED))
    assert not unpaid.exists()
    placed = get_model("order", "Order").objects.all()
    assert sorted(placed.values_list("number", flat=True)) == sorted(
        orders.exclude(shop_order_pk="").values_list("number", flat=True)
    )
    lines = [line for order in placed for line in order.lines.all()]
    assert sum(line.quantity for line in lines) == orders.filter(state=OrderState.PLACED).count()
    mugs = sum(line.quantity for line in lines if line.partner_sku == "MUG")
    assert world.in_stock("MUG") == 90 - mugs
    strange = {line.product_id for line in lines if line.partner_sku == "STRANGE"} - {None}
    assert len(strange) <= 1
    assert get_model("catalogue", "Product").objects.count() == 1 + len(strange)
    assert get_user_model().objects.count() <= 1


#: The payment methods of what is bought, and what is switched for the account, by step.
BOUGHT = {"buy pix": ["Pix"], "buy invoice": ["Invoice"], "buy nothing named": []}
SWITCHED: dict[str, dict[str, object]] = {
    "newcomers": {"import_customers": True, "create_products": True},
    "no newcomers": {"import_customers": False, "create_products": False},
    "default": {"default_payment_method": "amazon"},
    "no default": {"default_payment_method": ""},
    "statuses": {"order_statuses": UPWARDS},
    "no statuses": {"order_statuses": {}},
}


def _take(world: World, step: str, bought: list[str]) -> None:
    if step in BOUGHT:
        bought.append(world.buy("MUG", payment_methods=BOUGHT[step], buyer=ADA))
    elif step == "buy strange":
        bought.append(world.buy("STRANGE", buyer=ADA))
    elif step in SWITCHED:
        set_account(world, **SWITCHED[step])
    elif step == "map pix":
        PaymentMapping.objects.get_or_create(
            account=world.account, method="Pix", defaults={"shop_method": "amazon"}
        )
    elif step == "unmap":
        PaymentMapping.objects.all().delete()
    elif step == "import":
        world.import_orders()
    elif step == "staff":
        for order in get_model("order", "Order").objects.filter(status="Being processed"):
            order.set_status("Complete")
    elif bought:
        _end(world, step, bought[-1])


def _end(world: World, step: str, number: str) -> None:
    """Amazon cancels the order, or its parcel is sent, where neither has happened yet."""
    if world.amazon.order(number)["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED":
        act = world.amazon.cancel if step == "cancel" else world.amazon.ship_by_hand
        act(number)
