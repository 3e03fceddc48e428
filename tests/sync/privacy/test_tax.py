"""Whom an order was sold to is kept where tax law wants it, apart and for its time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Erasure, TaxRecord
from django_amazon_sync.sync.privacy import erase, old_data
from tests.factories_amazon import TaxRecordFactory
from tests.sync.privacy.conftest import Sold, long_ago
from tests.world import World

DAYS = 3650


@pytest.fixture
def for_tax(settings: Any) -> None:
    """Buyers are kept for ten years."""
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "TAX_DATA_DAYS": DAYS}


def erase_now(world: World) -> None:
    erase.allow(world.account, "clerk")
    erase.erase_due()


def test_nobody_is_kept_unless_a_setting_says_so(world: World, shipped: Sold) -> None:
    long_ago(shipped())
    erase_now(world)
    assert Erasure.objects.get().counts.get("kept_for_tax") is None
    assert not TaxRecord.objects.exists()


@pytest.mark.usefixtures("for_tax")
def test_whom_it_was_sold_to_is_kept_apart_and_encrypted(world: World, shipped: Sold) -> None:
    order = shipped()
    long_ago(order)
    erase_now(world)
    kept = TaxRecord.objects.get()
    assert kept.order_number == order.number
    assert kept.party["recipient"]["name"] == "Ottoline Quill"
    assert kept.kept_until - kept.sold_at == timedelta(days=DAYS)
    assert Erasure.objects.get().counts["kept_for_tax"] == 1
    assert "Quill" not in json.dumps(AmazonOrder.objects.get().document)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT party FROM {TaxRecord._meta.db_table}")
        assert "Quill" not in cursor.fetchone()[0]


@pytest.mark.usefixtures("for_tax")
def test_what_comes_later_takes_nobody_out_of_it(world: World, shipped: Sold) -> None:
    order = shipped()
    long_ago(order)
    erase_now(world)
    world.amazon.set_order(order.number, programs=["PRIME"])
    world.import_orders()
    erase.erase_account(world.account, by="clerk")
    assert TaxRecord.objects.get().party["recipient"]["name"] == "Ottoline Quill"


@pytest.mark.usefixtures("for_tax")
def test_nobody_is_kept_of_a_sale_that_was_none(world: World, shipped: Sold) -> None:
    order = shipped(ship=False)
    world.amazon.cancel(order.number)
    world.import_orders()
    long_ago(order, updated_at=clock.now() - timedelta(days=40))
    erase_now(world)
    assert AmazonOrder.objects.get().erased_at is not None
    assert not TaxRecord.objects.exists()


@pytest.mark.usefixtures("for_tax")
def test_what_is_older_than_that_is_not_kept(world: World, shipped: Sold) -> None:
    long_ago(shipped(), days=DAYS + 1)
    erase_now(world)
    assert AmazonOrder.objects.get().erased_at is not None
    assert not TaxRecord.objects.exists()


@pytest.mark.django_db
def test_they_go_when_their_time_is_over() -> None:
    TaxRecordFactory.create(kept_until=clock.now() - timedelta(days=1))
    stays = TaxRecordFactory.create(kept_until=clock.now() + timedelta(days=1))
    old_data.forget_old_data()
    assert list(TaxRecord.objects.all()) == [stays]
