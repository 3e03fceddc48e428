"""One stock that two accounts sell: what one of them does not know of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.models import AccountState
from tests import factories
from tests.attacks.steps import Era, change, fail
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

UNITED_STATES = "ATVPDKIKX0DER"


@pytest.fixture
def american(era: Era, connect: Callable[..., Any]) -> World:
    """The American account beside the German one: both sell one offer of five units."""
    there: World = connect("na", (UNITED_STATES,))
    factories.stock_record("MUG", price="10.00", in_stock=5)
    era.world.list_on_amazon("MUG", price="10.00", quantity=5)
    there.list_on_amazon("MUG", price="10.00", quantity=5, marketplace=UNITED_STATES)
    era.minutes(6)
    return there


def away(era: Era) -> None:
    """The American orders cannot be searched."""
    fail(era, "searchOrders", "500", about=UNITED_STATES)


def test_nothing_rises_while_the_orders_of_the_other_account_are_not_known(
    era: Era, american: World
) -> None:
    """A rise waits until all orders up to a few minutes ago are known. American orders cannot be
    searched, America sells all five, the shop gets three more, and Germany, whose own orders are
    known, offers eight: five of them are sold."""
    away(era)
    american.buy("MUG", 5, marketplace=UNITED_STATES)
    era.minutes(15)
    change("MUG", num_in_stock=8)
    era.minutes(15)
    assert era.units() == 5
    era.world.amazon.faults.clear()
    era.minutes(15)
    assert era.units() == 3
    change("MUG", num_in_stock=20)
    era.minutes(6)
    assert era.units() == 15


def test_nothing_rises_while_nobody_knows_what_an_order_of_the_other_account_holds(
    era: Era, american: World
) -> None:
    number = american.buy("MUG", 5, marketplace=UNITED_STATES)
    american.amazon.set_order(number, orderItems=[{"orderItemId": ""}])
    era.minutes(9)
    change("MUG", num_in_stock=8)
    era.minutes(9)
    assert era.units() == 5


@pytest.mark.parametrize("how", ["disconnected", "not imported"])
def test_an_account_whose_orders_nobody_will_ever_know_stops_no_other(
    era: Era, american: World, how: str
) -> None:
    away(era)
    if how == "disconnected":
        american.account.move(AccountState.DISCONNECTED)
    else:
        type(american.account).objects.filter(pk=american.account.pk).update(import_orders=False)
    era.minutes(15)
    change("MUG", num_in_stock=8)
    era.minutes(6)
    assert era.units() == 8


def test_what_only_one_of_them_sells_rises(era: Era, american: World) -> None:
    away(era)
    era.world.sell("CUP")
    era.minutes(15)
    change("CUP", num_in_stock=8)
    era.minutes(6)
    assert era.units("CUP") == 8
