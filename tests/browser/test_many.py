"""A member of staff works on many products: all that match go to Amazon, and some are edited."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import (
    Listing,
    RunSelection,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests.browser.steps import faults_of, log_in, press
from tests.factories_amazon import LiveAccountFactory
from tests.world import World

#: More than one page of a list has.
MANY = 150


@pytest.fixture
def account(transactional_db: None) -> SellerAccount:
    """A live account with some pages of SKUs."""
    account = LiveAccountFactory.create(name="Shop in Germany")
    place = MarketplaceFactory.create(account=account)
    skus = SellerSku.objects.bulk_create(
        SellerSku(account=account, sku=f"MUG-{one:04}", offer_pk=str(one)) for one in range(MANY)
    )
    Listing.objects.bulk_create(
        Listing(sku=sku, marketplace=place, presence="present") for sku in skus
    )
    return account


def test_all_pages_are_exported(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    account: SellerAccount,
) -> None:
    use_broker("")
    SellerSkuFactory.create(account=account, sku="SPOON")
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/sellersku/?q=MUG")
    page.locator("#action-toggle").check()
    page.get_by_role("button", name=f"Select all {MANY} seller SKUs").click()
    expect(page.get_by_text(f"All {MANY} selected")).to_be_visible()
    press(page, "Export to Amazon")
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    run = SyncRun.objects.get()
    assert run.options == {"selected": MANY}
    assert not RunSelection.objects.filter(run=run, sku="SPOON").exists()


@pytest.mark.usefixtures("account")
def test_some_are_edited_after_a_look(page: Page, live_server: LiveServer) -> None:
    faults = faults_of(page)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/listing/?q=MUG-000")
    page.locator("#action-toggle").check()
    press(page, "Edit selected")
    expect(page.get_by_text("10 rows are chosen.")).to_be_visible()

    page.get_by_label("Own Amazon price").check()
    page.get_by_label("Locked").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Value of own Amazon price").fill("-3")
    page.get_by_role("button", name="Look before saving").click()
    expect(page.get_by_text("Write a price such as 12.90")).to_be_visible()

    page.get_by_label("Value of own Amazon price").fill("9.99")
    page.get_by_role("button", name="Look before saving").click()
    expect(page.get_by_text("10 of 10 would change.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="MUG-0003")
    expect(row.locator("del")).to_have_text("none: the shop's price")
    expect(row.locator("ins")).to_have_text("9.99 EUR")
    assert not Listing.objects.exclude(own_price=None).exists()

    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("10 rows are changed.")).to_be_visible()
    assert Listing.objects.exclude(own_price=None).count() == 10
    assert not faults


@pytest.mark.usefixtures("transactional_db")
def test_names_come_in_after_a_look_at_the_difference(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    world.account.marketplaces.update(sync_name=False)
    for sku in ("MUG-1", "MUG-2"):
        world.sell(sku, title="A mug")
        world.list_on_amazon(sku, price="10.00", quantity=5, title=f"{sku}, blue")
    world.export()
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/sellersku/")
    page.locator("#action-toggle").check()
    press(page, "Import from Amazon")
    page.get_by_label("Name").check()
    page.get_by_role("button", name="Show the difference").click()
    page.get_by_role("link", name="Follow the run").click()
    look = jobs.perform(SyncRun.objects.latest("pk"), patience=5)
    assert look.counts == {"planned": 2}
    page.goto(f"{live_server.url}/admin/django_amazon_sync/runline/?run__id__exact={look.pk}")
    expect(page.get_by_role("row").filter(has_text="MUG-2, blue")).to_be_visible()
    assert {offer.title for offer in world.shop.offers()} == {"A mug"}

    page.goto(f"{live_server.url}/admin/django_amazon_sync/syncrun/")
    page.get_by_role("row").filter(has_text=str(look)).locator("input.action-select").check()
    press(page, "Take over from Amazon what it showed")
    expect(page.get_by_text("1 run is queued")).to_be_visible()
    jobs.perform(SyncRun.objects.latest("pk"), patience=5)
    assert {offer.title for offer in world.shop.offers()} == {"MUG-1, blue", "MUG-2, blue"}
