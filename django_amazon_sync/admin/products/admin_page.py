"""The Amazon page of a product in Django's admin, and the way to it from the shop's own admin.

A shop's product admin shows the button by a template of its own that holds one line:
``{% extends "django_amazon_sync/admin/product_change_form.html" %}``.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.admin.products.page import ProductPage
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import SellerSku, SyncRun
from django_amazon_sync.shops import configured_shop


class AdminProductPage(ProductPage):
    """The page within Django's admin."""

    template_name = "django_amazon_sync/admin/product.html"
    is_in_admin = True
    site: AdminSite | None = None

    NAMES = {
        "product": "admin:django_amazon_sync_product",
        "run_state": "admin:django_amazon_sync_syncrun_state",
    }

    def report_url(self, run: SyncRun) -> str:
        return change_url(run)

    def context(self) -> dict[str, object]:
        site = self.site.each_context(self.request) if self.site else {}
        return {**site, "opts": SellerSku._meta}


def page_url(offer_pk: str) -> str:
    """The page of the product that an offer is of; empty where the shop cannot say."""
    try:
        product = configured_shop().products_of([offer_pk]).get(offer_pk)
    except ConfigurationError:
        product = None  # a system check says what is wrong
    if product is None:
        return ""
    address = reverse(AdminProductPage.NAMES["product"], args=[product])
    return f"{address}?{urlencode({'offer': offer_pk})}"


def page_link(offer_pk: str) -> str:
    """A link to that page; empty where there is none."""
    url = page_url(offer_pk)
    text = gettext("All that is set for this product")
    return format_html('<a href="{}">{}</a>', url, text) if url else ""


def urls(site: AdminSite) -> list[URLPattern]:
    """The addresses of the page, for the admin of this site."""
    view = site.admin_view(AdminProductPage.as_view(site=site))
    return [path("product/<path:pk>/", view, name="django_amazon_sync_product")]
