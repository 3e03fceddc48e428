"""Histories about the documents of orders: odd, late, gone, of every kind; they are every fifth.

``ORDER_HISTORIES=100`` tells so many.
"""

from __future__ import annotations

import os

import pytest

from tests.histories.blank import Blank
from tests.histories.history import History, shortest, story_of, tell
from tests.histories.known import KNOWN
from tests.histories.order_documents import KINDS, Kind
from tests.histories.order_operations import EVERY, weights

NUMBER = int(os.environ.get("ORDER_HISTORIES", "1"))


@pytest.mark.parametrize("seed", range(EVERY, EVERY * (NUMBER + 1), EVERY))
def test_whatever_amazon_shows_of_orders_nothing_is_violated(blank: Blank, seed: int) -> None:
    history = History.drawn(seed)
    told = tell(history, blank, tolerated=KNOWN)
    for kind in told.kinds:
        if kind not in KNOWN:
            short = shortest(history, kind, blank, KNOWN)
            pytest.fail(
                f"{kind}:\n{story_of(short, tell(short, blank, tolerated=KNOWN))}", pytrace=False
            )


def test_other_histories_are_as_they_were_without() -> None:
    assert weights(EVERY)["documents"] > 0
    assert all(weights(seed) == {"documents": 0.0} for seed in range(1, EVERY))


ORDER = {
    "orderId": "302-0000001-0000001",
    "lastUpdatedTime": "2026-11-30T08:00:00Z",
    "orderItems": [{"orderItemId": "1", "quantityOrdered": 1}],
    "proceeds": {"grandTotal": {"amount": "1.00", "currencyCode": "EUR"}},
    "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
    "buyer": {"buyerName": "Ann"},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_changes_a_copy(kind: Kind) -> None:
    before = repr(ORDER)
    assert kind.change(ORDER) != ORDER
    assert repr(ORDER) == before
