"""``amazon_explain``: what a value is made of, what becomes of it, and since when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import Listing
from tests import factories
from tests.commands.conftest import manage, manage_json
from tests.sync.export.steps import change
from tests.world import DE, FR, World, lines_of

EAN = "4006381333931"

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


@pytest.fixture
def mug(world: World) -> str:
    """A mug of which Amazon sold two that wait to be paid, one is kept back; all is live."""
    world.account.stock_buffer = 1
    world.account.save()
    world.sell("MUG", price="10.00", quantity=9)
    world.export()
    number = world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    world.send_changes()
    world.amazon.advance(600)
    world.verify()
    return number


def field(name: str, *options: str) -> dict[str, Any]:
    """What is told of one field of the mug."""
    (listing,) = manage_json("amazon_explain", "--sku", "MUG", *options).document["listings"]
    return next(each for each in listing["fields"] if each["field"] == name)


def test_a_quantity_names_stock_orders_and_what_is_kept_back(world: World, mug: str) -> None:
    told = field("quantity")
    assert told["value"] == told["on_amazon"] == world.live("MUG").quantity == 6
    assert told["made_of"] == {"stock": 9, "set": None, "reserved": 2, "kept_back": 1}
    assert (told["orders"], told["other_orders"]) == ([mug], 0)
    assert (told["becomes"], told["reason"]) == ("in step", "")
    assert told["since"] < told["live_since"]
    assert told["sentence"].startswith(f"6 = 9 in stock - 2 reserved ({mug}) - 1 kept back, since ")
    said = manage("amazon_explain", "--account", world.account.name, "--sku", "MUG")
    assert (said.exit, f"MUG in {DE}" in said.out) == (0, True)
    assert told["sentence"] in said.out


def test_what_becomes_of_a_value_is_what_a_run_does(world: World, mug: str) -> None:
    change("MUG", price="11.00")
    told = field("price")
    assert (told["value"], told["on_amazon"]) == ("11.00 EUR", "10.00 EUR")
    assert (told["becomes"], told["live_since"]) == ("send", None)
    change("MUG", price="30.00")
    held = field("price")
    assert held["becomes"] == "held"
    world.export()
    again = field("price")
    assert (again["becomes"], again["reason"]) == ("held", held["reason"])
    assert again["since"]


def test_a_rise_waits_for_orders(world: World, mug: str, time_machine: Any) -> None:
    change("MUG", num_in_stock=20)
    assert field("quantity")["becomes"] == "send"
    time_machine.move_to(clock.now() + timedelta(hours=1))
    waits = field("quantity")
    assert (waits["becomes"], "orders" in waits["reason"]) == ("waits", True)


def test_what_is_switched_off_or_not_there_says_so(world: World, mug: str) -> None:
    world.account.marketplaces.update(sync_price=False)
    told = field("price")
    assert (told["value"], told["becomes"]) == (None, "not sent")
    assert told["reason"] == "It is not sent here."
    assert manage("amazon_explain", "--sku", "NONE").exit == 2
    assert manage("amazon_explain", "--sku", "MUG", "--marketplace", FR).exit == 2


def test_a_paused_account_sends_nothing(world: World, mug: str) -> None:
    world.account.state = "paused"
    world.account.save()
    told = field("quantity")
    assert (told["becomes"], "paused" in told["reason"]) == ("not sent", True)


def test_what_amazon_does_not_let_be_offered_is_not_said_to_go(world: World) -> None:
    world.amazon.add_product(asin="B00BAR0001", title="Not yours", ean=EAN, restricted=True)
    factories.stock_record("MUG", price="9.90", in_stock=4, upc=EAN)
    world.export()
    for name in ("price", "quantity"):
        told = field(name)
        assert (told["becomes"], "B00BAR0001" in told["reason"]) == ("refused", True)
    assert lines_of(world.export(), "outcome") == []
    change("MUG", price="9.80")
    assert field("price")["becomes"] == "send"


def test_what_has_no_barcode_is_not_said_to_be_refused_by_amazon(world: World) -> None:
    factories.stock_record("MUG", price="9.90", in_stock=4, upc="")
    world.export()
    told = field("price")
    assert (told["becomes"], "barcode" in told["reason"]) == ("not sent", True)


def test_a_new_offer_without_stock_goes_with_none_of_its_values(world: World) -> None:
    world.amazon.add_product(asin="B00NEW0001", title="A mug", ean=EAN)
    factories.stock_record(
        "MUG", price="9.90", product_=factories.product(track_stock=False, upc=EAN)
    )
    world.export()
    told = field("price")
    assert (told["becomes"], told["reason"]) == ("not sent", field("quantity")["reason"])


def test_what_amazon_changed_is_live_no_more(world: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}  # Amazon needs no time here
    world.sell("MUG", price="10.00")
    world.export()
    change("MUG", price="11.00")
    world.export()
    world.amazon.advance(600)
    world.verify()
    assert field("price")["live_since"]
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    world.verify()
    told = field("price")
    assert (told["value"], told["on_amazon"]) == ("11.00 EUR", "12.00 EUR")
    assert (told["live_since"], "live since" in told["sentence"]) == (None, False)


def test_a_sale_is_said_as_people_write_it(world: World, mug: str) -> None:
    sale = {"price": "8.00 EUR", "start": "2026-12-01", "end": "2099-12-31"}
    Listing.objects.update(own_values={"sale_price": sale})
    said = manage("amazon_explain", "--sku", "MUG").out
    assert "8.00 EUR" in said
    assert "{" not in said
