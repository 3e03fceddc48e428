"""Staff who read German or Japanese, and those who use no mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing
from tests.admin import rows
from tests.browser.steps import hire

#: Of each language the overview, the listings and what an action is called.
WORDS = {
    "de": ("Verkäuferkonten", "Zu Amazon exportieren"),
    "ja": ("出品者アカウント", "Amazon"),
}


@pytest.fixture
def filled(transactional_db: None) -> None:
    rows.fill(1)
    hire()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("language", WORDS)
def test_the_screens_speak_it(page: Page, live_server: LiveServer, language: str) -> None:
    page.set_extra_http_headers({"Accept-Language": language})
    accounts, action = WORDS[language]
    log_in(page, live_server)
    expect(page.get_by_text(accounts).first).to_be_visible()
    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/")
    assert page.locator("html").get_attribute("lang") == language
    assert action in page.locator("select[name=action]").inner_text()


@pytest.mark.usefixtures("filled")
def test_a_price_is_approved_without_a_mouse(page: Page, live_server: LiveServer) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/")
    reach(page, ".skip-to-content-link")
    page.keyboard.press("Enter")
    reach(page, "input.action-select")
    page.keyboard.press("Space")
    reach(page, "select[name=action]", back=True)
    page.keyboard.type("Approve")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 listing is approved.")).to_be_visible()
    assert Listing.objects.get().approved == {"price": "1.00 EUR"}


def log_in(page: Page, live_server: LiveServer) -> None:
    """With the keyboard alone: the first field has the focus."""
    page.goto(f"{live_server.url}/admin/login/?next=/admin/")
    page.keyboard.type("staff")
    page.keyboard.press("Tab")
    page.keyboard.type("staff")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def reach(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(150):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"No key leads to {selector}.")
