"""What was sent of a listing's numbers, on its page, its product's and an order's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_amazon_sync.admin.common import sent_numbers
from django_amazon_sync.models import AmazonOrder, Job, Listing, SyncRun
from tests.admin.conftest import Staff, address
from tests.admin.people import client_with
from tests.sync.export.steps import change
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(world: World) -> tuple[Any, str]:
    """A mug of which an order took one and the shop another, and the number of that order."""
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    number = world.buy("MUG", 1)
    world.import_orders()
    world.send_changes()
    world.amazon.advance(600)
    world.verify()
    change("MUG", price="11.00")
    world.export()
    return record, number


def product_page(record: Any) -> str:
    return reverse("admin:django_amazon_sync_product", args=[record.product_id])


def test_both_pages_say_what_was_sent_why_and_link_there(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    record, number = sold
    order_url = address(AmazonOrder, AmazonOrder.objects.get().pk)
    run = SyncRun.objects.filter(job=Job.CHANGES).latest("pk")
    pages = (
        Staff(admin_client).see(Listing, world.listing("MUG").pk),
        admin_client.get(product_page(record)).content.decode(),
    )
    for page in pages:
        assert "What was sent" in page
        assert f'order on Amazon <a href="{order_url}">{number}</a>' in page
        assert "<td>4 = 4 in stock</td>" in page
        assert "<td>11.00 EUR = shop&#x27;s price 11.00 EUR</td>" in page
        assert "<td>accepted</td>" in page
        assert f'href="{address(SyncRun, run.pk)}"' in page


def test_an_order_says_what_it_moved(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    page = Staff(admin_client).see(AmazonOrder, AmazonOrder.objects.get().pk)
    assert "What it moved on Amazon" in page
    assert "<td>4 = 4 in stock</td>" in page
    assert f'href="{address(Listing, world.listing("MUG").pk)}"' in page
    assert "11.00 EUR =" not in page


def test_who_may_see_listings_alone_reads_no_number_of_an_order(
    world: World, sold: tuple[Any, str]
) -> None:
    client = client_with("view_listing", "view_sellersku")
    page = client.get(address(Listing, world.listing("MUG").pk)).content.decode()
    assert "order on Amazon" in page
    assert sold[1] not in page
    assert "Its run" not in page


def test_what_was_sent_earlier_is_on_the_next_page(
    world: World, sold: tuple[Any, str], admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_numbers, "SHOWN", 1)
    url = address(Listing, world.listing("MUG").pk)
    first = admin_client.get(url)
    assert "<td>11.00 EUR =" in first.content.decode()
    assert "<td>4 = 4 in stock</td>" not in first.content.decode()
    earlier = first.context["sent"].earlier
    second = admin_client.get(url, {"sent_before": earlier}).content.decode()
    assert "<td>4 = 4 in stock</td>" in second
    assert "What was sent earlier" not in second
    assert admin_client.get(url, {"sent_before": "x"}).status_code == 200


def test_many_numbers_ask_no_more_of_the_database(
    world: World, sold: tuple[Any, str], admin_client: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(product_page(sold[0])).status_code == 200
        return len(captured)

    queries()
    before = queries()
    for price in ("12.00", "13.00"):
        change("MUG", price=price)
        world.export()
    assert queries() == before
