"""Every state of every row says what happens next, and says nothing that is not true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync.admin.common import next_steps
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    HOLDING_STATES,
    AccountState,
    AmazonOrder,
    OrderState,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.testing.factories import AmazonOrderFactory, AmazonOrderLineFactory
from tests.factories_amazon import LiveAccountFactory


@pytest.mark.parametrize(
    ("states", "row", "of"),
    [
        (ShipmentState, lambda state: Shipment(state=state), next_steps.of_shipment),
        (SubmissionState, lambda state: Submission(state=state), next_steps.of_submission),
        (RunState, lambda state: SyncRun(state=state), next_steps.of_run),
    ],
    ids=["shipment", "submission", "run"],
)
def test_every_state_has_its_sentence(
    states: Any, row: Callable[[str], Any], of: Callable[[Any], object]
) -> None:
    for state in states:
        sentence = str(of(row(state)))
        assert sentence.endswith("."), state


# --- Accounts ------------------------------------------------------------------------------------

COME_IN, DO_NOT = "Orders come in.", "No orders come in"


@pytest.mark.parametrize("import_orders", [True, False])
@pytest.mark.parametrize(
    ("columns", "out"),
    [
        ({"state": AccountState.LIVE, "deployment": "tests"}, "What changes in the shop is sent."),
        ({"state": AccountState.LIVE, "deployment": "other"}, "deployment 'other'"),
        ({"state": AccountState.OBSERVING}, "Nothing is sent: an export only reports"),
        ({"state": AccountState.PAUSED}, "Nothing is sent until the account is released."),
        ({"state": AccountState.DISCONNECTED}, "until the account is connected again"),
        (
            {"state": AccountState.DISCONNECTED, "deactivated": True},
            "no new token is needed",
        ),
    ],
)
def test_an_account_says_what_goes_out_and_whether_orders_come_in(
    columns: dict[str, Any], out: str, import_orders: bool
) -> None:
    account = SellerAccount(name="Shop", import_orders=import_orders, **columns)
    sentence = str(next_steps.of_account(account))
    assert out in sentence
    off = account.state == AccountState.DISCONNECTED or columns.get("deployment") == "other"
    assert (COME_IN in sentence) is (import_orders and not off)
    assert (DO_NOT in sentence) is (not import_orders and not off)


# --- Orders --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("takes_stock", [True, False])
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("code", ["", Code.MAPPING_MISSING, Code.TOTAL, Code.UNREADABLE])
def test_an_order_says_that_it_holds_stock_only_where_it_does(
    state: OrderState, takes_stock: bool, linked: bool, code: str
) -> None:
    order = order_of(state=state, takes_stock=takes_stock, reason_code=code)
    AmazonOrderLineFactory.create(order=order, offer_pk="1" if linked else "", quantity=3)
    sentence = str(next_steps.of_order(order))
    holds = state == OrderState.QUARANTINED and takes_stock and linked
    assert ("3 units of the shop's stock are held back" in sentence) is holds
    holds_nothing = state == OrderState.QUARANTINED and not holds
    assert ("It holds no stock of the shop back." in sentence) is holds_nothing
    assert ("on sale again" in sentence) is (state == OrderState.CANCELLED and takes_stock)


def order_of(**columns: Any) -> AmazonOrder:
    account = LiveAccountFactory.create()
    if columns["state"] == OrderState.PLACED:
        columns["shop_order_pk"] = "1"
    order: AmazonOrder = AmazonOrderFactory.create(account=account, **columns)
    return order


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": OrderState.PLACED}, "shipments of it are confirmed"),
        ({"state": OrderState.PLACED, "fulfilled_by": "AMAZON"}, "Amazon ships it"),
        ({"state": OrderState.PLACED, "cancellation_requested": True}, "asks to cancel"),
        ({"state": OrderState.RECORDED, "reason_code": Code.BEFORE_CUT_OVER}, "unless you choose"),
        ({"state": OrderState.RECORDED}, "kept for the record"),
        (
            {"state": OrderState.QUARANTINED, "units_unknown_since": timezone.now()},
            "Which units it holds back from sale is not known.",
        ),
    ],
)
def test_an_order_has_its_next_step(columns: dict[str, Any], words: str) -> None:
    assert words in str(next_steps.of_order(order_of(**columns)))


@pytest.mark.django_db
@pytest.mark.parametrize("state", OrderState)
def test_an_order_does_not_promise_an_import_that_does_not_come(state: OrderState) -> None:
    order = order_of(state=state, reason_code=Code.MAPPING_MISSING)
    order.account.import_orders = False
    assert "next import" not in str(next_steps.of_order(order))
    order.account.state = AccountState.DISCONNECTED
    sentence = str(next_steps.of_order(order))
    assert (sentence == "Nothing, until its account is connected again.") is (
        state in HOLDING_STATES
    )
