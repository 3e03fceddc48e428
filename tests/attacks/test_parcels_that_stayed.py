"""Parcels of which Amazon was told nothing, or nothing new, though a run tried to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from django_amazon_sync.data import ShipmentData
from django_amazon_sync.errors import Unexpected
from django_amazon_sync.messages import Code
from django_amazon_sync.models import Lack, Outcome, Shipment, ShipmentState
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
