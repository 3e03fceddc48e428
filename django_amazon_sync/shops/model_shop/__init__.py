"""A shop of plain Django models, described by the names of their columns.

    class MyShop(ModelShop):
        product = ProductFields("shop.Item", sku="code", title="name", price="price", ...)
        order = OrderFields("shop.Order", number="reference", ...)
        line = LineFields("shop.OrderLine", order="order", product="item", ...)

An offer is a row of the product model. What the mapping does not name, the shop does not have;
``manage.py check`` finds names that are wrong. docs/own-shop.md goes through all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import ClassVar

from django.db import IntegrityError, transaction
from django.db.models import CharField, Model, QuerySet
from django.db.models.functions import Cast
from django.db.models.signals import post_delete, post_save
from django.urls import NoReverseMatch, reverse

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
from django_amazon_sync.errors import ConfigurationError, NotSupported
from django_amazon_sync.shops import customers
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.shops.model_shop import (
    changes,
    faults,
    offers,
    orders,
    parcels,
    products,
)
from django_amazon_sync.shops.model_shop.fields import (
    LineFields,
    OrderFields,
    ParcelFields,
    ProductFields,
    ShopFields,
    model_of,
)
from django_amazon_sync.signals import offers_changed

__all__ = ["LineFields", "ModelShop", "OrderFields", "ParcelFields", "ProductFields"]


class ModelShop(Shop):
    """The shop of this Django project, as its own models keep it. Subclass it with a mapping."""

    product: ClassVar[ProductFields]
    order: ClassVar[OrderFields]
    line: ClassVar[LineFields]
    parcel: ClassVar[ParcelFields | None] = None

    # --- Offers ----------------------------------------------------------------------------------

    def products(self, scope: str = "") -> QuerySet[Model]:
        """The products that are offers, ordered by pk; a queryset of the model's default manager.

        Override it to leave some out, or to annotate what the mapping then names. Raises
        ConfigurationError where a scope is asked for and the mapping knows none.
        """
        products = model_of(self.product)._default_manager.order_by("pk")
        if not scope:
            return products
        if not self.product.scope:
            raise ConfigurationError(
                f"{type(self).__name__} knows no scopes, so the account's scope {scope} means "
                "nothing; leave it empty, or give ProductFields a scope."
            )
        return products.filter(**{self.product.scope: scope})

    def offers(self, scope: str = "", pks: Iterable[str] | None = None) -> Iterator[Offer]:
        reader = offers.Reader(self.product, self.products(scope))
        return reader.all() if pks is None else reader.those_of(pks)

    def find(self, code: str, scope: str = "") -> list[Offer]:
        return offers.Reader(self.product, self.products(scope)).with_code(code)

    def apply(self, update: OfferUpdate) -> None:
        offer = next(self.offers(pks=[update.pk]), None)
        offers.take_over(self.product, offer, update)

    def offers_of_product(self, product_pk: str) -> list[str]:
        return [offer.pk for offer in self.offers(pks=[product_pk])]

    def offers_of_products(self, product_pks: Iterable[str]) -> dict[str, list[str]]:
        return {pk: [pk] for pk in product_pks}

    def offers_among(self, products: QuerySet[Model]) -> QuerySet[Model, tuple[str]]:
        return products.order_by().values_list(Cast("pk", CharField()))

    def products_of(self, offer_pks: Iterable[str]) -> dict[str, str]:
        return {offer.pk: offer.pk for offer in self.offers(pks=offer_pks)}

    def product_url(self, product_pk: str) -> str:
        return admin_page(self.product, product_pk)

    # --- Orders ----------------------------------------------------------------------------------

    def place_order(self, order: OrderData, choices: Choices) -> str:
        if placed := self.order_pk(order.number):
            return placed
        orders.check(choices, self.menu())
        try:
            with transaction.atomic():
                self._tell(orders.place(self._fields, self.products(choices.scope), order, choices))
        except IntegrityError:  # another worker has placed it meanwhile
            if not self.order_pk(order.number):
                raise
        return self.order_pk(order.number)

    def update_order(self, pk: str, order: OrderData, choices: Choices) -> str:
        with transaction.atomic():
            released, remark = changes.update(self._fields, pk, order, choices.status)
            self._tell(released)
        return remark

    def order_pk(self, number: str) -> str:
        return orders.order_pk(self.order, number)

    def menu(self) -> Menu:
        return replace(
            orders.menu_of(self.order),
            categories=products.categories(self.product),
            products=products.can_be_made(self.product),
        )

    def shipments(self, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        if self.parcel is not None:
            return parcels.read_parcels(self._fields, self.parcel, order_pks)
        if not self.order.shipped_at:
            raise NotSupported(
                f"{type(self).__name__} does not report shipments; give OrderFields shipped_at, or "
                "map its parcels with ParcelFields."
            )
        return parcels.read_shipments(self._fields, order_pks)

    def customer_for(self, buyer: Buyer, delivery: Address | None, *, relay: bool) -> str:
        if not self.order.customer:
            raise NotSupported(
                f"{type(self).__name__} makes no customers; give OrderFields customer."
            )
        found = customers.customer_for(buyer, delivery, relay=relay)
        return str(found.user.pk) if found else ""

    def create_product(self, product: NewProduct, scope: str = "") -> str:
        return products.create(self.product, self.products(scope), product, scope)

    def anonymise(self, pk: str) -> None:
        changes.forget_buyer(self._fields, pk)

    def order_url(self, pk: str) -> str:
        """The order's page in the Django admin, where it has one."""
        return admin_page(self.order, pk)

    @property
    def _fields(self) -> ShopFields:
        return ShopFields(self.product, self.order, self.line, self.parcel)

    # --- Signals and checks ----------------------------------------------------------------------

    def _tell(self, pks: Iterable[object]) -> None:
        if changed := [str(pk) for pk in pks]:
            offers_changed.send(sender=type(self), pks=changed)

    @classmethod
    def connect_signals(cls) -> None:
        """Tell of products that are saved or deleted; called once the apps are ready.

        A mapping that is wrong is left to ``manage.py check``.
        """
        if cls.mapping_faults():
            return
        model, about = model_of(cls.product), f"amazon_sync_{cls.__module__}.{cls.__qualname__}"
        for signal in (post_save, post_delete):
            signal.connect(partial(tell_of, cls), sender=model, weak=False, dispatch_uid=about)

    @classmethod
    def mapping_faults(cls) -> list[str]:
        """What is wrong with the mapping, one sentence each; needs no database."""
        return list(faults.faults_of(cls))


def admin_page(fields: ProductFields | OrderFields, pk: str) -> str:
    """The page of a row in the Django admin; empty where its model has none."""
    options = model_of(fields)._meta
    try:
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[pk])
    except NoReverseMatch:
        return ""


def tell_of(shop: type[ModelShop], instance: Model, raw: bool = False, **kwargs: object) -> None:
    """A row that a fixture loads may come before the tables that a receiver would write to."""
    if not raw:
        offers_changed.send(sender=shop, pks=[str(instance.pk)])
