"""Staff say which units an order holds whose lines nobody can read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from django_amazon_sync import clock
from django_amazon_sync.admin.orders.units import PAGE
from django_amazon_sync.models import AmazonOrder, OrderState
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.admin.conftest import Staff
from tests.factories import stock_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> AmazonOrder:
    return AmazonOrderFactory.create(
        state=OrderState.QUARANTINED, reason_code="unreadable", units_unknown_since=clock.now()
    )


def test_the_page_of_the_order_leads_to_it(staff: Staff, order: AmazonOrder) -> None:
    url = reverse(PAGE, args=[order.pk])
    assert url in staff.see(AmazonOrder, order.pk)
    AmazonOrder.objects.update(units_unknown_since=None)
    assert url in staff.see(AmazonOrder, order.pk)  # of one that cannot be read they know better
    AmazonOrder.objects.update(reason_code="payment-method")
    assert url not in staff.see(AmazonOrder, order.pk)


def test_what_staff_say_is_held(staff: Staff, order: AmazonOrder) -> None:
    record = stock_record("MUG two", price="1.00", in_stock=9)
    url = reverse(PAGE, args=[order.pk])
    assert "holds" in staff.client.get(url).content.decode()
    answer = staff.client.post(url, {"units": "MUG two 3\n\nMUG two 1\n"})
    assert answer.status_code == 302
    assert units_reserved() == {str(record.pk): 4}
    order.refresh_from_db()
    assert order.units_unknown_since is None
    staff.client.post(url, {"units": "MUG two 3"})
    assert units_reserved() == {str(record.pk): 3}
    AmazonOrder.objects.update(reason_code="payment-method")
    staff.client.post(url, {"units": "MUG two 9"})
    assert units_reserved() == {str(record.pk): 3}


@pytest.mark.parametrize("said", ["MUG", "3", "MUG -1", "MUG 99999999", "MUG ²", "S" * 300 + " 1"])
def test_what_is_no_sku_and_number_is_said_at_its_field(
    staff: Staff, order: AmazonOrder, said: str
) -> None:
    answer = staff.client.post(reverse(PAGE, args=[order.pk]), {"units": said})
    assert "is not a SKU and a number" in answer.content.decode()
    assert units_reserved() == {}


@pytest.mark.parametrize(
    ("codename", "status"), [("view_amazonorder", 403), ("replay_amazonorder", 200)]
)
def test_it_needs_the_permission_to_replay(
    staff_with: Callable[..., Staff], order: AmazonOrder, codename: str, status: int
) -> None:
    url = reverse(PAGE, args=[order.pk])
    assert staff_with(codename).client.get(url).status_code == status
