"""A member of staff walks the main screens: from the login to an approved price."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing, Outcome, SellerAccount, SyncRun
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    RunLineFactory,
    SyncRunFactory,
)
from tests.browser.steps import broken, faults_of, log_in_by_form, press
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.wheel


@pytest.fixture
def account(transactional_db: None) -> SellerAccount:
    """A live account: a price waits for approval, an order is placed, a run has a refused line."""
    account = LiveAccountFactory.create(name="Shop in Germany", synchronise_all=True)
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create(marketplace=place, sku__sku="MUG", held={"price": "99.00 EUR"})
    AmazonOrderFactory.create(
        placed=True,
        account=account,
        number="302-1111111-2222222",
        shop_order_pk="1",
        lines__sku="MUG",
    )
    run = SyncRunFactory.create(account=account, counts={"sent": 3, "refused": 1})
    RunLineFactory.create(
        run=run, outcome=Outcome.REFUSED, sku="MUG", code="8541", message="The value conflicts."
    )
    return account


@pytest.mark.usefixtures("account")
def test_the_main_screens(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    faults = faults_of(page)
    page.on("response", lambda answer: faults.extend(broken(answer)))
    log_in_by_form(page, live_server)
    page.get_by_role("link", name="Seller accounts").first.click()
    page.get_by_role("link", name="Shop in Germany").click()
    expect(page.get_by_text("What changes in the shop is sent")).to_be_visible()
    expect(page.get_by_label("Refresh token")).to_have_value("")
    expect(page.get_by_label("Refresh token")).to_have_attribute("type", "password")

    page.get_by_role("row", name="listings that wait for approval").get_by_role("link").click()
    page.locator("input.action-select").first.check()
    press(page, "Approve what waits, and send it")
    expect(page.get_by_text("1 listing is approved.")).to_be_visible()
    expect(page.get_by_text("no broker could be reached")).to_be_visible()
    assert Listing.objects.get().approved == {"price": "99.00 EUR"}

    page.get_by_role("link", name="Follow the run").click()
    expect(page.get_by_text("A worker does it, or the command amazon_tick.")).to_be_visible()
    assert SyncRun.objects.latest("pk").options["skus"] == ["MUG"]

    page.get_by_role("link", name="Sync runs").first.click()
    earlier = SyncRun.objects.earliest("pk")
    page.get_by_role("link", name=str(earlier), exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="All lines as a file (CSV)").click()
    assert "The value conflicts." in download.value.path().read_text()
    page.get_by_role("link", name="All lines", exact=True).click()
    expect(page.get_by_text("The value conflicts.")).to_be_visible()

    page.get_by_role("link", name="Amazon orders").first.click()
    page.get_by_role("link", name="302-1111111-2222222").click()
    expect(page.locator("td.field-sku", has_text="MUG")).to_be_visible()
    assert not faults
