"""The spreadsheet of an account's offers: out, in after a look, and refused cell by cell."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from django_amazon_sync.admin.common.formatting import guarded
from django_amazon_sync.admin.products import spreadsheet
from django_amazon_sync.models import (
    Listing,
    OfferChange,
    OfferIdentifier,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff, address
from tests.admin.products.sheet_steps import (
    EAN,
    FILE,
    ISBN10,
    ISBN13,
    OTHER_EAN,
    PAGE,
    account_with_offers,
    export,
    faults,
    look,
    save,
    table,
)
from tests.factories_amazon import GERMANY

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


@pytest.fixture
def account() -> SellerAccount:
    return account_with_offers()


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
    assert save(packer, answer) == ["The file is no longer kept; choose it again."]
    assert SellerSku.objects.get().set_quantity is None
    assert save(staff, answer) == ["1 offer is changed."]
    assert save(staff, answer) == ["The file is no longer kept; choose it again."]
    forged = {"token": answer.context["token"] + "x"}
    refused = staff.client.post(reverse(PAGE), forged, follow=True)
    assert "no longer kept" in str(next(iter(refused.context["messages"])))


def test_what_somebody_else_changed_since_is_named_and_not_written(
    staff: Staff, account: SellerAccount
) -> None:
    """The cell said what was there, so nothing of it was shown; the rest is saved."""
    german = Listing.objects.filter(marketplace__code=GERMANY)
    german.update(own_price="8.00")
    answer = look(staff, account, "shop_sku;own_price DE\nSPOON;9.90\nMUG;8.00\n")
    assert [str(row) for row in answer.context["outcome"].changed] == ["SPOON"]
    german.update(own_price="19.00")
    saved = staff.client.post(reverse(PAGE), {"token": answer.context["token"]})
    assert [str(each) for each in saved.context["messages"]] == [
        "1 offer is changed.",
        "Not saved, as they are no longer what you saw: MUG (own_price DE). Look again.",
    ]
    prices = Listing.objects.exclude(own_price=None).order_by("sku__sku")
    assert [(each.sku.sku, each.own_price) for each in prices] == [
        ("MUG", Decimal("19.00")), ("SPOON", Decimal("9.90")),
    ]  # fmt: skip
    [row] = saved.context["outcome"].changed
    assert row.changed == {"own_price DE": ("19.00", "8.00")}
    assert save(staff, saved) == ["1 offer is changed."]
    assert prices.get(sku__sku="MUG").own_price == Decimal("8.00")


def test_another_value_before_is_another_change(staff: Staff, account: SellerAccount) -> None:
    answer = look(staff, account, "shop_sku;set_quantity\nMUG;7\n")
    SellerSku.objects.update(set_quantity=3)
    told = save(staff, answer)
    assert "no longer what you saw: MUG (set_quantity)" in told[-1]
    assert SellerSku.objects.get().set_quantity == 3


def test_a_product_that_has_taken_over_the_sku_is_another_one(
    staff: Staff, account: SellerAccount
) -> None:
    former = factories.stock_record("LADLE")
    answer = look(staff, account, "shop_sku;set_quantity\nLADLE;7\n")
    former.partner_sku = "OLD"
    former.save()
    factories.stock_record("LADLE", title="A silver ladle")
    assert "no longer what you saw: LADLE" in save(staff, answer)[-1]
    assert not SellerSku.objects.filter(set_quantity=7).exists()


def test_what_is_deleted_is_said(staff: Staff, account: SellerAccount) -> None:
    Listing.objects.filter(marketplace__code=GERMANY).update(own_price="9.90")
    assert "An empty cell deletes the value" in staff.client.get(reverse(PAGE)).content.decode()
    page = look(staff, account, "shop_sku;own_price DE;set_quantity\nMUG;;4\n").content.decode()
    assert "<strong>1 value is deleted</strong>" in page
    shown = dict(re.findall(r"(own_price DE|set_quantity): <del>(.*?)<br>", page, re.DOTALL))
    assert "deleted</strong>" in shown["own_price DE"]
    assert "deleted" not in shown["set_quantity"]


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
    file = f"shop_sku,seller_sku\nMUG,{guarded('-MUG-')}\n"
    save(staff, look(staff, account, file))
    assert SellerSku.objects.filter(sku="-MUG-").exists()
