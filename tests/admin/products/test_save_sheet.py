"""What a file changes is written to the rows of its own products, as they were when it was read."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.admin.products import save_sheet
from django_amazon_sync.models import Listing, SellerAccount, SellerSku
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.products.sheet_steps import account_with_offers, faults, look, save
from tests.factories_amazon import GERMANY

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


@pytest.fixture
def account() -> SellerAccount:
    return account_with_offers()


@pytest.mark.parametrize("when", ["before the look", "before saving"])
def test_a_row_is_never_written_to_the_sku_of_another_product(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Amazon's 1001 is the mug; the shop has a garden chair by that code."""
    factories.stock_record("1001", title="Garden chair")
    mug = SellerSku.objects.get().offer_pk

    def linked(*_arguments: object) -> None:
        SellerSkuFactory.create(account=account, sku="1001", offer_pk=mug, matched=True)

    if when == "before the look":
        linked()
    answer = look(staff, account, "shop_sku;set_quantity;own_price DE\n1001;77;99.00\n")
    if when == "before the look":
        [(row, column, reason)] = faults(answer)
        assert (row, column) == (2, "shop_sku")
        assert "another product under the SKU 1001" in reason
    else:
        make = save_sheet._make_missing

        def linked_just_now(*given: Any) -> None:
            linked()
            make(*given)

        monkeypatch.setattr(save_sheet, "_make_missing", linked_just_now)
        save(staff, answer)
    assert not SellerSku.objects.exclude(set_quantity=None).exists()
    assert not Listing.objects.exclude(own_price=None).exists()


def test_the_sku_of_another_product_is_not_shown_as_its_own(
    staff: Staff, account: SellerAccount
) -> None:
    factories.stock_record("1001", title="Garden chair")
    mug = SellerSku.objects.get().offer_pk
    SellerSkuFactory.create(account=account, sku="1001", offer_pk=mug, matched=True)
    file = "shop_sku;seller_sku;set_quantity\n1001;CHAIR;5\n"
    answer = look(staff, account, file)
    [row] = answer.context["outcome"].changed
    assert row.changed["seller_sku"] == ("", "CHAIR")
    assert save(staff, answer) == ["1 offer is changed."]
    assert SellerSku.objects.get(sku="CHAIR").set_quantity == 5


def test_a_value_that_changes_while_the_file_is_saved_stays_and_is_named(
    staff: Staff, account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = Listing.objects.filter(marketplace__code=GERMANY)
    answer = look(staff, account, "shop_sku;own_price DE\nMUG;8.00\nSPOON;9.00\n")
    make = save_sheet._make_missing

    def mended_by_a_colleague(*given: Any) -> None:
        german.update(own_price="19.00")
        make(*given)

    monkeypatch.setattr(save_sheet, "_make_missing", mended_by_a_colleague)
    saved = staff.client.post("/admin/django_amazon_sync/sellersku/spreadsheet/",
                              {"token": answer.context["token"]})  # fmt: skip
    [(_row, _column, reason)] = faults(saved)
    assert "Changed by somebody else just now: MUG" in reason
    assert not SellerSku.objects.filter(sku="SPOON").exists()
