"""Amazon's orders as rows of the shop: placing them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Model, QuerySet

from django_amazon_sync.data import (
    Address,
    Choices,
    Menu,
    MenuItem,
    OrderData,
    OrderLine,
)
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops import customers
from django_amazon_sync.shops.model_shop.columns import fitting, value_of_choice
from django_amazon_sync.shops.model_shop.fields import (
    ADDRESS,
    OrderFields,
    Pk,
    ShopFields,
    column_of,
    model_of,
)
from django_amazon_sync.shops.model_shop.money import Figures, figures_of
from django_amazon_sync.shops.model_shop.offers import valid_pks
from django_amazon_sync.shops.packing import packing_notes, why_no_product

logger = logging.getLogger("django_amazon_sync.shops")

#: Where the shop's columns offer nothing to choose from.
AMAZON = MenuItem("amazon", "Amazon")

#: What our lines in the order's notes begin with; they hold no personal data.
OURS = "Amazon: "

#: What those begin with that do, such as a gift message: they go with the buyer.
BUYERS = "Amazon's buyer: "


# --- What staff choose from ----------------------------------------------------------------------


def menu_of(fields: OrderFields) -> Menu:
    """The choices of the order's columns; any status may follow any."""
    return Menu(
        shipping_methods=choices_of(fields, fields.shipping_method) or (AMAZON,),
        payment_methods=choices_of(fields, fields.payment_method) or (AMAZON,),
        statuses=choices_of(fields, fields.status),
        customers=bool(fields.customer),
    )


def choices_of(fields: OrderFields, column: str) -> tuple[MenuItem, ...]:
    if not column:
        return ()
    choices = column_of(fields, column).flatchoices
    return tuple(
        MenuItem(str(code), str(label)) for code, label in choices if code not in (None, "")
    )


def check(choices: Choices, menu: Menu) -> None:
    """Raises ShopRefused with the first choice that the shop does not offer."""
    chosen = [
        ("shipping method", choices.shipping_method, menu.shipping_methods),
    ]
    if choices.payment_method:
        chosen.append(("payment method", choices.payment_method, menu.payment_methods))
    if choices.status:
        chosen.append(("status", choices.status, menu.statuses))
    for what, code, offered in chosen:
        if code not in [item.code for item in offered]:
            raise ShopRefused(
                f"The shop has no {what} {code}; choose another one for this account."
            )


# --- Placing -------------------------------------------------------------------------------------


def order_pk(fields: OrderFields, number: str) -> str:
    orders = model_of(fields)._base_manager.filter(**{fields.number: number})
    return "".join(str(pk) for pk in orders.values_list("pk", flat=True))


class ShopProduct(NamedTuple):
    """A product of the shop: its pk and the shop's own SKU of it."""

    pk: Pk
    sku: str


def place(
    shop: ShopFields, products: QuerySet[Model], order: OrderData, choices: Choices
) -> list[Pk]:
    """Place a new order in the caller's transaction; the pks of the products whose stock it took.

    ``products`` are those that may be sold. The number's unique key is the last guard: whoever
    loses a race gets an IntegrityError.
    """
    figures = figures_of(shop, order)
    known = products_of(shop, products, order.lines)
    takes = bool(choices.takes_stock and shop.product.stock)
    saved = save_order(shop, order, choices, figures)
    taken = take_stock(shop, saved, order.lines, known) if takes else {}
    save_lines(shop, saved, order.lines, known, taken, figures)
    note_what_is_special(shop, saved, order, known, figures)
    return sorted({known[item_id].pk for item_id, units in taken.items() if units})


def products_of(
    shop: ShopFields, products: QuerySet[Model], lines: Iterable[OrderLine]
) -> dict[str, ShopProduct]:
    """The product of each line, by item id: the one that it names, or of its SKU if it names none.

    A product of an equal SKU is another one than what is named. Where several products have the
    SKU of a line that names none, the oldest serves.
    """
    lines, sku = list(lines), shop.product.sku
    linked = valid_pks(products.model, (line.offer_pk for line in lines if line.offer_pk))
    found = products.filter(pk__in=linked).values_list("pk", sku)
    by_pk = {str(pk): ShopProduct(pk, own) for pk, own in found}
    with_sku = products.filter(**{f"{sku}__in": {line.sku for line in lines}}).order_by("-pk")
    by_sku = {own: ShopProduct(pk, own) for pk, own in with_sku.values_list("pk", sku)}
    known = {
        line.item_id: by_pk.get(line.offer_pk) if line.offer_pk else by_sku.get(line.sku)
        for line in lines
    }
    return {item_id: product for item_id, product in known.items() if product is not None}


def save_order(shop: ShopFields, order: OrderData, choices: Choices, figures: Figures) -> Model:
    fields, model = shop.order, model_of(shop.order)
    there = order.delivery or Address()
    columns: dict[str, object] = {
        **fields.fixed,
        fields.number: order.number,
        fields.placed_at: order.created,
        fields.shipping_method: choices.shipping_method,
        fields.payment_method: choices.payment_method,
        fields.name: there.name or order.buyer.name,
        fields.email: order.buyer.email,
        fields.tax_collected_by: order.tax_collected_by,
        **address_columns(fields, there),
        **figures.order,
    }
    if fields.customer:
        columns[fields.customer] = customers.user_of(choices.customer)
    if fields.status and choices.status:
        columns[fields.status] = value_of_choice(column_of(fields, fields.status), choices.status)
    saved = model(**fitting(model, columns))
    saved.save(force_insert=True)
    return saved


#: What stands in the lines of a street address.
STREET = ("company", "line1", "line2", "line3", "district")


