"""What a change of rules changes, in words: what goes to zero, and what stays as it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oscar.core.loading import get_model

from tests.admin.conftest import Staff
from tests.admin.settings.rule_steps import (
    change_account,
    change_place,
    confirm,
    text_of,
    three_on_sale,
)
from tests.world import World


@pytest.fixture
def shelf(world: World) -> World:
    return three_on_sale(world)


def test_a_stock_buffer_of_the_account_says_what_goes_to_zero(staff: Staff, shelf: World) -> None:
    page = change_account(staff, shelf, stock_buffer="2")
    told = text_of(page)
    assert "The quantity of 3 listings changes." in told
    assert "1 quantity goes to 0." in told
    confirm(staff, page)
    shelf.send_changes()
    assert [shelf.live(name).quantity for name in ("CUP", "MUG", "POT")] == [0, 3, 7]


def test_prices_that_are_switched_off_stay_and_come_back(staff: Staff, shelf: World) -> None:
    page = change_place(staff, shelf, sync_price=None)
    assert "3 prices are no longer sent; they stay on Amazon as they are." in text_of(page)
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG").price == 10

    records = get_model("partner", "StockRecord").objects.filter(partner_sku="MUG")
    records.update(price=Decimal("11.50"))  # past the signals
    page = change_place(staff, shelf, sync_price="on")
    told = text_of(page)
    assert "The price of 1 listing changes." in told
    assert "10.00 EUR → 11.50 EUR" in told
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG").price == Decimal("11.50")


def test_quantities_that_are_switched_off_stay(staff: Staff, shelf: World) -> None:
    page = change_account(staff, shelf, **{"marketplaces-0-sync_quantity": None})
    assert "3 quantities are no longer sent; they stay on Amazon as they are" in text_of(page)
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG").quantity == 5


def test_what_is_no_longer_synchronised_goes_to_zero(staff: Staff, shelf: World) -> None:
    page = change_account(staff, shelf, synchronise_all=None)
    told = text_of(page)
    assert "3 quantities go to 0." in told
    assert "3 prices are no longer sent" in told
    confirm(staff, page)
    shelf.send_changes()
    assert [shelf.live(name).quantity for name in ("CUP", "MUG", "POT")] == [0, 0, 0]


def test_a_marketplace_that_is_switched_off_keeps_its_prices(staff: Staff, shelf: World) -> None:
    page = change_place(staff, shelf, active=None)
    told = text_of(page)
    assert "3 prices are no longer sent; they stay on Amazon as they are." in told
    assert "quantities are no longer sent" not in told
    confirm(staff, page)
    shelf.send_changes()
    assert (shelf.live("MUG").price, shelf.live("MUG").quantity) == (10, 5)
    shelf_again = change_place(staff, shelf, active="on")
    assert shelf_again.status_code == 302, "all of it is in step"
