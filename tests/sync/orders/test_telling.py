"""What is said of an order names nobody, whether or not its document can be read."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import AmazonOrder
from django_amazon_sync.sync.orders.telling import without_its_buyer

READABLE = {
    "orderId": "302-0000001-0000001",
    "createdTime": "2026-11-30T08:00:00Z",
    "lastUpdatedTime": "2026-11-30T08:00:00Z",
}
PEOPLE = {
    "buyer": {"buyerName": "Ann Other"},
    "recipient": {"deliveryAddress": {"addressLine1": "17 Gooseneck Mews", "more": ["Attic"]}},
}


@pytest.mark.parametrize("known", [READABLE, {}], ids=["readable", "unreadable"])
def test_nobody_is_named(known: dict[str, Any]) -> None:
    order = AmazonOrder(number="302-0000001-0000001", document={**known, **PEOPLE})
    said = without_its_buyer(order, "Order 302-0000001-0000001 of Ann Other, 17 Gooseneck Mews.")
    assert said == "Order 302-0000001-0000001 of …, …."


def test_of_one_that_cannot_be_read_every_text_about_people_counts() -> None:
    order = AmazonOrder(document=PEOPLE)
    assert without_its_buyer(order, "In the Attic, for you.") == "In the …, for you."


@pytest.mark.parametrize("known", [READABLE, {}], ids=["readable", "unreadable"])
def test_no_part_of_a_name_is_left_however_it_is_written(known: dict[str, Any]) -> None:
    order = AmazonOrder(document={**known, **PEOPLE})
    said = without_its_buyer(order, "For Ann, that is OTHER, in 17\nGooseneck\n Mews.")
    assert said == "For …, that is …, in …."
