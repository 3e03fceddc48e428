"""Rows of a spreadsheet become what staff set, or each fault is told at its cell."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from django_amazon_sync.admin.products import sheet_rows
from django_amazon_sync.amazon.reading import obj
from django_amazon_sync.models import Listing, OfferIdentifier, SellerAccount, SellerSku
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.products.sheet_steps import (
    EAN,
    PAGE,
    account_with_offers,
    export,
    faults,
    look,
    save,
    table,
)
from tests.factories_amazon import FRANCE, GERMANY

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


@pytest.fixture
def account() -> SellerAccount:
    return account_with_offers()


def test_missing_columns_leave_values_and_empty_cells_delete_theirs(
    staff: Staff, account: SellerAccount
) -> None:
    SellerSku.objects.update(synchronise=True, set_quantity=3)
    OfferIdentifier.objects.create(offer_pk=SellerSku.objects.get().offer_pk, kind="ean", value=EAN)
    save(staff, look(staff, account, "shop_sku;synchronise;condition\nMUG;;\n"))
    sku = SellerSku.objects.get()
    assert (sku.synchronise, sku.set_quantity, sku.condition) == (None, 3, "new_new")
    assert OfferIdentifier.objects.count() == 1
    save(staff, look(staff, account, "shop_sku;ean\nMUG;\n"))
    assert not OfferIdentifier.objects.exists()


def test_each_fault_is_told_by_row_and_column_and_nothing_is_saved(
    staff: Staff, account: SellerAccount
) -> None:
    file = (
        "shop_sku;ean;isbn;synchronise;condition;set_quantity;own_price DE\n"
        f"SPOON;{EAN};;yes;;;5.00\n"
        "MUG;4006381333932;123;maybe;shiny;-1;abc\n"
        "GHOST;;;;;;\n"
        "\n"
        ";1;;;;;\n"
        "SPOON;;;;;;\n"
    )
    answer = look(staff, account, file)
    told = faults(answer)
    assert [(row, column) for row, column, _reason in told] == [
        (3, "ean"), (3, "isbn"), (3, "synchronise"), (3, "condition"), (3, "set_quantity"),
        (3, "own_price DE"), (4, "shop_sku"), (6, "shop_sku"), (7, "shop_sku"),
    ]  # fmt: skip
    reasons = " ".join(reason for _row, _column, reason in told)
    for words in (
        "4006381333932 is not a valid EAN: its check digit", "123 is not a valid ISBN: it has",
        "maybe is neither yes nor no", "shiny is not one of the available choices",
        "Write a whole number", "Write a price such as", "no offer of this SKU",
        "needs the shop's SKU", "Another row of the file",
    ):  # fmt: skip
        assert words in reasons, words
    assert answer.context["token"] == ""
    assert not OfferIdentifier.objects.exists()
    assert SellerSku.objects.count() == 1
    assert "<strong>set_quantity: -1</strong>" in answer.content.decode()


def test_an_offer_that_no_run_has_taken_up_gets_its_rows(
    staff: Staff, account: SellerAccount
) -> None:
    file = "shop_sku,synchronise,own_price DE\nSPOON,yes,5.00\n"
    assert save(staff, look(staff, account, file)) == ["1 offer is changed."]
    sku = SellerSku.objects.get(sku="SPOON")
    assert sku.synchronise is True
    assert [one.own_price for one in sku.listings.all()] == [Decimal("5.00")]


def test_another_sku_is_the_form_s_change_of_a_sku(staff: Staff, account: SellerAccount) -> None:
    """The old one is kept, and goes to zero; what else the row says is of the new one."""
    old = SellerSku.objects.get()
    file = "shop_sku\tseller_sku\tset_quantity\town_price DE\nMUG\tAMZ-MUG\t4\t8.00\n"
    answer = look(staff, account, file)
    assert faults(answer) == []
    assert save(staff, answer) == ["1 offer is changed."]
    new = SellerSku.objects.get(sku="AMZ-MUG")
    assert (new.offer_pk, new.matched, new.set_quantity) == (old.offer_pk, True, 4)
    assert new.listings.get(marketplace__code=GERMANY).own_price == Decimal("8.00")
    old.refresh_from_db()
    assert (old.synchronise, old.managed, old.set_quantity) == (False, True, None)
    [mug, _spoon] = table(export(staff, account))
    assert mug["seller_sku"] == "AMZ-MUG"


def test_a_sku_of_another_offer_and_one_given_twice_are_refused(
    staff: Staff, account: SellerAccount
) -> None:
    record = factories.stock_record("FORK")
    SellerSkuFactory.create(account=account, sku="TAKEN", offer_pk=str(record.pk), matched=True)
    told = faults(look(staff, account, "shop_sku;seller_sku\nMUG;TAKEN\nSPOON;X\nFORK;X\n"))
    assert [row for row, column, _reason in told if column == "seller_sku"] == [2, 4]
    assert SellerSku.objects.count() == 2


def test_an_sku_that_is_another_products_own_is_refused_though_no_run_has_been(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.stock_record("1001", title="Garden chair")
    file = "shop_sku;seller_sku\nMUG;1001\n"
    for one_by_one in (200, 0):
        monkeypatch.setattr(sheet_rows, "ONE_BY_ONE", one_by_one)
        assert [each[:2] for each in faults(look(staff, account, file))] == [(2, "seller_sku")]


def test_what_can_be_read_two_ways_is_refused_with_its_sku_and_value(
    staff: Staff, account: SellerAccount
) -> None:
    file = "shop_sku;set_quantity;own_price DE\nMUG;1.000;1.234\nSPOON;2;12,90\n"
    answer = look(staff, account, file)
    told = {(each.sku, each.column, each.value) for each in answer.context["outcome"].faults}
    assert told == {("MUG", "set_quantity", "1.000"), ("MUG", "own_price DE", "1.234")}
    page = answer.content.decode()
    assert "1.000 can be read as 1000 and as 1.0;" in page
    assert "<strong>own_price DE: 1.234</strong>" in page
    answer = look(staff, account, "shop_sku;set_quantity;own_price DE\nSPOON;2;12,90\n")
    [row] = answer.context["outcome"].changed
    assert row.changed == {"set_quantity": ("", "2"), "own_price DE": ("", "12.90")}


def test_what_a_spreadsheet_made_of_a_cell_is_a_fault_of_that_cell(
    staff: Staff, account: SellerAccount
) -> None:
    """A formula whose value the file lacks would delete the own price, read as empty."""
    Listing.objects.filter(marketplace__code=GERMANY).update(own_price="9.90")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["shop_sku", "title", "seller_sku", "own_price DE", "restock_date"])
    sheet.append(["MUG", "=A1", "#N/A", "=9.90*1.05", date(2026, 12, 9)])
    sheet.append(["#REF!", "", "", "", ""])
    file = io.BytesIO()
    book.save(file)
    answer = look(staff, account, file.getvalue(), "x.xlsx")
    told = [(each.row, each.column, each.value) for each in answer.context["outcome"].faults]
    assert told == [
        (2, "seller_sku", "#N/A"), (2, "restock_date", "2026-12-09"),
        (2, "own_price DE", "=9.90*1.05"), (3, "shop_sku", "#REF!"),
    ]  # fmt: skip
    assert answer.context["token"] == ""


def test_a_row_never_writes_to_a_sku_that_is_another_products(
    staff: Staff, account: SellerAccount
) -> None:
    """Amazon's SPOON is the mug, as staff said; the shop's spoon is sold under no SKU."""
    mug = SellerSku.objects.get(sku="MUG").offer_pk
    row = SellerSkuFactory.create(account=account, sku="SPOON", offer_pk=mug, matched=True)
    file = "shop_sku;title;set_quantity;own_price DE\nSPOON;A spoon;77;99.00\n"
    told = faults(look(staff, account, file))
    assert [(number, column) for number, column, _reason in told] == [(2, "shop_sku")]
    row.refresh_from_db()
    assert (row.set_quantity, row.listings.count()) == (None, 0)
    other = look(staff, account, "shop_sku;seller_sku;set_quantity\nSPOON;TEASPOON;7\n")
    assert faults(other) == []
    save(staff, other)
    spoon = SellerSku.objects.get(sku="TEASPOON")
    assert (spoon.set_quantity, spoon.offer_pk != mug) == (7, True)
    row.refresh_from_db()
    assert (row.set_quantity, row.offer_pk) == (None, mug)


def test_a_link_that_is_made_after_the_look_is_not_written_to(
    staff: Staff, account: SellerAccount
) -> None:
    mug = SellerSku.objects.get(sku="MUG").offer_pk
    answer = look(staff, account, "shop_sku;set_quantity\nSPOON;77\n")
    assert faults(answer) == []
    row = SellerSkuFactory.create(account=account, sku="SPOON", offer_pk=mug, matched=True)
    save(staff, answer)
    row.refresh_from_db()
    assert (row.set_quantity, row.offer_pk) == (None, mug)


def test_a_sku_that_the_shop_has_of_another_product_is_refused(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run has taken the spoon up yet."""
    for one_by_one in (200, 0):
        monkeypatch.setattr(sheet_rows, "ONE_BY_ONE", one_by_one)
        told = faults(look(staff, account, "shop_sku;seller_sku\nMUG;SPOON\n"))
        assert [(number, column) for number, column, _reason in told] == [(2, "seller_sku")]


