"""Every page of ours for everybody: axe finds nothing serious, and nothing is cut off at 375 px."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing, SellerAccount
from tests import factories
from tests.admin import test_lists as lists
from tests.browser.steps import log_in

#: What axe calls serious or critical; the lesser kinds are matters of taste.
SERIOUS = {"serious", "critical"}

#: Parts of Django's own admin that are the same on every page of every app.
OF_DJANGO = {"exclude": [[".breadcrumbs"], ["#changelist-search"]]}

#: A telephone held upright.
NARROW = {"width": 375, "height": 720}


def pages() -> Iterator[str]:
    """The list of each of our models, the page of a row, the form of a new one, and the others."""
    for model in lists.OURS:
        name = f"admin:django_amazon_sync_{model._meta.model_name}"
        first = model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[first])
        screen = admin.site._registry[model]
        for pattern in screen.get_urls():
            own = str(getattr(pattern, "name", ""))
            if own.startswith("django_amazon_sync_") and not own.endswith(("_changelist", "_add")):
                try:
                    yield reverse(f"admin:{own}")  # those that need no argument
                except NoReverseMatch:
                    continue
        if model.__name__ in ("Application", "SellerAccount"):
            yield reverse(f"{name}_add")
    yield from of_one_thing()


def of_one_thing() -> Iterator[str]:
    """The pages that are about one account, product, listing or article."""
    account = SellerAccount.objects.defer("refresh_token")[0]
    listing = Listing.objects.all()[0]
    product = factories.stock_record(listing.sku.sku).product
    for name, about in (
        ("connect_region", "eu"),
        ("connect_check", account.pk),
        ("cron_key", account.pk),
        ("product", product.pk),
        ("listing_take_over", listing.pk),
        ("help", "order-not-imported"),
    ):
        yield reverse(f"admin:django_amazon_sync_{name}", args=[about])


@pytest.fixture
def visitor(transactional_db: None, page: Page, live_server: LiveServer) -> Page:
    """Somebody who may do everything, logged in, with one row of everything there."""
    lists.fill(1)
    log_in(page, live_server)
    return page


def html_pages(visitor: Page, live_server: LiveServer) -> Iterator[str]:
    """Visit each page in turn; files, and what only a form may ask for, are none."""
    for address in dict.fromkeys(pages()):
        answer = visitor.request.get(f"{live_server.url}{address}")
        assert answer.status in (200, 404, 405), (address, answer.status)
        if "text/html" in answer.headers.get("content-type", "") and answer.ok:
            visitor.goto(f"{live_server.url}{address}")
            yield address


def test_axe_finds_nothing_serious(visitor: Page, live_server: LiveServer) -> None:
    axe, found = Axe(), []
    for address in html_pages(visitor, live_server):
        for one in axe.run(visitor, context=OF_DJANGO).response["violations"]:
            if one["impact"] in SERIOUS:
                where = [node["html"][:150] for node in one["nodes"]][:3]
                found.append((address, one["id"], where))
    assert not found, "\n".join(map(str, found))


def test_nothing_is_cut_off_on_a_telephone(visitor: Page, live_server: LiveServer) -> None:
    visitor.set_viewport_size(NARROW)  # type: ignore[arg-type]  # a plain dict is one
    wide = {}
    for address in html_pages(visitor, live_server):
        width = visitor.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            wide[address] = (width, visitor.evaluate(WIDEST))
    assert not wide, "\n".join(map(str, wide.items()))


#: The elements that stand out of the page, for the one who mends it.
WIDEST = """
() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 4).map(one => one.outerHTML.slice(0, 120))
"""
