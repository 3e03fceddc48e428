"""A member of staff sets up one product for Amazon on its page, and follows its export."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import Job, SellerSku, SyncRun
from django_amazon_sync.sync.offers import identifiers
from django_amazon_sync.testing.factories import RunLineFactory, SyncRunFactory
from tests import factories
from tests.browser.pages import SERIOUS
from tests.browser.steps import at_work, faults_of, log_in
from tests.world import World

EAN, ASIN = "4006381333931", "B000000042"

pytestmark = [pytest.mark.usefixtures("transactional_db"), pytest.mark.wheel]


def test_a_product_is_set_up_and_exported(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    faults = faults_of(page)
    record = factories.stock_record("MUG", price="10.00", in_stock=7, title="Blue mug")
    world.amazon.add_product(asin=ASIN, title="Blue mug", ean=EAN)

    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/catalogue/product/{record.product.pk}/change/")
    page.locator("#content").get_by_role("link", name="Amazon", exact=True).click()
    expect(page.get_by_role("heading", name="Blue mug")).to_be_visible()

    # A wrong check digit is shown at the field, and nothing is saved.
    page.get_by_label("EAN").fill("4006381333932")
    page.get_by_label("Own Amazon price in EUR").fill("12.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("4006381333932 is not a valid EAN: its check digit")).to_be_visible()
    expect(page.get_by_text("Nothing is saved")).to_be_visible()
    assert not SellerSku.objects.exists()

    page.get_by_label("EAN").fill(f"{EAN[:7]} {EAN[7:]}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you set is saved.")).to_be_visible()
    assert identifiers.of_offer(str(record.pk))["ean"] == [EAN]
    expect(page.get_by_label("EAN")).to_have_value(EAN)
    expect(page.get_by_text("Its own Amazon price, which goes before")).to_be_visible()
    expect(page.get_by_label("SKU", exact=True)).to_have_attribute("placeholder", "MUG")

    page.get_by_role("button", name="Export to Amazon").click()
    panel = page.get_by_role("region", name="Export to Amazon")
    expect(panel.get_by_role("status")).to_contain_text("queued")
    worker = at_work(SyncRun.objects.get(job=Job.EXPORT))
    expect(panel.get_by_role("status")).to_contain_text("done", timeout=20_000)
    expect(panel.get_by_role("row").filter(has_text="MUG").first).to_contain_text("sent")
    worker.join()
    live = world.live("MUG")
    assert (live.asin, str(live.price), live.quantity) == (ASIN, "12.50", 7)
    panel.get_by_role("link", name="The full report").click()
    expect(page.get_by_role("link", name="All lines", exact=True)).to_be_visible()
    assert not faults


def test_nothing_that_was_typed_is_lost(
    page: Page, live_server: LiveServer, use_broker: Callable[[str], None], world: World
) -> None:
    use_broker("")
    record = world.sell("MUG", price="10.00", quantity=7, title="Blue mug")
    world.list_on_amazon("MUG", price="10.00")
    world.export()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    log_in(page, live_server, reverse("admin:django_amazon_sync_product", args=[record.product.pk]))
    price = page.get_by_label("Own Amazon price in EUR")
    price.fill("12.50")
    page.get_by_text("Import from Amazon", exact=True).click()
    page.get_by_role("button", name="Show the difference").click()
    page.get_by_role("link", name="Home").click()
    expect(price).to_have_value("12.50")
    assert asked == ["beforeunload", "beforeunload"]

    page.get_by_role("button", name="Export to Amazon").click()  # saves, and asks nothing
    expect(page.get_by_text("What you set is saved.")).to_be_visible()
    expect(price).to_have_value("12.50")
    page.get_by_role("link", name="Home").click()
    page.wait_for_url(f"{live_server.url}/admin/")
    assert asked == ["beforeunload", "beforeunload"]


def test_another_sku_is_explained_and_has_to_be_meant(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    record = world.sell("MUG", price="10.00", quantity=7)
    world.export()
    log_in(page, live_server)
    page.goto(
        live_server.url + reverse("admin:django_amazon_sync_product", args=[record.product.pk])
    )
    expect(page.get_by_text("the new one is a new listing")).to_be_visible()
    page.get_by_label("SKU", exact=True).fill("MUG-BLUE")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say that you mean it")).to_be_visible()
    page.get_by_label("Change the SKU anyway").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you set is saved.")).to_be_visible()
    expect(page.get_by_role("group", name="SKU MUG-BLUE")).to_be_visible()
    world.send_changes()
    assert world.live("MUG").quantity == 0


def test_a_price_is_imported_once_it_does_not_go_out(
    page: Page,
    live_server: LiveServer,
    use_broker: Callable[[str], None],
    world: World,
) -> None:
    use_broker("")
    record = world.sell("MUG", price="10.00", quantity=7)
    world.export()
    world.list_on_amazon("MUG", price="11.50", quantity=7)  # by another hand
    world.amazon.advance(120)
    log_in(page, live_server)
    page.goto(
        live_server.url + reverse("admin:django_amazon_sync_product", args=[record.product.pk])
    )
    page.get_by_text("Import from Amazon", exact=True).click()
    expect(page.get_by_text("an import would come and go for ever").first).to_be_visible()
    page.get_by_role("button", name="Switch off for this listing: price").click()
    expect(page.get_by_text("it stays there as it is")).to_be_visible()
    page.get_by_role("button", name="Switch off", exact=True).click()
    expect(page.get_by_text("The price is switched off for this listing")).to_be_visible()

    page.get_by_text("Import from Amazon", exact=True).click()
    page.get_by_role("group", name="MUG · DE").get_by_label("Name").uncheck()
    page.get_by_role("button", name="Show the difference").click()
    panel = page.get_by_role("region", name="Import from Amazon (only looks")
    expect(panel.get_by_role("button", name="Take over")).to_be_hidden()
    at_work(SyncRun.objects.get(job=Job.TAKE_OVER)).join()
    expect(panel.get_by_role("row").filter(has_text="MUG")).to_contain_text("→ 11.50 EUR")
    record.refresh_from_db()
    assert str(record.price) == "10.00"

    panel.get_by_role("button", name="Take over").click()
    panel = page.get_by_role("region", name="Import from Amazon")
    expect(panel.get_by_role("status")).to_contain_text("queued")
    at_work(SyncRun.objects.get(job=Job.TAKE_OVER, dry_run=False)).join()
    expect(panel.get_by_role("row").filter(has_text="MUG")).to_contain_text("taken over")
    record.refresh_from_db()
    assert str(record.price) == "11.50"


def test_amazon_suggests_where_a_product_belongs(
    page: Page,
    live_server: LiveServer,
    world: World,
) -> None:
    record = world.sell("MUG", price="10.00", quantity=7, title="Espresso cup")
    world.amazon.add_product(asin="B000000042", title="Espresso cup", product_type="CUP")
    world.export()
    world.listing("MUG").sku.listings.update(product_type="CUP")
    log_in(page, live_server)
    page.goto(
        live_server.url + reverse("admin:django_amazon_sync_product", args=[record.product.pk])
    )
    store = page.get_by_role("region", name="DE (EUR)")
    store.get_by_text("Advanced").click()
    store.get_by_role("button", name="Search").click()
    store.get_by_role("button", name="Add the browse node: Everything > Cup").click()
    store.get_by_role("button", name="Use the keyword: cup").click()
    expect(store.get_by_text("Product types that Amazon suggests: Cup")).to_be_visible()
    expect(store.get_by_label("Item type keyword", exact=True)).to_have_value("cup")
    page.get_by_role("button", name="Save").click()
    own = world.listing("MUG").own_values
    assert own["item_type_keyword"] == "cup"
    assert isinstance(nodes := own["browse_nodes"], list)
    assert len(nodes) == 1

    page.get_by_role("region", name="DE (EUR)").get_by_text("Advanced").click()
    page.get_by_role("button", name="Read from Amazon what it allows").click()
    expect(page.get_by_text("What the product type allows is read.")).to_be_visible()
    page.get_by_role("region", name="DE (EUR)").get_by_text("Advanced").click()
    page.get_by_role("textbox", name="Recommended browse nodes").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The product type CUP requires it")).to_be_visible()


def test_the_page_is_for_everybody(
    page: Page,
    live_server: LiveServer,
    world: World,
) -> None:
    record = world.sell("MUG", price="10.00", quantity=7)
    world.export()
    listing = world.listing("MUG")
    run = SyncRunFactory.create(
        account=world.account, job=Job.TAKE_OVER, dry_run=True, options={"skus": ["MUG"]}
    )
    RunLineFactory.create(
        run=run, sku="MUG", marketplace=listing.marketplace.code, message="Long " * 40
    )
    log_in(page, live_server)
    for name in ("admin:django_amazon_sync_product", "dashboard:amazon-product"):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{live_server.url}{reverse(name, args=[record.product.pk])}?run={run.pk}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        ours = {
            "include": [[".amazon-run"], [".amazon-product"], [".amazon-import"]],
            "exclude": [[".btn-primary"]],  # in the dashboard's own colours
        }
        for one in Axe().run(page, context=ours).response["violations"]:
            assert one["impact"] not in SERIOUS, (one["id"], [at["html"] for at in one["nodes"]])
        page.set_viewport_size({"width": 375, "height": 720})
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