def test_saving_takes_no_query_for_each_new_offer(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_rows, "ONE_BY_ONE", 10)
    counted = []
    for number in (30, 300):
        for one in range(number):
            factories.stock_record(f"S{number}-{one}")
        rows = "\n".join(f"S{number}-{one},7,{EAN},5.00" for one in range(number))
        answer = look(staff, account, f"shop_sku,set_quantity,ean,own_price DE\n{rows}\n")
        with CaptureQueriesContext(connection) as captured:
            staff.client.post(reverse(PAGE), {"token": answer.context["token"]})
        made = SellerSku.objects.filter(sku__startswith=f"S{number}-")
        assert made.filter(set_quantity=7, listings__own_price=5).count() == number
        counted.append(len(captured))
    assert OfferIdentifier.objects.filter(value=EAN).count() == 330
    # SQLite takes only so many values in one statement.
    assert counted[1] - counted[0] < 20


def test_the_declared_fields_have_columns(staff: Staff, account: SellerAccount) -> None:
    file = (
        "shop_sku\thandling_time\tsale_price DE\tbusiness_price FR\tbrowse_nodes DE\n"
        "MUG\t3\t9,90 2026-12-01/2026-12-24\t8.00; 10: 7.50\t123, 456\n"
    )
    answer = look(staff, account, file)
    assert faults(answer) == []
    save(staff, answer)
    assert SellerSku.objects.get().own_values == {"handling_time": 3}
    german, french = Listing.objects.order_by("marketplace__pk")
    assert german.own_values == {
        "sale_price": {"price": "9.90 EUR", "start": "2026-12-01", "end": "2026-12-24"},
        "browse_nodes": ["123", "456"],
    }
    assert obj(french.own_values["business_price"])["tiers"] == [[10, "7.50 EUR"]]
    again = look(staff, account, export(staff, account))
    assert again.context["outcome"].changed == []


