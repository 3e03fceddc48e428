"""Somebody made a mug dearer on Amazon; a member of staff looks, decides, and takes it over."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, Listing, Marketplace, SyncRun
from django_amazon_sync.sync import jobs
from tests.browser.pages import OF_DJANGO, SERIOUS
from tests.browser.steps import faults_of, log_in, press
from tests.world import World

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def dearer(world: World, settings: Any) -> World:
    """A mug of 10.00 in the shop that another hand sells for 12.00 on Amazon."""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    world.verify()
    return world


def in_shop(of: World) -> Decimal:
    [offer] = of.shop.find("MUG")
    assert offer.price is not None
    return offer.price.amount


def work_off() -> SyncRun:
    """What a worker does with the run that was asked for last."""
    run = SyncRun.objects.latest("pk")
    jobs.perform(run, patience=5)
    return run


def test_a_price_is_taken_over_after_a_look(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None], dearer: World
) -> None:
    use_broker("")
    faults = faults_of(page)
    listing = Listing.objects.get()
    log_in(page, live_server)
    page.goto(f"{live_server.url}{reverse(LISTING, args=[listing.pk])}")
    drift = page.locator(".field-who_wins")
    expect(drift).to_contain_text("Price: Amazon shows 12.00 EUR instead of 10.00 EUR.")
    expect(drift).to_contain_text("The shop wins, as its marketplace says")

    # What goes out cannot be taken over; staff switch it off for this listing.
    page.get_by_role("link", name="Decide: take Amazon's value over").click()
    price = page.get_by_role("checkbox", name="Price")
    expect(price).to_be_disabled()
    page.get_by_role("button", name="Switch off for this listing: price").click()
    expect(page.get_by_text("it stays there as it is")).to_be_visible()
    page.get_by_role("button", name="Switch off", exact=True).click()
    expect(page.get_by_text("is switched off for this listing")).to_be_visible()
    expect(price).to_be_enabled()
    serious = [
        one["id"]
        for one in Axe().run(page, context=OF_DJANGO).response["violations"]
        if one["impact"] in SERIOUS
    ]
    assert not serious
    page.set_viewport_size({"width": 375, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.set_viewport_size({"width": 1280, "height": 900})

    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("link", name="Follow the run")).to_be_visible()
    run = work_off()
    page.get_by_role("link", name="Follow the run").click()
    expect(page.get_by_text("12.00 EUR").first).to_be_visible()
    assert (run.dry_run, in_shop(dearer)) == (True, Decimal("10.00"))

    page.goto(f"{live_server.url}{reverse(TAKE_OVER, args=[listing.pk])}")
    page.get_by_role("button", name="Take over", exact=True).click()
    work_off()
    assert in_shop(dearer) == Decimal("12.00")
    page.goto(f"{live_server.url}{reverse(LISTING, args=[listing.pk])}")
    expect(drift).to_contain_text("Nothing has drifted.")
    dearer.export()
    assert dearer.live("MUG").price == Decimal("12.00")
    assert not faults


def test_where_amazon_wins_it_stays_until_the_shops_price_is_sent(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None], dearer: World
) -> None:
    use_broker("")
    log_in(page, live_server)
    place = reverse(MARKETPLACE, args=[Marketplace.objects.get().pk])
    page.goto(f"{live_server.url}{place}")
    wins = page.locator(".field-amazon_wins")
    wins.get_by_label("quantity").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("the shop does not have would be sold")).to_be_visible()
    wins.get_by_label("quantity").uncheck()
    wins.get_by_label("price").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1 price is no longer sent")).to_be_visible()
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    dearer.export()
    assert dearer.live("MUG").price == Decimal("12.00")

    page.goto(f"{live_server.url}{reverse(LISTING, args=[Listing.objects.get().pk])}")
    expect(page.locator(".field-who_wins")).to_contain_text("Amazon wins, as its marketplace says")
    page.get_by_role("link", name="Decide: take Amazon's value over").click()
    page.get_by_role("button", name="Send the shop's value").click()
    expect(page.get_by_text("The shop's values of 1 listing are sent again.")).to_be_visible()
    work_off()
    assert dearer.live("MUG").price == Decimal("10.00")


def test_many_are_taken_over_from_the_list(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None], dearer: World
) -> None:
    use_broker("")
    Marketplace.objects.update(sync_price=False)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/")
    page.locator("#action-toggle").check()
    press(page, "Import from Amazon")
    expect(page.get_by_text("1 row is chosen.")).to_be_visible()
    page.get_by_role("button", name="Take over", exact=True).click()
    expect(page.get_by_text("Choose at least one field.")).to_be_visible()
    page.get_by_role("checkbox", name="Price").check()
    page.get_by_role("button", name="Take over", exact=True).click()
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    assert work_off().job == Job.TAKE_OVER
    assert in_shop(dearer) == Decimal("12.00")


LISTING = "admin:django_amazon_sync_listing_change"
MARKETPLACE = "admin:django_amazon_sync_marketplace_change"
TAKE_OVER = "admin:django_amazon_sync_listing_take_over"
