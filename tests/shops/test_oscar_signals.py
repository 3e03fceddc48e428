"""OscarShop tells of offers that change, whichever way Oscar changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import serializers

from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.testing.shop_contract import told_of
from tests import factories

if TYPE_CHECKING:
    from oscar.apps.partner.models import StockRecord

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def connected() -> None:
    """As the app does at its start; once more tells nothing twice."""
    OscarShop.connect_signals()
    OscarShop.connect_signals()


@pytest.fixture
def record() -> StockRecord:
    return factories.stock_record(in_stock=10)


@pytest.mark.parametrize("change", ["allocate", "cancel_allocation", "consume_allocation"])
def test_each_step_of_oscars_stock_is_told(record: StockRecord, change: str) -> None:
    record.allocate(3)
    with told_of() as told:
        getattr(record, change)(2)
    assert told == {str(record.pk)}


def test_a_saved_and_a_deleted_record_are_told(record: StockRecord) -> None:
    pk = str(record.pk)
    with told_of() as told:
        record.save()
    assert told == {pk}
    with told_of() as told:
        record.product.delete()
    assert told == {pk}


def test_a_new_record_is_told() -> None:
    with told_of() as told:
        record = factories.stock_record()
    assert told == {str(record.pk)}


def test_a_product_tells_of_its_own_and_its_variants_offers(record: StockRecord) -> None:
    with told_of() as told:
        record.product.save()
    assert told == {str(record.pk)}
    parent = factories.product(structure="parent")
    variants = [factories.stock_record(product_=factories.product(parent=parent)) for _ in range(2)]
    with told_of() as told:
        parent.save()
    assert told == {str(variant.pk) for variant in variants}


def test_a_product_without_offers_tells_nothing() -> None:
    product = factories.product()
    with told_of() as told:
        product.save()
    assert told == set()


def test_loading_a_fixture_tells_nothing(record: StockRecord) -> None:
    """A fixture may come before the tables that a receiver would write to."""
    written = serializers.serialize("json", [record, record.product])
    with told_of() as told:
        for loaded in serializers.deserialize("json", written):
            loaded.save()
    assert told == set()
