"""Oscar's orders read back from its own tables, for the shop contract."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.forms.models import model_to_dict
from oscar.core.loading import get_model

from django_amazon_sync.data import Money
from django_amazon_sync.testing.shop_contract import PlacedLine, PlacedOrder

if TYPE_CHECKING:
    from oscar.apps.order.models import Order


def read_order(pk: str) -> PlacedOrder:
    order = get_model("order", "Order").objects.get(pk=pk)
    lines = list(order.lines.all())
    surcharges = list(order.surcharges.all())
    parts = [line.line_price_incl_tax for line in lines]
    parts += [order.shipping_incl_tax, *(surcharge.incl_tax for surcharge in surcharges)]
    return PlacedOrder(
        total=Money(order.total_incl_tax, order.currency),
        parts=sum(parts, Decimal(0)),
        lines=tuple(
            PlacedLine(
                line.partner_line_reference,
                line.partner_sku,
                line.quantity,
                known=line.product is not None,
            )
            for line in lines
        ),
        cancelled=order.status == "Cancelled",
        text=everything_of(order),
        status=order.status,
    )


def everything_of(order: Order) -> str:
    """Every column of the order and of all rows that hang on it."""
    rows = [order, order.shipping_address, order.billing_address]
    for related in (
        "lines",
        "notes",
        "surcharges",
        "discounts",
        "line_prices",
        "sources",
        "status_changes",
    ):
        rows += getattr(order, related).order_by("pk")
    columns = [model_to_dict(row) | vars(row) for row in rows if row is not None]
    for row in columns:
        row.pop("_state", None)
        row.pop("_prefetched_objects_cache", None)
    return str(columns)
