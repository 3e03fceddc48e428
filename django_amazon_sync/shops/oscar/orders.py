"""Amazon's orders as Oscar orders: placing them, and following what Amazon changes later.

Oscar's own OrderCreator starts from a basket priced by the shop and ends with the signal
``order_placed``; here Amazon's prices count, and that signal is not sent: shops use it to mail
their buyers, whom only Amazon may write to, and Oscar's own receiver fails on a line without
product. ``django_amazon_sync.signals.order_placed`` is sent instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.contrib.sites.models import Site
from django.db import IntegrityError, transaction
from oscar.core.loading import get_class, get_model

from django_amazon_sync.data import Choices, Menu, MenuItem, OrderData, OrderLine, StatusFlow
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.shops import customers
from django_amazon_sync.shops.oscar import products
from django_amazon_sync.shops.oscar.figures import Figures, LineFigures, figures_of
from django_amazon_sync.shops.oscar.offers import RELATED, records_of, valid_pks, with_sku
from django_amazon_sync.shops.oscar.people import (
    BUYERS_NOTE_TYPE,
    NOTE_TYPE,
    fitting,
    save_addresses,
)
from django_amazon_sync.shops.packing import packing_notes, why_no_product

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise
    from oscar.apps.order.models import Line, Order
    from oscar.apps.partner.models import StockRecord
    from oscar.apps.payment.models import SourceType

AMAZON_SOURCE = MenuItem("amazon", "Amazon")


class ShippingMethod(Protocol):
    """What an order keeps of a shipping method: a class of the shop, or a row of its tables."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> _StrOrPromise: ...


# --- What staff choose from --------------------------------------------------------------------


def menu(methods: Iterable[ShippingMethod]) -> Menu:
    order_model = get_model("order", "Order")
    sources = get_model("payment", "SourceType").objects.order_by("name")
    payment = {AMAZON_SOURCE.code: AMAZON_SOURCE}
    payment |= {source.code: MenuItem(source.code, source.name) for source in sources}
    return Menu(
        shipping_methods=tuple(MenuItem(method.code, str(method.name)) for method in methods),
        payment_methods=tuple(payment.values()),
        statuses=tuple(MenuItem(status, status) for status in order_model.all_statuses()),
        categories=products.categories(),
        flow=status_flow(),
        customers=True,
        products=True,
    )


def status_flow() -> StatusFlow:
    """OSCAR_ORDER_STATUS_PIPELINE, from OSCAR_INITIAL_ORDER_STATUS on."""
    pipeline = get_model("order", "Order").pipeline
    return StatusFlow(
        getattr(settings, "OSCAR_INITIAL_ORDER_STATUS", None) or "",
        {status: tuple(following) for status, following in pipeline.items()},
    )


def shipping_methods() -> Iterator[ShippingMethod]:
    """The methods of the shop's repository, then those that staff keep in Oscar's dashboard."""
    basket = get_model("basket", "Basket")()
    repository = get_class("shipping.repository", "Repository")()
    offered = repository.get_available_shipping_methods(basket=basket, shipping_addr=None)
    yield from offered
    seen = {method.code for method in offered}
    kept: tuple[Iterable[ShippingMethod], ...] = (
        get_model("shipping", "OrderAndItemCharges").objects.all(),
        get_model("shipping", "WeightBased").objects.all(),
    )
    for method in chain.from_iterable(kept):
        if method.code not in seen:
            seen.add(method.code)
            yield method


def chosen_shipping_method(code: str, methods: Iterable[ShippingMethod]) -> ShippingMethod:
    for method in methods:
        if method.code == code:
            return method
    raise ShopRefused(
        f"The shop has no shipping method {code}; choose another one for this account."
    )


def chosen_source_type(code: str) -> SourceType:
    source_types = get_model("payment", "SourceType").objects
    if code in ("", AMAZON_SOURCE.code):
        defaults = {"name": AMAZON_SOURCE.label}
        return source_types.get_or_create(code=code, defaults=defaults)[0]
    source_type = source_types.filter(code=code).first()
    if source_type is None:
        raise ShopRefused(
            f"The shop has no payment method {code}; choose another one for this account."
        )
    return source_type


def check_status(status: str) -> None:
    if status and status not in get_model("order", "Order").all_statuses():
        raise ShopRefused(
            f"The shop's orders have no status {status}; choose another one for this account."
        )


# --- Placing -----------------------------------------------------------------------------------


def order_pk(number: str) -> str:
    pk = get_model("order", "Order").objects.filter(number=number).values_list("pk").first()
    return str(pk[0]) if pk else ""


