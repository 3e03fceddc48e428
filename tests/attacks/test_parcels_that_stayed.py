"""Parcels of which Amazon was told nothing, or nothing new, though a run tried to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from django_amazon_sync.data import ShipmentData
from django_amazon_sync.errors import Unexpected
from django_amazon_sync.messages import Code
from django_amazon_sync.models import AmazonOrder, Lack, Outcome, Shipment, ShipmentState
from django_amazon_sync.shops.oscar import OscarShop
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

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def number(world: World) -> str:
    return order_of_three(world)


def state() -> str:
    return Shipment.objects.get().state


def tried_in_vain(world: World, kind: str) -> None:
    """A run that wanted to tell Amazon of a parcel; from then on Amazon listens."""
    fault: Any = kind
    world.amazon.faults.add(Fault("confirmShipment", fault, times=None))
    world.confirm_shipments()
    world.amazon.faults.clear()
    Lack.objects.all().delete()


@pytest.mark.parametrize("kind", ["429", "403", "400"])
def test_what_never_reached_amazon_edits_nobody_elses_parcel(
    world: World, number: str, kind: str
) -> None:
    """Ours was number 1 when Amazon refused to listen; by hand a parcel is confirmed that Amazon
    calls 1, too."""
    ship(world, number, 1)
    tried_in_vain(world, kind)
    world.amazon.set_order(number, packages=[package(world, number, "1", 1)])
    world.import_orders()
    confirm_shipments.try_again(Shipment.objects.all())
    world.confirm_shipments()
    assert packages(world, number) == [("1", "UPS", "X1"), ("2", "DHL", "JD0123456789")]


def test_what_the_shop_took_back_before_it_left_stays(world: World, number: str) -> None:
    event = ship(world, number, 3, "JD-WRONG-1")
    tried_in_vain(world, "403")
    event.line_quantities.all().delete()
    event.delete()
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.WAITING, Code.TAKEN_BACK)]
    assert (packages(world, number), state()) == ([], ShipmentState.WAITING)
    ship(world, number, 3, "JD-RIGHT-1")
    world.confirm_shipments()
    assert [tracking for _number, _carrier, tracking in packages(world, number)] == ["JD-RIGHT-1"]


def test_what_the_shop_tells_of_again_leaves(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(world, number, 3)
    tried_in_vain(world, "403")
    with monkeypatch.context() as patched:
        patched.setattr(OscarShop, "shipments", lambda self, pks: iter(()))
        world.confirm_shipments()
        assert confirmations(world) == 1
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]


def test_a_shop_that_cannot_be_asked_keeps_nothing_back(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: OscarShop, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        raise ValueError("broken")

    ship(world, number, 3)
    tried_in_vain(world, "403")
    monkeypatch.setattr(OscarShop, "shipments", breaks)
    with pytest.raises(Unexpected):
        world.confirm_shipments()
    assert state() == ShipmentState.CONFIRMED


def test_a_refused_correction_is_not_proven_by_what_was_there(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The carrier is another; number and items are as Amazon shows them."""
    reads = OscarShop.shipments

    def corrected(self: OscarShop, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        return (replace(parcel, carrier="GLS") for parcel in reads(self, order_pks))

    ship(world, number, 3)
    world.confirm_shipments()
    pass_time(world, 1000)
    world.import_orders()
    world.confirm_shipments()
    assert state() == ShipmentState.SEEN
    monkeypatch.setattr(OscarShop, "shipments", corrected)
    tried_in_vain(world, "400")
    world.confirm_shipments()
    assert state() == ShipmentState.REFUSED


# --- In flight ------------------------------------------------------------------------------------


def in_flight(world: World, how: str) -> None:
    """The parcel was sent, and Amazon has nothing of it; from then on Amazon listens."""
    if how == "dropped":
        world.amazon.switch(shipments_dropped=1.0)
    else:
        world.amazon.faults.add(Fault("confirmShipment", "drop_before"))
    world.confirm_shipments()
    world.amazon.switch(shipments_dropped=0.0)


IN_FLIGHT = pytest.mark.parametrize("how", ["dropped", "unanswered"])


@IN_FLIGHT
def test_what_the_shop_took_back_in_flight_does_not_go_once_more(
    world: World, number: str, how: str
) -> None:
    event = ship(world, number, 3)
    in_flight(world, how)
    event.line_quantities.all().delete()
    event.delete()
    for _each in range(3):
        pass_time(world, 3600)
        world.confirm_shipments()
    assert (packages(world, number), state()) == ([], ShipmentState.WAITING)


@IN_FLIGHT
def test_what_the_shop_corrected_in_flight_goes_once_and_corrected(
    world: World, number: str, how: str
) -> None:
    event = ship(world, number, 3, "JD-WRONG-1")
    in_flight(world, how)
    event.notes = "JD-RIGHT-1"
    event.save()
    pass_time(world, 3600)
    world.confirm_shipments()
    assert confirmations(world) == 2
    assert packages(world, number) == [("1", "DHL", "JD-RIGHT-1")]


@IN_FLIGHT
@pytest.mark.parametrize("shop", ["there", "broken"])
def test_a_wish_to_cancel_keeps_what_is_in_flight_from_going_once_more(
    world: World, number: str, how: str, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: OscarShop, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        raise ValueError("broken")

    ship(world, number, 3)
    in_flight(world, how)
    world.amazon.request_cancellation(number)
    world.import_orders()
    with monkeypatch.context() as patched:
        if shop == "broken":
            patched.setattr(OscarShop, "shipments", breaks)
        for _each in range(2):
            pass_time(world, 3600)
            with suppress(Unexpected):
                world.confirm_shipments()
        assert packages(world, number) == []
    AmazonOrder.objects.update(ship_anyway=True)
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]


def test_what_waits_and_reached_amazon_all_the_same_is_seen(world: World, number: str) -> None:
    """Amazon shows a parcel hours late, when the buyer has asked to cancel its order."""
    world.amazon.switch(shipment_delay=7200)
    ship(world, number, 3)
    world.confirm_shipments()
    world.amazon.request_cancellation(number)
    pass_time(world, 3600)
    world.import_orders()
    world.confirm_shipments()
    assert state() == ShipmentState.WAITING
    pass_time(world, 7200)
    world.import_orders()
    world.confirm_shipments()
    assert state() == ShipmentState.SEEN


@pytest.mark.parametrize("dropped", [True, False])
def test_a_corrected_carrier_is_not_proven_by_the_one_before(
    world: World, number: str, dropped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = OscarShop.shipments

    def corrected(self: OscarShop, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        return (replace(parcel, carrier="GLS") for parcel in reads(self, order_pks))

    ship(world, number, 3)
    world.confirm_shipments()
    pass_time(world, 1000)
    world.import_orders()
    world.confirm_shipments()
    assert state() == ShipmentState.SEEN
    monkeypatch.setattr(OscarShop, "shipments", corrected)
    world.amazon.switch(shipments_dropped=float(dropped))
    world.confirm_shipments()
    for _each in range(3):
        pass_time(world, 3600)
        world.import_orders()
        world.confirm_shipments()
    assert state() == (ShipmentState.UNSEEN if dropped else ShipmentState.SEEN)
    assert confirmations(world) == (3 if dropped else 2)


def test_words_with_a_house_number_are_no_tracking_number(world: World, number: str) -> None:
    ship(world, number, 3, "left with Mrs Quill of 17 Gooseneck Mews")
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    assert (packages(world, number), state()) == ([], ShipmentState.WAITING)


@pytest.mark.parametrize("note", ["", "JD0123456789"])
def test_a_parcel_of_a_cancelled_order_is_to_be_stopped_and_lacks_nothing(
    world: World, number: str, note: str
) -> None:
    ship(world, number, 3, note)
    tried_in_vain(world, "403")
    world.amazon.cancel(number)
    world.import_orders()
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.FAILED, Code.ORDER_IS_CANCELLED)]
    assert (confirmations(world), state()) == (len(note) and 1, ShipmentState.UNSEEN)
    assert lines_of(world.confirm_shipments(), "code") == []
    assert confirm_shipments.take_as_done(Shipment.objects.all()) == 1
