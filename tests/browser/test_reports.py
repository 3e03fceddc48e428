"""A member of staff finds a run that went badly, and from its line the listing and the file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Outcome, SyncRun
from django_amazon_sync.testing.factories import RunLineFactory, SyncRunFactory
from tests.browser.steps import log_in
from tests.factories_amazon import GERMANY, ListingInStepFactory, LiveAccountFactory


@pytest.fixture
def refused(transactional_db: None) -> SyncRun:
    """A run with a line that Amazon refused, beside one that went well."""
    account = LiveAccountFactory.create(name="Germany")
    ListingInStepFactory.create(marketplace__account=account, sku__sku="MUG")
    SyncRunFactory.create(account=account, counts={"sent": 1}, started_by="schedule")
    run = SyncRunFactory.create(
        account=account, counts={"sent": 1, "refused": 1}, started_by="command"
    )
    RunLineFactory.create(run=run, outcome=Outcome.SENT, sku="BOWL", marketplace=GERMANY)
    RunLineFactory.create(
        run=run,
        outcome=Outcome.REFUSED,
        sku="MUG",
        marketplace=GERMANY,
        code="8541",
        message="The value conflicts.",
    )
    return run


def test_from_the_run_to_the_line_to_the_listing(
    page: Page, live_server: LiveServer, refused: SyncRun
) -> None:
    log_in(page, live_server)
    page.get_by_role("link", name="Sync runs").first.click()
    page.goto(f"{page.url}?well=no")
    rows = page.locator("#result_list tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("command")
    rows.get_by_role("link", name=str(refused), exact=True).click()
    page.get_by_role("row", name="refused by Amazon").get_by_role("link").first.click()
    expect(page.get_by_text("The value conflicts.")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="These lines as a file (CSV)").click()
    file = download.value.path().read_text()
    assert "MUG" in file
    assert "BOWL" not in file

    page.locator("td.field-page").get_by_role("link", name="Product").click()
    expect(page).to_have_url(f"{live_server.url}/admin/django_amazon_sync/listing/"
                             f"{refused.account.skus.get().listings.get().pk}/change/")  # fmt: skip
