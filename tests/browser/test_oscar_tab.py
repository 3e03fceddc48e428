"""A shop's staff set a product up for Amazon in Oscar's dashboard, where they edit it anyway."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, SellerSku, SyncRun
from django_amazon_sync.testing.factories import MarketplaceFactory, SyncRunFactory
from tests import factories
from tests.browser.steps import at_work, faults_of, hire
from tests.factories_amazon import LiveAccountFactory
from tests.world import World

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.wheel]


def enter(page: Page, live_server: LiveServer, email: str) -> None:
    page.goto(live_server.url + reverse("dashboard:login"))
    page.locator("input[name=username]").fill(email)
    page.locator("input[name=password]").fill("staff")
    page.get_by_role("button", name="Login").click()


def test_the_tab_amazon(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    faults = faults_of(page)
    hire()
    record = world.sell("MUG", price="10.00", quantity=7, title="Blue mug")
    enter(page, live_server, "staff@example.com")
    page.goto(live_server.url + reverse("dashboard:catalogue-product", args=[record.product.pk]))
    page.get_by_role("link", name="Amazon", exact=True).click()
    expect(page.get_by_role("heading", name="Blue mug")).to_be_visible()

    page.get_by_label("UPC").fill("036000291453")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("036000291453 is not a valid UPC: its check digit")).to_be_visible()
    page.get_by_label("UPC").fill("036000291452")
    page.get_by_label("Own Amazon price in EUR").fill("11.90")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you set is saved.")).to_be_visible()

    page.get_by_role("button", name="Export to Amazon").click()
    worker = at_work(SyncRun.objects.get(job=Job.EXPORT))
    panel = page.get_by_role("region", name="Export to Amazon")
    expect(panel.get_by_role("status")).to_contain_text("done", timeout=20_000)
    worker.join()
    panel.get_by_role("link", name="The full report").click()
    lines = page.get_by_role("table", name="All lines")
    expect(lines.get_by_role("row").filter(has_text="price: 11.90 EUR")).to_contain_text("sent")
    assert str(world.live("MUG").price) == "11.90"
    assert not faults


def test_a_partners_people_see_their_own_accounts_only(page: Page, live_server: LiveServer) -> None:
    record = factories.stock_record("MUG", title="Blue mug")
    mine = LiveAccountFactory.create(name="Mine", shop_scope="warehouse")
    MarketplaceFactory.create(account=mine)
    theirs = LiveAccountFactory.create(name="Theirs", shop_scope="elsewhere")
    factories.stock_record("POT", partner_code="elsewhere", product_=record.product)
    vendor = get_user_model().objects.create_user(
        username="vendor", email="vendor@example.com", password="staff"
    )
    names = ("dashboard_access", "view_sellersku", "change_sellersku", "view_syncrun")
    vendor.user_permissions.set(Permission.objects.filter(codename__in=names))
    factories.partner("warehouse").users.add(vendor)
    enter(page, live_server, "vendor@example.com")
    page.goto(live_server.url + reverse("dashboard:catalogue-product", args=[record.product.pk]))
    page.get_by_role("link", name="Amazon", exact=True).click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    expect(page.get_by_text("Theirs")).to_have_count(0)
    page.get_by_label("SKU", exact=True).fill("AMZ-MUG")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you set is saved.")).to_be_visible()
    assert SellerSku.objects.get().account == mine
    for run, status in (
        (SyncRunFactory.create(account=mine), 200),
        (SyncRunFactory.create(account=theirs), 404),
    ):
        for name in ("amazon-run", "amazon-run-state"):
            answer = page.goto(live_server.url + reverse(f"dashboard:{name}", args=[run.pk]))
            assert answer is not None
            assert answer.status == status

    # Without a partner they see nothing at all.
    factories.partner("warehouse").users.remove(vendor)
    tab = reverse("dashboard:amazon-product", args=[record.product.pk])
    answer = page.goto(live_server.url + tab)
    assert answer is not None
    assert answer.status == 403
