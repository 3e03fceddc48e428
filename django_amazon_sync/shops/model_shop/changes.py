"""What Amazon changes on an order that the shop has placed, and what the shop did with it.

What was done before is known from the shop's own rows (a line's quantity and what it took), so
nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Model, QuerySet

from django_amazon_sync.data import OrderData
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops import admin_history, customers
from django_amazon_sync.shops.base import is_cancelled
from django_amazon_sync.shops.model_shop.columns import fitting, value_of_choice
from django_amazon_sync.shops.model_shop.fields import (
    OrderFields,
    Pk,
    ShopFields,
    column_of,
    model_of,
)
from django_amazon_sync.shops.model_shop.money import Figures, figures_of
from django_amazon_sync.shops.model_shop.offers import valid_pks
from django_amazon_sync.shops.model_shop.orders import (
    OURS,
    give_back,
    note,
    note_cancellation_request,
    note_for_packer,
    note_unseen,
)


def update(shop: ShopFields, pk: str, order: OrderData, status: str) -> tuple[list[Pk], str]:
    """Bring the order in line with Amazon's, in the caller's transaction.

    Returns the pks of the products whose stock it gave back, and what staff should know.
    """
    orders = model_of(shop.order)._base_manager.select_for_update()
    saved = orders.filter(pk__in=valid_pks(orders.model, [pk])).first()
    if saved is None:
        raise ShopRefused(f"The shop has no order {pk} for Amazon's order {order.number}.")
    released = lower_quantities(shop, saved, order)
    if is_cancelled(order):
        return released, set_cancelled(shop, saved, status)
    follow_amounts(shop, saved, order)
    note_for_packer(shop, saved, order)
    if order.cancellation_requested:
        note_cancellation_request(shop, saved)
    return released, follow_status(shop, saved, status) if status else ""


# --- Quantities ----------------------------------------------------------------------------------


def lower_quantities(shop: ShopFields, saved: Model, order: OrderData) -> list[Pk]:
    """Cancel what the order's absolute quantities lack to those of the shop's lines.

    What is with the carrier cannot be cancelled any more.
    """
    lines = {text_of(line, shop.line.item_id): line for line in lines_of(shop, saved)}
    cancelled = is_cancelled(order)
    counted = {line.item_id: 0 if cancelled else line.quantity for line in order.lines}
    skus = {item_id: text_of(line, shop.line.sku) for item_id, line in lines.items()}
    skus |= {line.item_id: line.sku for line in order.lines}
    if cancelled:  # a cancelled order need not name its lines
        counted |= dict.fromkeys(lines, 0)
    shipped = is_shipped(shop, saved)
    for item_id, quantity in counted.items():
        held = units_of(lines[item_id], shop.line.quantity) if item_id in lines else 0
        if quantity > held or (quantity < held and shipped):
            note(shop, saved, f"Amazon counts {quantity} of SKU {skus[item_id]}, the shop "
                              f"{'shipped ' if shipped else ''}{held}: check it.")  # fmt: skip
    if shipped:
        return []
    settled = is_cancelled_here(shop, saved)
    released = set[Pk]()
    # The same fixed order of row locks as in placing.
    for item_id, line in lines.items():
        held = units_of(line, shop.line.quantity)
        if counted.get(item_id, held) < held:
            note(shop, saved, f"Amazon cancelled {held - counted[item_id]} of SKU {skus[item_id]}; "
                              f"{counted[item_id]} remain.")  # fmt: skip
            took = shop.line.taken and units_of(line, shop.line.taken)
            released |= lower_quantity(shop, line, counted[item_id], settled=settled)
            if settled and took:
                note(shop, saved, "The order was cancelled in the shop before, so the stock of "
                                  f"SKU {skus[item_id]} is left as it is: check it.")  # fmt: skip
    return sorted(released)


def lines_of(shop: ShopFields, saved: Model) -> QuerySet[Model]:
    """The order's lines, ordered by their products' pks."""
    lines = model_of(shop.line)._base_manager.filter(**{shop.line.order: saved})
    return lines.select_related(shop.line.product).order_by(f"{shop.line.product}__pk", "pk")


def text_of(row: Model, column: str) -> str:
    """What a column of text holds; empty for NULL."""
    return getattr(row, column) or ""


def units_of(row: Model, column: str) -> int:
    """What a column of units holds; 0 for NULL."""
    return getattr(row, column) or 0


def is_shipped(shop: ShopFields, saved: Model) -> bool:
    return bool(shop.order.shipped_at and getattr(saved, shop.order.shipped_at))


def is_cancelled_here(shop: ShopFields, saved: Model) -> bool:
    """Whether the order has the shop's status for cancelled ones already."""
    column, cancelled = shop.order.status, shop.order.cancelled
    return bool(column) and cancelled is not None and getattr(saved, column) == cancelled


