"""A member of staff searches Amazon's orders, imports what is missing, and finds it in the shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AmazonOrder, SyncRun
from django_amazon_sync.sync import jobs
from tests.browser.pages import OF_DJANGO, SERIOUS
from tests.browser.steps import faults_of, log_in
from tests.world import World


@pytest.fixture
def shop(transactional_db: None, connect: Callable[..., World]) -> World:
    world = connect()
    world.sell("MUG", price="10.00", quantity=50)
    return world


def test_search_choose_and_import(
    page: Page, live_server: LiveServer, shop: World, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    faults = faults_of(page)
    there = shop.buy("MUG")
    shop.import_orders()
    first, second = shop.buy("MUG"), shop.buy("MUG", 2)
    pending = shop.buy("MUG", status="PENDING")
    shop.amazon.advance(180)

    log_in(page, live_server)
    page.get_by_role("link", name="Amazon orders").first.click()
    page.get_by_role("link", name="Search on Amazon").click()

    # A date that has not come yet is told at its field.
    page.get_by_label("Ordered").select_option("these dates:")
    page.get_by_label("from").fill("2999-01-01")
    page.get_by_role("button", name="Search on Amazon").click()
    expect(page.locator(".field-since")).to_contain_text("This day has not come yet.")

    page.get_by_label("Ordered").select_option("the last 7 days")
    page.get_by_role("button", name="Search on Amazon").click()
    expect(page.get_by_role("heading", name="4 orders")).to_be_visible()
    expect(row_of(page, there)).to_contain_text("placed")
    expect(row_of(page, first)).to_contain_text("the next import brings it")
    expect(row_of(page, pending)).to_contain_text("Its payment is pending")
    expect(page.get_by_text("searches may be made now")).to_be_visible()

    found = Axe().run(page, context=OF_DJANGO).response["violations"]
    assert [one for one in found if one["impact"] in SERIOUS] == []

    page.get_by_label(f"Choose {first}").check()
    page.get_by_label(f"Choose {second}").check()
    page.get_by_role("button", name="Import the chosen ones").click()
    expect(page.get_by_text("2 orders are asked for.")).to_be_visible()
    jobs.perform(SyncRun.objects.latest("pk"), patience=5)

    page.get_by_label("Ordered").select_option("the last 7 days")
    page.get_by_role("button", name="Search on Amazon").click()
    expect(row_of(page, first)).to_contain_text("placed")
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_label("Choose all of this page").check()
    expect(page.get_by_label(f"Choose {pending}")).to_be_checked()

    with page.expect_popup() as opened:
        row_of(page, first).get_by_role("link", name="order in the shop").click()
    expect(opened.value).to_have_url(f"{live_server.url}/dashboard/orders/{first}/")
    with page.expect_popup() as opened:
        page.get_by_role("link", name=first).click()
    order = AmazonOrder.objects.get(number=first)
    expect(opened.value).to_have_url(
        f"{live_server.url}/admin/django_amazon_sync/amazonorder/{order.pk}/change/"
    )
    assert not faults


def row_of(page: Page, number: str) -> Any:
    return page.get_by_role("row").filter(has_text=number)