def test_a_sale_above_the_price_is_told_at_its_cell(staff: Staff, account: SellerAccount) -> None:
    file = "shop_sku\town_price DE\tsale_price DE\nMUG\t5.00\t9.90 2026-12-01/2026-12-24\n"
    [(row, column, _reason)] = faults(look(staff, account, file))
    assert (row, column) == (2, "sale_price DE")


def test_switches_and_locks_have_columns(staff: Staff, account: SellerAccount) -> None:
    german = Listing.objects.filter(marketplace__code=GERMANY)
    german.update(switches={"sale_price": False, "name": True})
    [mug, spoon] = table(export(staff, account))
    shown = [mug[f"{name} DE"] for name in ("send_sale_price", "send_name", "send_price", "locked")]
    assert shown == ["no", "yes", "", "no"]
    assert mug["send_sale_price FR"] == spoon["send_sale_price DE"] == ""

    head = "shop_sku,send_sale_price DE,send_name DE,send_price DE,locked DE\n"
    answer = look(staff, account, f"{head}MUG,perhaps,,no,yes\n")
    assert faults(answer) == [(2, "send_sale_price DE", "perhaps is neither yes nor no.")]
    save(staff, look(staff, account, f"{head}MUG,no,,no,yes\n"))
    assert german.get().switches == {"sale_price": False, "price": False}
    assert german.get().locked
    assert not Listing.objects.get(marketplace__code=FRANCE).switches
