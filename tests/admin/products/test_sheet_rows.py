"""Which SKU of the account an offer's row is about."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync.admin.products import sheet_rows
from django_amazon_sync.admin.products.sheet_rows import rows_named
from django_amazon_sync.models import SellerAccount, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.products.sheet_steps import account_with_offers

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> SellerAccount:
    return account_with_offers()


def test_a_row_is_of_the_linked_sku_or_of_one_of_its_name_that_is_nobodys(
    account: SellerAccount,
) -> None:
    mug = SellerSku.objects.get()
    chair = factories.stock_record("CHAIR")
    spoon = SellerSkuFactory.create(account=account, sku="SPOON", offer_pk="")
    SellerSkuFactory.create(account=account, sku="CHAIR", offer_pk=mug.offer_pk, matched=True)
    rows = rows_named(account, configured_shop(), ["MUG", "SPOON", "CHAIR", "GHOST"])
    assert {name: row.of_another for name, row in rows.items()} == {
        "MUG": False, "SPOON": False, "CHAIR": True,
    }  # fmt: skip
    assert rows["SPOON"].sku == spoon
    assert rows["CHAIR"].sku is None
    assert rows["CHAIR"].offer.pk == str(chair.pk)
    assert (rows["CHAIR"].seller_sku, rows["MUG"].seller_sku) == ("", "CHAIR")


def test_the_mark_of_a_row_is_of_its_product_and_of_what_changes(account: SellerAccount) -> None:
    [row] = rows_named(account, configured_shop(), ["SPOON"]).values()
    before = row.mark()
    row.changed["own_price DE"] = ("", "9.90")
    changed = row.mark()
    row.changed["own_price DE"] = ("8.00", "9.90")
    assert len({before, changed, row.mark()}) == 3


def test_many_rows_take_no_query_each(
    account: SellerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_rows, "ONE_BY_ONE", 3)
    counted = []
    for number in (10, 60):
        names = [f"S{number}-{each}" for each in range(number)]
        for name in names:
            factories.stock_record(name)
        with CaptureQueriesContext(connection) as captured:
            assert rows_named(account, configured_shop(), names).keys() == set(names)
        counted.append(len(captured))
    assert counted[0] == counted[1]
