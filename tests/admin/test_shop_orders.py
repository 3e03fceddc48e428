"""The shop's own lists of orders, in Django's admin and the dashboard: Amazon's side of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from django_amazon_sync.admin.common.base import ModelScreen
from django_amazon_sync.admin.shop_orders import AmazonOrderAdminMixin
from django_amazon_sync.models import AmazonOrder, SellerAccount
from django_amazon_sync.testing.factories import AmazonOrderFactory, SellerAccountFactory
from tests import factories
from tests.admin.conftest import Staff, address
from tests.factories_amazon import LiveAccountFactory
from tests.plainshop.models import Sale

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

Order = get_model("order", "Order")

LIST = "/dashboard/orders/"


@pytest.fixture
def account(db: None) -> SellerAccount:
    return LiveAccountFactory.create()


def placed(account: SellerAccount, number: str) -> AmazonOrder:
    """An order of the shop that came from Amazon."""
    return AmazonOrderFactory.create(
        placed=True, account=account, number=number, shop_order_pk=str(of_the_shop(number).pk)
    )


def of_the_shop(number: str) -> Any:
    return Order.objects.create(
        number=number, currency="EUR", total_incl_tax="10.00", total_excl_tax="10.00",
        guest_email="a@example.com", status="Pending",
    )  # fmt: skip


def numbers_in(response: Any) -> list[str]:
    return sorted(order.number for order in response.context["orders"])


# --- The dashboard ------------------------------------------------------------------------------


def test_the_dashboard_shows_and_links_amazons_orders(staff: Staff, account: SellerAccount) -> None:
    order = placed(account, "302-1111111-1111111")
    of_the_shop("100001")
    page = staff.client.get(LIST).content.decode()
    link = f'<a href="{address(AmazonOrder, order.pk)}">302-1111111-1111111</a> placed'
    assert link in page
    assert page.count('<td class="amazon-order">–</td>') == 1

    page = staff.client.get(f"{LIST}302-1111111-1111111/").content.decode()
    assert address(AmazonOrder, order.pk) in page
    assert "The shop&#x27;s shipments of it are confirmed to Amazon." in page
    assert "Amazon order id" not in staff.client.get(f"{LIST}100001/").content.decode()
    assert f'href="{LIST}302-1111111-1111111/"' in staff.see(AmazonOrder, order.pk)


def test_the_dashboard_is_filtered(staff: Staff, account: SellerAccount) -> None:
    placed(account, "302-1111111-1111111")
    of_the_shop("100001")
    for choice, found in (
        ("yes", ["302-1111111-1111111"]),
        ("no", ["100001"]),
        ("", ["100001", "302-1111111-1111111"]),
        ("nonsense", ["100001", "302-1111111-1111111"]),
    ):
        response = staff.client.get(LIST, {"amazon_order": choice})
        assert numbers_in(response) == found, choice
    assert "Orders from Amazon" in staff.client.get(LIST, {"amazon_order": "yes"}).content.decode()
    both = staff.client.get(LIST, {"amazon_order": "no", "status": "Cancelled"})
    assert numbers_in(both) == []


def test_the_dashboard_still_gives_its_csv(staff: Staff, account: SellerAccount) -> None:
    placed(account, "302-1111111-1111111")
    answer = staff.client.get(LIST, {"response_format": "csv", "amazon_order": "yes"})
    assert answer["Content-Type"] == "text/csv"


def asked_of_amazon(staff: Staff, url: str, **asked: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert staff.client.get(url, asked).status_code == 200
    return sum("sync_amazonorder" in one["sql"] for one in captured.captured_queries)


def test_a_list_costs_one_query_more_however_long(staff: Staff, account: SellerAccount) -> None:
    counts = []
    for total in (1, 19):
        for _ in range(total):
            placed(account, f"302-0000000-{Order.objects.count():07}")
        counts.append((asked_of_amazon(staff, LIST), asked_of_amazon(staff, address(Order))))
    assert counts == [(1, 1), (1, 1)]


# --- Django's admin -----------------------------------------------------------------------------


def test_the_admin_shows_filters_and_links_amazons_orders(
    staff: Staff, account: SellerAccount
) -> None:
    order = placed(account, "302-1111111-1111111")
    other = of_the_shop("100001")
    link = f'<a href="{address(AmazonOrder, order.pk)}">302-1111111-1111111</a> placed'
    page = staff.see(Order)
    assert link in page
    assert "from Amazon" in page
    for choice, found in (("yes", [order.number]), ("no", ["100001"])):
        response = staff.client.get(address(Order), {"amazon_order": choice})
        assert [one.number for one in response.context["cl"].result_list] == found
    assert link in staff.see(Order, order.shop_order_pk)
    assert link not in staff.see(Order, other.pk)


class SaleAdmin(AmazonOrderAdminMixin, ModelScreen[Sale]):
    """The orders of a plain shop, known by a number."""

    list_display = ("number",)
    fields = ("number",)


def test_any_model_of_orders_can_have_the_column(admin_user: Any, account: SellerAccount) -> None:
    sale, _other = Sale.objects.create(number="S-1"), Sale.objects.create(number="S-2")
    AmazonOrderFactory.create(
        placed=True, account=account, number="302-1111111-1111111", shop_order_pk="S-1"
    )
    screen = SaleAdmin(Sale, admin.AdminSite())
    request = RequestFactory().get("/", {"amazon_order": "yes"})
    request.user = admin_user
    changelist = screen.get_changelist_instance(request)
    assert list(changelist.result_list) == [sale]
    assert "302-1111111-1111111" in screen.amazon_order(changelist.result_list[0])
    assert screen.get_object(request, "S-1") == sale
    assert screen.get_fieldsets(request, sale)[-1] == ("Amazon", {"fields": ["amazon_order"]})


# --- Who ----------------------------------------------------------------------------------------


def may_see_orders(staff: Staff, *codenames: str) -> Staff:
    user = get_user_model().objects.get(pk=staff.client.session["_auth_user_id"])
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return staff


def test_without_the_permission_there_is_no_link_and_no_state(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    order = placed(account, "302-1111111-1111111")
    clerk = may_see_orders(staff_with(), "view_order")
    for url in (LIST, address(Order)):
        page = clerk.client.get(url).content.decode()
        assert "302-1111111-1111111" in page
        assert address(AmazonOrder, order.pk) not in page
    assert "Amazon order id" not in clerk.client.get(f"{LIST}{order.number}/").content.decode()


def test_a_vendor_sees_only_what_its_own_accounts_sold(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    clerk = may_see_orders(staff_with("view_amazonorder"), "view_order")
    factories.partner("vendor").users.add(clerk.client.session["_auth_user_id"])
    theirs = placed(SellerAccountFactory.create(shop_scope="vendor"), "302-1111111-1111111")
    foreign = placed(account, "302-2222222-2222222")
    page = clerk.client.get(LIST).content.decode()
    assert address(AmazonOrder, theirs.pk) in page
    assert address(AmazonOrder, foreign.pk) not in page
    assert numbers_in(clerk.client.get(LIST, {"amazon_order": "yes"})) == [theirs.number]


def test_the_dashboard_is_closed_to_strangers() -> None:
    assert Client().get(LIST).status_code == 302
