"""What the stories of numbers tell, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from django_amazon_sync.models import Listing, SubmissionItem
from tests.admin.conftest import Staff
from tests.attacks.steps import Era
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
