"""The search of Amazon's orders: what staff see of each, and what they import of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_amazon_sync.admin.orders.search import read_signed, sign
from django_amazon_sync.models import AmazonOrder, Job, OrderState, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders.search import KEPT_FOR_THE_IMPORT, Asked
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    SellerAccountFactory,
)
from django_amazon_sync.testing.simulator import Fault
from tests.admin.conftest import TAKES_ALL, Staff
from tests.factories import partner
from tests.factories_amazon import FRANCE
from tests.world import DE, World

pytestmark = pytest.mark.django_db

SEARCH = "/admin/django_amazon_sync/amazonorder/search/"


@pytest.fixture
def shop(world: World) -> World:
    world.sell("MUG", price="10.00", quantity=900)
    return world


def search(staff: Staff, of: SellerAccount, **asked: Any) -> str:
    asked = {"account": of.pk, "period": "week", **asked}
    response = staff.client.post(SEARCH, asked)
    assert response.status_code == 200
    return response.content.decode()


def go_on(staff: Staff, page: str, do: str, place: int = 0, **data: Any) -> Any:
    """Press a button of a page that was found."""
    signed = re.findall(r'name="searched" value="([^"]+)"', page)[place]
    return staff.client.post(SEARCH, {"searched": signed, "do": do, **data}, follow=True)


def row(page: str, number: str) -> str:
    return page.partition(f"{number}</")[2].partition("</tr>")[0]


# --- What is seen -------------------------------------------------------------------------------


def test_the_list_of_orders_leads_to_the_search(staff: Staff) -> None:
    assert f'href="{SEARCH}"' in staff.see(AmazonOrder)
    assert "Search on Amazon" in staff.client.get(SEARCH).content.decode()


def test_each_order_says_whether_it_is_here_and_why_not(staff: Staff, shop: World) -> None:
    placed = shop.buy("MUG")
    shop.import_orders()
    older = shop.buy("MUG", at=shop.account.cut_over - timedelta(days=2))
    other = shop.buy("MUG", channel_name="NON_AMAZON")
    pending = shop.buy("MUG", status="PENDING")
    new = shop.buy("MUG")
    shop.amazon.advance(180)
    page = search(staff, shop.account)
    order = AmazonOrder.objects.get()
    assert f'href="/admin/django_amazon_sync/amazonorder/{order.pk}/change/"' in page
    assert "order in the shop" in row(page, placed)
    assert "10.00 EUR" in row(page, placed)
    for number, sentence in (
        (older, "without taking stock"),
        (other, "a sales channel other than Amazon"),
        (pending, "payment is pending"),
        (new, "the next import brings it"),
    ):
        assert sentence in row(page, number), sentence
        assert "not imported" in row(page, number)
        assert f'value="{number}"' in page
    assert f'value="{placed}"' not in page

    shop_page = staff.client.get(f"/admin/django_amazon_sync/amazonorder/{order.pk}/shop/")
    assert shop_page["Location"] == f"/dashboard/orders/{placed}/"


def test_quarantined_orders_show_their_own_reason(staff: Staff, shop: World) -> None:
    number = shop.buy("MUG")
    SellerAccount.objects.update(default_shipping_method="")
    shop.account.refresh_from_db()
    shop.import_orders()
    assert AmazonOrder.objects.get().state == OrderState.QUARANTINED
    shown = row(search(staff, shop.account), number)
    assert "quarantined" in shown
    assert "shipping method" in shown


def test_an_import_that_is_off_is_said(staff: Staff, shop: World) -> None:
    number = shop.buy("MUG")
    shop.amazon.advance(180)
    SellerAccount.objects.update(import_orders=False)
    assert "switched off" in row(search(staff, shop.account), number)


def test_one_order_is_found_by_its_number(staff: Staff, shop: World) -> None:
    number = shop.buy("MUG")
    page = search(staff, shop.account, number=f" {number} ")
    assert f'value="{number}"' in page
    assert "Import all" not in page
    assert "has no order 999-0000000-0000000" in search(
        staff, shop.account, number="999-0000000-0000000"
    )


def test_buyers_are_seen_with_the_permission_only(
    staff: Staff, staff_with: Callable[..., Staff], shop: World
) -> None:
    number = shop.buy("MUG")
    shop.amazon.advance(180)
    name = shop.amazon.order(number)["buyer"]["buyerName"]
    assert name in search(staff, shop.account)
    clerk = staff_with("import_amazonorder")
    page = search(clerk, shop.account)
    assert number in page
    assert name not in page


def test_pages_follow_each_other(staff: Staff, shop: World) -> None:
    numbers = {shop.buy("MUG") for _ in range(101)}
    shop.amazon.advance(180)
    first = search(staff, shop.account)
    second = go_on(staff, first, "more", place=1).content.decode()
    values = re.findall(r'name="order" value="([^"]+)"', first + second)
    assert set(values) == numbers
    assert "Next page" in first
    assert "Next page" not in second


def test_a_page_costs_the_same_for_1_order_and_for_100(staff: Staff, shop: World) -> None:
    counts = []
    for number in (1, 99):
        for _ in range(number):
            shop.buy("MUG")
        shop.import_orders()
        with CaptureQueriesContext(connection) as captured:
            search(staff, shop.account)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- What goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field", "error"),
    [
        ({"account": ""}, "account", "This field is required."),
        ({"account": "999999"}, "account", "Select a valid choice"),
        ({"period": "century"}, "period", "Select a valid choice"),
        ({"period": "dates"}, "since", "Give the first day."),
        ({"period": "dates", "since": "2026-13-40"}, "since", "Enter a valid date."),
        ({"period": "dates", "since": "2999-01-01"}, "since", "This day has not come yet."),
        (
            {"period": "dates", "since": "2026-11-10", "until": "2026-11-09"},
            "until",
            "This is before the first day.",
        ),
        ({"marketplace": "A13V1IB3VIYZZH"}, "marketplace", "Select a valid choice"),
        ({"number": "302-1"}, "number", "302-1234567-1234567"),
        ({"number": "302-1234567-1234567' OR 1"}, "number", "302-1234567-1234567"),
    ],
)
def test_bad_input_is_an_error_at_its_field(
    staff: Staff, shop: World, asked: dict[str, str], field: str, error: str
) -> None:
    page = search(staff, shop.account, **asked)
    about = page.partition(f"field-{field}")[2].partition("form-row")[0]
    assert error in about
    assert not shop.amazon.requests_of("searchOrders")
    assert not shop.amazon.requests_of("getOrder")


def test_a_marketplace_of_another_account_is_an_error(staff: Staff, shop: World) -> None:
    MarketplaceFactory.create(code=FRANCE)
    page = search(staff, shop.account, marketplace=FRANCE)
    assert "The account does not sell there." in page


@pytest.mark.parametrize("amazon", [{"rate_limits": True}], indirect=True)
def test_used_up_searches_are_told_with_the_time(staff: Staff, shop: World) -> None:
    for _ in range(19 - KEPT_FOR_THE_IMPORT):
        page = search(staff, shop.account)
    assert "0 searches may be made now. Amazon gives one back every 179 seconds." in page
    refused = search(staff, shop.account)
    assert re.search(r"ask again at \d\d:\d\d:\d\d", refused)


@pytest.mark.parametrize("kind", ["429", "500", "403"])
def test_what_amazon_refuses_is_a_message(staff: Staff, shop: World, kind: Any) -> None:
    shop.amazon.faults.add(Fault("searchOrders", kind, times=5))
    page = search(staff, shop.account)
    assert 'class="error"' in page
    assert "Import the chosen ones" not in page


def test_a_search_that_was_tampered_with_is_refused(staff: Staff, shop: World) -> None:
    for signed in ("", "nonsense", signing.dumps({"account": shop.account.pk}, salt="another")):
        page = staff.client.post(SEARCH, {"searched": signed, "do": "import_all"}, follow=True)
        assert "This search has expired" in page.content.decode()
    assert not SyncRun.objects.exists()


def test_what_a_page_carries_comes_back_the_same(shop: World) -> None:
    now = timezone.now()
    asked = Asked(since=now, until=now + timedelta(days=1), marketplaces=(DE,), page_token="t")
    for one in (asked, Asked(number="302-1234567-1234567")):
        assert read_signed(sign(shop.account, one)) == (shop.account.pk, one)


# --- Importing ----------------------------------------------------------------------------------


def test_chosen_orders_are_one_run(
    staff: Staff, shop: World, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    first, second, third = (shop.buy("MUG") for _ in range(3))
    shop.amazon.advance(180)
    page = search(staff, shop.account)
    answer = go_on(staff, page, "import", order=[first, third, first, "nonsense"])
    assert "2 orders are asked for." in answer.content.decode()
    run = SyncRun.objects.get()
    assert run.options == {"orders": [first, third]}
    jobs.perform(run)
    placed = AmazonOrder.objects.filter(state=OrderState.PLACED).values_list("number", flat=True)
    assert set(placed) == {first, third}
    assert second not in placed


def test_nothing_chosen_asks_for_nothing(staff: Staff, shop: World) -> None:
    shop.buy("MUG")
    shop.amazon.advance(180)
    answer = go_on(staff, search(staff, shop.account), "import")
    assert "No order was chosen." in answer.content.decode()
    assert not SyncRun.objects.exists()


def test_all_found_is_one_run_over_the_time(
    staff: Staff, shop: World, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    numbers = {shop.buy("MUG") for _ in range(3)}
    shop.amazon.advance(180)
    page = search(staff, shop.account, marketplace=DE)
    go_on(staff, page, "import_all")
    run = SyncRun.objects.get()
    assert run.job == Job.IMPORT_ORDERS
    assert (run.options["by_creation"], run.options["marketplaces"]) == (True, [DE])
    jobs.perform(run)
    placed = AmazonOrder.objects.filter(state=OrderState.PLACED).values_list("number", flat=True)
    assert set(placed) == numbers


# --- Who ----------------------------------------------------------------------------------------


def test_who_may_not_import_does_not_search(staff_with: Callable[..., Staff], shop: World) -> None:
    clerk = staff_with("view_amazonorder", "view_personal_data")
    assert SEARCH not in clerk.see(AmazonOrder)
    assert clerk.client.get(SEARCH).status_code == 403
    asked = {"account": shop.account.pk, "period": "week"}
    assert clerk.client.post(SEARCH, asked).status_code == 403
    signed = sign(shop.account, Asked(since=timezone.now()))
    assert clerk.client.post(SEARCH, {"searched": signed, "do": "import_all"}).status_code == 403
    assert not SyncRun.objects.exists()
    assert Client().get(SEARCH).status_code == 302


def test_a_vendor_searches_only_its_own_accounts(
    staff_with: Callable[..., Staff], shop: World
) -> None:
    clerk = staff_with("import_amazonorder", "view_amazonorder")
    vendor = partner("vendor")
    vendor.users.add(clerk.client.session["_auth_user_id"])
    own = SellerAccountFactory.create(shop_scope="vendor", name="Of the vendor")
    page = clerk.client.get(SEARCH).content.decode()
    assert own.name in page
    assert shop.account.name not in page
    assert "Select a valid choice" in search(clerk, shop.account)
    answer = clerk.client.post(
        SEARCH,
        {"searched": sign(shop.account, Asked(since=timezone.now())), "do": "import_all"},
        follow=True,
    )
    assert "This search has expired" in answer.content.decode()
    order = AmazonOrderFactory.create(placed=True, account=shop.account)
    shop_page = reverse("admin:django_amazon_sync_amazonorder_shop", args=[order.pk])
    assert clerk.client.get(shop_page).status_code in (403, 404)


def test_the_search_is_protected_from_other_sites(admin_user: Any, shop: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    asked = {"account": shop.account.pk, "period": "week"}
    assert client.post(SEARCH, asked).status_code == 403
    assert not shop.amazon.requests_of("searchOrders")
