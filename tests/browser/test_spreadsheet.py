"""A member of staff edits codes in a spreadsheet: exports, errs, mends, looks, saves."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from django_amazon_sync.models import OfferIdentifier, SellerSku
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.browser.steps import log_in
from tests.factories_amazon import LiveAccountFactory


@pytest.mark.usefixtures("transactional_db")
def test_codes_are_edited_in_a_file(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    account = LiveAccountFactory.create(name="Shop in Germany")
    MarketplaceFactory.create(account=account)
    record = factories.stock_record("MÜG", title="A mug")
    SellerSkuFactory.create(account=account, sku="MÜG", offer_pk=str(record.pk))
    file = tmp_path / "codes.csv"

    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/django_amazon_sync/sellersku/")
    page.get_by_role("link", name="Spreadsheet").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    exported = download.value.path().read_text(encoding="utf-8-sig")
    assert exported.startswith("shop_sku,title,seller_sku,asin,ean,upc,isbn,")
    assert "MÜG,A mug,MÜG" in exported

    file.write_bytes("shop_sku;ean\nMÜG;4006381333932\n".encode("cp1252"))
    page.get_by_label("File (CSV or XLSX)").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    row = page.get_by_role("row").filter(has_text="check digit")
    expect(row.get_by_role("rowheader")).to_have_text("2")
    expect(row).to_contain_text("ean")
    for text in ("MÜG", "4006381333932"):
        expect(row).to_contain_text(text)
    expect(page.get_by_text("nothing was saved")).to_be_visible()

    file.write_bytes("shop_sku;ean;upc\nMÜG;4006381333931;012345678905\n".encode("cp1252"))
    page.get_by_label("File (CSV or XLSX)").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("1 offer would change; nothing is saved yet.")).to_be_visible()
    expect(page.locator("ins", has_text="012345678905")).to_be_visible()
    assert not OfferIdentifier.objects.exists()

    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("1 offer is changed.")).to_be_visible()
    assert set(OfferIdentifier.objects.values_list("kind", "value")) == {
        ("ean", "4006381333931"),
        ("upc", "012345678905"),
    }

    file.write_text("shop_sku;ean;set_quantity\nMÜG;;4\n")
    page.goto(f"{live_server.url}/admin/django_amazon_sync/sellersku/spreadsheet/")
    page.get_by_label("File (CSV or XLSX)").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("1 value is deleted")).to_be_visible()
    SellerSku.objects.update(set_quantity=3)  # a colleague's
    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("no longer what you saw: MÜG (ean, set_quantity)")).to_be_visible()
    assert OfferIdentifier.objects.count() == 2
    expect(page.locator("del").get_by_text("3", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("1 offer is changed.")).to_be_visible()
    assert not OfferIdentifier.objects.filter(kind="ean").exists()
    assert SellerSku.objects.get().set_quantity == 4
