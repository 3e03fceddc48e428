"""A visitor of the shop finds a product at Amazon: in a list, on its page, on a telephone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing, Marketplace
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory


@pytest.fixture
def place(transactional_db: None) -> Marketplace:
    """Germany, where three products can be bought and a fourth cannot."""
    germany = MarketplaceFactory.create(
        account=LiveAccountFactory.create(), associate_tag="shop-21"
    )
    for number, status in enumerate(("BUYABLE", "BUYABLE", "BUYABLE", "DISCOVERABLE")):
        record = factories.stock_record(f"SKU-{number}", title=f"Mug number {number}")
        sku = SellerSkuFactory.create(
            account=germany.account, sku=f"SKU-{number}", offer_pk=str(record.pk)
        )
        ListingInStepFactory.create(
            marketplace=germany, sku=sku, status=status, asin=f"B00000000{number}"
        )
    return germany


@pytest.mark.usefixtures("place")
def test_available_at_amazon(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/catalogue/")
    expect(page.get_by_role("link", name="Available at Amazon")).to_have_count(3)

    page.get_by_title("Mug number 0").click()
    button = page.get_by_role("link", name="Available at Amazon amazon.de")
    expect(button).to_have_attribute("href", "https://www.amazon.de/dp/B000000000?tag=shop-21")
    expect(button).to_have_attribute("rel", "sponsored nofollow noopener")

    assert Axe().run(page, context={"include": [[".amazon-button"]]}).violations_count == 0
    button.focus()
    expect(button).to_be_focused()
    page.set_viewport_size({"width": 375, "height": 700})
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert box["height"] >= 44

    Listing.objects.update(believed={"quantity": 0})
    page.reload()
    expect(page.get_by_role("heading", name="Mug number 0")).to_be_visible()
    expect(page.get_by_role("link", name="Available at Amazon")).to_have_count(0)
