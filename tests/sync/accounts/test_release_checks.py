"""What an account lacks before it may be released: each reason by itself, and all at once."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.messages import Code
from django_amazon_sync.models import Job, RunState
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.release_checks import what_lacks
from django_amazon_sync.testing.factories import SellerAccountFactory, SyncRunFactory
from tests.factories_amazon import GERMANY

pytestmark = pytest.mark.django_db

ALL = [Code.CHOOSE_SHIPPING, Code.CHOOSE_PAYMENT, Code.LOOK_FIRST]


@pytest.mark.parametrize(
    ("columns", "run", "lacks"),
    [
        ({}, {}, ALL),
        ({"default_shipping_method": "dhl"}, {}, ALL[1:]),
        ({"default_payment_method": "amazon"}, {}, [ALL[0], ALL[2]]),
        ({"import_orders": False}, {}, ALL[2:]),
        ({}, {"dry_run": True}, ALL[:2]),
        ({}, {"dry_run": True, "options": {"skus": ["MUG"]}}, ALL),
        ({}, {"dry_run": True, "options": {"marketplaces": [GERMANY]}}, ALL),
        ({}, {"dry_run": True, "options": {"skus": [], "marketplaces": []}}, ALL[:2]),
        ({}, {"dry_run": True, "state": RunState.STOPPED}, ALL),
        ({}, {"dry_run": False}, ALL),
    ],
)
def test_each_reason_is_named(
    columns: dict[str, Any], run: dict[str, Any], lacks: list[Code]
) -> None:
    account = SellerAccountFactory.create(**columns)
    if run:
        SyncRunFactory.create(account=account, **{"job": Job.EXPORT, "state": RunState.DONE, **run})
    assert [lack.code for lack in what_lacks(account, configured_shop())] == lacks
