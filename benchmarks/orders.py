"""2,000 Amazon orders into Oscar, against Oscar's own OrderCreator with the same orders.

Ours stores Amazon's documents, page by page, and places each order at most once in a transaction
of its own. OrderCreator gets a basket, filled beforehand, and the addresses saved beforehand: only
its own work is counted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.shipping.methods import FixedPrice
from oscar.core.loading import get_class, get_model
from oscar.core.prices import Price

from benchmarks.ground import (
    GERMANY,
    Ratio,
    account,
    alternately,
    drop_database,
    in_child,
    make_database,
    working,
)
from django_amazon_sync.amazon.orders import read_or_keep, read_order
from django_amazon_sync.data import OrderData
from django_amazon_sync.models import AmazonOrder, Job, OrderState, SellerSku
from django_amazon_sync.shops.oscar.people import save_addresses
from django_amazon_sync.sync.orders.import_orders import place_waiting, save_orders
from django_amazon_sync.testing.simulator import Simulator

if TYPE_CHECKING:
    from oscar.apps.basket.models import Basket
    from oscar.apps.order.models import BillingAddress, ShippingAddress

SKUS = 200
PAGE = 100  # orders that searchOrders gives at once


def measure(*, quick: bool) -> list[Ratio]:
    """Times of rounds of new orders, and the queries of one order."""
    rounds, size = (1, 200) if quick else (4, 500)
    in_child(make_database)
    try:
        return in_child(compare, rounds, size)
    finally:
        in_child(drop_database)


def compare(rounds: int, size: int) -> list[Ratio]:
    sell()
    documents = Documents()
    baskets = [list(map(basket_of, documents.next(size))) for _round in range(rounds)]
    pages = [documents.next(size) for _round in range(rounds)]
    take_in(documents.next(PAGE))  # and with it all that any run loads
    create_all([basket_of(documents.next(1)[0])])
    ours, oscars, _memory = alternately(
        lambda: take_in(pages.pop()), lambda: create_all(baskets.pop()), rounds
    )
    assert AmazonOrder.objects.filter(state=OrderState.PLACED).count() == rounds * size + PAGE
    page, last = documents.next(PAGE), [basket_of(documents.next(1)[0])]
    remark = (
        f"{queries(lambda: take_in(page)) / PAGE:.1f} queries an order, OrderCreator "
        f"{queries(lambda: create_all(last))}; {rounds * size:,} orders in {rounds} rounds"
    )
    what = f"{size:,} orders of two lines / OrderCreator"
    good = [documents.next(size) for _round in range(rounds)]
    mixed = [one_in_a_hundred_bad(documents.next(size)) for _round in range(rounds)]
    odd, even, _memory = alternately(
        lambda: take_in(mixed.pop()), lambda: take_in(good.pop()), rounds
    )
    return [
        Ratio(what, ours, oscars, 1.5, remark=remark),
        Ratio(f"{size:,} orders with 1 % bad ones / the same without", odd, even, 1.2),
    ]


def one_in_a_hundred_bad(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same orders; of each hundred one lacks its lines, or names an amount that is none."""
    odd: list[dict[str, Any]] = [
        {"orderItems": None},
        {"proceeds": {"grandTotal": {"amount": "x"}}},
    ]
    for place in range(50, len(documents), 100):
        documents[place] |= odd[place // 100 % len(odd)]
    return documents


def take_in(documents: list[dict[str, Any]]) -> None:
    """Store pages of orders and place them, as an import does once Amazon has answered."""
    with working(Job.IMPORT_ORDERS) as work:
        for start in range(0, len(documents), PAGE):
            page = [read_or_keep(raw) for raw in documents[start : start + PAGE]]
            save_orders(work, page, asked_for=False)
        place_waiting(work)


def queries(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


# --- The same orders ------------------------------------------------------------------------------


def sell() -> None:
    """Products with stock enough, which the account sells."""
    only = account()
    product_model, record_model = (
        get_model("catalogue", "Product"),
        get_model("partner", "StockRecord"),
    )
    goods = get_model("catalogue", "ProductClass").objects.create(name="Goods")
    partner = get_model("partner", "Partner").objects.create(code="all", name="All")
    for number in range(SKUS):
        record = record_model.objects.create(
            product=product_model.objects.create(title=f"Mug {number}", product_class=goods),
            partner=partner,
            partner_sku=f"SKU-{number}",
            price=Decimal("12.90"),
            price_currency="EUR",
            num_in_stock=100_000,
        )
        SellerSku.objects.create(account=only, sku=f"SKU-{number}", offer_pk=str(record.pk))
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="DE", printable_name="Germany", name="Germany"
    )


class Documents:
    """Orders as Amazon's API shows them, each with a number, two SKUs and items of its own."""

    def __init__(self) -> None:
        amazon = Simulator(rate_limits=False)
        for sku, asin in (("first", "B000000001"), ("second", "B000000002")):
            amazon.add_listing(
                "eu", sku, marketplace=GERMANY, asin=asin, price="12.90", quantity=10
            )
        number = amazon.buy(
            "eu", GERMANY, lines=[("first", 1), ("second", 2)], tax="6.18", shipping="4.90"
        )
        self._template = amazon.order(number)
        self._count = 0

    def next(self, size: int) -> list[dict[str, Any]]:
        return [self._one() for _number in range(size)]

    def _one(self) -> dict[str, Any]:
        self._count += 1
        document = copy.deepcopy(self._template)
        document["orderId"] = f"302-{self._count:07d}-0000000"
        for place, item in enumerate(document["orderItems"]):
            item["orderItemId"] = f"{self._count:012d}{place}"
            item["product"]["sellerSku"] = f"SKU-{(self._count * 2 + place) % SKUS}"
        return document


# --- Oscar's own way -----------------------------------------------------------------------------

#: Basket, Amazon's order, shipping address, billing address.
Prepared: TypeAlias = "tuple[Basket, OrderData, ShippingAddress, BillingAddress]"


def basket_of(document: dict[str, Any]) -> Prepared:
    """A basket with the order's lines, and its addresses, as Oscar's checkout has them."""
    order = read_order(document)
    basket = get_model("basket", "Basket").objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    records = get_model("partner", "StockRecord").objects.select_related("product")
    for line in order.lines:
        basket.add_product(records.get(partner_sku=line.sku).product, line.quantity)
    assert order.delivery is not None
    return basket, order, *save_addresses(order.delivery)


def create_all(prepared: list[Prepared]) -> None:
    for order in prepared:
        create(*order)


def create(
    basket: Basket,
    order: OrderData,
    shipping_address: ShippingAddress,
    billing_address: BillingAddress,
) -> None:
    """Place the order by OrderCreator, with the payment's source as the checkout saves it."""
    charge = Price("EUR", excl_tax=Decimal("4.90"), tax=Decimal(0))
    basket.reset_offer_applications()
    placed = get_class("order.utils", "OrderCreator")().place_order(
        basket=basket,
        total=get_class("checkout.calculators", "OrderTotalCalculator")().calculate(basket, charge),
        shipping_method=FixedPrice(charge.excl_tax, charge.incl_tax),
        shipping_charge=charge,
        shipping_address=shipping_address,
        billing_address=billing_address,
        order_number=order.number,
        guest_email=order.buyer.email,
    )
    kind, _ = get_model("payment", "SourceType").objects.get_or_create(code="card", name="Card")
    placed.sources.create(source_type=kind, currency="EUR", amount_debited=placed.total_incl_tax)
    basket.submit()
