"""Orders of which nobody knows the units: what waits for them, and staff who name them.

What such an order holds cannot be held back from sale by the unit, so no quantity of its account
rises until Amazon or a person names its units, or a day is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    SellerAccount,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.orders.saving import BY_HAND, UNITS_WAIT, UNREAD, doubted_offers


def units_unknown(account: SellerAccount) -> QuerySet[AmazonOrder]:
    """The orders for whose units the account's quantities wait now."""
    return units_unknown_among([account.pk])


def units_unknown_among(accounts: Iterable[int]) -> QuerySet[AmazonOrder]:
    """The orders for whose units the quantities of these accounts (pk) wait now."""
    return AmazonOrder.objects.filter(
        account__in=accounts,
        state__in=HOLDING_STATES,
        takes_stock=True,
        units_unknown_since__gt=clock.now() - UNITS_WAIT,
    ).defer("document")


def may_be_named(order: AmazonOrder) -> bool:
    """Whether a person knows better what it holds: nobody does, or its document is unreadable.

    Of one whose id cannot be read Amazon is never asked, so what it holds would never end.
    """
    unread = order.state in HOLDING_STATES and order.reason_code in UNREAD
    return unread or order.units_unknown_since is not None


@transaction.atomic
def name_units(order: AmazonOrder, shop: Shop, units: Mapping[str, int]) -> bool:
    """Let an order hold these units, by SKU, until Amazon names them; none: it holds nothing.

    False where its units are known by now.
    """
    locked = AmazonOrder.objects.select_for_update().defer("document").get(pk=order.pk)
    if not may_be_named(locked):
        return False
    held = locked.lines.exclude(quantity=0)
    offers = doubted_offers(locked.account, shop, {*units, *held.values_list("sku", flat=True)})
    held.update(quantity=0)
    AmazonOrderLine.objects.bulk_create(
        [
            AmazonOrderLine(
                order=locked,
                item_id=f"{BY_HAND}{number}",
                sku=sku,
                offer_pk=offers.get(sku, ""),
                quantity=quantity,
            )
            for number, (sku, quantity) in enumerate(sorted(units.items()), start=1)
        ],
        update_conflicts=True,
        unique_fields=["order", "item_id"],
        update_fields=["sku", "offer_pk", "quantity"],
    )
    AmazonOrder.objects.filter(pk=locked.pk).update(units_unknown_since=None)
    return True
