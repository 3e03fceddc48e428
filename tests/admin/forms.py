"""What a browser posts."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.models import (
    SellerAccount,
)

NO_MARKETPLACES = {"marketplaces-TOTAL_FORMS": "0", "marketplaces-INITIAL_FORMS": "0"}


def account_form(account: SellerAccount, **changes: Any) -> dict[str, Any]:
    """What the browser posts of an account without marketplaces and schedules."""
    form = {
        "name": account.name,
        "new_secret": "",
        "stock_buffer": "0",
        "import_orders": "on",
        "cut_over_0": "2026-11-01",
        "cut_over_1": "00:00:00",
        "schedules-TOTAL_FORMS": "0",
        "schedules-INITIAL_FORMS": "0",
        **NO_MARKETPLACES,
    }
    return form | changes
