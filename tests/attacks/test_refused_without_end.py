"""What Amazon refuses again and again keeps nothing else waiting."""

from __future__ import annotations

from decimal import Decimal

import pytest

from django_amazon_sync.sync.export import export
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.switches import Switches
from tests.attacks.steps import Era, change, fail
from tests.world import FR

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SKUS = ("BLUE", "GREEN", "RED", "WHITE", "YELLOW")


def test_refused_zeros_take_a_tenth_of_what_amazon_takes(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros that are refused by the thousand are all due a minute later, and again: one look sent
    them all, so that a price waited behind ten minutes of what is refused anyway."""
    monkeypatch.setattr(export, "TRIES_PER_MINUTE", 2)
    for sku in (*SKUS, "MUG"):
        era.world.sell(sku)
    era.world.export()
    era.minutes(3)
    era.world.amazon.faults.add(Fault("patchListingsItem", "400", times=None, about='"quantity"'))
    for sku in SKUS:
        change(sku, num_in_stock=0)
    era.tick()
    refused = [era.world.listing(sku) for sku in SKUS]
    assert [row.refused for row in refused] == [{"quantity": 0}] * 5
    tries = []
    for _minute in range(4):
        before = len(era.world.amazon.requests_of("patchListingsItem"))
        era.time.sleep(65)
        era.tick()
        era.tick()  # in the same minute no others are tried
        tries.append(len(era.world.amazon.requests_of("patchListingsItem")) - before)
    assert tries[:3] == [2, 2, 1]
    change("MUG", price=Decimal("10.50"))
    era.minutes(2)
    assert era.price("MUG") == "10.50"
    era.world.amazon.faults.clear()
    era.minutes(20)
    assert [era.units(sku) for sku in SKUS] == [0] * 5


@pytest.mark.parametrize("amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True)
@pytest.mark.parametrize("why", ["unread", "orders"])
def test_what_cannot_be_tried_takes_no_place_of_a_zero(
    both: Era, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """A value that was refused is due, but its store may not be read, or it is a rise while orders
    cannot be: it was chosen again and again, and nothing else was tried."""
    monkeypatch.setattr(export, "TRIES_PER_MINUTE", 1)
    both.world.sell("CUP")
    both.minutes(3)
    both.world.export()
    both.minutes(3)
    fail(both, "patchListingsItem", "400", "MUG")
    change("MUG", num_in_stock=3 if why == "unread" else 9)
    both.minutes(1)
    if why == "unread":
        fail(both, "searchListingsItems", "403", FR)
        fail(both, "getListingsItem", "403", FR)
    else:
        fail(both, "searchOrders", "500")
    both.minutes(80, every=2)
    both.world.amazon.faults.add(Fault("patchListingsItem", "400", times=2, about="CUP"))
    change("CUP", num_in_stock=0)
    both.minutes(15)
    assert both.units("CUP") == 0


@pytest.mark.parametrize("amazon", [{"switches": Switches(quantity_shared=False)}], indirect=True)
def test_a_fall_waits_behind_no_rises_without_end(
    both: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same of a quantity that falls, and not to zero."""
    monkeypatch.setattr(export, "TRIES_PER_MINUTE", 1)
    both.world.sell("CUP")
    both.minutes(3)
    both.world.export()
    both.minutes(3)
    fail(both, "patchListingsItem", "400", "MUG")
    change("MUG", num_in_stock=9)
    both.minutes(1)
    fail(both, "searchOrders", "500")
    both.minutes(80, every=2)
    both.world.amazon.faults.add(Fault("patchListingsItem", "400", times=2, about="CUP"))
    change("CUP", num_in_stock=2)
    both.minutes(20)
    assert both.units("CUP") == 2
