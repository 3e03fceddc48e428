"""What must be shipped when, and what is missing for it: data for screens and for shops.

Nothing of a buyer is in it, only whether Amazon shows where an order goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.errors import Misplaced, Unreadable
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    UNSHIPPED,
    AmazonOrder,
    AmazonOrderLine,
    OrderState,
    SellerAccount,
    Shipment,
    ShipmentState,
)
from django_amazon_sync.rules.statuses import AMAZON
from django_amazon_sync.sync.orders.parcels import Carriers, lacks_of
from django_amazon_sync.sync.runs.bulk import chunks

#: Orders that are read together.
ORDERS_PER_CHUNK = 100

#: Parcels in these states have not left, as far as anybody can prove.
NOT_LEFT = (
    ShipmentState.WAITING,
    ShipmentState.NEW,
    ShipmentState.REFUSED,
    ShipmentState.UNSEEN,
)


@dataclass(frozen=True, slots=True)
class LineToShip:
    """Units of one line of an order that have not left yet."""

    item_id: str
    sku: str
    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderToShip:
    """An order with units to ship; ``lacks`` says what keeps Amazon from being told of them.

    ``ship_by`` and ``deliver_by`` are Amazon's, and empty where Amazon names none.
    """

    order: AmazonOrder
    lines: tuple[LineToShip, ...]
    ship_by: datetime | None
    deliver_by: datetime | None
    lacks: tuple[Message, ...]


def to_ship(account: SellerAccount) -> Iterator[OrderToShip]:
    """The orders of an account that the merchant has to ship, what is due first first."""
    over = (OrderState.CANCELLED, OrderState.RECORDED)
    orders = AmazonOrder.objects.filter(account=account, status__in=UNSHIPPED)
    open_orders = orders.exclude(fulfilled_by=AMAZON).exclude(state__in=over)
    by_time = open_orders.order_by(F("ship_by").asc(nulls_last=True), "pk")
    carriers = Carriers.of(account)
    for pks in chunks(list(by_time.values_list("pk", flat=True)), ORDERS_PER_CHUNK):
        yield from _of_chunk(by_time.filter(pk__in=pks), carriers)


def _of_chunk(orders: QuerySet[AmazonOrder], carriers: Carriers) -> Iterator[OrderToShip]:
    for order in orders.prefetch_related("lines", "shipments"):
        shipments = list(order.shipments.all())
        lines = tuple(_lines_left(order.lines.all(), shipments))
        if lines:
            lacks = tuple(dict.fromkeys(_lacks(order, shipments, carriers)))
            yield OrderToShip(order, lines, order.ship_by, order.deliver_by, lacks)


def _lines_left(
    lines: Iterable[AmazonOrderLine], shipments: Iterable[Shipment]
) -> Iterator[LineToShip]:
    """What neither Amazon counts as shipped nor one of our parcels has taken along."""
    left: Counter[str] = Counter()
    for shipment in shipments:
        if shipment.state not in NOT_LEFT:
            for item, quantity in shipment.items:
                left[item] += quantity
    for line in lines:
        # Amazon counts ours, too, a while after they left.
        units = line.quantity - max(line.shipped, left[line.item_id])
        if units > 0:
            yield LineToShip(line.item_id, line.sku, line.title, units)


def _lacks(
    order: AmazonOrder, shipments: Iterable[Shipment], carriers: Carriers
) -> Iterator[Message]:
    if order.state != OrderState.PLACED:
        yield Message(Code.NOT_IN_SHOP)
    if order.waits_for_staff:
        yield Message(Code.CANCELLATION_ASKED)
    if not _has_address(order):
        yield Message(Code.NO_ADDRESS)
    waiting = [shipment for shipment in shipments if shipment.state in NOT_LEFT]
    if not waiting:
        yield Message(Code.NO_PARCEL)
    for shipment in waiting:
        yield from lacks_of(shipment, carriers)


def _has_address(order: AmazonOrder) -> bool:
    """Whether Amazon shows a street, a box or a place, without which nothing can be sent."""
    try:
        address = gateway.read_order(order.document).delivery
    except (Misplaced, Unreadable):
        return False
    return address is not None and any((address.line1, address.line2, address.line3))
