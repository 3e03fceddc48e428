"""When buyers' data may go: by the delivery, and never while an order is to be sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, OrderState
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.sync.alerts.attention import MatterKind
from django_amazon_sync.sync.privacy import due, erase
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerAccountFactory,
    ShipmentFactory,
)
from tests.sync.privacy.conftest import Sold
from tests.world import World

pytestmark = pytest.mark.django_db


def ago(days: float) -> datetime:
    return clock.now() - timedelta(days=days)


def order(**columns: Any) -> AmazonOrder:
    """A shipped order of ninety days ago."""
    moments = {"ordered_at": ago(90), "updated_at": ago(90)}
    return AmazonOrderFactory.create(**{"status": "SHIPPED", "placed": True, **moments, **columns})


def is_due(row: AmazonOrder) -> bool:
    return due.due([row.account_id], due.limit()).filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"delivered_at": 31}, True),
        ({"delivered_at": 29}, False),
        ({"delivered_at": 29, "deliver_by": 60}, False),
        ({"delivered_at": 31, "deliver_by": 10}, True),
        ({"deliver_by": 31, "updated_at": 1}, True),
        ({"deliver_by": 29}, False),
        ({"deliver_by": -9999}, True),
        ({"deliver_by": -9999, "updated_at": 29}, False),
        ({"updated_at": 31}, True),
        ({"updated_at": 29}, False),
        ({"updated_at": None}, True),
    ],
)
def test_the_days_count_from_the_delivery_or_what_stands_for_it(
    columns: dict[str, float | None], wanted: bool
) -> None:
    moments = {name: None if days is None else ago(days) for name, days in columns.items()}
    assert is_due(order(**moments)) is wanted


@pytest.mark.parametrize(("days", "wanted"), [(31, True), (29, False)])
def test_without_a_promise_they_count_from_the_last_parcel(days: int, wanted: bool) -> None:
    row = order(updated_at=ago(1))
    ShipmentFactory.create(order=row, shipped_at=ago(80), reference=1)
    ShipmentFactory.create(order=row, shipped_at=ago(days), reference=2)
    assert is_due(row) is wanted


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"status": "SHIPPED"}, True),
        ({"status": "UNFULFILLABLE", "state": OrderState.RECORDED}, True),
        ({"status": "UNSHIPPED"}, False),
        ({"status": "PARTIALLY_SHIPPED"}, False),
        ({"status": "PENDING", "state": OrderState.HELD}, False),
        ({"status": "", "state": OrderState.QUARANTINED}, False),
        ({"status": "SOMETHING_NEW", "state": OrderState.SEEN}, False),
        ({"status": "CANCELLED", "state": OrderState.CANCELLED}, True),
        ({"status": "UNSHIPPED", "state": OrderState.CANCELLED}, True),
    ],
)
def test_nothing_goes_while_it_may_have_to_be_sent(columns: dict[str, Any], wanted: bool) -> None:
    assert is_due(order(**{"placed": False, **columns})) is wanted


def test_a_cancelled_order_waits_for_no_delivery() -> None:
    columns = {"status": "CANCELLED", "state": OrderState.CANCELLED, "deliver_by": ago(5)}
    assert is_due(order(placed=False, updated_at=ago(31), **columns))


def test_the_setting_says_how_many_days(settings: Any) -> None:
    row = order(deliver_by=ago(10))
    assert not is_due(row)
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "PERSONAL_DATA_DAYS": 9}
    assert is_due(row)


def test_the_delivery_is_when_amazon_first_shows_every_parcel_as_delivered(
    world: World, shipped: Sold
) -> None:
    number = shipped().number
    assert AmazonOrder.objects.get().delivered_at is None
    packages = world.amazon.order(number)["packages"]
    for each in packages:
        each["packageStatus"] = {"status": "DELIVERED"}
    world.amazon.set_order(number, packages=packages)
    world.import_orders()
    first = AmazonOrder.objects.get().delivered_at
    assert first == AmazonOrder.objects.get().updated_at
    world.amazon.set_order(number, programs=["PRIME"])
    world.import_orders()
    assert AmazonOrder.objects.get().delivered_at == first


# --- What a person looks at -----------------------------------------------------------------------


def test_the_numbers_say_what_would_go_and_what_is_needed() -> None:
    account = SellerAccountFactory.create()
    rows = [order(account=account, ordered_at=ago(days)) for days in (50, 90)]
    order(account=account, status="UNSHIPPED")
    order(account=account, deliver_by=ago(2))
    order(account=account, erased_at=ago(1))
    order()
    numbers = due.numbers(account, due.limit())
    assert (numbers.due, numbers.needed, numbers.erased) == (2, 1, 1)
    assert numbers.first == rows[1].ordered_at
    assert numbers.last == rows[0].ordered_at


def test_the_mark_is_another_one_when_other_orders_are_due() -> None:
    account = SellerAccountFactory.create()
    rows = [order(account=account) for _ in range(2)]
    seen = due.numbers(account, due.shown_limit()).mark
    assert due.numbers(account, due.shown_limit()).mark == seen
    AmazonOrder.objects.filter(pk=rows[0].pk).update(status="UNSHIPPED")
    order(account=account)
    numbers = due.numbers(account, due.shown_limit())
    assert numbers.due == 2
    assert numbers.mark != seen


# --- Who is told ----------------------------------------------------------------------------------


def told(row: AmazonOrder) -> list[str]:
    accounts = type(row.account)._default_manager.filter(pk=row.account_id)
    found = attention.matters(accounts).get(row.account_id, [])
    return [one.sentence for one in found if one.kind == MatterKind.ERASING]


def test_staff_are_told_that_the_first_time_waits_for_them() -> None:
    row = order(deliver_by=ago(29))
    assert told(row) == []
    AmazonOrder.objects.update(deliver_by=ago(31))
    assert told(row) == [
        "Buyers' data are old enough to be erased: look at the numbers, then let it begin."
    ]
    erase.allow(row.account, "clerk")
    assert told(row) == []


def test_staff_are_told_of_what_should_have_gone() -> None:
    row = order(deliver_by=ago(33))
    erase.allow(row.account, "clerk")
    assert told(row) == ["The buyer's data of 1 order should be erased by now, and are not."]


def test_many_accounts_are_asked_for_at_once() -> None:
    for _ in range(3):
        order()
    pks = list(AmazonOrder.objects.values_list("account", flat=True))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert due.having_due(pks, due.limit()) == sorted(pks)
        assert due.number_due(pks, due.limit()) == dict.fromkeys(pks, 1)
    assert len(asked) == 2
