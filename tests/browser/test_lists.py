"""No column of a list is cut off on a usual screen, and a far date breaks none."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import AmazonOrder, OrderState, SellerAccount, SyncRun
from tests.admin import rows
from tests.browser.steps import log_in

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.wheel]

#: What is wider than its place, of a list and of the page.
CUT_OFF = """() => [...document.querySelectorAll(".results")]
  .map((element) => element.scrollWidth - element.clientWidth)
  .concat(document.documentElement.scrollWidth - document.documentElement.clientWidth)
  .filter((more) => more > 1)"""


#: "Sept. 30, 2026, 10:53 p.m."
LONGEST_DATE = datetime(2026, 9, 30, 22, 53, tzinfo=UTC)


def test_on_a_telephone_each_row_is_a_card(page: Page, live_server: LiveServer) -> None:
    """Whatever a column says is read without moving a table sideways, and the heads still sort."""
    rows.fill(2)
    AmazonOrder.objects.update(ship_by=LONGEST_DATE, status="UNSHIPPED")
    page.set_viewport_size({"width": 375, "height": 800})
    log_in(page, live_server)
    cut: dict[str, list[int]] = {}
    for model in rows.OURS:
        name = f"admin:django_amazon_sync_{model._meta.model_name}_changelist"
        page.goto(f"{live_server.url}{reverse(name)}")
        if found := page.evaluate(CUT_OFF):
            cut[str(model._meta.model_name)] = found
    assert cut == {}
    page.goto(f"{live_server.url}{reverse('admin:django_amazon_sync_amazonorder_changelist')}")
    cell = page.locator("td.field-status_shown").first
    expect(cell).to_have_text("unshipped")
    expect(cell).to_be_in_viewport(ratio=1)
    assert cell.get_attribute("data-label") == "Amazon's status"
    heads = page.locator("#result_list thead")
    heads.locator("a", has_text="Ship by").first.click()  # Django 6.1 calls it a button
    expect(page).to_have_url(re.compile("o="))


def test_no_column_is_cut_off_on_a_usual_screen(page: Page, live_server: LiveServer) -> None:
    rows.fill(2)
    AmazonOrder.objects.update(
        reason="No payment method of the shop is chosen for what Amazon names; choose one.",
        number="302-1234567-1234567",
        ordered_at=LONGEST_DATE,
        ship_by=LONGEST_DATE,
        state=OrderState.QUARANTINED,
    )
    SyncRun.objects.update(
        reason="The report GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL of Amazon DE is away.",
        counts={"failed": 6, "in_feeds": 10, "looked_at": 28, "stock_read": 12},
    )
    SellerAccount.objects.update(name="Tea and mugs")  # a factory counts on, ever wider
    log_in(page, live_server)
    cut: dict[str, list[int]] = {}
    for model in rows.OURS:
        name = f"admin:django_amazon_sync_{model._meta.model_name}_changelist"
        page.goto(f"{live_server.url}{reverse(name)}")
        if found := page.evaluate(CUT_OFF):
            cut[str(model._meta.model_name)] = found
    assert cut == {}
