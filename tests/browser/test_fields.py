"""A sale price, a lock and a switch, from the forms to what buyers meet on Amazon."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import factories
from tests.admin.conftest import address
from tests.browser.steps import log_in
from tests.world import World


@pytest.fixture
def world(transactional_db: None, connect: Callable[..., World]) -> World:
    """A mug that sells on Amazon as it does in the shop."""
    world = connect()
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.export()
    return world


def test_a_sale_price_and_a_lock(page: Page, live_server: LiveServer, world: World) -> None:
    log_in(page, live_server)
    listing = world.listing("MUG")
    page.goto(live_server.url + address(type(listing), listing.pk))
    sale, first, last = (
        page.get_by_label(name, exact=True) for name in ("sale price", "first day", "last day")
    )
    sale.fill("10.50")
    first.fill("2020-01-01")
    last.fill("2099-12-31")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("is not below the price 10.00 EUR")).to_be_visible()
    assert world.listing("MUG").own_values == {}

    sale.fill("8.00")
    page.get_by_label("List price").first.fill("14,90")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    world.export(skus=["MUG"])
    live = world.live("MUG")
    assert (live.price, live.sale_price) == (Decimal("10.00"), Decimal("8.00"))
    page.reload()
    expect(page.get_by_role("cell", name="8.00 EUR 2020-01-01/2099-12-31")).to_be_visible()

    page.get_by_text("What is sent").first.click()
    page.get_by_label("Locked").check()
    page.get_by_label("List price").first.fill("")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    before = world.writes()
    world.export(skus=["MUG"])
    assert world.writes() == before
    assert world.listing("MUG").locked


def test_a_marketplace_sends_no_list_price(
    page: Page, live_server: LiveServer, world: World
) -> None:
    log_in(page, live_server)
    listing = world.listing("MUG")
    listing.own_values = {"list_price": "14.90 EUR", "max_order_quantity": 4}
    listing.save()
    place = live_server.url + address(type(listing.marketplace), listing.marketplace_id)
    page.goto(place)
    page.get_by_text("What is sent of your own values").click()
    switch = page.get_by_label("Send: list price")
    expect(switch).to_be_checked()
    expect(page.get_by_label("Send: maximum order quantity")).to_be_checked()
    switch.uncheck()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("List price: 1 is no longer sent")).to_be_visible()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(switch).not_to_be_checked()

    world.export(skus=["MUG"])
    believed = world.listing("MUG").believed
    assert "list_price" not in believed
    assert believed["max_order_quantity"] == 4

    # The page of the listing says otherwise for this listing alone.
    page.goto(live_server.url + address(type(listing), listing.pk))
    page.get_by_text("What is sent").first.click()
    own = page.get_by_label("Send: list price")
    expect(own).to_have_value("")
    own.select_option("sent")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    world.export(skus=["MUG"])
    assert world.listing("MUG").believed["list_price"] == "14.90 EUR"

    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 900})
        for url in (place, live_server.url + address(type(listing.sku), listing.sku_id)):
            page.goto(url)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, url
