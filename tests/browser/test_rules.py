"""A member of staff changes a markup, sees what that changes on Amazon, goes back, and saves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Marketplace
from tests.browser.pages import OF_DJANGO, SERIOUS
from tests.browser.steps import faults_of, log_in
from tests.world import World

pytestmark = pytest.mark.usefixtures("transactional_db")

#: A desk, and the narrowest of phones.
WIDTHS = (1280, 375)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_markup_changes_is_seen_before_it_is_saved(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
    settings: Any,
    width: int,
) -> None:
    use_broker("")
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 100}
    faults = faults_of(page)
    for number in range(30):
        world.sell(f"MUG-OF-A-LONG-SERIES-{number:02}", price="10.00", quantity=5)
    world.sell("POT", price="2.00", quantity=5)
    world.export()
    page.set_viewport_size({"width": width, "height": 900})
    place = Marketplace.objects.get()

    log_in(page, live_server, reverse(MARKETPLACE, args=[place.pk]))
    page.get_by_label("Markup in per cent").fill("10")
    page.get_by_label("Lowest price").fill("3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nothing is saved yet.")).to_be_visible()
    expect(page.get_by_text("The price of 31 listings changes.")).to_be_visible()
    expect(page.get_by_text("1 price moves by more than 30 %")).to_be_visible()
    table = page.get_by_role("region", name="Some of what changes")
    expect(table.get_by_role("row")).to_have_count(21)
    expect(table.get_by_role("row").nth(1)).to_contain_text("waits for approval")
    seen = Axe().run(page, context=OF_DJANGO).response["violations"]
    assert not [one["id"] for one in seen if one["impact"] in SERIOUS]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out"

    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Markup in per cent")).to_have_value("10")
    page.get_by_label("Lowest price").fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The price of 31 listings changes.")).to_be_visible()
    expect(page.get_by_text("wait for approval")).to_have_count(0)
    place.refresh_from_db()
    assert place.markup_percent == 0

    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(page.get_by_text("31 SKUs are looked at anew within a minute")).to_be_visible()
    world.send_changes()
    assert world.live("MUG-OF-A-LONG-SERIES-07").price == 11
    assert not faults


MARKETPLACE = "admin:django_amazon_sync_marketplace_change"
