"""A member of staff lets a shop that is priced in euros sell in Japan, and reads each price."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import ExchangeRate, Listing, Marketplace
from tests import factories
from tests.browser.steps import faults_of, log_in
from tests.world import JP, World

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_a_price_is_converted_and_explained(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    connect: Callable[..., World],
) -> None:
    use_broker("")
    faults = faults_of(page)
    world = connect("fe", (JP,))
    factories.stock_record("MUG", price="10.99", in_stock=5)
    world.list_on_amazon("MUG", marketplace=JP, price="1700", quantity=5)
    world.export()
    listing = f"{live_server.url}{reverse(LISTING, args=[Listing.objects.get().pk])}"
    why = page.locator(".field-price_source")

    log_in(page, live_server)
    page.goto(listing)
    expect(why).to_contain_text("No price is sent.")
    expect(why).to_contain_text("There is no rate from EUR to JPY")

    page.goto(f"{live_server.url}{reverse(MARKETPLACE, args=[Marketplace.objects.get().pk])}")
    page.get_by_label("Exchange rates").select_option(label="the project's own function")
    page.get_by_label("Markup in per cent").fill("10")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("set AMAZON_SYNC['RATES_CALLABLE']")).to_be_visible()
    page.get_by_label("Exchange rates").select_option(label="the table kept here")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    page.goto(listing)
    expect(why).to_contain_text("There is no rate from EUR to JPY in the table")

    page.get_by_role("link", name="Exchange rates").first.click()
    page.get_by_role("link", name="Add exchange rate").first.click()
    page.get_by_label("From").fill("eur")
    page.get_by_label("To", exact=True).or_(page.get_by_label("To:", exact=True)).fill("jpy")
    page.get_by_label("Rate", exact=True).or_(page.get_by_label("Rate:", exact=True)).fill("0")
    page.get_by_label("Of the day").fill(timezone.now().date().isoformat())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("greater than or equal to 1E-8").first).to_be_visible()
    assert not ExchangeRate.objects.exists()
    page.get_by_label("Rate", exact=True).or_(page.get_by_label("Rate:", exact=True)).fill("162.35")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The price of 1 listing changes.")).to_be_visible()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()

    page.goto(listing)
    steps = why.get_by_role("listitem")
    expect(steps.nth(0)).to_have_text("The shop's price: 10.99 EUR")
    expect(steps.nth(1)).to_contain_text("1 EUR = 162.35 JPY: 1784.2265 JPY")
    expect(steps.nth(2)).to_have_text("With the marketplace's markup of 10 %: 1962.64915 JPY")
    expect(steps.nth(3)).to_have_text("Rounded to what the currency has: 1963 JPY")
    world.export()
    assert world.live("MUG", JP).price == 1963

    page.get_by_label("Own Amazon price").fill("1980.50")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("JPY has 0 decimals at most.")).to_be_visible()
    page.get_by_label("Own Amazon price").fill("1980")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(why).to_contain_text("Its own Amazon price")
    world.send_changes()
    assert world.live("MUG", JP).price == 1980
    assert not faults


LISTING = "admin:django_amazon_sync_listing_change"
MARKETPLACE = "admin:django_amazon_sync_marketplace_change"
