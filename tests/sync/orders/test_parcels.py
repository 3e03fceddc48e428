"""What the shop says of its parcels: numbered once, corrected under the same number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from django_amazon_sync.models import AmazonOrder, CarrierMapping, Outcome, Shipment, ShipmentState
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
from tests.world import World, lines_of, shop_order

LOOK = 1000


@pytest.fixture
def number(world: World) -> str:
    return order_of_three(world)


def seen(world: World) -> None:
    """Amazon shows what was confirmed, and the order is SHIPPED."""
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.import_orders()
    world.confirm_shipments()
    assert set(Shipment.objects.values_list("state", flat=True)) == {ShipmentState.SEEN}


# --- Numbers ------------------------------------------------------------------------------------


def test_parcels_are_numbered_for_each_order_and_stay_so(world: World, number: str) -> None:
    ship(world, number, 1, "JD01")
    seen(world)
    ship(world, number, 1, "JD02")
    ship(world, number, 1, "JD03")
    other = world.buy("MUG", 1)
    world.import_orders()
    ship(world, other, 1, "JD04")
    seen(world)
    rows = Shipment.objects.order_by("pk").values_list("order__number", "reference", "tracking")
    assert sorted(rows) == sorted(
        [(number, 1, "JD01"), (number, 2, "JD02"), (number, 3, "JD03"), (other, 1, "JD04")]
    )
    sent = world.amazon.requests_of("confirmShipment")
    assert [type(one.body["packageDetail"]["packageReferenceId"]) for one in sent] == [str] * 4


def test_numbers_that_amazon_shows_are_left_out(world: World, number: str) -> None:
    world.amazon.set_order(number, packages=[package(world, number, "6", 1)])
    world.import_orders()
    ship(world, number, 1)
    world.confirm_shipments()
    assert Shipment.objects.get().reference == 7


# --- Corrected by the shop ----------------------------------------------------------------------


def test_a_tracking_number_that_is_corrected_edits_the_same_package(
    world: World, number: str
) -> None:
    event = ship(world, number, 3, "JD-WRONG-1")
    seen(world)
    assert AmazonOrder.objects.get(number=number).status == "SHIPPED"
    event.notes = "JD-RIGHT-1"
    event.save()
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.CONFIRMED]
    assert Shipment.objects.get().state == ShipmentState.CONFIRMED
    assert packages(world, number) == [("1", "DHL", "JD-RIGHT-1")]
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert Shipment.objects.get().state == ShipmentState.SEEN
    assert confirmations(world) == 2


def test_a_correction_is_not_proven_by_the_old_number(world: World, number: str) -> None:
    event = ship(world, number, 3, "JD-WRONG-1")
    seen(world)
    world.amazon.switch(shipments_dropped=1.0)
    event.notes = "JD-RIGHT-1"
    event.save()
    world.confirm_shipments()
    pass_time(world, LOOK)
    world.confirm_shipments()
    assert Shipment.objects.get().state == ShipmentState.CONFIRMED
    for _ in range(3):
        pass_time(world, 3700)
        world.confirm_shipments()
    shipment = Shipment.objects.get()
    assert (shipment.state, confirmations(world)) == (ShipmentState.UNSEEN, 3)
    assert "other items or another tracking number" in shipment.reason


def test_items_that_are_corrected_edit_the_same_package(world: World, number: str) -> None:
    event = ship(world, number, 3)
    seen(world)
    event.line_quantities.update(quantity=2)
    world.confirm_shipments()
    world.amazon.advance(120)
    [shown] = world.amazon.order(number)["packages"]
    assert [item["quantity"] for item in shown["packageItems"]] == [2]


def test_what_is_corrected_in_the_shop_after_a_refusal_goes_again(
    world: World, number: str
) -> None:
    event = ship(world, number, 3)
    world.amazon.faults.add(Fault("confirmShipment", "400"))
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.REFUSED]
    assert lines_of(world.confirm_shipments(), "outcome") == []
    event.notes = "JD-RIGHT-1"
    event.save()
    assert lines_of(world.confirm_shipments(), "outcome") == [Outcome.CONFIRMED]


def test_what_staff_mended_here_stays_though_the_shop_says_the_old(
    world: World, number: str
) -> None:
    ship(world, number, 3, "JD-WRONG-1")
    world.amazon.faults.add(Fault("confirmShipment", "400"))
    world.confirm_shipments()
    Shipment.objects.update(tracking="JD-RIGHT-1")
    confirm_shipments.try_again(Shipment.objects.all())
    seen(world)
    assert packages(world, number) == [("1", "DHL", "JD-RIGHT-1")]
    world.confirm_shipments()
    assert confirmations(world) == 2


def test_what_left_long_ago_is_not_looked_at(world: World, number: str) -> None:
    event = ship(world, number, 3)
    seen(world)
    pass_time(world, 8 * 86400)
    event.notes = "JD-RIGHT-1"
    event.save()
    assert lines_of(world.confirm_shipments(), "outcome") == []


def test_from_before_the_shops_words_were_kept_nothing_goes_again(
    world: World, number: str
) -> None:
    ship(world, number, 1)
    world.confirm_shipments()
    Shipment.objects.update(told={}, not_before=None, tracking="JD-OTHER-1")
    assert lines_of(world.confirm_shipments(), "outcome") == []
    assert confirmations(world) == 1


def test_a_method_that_the_shop_names_is_told(world: World, number: str) -> None:
    ship(world, number, 3, "Carrier: DHL / Tracking: JD01 / Method: Paket")
    world.confirm_shipments()
    world.amazon.advance(120)
    assert world.amazon.order(number)["packages"][0]["shippingService"] == "Paket"


# --- Carriers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "sent"),
    [("dhl", "DHL"), ("royal  MAIL", "Royal Mail"), ("GLS", "GLS")],
)
def test_a_carrier_is_spelled_as_amazon_does(
    world: World, number: str, named: str, sent: str
) -> None:
    ship(world, number, 3, f"Carrier: {named} / Tracking: JD1")
    world.confirm_shipments()
    assert packages(world, number) == [("1", sent, "JD1")]


def test_a_carrier_of_the_shop_becomes_the_one_that_it_is_mapped_to(
    world: World, number: str
) -> None:
    CarrierMapping.objects.create(
        account=world.account, shop_carrier="Bike courier", carrier="Other",
        carrier_name="Velo Express",
    )  # fmt: skip
    ship(world, number, 3, "Carrier: bike COURIER / Tracking: JD1")
    world.confirm_shipments()
    assert packages(world, number) == [("1", "Velo Express", "JD1")]


def test_a_carrier_that_amazon_does_not_know_goes_as_other_by_its_name(
    world: World, number: str
) -> None:
    ship(world, number, 3, "Carrier: Bike courier / Tracking: JD1")
    world.confirm_shipments()
    [sent] = world.amazon.requests_of("confirmShipment")
    detail = sent.body["packageDetail"]
    assert (detail["carrierCode"], detail["carrierName"]) == ("Other", "Bike courier")
    assert packages(world, number) == [("1", "Bike courier", "JD1")]


def test_a_carrier_that_looks_mistyped_waits_and_names_the_nearest(
    world: World, number: str
) -> None:
    ship(world, number, 3, "Carrier: Deutsche Pots / Tracking: JD1")
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    assert "no carrier Deutsche Pots. Is it Deutsche Post?" in lines_of(run, "message")[0]
    assert world.amazon.requests_of("confirmShipment") == []
    CarrierMapping.objects.create(
        account=world.account, shop_carrier="deutsche pots", carrier="DPD"
    )
    world.confirm_shipments()
    assert packages(world, number) == [("1", "DPD", "JD1")]


def test_what_staff_fill_in_goes_before_a_carrier_that_is_mistyped(
    world: World, number: str
) -> None:
    ship(world, number, 3, "Carrier: Deutsche Pots / Tracking: JD1")
    world.confirm_shipments()
    Shipment.objects.update(carrier="UPS")
    world.confirm_shipments()
    assert packages(world, number) == [("1", "UPS", "JD1")]


def test_other_waits_for_its_name(world: World, number: str) -> None:
    world.account.default_carrier = "Other"
    world.account.save()
    ship(world, number, 3)
    run = world.confirm_shipments()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    Shipment.objects.update(carrier_name="Velo Express")
    world.confirm_shipments()
    assert packages(world, number) == [("1", "Velo Express", "JD0123456789")]


def test_a_parcel_that_cannot_be_noted_costs_no_other(
    world: World, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.buy("MUG", 1)
    world.import_orders()
    ship(world, number, 1)
    ship(world, other, 1, "JD0000000002")
    parcels = OscarShop.shipments

    def broken(shop: Any, pks: Any) -> Any:
        for parcel in parcels(shop, pks):
            odd = parcel.order_pk == str(shop_order(number).pk)
            yield replace(parcel, items=(("1",),)) if odd else parcel  # type: ignore[arg-type]

    monkeypatch.setattr(OscarShop, "shipments", broken)
    run = world.confirm_shipments()
    assert lines_of(run, "order_number", "outcome", "code") == [
        (number, Outcome.FAILED, "unexpected"),
        (other, Outcome.CONFIRMED, ""),
    ]