def address_columns(fields: OrderFields, address: Address) -> dict[str, str]:
    """The address in the shop's columns; what has none goes to ``text``, a street's to ``line1``.

    Nothing that a parcel needs is lost for lack of a column, as long as one of the two is there.
    """
    columns = fields.address
    written = {columns[part]: getattr(address, part) for part in ADDRESS if part in columns}
    if "text" in columns:
        rest = [getattr(address, part) for part in ADDRESS if part not in columns]
        written[columns["text"]] = "\n".join(filter(None, rest))
    elif "line1" in columns:
        street = [part for part in STREET if part == "line1" or part not in columns]
        said = [getattr(address, part) for part in street]
        written[columns["line1"]] = ", ".join(filter(None, said))
    return written


def save_lines(
    shop: ShopFields,
    saved: Model,
    lines: Iterable[OrderLine],
    known: dict[str, ShopProduct],
    taken: dict[str, int],
    figures: Figures,
) -> None:
    """One row for each line; saved one by one, so that the shop's own ``save`` is called."""
    fields, model = shop.line, model_of(shop.line)
    products = model_of(shop.product)._base_manager.in_bulk(
        [product.pk for product in known.values()]
    )
    for line in lines:
        product = known.get(line.item_id)
        columns: dict[str, object] = {
            **fields.fixed,
            fields.item_id: line.item_id,
            fields.sku: product.sku if product else line.sku,
            fields.quantity: line.quantity,
            fields.taken: taken.get(line.item_id, 0),
            fields.title: line.title or line.sku,
            fields.gift_message: line.gift_message,
            fields.tax_collected_by: line.tax_collected_by,
            **figures.lines[line.item_id],
        }
        row = model(**fitting(model, columns))
        setattr(row, fields.order, saved)
        setattr(row, fields.product, products.get(product.pk) if product else None)
        row.save(force_insert=True)


# --- Stock ---------------------------------------------------------------------------------------


def take_stock(
    shop: ShopFields, saved: Model, lines: Iterable[OrderLine], known: dict[str, ShopProduct]
) -> dict[str, int]:
    """Take what the lines ask for; by item id, how many units were taken.

    The products are locked in the order of their pks, so that two workers cannot wait for each
    other.
    """
    wanted = [(known[line.item_id], line) for line in lines if line.item_id in known]
    products = model_of(shop.product)._base_manager.order_by("pk").select_for_update()
    locked = products.filter(pk__in=[product.pk for product, _line in wanted])
    left = dict(locked.values_list("pk", shop.product.stock))
    taken: dict[str, int] = {}
    for product, line in sorted(wanted, key=lambda pair: pair[0].pk):
        there = left.get(product.pk)
        if there is None:
            continue  # the shop does not track this product's stock, or has just deleted it
        units = taken[line.item_id] = take(shop, product.pk, line.quantity, there)
        left[product.pk] = there - units
        if line.quantity > max(there, 0):
            note(shop, saved, f"The shop had {max(there, 0)} of the {line.quantity} of SKU "
                              f"{product.sku} that Amazon sold: check it.")  # fmt: skip
    return taken


def take(shop: ShopFields, pk: Pk, wanted: int, left: int) -> int:
    """Take so many units, or what is left where the column cannot go below 0; how many it was."""
    if wanted > left:
        try:
            with transaction.atomic():
                give_back(shop, pk, -wanted)
        except IntegrityError:  # the database lets it not go below 0
            wanted = max(left, 0)
        else:
            return wanted
    give_back(shop, pk, -wanted)
    return wanted


def give_back(shop: ShopFields, pk: Pk, units: int) -> None:
    """Add units to a product's stock; a product without stock tracking stays without."""
    stock = shop.product.stock
    model_of(shop.product)._base_manager.filter(pk=pk).update(**{stock: F(stock) + units})


# --- Notes ---------------------------------------------------------------------------------------


def note_what_is_special(
    shop: ShopFields,
    saved: Model,
    order: OrderData,
    known: dict[str, ShopProduct],
    figures: Figures,
) -> None:
    for line in order.lines:
        product = known.get(line.item_id)
        if product is None:
            note(shop, saved, why_no_product(line))
        elif product.sku != line.sku:
            note(shop, saved, f"SKU {product.sku} is sold on Amazon as {line.sku}.")
    note_unseen(shop, saved, order, figures)
    note_for_packer(shop, saved, order)
    if order.cancellation_requested:
        note_cancellation_request(shop, saved)


def note_for_packer(shop: ShopFields, saved: Model, order: OrderData) -> None:
    """What the packer must know, each once; what is of the buyer is forgotten with the buyer."""
    for told in packing_notes(order):
        note(shop, saved, told.text, personal=told.personal)


def note_unseen(shop: ShopFields, saved: Model, order: OrderData, figures: Figures) -> None:
    if figures.unseen and order.amounts:
        note(shop, saved, f"{figures.unseen} {order.amounts.currency} of Amazon's total are for "
                          "shipping, discounts and charges, or a difference.")  # fmt: skip


def note_cancellation_request(shop: ShopFields, saved: Model) -> None:
    note(shop, saved, "The buyer asks Amazon to cancel this order: decide before anything is "
                      "shipped.")  # fmt: skip


def note(shop: ShopFields, saved: Model, message: str, *, personal: bool = False) -> None:
    """Tell staff once, however often this is called; without a column for it, in the log.

    No log is told of a buyer.
    """
    column = shop.order.notes
    if not column:
        if not personal:
            logger.warning("Order %s: %s", getattr(saved, shop.order.number), message)
        return
    message = ((BUYERS if personal else OURS) + message).replace("\x00", "")
    said = (getattr(saved, column) or "").splitlines()
    if message not in said:
        setattr(saved, column, "\n".join([*said, message]))
        saved.save(update_fields=[column])
