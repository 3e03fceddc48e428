"""A member of staff finds Amazon's orders among the shop's, in the dashboard and in the admin."""

from __future__ import annotations

import pytest
from oscar.core.loading import get_model
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.browser.steps import faults_of, log_in
from tests.factories_amazon import LiveAccountFactory

AMAZONS, OWN = "302-1111111-1111111", "100001"


@pytest.fixture
def order(transactional_db: None) -> AmazonOrder:
    """Two orders of the shop, one of them Amazon's."""
    orders = {
        number: get_model("order", "Order").objects.create(
            number=number, currency="EUR", total_incl_tax="10.00", total_excl_tax="10.00",
            guest_email="guest@example.com", status="Pending",
        )
        for number in (AMAZONS, OWN)
    }  # fmt: skip
    return AmazonOrderFactory.create(
        placed=True,
        account=LiveAccountFactory.create(),
        number=AMAZONS,
        shop_order_pk=str(orders[AMAZONS].pk),
    )


def test_amazons_orders_among_the_shops(
    page: Page, live_server: LiveServer, order: AmazonOrder
) -> None:
    faults = faults_of(page)
    ours = f"{live_server.url}/admin/django_amazon_sync/amazonorder/{order.pk}/change/"
    log_in(page, live_server)

    # The dashboard: a column, a filter, a link there and back.
    page.goto(f"{live_server.url}/dashboard/orders/")
    expect(page.get_by_role("columnheader", name="Amazon", exact=True)).to_be_visible()
    search = page.locator("#search_form")
    search.get_by_label("Amazon").select_option("not from Amazon")
    search.get_by_role("button", name="Search").click()
    expect(page.get_by_role("rowheader")).to_have_text([OWN])
    search.get_by_label("Amazon").select_option("from Amazon")
    search.get_by_role("button", name="Search").click()
    expect(page.get_by_role("rowheader")).to_have_text([AMAZONS])
    expect(page.locator("td.amazon-order")).to_have_text(f"{AMAZONS} placed")

    page.get_by_role("rowheader").get_by_role("link", name=AMAZONS).click()
    page.locator("table.amazon-order").get_by_role("link", name=AMAZONS).click()
    expect(page).to_have_url(ours)
    page.get_by_role("link", name="Order").filter(has_text=order.shop_order_pk).click()
    expect(page).to_have_url(f"{live_server.url}/dashboard/orders/{AMAZONS}/")

    # Django's admin: the same.
    page.goto(f"{live_server.url}/admin/order/order/")
    page.get_by_role("link", name="from Amazon", exact=True).click()
    expect(page.locator("td.field-amazon_order")).to_have_count(1)
    page.locator("td.field-amazon_order").get_by_role("link", name=AMAZONS).click()
    expect(page).to_have_url(ours)
    # Oscar's own page of an order calls this function, which its script does not have.
    assert [fault for fault in faults if "initTable" not in fault] == []
