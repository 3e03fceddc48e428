"""What an order brings that the shop does not have: its customer, and products.

Both are made where staff switched it on. An order is never left out for their sake: what cannot
be made is told on the order's line, and the order is placed for a guest, or without the product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django_amazon_sync.data import NewProduct, OrderData, OrderLine
from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import AmazonOrder, AmazonOrderLine, SellerAccount
from django_amazon_sync.rules.buyers import is_relay
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings.link import link_made
from django_amazon_sync.sync.runs.work import isolated


@dataclass
class Created:
    """What was made for one order: the customer's pk, offers by SKU, and what staff should know."""

    customer: str = ""
    offers: dict[str, str] = field(default_factory=dict)
    remarks: list[Message] = field(default_factory=list)

    def make(self, without: Message, act: Callable[[], str]) -> str:
        """Make one of them by itself; where that fails nothing of it is left, and a remark."""
        try:
            return isolated(act)
        except AmazonSyncError as reason:
            self.remarks += [without, Message(Code.QUOTED, words=str(reason))]
            return ""


def create_missing(account: SellerAccount, shop: Shop, data: OrderData) -> Created:
    """Find or make what this order needs, in the transaction that places it."""
    made = Created()
    wanted = account.import_customers or account.create_products
    if not wanted or shop.order_pk(data.number):
        return made
    if account.import_customers:
        made.customer = _customer(made, account, shop, data)
    if account.create_products:
        unknown = {
            line.sku: line
            for line in data.lines
            if line.sku and line.quantity and not _is_somebodys(account, shop, line)
        }
        offers = {sku: _product(made, account, shop, line) for sku, line in unknown.items()}
        made.offers = {sku: offer for sku, offer in offers.items() if offer}
    return made


def _customer(made: Created, account: SellerAccount, shop: Shop, data: OrderData) -> str:
    relay = is_relay(data.buyer.email)
    nobody = relay and not data.buyer.name and not (data.delivery and data.delivery.name)
    if nobody or (relay and not account.relay_customers):
        return ""
    return made.make(
        Message(Code.GUEST),
        lambda: shop.customer_for(data.buyer, data.delivery, relay=relay),
    )


# --- Products -------------------------------------------------------------------------------------


def _is_somebodys(account: SellerAccount, shop: Shop, line: OrderLine) -> bool:
    """Whether a line stands for an offer already: as it is linked, though that one may be gone, or
    by its SKU."""
    return bool(line.offer_pk) or any(
        offer.sku == line.sku for offer in shop.find(line.sku, account.shop_scope)
    )


def _product(made: Created, account: SellerAccount, shop: Shop, line: OrderLine) -> str:
    product = NewProduct(
        sku=line.sku,
        title=line.title or line.sku,
        asin=line.asin,
        price=line.unit_price,
        category=account.default_category,
    )
    return made.make(
        Message(Code.NO_PRODUCT, sku=line.sku),
        lambda: shop.create_product(product, account.shop_scope),
    )


def with_offers(data: OrderData, offers: dict[str, str]) -> OrderData:
    """The order, its lines standing for the offers that were made for them."""
    lines = (replace(line, offer_pk=offers.get(line.sku, line.offer_pk)) for line in data.lines)
    return replace(data, lines=tuple(lines))


def remember(order: AmazonOrder, offers: dict[str, str]) -> None:
    """Link the SKUs and the order's lines to the offers that were made for them.

    Called with the SKUs locked (invalidate_quantities), which the new ones are by being new.
    """
    for sku, offer_pk in sorted(offers.items()):
        if link_made(order.account, sku, offer_pk):
            AmazonOrderLine.objects.filter(order=order, sku=sku).update(offer_pk=offer_pk)
