"""The page of a product within Django's admin, and the ways that lead there."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from django_amazon_sync.admin.products.admin_page import page_link, page_url
from django_amazon_sync.models import SellerAccount
from tests.admin.conftest import Staff
from tests.admin.products.page_steps import address_of

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_the_shops_product_page_leads_here(staff: Staff, record: Any) -> None:
    page = staff.client.get(f"/admin/catalogue/product/{record.product.pk}/change/")
    assert address_of(record) in page.content.decode()


def test_an_offer_leads_to_the_page_of_its_product(
    staff: Staff, record: Any, account: SellerAccount
) -> None:
    url = page_url(str(record.pk))
    product = reverse("admin:django_amazon_sync_product", args=[record.product.pk])
    assert url == f"{product}?offer={record.pk}"
    assert "MUG" in staff.client.get(url).content.decode()
    assert f'href="{url}"' in page_link(str(record.pk))


def test_where_there_is_no_product_there_is_no_way(settings: Any) -> None:
    assert (page_url("987654"), page_link("987654")) == ("", "")
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "SHOP": "no.such.Shop"}
    assert page_url("1") == ""


def test_the_page_is_the_admins_own(staff: Staff, record: Any, account: SellerAccount) -> None:
    answer = staff.client.get(address_of(record))
    assert "django_amazon_sync/admin/product.html" in [one.name for one in answer.templates]
    assert answer.context["site_header"]
    staff.client.logout()
    assert "login" in staff.client.get(address_of(record))["Location"]
