"""A member of staff matches: starts a run, compares both sides, accepts one and refuses another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, Outcome, Proposal, SellerSku, SyncRun
from django_amazon_sync.sync import jobs
from tests import factories
from tests.browser.steps import log_in, press
from tests.sync.matching.cases import EAN, OTHER_EAN, on_amazon
from tests.world import World, now_due


@pytest.mark.usefixtures("transactional_db")
def test_matching_by_hand(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    factories.stock_record("MUG", upc=EAN, title="Blue mug")
    factories.stock_record("SPOON", upc=OTHER_EAN, title="Silver spoon")
    for sku, asin, ean in (
        ("AMZ-1", "B000000001", EAN), ("AMZ-2", "B000000002", EAN),
        ("AMZ-3", "B000000003", OTHER_EAN), ("AMZ-4", "B000000004", OTHER_EAN),
    ):  # fmt: skip
        on_amazon(world, sku, asin, ean=ean)

    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/proposal/")
    page.get_by_role("button", name="Start matching").click()
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    run = SyncRun.objects.get(job=Job.MATCH)
    while not run.finished_at:
        run = jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
        world.amazon.advance(600)
    assert run.counts[Outcome.PROPOSED] == 2

    page.reload()
    row = page.get_by_role("row").filter(has_text="AMZ-2")
    expect(row).to_contain_text("Blue mug")
    expect(row.locator("img")).to_have_attribute("src", "https://m.media-amazon.com/images/I/"
                                                 "B000000002._SL500_.jpg")  # fmt: skip
    row.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("1 SKU is linked.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="AMZ-1")).to_have_count(0)

    page.locator("#action-toggle").check()
    press(page, "Refuse: do not propose them again")
    expect(page.get_by_text("2 proposals are refused.")).to_be_visible()
    assert Proposal.objects.filter(refused=True).count() == 2

    page.get_by_role("link", name="What was linked").click()
    expect(page.get_by_role("row").filter(has_text="AMZ-2")).to_be_visible()
    assert SellerSku.objects.get(sku="AMZ-2").matched
