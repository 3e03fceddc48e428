"""django-oscar as the shop; forked apps included, as every class is asked for by name.

An offer is a stock record, a scope the code of a partner. An order is placed for a guest, with
Amazon's number, prices and totals; its stock is allocated the way Oscar's checkout does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save
from django.urls import NoReverseMatch, reverse
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from django_amazon_sync.data import (
    Address,
    Buyer,
    Choices,
    Menu,
    NewProduct,
    Offer,
    OfferUpdate,
    OrderData,
    ShipmentData,
)
from django_amazon_sync.databases import reads_where_written
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.shops.oscar import (
    changes,
    offers,
    orders,
    people,
    products,
    shipments,
    takeover,
)
from django_amazon_sync.signals import offers_changed, offers_sold

if TYPE_CHECKING:
    from oscar.apps.catalogue.models import Product
    from oscar.apps.order.models import Order
    from oscar.apps.partner.models import StockRecord

__all__ = ["OscarShop"]


class OscarShop(Shop):
    """The shop of this Django project, as django-oscar keeps it."""

    #: The status of a cancelled order, set where OSCAR_ORDER_STATUS_PIPELINE leads to it.
    cancelled_status = "Cancelled"

    def offers(self, scope: str = "", pks: Iterable[str] | None = None) -> Iterator[Offer]:
        return offers.read_offers(scope, pks)

    def find(self, code: str, scope: str = "") -> list[Offer]:
        return offers.find_offers(code, scope)

    def place_order(self, order: OrderData, choices: Choices) -> str:
        return orders.place(order, choices, self.shipping_methods(), self.cancelled_status)

    def update_order(self, pk: str, order: OrderData, choices: Choices) -> str:
        return changes.update(pk, order, choices.status, self.cancelled_status)

    def order_pk(self, number: str) -> str:
        return orders.order_pk(number)

    def menu(self) -> Menu:
        return orders.menu(self.shipping_methods())

    def shipping_methods(self) -> Iterable[orders.ShippingMethod]:
        """Oscar's shipping methods that staff may choose for Amazon's orders.

        The shop's repository is asked without an address; override this where it needs one.
        """
        return orders.shipping_methods()

    def shipments(self, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        return shipments.read_shipments(order_pks)

    def apply(self, update: OfferUpdate) -> None:
        takeover.take_over(update)

    def customer_for(self, buyer: Buyer, delivery: Address | None, *, relay: bool) -> str:
        return people.customer(buyer, delivery, relay=relay)

    def create_product(self, product: NewProduct, scope: str = "") -> str:
        return products.create(product, scope)

    def anonymise(self, pk: str) -> None:
        order = get_model("order", "Order").objects.filter(pk=pk).first()
        if order is not None:  # an order that was deleted holds nobody's data any more
            people.forget_buyer(order)

    def scopes_of(self, user_pk: str) -> frozenset[str] | None:
        """A partner's people see that partner's accounts; people of no partner see all."""
        partners = get_model("partner", "Partner").objects.filter(users__pk=user_pk)
        return frozenset(partners.values_list("code", flat=True)) or None

    def offers_of_product(self, product_pk: str) -> list[str]:
        return offers.of_product(product_pk)

    def offers_of_products(self, product_pks: Iterable[str]) -> dict[str, list[str]]:
        return offers.of_products(product_pks)

    def offers_among(self, products: QuerySet[Model]) -> QuerySet[Model, tuple[str]]:
        return offers.among(products)

    def products_of(self, offer_pks: Iterable[str]) -> dict[str, str]:
        return offers.products_of(offer_pks)

    def product_url(self, product_pk: str) -> str:
        try:
            return reverse("dashboard:catalogue-product", args=[product_pk])
        except NoReverseMatch:
            return ""

    def picture_urls(self, pks: Iterable[str]) -> Mapping[str, str]:
        return offers.picture_urls(pks)

    def order_url(self, pk: str) -> str:
        numbers = get_model("order", "Order").objects.filter(pk=pk).values_list("number", flat=True)
        try:
            return "".join(reverse("dashboard:order-detail", args=[number]) for number in numbers)
        except NoReverseMatch:
            return ""

    @classmethod
    def connect_signals(cls) -> None:
        """Tell of offers that change; called once the apps are ready, and safe to repeat.

        Oscar sends ``post_save`` for allocations too, but leaves ``date_updated`` alone.
        """
        record, product = get_model("partner", "StockRecord"), get_model("catalogue", "Product")
        for signal in (post_save, post_delete):
            signal.connect(tell_of_record, sender=record, dispatch_uid="amazon_sync_record")
        post_save.connect(tell_of_product, sender=product, dispatch_uid="amazon_sync_product")
        order_placed.connect(tell_of_sale, dispatch_uid="amazon_sync_sale")


def tell_of_record(instance: StockRecord, raw: bool = False, **kwargs: object) -> None:
    if not raw:  # a fixture being loaded
        offers_changed.send(sender=OscarShop, pks=[str(instance.pk)])


@reads_where_written
def tell_of_product(instance: Product, created: bool, raw: bool = False, **kwargs: object) -> None:
    """A product's title or publication concerns its stock records and those of its variants."""
    if raw or created:  # a new product has no stock record yet
        return
    if changed := offers.of_product(instance.pk):
        offers_changed.send(sender=OscarShop, pks=changed)


@reads_where_written
def tell_of_sale(order: Order, **kwargs: object) -> None:
    """A customer of the shop bought something; Amazon's orders are placed without this signal."""
    records = order.lines.exclude(stockrecord=None).order_by("stockrecord")
    pks = records.values_list("stockrecord", flat=True).distinct()
    offers_sold.send(sender=OscarShop, pks=[str(pk) for pk in pks])
