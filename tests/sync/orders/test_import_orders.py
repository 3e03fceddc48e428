"""Orders in, from a simulated Amazon into Oscar."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db.models import F
from oscar.core.loading import get_model

from django_amazon_sync.amazon import orders
from django_amazon_sync.data import OrderPage
from django_amazon_sync.models import (
    AmazonOrder,
    OrderState,
    OrderWindow,
    Outcome,
    RunState,
    WindowState,
)
from django_amazon_sync.sync.orders import import_orders
from django_amazon_sync.testing.simulator import Switches
from tests.world import DE, World, lines_of, shop_order


def order_of(number: str) -> AmazonOrder:
    return AmazonOrder.objects.get(number=number)


# --- Placing ------------------------------------------------------------------------------------


def test_a_paid_order_is_placed_with_all_its_money(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=9)
    number = world.buy("MUG", 2, tax="3.19", shipping="4.90", discount="1.50", gift_wrap="2.00")
    run = world.import_orders()
    assert lines_of(run, "outcome", "order_number") == [(Outcome.PLACED, number)]
    placed = shop_order(number)
    total = world.amazon.order(number)["proceeds"]["grandTotal"]
    assert placed.total_incl_tax == Decimal(total["amount"])
    assert placed.currency == total["currencyCode"]
    assert placed.num_items == 2
    assert placed.shipping_address is not None
    assert order_of(number).difference == 0
    assert world.in_stock("MUG") == 7
    assert mail.outbox == []


def test_an_order_imported_twice_is_there_once(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2)
    world.import_orders()
    world.import_orders()
    world.import_orders(order=number)
    assert get_model("order", "Order").objects.count() == 1
    assert world.in_stock("MUG") == 7


@pytest.mark.parametrize(
    "amazon",
    [
        {"switches": Switches(discount_sign=sign, order_tax=tax)}
        for sign in ("negative", "positive")
        for tax in ("on_top", "included")
    ],
    indirect=True,
)
def test_every_reading_of_the_proceeds_meets_amazons_total(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=9)
    number = world.buy("MUG", 3, tax="4.79", shipping="5.00", discount="2.00")
    world.import_orders()
    total = Decimal(world.amazon.order(number)["proceeds"]["grandTotal"]["amount"])
    assert shop_order(number).total_incl_tax == total
    assert order_of(number).difference == 0


def test_what_is_unexplained_is_a_visible_line_and_amazons_total_wins(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=9)
    number = world.buy("MUG", 2)
    total = {"amount": "17.77", "currencyCode": "EUR"}
    document = world.amazon.order(number)
    world.amazon.set_order(number, proceeds={**document["proceeds"], "grandTotal": total})
    run = world.import_orders()
    placed = shop_order(number)
    assert placed.total_incl_tax == Decimal("17.77")
    assert "unexplained" in lines_of(run, "message")[0]
    assert [s.incl_tax for s in placed.surcharges.all()] == [Decimal("-2.23")]


@pytest.mark.parametrize("amazon", [{"switches": Switches(personal_data=False)}], indirect=True)
def test_missing_personal_data_never_stops_an_order(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG")
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED


def test_an_unknown_sku_and_missing_stock_never_stop_an_order(world: World) -> None:
    world.sell("MUG", quantity=1)
    world.list_on_amazon("STRANGE", price="3.00", quantity=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    number = world.buy("", lines=[("MUG", 3), ("STRANGE", 1)])
    world.import_orders()
    placed = shop_order(number)
    assert sorted(placed.lines.values_list("partner_sku", "quantity")) == [
        ("MUG", 3),
        ("STRANGE", 1),
    ]
    assert placed.lines.get(partner_sku="STRANGE").product is None


def test_orders_of_other_channels_are_recorded_only(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", channel_name="NON_AMAZON")
    world.import_orders()
    assert order_of(number).state == OrderState.RECORDED
    assert import_orders.replay([order_of(number)]) == 0
    assert world.in_stock("MUG") == 9


def test_an_order_that_amazon_ships_takes_no_stock(world: World) -> None:
    world.sell("FBA", quantity=9)
    world.list_on_amazon("FBA", price="10.00", channel="AMAZON")
    number = world.buy("FBA", 2, status="UNSHIPPED")
    world.import_orders()
    assert order_of(number).state == OrderState.HELD
    world.amazon.ship_by_hand(number)
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("FBA") == 9


# --- Changing over time -------------------------------------------------------------------------


def test_a_pending_order_holds_and_is_placed_when_paid(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    assert order_of(number).state == OrderState.HELD
    assert world.in_stock("MUG") == 9
    world.amazon.settle_payment(number)
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 7


def test_part_and_whole_are_cancelled_once(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 3)
    world.import_orders()
    item = world.amazon.order(number)["orderItems"][0]["orderItemId"]
    world.amazon.cancel(number, item=item, quantity=1)
    world.import_orders()
    world.import_orders()
    assert world.in_stock("MUG") == 7
    world.amazon.cancel(number)
    world.import_orders()
    world.import_orders()
    assert world.in_stock("MUG") == 9
    assert order_of(number).state == OrderState.CANCELLED


def test_older_news_change_nothing(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 3)
    world.import_orders()
    later = F("updated_at") + timedelta(days=1)
    AmazonOrder.objects.update(updated_at=later, status="SHIPPED")
    world.import_orders(order=number)
    assert order_of(number).status == "SHIPPED"


# --- Before the cut-over ------------------------------------------------------------------------


def test_older_orders_are_placed_when_asked_for_and_take_no_stock(world: World) -> None:
    world.sell("MUG", quantity=9)
    long_ago = world.amazon.now() - timedelta(days=20)
    number = world.buy("MUG", 2, at=long_ago)
    world.import_orders()
    run = world.import_orders(since=(long_ago - timedelta(days=1)).isoformat())
    assert run.state == RunState.DONE
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 9


def test_an_older_order_that_changes_is_recorded_only(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2, at=world.amazon.now() - timedelta(days=20), status="PENDING")
    world.amazon.settle_payment(number)
    world.import_orders()
    assert order_of(number).state == OrderState.RECORDED
    import_orders.replay([order_of(number)])
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 9


# --- Quarantine ---------------------------------------------------------------------------------


def test_an_order_without_a_mapping_waits_holds_its_stock_and_comes_by_itself(
    world: World,
) -> None:
    world.sell("MUG", quantity=9)
    world.export()
    world.account.default_shipping_method = ""
    world.account.save()
    number = world.buy("MUG", 2)
    run = world.import_orders()
    assert lines_of(run, "outcome", "code") == [(Outcome.QUARANTINED, "mapping-missing")]
    world.send_changes()
    assert world.live("MUG").quantity == 7
    world.account.default_shipping_method = world.shop.menu().shipping_methods[0].code
    world.account.save()
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert world.in_stock("MUG") == 7


def test_one_bad_order_never_blocks_the_next(world: World, monkeypatch: Any) -> None:
    world.sell("MUG", quantity=9)
    bad, good = world.buy("MUG", 1), world.buy("MUG", 2)
    place_order = type(world.shop).place_order

    def fails_for_one(shop: Any, order: Any, choices: Any) -> str:
        if order.number == bad:
            raise ZeroDivisionError("a fault of the shop's own code")
        return str(place_order(shop, order, choices))

    monkeypatch.setattr(type(world.shop), "place_order", fails_for_one)
    run = world.import_orders()
    assert dict(lines_of(run, "order_number", "outcome")) == {
        bad: Outcome.QUARANTINED,
        good: Outcome.PLACED,
    }
    assert "own code" not in order_of(bad).reason
    monkeypatch.undo()
    assert import_orders.replay([order_of(bad)]) == 1
    world.import_orders()
    assert order_of(bad).state == OrderState.PLACED
    assert world.in_stock("MUG") == 6


def test_an_unreadable_order_is_kept_and_the_page_survives(world: World) -> None:
    world.sell("MUG", quantity=9)
    bad, good = world.buy("MUG"), world.buy("MUG")
    dollars = {"amount": "10.00", "currencyCode": "USD"}
    proceeds = world.amazon.order(bad)["proceeds"]
    world.amazon.set_order(bad, proceeds={**proceeds, "grandTotal": dollars})
    run = world.import_orders()
    assert order_of(good).state == OrderState.PLACED
    assert order_of(bad).state == OrderState.QUARANTINED
    assert not run.went_well


# --- Windows ------------------------------------------------------------------------------------


def test_a_missing_total_is_asked_for_by_itself(world: World) -> None:
    world.sell("MUG", quantity=9)
    number = world.buy("MUG")
    document = world.amazon.order(number)
    proceeds = document["proceeds"]
    world.amazon.set_order(number, proceeds={"breakdowns": proceeds["breakdowns"]})
    world.import_orders()
    assert order_of(number).state == OrderState.SEEN
    assert world.amazon.requests_of("getOrder")
    world.amazon.set_order(number, proceeds=proceeds)
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    assert order_of(number).marketplace == DE


@pytest.mark.parametrize("tokens", [["a", "b"], ["a"]])
def test_pages_in_a_circle_end_as_a_gap(
    world: World, monkeypatch: pytest.MonkeyPatch, tokens: list[str]
) -> None:
    """They held a worker for ever, and orders were never complete."""
    calls = 0
    answer = orders.search_orders

    def circling(*args: Any, **more: Any) -> OrderPage:
        nonlocal calls
        calls += 1
        assert calls < 20
        page = answer(*args, **{**more, "page_token": ""})
        return replace(page, next_token=tokens[calls % len(tokens)])

    monkeypatch.setattr(orders, "search_orders", circling)
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 2)
    world.import_orders()
    assert order_of(number).state == OrderState.PLACED
    window = OrderWindow.objects.latest("pk")
    assert window.state == WindowState.REFUSED
    assert "no end" in window.reason
