"""A member of staff asks why an order is not imported, and reads the answer where it is asked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AmazonOrder, OrderState
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.browser.steps import log_in


@pytest.fixture
def order(transactional_db: None) -> AmazonOrder:
    return AmazonOrderFactory.create(
        state=OrderState.QUARANTINED, reason="No payment method.", reason_code="mapping-missing"
    )


def test_from_an_order_to_its_article_and_on(
    page: Page, live_server: LiveServer, order: AmazonOrder
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/amazonorder/{order.pk}/change/")
    page.get_by_role("link", name="Why, and what to do").first.click()
    expect(page.get_by_role("heading", name="Why is this order not imported?")).to_be_visible()
    expect(page.get_by_role("cell", name="mapping-missing")).to_be_visible()
    page.get_by_role("link", name="Orders are not up to date").click()
    expect(page.get_by_role("heading", name="Orders are not up to date")).to_be_visible()
    page.get_by_role("link", name="Help for Amazon").click()
    page.get_by_role("link", name="Why did my price not change?").click()
    expect(page.get_by_role("heading", name="Why did my price not change?")).to_be_visible()
