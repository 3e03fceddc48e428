"""What Amazon changes on an order that the shop has placed: cancellations and amounts.

What was done before is known from Oscar's own rows (a line's quantity and allocation, an order's
total), so nothing is done twice, nor undone that staff did themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet, Sum
from oscar.core.loading import get_model

from django_amazon_sync import conf
from django_amazon_sync.data import OrderData
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops.base import is_cancelled
from django_amazon_sync.shops.oscar.figures import figures_of
from django_amazon_sync.shops.oscar.orders import (
    follow_status,
    line_columns,
    note,
    note_cancellation_request,
    note_for_packer,
    order_columns,
    save_money,
    status_flow,
)

if TYPE_CHECKING:
    from oscar.apps.order.models import Line, Order


@transaction.atomic
def update(pk: str, order: OrderData, status: str, cancelled_status: str) -> str:
    """Bring the order in line with Amazon's; see Shop.update_order."""
    saved = get_model("order", "Order").objects.select_for_update().filter(pk=pk).first()
    if saved is None:
        raise ShopRefused(f"The shop has no order {pk} for Amazon's order {order.number}.")
    lower_quantities(saved, order)
    if is_cancelled(order):
        balance_source(saved, Decimal(0))
        return set_cancelled(saved, status or cancelled_status)
    follow_amounts(saved, order)
    note_for_packer(saved, order)
    if order.cancellation_requested:
        note_cancellation_request(saved)
    return follow_status(saved, status, cancelled_status) if status else ""


# --- Quantities --------------------------------------------------------------------------------


def lower_quantities(saved: Order, order: OrderData) -> None:
    """Cancel what the order's absolute quantities lack to those of the shop's lines."""
    lines = {line.partner_line_reference: line for line in lines_with_stock(saved)}
    shipped = shipped_quantities(saved)
    cancelled = is_cancelled(order)
    counted = {line.item_id: 0 if cancelled else line.quantity for line in order.lines}
    skus = {line.item_id: line.sku for line in order.lines}
    if cancelled:  # a cancelled order need not name its lines
        counted |= dict.fromkeys(lines, 0)
    # The same fixed order of row locks as in placing.
    for item_id in sorted(counted, key=lambda item_id: stock_pk(lines.get(item_id))):
        line, quantity = lines.get(item_id), counted[item_id]
        if line is None or quantity > line.quantity:
            held, sku = (line.quantity, line.partner_sku) if line else (0, skus[item_id])
            if quantity != held:
                note(saved, f"Amazon counts {quantity} of SKU {sku}, the shop {held}: check it.")
        elif quantity < line.quantity:
            lower_quantity(saved, line, quantity, shipped.get(line.pk, 0))


def lines_with_stock(saved: Order) -> QuerySet[Line]:
    return saved.lines.select_related(
        "stockrecord__product__product_class", "stockrecord__product__parent__product_class"
    )


def stock_pk(line: Line | None) -> int:
    return (line.stockrecord_id or 0) if line else 0


def shipped_quantities(saved: Order) -> dict[int, int]:
    """How many of each line are with the carrier, by the shop's shipping events."""
    events = get_model("order", "ShippingEventQuantity").objects.filter(
        event__order=saved, event__event_type__code__in=conf.get("SHIPPING_EVENTS")
    )
    return dict(events.values_list("line_id").annotate(Sum("quantity")))


def lower_quantity(saved: Order, line: Line, quantity: int, shipped: int) -> None:
    """Cancel a part of one line; what is shipped already cannot be cancelled any more."""
    sku, kept = line.partner_sku, max(quantity, min(shipped, line.quantity))
    if kept > quantity:
        note(saved, f"Amazon counts {quantity} of SKU {sku}, but {shipped} are shipped: check it.")
    cancelled = line.quantity - kept
    if not cancelled:
        return
    line.quantity = kept
    line.save(update_fields=["quantity"])
    note(saved, f"Amazon cancelled {cancelled} of SKU {sku}; {kept} remain.")
    # Staff may have shipped or released some themselves: never more than is still allocated.
    released = min(cancelled, line.num_allocated)
    if released and line.stockrecord_id:
        line.cancel_allocation(released)


def set_cancelled(saved: Order, status: str) -> str:
    """Give the order the shop's status for cancelled ones, where its pipeline leads there."""
    way = status_flow().way(saved.status, status)
    if way is None:
        now = saved.status or "no status"
        remark = (
            f"Amazon cancelled this order, but no way leads from {now} to {status}: "
            "change it by hand."
        )
        note(saved, remark)
        return remark
    for step in way:
        saved.set_status(step)
    return ""


# --- Money -------------------------------------------------------------------------------------


def follow_amounts(saved: Order, order: OrderData) -> None:
    """Write the order's money again where Amazon's grand total has changed."""
    if order.amounts is None:
        return
    figures = figures_of(order)
    if figures.total.gross == saved.total_incl_tax:
        return
    note(
        saved,
        f"Amazon's total was {saved.total_incl_tax} and is {figures.total.gross} "
        f"{figures.currency}.",
    )
    for rows in (saved.surcharges, saved.discounts, saved.line_prices):
        rows.all().delete()
    lines = [line for line in saved.lines.all() if line.partner_line_reference in figures.lines]
    for line in lines:
        write(line, line_columns(figures.lines[line.partner_line_reference]))
    write(saved, order_columns(figures))
    save_money(saved, lines, figures)
    balance_source(saved, figures.total.gross)


def write(row: Order | Line, columns: Mapping[str, str | Decimal]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))


def balance_source(saved: Order, total: Decimal) -> None:
    """Let the payment from Amazon come to ``total``, by a refund or a further debit."""
    source = saved.sources.filter(reference=saved.number).first()
    if source is None:
        return
    surplus = source.amount_debited - source.amount_refunded - total
    if surplus > 0:
        source.refund(surplus, reference=saved.number)
    elif surplus < 0:
        source.allocate(-surplus, reference=saved.number)
        source.debit(-surplus, reference=saved.number)
