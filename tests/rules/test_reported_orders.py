"""Where a report of orders says something else than is here, and where it leaves that open."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.data import Money, ReportedLine, ReportedOrder
from django_amazon_sync.rules.reported_orders import (
    KnownOrder,
    differences,
    is_of_other_channel,
    statuses_of,
)

REPORTED = ReportedOrder(
    "302-0000001-0000001",
    status="Unshipped",
    channel="Amazon.de",
    lines=(ReportedLine("1", "MUG", 2), ReportedLine("2", "CUP", 1)),
    currency="EUR",
    goods=Decimal("44.90"),
    tax=Decimal("7.17"),
    discount=Decimal("1.00"),
    wants_cancellation=False,
)
KNOWN = KnownOrder("UNSHIPPED", 3, Money(Decimal("44.90"), "EUR"), False)


def codes(reported: dict[str, Any], known: dict[str, Any] | None = None) -> list[str]:
    found = differences(replace(REPORTED, **reported), replace(KNOWN, **(known or {})))
    return [message.code for message in found]


def test_what_says_the_same_differs_in_nothing() -> None:
    assert codes({}) == []


@pytest.mark.parametrize(
    ("word", "statuses"),
    [
        ("Pending", {"PENDING", "PENDING_AVAILABILITY"}),
        ("Pending - Waiting for Pick Up", {"PENDING", "PENDING_AVAILABILITY", "UNSHIPPED"}),
        ("Unshipped", {"UNSHIPPED"}),
        ("Shipping", {"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"}),
        ("Shipped", {"SHIPPED"}),
        ("Shipped - Delivered to Buyer", {"SHIPPED"}),
        ("PartiallyShipped", {"PARTIALLY_SHIPPED", "SHIPPED"}),
        ("Cancelled", {"CANCELLED"}),
        ("Canceled", {"CANCELLED"}),
        ("Unfulfillable", {"UNFULFILLABLE"}),
        ("Verschickt", set()),
        ("", set()),
    ],
)
def test_words_stand_for_statuses_and_unknown_ones_for_none(word: str, statuses: set[str]) -> None:
    assert statuses_of(word) == statuses
    for status in ("PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"):
        differs = "reported-status" in codes({"status": word}, {"status": status})
        assert differs == (bool(statuses) and status not in statuses)


def test_a_status_that_is_not_known_here_differs() -> None:
    [said] = differences(REPORTED, replace(KNOWN, status=""))
    assert str(said) == "Amazon's report calls it Unshipped, and here it is nothing."


def test_another_quantity_differs_and_says_it_once() -> None:
    assert codes({}, {"quantity": 2}) == ["reported-quantity"]
    assert codes({"goods": Decimal("20.00")}, {"quantity": 2}) == ["reported-quantity"]


def test_an_unknown_quantity_differs_from_none() -> None:
    lines = (ReportedLine("", "MUG", 2), ReportedLine("", "CUP", None))
    assert codes({"lines": lines}, {"quantity": 5}) == []
    assert codes({"lines": ()}, {"quantity": 5}) == []


@pytest.mark.parametrize("total", ["44.90", "52.07", "43.90", "51.07", "44.91", "44.88"])
def test_every_reading_of_the_money_is_tried(total: str) -> None:
    assert codes({}, {"total": Money(Decimal(total), "EUR")}) == []


@pytest.mark.parametrize("total", ["44.94", "45.90", "37.73", "0.00"])
def test_a_total_that_no_reading_meets_differs(total: str) -> None:
    assert codes({}, {"total": Money(Decimal(total), "EUR")}) == ["reported-total"]


def test_another_currency_differs() -> None:
    assert codes({}, {"total": Money(Decimal("44.90"), "GBP")}) == ["reported-total"]


def test_unknown_money_differs_from_none() -> None:
    assert codes({"goods": None, "currency": ""}) == []
    assert codes({}, {"total": None}) == []


def test_a_buyers_wish_differs_both_ways_while_it_is_open() -> None:
    assert codes({"wants_cancellation": True}) == ["reported-wish"]
    assert codes({}, {"wants_cancellation": True}) == ["reported-wish-known"]
    assert codes({"wants_cancellation": None}, {"wants_cancellation": True}) == []
    shipped = {"status": "Shipped", "wants_cancellation": True}
    assert codes(shipped, {"status": "SHIPPED"}) == []


def test_of_a_cancelled_order_nothing_but_its_status_counts() -> None:
    nothing = {"goods": None, "lines": (ReportedLine("1", "MUG", 0),)}
    assert codes({"status": "Cancelled", **nothing}, {"status": "CANCELLED"}) == []
    assert codes({"status": "Cancelled", **nothing}) == ["reported-status"]
    assert codes({}, {"status": "CANCELLED", "quantity": 0}) == ["reported-status"]


@pytest.mark.parametrize(("channel", "other"), [("Non-Amazon DE", True), ("Amazon.de", False)])
def test_orders_of_other_channels_are_known_by_their_name(channel: str, other: bool) -> None:
    assert is_of_other_channel(replace(REPORTED, channel=channel)) is other
