"""The shop's own lists of products, in Django's admin and the dashboard: Amazon's side of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from django_amazon_sync.admin.common.base import ModelScreen
from django_amazon_sync.admin.shop_products import AmazonProductAdminMixin
from django_amazon_sync.models import Job, Listing, RunSelection, SellerAccount, SellerSku, SyncRun
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests import factories
from tests.admin.conftest import Staff, address, mark_of
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.plainshop.models import Sale

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

Product = get_model("catalogue", "Product")

DASHBOARD = "/dashboard/catalogue/"


@pytest.fixture
def account(db: None) -> SellerAccount:
    return LiveAccountFactory.create()


def fill(account: SellerAccount, number: int, first: int = 0) -> None:
    """So many products, each with a SKU and a listing."""
    place = MarketplaceFactory.create(account=account) if not first else account.marketplaces.get()
    for one in range(first, first + number):
        record = factories.stock_record(f"P{one:05}")
        ListingInStepFactory.create(
            marketplace=place, sku__sku=f"P{one:05}", sku__offer_pk=str(record.pk)
        )


def press_all(staff: Staff, action: str, **more: Any) -> tuple[Any, int]:
    """Do an action on all products; the answer, and how many queries the request took."""
    data = {"action": action, "select_across": "1", "_selected_action": [1], "index": "0", **more}
    with CaptureQueriesContext(connection) as captured:
        answer = staff.client.post(address(Product), data)
    return answer, len(captured)


def test_all_products_take_as_many_queries_for_many_as_for_few(
    staff: Staff, account: SellerAccount
) -> None:
    fill(account, 110)
    _answer, with_few = press_all(staff, "amazon_export")
    assert RunSelection.objects.filter(run=SyncRun.objects.get()).count() == 110
    SyncRun.objects.all().delete()
    fill(account, 110, first=110)
    _answer, with_many = press_all(staff, "amazon_export")
    assert RunSelection.objects.filter(run=SyncRun.objects.get()).count() == 220
    assert with_many == with_few


def test_import_asks_for_the_fields_and_then_for_a_run(
    staff: Staff, account: SellerAccount
) -> None:
    fill(account, 3)
    answer, _number = press_all(staff, "take_over")
    page = answer.content.decode()
    assert "3 rows are chosen." in page
    press_all(staff, "take_over", step="show", field=["name"], mark=mark_of(page))
    run = SyncRun.objects.get()
    assert (run.job, run.dry_run, run.options["fields"]) == (Job.TAKE_OVER, True, ["name"])


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [("edit_selected", "set_quantity", "7"), ("edit_listings", "own_price", "9.99")],
)
def test_all_are_edited_after_a_look(
    staff: Staff, account: SellerAccount, action: str, name: str, value: str
) -> None:
    fill(account, 3)
    typed = {"edit_field": [name], f"{name}_how": "set", name: value}
    answer, _number = press_all(staff, action, step="look", **typed)
    assert f'name="action" value="{action}"' in answer.content.decode()
    mark = answer.context_data["outlook"].seen.text
    press_all(staff, action, step="save", mark=mark, **typed)
    model = SellerSku if action == "edit_selected" else Listing
    assert [str(getattr(row, name)) for row in model._default_manager.all()] == [value] * 3


def test_a_variant_is_chosen_by_its_parent(staff: Staff, account: SellerAccount) -> None:
    fill(account, 2)
    parent, child = Product.objects.order_by("pk")
    Product.objects.filter(pk=parent.pk).update(structure="parent")
    Product.objects.filter(pk=child.pk).update(structure="child", parent=parent)
    data = {"action": "amazon_export", "_selected_action": [parent.pk], "index": "0"}
    staff.client.post(address(Product), data)
    assert SyncRun.objects.get().options == {"skus": ["P00000", "P00001"]}


def counted(staff: Staff, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert staff.client.get(url).status_code == 200
    return sum("django_amazon_sync_" in one["sql"] for one in captured.captured_queries)


def test_the_column_costs_as_many_queries_however_long_the_list(
    staff: Staff, account: SellerAccount
) -> None:
    counts = []
    for first, number in ((0, 1), (1, 14)):
        fill(account, number, first)
        counts.append((counted(staff, address(Product)), counted(staff, DASHBOARD)))
    assert counts[0] == counts[1]
    page = staff.client.get(address(Product)).content.decode()
    assert page.count("on Amazon: 1") == 15
    pk = Product.objects.values_list("pk", flat=True)[0]
    assert f"/admin/django_amazon_sync/sellersku/product/{pk}/" in page
    page = staff.client.get(DASHBOARD).content.decode()
    assert page.count("on Amazon: 1") == 15
    assert f"{DASHBOARD}products/{pk}/amazon/" in page


def clerk_with(staff_with: Callable[..., Staff], *codenames: str) -> Staff:
    staff = staff_with(*codenames)
    user = get_user_model().objects.get(pk=staff.client.session["_auth_user_id"])
    products = Permission.objects.filter(codename__in=["view_product", "change_product"])
    user.user_permissions.add(*products)
    return staff


@pytest.mark.parametrize(
    ("action", "codename"),
    [
        ("amazon_export", "export_listing"), ("take_over", "take_over_listing"),
        ("edit_selected", "change_sellersku"), ("edit_listings", "change_listing"),
    ],
)  # fmt: skip
def test_each_action_needs_its_permission(
    staff_with: Callable[..., Staff], account: SellerAccount, action: str, codename: str
) -> None:
    fill(account, 1)
    clerk = clerk_with(staff_with, codename)
    page = clerk.client.get(address(Product)).content.decode()
    assert f'<option value="{action}">' in page
    user = get_user_model().objects.get(pk=clerk.client.session["_auth_user_id"])
    user.user_permissions.remove(Permission.objects.get(codename=codename))
    page = clerk.client.get(address(Product)).content.decode()
    assert f'<option value="{action}">' not in page
    assert "on Amazon: 1" not in page
    answer, _number = press_all(clerk, action, step="show", field=["name"])
    assert b"chosen." not in answer.content
    assert not SyncRun.objects.exists()


def test_a_vendor_works_on_its_own_accounts_only(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    clerk = clerk_with(staff_with, "view_sellersku", "export_listing")
    factories.partner("vendor").users.add(clerk.client.session["_auth_user_id"])
    fill(account, 1)
    theirs = LiveAccountFactory.create(shop_scope="vendor")
    record = factories.stock_record("THEIRS")
    ListingInStepFactory.create(
        marketplace__account=theirs, sku__sku="THEIRS", sku__offer_pk=str(record.pk)
    )
    assert clerk.client.get(address(Product)).content.decode().count("on Amazon: 1") == 1
    press_all(clerk, "amazon_export")
    assert SyncRun.objects.get().options == {"skus": ["THEIRS"]}


class SaleAdmin(AmazonProductAdminMixin, ModelScreen[Sale]):
    """Rows of a model that the shop sells nothing of."""

    list_display = ("number",)
    actions = ("of_its_own",)

    def of_its_own(self, request: Any, queryset: Any) -> None: ...


def test_a_list_keeps_its_own_actions(admin_user: Any) -> None:
    screen = SaleAdmin(Sale, admin.AdminSite())
    request = RequestFactory().get("/")
    request.user = admin_user
    assert {"of_its_own", "amazon_export"} <= set(screen.get_actions(request))
