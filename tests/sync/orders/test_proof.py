"""A parcel is on Amazon when Amazon shows it under its own reference, whatever it answered."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.amazon import shipments as gateway
from django_amazon_sync.errors import Rejected
from django_amazon_sync.messages import Code
from django_amazon_sync.models import AmazonOrder, Outcome, Shipment, ShipmentState
from django_amazon_sync.sync.orders import confirm_shipments
from django_amazon_sync.testing.simulator import Fault
from tests.sync.orders.shipping import (
    confirmations,
    order_of_three,
    package,
    packages,
    pass_time,
    ship,
)
from tests.world import World, lines_of

HOUR, LOOK = 3700, 1000


@pytest.fixture
def number(world: World) -> str:
    return order_of_three(world)


def state(number: str) -> str:
    return Shipment.objects.get(order__number=number).state


def units_on_amazon(world: World, number: str) -> int:
    world.amazon.advance(120)
    shown = world.amazon.order(number)["packages"]
    return sum(item["quantity"] for one in shown for item in one["packageItems"])


def reason(number: str) -> str:
    return Shipment.objects.get(order__number=number).reason


# --- Seen ---------------------------------------------------------------------------------------


def test_what_was_accepted_is_proven_by_its_own_reference(world: World, number: str) -> None:
    ship(world, number, 3)
    world.confirm_shipments()
    assert state(number) == ShipmentState.CONFIRMED
    assert lines_of(world.confirm_shipments(), "outcome") == []  # it has its time
    pass_time(world, LOOK)
    run = world.confirm_shipments()
    assert lines_of(run, "order_number", "outcome") == [(number, Outcome.VERIFIED)]
    shipment = Shipment.objects.get()
    assert (shipment.state, shipment.not_before) == (ShipmentState.SEEN, None)
    assert shipment.seen_at is not None
    pass_time(world, HOUR)
    assert lines_of(world.confirm_shipments(), "outcome") == []
    assert confirmations(world) == 1


def test_what_the_import_has_read_proves_without_asking_amazon(world: World, number: str) -> None:
    ship(world, number, 3)
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.import_orders()
    world.confirm_shipments()
    assert state(number) == ShipmentState.SEEN
    assert world.amazon.requests_of("getOrder") == []


def test_the_same_tracking_number_elsewhere_proves_nothing(world: World, number: str) -> None:
    """Amazon has the first parcel; the second has the same number and is lost."""
    ship(world, number, 1)
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.import_orders()
    world.amazon.switch(shipments_dropped=1.0)
    ship(world, number, 1)
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert list(Shipment.objects.order_by("reference").values_list("reference", "state")) == [
        (1, ShipmentState.SEEN),
        (2, ShipmentState.CONFIRMED),
    ]


# --- Dropped in silence -------------------------------------------------------------------------


def test_what_is_dropped_in_silence_goes_once_more(world: World, number: str) -> None:
    world.amazon.switch(shipments_dropped=1.0)
    ship(world, number, 3)
    world.confirm_shipments()
    world.amazon.switch(shipments_dropped=0.0)
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert confirmations(world) == 1  # not before its time is over
    pass_time(world, HOUR)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [
        (Outcome.FAILED, Code.NOT_SEEN),
        (Outcome.CONFIRMED, ""),
    ]
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert state(number) == ShipmentState.SEEN
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]
    assert confirmations(world) == 2


def test_what_is_dropped_twice_wants_a_person(world: World, number: str) -> None:
    world.amazon.switch(shipments_dropped=1.0)
    ship(world, number, 3)
    for _ in range(6):
        world.confirm_shipments()
        pass_time(world, HOUR)
    assert confirmations(world) == 2
    assert state(number) == ShipmentState.UNSEEN
    assert "does not show it, though it had its time" in reason(number)
    world.amazon.switch(shipments_dropped=0.0)
    assert confirm_shipments.try_again([Shipment.objects.get()]) == 1
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]


def test_how_long_amazon_has_is_a_setting(world: World, number: str, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "PARCEL_SEEN_WITHIN": 60}
    world.amazon.switch(shipments_dropped=1.0)
    ship(world, number, 3)
    world.confirm_shipments()
    pass_time(world, 70)
    world.confirm_shipments()
    assert confirmations(world) == 2


def test_what_amazon_shows_late_is_seen_after_all(world: World, number: str) -> None:
    world.amazon.switch(shipment_delay=5 * HOUR)
    ship(world, number, 3)
    for _ in range(3):
        world.confirm_shipments()
        pass_time(world, HOUR)
    assert state(number) == ShipmentState.UNSEEN
    pass_time(world, 5 * HOUR)
    world.import_orders()
    world.confirm_shipments()
    assert state(number) == ShipmentState.SEEN
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]


def test_staff_may_take_it_as_done(world: World, number: str) -> None:
    ship(world, number, 3)
    world.confirm_shipments()
    Shipment.objects.update(state=ShipmentState.UNSEEN)
    assert confirm_shipments.take_as_done(Shipment.objects.all()) == 1
    pass_time(world, HOUR)
    assert lines_of(world.confirm_shipments(), "outcome") == []
    assert state(number) == ShipmentState.DONE


# --- By somebody else ---------------------------------------------------------------------------


def test_what_somebody_else_confirmed_is_not_confirmed_a_second_time(
    world: World, number: str
) -> None:
    world.amazon.ship_by_hand(number)
    world.import_orders()
    AmazonOrder.objects.update(status="UNSHIPPED")  # the shop is asked for its parcels
    ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.CONFIRMED, Code.OTHERS_PARCEL)]
    assert confirmations(world) == 0
    assert state(number) == ShipmentState.DONE
    assert "900000001" in reason(number)


def test_what_waits_is_settled_when_somebody_else_confirms_it(world: World, number: str) -> None:
    ship(world, number, 3, "")
    world.confirm_shipments()
    assert state(number) == ShipmentState.WAITING
    world.amazon.ship_by_hand(number)
    world.import_orders()
    world.confirm_shipments()
    assert state(number) == ShipmentState.DONE


def test_one_package_of_somebody_else_stands_for_one_parcel(world: World, number: str) -> None:
    """Two mugs were confirmed by hand, and the shop tells of two parcels of one: one is of them."""
    world.amazon.ship_by_hand(number, units=2)
    world.import_orders()
    ship(world, number, 1, "FIRST1")
    ship(world, number, 1, "SECOND2")
    for _ in range(2):
        world.confirm_shipments()
        pass_time(world, LOOK)
        world.import_orders()
    world.confirm_shipments()
    states = Shipment.objects.order_by("reference").values_list("state", flat=True)
    assert list(states) == [ShipmentState.SEEN, ShipmentState.DONE]
    assert units_on_amazon(world, number) == 3


def test_by_its_tracking_number_somebody_elses_parcel_is_the_shops(
    world: World, number: str
) -> None:
    world.amazon.set_order(number, packages=[package(world, number, "77", 1, "first 1")])
    world.import_orders()
    ship(world, number, 1, "FIRST1")
    ship(world, number, 1, "SECOND2")
    world.confirm_shipments()
    states = Shipment.objects.order_by("shop_pk").values_list("state", flat=True)
    assert list(states) == [ShipmentState.DONE, ShipmentState.CONFIRMED]


def test_what_is_sent_beside_somebody_elses_parcel_is_confirmed(world: World, number: str) -> None:
    world.amazon.ship_by_hand(number, units=2)
    world.import_orders()
    ship(world, number, 1)
    world.confirm_shipments()
    assert units_on_amazon(world, number) == 3


def test_what_has_no_room_beside_somebody_elses_wants_a_person(world: World, number: str) -> None:
    world.amazon.ship_by_hand(number, units=2)
    world.import_orders()
    event = ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.FAILED, Code.NO_ROOM_BESIDE)]
    assert confirmations(world) == 0
    event.line_quantities.update(quantity=1)
    world.confirm_shipments()
    assert state(number) == ShipmentState.CONFIRMED


def test_a_number_that_somebody_else_took_first_is_not_edited(world: World, number: str) -> None:
    """Ours waits under number 1; by hand a parcel is confirmed that Amazon calls 1, too."""
    event = ship(world, number, 2, "")
    world.confirm_shipments()
    world.amazon.set_order(number, packages=[package(world, number, "1", 1)])
    world.import_orders()
    event.notes = "JD01"
    event.save()
    world.confirm_shipments()
    assert packages(world, number) == [("1", "UPS", "X1"), ("2", "DHL", "JD01")]


def test_an_unanswered_one_that_shows_other_items_is_not_sent_again(
    world: World, number: str
) -> None:
    """It may be somebody else's parcel of the same number: to send ours would change it."""
    ship(world, number, 2)
    world.amazon.faults.add(Fault("confirmShipment", "drop_before"))
    world.confirm_shipments()
    world.amazon.set_order(number, packages=[package(world, number, "1", 1)])
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.FAILED, Code.SHOWN_OTHERWISE)]
    assert confirmations(world) == 1


