"""A member of staff sees what wants somebody, mends it, and sees that all is well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing, OrderWindow, SellerAccount, WindowState
from django_amazon_sync.testing.factories import MarketplaceFactory, SyncRunFactory
from tests.browser.steps import log_in, press
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory


@pytest.fixture
def account(transactional_db: None) -> SellerAccount:
    """A live account of which one price waits for approval."""
    account = LiveAccountFactory.create(name="Germany", alarm_recipients="a@example.com")
    now = timezone.now()
    OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=now - timedelta(hours=1), end=now
    )
    place = MarketplaceFactory.create(account=account)
    ListingInStepFactory.create(marketplace=place, sku__sku="MUG", held={"price": "99.00 EUR"})
    ListingInStepFactory.create(marketplace=place, sku__sku="BOWL")
    SyncRunFactory.create(account=account)
    return account


@pytest.mark.usefixtures("account")
def test_what_wants_somebody_is_mended_and_gone(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/")
    page.get_by_role("link", name="Amazon at a glance").click()
    card = page.get_by_role("region", name="To do")
    expect(card).to_contain_text("The changes of 1 listing wait for approval.")
    account = page.get_by_role("region", name="Germany: live")
    expect(account.get_by_role("link", name="1 wait for approval")).to_be_visible()
    expect(account.get_by_role("link", name="1 on Amazon, in step")).to_be_visible()

    card.get_by_role("link", name="The changes of 1 listing").first.click()
    page.locator("input.action-select").first.check()
    press(page, "Approve what waits, and send it")
    expect(page.get_by_text("1 listing is approved.")).to_be_visible()
    assert Listing.objects.get(sku__sku="MUG").held == {}

    page.goto(f"{live_server.url}/admin/django_amazon_sync/selleraccount/overview/")
    expect(page.get_by_role("region", name="To do")).to_contain_text("all is well")


@pytest.mark.usefixtures("account")
def test_it_fits_a_telephone(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/selleraccount/overview/")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