def lower_quantity(shop: ShopFields, line: Model, quantity: int, *, settled: bool) -> set[Pk]:
    """Lower one line and give back what it took beyond that; the pks of the product concerned.

    Where the shop has ``settled`` the order, as somebody cancelled it there, the stock is the
    shop's matter: it may have given it back without knowing of what the line took, and a unit given
    back twice is sold twice.
    """
    columns = [shop.line.quantity]
    setattr(line, shop.line.quantity, quantity)
    taken = units_of(line, shop.line.taken) if shop.line.taken else 0
    surplus = max(taken - quantity, 0)
    if surplus:
        columns.append(shop.line.taken)
        setattr(line, shop.line.taken, taken - surplus)
    line.save(update_fields=columns)
    product = getattr(line, shop.line.product)
    if settled or not surplus or product is None:  # the shop has deleted it
        return set()
    give_back(shop, product.pk, surplus)
    return {product.pk}


def set_cancelled(shop: ShopFields, saved: Model, status: str) -> str:
    """Give the order the shop's status for cancelled ones, unless it has left already."""
    column = shop.order.status
    cancelled: object = shop.order.cancelled
    if column and status:
        cancelled = value_of_choice(column_of(shop.order, column), status)
    remark = ""
    if is_shipped(shop, saved):
        remark = "Amazon cancelled this order, but it is shipped: check it."
    elif not column or cancelled is None:
        remark = "Amazon cancelled this order."
    elif getattr(saved, column) != cancelled:
        write(saved, {column: cancelled})
    if remark:
        note(shop, saved, remark)
    return remark


def follow_status(shop: ShopFields, saved: Model, status: str) -> str:
    """Give the order this status; what staff cancelled in the shop stays so."""
    column = shop.order.status
    if not column:
        return ""
    now, new = getattr(saved, column), value_of_choice(column_of(shop.order, column), status)
    if now == shop.order.cancelled and new != now:
        remark = f"It is cancelled in the shop, but Amazon sells it on ({status}): check it."
        note(shop, saved, remark)
        return remark
    if now != new:
        write(saved, {column: new})
    return ""


# --- Money ---------------------------------------------------------------------------------------


def follow_amounts(shop: ShopFields, saved: Model, order: OrderData) -> None:
    """Write the order's money again where Amazon's grand total has changed."""
    column = shop.order.total
    if order.amounts is None or not column:
        return
    figures, before = figures_of(shop, order), getattr(saved, column)
    if figures.order[column] == before:
        return
    write(saved, figures.order)
    note(shop, saved, f"Amazon's total was {before} and is {figures.order[column]} "
                      f"{order.amounts.currency}.")  # fmt: skip
    write_lines(shop, saved, figures)
    note_unseen(shop, saved, order, figures)


def write_lines(shop: ShopFields, saved: Model, figures: Figures) -> None:
    for line in lines_of(shop, saved):
        if columns := figures.lines.get(text_of(line, shop.line.item_id)):
            write(line, columns)


def write(row: Model, columns: Mapping[str, object]) -> None:
    held = fitting(type(row), columns)
    for column, value in held.items():
        setattr(row, column, value)
    row.save(update_fields=list(held))


# --- Personal data -------------------------------------------------------------------------------

#: Among our own lines in orders from before those of the buyer were apart.
PURCHASE_ORDER = "The buyer's purchase order"

#: Not personal, and wanted by tax law.
KEPT_OF_ADDRESS = ("city", "state", "country")


@transaction.atomic
def forget_buyer(shop: ShopFields, pk: str) -> None:
    """Empty the columns of the buyer's personal data.

    Of the notes our own lines stay: what people wrote there may quote the buyer.
    """
    orders = model_of(shop.order)._base_manager.select_for_update()
    saved = orders.filter(pk__in=valid_pks(orders.model, [pk])).first()
    if saved is None:
        return  # an order that was deleted holds nobody's data any more
    forgotten: dict[str, str] = dict.fromkeys(personal_columns(shop.order), "")
    if notes := shop.order.notes:
        kept = text_of(saved, notes).splitlines()
        ours = [line for line in kept if line.startswith(OURS)]
        forgotten[notes] = "\n".join(line for line in ours if PURCHASE_ORDER not in line)
    if forgotten:
        write(saved, forgotten)
    lines = list(lines_of(shop, saved))
    if shop.line.gift_message:
        for line in lines:
            write(line, {shop.line.gift_message: ""})
    admin_history.forget([saved, *lines])
    if shop.order.customer:
        forget_customer(shop, saved)


def forget_customer(shop: ShopFields, saved: Model) -> None:
    """The order is a guest's from now on; who was made for it goes with the last of such orders."""
    column = shop.order.customer
    user = getattr(saved, column)
    write(saved, {column: None})
    orders = model_of(shop.order)._base_manager
    if user and customers.is_unowned(user) and not orders.filter(**{column: user}).exists():
        customers.forget(user)


def personal_columns(fields: OrderFields) -> list[str]:
    address = [column for part, column in fields.address.items() if part not in KEPT_OF_ADDRESS]
    return [column for column in (fields.name, fields.email, *address) if column]
