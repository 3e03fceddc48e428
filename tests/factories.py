"""Things of an Oscar shop for the tests, made in one call each."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.apps.shipping.methods import FixedPrice
from oscar.core.loading import get_class, get_model
from oscar.core.prices import Price

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Category, Product, ProductClass
    from oscar.apps.order.models import Order, ShippingEvent
    from oscar.apps.partner.models import Partner, StockRecord
    from oscar.apps.shipping.models import OrderAndItemCharges

numbers = count(1)


def partner(code: str = "warehouse") -> Partner:
    """The partner of that code, which is a scope of OscarShop."""
    saved, _ = get_model("partner", "Partner").objects.get_or_create(
        code=code, defaults={"name": code.title()}
    )
    return saved


def product_class(*, track_stock: bool = True) -> ProductClass:
    saved, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        name="Goods" if track_stock else "Services", defaults={"track_stock": track_stock}
    )
    return saved


def product(*, track_stock: bool = True, parent: Product | None = None, **columns: Any) -> Product:
    """A standalone product, or a child where a parent is given."""
    model = get_model("catalogue", "Product")
    if parent is None:
        columns.setdefault("product_class", product_class(track_stock=track_stock))
        columns.setdefault("title", f"Product {next(numbers)}")
    else:
        columns.update(parent=parent, structure=model.CHILD)
    return model.objects.create(**columns)


def stock_record(
    sku: str = "",
    *,
    price: Decimal | str | None = "10.00",
    in_stock: int | None = 10,
    currency: str = "EUR",
    partner_code: str = "warehouse",
    product_: Product | None = None,
    **columns: Any,
) -> StockRecord:
    """A stock record with a product of its own; ``columns`` are the product's."""
    return get_model("partner", "StockRecord").objects.create(
        product=product_ or product(**columns),
        partner=partner(partner_code),
        partner_sku=sku or f"SKU-{next(numbers)}",
        price=None if price is None else Decimal(price),
        price_currency=currency,
        num_in_stock=in_stock,
    )


def category(name: str) -> Category:
    """A category of the catalogue by its full name ("Books > Old")."""
    return create_from_breadcrumbs(name)


def shipping_method(name: str) -> OrderAndItemCharges:
    """A shipping method as staff keep it in Oscar's dashboard; its code is the name's slug."""
    return get_model("shipping", "OrderAndItemCharges").objects.create(name=name)


def checkout(records: list[StockRecord]) -> Order:
    """A customer of the shop buys all that there is of these, by Oscar's own checkout."""
    basket = get_model("basket", "Basket").objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    for record in records:
        basket.add_product(record.product, record.net_stock_level)
    free = Price("EUR", excl_tax=Decimal(0), tax=Decimal(0))
    return get_class("order.utils", "OrderCreator")().place_order(
        basket=basket,
        total=get_class("checkout.calculators", "OrderTotalCalculator")().calculate(basket, free),
        shipping_method=FixedPrice(free.excl_tax, free.incl_tax),
        shipping_charge=free,
    )


def shipping_event(order_pk: str, items: dict[str, int], note: str = "") -> ShippingEvent:
    """A shipping event of the type "Shipped": ``items`` are Amazon's item ids and quantities."""
    order = get_model("order", "Order").objects.get(pk=order_pk)
    shipped, _ = get_model("order", "ShippingEventType").objects.get_or_create(
        code="shipped", defaults={"name": "Shipped"}
    )
    event = order.shipping_events.create(event_type=shipped, notes=note)
    for item_id, quantity in items.items():
        line = order.lines.get(partner_line_reference=item_id)
        event.line_quantities.create(line=line, quantity=quantity)
    return event
