"""What staff do under the theme; test_unfold.py runs it with the settings of that theme."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Listing
from tests.admin import rows
from tests.browser.pages import pages
from tests.browser.steps import broken, faults_of, hire


@pytest.mark.usefixtures("staff_user")
def test_every_page_opens_and_an_action_works(page: Page, live_server: LiveServer) -> None:
    assert settings.INSTALLED_APPS[0] == "unfold"
    faults = faults_of(page)
    page.on("response", lambda answer: faults.extend(broken(answer)))
    page.goto(f"{live_server.url}/admin/login/?next=/admin/")
    page.fill("input[name=username]", "staff")
    page.fill("input[name=password]", "staff")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    for address in dict.fromkeys(pages()):
        answer = page.request.get(f"{live_server.url}{address}")
        assert answer.status in (200, 404, 405), address  # files, and what only a form asks for

    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").first.select_option("approve")
    page.locator("button[name=index]").first.click()
    expect(page.get_by_text("1 listing is approved.")).to_be_visible()
    assert Listing.objects.get().approved == {"price": "1.00 EUR"}
    assert not faults


@pytest.fixture
def staff_user(transactional_db: None) -> None:
    rows.fill(1)
    hire()