def test_an_order_that_amazon_cancelled_gets_no_second_confirmation(
    world: World, number: str
) -> None:
    world.amazon.switch(shipments_dropped=1.0)
    ship(world, number, 3)
    world.confirm_shipments()
    world.amazon.cancel(number)
    pass_time(world, HOUR)
    run = world.confirm_shipments()
    assert lines_of(run, "code") == [Code.ORDER_IS_CANCELLED]
    assert confirmations(world) == 1


# --- Refused as fulfilled, and unreadable --------------------------------------------------------


def test_what_is_refused_as_fulfilled_and_shown_is_seen(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = gateway.confirm_shipment

    def refuses(client: Any, parcel: Any) -> None:
        sends(client, parcel)
        world.amazon.advance(120)
        raise Rejected("confirmShipment", "order already fulfilled", status=400)

    ship(world, number, 3)
    monkeypatch.setattr(gateway, "confirm_shipment", refuses)
    world.confirm_shipments()
    assert state(number) == ShipmentState.SEEN


@pytest.mark.parametrize("shown", ["all", [None, 7, "1"], [{"packageItems": {}}], [{}], None])
def test_one_unreadable_shipment_stops_no_other(
    world: World, number: str, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.buy("MUG", 1)
    world.import_orders()
    ship(world, number, 1)
    ship(world, other, 1, "JD0000000002")
    world.confirm_shipments()
    pass_time(world, LOOK)
    real = orders_gateway.get_order

    def broken(client: Any, asked: str) -> Any:
        _read, raw = real(client, asked)
        raw = {**raw, "packages": shown} if asked == number else raw
        return orders_gateway.read_or_keep(raw)[0], raw

    monkeypatch.setattr(orders_gateway, "get_order", broken)
    world.confirm_shipments()
    assert (state(number), state(other)) == (ShipmentState.CONFIRMED, ShipmentState.SEEN)


def test_an_order_that_amazon_does_not_show_for_a_day_wants_a_person(
    world: World, number: str
) -> None:
    ship(world, number, 3)
    world.confirm_shipments()
    world.amazon.faults.add(Fault("getOrder", "400", times=None))
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert state(number) == ShipmentState.CONFIRMED
    pass_time(world, 90_000)
    run = world.confirm_shipments()
    assert lines_of(run, "code") == [Code.NOT_SHOWN_FOR_LONG]
    assert state(number) == ShipmentState.UNSEEN


# --- Many ---------------------------------------------------------------------------------------


def test_parcels_of_one_order_cost_one_question(world: World, number: str) -> None:
    for tracking in ("JD01", "JD02", "JD03"):
        ship(world, number, 1, tracking)
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert set(Shipment.objects.values_list("state", flat=True)) == {ShipmentState.SEEN}
    assert len(world.amazon.requests_of("getOrder")) == 1
