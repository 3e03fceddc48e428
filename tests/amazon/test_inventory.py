"""Amazon's own stock, page after page."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.inventory import _stock, amazon_stock
from django_amazon_sync.data import AmazonStock
from django_amazon_sync.errors import Unavailable

from .conftest import Reply, ScriptedServer
from .odd import ODD, places

US = "ATVPDKIKX0DER"
SUMMARY = {
    "asin": "B071VG5N9D",
    "fnSku": "X001",
    "sellerSku": "007 ",
    "totalQuantity": 30,
    "inventoryDetails": {
        "fulfillableQuantity": 12,
        "inboundWorkingQuantity": 1,
        "inboundShippedQuantity": 2,
        "inboundReceivingQuantity": 4,
        "reservedQuantity": {"totalReservedQuantity": 5, "pendingCustomerOrderQuantity": 5},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 6},
    },
}


def page(*summaries: Any, token: str = "") -> Reply:
    payload = {"granularity": {}, "inventorySummaries": list(summaries)}
    return Reply.of(200, {"payload": payload, "pagination": {"nextToken": token}})


def test_stock_is_told_by_kind(server: ScriptedServer, client: Client) -> None:
    server.answers(page(SUMMARY, None, {"asin": "B0NOSKU"}, {"sellerSku": "NEW"}))
    assert list(amazon_stock(client, US)) == [
        AmazonStock("007 ", "B071VG5N9D", 12, reserved=5, inbound=7, unfulfillable=6),
        AmazonStock("NEW", "", 0),
    ]
    assert server.seen[0].path == (
        "/fba/inventory/v1/summaries?details=true&granularityType=Marketplace"
        f"&granularityId={US}&marketplaceIds={US}"
    )


def test_every_page_is_of_the_same_list(server: ScriptedServer, client: Client) -> None:
    """The start goes along with each token, which alone would give another list."""
    server.answers(page(SUMMARY, token="a="), page(token="b"), page(SUMMARY))
    since = datetime(2026, 11, 1, tzinfo=UTC)
    assert len(list(amazon_stock(client, US, since))) == 2
    start = "startDateTime=2026-11-01T00%3A00%3A00Z"
    assert all(start in seen.path for seen in server.seen)
    assert [seen.path.partition("&nextToken=")[2] for seen in server.seen] == ["", "a%3D", "b"]


@pytest.mark.parametrize(
    "body", [{}, {"payload": None}, {"payload": {}}, {"payload": {"inventorySummaries": None}}]
)
def test_silence_is_not_an_empty_warehouse(
    server: ScriptedServer, client: Client, body: Any
) -> None:
    server.answers(Reply.of(200, body))
    with pytest.raises(Unavailable):
        list(amazon_stock(client, US))


def test_pages_come_to_an_end(server: ScriptedServer, client: Client) -> None:
    server.answers(page(SUMMARY, token="same"))
    with pytest.raises(Unavailable, match="end to its pages"):
        list(amazon_stock(client, US))


@given(st.sampled_from(sorted(places(SUMMARY), key=str)), ODD)
def test_any_damage_is_a_number_all_the_same(path: tuple[str, ...], value: Any) -> None:
    damaged: dict[str, Any] = {**SUMMARY, "inventoryDetails": dict(SUMMARY["inventoryDetails"])}  # type: ignore[call-overload]
    parent = damaged if len(path) == 1 else damaged["inventoryDetails"]
    parent[path[1] if len(path) > 1 else path[0]] = value
    stock = _stock(damaged)
    assert min(stock.fulfillable, stock.reserved, stock.inbound, stock.unfulfillable) >= 0
