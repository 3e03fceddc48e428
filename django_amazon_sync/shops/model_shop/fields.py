"""The mapping of a shop: which of its models and columns stand for what.

A model is named as Django does, "catalog.Item". A column that is read may be a path over relations
("vendor__code"); one that is written is a field of the model itself. An empty text means that the
shop has no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from django.apps import apps
from django.db.models import Field, Model

if TYPE_CHECKING:
    Column: TypeAlias = Field[object, object]


class Pk(Protocol):
    """A primary key as the shop's model has it: a number, a text, a UUID."""

    def __lt__(self, other: Any, /) -> bool: ...


#: The attributes of an address, in the order in which they are printed.
ADDRESS = (
    "name", "company", "line1", "line2", "line3", "district", "postcode", "city", "state",
    "country", "phone",
)  # fmt: skip


@dataclass(frozen=True)
class ProductFields:
    """The model whose rows are the offers: what is sold under one SKU, with its price and stock.

    ``price`` is in ``currency``: an ISO code ("EUR"), or the column that holds one.
    ``price_includes_tax`` is None if the shop cannot say. ``stock`` is an integer of what can be
    sold now, NULL for what is not tracked. ``identifiers`` names columns by kind (ean, upc, isbn,
    gtin, asin). ``on_sale`` is true for what is sold. ``scope`` is what an account may be
    restricted to. ``url`` is a pattern with columns in braces, such as "/items/{slug}/".
    ``category`` is a relation, and ``made`` are values of other columns, both of a product that is
    made for an order.
    """

    model: str
    sku: str
    title: str
    price: str
    currency: str
    price_includes_tax: bool | None = None
    stock: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)
    on_sale: str = ""
    scope: str = ""
    url: str = ""
    category: str = ""
    made: Mapping[str, object] = field(default_factory=dict)

    @property
    def url_paths(self) -> tuple[str, ...]:
        """The columns that the pattern ``url`` names."""
        return tuple(name for _text, name, _spec, _how in Formatter().parse(self.url) if name)


@dataclass(frozen=True)
class OrderFields:
    """The model of orders; only ``number`` is needed, a unique column for Amazon's order id.

    ``currency`` is an ISO code or a column, needed beside a column of money. ``total`` is what
    Amazon's buyer pays, of which ``shipping`` (tax included) and ``other`` (gift wrap, tips,
    discounts that exceed the goods, a difference) are what the lines do not hold. ``cancelled`` is
    the value of ``status`` for a cancelled order. ``notes`` is a text in which staff are told what
    is special. ``address`` names columns by the attributes of ``data.Address`` (name, company,
    line1 to line3, city, district, state, postcode, country, phone); ``text`` among them gets a
    line for each attribute that has no column. ``shipped_at`` says that all of the order was
    handed to ``carrier`` as one parcel. ``customer`` is a relation to the user who bought, NULL for
    guests. ``tax_collected_by`` says who withholds the tax in the seller's stead. ``fixed`` are
    values that other columns get.
    """

    model: str
    number: str
    currency: str = ""
    total: str = ""
    shipping: str = ""
    other: str = ""
    placed_at: str = ""
    status: str = ""
    cancelled: str | int | None = None
    shipping_method: str = ""
    payment_method: str = ""
    name: str = ""
    email: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    shipped_at: str = ""
    carrier: str = ""
    tracking: str = ""
    customer: str = ""
    tax_collected_by: str = ""
    fixed: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class LineFields:
    """The model of an order's lines.

    ``order`` and ``product`` are the relations; ``product`` is NULL for a SKU that the shop does
    not know. ``item_id`` is a text for Amazon's id of the line, ``sku`` one for its SKU.
    ``taken`` is an integer: the units that this line took from the stock, which is what is given
    back when Amazon cancels; needed where the shop has a stock. ``total`` is what the whole
    quantity costs, tax included and discount taken off, ``unit_price`` the same for one piece.
    ``tax_collected_by`` says who withholds its tax in the seller's stead.
    """

    model: str
    order: str
    product: str
    item_id: str
    sku: str
    quantity: str
    taken: str = ""
    title: str = ""
    unit_price: str = ""
    total: str = ""
    gift_message: str = ""
    tax_collected_by: str = ""
    fixed: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class ParcelFields:
    """The model of what is in parcels, for a shop that sends an order in several; only read.

    A row is one line of an order in one parcel: ``quantity`` units of ``line``. ``parcel`` is the
    relation to the parcel, or what else tells parcels apart; ``shipped_at`` is when it was handed
    to ``carrier``, NULL before. All may be paths: ``"parcel__sent_at"``.
    """

    model: str
    parcel: str
    line: str
    quantity: str
    shipped_at: str
    carrier: str = ""
    tracking: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The columns that are read, in the order of the attributes."""
        return (
            self.parcel,
            self.line,
            self.quantity,
            self.shipped_at,
            *filter(None, (self.carrier, self.tracking)),
        )


@dataclass(frozen=True)
class ShopFields:
    """The whole mapping of one shop."""

    product: ProductFields
    order: OrderFields
    line: LineFields
    parcel: ParcelFields | None = None


def model_of(fields: ProductFields | OrderFields | LineFields | ParcelFields) -> type[Model]:
    """The shop's model. Raises LookupError or ValueError where there is none of that name."""
    return apps.get_model(fields.model)


def column_of(fields: ProductFields | OrderFields | LineFields, name: str) -> Column:
    """The field of that name in the shop's model."""
    column = model_of(fields)._meta.get_field(name)
    assert isinstance(column, Field)  # the mapping's faults say otherwise
    return column


def is_currency_code(currency: str) -> bool:
    """Whether this is an ISO 4217 code itself and no column."""
    return re.fullmatch("[A-Z]{3}", currency) is not None
