"""The orders that Amazon publishes, over HTTP, become orders of an Oscar shop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from oscar.core.loading import get_model

from django_amazon_sync.models import AmazonOrder, OrderState, SellerAccount
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.connect import Credentials, connect_account
from tests.contract.amazon_models import contract_folder
from tests.contract.standin import BAD_ANSWERS, StandIn
from tests.node import Node

US = "ATVPDKIKX0DER"


@pytest.fixture
def amazon() -> Iterator[StandIn]:
    with StandIn(contract_folder() / "models") as standin:
        yield standin


@pytest.fixture
def account(amazon: StandIn, settings: Any, db: None) -> SellerAccount:
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
    }
    return connect_account(
        configured_shop(),
        Credentials("client", "secret", "refresh"),
        region="na",
        seller_id="SELLER",
        marketplaces=[US],
        payment_method="any",
        shipping_method="any",
    )


def import_all() -> int:
    """The exit code of importing all orders since before the published ones."""
    try:
        call_command("amazon_import_orders", "--since=2024-12-01", stdout=StringIO())
    except CommandError as error:
        return error.returncode
    return 0


def published(amazon: StandIn) -> list[Node]:
    return list(map(Node, amazon.orders))


def assert_as_published(raw: Node) -> None:
    """The shop's order has the document's total, currency, lines, quantities and address."""
    order = get_model("order", "Order").objects.get(number=raw["orderId"].text)
    total = raw["proceeds"]["grandTotal"]
    assert (order.total_incl_tax, order.currency) == (
        Decimal(total["amount"].text),
        total["currencyCode"].text,
    )
    assert sorted(order.lines.values_list("partner_line_reference", "partner_sku", "quantity")) == (
        sorted(
            (
                item["orderItemId"].text,
                item["product"]["sellerSku"].text,
                item["quantityOrdered"].number,
            )
            for item in raw["orderItems"]
        )
    )
    shown, address = order.shipping_address, raw["recipient"]["deliveryAddress"]
    assert shown is not None
    assert shown.country_id == address["countryCode"]
    assert shown.postcode == address["postalCode"]
    assert shown.line4 == address["city"]
    assert (
        address["addressLine1"].text in shown.search_text or shown.line1 == address["addressLine1"]
    )


@pytest.mark.usefixtures("account")
def test_each_published_order_is_there_once_as_published(amazon: StandIn) -> None:
    assert import_all() == 0
    assert import_all() == 0
    orders = published(amazon)
    assert {raw["recipient"]["deliveryAddress"]["countryCode"].text for raw in orders} >= {
        "JP",
        "BR",
    }
    assert get_model("order", "Order").objects.count() == len(orders)
    for raw in orders:
        assert_as_published(raw)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_bad_answers_in_between_lose_and_double_nothing(amazon: StandIn, bad: str) -> None:
    amazon.bad_answers = ["good", bad, "good", bad]
    numbers = {raw["orderId"].text for raw in published(amazon)}
    for _ in range(5):
        code = import_all()
        placed = AmazonOrder.objects.filter(state=OrderState.PLACED)
        there = set(placed.values_list("number", flat=True))
        if code == 0:
            break
        assert there < numbers or there == numbers
    assert code == 0
    assert there == numbers
    assert get_model("order", "Order").objects.count() == len(numbers)


def test_what_the_model_allows_to_be_missing_or_added_breaks_no_page(
    amazon: StandIn, account: SellerAccount
) -> None:
    bare, odd = (json.loads(json.dumps(amazon.orders[0])) for _ in range(2))
    bare = {
        name: bare[name]
        for name in ("orderId", "createdTime", "lastUpdatedTime", "salesChannel", "orderItems")
    } | {"orderId": "111-1111111-1111111"}
    odd |= {"orderId": "222-2222222-2222222", "aNewField": {"of": ["some", None]}}
    odd["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
    odd["orderItems"][0]["programs"] = None
    first, *others = amazon.order_pages
    amazon.order_pages = [[*first, bare, odd], *others]
    numbers = {raw["orderId"].text for raw in published(amazon)}
    import_all()
    assert {order.number for order in AmazonOrder.objects.all()} == numbers
    states = dict(AmazonOrder.objects.values_list("number", "state"))
    assert states["111-1111111-1111111"] == OrderState.SEEN
    assert states["222-2222222-2222222"] == OrderState.SEEN
    assert sum(state == OrderState.PLACED for state in states.values()) == len(numbers) - 2
