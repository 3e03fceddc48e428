"""Why price and stock of a listing are what they are, on its page and on its product's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from django_amazon_sync.models import Listing
from tests.admin.conftest import Staff, address
from tests.admin.people import client_with
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(world: World) -> tuple[Any, str]:
    """A mug of which one that Amazon sold waits to be paid, and the number of that order."""
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    number = world.buy("MUG", 1, status="PENDING")
    world.import_orders()
    world.send_changes()
    return record, number


def product_page(record: Any) -> str:
    return reverse("admin:django_amazon_sync_product", args=[record.product_id])


def test_both_pages_say_what_a_quantity_is_made_of(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    record, number = sold
    sentence = f"4 = 5 in stock - 1 reserved ({number})"
    assert sentence in Staff(admin_client).see(Listing, world.listing("MUG").pk)
    page = admin_client.get(product_page(record)).content.decode()
    assert sentence in page
    assert "10.00 EUR = shop&#x27;s price 10.00 EUR" in page


def test_who_may_not_see_orders_reads_how_many_there_are(
    world: World, sold: tuple[Any, str]
) -> None:
    client = client_with("view_listing", "view_sellersku")
    _record, number = sold
    page = client.get(address(Listing, world.listing("MUG").pk)).content.decode()
    assert "1 reserved (1 order)" in page
    assert number not in page


def test_more_stores_ask_no_more_of_the_database(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(product_page(sold[0])).status_code == 200
        return sum('"django_amazon_sync_submissionitem"' in one["sql"] for one in captured)

    queries()
    assert 0 < queries() <= 8


def test_reasons_and_full_stops_are_in_the_readers_language(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    world.account.marketplaces.update(sync_price=False)
    url = address(Listing, world.listing("MUG").pk)
    with translation.override("en"):  # each request leaves its language behind
        german = admin_client.get(url, headers={"accept-language": "de"}).content.decode()
        japanese = admin_client.get(url, headers={"accept-language": "ja"}).content.decode()
    assert "Hier wird es nicht gesendet." in german
    assert "It is not sent here." not in german
    assert "。</strong> " in japanese


def test_why_the_shop_does_not_sell_it_is_in_the_readers_language(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    sold[0].product.is_public = False
    sold[0].product.save()
    url = address(Listing, world.listing("MUG").pk)
    with translation.override("en"):
        english = admin_client.get(url).content.decode()
        german = admin_client.get(url, headers={"accept-language": "de"}).content.decode()
    said = "It is not on sale in the shop, so it is not offered on Amazon."
    assert said in english
    assert said not in german
