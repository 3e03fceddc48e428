"""Shipments out: an Oscar shipping event becomes one confirmed package."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.amazon import shipments as gateway
from django_amazon_sync.errors import Rejected
from django_amazon_sync.models import (
    AmazonOrder,
    Outcome,
    Shipment,
    ShipmentState,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.sync.orders import confirm_shipments
from django_amazon_sync.testing.simulator import Fault
from tests.sync.orders.shipping import order_of_three, packages, ship
from tests.world import World, lines_of


@pytest.fixture
def number(world: World) -> str:
    return order_of_three(world)


def test_a_shipping_event_becomes_one_package(world: World, number: str) -> None:
    ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.CONFIRMED]
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]
    again = world.confirm_shipments()
    assert lines_of(again, "outcome") == []
    assert len(world.amazon.requests_of("confirmShipment")) == 1
    world.import_orders()
    assert AmazonOrder.objects.get(number=number).status == "SHIPPED"


def test_each_parcel_is_a_package_of_its_own(world: World, number: str) -> None:
    ship(world, number, 1, "FIRST1")
    world.confirm_shipments()
    world.import_orders()
    ship(world, number, 2, "SECOND2")
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "FIRST1"), ("2", "DHL", "SECOND2")]


def test_what_lacks_its_tracking_number_waits_and_says_until_when(
    world: World, number: str
) -> None:
    event = ship(world, number, 3, "")
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    assert "tracking number" in lines_of(run, "message")[0]
    assert "Amazon expects it by" in lines_of(run, "message")[0]
    event.notes = "JD99"
    event.save()
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD99")]


def test_a_buyers_request_to_cancel_blocks_until_staff_decide(world: World, number: str) -> None:
    world.amazon.request_cancellation(number)
    world.import_orders()
    ship(world, number, 3)
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.WAITING]
    AmazonOrder.objects.update(ship_anyway=True)
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.CONFIRMED]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "empty", "500"])
def test_an_unknown_outcome_is_read_back_and_adds_no_package(
    world: World, number: str, kind: Any
) -> None:
    ship(world, number, 3)
    world.amazon.faults.add(Fault("confirmShipment", kind, times=1))
    run = world.confirm_shipments()
    assert not run.went_well
    world.amazon.advance(120)
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]
    known = kind in ("drop_after", "empty")
    assert Shipment.objects.get().state == (
        ShipmentState.SEEN if known else ShipmentState.CONFIRMED
    )


def test_a_refusal_shows_amazons_words_and_can_go_again(world: World, number: str) -> None:
    world.account.default_carrier = "DLH"
    world.account.save()
    ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.REFUSED]
    shipment = Shipment.objects.get()
    assert shipment.reason
    Shipment.objects.update(carrier="DHL")
    assert confirm_shipments.try_again([shipment]) == 1
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.CONFIRMED]


def test_what_was_shipped_by_hand_is_taken_as_done(world: World, number: str) -> None:
    ship(world, number, 3)
    world.amazon.ship_by_hand(number)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.CONFIRMED]


def test_a_shop_that_knows_no_shipments_is_no_failure(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OscarShop, "shipments", Shop.shipments)
    run = world.confirm_shipments()
    assert run.went_well
    assert lines_of(run, "outcome", "code") == [(Outcome.NONE, "not-supported")]


# --- One parcel costs itself only ---------------------------------------------------------------


def test_a_parcel_whose_order_amazon_does_not_show_costs_no_other(
    world: World, number: str
) -> None:
    other = world.buy("MUG", 1)
    world.import_orders()
    ship(world, number, 1)
    world.amazon.faults.add(Fault("confirmShipment", "drop_before"))
    world.confirm_shipments()
    world.amazon.faults.add(Fault("getOrder", "400", times=1))
    ship(world, other, 1, "JD0000000002")
    run = world.confirm_shipments()
    assert lines_of(run, "order_number", "outcome") == [
        (number, Outcome.FAILED),
        (other, Outcome.CONFIRMED),
    ]
    assert len(world.amazon.requests_of("getOrder")) == 1
    world.confirm_shipments()
    assert len(world.amazon.requests_of("getOrder")) == 1  # it is left alone for a while
    Shipment.objects.update(not_before=None)
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DHL", "JD0123456789")]


def test_two_parcels_may_have_one_tracking_number(world: World, number: str) -> None:
    ship(world, number, 1)
    world.confirm_shipments()
    world.amazon.advance(120)
    world.import_orders()
    ship(world, number, 2)
    world.amazon.faults.add(Fault("confirmShipment", "drop_before"))
    world.confirm_shipments()
    world.amazon.advance(120)
    world.confirm_shipments()
    world.amazon.advance(120)
    shown = world.amazon.order(number)["packages"]
    assert sum(one["quantity"] for package in shown for one in package["packageItems"]) == 3


ALREADY = "not finding a matching package or order already fulfilled"


def test_what_amazon_calls_fulfilled_and_does_not_show_is_not_confirmed(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 17."""

    def refuses(*args: Any) -> None:
        raise Rejected("confirmShipment", ALREADY, status=400, amazon_code="InvalidInput")

    ship(world, number, 1)
    monkeypatch.setattr(gateway, "confirm_shipment", refuses)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome", "code") == [(Outcome.REFUSED, "not-with-amazon")]
    shipment = Shipment.objects.get()
    assert (shipment.state, shipment.reason[:30]) == (
        ShipmentState.REFUSED,
        "Amazon refused it as shipped a",
    )
    monkeypatch.undo()
    assert confirm_shipments.try_again([shipment]) == 1
    world.confirm_shipments()
    assert Shipment.objects.get().state == ShipmentState.CONFIRMED


def test_without_an_answer_what_amazon_calls_fulfilled_stays_open(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*args: Any) -> None:
        raise Rejected("confirmShipment", ALREADY, status=400)

    ship(world, number, 1)
    monkeypatch.setattr(gateway, "confirm_shipment", refuses)
    world.amazon.faults.add(Fault("getOrder", "500"))
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.FAILED]
    assert Shipment.objects.get().state == ShipmentState.UNKNOWN


@pytest.mark.parametrize("fulfilled_by", ["", "SellerFulfilled"])
def test_an_order_of_whoever_is_not_amazon_is_confirmed(
    world: World, number: str, fulfilled_by: str
) -> None:
    AmazonOrder.objects.update(fulfilled_by=fulfilled_by)
    ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.CONFIRMED]
