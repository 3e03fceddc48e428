"""confirmShipment: what it accepts, what it refuses, and when the order shows it."""

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync.testing.simulator import Simulator, Switches
from tests.testing.callers import US, Caller


def packages(amazon: Simulator, order_id: str) -> list[tuple[str, int]]:
    return [
        (row["packageReferenceId"], sum(item["quantity"] for item in row["packageItems"]))
        for row in amazon.order(order_id)["packages"]
    ]


def some(amazon: Simulator, order_id: str, units: int) -> list[dict[str, Any]]:
    item = amazon.order(order_id)["orderItems"][0]
    return [{"orderItemId": item["orderItemId"], "quantity": units}]


def test_a_confirmation_is_accepted_and_shows_a_little_later(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", 2)
    got = caller.confirm(order_id, carrierCode="Other", carrierName="Swift", shippingMethod="Bike")
    assert (got.status, got.raw) == (204, b"")
    assert got.rate is not None
    assert packages(amazon, order_id) == []
    amazon.advance(61)
    order = amazon.order(order_id)
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    (package,) = order["packages"]
    assert (package["carrier"], package["trackingNumber"]) == ("Swift", "1Z999")
    assert package["shippingService"] == "Bike"
    assert order["orderItems"][0]["fulfillment"]["quantityUnfulfilled"] == 0


def test_the_same_reference_edits_and_a_new_one_adds(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", 3)
    for reference, units in (("1", 1), ("1", 2), ("2", 1)):
        got = caller.confirm(order_id, reference, orderItems=some(amazon, order_id, units))
        assert got.status == 204
    amazon.advance(61)
    assert packages(amazon, order_id) == [("1", 2), ("2", 1)]
    edited = caller.confirm(
        order_id, "2", trackingNumber="1Z-new", orderItems=some(amazon, order_id, 1)
    )
    assert edited.status == 204
    amazon.advance(61)
    assert packages(amazon, order_id) == [("1", 2), ("2", 1)]
    assert amazon.order(order_id)["packages"][1]["trackingNumber"] == "1Z-new"


def test_part_of_an_order_is_partially_shipped(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", 3)
    caller.confirm(order_id, orderItems=some(amazon, order_id, 2))
    amazon.advance(61)
    order = amazon.order(order_id)
    assert order["fulfillment"]["fulfillmentStatus"] == "PARTIALLY_SHIPPED"
    assert order["orderItems"][0]["fulfillment"]["quantityUnfulfilled"] == 1


@pytest.mark.parametrize("reference", [1, "A1", "0", "", None, "-1"])
def test_the_reference_is_a_positive_number_in_a_string(caller: Caller, reference: Any) -> None:
    order_id = caller.amazon.buy("na", US, "MUG-BLUE")
    assert caller.confirm(order_id, reference).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"carrierCode": "ups"},
        {"carrierCode": "Other"},
        {"carrierCode": ""},
        {"trackingNumber": ""},
        {"shipDate": "02/21/2026"},
        {"shipDate": "2026-11-23T10:00:00"},
        {"shipDate": "2999-01-01T00:00:00Z"},
        {"shipDate": "2020-01-01T00:00:00Z"},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": "1", "quantity": 1}]},
        {"orderItems": "all"},
    ],
)
def test_bad_details_are_refused_and_change_nothing(
    caller: Caller, changes: dict[str, Any]
) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE")
    got = caller.confirm(order_id, **changes)
    assert (got.status, got.error["code"]) == (400, "InvalidInput")
    amazon.advance(61)
    assert packages(amazon, order_id) == []


def test_more_units_than_are_open_are_refused(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", 3)
    assert caller.confirm(order_id, "1", orderItems=some(amazon, order_id, 2)).status == 204
    assert caller.confirm(order_id, "2", orderItems=some(amazon, order_id, 2)).status == 400
    assert caller.confirm(order_id, "1", orderItems=some(amazon, order_id, 4)).status == 400


@pytest.mark.parametrize("state", ["PENDING", "CANCELLED", "UNFULFILLABLE"])
def test_an_order_that_is_not_open_cannot_be_confirmed(caller: Caller, state: str) -> None:
    order_id = caller.amazon.buy("na", US, "MUG-BLUE", status=state)
    assert caller.confirm(order_id).status == 400


def test_orders_of_amazon_and_of_ship_plus_cannot_be_confirmed(caller: Caller) -> None:
    amazon = caller.amazon
    by_amazon = amazon.buy("na", US, "FBA-KETTLE")
    plus = amazon.buy("na", US, "MUG-BLUE", programs=["FBM_SHIP_PLUS"])
    assert [caller.confirm(id_).status for id_ in (by_amazon, plus)] == [400, 400]
    path = "/orders/v0/orders/111-0000000-0000000/shipmentConfirmation"
    assert caller.call("POST", path, {"marketplaceId": US}).status == 404


def test_what_was_shipped_by_hand_is_already_fulfilled(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", 2)
    amazon.ship_by_hand(order_id)
    got = caller.confirm(order_id)
    assert got.status == 400
    assert "PackageToUpdateNotFound" in got.error["message"]
    assert "already fulfilled" in got.error["message"]


def test_a_clock_that_runs_ahead_meets_a_ship_date_in_the_future() -> None:
    late = timedelta(minutes=-5)
    for checked, expected in ((True, 400), (False, 204)):
        switches = Switches(ship_date_checked=checked)
        with Simulator(switches=switches, clock_offset=late, rate_limits=False) as amazon:
            caller = Caller(amazon)
            order_id = amazon.buy("na", US, "MUG-BLUE")
            host_now = (amazon.now() - late).isoformat()
            assert caller.confirm(order_id, shipDate=host_now).status == expected
            caller.close()


def test_a_confirmation_may_be_accepted_and_lost() -> None:
    with Simulator(switches=Switches(shipments_dropped=1.0), rate_limits=False) as amazon:
        caller = Caller(amazon)
        order_id = amazon.buy("na", US, "MUG-BLUE")
        assert caller.confirm(order_id).status == 204
        amazon.advance(600)
        assert packages(amazon, order_id) == []
        amazon.switch(shipments_dropped=0.0)
        assert caller.confirm(order_id).status == 204
        amazon.advance(61)
        assert packages(amazon, order_id) == [("1", 1)]
        caller.close()


def test_a_cancellation_overtakes_a_confirmation(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE")
    assert caller.confirm(order_id).status == 204
    amazon.cancel(order_id)
    amazon.advance(61)
    assert amazon.order(order_id)["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert packages(amazon, order_id) == []