def place(
    order: OrderData, choices: Choices, methods: Iterable[ShippingMethod], cancelled_status: str
) -> str:
    """Place the order unless it is there; the pk of the shop's order.

    ``methods`` are the shipping methods that can be chosen. The way to its status never leads
    through ``cancelled_status``.

    The number's unique key is the last guard: whoever loses a race finds its own attempt,
    stock included, rolled back.
    """
    if placed := order_pk(order.number):
        return placed
    try:
        with transaction.atomic():
            saved = place_new(order, choices, methods)
            if choices.status:
                follow_status(saved, choices.status, cancelled_status)
            return str(saved.pk)
    except IntegrityError:
        if placed := order_pk(order.number):
            return placed
        raise


def place_new(order: OrderData, choices: Choices, methods: Iterable[ShippingMethod]) -> Order:
    check_status(choices.status)
    method = chosen_shipping_method(choices.shipping_method, methods)
    source_type = chosen_source_type(choices.payment_method)
    figures = figures_of(order)
    records = stock_records(order.lines, choices.scope)
    saved = save_order(order, choices, figures, method)
    lines = [
        save_line(saved, line, figures.lines[line.item_id], records.get(line.item_id), choices)
        for line in order.lines
    ]
    save_money(saved, lines, figures)
    saved.sources.create(
        source_type=source_type,
        currency=figures.currency,
        amount_allocated=figures.total.gross,
        amount_debited=figures.total.gross,
        reference=order.number,
    )
    note_what_is_special(saved, order, records)
    # One fixed order of the row locks, so that two workers cannot wait for each other.
    taken = [(line.stockrecord, line.num_allocated) for line in lines if line.num_allocated]
    allocated = [(record, units) for record, units in taken if record is not None]
    for record, units in sorted(allocated, key=lambda taken: taken[0].pk):
        record.allocate(units)
    return saved


def stock_records(lines: Iterable[OrderLine], scope: str) -> dict[str, StockRecord]:
    """The stock record of each line (by item id) whose offer or SKU the shop knows.

    A line that names an offer is that one or nothing: a record of an equal SKU is another product.
    It counts in the scope's partner only, if there is one. Where several partners have the SKU of
    a line that names none, the oldest record serves.
    """
    lines = list(lines)
    records = records_of(scope).select_related(*RELATED)
    linked = valid_pks(records.model, {line.offer_pk for line in lines if line.offer_pk})
    by_pk = {str(record.pk): record for record in records.filter(pk__in=linked)}
    others = {line.sku for line in lines if not line.offer_pk}
    oldest_last = with_sku(records, others).order_by("-pk")
    by_sku = {record.partner_sku: record for record in oldest_last}
    found = {
        line.item_id: by_pk.get(line.offer_pk) if line.offer_pk else by_sku.get(line.sku)
        for line in lines
    }
    return {item_id: record for item_id, record in found.items() if record is not None}


def save_order(
    order: OrderData, choices: Choices, figures: Figures, method: ShippingMethod
) -> Order:
    """The order's own row, with the first status; a guest's keeps the buyer's address itself."""
    model = get_model("order", "Order")
    user = customers.user_of(choices.customer)
    shipping_address, billing_address = (
        save_addresses(order.delivery) if order.delivery else (None, None)
    )
    return model.objects.create(
        **fitting(
            model,
            number=order.number,
            guest_email="" if user else order.buyer.email,
            shipping_method=str(method.name),
            shipping_code=method.code,
            status=status_flow().first or choices.status,
        ),
        user=user,
        site=Site.objects.get_current() if getattr(settings, "SITE_ID", None) else None,
        shipping_address=shipping_address,
        billing_address=billing_address,
        date_placed=order.created,
        **order_columns(figures),
    )


def save_line(
    saved: Order,
    line: OrderLine,
    figures: LineFigures,
    record: StockRecord | None,
    choices: Choices,
) -> Line:
    model = get_model("order", "Line")
    return model.objects.create(
        **fitting(
            model,
            title=line.title or (record.product.get_title() if record else line.sku),
            partner_sku=record.partner_sku if record else line.sku,
            partner_line_reference=line.item_id,
            partner_line_notes=f"Gift message: {line.gift_message}" if line.gift_message else "",
            partner_name=record.partner.name if record else "",
            tax_code=line.tax_collected_by or None,
            status=getattr(settings, "OSCAR_INITIAL_LINE_STATUS", ""),
        ),
        order=saved,
        partner=record.partner if record else None,
        stockrecord=record,
        product=record.product if record else None,
        upc=record.product.upc if record else None,
        quantity=line.quantity,
        num_allocated=line.quantity if takes_stock(record, choices) else 0,
        **line_columns(figures),
    )


