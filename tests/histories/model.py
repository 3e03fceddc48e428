"""What the right numbers are, worked out again from the shop's rows and Amazon's own words.

It imports nothing of the package's rules or use cases: where both are wrong in the same way,
nobody would see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

#: Amazon's statuses of an order that nobody has paid yet.
PENDING = ("PENDING", "PENDING_AVAILABILITY")


@dataclass(frozen=True)
class Item:
    """What the shop says of one thing now."""

    pk: str
    code: str
    stock: int
    price: Decimal
    on_sale: bool


@dataclass(frozen=True)
class Document:
    """One version of an order, as Amazon told it."""

    number: str
    updated: datetime
    status: str
    by_merchant: bool
    units: Mapping[str, int]
    total: Decimal | None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Document:
        units: dict[str, int] = {}
        for item in raw["orderItems"]:
            sku = item["product"]["sellerSku"]
            units[sku] = units.get(sku, 0) + item["quantityOrdered"]
        total = raw.get("proceeds", {}).get("grandTotal", {}).get("amount")
        return cls(
            raw["orderId"],
            datetime.fromisoformat(raw["lastUpdatedTime"]),
            raw["fulfillment"]["fulfillmentStatus"],
            raw["fulfillment"]["fulfilledBy"] == "MERCHANT",
            units,
            None if total is None else Decimal(total),
        )

    @property
    def sells(self) -> bool:
        """Whether units of the shop's stock are sold by it."""
        return self.by_merchant and self.status != "CANCELLED"


@dataclass
class Truth:
    """The shop and what Amazon told it, at one moment."""

    items: Mapping[str, Item] = field(default_factory=dict)
    #: The shop's orders, by Amazon's number.
    placed: frozenset[str] = frozenset()
    #: What Amazon told and the package has kept.
    known: tuple[Document, ...] = ()
    buffer: int = 0
    markup: Decimal = Decimal(0)
    #: Which SKU is which item of the shop (pk), where staff said so; else the one of its name.
    links: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    #: Units of each item (pk) in the shop's own orders.
    taken: Mapping[str, int] = field(default_factory=dict)
    #: Which item (pk) was of the SKU's name last.
    former: Mapping[str, str] = field(default_factory=dict)

    def item_of(self, sku: str) -> Item | None:
        if sku in self.links:
            return next((one for one in self.items.values() if one.pk == self.links[sku]), None)
        return self.items.get(sku)

    def item_of_order(self, sku: str) -> Item | None:
        """Whose stock an order of this SKU takes: that of a renamed item, too."""
        former = (one for one in self.items.values() if one.pk == self.former.get(sku))
        return self.item_of(sku) or next(former, None)

    def reserved(self, item: Item) -> int:
        """Units of this item that Amazon sold and the shop has not taken."""
        return sum(
            units
            for document in self.known
            if document.sells and document.number not in self.placed
            for sku, units in document.units.items()
            if self.item_of_order(sku) == item
        )

    def quantity(self, sku: str) -> int:
        """What Amazon may sell of a SKU that the account sells, or sold once."""
        item = self.item_of(sku)
        if item is None or not item.on_sale or sku in self.off:
            return 0
        return max(0, item.stock - self.buffer - self.reserved(item))

    def price(self, sku: str) -> Decimal | None:
        item = self.item_of(sku)
        if item is None or not item.on_sale or sku in self.off or item.price <= 0:
            return None
        price = item.price * (1 + self.markup / 100)
        return price.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def unplaced(orders: Iterable[Document], placed: Iterable[str], skus: Iterable[str]) -> int:
    """Units of these SKUs in Amazon's orders that the shop has not taken, told or not."""
    there, wanted = set(placed), set(skus)
    return sum(
        units
        for order in orders
        if order.sells and order.number not in there
        for sku, units in order.units.items()
        if sku in wanted
    )


def moves_by(new: Decimal, old: Decimal) -> Decimal:
    """Per cent."""
    return abs(new - old) * 100 / old if old else Decimal(10**6)
