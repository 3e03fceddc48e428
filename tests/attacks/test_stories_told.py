"""What the stories of numbers tell, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from django_amazon_sync.models import Listing, SubmissionItem
from tests.admin.conftest import Staff
from tests.attacks.steps import Era, change, fail
from tests.commands.conftest import manage_json
from tests.world import World

pytestmark = pytest.mark.django_db

UNITED_STATES = "ATVPDKIKX0DER"


@pytest.fixture
def american(era: Era, connect: Callable[..., Any]) -> World:
    """The American account beside the German one: both sell one offer of five units."""
    there: World = connect("na", (UNITED_STATES,))
    era.world.sell("MUG", price="10.00", quantity=5)
    there.list_on_amazon("MUG", price="10.00", quantity=5, marketplace=UNITED_STATES)
    era.minutes(6)
    return there


@pytest.mark.parametrize("status", ["PENDING", "UNSHIPPED"])
def test_an_order_of_another_account_is_not_named(
    era: Era, american: World, admin_client: Client, status: str
) -> None:
    """An American order took two units of what Germany sells too: the page of the German listing
    says that an order did, not which."""
    number = american.buy("MUG", 2, marketplace=UNITED_STATES, status=status)
    era.minutes(9)
    assert era.units() == 3
    german = era.world.account
    item = SubmissionItem.objects.filter(
        submission__account=german, values__has_key="quantity"
    ).latest("pk")
    assert item.values["quantity"] == 3
    assert item.causes["quantity"] == {"code": "order", "order": "", "by": ""}
    page = Staff(admin_client).see(Listing, item.listing_id)
    assert number not in page


def test_a_rise_that_waits_for_another_account_is_not_said_to_go(era: Era, american: World) -> None:
    """American orders cannot be searched, so that no run lets the German quantity rise."""
    fail(era, "searchOrders", "500", about=UNITED_STATES)
    era.minutes(15)
    change("MUG", num_in_stock=8)
    era.minutes(6)
    assert era.units() == 5
    options = "--sku", "MUG", "--account", era.world.account.name
    (listing,) = manage_json("amazon_explain", *options).document["listings"]
    told = next(each for each in listing["fields"] if each["field"] == "quantity")
    assert (told["value"], told["on_amazon"], told["becomes"]) == (8, 5, "waits")
    assert "account" in told["reason"]
