"""The spreadsheet of an account's offers: out, in after a look, and refused cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from django_amazon_sync.admin.products import offer_sheet, sheet_files, spreadsheet
from django_amazon_sync.amazon.reading import obj
from django_amazon_sync.models import (
    Listing,
    OfferChange,
    OfferIdentifier,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff, address
from tests.factories_amazon import FRANCE, GERMANY, ListingInStepFactory, LiveAccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

PAGE, FILE = "admin:django_amazon_sync_spreadsheet", "admin:django_amazon_sync_spreadsheet_export"
EAN, OTHER_EAN, ISBN10, ISBN13 = "4006381333931", "5901234123457", "0-306-40615-2", "9780306406157"


@pytest.fixture
def account() -> SellerAccount:
    """A live account of Germany and France; the shop sells MUG, which is linked, and SPOON."""
    account = LiveAccountFactory.create(name="Main shop")
    places = [
        MarketplaceFactory.create(account=account),
        MarketplaceFactory.create(account=account, code=FRANCE),
    ]
    record = factories.stock_record("MUG", title="=A mug")
    factories.stock_record("SPOON", title="A spoon")
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    for place in places:
        ListingInStepFactory.create(marketplace=place, sku=sku)
    return account


def export(staff: Staff, account: SellerAccount, kind: str = "csv") -> bytes:
    answer = staff.client.get(reverse(FILE), {"account": str(account.pk), "format": kind})
    assert answer.status_code == 200
    return b"".join(answer)


def table(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def look(staff: Staff, account: SellerAccount, file: str | bytes, name: str = "x.csv") -> Any:
    content = file.encode() if isinstance(file, str) else file
    data = {"account": account.pk, "file": SimpleUploadedFile(name, content)}
    return staff.client.post(reverse(PAGE), data)


def save(staff: Staff, answer: Any) -> list[str]:
    saved = staff.client.post(reverse(PAGE), {"token": answer.context["token"]}, follow=True)
    return [str(message) for message in saved.context["messages"]]


def faults(answer: Any) -> list[tuple[object, str, str]]:
    return list(answer.context["outcome"].faults)


def test_every_offer_has_its_row_with_what_staff_set(staff: Staff, account: SellerAccount) -> None:
    SellerSku.objects.update(synchronise=True, condition="used_good")
    Listing.objects.filter(marketplace__code=GERMANY).update(own_price="9.90")
    offer = SellerSku.objects.get().offer_pk
    OfferIdentifier.objects.create(offer_pk=offer, kind="upc", value="036000291452")
    OfferIdentifier.objects.create(offer_pk=offer, kind="ean", value=EAN)
    OfferIdentifier.objects.create(offer_pk=offer, kind="ean", value=OTHER_EAN)
    mug, spoon = table(export(staff, account))
    assert {name: mug[name] for name in (
        "shop_sku", "title", "seller_sku", "ean", "upc", "synchronise", "condition",
        "own_price DE", "own_price FR", "locked DE",
    )} == {
        "shop_sku": "MUG", "title": "'=A mug", "seller_sku": "MUG", "ean": f"{EAN} {OTHER_EAN}",
        "upc": "036000291452", "synchronise": "yes", "condition": "used_good",
        "own_price DE": "9.90", "own_price FR": "", "locked DE": "no",
    }  # fmt: skip
    assert (spoon["seller_sku"], spoon["condition"]) == ("SPOON", "new_new")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_went_out_changes_nothing_when_it_comes_in(
    staff: Staff, account: SellerAccount, kind: str
) -> None:
    OfferIdentifier.objects.create(
        offer_pk=SellerSku.objects.get().offer_pk, kind="upc", value="036000291452"
    )
    answer = look(staff, account, export(staff, account, kind), f"x.{kind}")
    assert faults(answer) == []
    assert answer.context["outcome"].changed == []
    assert "every value is as it is" in answer.content.decode()


def test_cells_of_an_xlsx_are_texts(staff: Staff, account: SellerAccount) -> None:
    OfferIdentifier.objects.create(
        offer_pk=SellerSku.objects.get().offer_pk, kind="upc", value="036000291452"
    )
    book = load_workbook(io.BytesIO(export(staff, account, "xlsx")))
    types = {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row if cell.value}
    assert types == {"s"}


def test_a_file_is_looked_at_first_and_then_saved(staff: Staff, account: SellerAccount) -> None:
    file = (
        "shop_sku;ean;isbn;synchronise;set_quantity;own_price DE;locked FR\n"
        f"MUG;{EAN} {OTHER_EAN};{ISBN10};no;7;9,99;yes\n".replace("9,99", "9.99")
    )
    answer = look(staff, account, file)
    assert faults(answer) == []
    page = answer.content.decode()
    assert "1 offer would change; nothing is saved yet." in page
    assert f'isbn: <del>–</del> <span aria-hidden="true">→</span> <ins>{ISBN13}</ins>' in page
    assert not OfferIdentifier.objects.exists()
    assert SellerSku.objects.get().synchronise is None

    assert save(staff, answer) == ["1 offer is changed."]
    sku = SellerSku.objects.get()
    assert (sku.synchronise, sku.set_quantity, sku.condition) == (False, 7, "new_new")
    german, french = Listing.objects.order_by("marketplace__pk")
    assert (german.own_price, german.locked) == (Decimal("9.99"), False)
    assert (french.own_price, french.locked) == (None, True)
    codes = OfferIdentifier.objects.order_by("pk").values_list("kind", "value")
    assert list(codes) == [("ean", EAN), ("ean", OTHER_EAN), ("isbn", ISBN13)]
    assert OfferChange.objects.filter(offer_pk=sku.offer_pk).exists()


def test_a_file_is_saved_once_and_by_who_looked(
    staff: Staff, staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    answer = look(staff, account, "shop_sku;set_quantity\nMUG;7\n")
    packer = staff_with("view_sellersku", "change_sellersku")
    assert save(packer, answer) == ["The file is not kept any more; give it once again."]
    assert SellerSku.objects.get().set_quantity is None
    assert save(staff, answer) == ["1 offer is changed."]
    assert save(staff, answer) == ["The file is not kept any more; give it once again."]
    forged = {"token": answer.context["token"] + "x"}
    refused = staff.client.post(reverse(PAGE), forged, follow=True)
    assert "not kept any more" in str(next(iter(refused.context["messages"])))


def test_missing_columns_leave_values_and_empty_cells_set_nothing(
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
        "4006381333932 is no EAN: its check digit", "123 is no ISBN: it has",
        "maybe is neither yes nor no", "shiny is not one of the available choices",
        "greater than or equal to 0", "Enter a number", "no offer of this SKU",
        "needs the shop's SKU", "Another row of the file",
    ):  # fmt: skip
        assert words in reasons, words
    assert answer.context["token"] == ""
    assert not OfferIdentifier.objects.exists()
    assert SellerSku.objects.count() == 1
    assert "<td>set_quantity</td>" in answer.content.decode()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("sku;ean\nMUG;1\n", "no column shop_sku"),
        ("shop_sku;EAN-code;colour\nMUG;1;2\n", "There is no column EAN-code, colour here"),
        (b"\xff\xfe\x00", "neither in UTF-8"),
        ("", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_the_field(
    staff: Staff, account: SellerAccount, file: str | bytes, words: str
) -> None:
    form = look(staff, account, file).context["form"]
    assert words in str(form.errors["file"])


def test_a_file_that_is_too_large_is_not_read(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "LARGEST", 10)
    form = look(staff, account, "shop_sku;ean\nMUG;1\n").context["form"]
    assert "larger than" in str(form.errors["file"])


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


def test_prices_need_their_permission(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    packer = staff_with("view_sellersku", "change_sellersku", "change_listing")
    told = faults(look(packer, account, "shop_sku;locked DE;own_price DE\nMUG;yes;5.00\n"))
    assert told == [(2, "own_price DE", "You may not change this.")]
    assert not Listing.objects.exclude(own_price=None).exists()


def test_who_may_only_look_exports_and_does_not_import(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    packer = staff_with("view_sellersku")
    assert len(table(export(packer, account))) == 2
    assert "Look at the file" not in packer.client.get(reverse(PAGE)).content.decode()
    assert look(packer, account, "shop_sku;ean\nMUG;\n").status_code == 403


def test_people_of_a_partner_see_and_write_its_accounts_only(
    staff_with: Callable[..., Staff], account: SellerAccount
) -> None:
    packer = staff_with("view_sellersku", "change_sellersku")
    factories.partner("other").users.add(packer.client.session["_auth_user_id"])
    assert packer.client.get(reverse(FILE), {"account": account.pk}).status_code == 404
    form = look(packer, account, "shop_sku;set_quantity\nMUG;7\n").context["form"]
    assert "account" in form.errors


def test_without_the_library_nothing_of_it_is_shown(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Spreadsheet" in staff.see(SellerSku)
    monkeypatch.setattr(spreadsheet, "find_spec", lambda name: None)
    assert "Spreadsheet" not in staff.see(SellerSku)
    assert staff.client.get(address(SellerSku)).status_code == 200


def test_files_take_as_many_queries_for_300_rows_as_for_30(
    staff: Staff, account: SellerAccount
) -> None:
    counted = []
    for number in (30, 300):
        for one in range(number):
            record = factories.stock_record(f"S{number}-{one}")
            SellerSkuFactory.create(
                account=account, sku=f"S{number}-{one}", offer_pk=str(record.pk)
            )
        rows = "\n".join(f"S{number}-{one},7,{EAN}" for one in range(number))
        with CaptureQueriesContext(connection) as captured:
            answer = look(staff, account, f"shop_sku,set_quantity,ean\n{rows}\n")
        assert len(answer.context["outcome"].changed) == number
        with CaptureQueriesContext(connection) as exported:
            export(staff, account)
        counted.append((len(captured), len(exported)))
    assert counted[0] == counted[1]


def test_guards_of_formulas_are_taken_away_again(staff: Staff, account: SellerAccount) -> None:
    file = f"shop_sku,seller_sku\nMUG,{sheet_files.guarded('-MUG-')}\n"
    save(staff, look(staff, account, file))
    assert SellerSku.objects.filter(sku="-MUG-").exists()


def test_saving_takes_no_query_for_each_new_offer(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_sheet, "ONE_BY_ONE", 10)
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
