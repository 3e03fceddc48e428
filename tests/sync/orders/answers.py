"""Answers of Amazon's that the simulator never gives: documents as sellers reported them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.errors import AmazonError
from tests.world import DE, World

Document = dict[str, Any]


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def eur(amount: str) -> Document:
    return {"amount": amount, "currencyCode": "EUR"}


def item(
    item_id: str = "11", quantity: int = 1, sku: str = "MUG", price: str = "20.00"
) -> Document:
    """A line whose goods cost ``price`` for the whole quantity."""
    return {
        "orderItemId": item_id,
        "quantityOrdered": quantity,
        "product": {"asin": "B0CASE0001", "title": "A thing", "sellerSku": sku},
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": eur(price)}]},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity},
    }


@dataclass
class Answers:
    """What Amazon shows: ``found`` by a search, ``by_id`` by getOrder (a document or an error).

    What a search found and getOrder is not told of, getOrder shows as well.
    """

    world: World
    found: list[Document] = field(default_factory=list)
    by_id: dict[str, Document | AmazonError] = field(default_factory=dict)
    complete_until: str = ""
    asked: list[str] = field(default_factory=list)

    def order(self, number: str = "302-0000001-0000001", **changed: Any) -> Document:
        """A paid order of one thing, changed a moment ago."""
        now = self.world.amazon.now()
        fulfillment = {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"}
        return {
            "orderId": number,
            "createdTime": iso(now),
            "lastUpdatedTime": iso(now),
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": DE},
            "buyer": {"buyerName": "Test Buyer"},
            "recipient": {"deliveryAddress": {"name": "Test Buyer", "countryCode": "DE"}},
            "proceeds": {"grandTotal": eur("20.00")},
            "fulfillment": fulfillment,
            "orderItems": [item()],
        } | changed

    def call(self, client: Client, operation: str, method: str, path: str, **how: Any) -> Answer:
        if operation == "getOrder":
            number = path.rpartition("/")[2]
            self.asked.append(number)
            shown: Document | AmazonError = self.by_id.get(number) or next(
                one for one in reversed(self.found) if one["orderId"] == number
            )
            if isinstance(shown, AmazonError):
                raise shown
            body: Any = shown if not shown or "order" in shown else {"order": shown}
        elif operation == "searchOrders":
            until = self.complete_until or iso(self.world.amazon.now() - timedelta(minutes=2))
            body = {"orders": self.found, "lastUpdatedBefore": until}
        else:
            raise AssertionError(f"Nobody expected {operation}.")
        return Answer(operation, copy.deepcopy(body), 200, "request", None, None)


@contextmanager
def answering(world: World) -> Iterator[Answers]:
    """Amazon answers for orders as the test says."""
    answers = Answers(world)
    call = Client.call

    def answered(client: Client, operation: str, *args: Any, **how: Any) -> Answer:
        if operation in ("getOrder", "searchOrders"):
            return answers.call(client, operation, *args, **how)
        return call(client, operation, *args, **how)

    with patch.object(Client, "call", answered):
        yield answers
