"""A member of staff starts from the shop's own list of products, in the admin and the dashboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, Listing, SyncRun
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests import factories
from tests.browser.steps import log_in, press
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory


@pytest.mark.usefixtures("transactional_db")
def test_products_are_exported_and_edited_from_the_shops_own_list(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    account = LiveAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    for name in ("MUG", "SPOON"):
        record = factories.stock_record(name)
        ListingInStepFactory.create(marketplace=place, sku__sku=name, sku__offer_pk=str(record.pk))
    log_in(page, live_server)

    page.goto(f"{live_server.url}/admin/catalogue/product/")
    expect(page.locator("td.field-on_amazon").first).to_contain_text("on Amazon: 1")
    page.locator("#action-toggle").check()
    press(page, "Export to Amazon")
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    run = SyncRun.objects.get()
    assert (run.job, run.options) == (Job.EXPORT, {"skus": ["MUG", "SPOON"]})

    page.locator("#action-toggle").check()
    press(page, "Import from Amazon")
    page.get_by_label("Name").check()
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    assert SyncRun.objects.latest("pk").job == Job.TAKE_OVER

    page.locator("#action-toggle").check()
    press(page, "Edit selected: listings")
    expect(page.get_by_text("2 rows are chosen.")).to_be_visible()
    page.get_by_label("Own Amazon price").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Value of own Amazon price").fill("9.99")
    page.get_by_role("button", name="Look before saving").click()
    expect(page.get_by_text("2 of 2 would change.")).to_be_visible()
    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("2 rows are changed.")).to_be_visible()
    assert Listing.objects.exclude(own_price=None).count() == 2

    page.goto(f"{live_server.url}/dashboard/catalogue/")
    row = page.get_by_role("row").filter(has_text="on Amazon: 1").first
    row.get_by_role("link", name="Amazon", exact=True).click()
    expect(page.get_by_role("heading", name="General").first).to_be_visible()
