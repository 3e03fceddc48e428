"""Every state of every row says what happens next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.admin.common import next_steps
from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Listing,
    Marketplace,
    OrderState,
    Presence,
    RunState,
    SellerAccount,
    SellerSku,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)


def listing(presence: str) -> Listing:
    sku = SellerSku(account=SellerAccount(synchronise_all=True), offer_pk="1")
    return Listing(sku=sku, marketplace=Marketplace(), presence=presence)


@pytest.mark.parametrize(
    ("states", "row", "of"),
    [
        (AccountState, lambda state: SellerAccount(state=state), next_steps.of_account),
        (OrderState, lambda state: AmazonOrder(state=state), next_steps.of_order),
        (ShipmentState, lambda state: Shipment(state=state), next_steps.of_shipment),
        (SubmissionState, lambda state: Submission(state=state), next_steps.of_submission),
        (RunState, lambda state: SyncRun(state=state), next_steps.of_run),
        (Presence, listing, next_steps.of_listing),
    ],
    ids=["account", "order", "shipment", "submission", "run", "listing"],
)
def test_every_state_has_its_sentence(
    states: Any, row: Callable[[str], Any], of: Callable[[Any], object]
) -> None:
    for state in states:
        sentence = str(of(row(state)))
        assert sentence.endswith("."), state
