"""Verification, against a simulated Amazon."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Marketplace, Outcome, RunState
from django_amazon_sync.testing.simulator import Fault, Switches
from tests.world import DE, World, lines_of


@pytest.fixture(autouse=True)
def _no_patience(settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}


def test_what_is_live_is_verified(world: World) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    record.price, record.num_in_stock = Decimal("11.00"), 3
    record.save()
    world.export()
    world.amazon.advance(600)
    run = world.verify()
    assert run.went_well
    assert run.counts["in_step"] == 1
    listing = world.listing("MUG")
    assert listing.verified["price"] == "11.00 EUR"
    assert listing.verified["quantity"] == 3


@pytest.mark.parametrize(("field", "value"), [("price", "11.00"), ("quantity", 7)])
def test_what_was_accepted_and_ignored_is_found_and_mended(
    world: World, field: str, value: Any
) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.amazon.ignore_changes(world.seller, "MUG", DE)
    record.price = Decimal(value) if field == "price" else record.price
    record.num_in_stock = value if field == "quantity" else record.num_in_stock
    record.save()
    world.export()
    world.amazon.advance(600)
    if field == "quantity":  # it may be a sale that no search for orders shows yet
        assert lines_of(world.verify(), "sku", "outcome") == [("MUG", Outcome.WAITING)]
        assert world.listing("MUG").drift == {}
        world.import_orders()
        world.import_orders()
    run = world.verify()
    assert lines_of(run, "sku", "outcome") == [("MUG", Outcome.DRIFTED)]
    assert not run.went_well
    assert field in world.listing("MUG").drift
    world.amazon.heed_changes(world.seller, "MUG", DE)
    world.export()
    live = world.live("MUG")
    assert (live.price, live.quantity) == (record.price, record.num_in_stock)
    assert world.verify().went_well
    assert world.listing("MUG").drift == {}


def test_amazon_has_its_time_before_a_difference_is_drift(world: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 3600}
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    record.price = Decimal("11.00")
    record.save()
    world.export()
    run = world.verify()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    assert world.listing("MUG").drift == {}


def test_amazons_own_fall_by_an_order_is_no_drift(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    record.num_in_stock = 8
    record.save()
    world.export()
    world.amazon.advance(600)
    world.buy("MUG", 2)
    world.amazon.advance(600)
    run = world.verify()
    assert Outcome.DRIFTED not in lines_of(run, "outcome")


@pytest.mark.parametrize(
    "amazon", [{"switches": Switches(offers_show_sale_price=True)}], indirect=True
)
def test_a_running_sale_is_no_drift(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5, sale_price="8.00")
    world.export()
    run = world.verify()
    assert lines_of(run, "outcome") == []
    assert world.writes() == 0


def test_a_change_by_another_hand_is_drift(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    run = world.verify()
    assert lines_of(run, "outcome") == [Outcome.DRIFTED]
    world.export()
    assert world.live("MUG").price == Decimal("10.00")


def test_what_cannot_be_read_stops_the_run_and_says_so(world: World) -> None:
    world.sell("MUG")
    world.export()
    world.amazon.faults.add(Fault("searchListingsItems", "503", times=10))
    run = world.verify()
    assert run.state == RunState.STOPPED
    assert not run.went_well


# --- What one reading shows -----------------------------------------------------------------------


@pytest.fixture
def suspected(world: World) -> World:
    """One reading showed fewer mugs than were sent."""
    world.sell("MUG", quantity=5)
    world.export()
    world.import_orders()
    world.list_on_amazon("MUG", price="10.00", quantity=3)
    world.verify()
    assert world.listing("MUG").suspected["live"] == 3
    return world


def _is_amazons_for_a_while(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=0, channel="AMAZON_EU")
    world.verify()
    world.list_on_amazon("MUG", price="10.00", quantity=5)


def _is_not_sent_for_a_while(world: World) -> None:
    Marketplace.objects.update(sync_quantity=False)
    world.verify()
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    Marketplace.objects.update(sync_quantity=True)


def _is_in_doubt_for_a_while(world: World) -> None:
    """By an order that Amazon cancels again; its number is held with those of all others."""
    number = world.buy("MUG", 1)
    world.import_orders()
    world.amazon.cancel(number)
    world.import_orders()
    world.verify()


@pytest.mark.parametrize(
    "meanwhile", [_is_amazons_for_a_while, _is_not_sent_for_a_while, _is_in_doubt_for_a_while]
)
def test_a_suspicion_ends_where_the_quantity_is_not_compared(
    suspected: World, meanwhile: Callable[[World], None]
) -> None:
    meanwhile(suspected)
    assert suspected.listing("MUG").suspected == {}
    suspected.import_orders()
    suspected.buy("MUG", 1)  # no search shows it yet: this reading is the first one again
    assert Outcome.DRIFTED not in lines_of(suspected.verify(), "outcome")
    assert suspected.listing("MUG").drift == {}


def test_a_price_that_drifts_ends_no_suspicion_of_the_quantity(suspected: World) -> None:
    suspected.import_orders()
    suspected.account.import_orders = False
    suspected.account.save()
    suspected.list_on_amazon("MUG", price="12.00", quantity=3)
    suspected.verify()
    assert list(suspected.listing("MUG").drift) == ["price"]
    assert suspected.listing("MUG").suspected["live"] == 3


@pytest.mark.parametrize("amount", [1e300, "1e99"])
def test_an_impossible_price_at_amazon_ends_no_run(world: World, amount: Any) -> None:
    for name in ("MUG", "CUP"):
        world.sell(name, price="10.00", quantity=5)
    world.export()
    listing = world.listing("MUG")
    listing.own_values = {"list_price": "15.00 EUR"}
    listing.save()
    world.export()
    world.amazon.advance(600)
    attributes = world.amazon._listing(world.seller, "MUG", DE).attributes
    attributes["list_price"][0]["value_with_tax"] = amount
    run = world.verify()
    assert lines_of(run, "sku", "outcome") == [("MUG", Outcome.DRIFTED)]
    assert world.listing("CUP").verified["price"] == "10.00 EUR"
