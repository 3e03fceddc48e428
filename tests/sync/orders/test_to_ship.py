"""What must be shipped when, with what is missing for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync import clock
from django_amazon_sync.messages import Code
from django_amazon_sync.models import AmazonOrder, OrderState, Shipment, ShipmentState
from django_amazon_sync.sync.orders.to_ship import OrderToShip, to_ship
from tests.sync.orders.shipping import order_of_three, pass_time, ship
from tests.world import World


@pytest.fixture
def number(world: World) -> str:
    return order_of_three(world)


def codes(found: OrderToShip) -> list[Code]:
    return [lack.code for lack in found.lacks]


def test_an_order_with_its_times_and_lines(world: World, number: str) -> None:
    [found] = to_ship(world.account)
    order = AmazonOrder.objects.get(number=number)
    assert (found.order, found.ship_by, found.deliver_by) == (
        order,
        order.ship_by,
        order.deliver_by,
    )
    assert None not in (found.ship_by, found.deliver_by)
    assert [(line.sku, line.quantity) for line in found.lines] == [("MUG", 3)]
    assert codes(found) == [Code.NO_PARCEL]


def test_what_left_is_not_among_it(world: World, number: str) -> None:
    ship(world, number, 1)
    world.confirm_shipments()
    [found] = to_ship(world.account)
    assert [line.quantity for line in found.lines] == [2]
    pass_time(world, 1000)
    world.import_orders()  # Amazon counts it by now, too
    [found] = to_ship(world.account)
    assert [line.quantity for line in found.lines] == [2]
    ship(world, number, 2, "JD0000000002")
    world.confirm_shipments()
    assert list(to_ship(world.account)) == []


def test_what_a_parcel_lacks_is_said(world: World, number: str) -> None:
    world.account.default_carrier = ""
    world.account.save()
    ship(world, number, 3, "")
    world.confirm_shipments()
    [found] = to_ship(world.account)
    assert codes(found) == [Code.NO_TRACKING, Code.NO_CARRIER]


def test_what_amazon_does_not_show_is_to_be_shipped_still(world: World, number: str) -> None:
    ship(world, number, 3)
    world.confirm_shipments()
    Shipment.objects.update(state=ShipmentState.UNSEEN)
    [found] = to_ship(world.account)
    assert ([line.quantity for line in found.lines], codes(found)) == ([3], [])


def test_an_order_whose_address_amazon_hides(world: World, number: str) -> None:
    world.amazon.switch(personal_data=False)
    hidden = world.buy("MUG", 1)
    world.import_orders()
    found = {one.order.number: codes(one) for one in to_ship(world.account)}
    assert found[hidden] == [Code.NO_ADDRESS, Code.NO_PARCEL]


def test_an_order_that_the_shop_does_not_have_or_whose_buyer_asks_to_cancel(
    world: World, number: str
) -> None:
    AmazonOrder.objects.update(state=OrderState.QUARANTINED, cancellation_requested=True)
    [found] = to_ship(world.account)
    assert codes(found) == [Code.NOT_IN_SHOP, Code.CANCELLATION_ASKED, Code.NO_PARCEL]


def test_what_is_due_first_comes_first_and_other_orders_are_none(world: World, number: str) -> None:
    other, gone = world.buy("MUG", 1), world.buy("MUG", 1)
    world.import_orders()
    AmazonOrder.objects.filter(number=other).update(ship_by=clock.now() - timedelta(days=1))
    AmazonOrder.objects.filter(number=gone).update(fulfilled_by="AMAZON")
    assert [found.order.number for found in to_ship(world.account)] == [other, number]


def test_many_orders_take_as_many_queries_as_one(world: World, number: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(to_ship(world.account))
        return len(captured)

    ship(world, number, 1, "")
    world.confirm_shipments()
    one = queries()
    for _ in range(4):
        world.buy("MUG", 1)
    world.import_orders()
    assert queries() == one
