"""Whom an order was sold to, as tax law may want it kept when the rest of the buyer goes.

Off by default. It is kept apart from the order, encrypted, behind a permission of its own, and for
``TAX_DATA_DAYS`` after the sale.
"""

from __future__ import annotations

from datetime import timedelta

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.invoice_party import invoice_party
from django_amazon_sync.models import AmazonOrder, OrderState, TaxRecord


def keep(order: AmazonOrder) -> bool:
    """Keep whom this order was sold to, in the caller's transaction and before its buyer goes;
    False where nothing is kept: no setting, no sale, nobody named, or its time is over already."""
    days = timedelta(days=float(conf.get("TAX_DATA_DAYS")))
    sold_at = order.ordered_at or clock.now()
    was_sold = order.status != "CANCELLED" and order.state != OrderState.CANCELLED
    if not days or not was_sold or sold_at + days <= clock.now():
        return False
    party = invoice_party(order.document)
    if party:
        TaxRecord.objects.update_or_create(
            account_id=order.account_id,
            order_number=order.number,
            defaults={"party": party, "sold_at": sold_at, "kept_until": sold_at + days},
        )
    return bool(party)
