"""A document without its people reads as before, but for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from django_amazon_sync.amazon.orders import read_or_keep, read_order
from django_amazon_sync.amazon.without_people import without_people
from django_amazon_sync.data import Address, Buyer, OrderData, UnreadableOrder
from django_amazon_sync.testing.simulator import Simulator
from tests.amazon.conftest import PERSONAL
from tests.contract.amazon_models import contract_folder

WORDS = ("Zeb", "zeb@", "Otto", "Quill", "QUILL", "Gooseneck", "QX9", "Pelican", "555", "Ring")


def bought() -> dict[str, Any]:
    """An order of the simulator with all that can be personal."""
    with Simulator(in_process=True) as amazon:
        seller = amazon.seller("eu")
        amazon.add_listing(seller, "MUG", marketplace="A1PA6795UKMFR9", asin="B0MUG", price="9.00",
                           quantity=5)  # fmt: skip
        number = amazon.buy(seller, "A1PA6795UKMFR9", "MUG", 2, gift_message="Love, Zebulon")
        document = amazon.order(number)
    item = document["orderItems"][0]
    item["product"]["customization"] = {"customizedUrl": "https://x.example/Zeb", "text": "Zeb"}
    item["cancellation"] = {"cancellationRequest": {"cancelReason": "Zebulon changed his mind"}}
    return {**document, **PERSONAL}


def nobodys(read: OrderData) -> OrderData:
    """The order as it reads without its people."""
    there = Address(country=read.delivery.country) if read.delivery else None
    lines = (
        replace(line, gift_message="", personalisation="", personalisation_url="")
        for line in read.lines
    )
    return replace(
        read,
        buyer=Buyer(),
        delivery=there if there and there.country else None,
        delivery_place="",
        delivery_instructions="",
        delivery_capabilities=(),
        tax_registrations=tuple(one for one in read.tax_registrations if one.holder != "BUYER"),
        lines=tuple(lines),
    )


def test_nobody_is_left_and_all_else_reads_as_before() -> None:
    document = bought()
    kept = without_people(document)
    assert [word for word in WORDS if word in json.dumps(document)] == list(WORDS)
    assert [word for word in WORDS if word in json.dumps(kept)] == []
    assert read_order(kept) == nobodys(read_order(document))
    assert read_order(kept).cancellation_requested
    assert read_order(kept).delivery == Address(country="GB")
    assert without_people(kept) == kept


def test_every_order_that_amazon_publishes_reads_as_before() -> None:
    model = json.loads((contract_folder() / "models/orders_2026-01-01.json").read_text())
    published = _orders_in(model["paths"])
    assert published
    for document in published:
        read = read_or_keep(document)[0]
        kept = read_or_keep(without_people(document))[0]
        assert isinstance(read, OrderData)
        assert kept == nobodys(read)


def _orders_in(value: Any) -> list[dict[str, Any]]:
    """Every object with an order's id and its lines."""
    if isinstance(value, dict):
        own = [value] if {"orderId", "orderItems"} <= value.keys() else []
        return own + [found for part in value.values() for found in _orders_in(part)]
    return (
        [found for part in value for found in _orders_in(part)] if isinstance(value, list) else []
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"orderItems": [{"orderItemId": "1", "quantityOrdered": 1}, "Zebulon"]},
        {"orderItems": "Zebulon"},
        {"createdTime": "Zebulon's birthday"},
        {"proceeds": {"grandTotal": {"amount": "Zebulon", "currencyCode": "EUR"}}},
    ],
)
def test_what_could_not_be_read_still_cannot_and_names_nobody(broken: dict[str, Any]) -> None:
    document = {**bought(), **broken}
    assert isinstance(read_or_keep(document)[0], UnreadableOrder)
    kept = without_people(document)
    assert isinstance(read_or_keep(kept)[0], UnreadableOrder)
    assert "Zeb" not in json.dumps(kept)
