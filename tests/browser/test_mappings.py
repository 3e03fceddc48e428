"""Staff choose what Amazon's orders become: a map that cannot work, and an order that waits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AmazonOrder, CarrierMapping, OrderState
from tests import factories
from tests.browser.steps import log_in
from tests.world import World, shop_order


@pytest.fixture
def world(transactional_db: None, connect: Callable[..., World]) -> World:
    return connect()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_status_map_that_cannot_work_is_refused_at_its_field(
    page: Page, live_server: LiveServer, world: World
) -> None:
    log_in(page, live_server, "/admin/django_amazon_sync/ordermappings/")
    page.get_by_role("link", name=world.account.name).click()
    page.get_by_label("Unshipped:", exact=True).select_option("Complete")
    page.get_by_label("Shipped:", exact=True).select_option("Being processed")
    save(page)
    field = page.locator(".field-status_shipped")
    expect(field).to_contain_text("“Being processed” cannot follow “Complete”")
    world.account.refresh_from_db()
    assert world.account.order_statuses == {}

    page.get_by_label("Unshipped:", exact=True).select_option("Being processed")
    page.get_by_label("Shipped:", exact=True).select_option("Complete")
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    world.account.refresh_from_db()
    assert world.account.order_statuses == {"UNSHIPPED": "Being processed", "SHIPPED": "Complete"}


def test_an_order_that_waits_for_its_payment_method_is_placed_once_matched(
    page: Page, live_server: LiveServer, world: World
) -> None:
    world.account.default_payment_method = ""
    world.account.save()
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", payment_methods=["ConvenienceStore"])
    world.import_orders()

    order = AmazonOrder.objects.get(number=number)
    log_in(page, live_server, f"/admin/django_amazon_sync/amazonorder/{order.pk}/change/")
    expect(page.get_by_text("ConvenienceStore is matched to none of the shop's")).to_be_visible()
    page.get_by_role("link", name="Order mappings of the account").click()

    expect(page.get_by_role("link", name="1 order", exact=True)).to_be_visible()
    suggested = page.locator("#payment_mappings-0")
    expect(suggested.get_by_label("Amazon's payment method")).to_have_value("ConvenienceStore")
    suggested.get_by_label("Payment method", exact=True).select_option("Amazon")
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    world.import_orders()
    page.goto(f"{live_server.url}/admin/django_amazon_sync/amazonorder/{order.pk}/change/")
    expect(page.locator(".field-shown_state")).to_contain_text(re.compile("placed"))
    order.refresh_from_db()
    assert order.state == OrderState.PLACED
    assert shop_order(number).sources.get().source_type.name == "Amazon"


def test_a_carrier_is_mapped_and_other_needs_its_name(
    page: Page, live_server: LiveServer, world: World
) -> None:
    path = f"/admin/django_amazon_sync/ordermappings/{world.account.pk}/change/"
    log_in(page, live_server, path)
    page.get_by_role("button", name="Add another Carrier").click()
    row = page.locator("#carrier_mappings-0")
    row.get_by_label("Carrier in the shop").fill("Bike courier")
    row.get_by_label("Amazon's carrier code").fill("other")
    save(page)
    expect(row).to_contain_text("Beside “Other” Amazon needs the name of the carrier.")
    assert not CarrierMapping.objects.exists()
    row.get_by_label("Carrier's name").fill("Velo Express")
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    saved = CarrierMapping.objects.get()
    assert (saved.carrier, saved.carrier_name) == ("Other", "Velo Express")


def test_a_buyer_becomes_a_customer_and_a_missing_product_is_made(
    page: Page, live_server: LiveServer, world: World
) -> None:
    factories.category("From Amazon")
    path = f"/admin/django_amazon_sync/ordermappings/{world.account.pk}/change/"
    log_in(page, live_server, path)
    page.get_by_label("Import customers").check()
    page.get_by_label("Create products").check()
    save(page)
    expect(page.locator(".field-default_category")).to_contain_text("Choose the category")
    page.get_by_label("Default category").select_option("From Amazon")
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    world.account.refresh_from_db()
    world.list_on_amazon("STRANGE", price="3.00", quantity=5)
    buyer = {"buyerName": "Ada Byron", "buyerEmail": "ada@engine.example"}
    number = world.buy("STRANGE", buyer=buyer)
    world.import_orders()

    page.goto(f"{live_server.url}/dashboard/orders/{number}/")
    expect(page.get_by_role("cell", name="Ada Byron").first).to_be_visible()
    expect(page.get_by_text("ada@engine.example").first).to_be_visible()
    page.goto(f"{live_server.url}/dashboard/catalogue/")
    expect(page.get_by_role("cell", name="Made by Amazon import")).to_be_visible()
    page.goto(f"{live_server.url}/admin/django_amazon_sync/sellersku/?q=STRANGE")
    page.get_by_role("link", name="STRANGE").click()
    expect(page.locator(".field-made_by_import")).to_be_visible()