def takes_stock(record: StockRecord | None, choices: Choices) -> bool:
    return record is not None and choices.takes_stock and record.can_track_allocations


def note_what_is_special(saved: Order, order: OrderData, records: dict[str, StockRecord]) -> None:
    for line in order.lines:
        record = records.get(line.item_id)
        if record is None:
            note(saved, why_no_product(line))
        elif record.partner_sku != line.sku:
            note(saved, f"SKU {record.partner_sku} is sold on Amazon as {line.sku}.")
    note_for_packer(saved, order)
    if order.cancellation_requested:
        note_cancellation_request(saved)


def note_for_packer(saved: Order, order: OrderData) -> None:
    """What the packer must know, each once; what is of the buyer is forgotten with the buyer."""
    for told in packing_notes(order):
        note(saved, told.text, BUYERS_NOTE_TYPE if told.personal else NOTE_TYPE)


# --- Money, as Oscar keeps it ------------------------------------------------------------------


def order_columns(figures: Figures) -> dict[str, str | Decimal]:
    return {
        "currency": figures.currency,
        "total_incl_tax": figures.total.gross,
        "total_excl_tax": figures.total.net,
        "shipping_incl_tax": figures.shipping.gross,
        "shipping_excl_tax": figures.shipping.net,
    }


def line_columns(figures: LineFigures) -> dict[str, Decimal]:
    return {
        "line_price_incl_tax": figures.price.gross,
        "line_price_excl_tax": figures.price.net,
        "line_price_before_discounts_incl_tax": figures.before_discount.gross,
        "line_price_before_discounts_excl_tax": figures.before_discount.net,
        "unit_price_incl_tax": figures.unit.gross,
        "unit_price_excl_tax": figures.unit.net,
    }


def save_money(saved: Order, lines: Iterable[Line], figures: Figures) -> None:
    """The rows that explain the columns: surcharges, discounts, a price for each line."""
    for charge in figures.charges:
        saved.surcharges.create(
            code=charge.code,
            name=charge.name,
            incl_tax=charge.amount.gross,
            excl_tax=charge.amount.net,
        )
    save_prices(saved, lines, figures)
    save_discounts(saved, lines, figures)


def save_prices(saved: Order, lines: Iterable[Line], figures: Figures) -> None:
    model = get_model("order", "LinePrice")
    model.objects.bulk_create(
        model(
            order=saved,
            line=line,
            quantity=line.quantity,
            price_incl_tax=figures.lines[line.partner_line_reference].unit.gross,
            price_excl_tax=figures.lines[line.partner_line_reference].unit.net,
            tax_code=line.tax_code,
        )
        for line in lines
        if line.quantity
    )


def save_discounts(saved: Order, lines: Iterable[Line], figures: Figures) -> None:
    model = get_model("order", "OrderDiscount")
    name = "Amazon discount"
    if figures.shipping_discount:
        saved.discounts.create(
            category=model.SHIPPING, offer_name=name, frequency=1, amount=figures.shipping_discount
        )
    if not figures.goods_discount:
        return
    discount = saved.discounts.create(
        category=model.BASKET, offer_name=name, frequency=1, amount=figures.goods_discount
    )
    line_model = get_model("order", "OrderLineDiscount")
    line_model.objects.bulk_create(
        line_model(line=line, order_discount=discount, is_incl_tax=True, amount=amount)
        for line in lines
        if (amount := figures.lines[line.partner_line_reference].discount)
    )


# --- Status ------------------------------------------------------------------------------------


def follow_status(saved: Order, status: str, cancelled_status: str) -> str:
    """Set the status along the pipeline; where no way leads there, why it stays, also in a note."""
    way = status_flow().way(saved.status, status, cancelled_status)
    if way is None:
        now = saved.status or "no status"
        remark = f"no way leads from {now} to {status}: change it by hand."
        note(saved, f"The order's status should follow Amazon's, but {remark}")
        return f"The shop's order keeps its status, as {remark}"
    for step in way:
        saved.set_status(step)
    return ""


# --- Notes -------------------------------------------------------------------------------------


def note(saved: Order, message: str, note_type: str = NOTE_TYPE) -> None:
    """Tell staff once, however often this is called."""
    saved.notes.get_or_create(note_type=note_type, message=message.replace("\x00", ""))


def note_cancellation_request(saved: Order) -> None:
    note(saved, "The buyer asks Amazon to cancel this order: decide before anything is shipped.")
