"""Oscar's shipping events as shipments: which count, and what their notes say."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from oscar.core.loading import get_model

from django_amazon_sync.data import Choices
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.shops.oscar.shipments import read_note
from django_amazon_sync.testing.shop_contract import new_line, new_order
from tests import factories

shop = OscarShop()


@pytest.fixture
def order_pk(db: None) -> str:
    factories.stock_record("MUG")
    lines = (new_line("item-1", "MUG", 2), new_line("item-2", "UNKNOWN", 1))
    return shop.place_order(new_order(*lines), Choices("free-shipping", "amazon"))


def test_an_event_is_a_shipment_of_its_lines(order_pk: str) -> None:
    event = factories.shipping_event(
        order_pk, {"item-1": 1, "item-2": 1}, "Carrier: DHL / Tracking: 00340434161094000000"
    )
    (shipment,) = shop.shipments([order_pk])
    assert (shipment.pk, shipment.order_pk) == (str(event.pk), order_pk)
    assert (shipment.carrier, shipment.tracking) == ("DHL", "00340434161094000000")
    assert sorted(shipment.items) == [("item-1", 1), ("item-2", 1)]
    assert shipment.shipped_at == event.date_created


def test_a_parcel_for_each_event(order_pk: str) -> None:
    factories.shipping_event(order_pk, {"item-1": 1}, "FIRST1")
    factories.shipping_event(order_pk, {"item-1": 1}, "SECOND2")
    assert [parcel.tracking for parcel in shop.shipments([order_pk])] == ["FIRST1", "SECOND2"]


def test_events_of_other_types_and_orders_are_none(order_pk: str, settings: Any) -> None:
    event = factories.shipping_event(order_pk, {"item-1": 1})
    returned = get_model("order", "ShippingEventType").objects.create(name="Returned")
    event.event_type = returned
    event.save()
    assert list(shop.shipments([order_pk])) == []
    settings.AMAZON_SYNC = settings.AMAZON_SYNC | {"SHIPPING_EVENTS": ["returned"]}
    assert len(list(shop.shipments([order_pk]))) == 1
    assert list(shop.shipments(["0", "no-pk", ""])) == []


def test_lines_that_are_not_amazons_are_left_out(order_pk: str) -> None:
    event = factories.shipping_event(order_pk, {"item-1": 1})
    event.line_quantities.get().line.__class__.objects.update(partner_line_reference="")
    (shipment,) = shop.shipments([order_pk])
    assert shipment.items == ()


def test_shipments_of_many_orders_take_as_many_queries_as_of_one(order_pk: str) -> None:
    factories.shipping_event(order_pk, {"item-1": 1})
    pks = [order_pk]

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(list(shop.shipments(pks))) == len(pks)
        return len(captured)

    for_one = queries()
    for _ in range(9):
        order = new_order(new_line("item-1", "MUG", 1))
        pks.append(shop.place_order(order, Choices("free-shipping", "amazon")))
        factories.shipping_event(pks[-1], {"item-1": 1})
    assert queries() == for_one


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("", {}),
        (" 00340434161094000000 ", {"tracking": "00340434161094000000"}),
        ("1Z 999 AA1 01 2345 6784", {"tracking": "1Z 999 AA1 01 2345 6784"}),
        ("Carrier: DHL\nTracking: JJD01", {"carrier": "DHL", "tracking": "JJD01"}),
        ("tracking number: JJD01; carrier : UPS", {"carrier": "UPS", "tracking": "JJD01"}),
        ("Method: Express, Tracking no.: 7", {"method": "Express", "tracking": "7"}),
        ("Carrier: Royal Mail", {"carrier": "Royal Mail"}),
        ("Handed over at the back door", {}),
        ("Parcel 7 of 12\nleft at noon", {}),
    ],
)
def test_a_note_is_read_as_far_as_it_names_things(note: str, said: dict[str, str]) -> None:
    assert read_note(note) == said


@given(st.text())
def test_any_note_can_be_read(note: str) -> None:
    assert set(read_note(note)) <= {"carrier", "tracking", "method"}
