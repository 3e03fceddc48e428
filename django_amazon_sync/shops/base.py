"""The port to the host shop: what this package needs of it, dataclasses in and out.

Primary keys are opaque strings. Six methods are required; the others raise NotSupported until
an adapter offers them. A scope is the shop's own word for the part of it that one seller account
sells (Oscar: the code of a partner); empty means all of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType

from django.db.models import Model, QuerySet

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
from django_amazon_sync.errors import NotSupported

__all__ = ["Shop", "is_cancelled"]


def is_cancelled(order: OrderData) -> bool:
    """Cancelled as a whole (orders_2026-01-01.json, fulfillmentStatus), or line by line.

    A cancelled order need not name its lines; an order without lines is not cancelled for that.
    """
    emptied = bool(order.lines) and not any(line.quantity for line in order.lines)
    return emptied or order.status == "CANCELLED"


class Shop(ABC):
    """One shop. An instance holds no state of its own and may be shared by threads.

    Where DATABASE_ROUTERS knows replicas, the methods below read the primary in every adapter:
    stock that a replica still has may be sold.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if isinstance(method, FunctionType) and name in vars(Shop) and name[0] != "_":
                setattr(cls, name, reads_where_written(method))

    @abstractmethod
    def offers(self, scope: str = "", pks: Iterable[str] | None = None) -> Iterator[Offer]:
        """The offers of the scope, or those of ``pks`` that still exist, in constant memory.

        An offer's quantity is what could be sold this moment. Offers come ordered by pk, and in
        a fixed number of queries for each chunk of some thousand offers.
        """

    @abstractmethod
    def find(self, code: str, scope: str = "") -> list[Offer]:
        """The offers whose SKU or whose identifier (EAN, UPC, ISBN) equals ``code``."""

    @abstractmethod
    def place_order(self, order: OrderData, choices: Choices) -> str:
        """Place an Amazon order and take its stock; the shop order's pk.

        Idempotent: the order's number is Amazon's id, and placed again it returns the first
        order and takes no stock. Lack of stock never prevents placing. A line that names an
        ``offer_pk`` is that offer's or nothing's: its SKU is Amazon's, and what the shop has under
        an equal one is another product. A line that names none is what the shop has of its SKU.
        What the shop does not know becomes a line without product, flagged. Sends no mail to the
        buyer. Runs in the caller's transaction. Raises ShopRefused where the shop cannot do it,
        having done nothing.
        """

    @abstractmethod
    def update_order(self, pk: str, order: OrderData, choices: Choices) -> str:
        """Bring a placed order in line with what Amazon says now; what staff should know of it.

        The quantities of ``order`` are absolute: what they lack to the quantities placed is
        cancelled and its stock released once, however often this is called. A cancelled order is
        cancelled whole (``is_cancelled``), also where it names no lines. A buyer's request to
        cancel is shown on the order. The status goes to that of ``choices`` where the shop's rules
        lead there from where staff have put it; elsewhere it stays, and the answer says so in a
        sentence. Usually that is empty. Raises ShopRefused.
        """

    @abstractmethod
    def order_pk(self, number: str) -> str:
        """The pk of the order that was placed under Amazon's number, or an empty string."""

    @abstractmethod
    def menu(self) -> Menu:
        """What staff can choose from: shipping and payment methods, statuses, categories.

        Placing accepts every method and status of it, and no payment method at all.
        """

    # --- Optional; docs/shops.md has the matrix -----------------------------------------------

    def shipments(self, order_pks: Iterable[str]) -> Iterator[ShipmentData]:
        """The parcels sent for these orders, whole or with empty carrier or tracking."""
        raise NotSupported(f"{type(self).__name__} does not report shipments.")

    def apply(self, update: OfferUpdate) -> None:
        """Take over title, price or quantity from Amazon for one offer."""
        raise NotSupported(f"{type(self).__name__} takes nothing over from Amazon.")

    def customer_for(self, buyer: Buyer, delivery: Address | None, *, relay: bool) -> str:
        """The pk of the user who bought, found by e-mail address or made; empty for a guest.

        ``shops.customers`` does this for Django's users. A user who was there gets the order, with
        the buyer's name and street, only where the project's ``CUSTOMER_IS_VERIFIED`` says that
        the address is the user's own. Nothing of a user who was there is changed, staff never
        become customers, and a user that is made can log in only once it has asked for a password.
        With ``relay`` the address is Amazon's own or missing, and never that of a customer who was
        there. Safe beside other workers. Raises ShopRefused.
        """
        raise NotSupported(f"{type(self).__name__} makes no customers.")

    def create_product(self, product: NewProduct, scope: str = "") -> str:
        """The pk of a new offer for what an order has and the shop lacks; that of its SKU if any.

        It is not on sale, has a stock of 0, and staff see that an import made it. Raises
        ShopRefused.
        """
        raise NotSupported(f"{type(self).__name__} makes no products.")

    def anonymise(self, pk: str) -> None:
        """Remove the buyer's personal data from a placed order; keep what tax law needs.

        The order belongs to no user any more, and one that was made for such orders is forgotten
        with the last of them, unless it has become somebody's own by a password.
        """
        raise NotSupported(f"{type(self).__name__} cannot anonymise orders.")

    def scopes_of(self, user_pk: str) -> frozenset[str] | None:
        """The scopes that a user of the shop sees, exports and imports; None: all of them."""
        return None

    def offers_of_product(self, product_pk: str) -> list[str]:
        """The offers that are sold as this product of the shop, or as a variant of it, by pk."""
        raise NotSupported(f"{type(self).__name__} does not say which offers a product has.")

    def offers_of_products(self, product_pks: Iterable[str]) -> dict[str, list[str]]:
        """The same for many products, in a fixed number of queries where the shop can."""
        return {pk: self.offers_of_product(pk) for pk in product_pks}

    def offers_among(self, products: QuerySet[Model]) -> QuerySet[Model, tuple[str]]:
        """A query of the offers of any number of products and their variants: their pks as text.

        ``products`` finds rows of the shop's own products. The answer is one column, and becomes a
        part of a larger query, so that nobody holds a hundred thousand pks.
        """
        raise NotSupported(f"{type(self).__name__} does not say which offers its products have.")

    def products_of(self, offer_pks: Iterable[str]) -> dict[str, str]:
        """The product that each of these offers is of: offer pk to product pk; {} if unknown."""
        return {}

    def product_url(self, product_pk: str) -> str:
        """Where staff edit the product in the shop; empty where there is no such page."""
        return ""

    def picture_urls(self, pks: Iterable[str]) -> Mapping[str, str]:
        """The address of a picture of each of these offers that has one, in a fixed number of
        queries."""
        return {}

    def order_url(self, pk: str) -> str:
        """Where staff look at the order in the shop; empty where there is no such page."""
        return ""
