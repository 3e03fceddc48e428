"""Steps of whoever makes an account."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.models import SellerAccount
from django_amazon_sync.testing.factories import ApplicationFactory
from tests.admin.conftest import Staff
from tests.factories_amazon import GERMANY


def new_account(staff: Staff, code: str = GERMANY, **typed: str) -> Any:
    return staff.save(
        SellerAccount,
        **{
            "application": ApplicationFactory.create().pk,
            "name": "Shop in Germany",
            "seller_id": "A1SELLER",
            "region": "eu",
            "new_secret": "refresh",
            "stock_buffer": "0",
            "cut_over_0": "2026-11-01",
            "cut_over_1": "00:00:00",
            "marketplaces-TOTAL_FORMS": "1",
            "marketplaces-INITIAL_FORMS": "0",
            "marketplaces-0-code": code,
            "marketplaces-0-active": "on",
            **typed,
        },
    )
