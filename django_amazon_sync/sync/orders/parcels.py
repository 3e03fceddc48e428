"""What the shop says of its parcels becomes rows, each with a package reference of its own.

A reference is given before anything is sent, and stays: Amazon takes the same one for the same
package. What the shop corrects of a parcel that has left goes to Amazon under it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, Q

from django_amazon_sync import clock
from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.amazon.carriers import OTHER, nearest, spelled
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.data import JsonObject, ShipmentData
from django_amazon_sync.errors import (
    AmazonSyncError,
    ConfigurationError,
    Halted,
    NotSupported,
    Unexpected,
)
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import (
    UNSHIPPED,
    AmazonOrder,
    OrderState,
    Outcome,
    SellerAccount,
    Shipment,
    ShipmentState,
)
from django_amazon_sync.rules.parcels import number_of
from django_amazon_sync.rules.statuses import AMAZON
from django_amazon_sync.sync.runs.bulk import chunks, in_pages
from django_amazon_sync.sync.runs.work import Work, isolated

#: Orders whose parcels the shop is asked for together.
ORDERS_PER_CHUNK = 500

#: So long after a parcel was sent the shop is asked for corrections of it.
CORRECTED_WITHIN = timedelta(days=7)

#: Shipments that have not left, which follow what the shop says.
NOT_LEFT = (ShipmentState.WAITING, ShipmentState.NEW)

#: Shipments of which nothing is open at Amazon, so that they can be corrected.
AT_REST = (
    ShipmentState.CONFIRMED,
    ShipmentState.SEEN,
    ShipmentState.UNSEEN,
    ShipmentState.REFUSED,
)


@dataclass(frozen=True)
class Carriers:
    """The way of one account from the shop's carriers to Amazon's; names by their folded text."""

    default: str
    mapped: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, account: SellerAccount) -> Carriers:
        """As staff mapped them."""
        rows = account.carrier_mappings.values_list("shop_carrier", "carrier", "carrier_name")
        mapped = {_folded(shops): (code, name) for shops, code, name in rows}
        return cls(account.default_carrier, mapped)

    def to_amazon(self, carrier: str, marketplace: str) -> tuple[str, str]:
        """Amazon's code for a carrier of the shop, and the name that a code of Other needs.

        In each marketplace (id), as one name may be of several carriers.

        One that is almost as on Amazon's list stays as it is, and waits: it is rather mistyped than
        a carrier that Amazon does not know.
        """
        if mapped := self.mapped.get(_folded(carrier)):
            return mapped
        facts = MARKETPLACES.get(marketplace)
        if code := spelled(carrier, facts.country if facts else ""):
            return code, ""
        if not carrier or carrier == self.default or nearest(carrier):
            return carrier, ""
        return OTHER, carrier

    def knows(self, code: str) -> bool:
        """Whether the code is on Amazon's list, or was chosen by staff, who read it there."""
        chosen = {self.default, *(code for code, _name in self.mapped.values())}
        return spelled(code) == code or code in chosen


def _folded(carrier: str) -> str:
    return " ".join(carrier.split()).casefold()


def note_parcels(work: Work) -> Unexpected | None:
    """A row for each parcel of the shop; those that lack something wait and say for what.

    Returns what the shop's own code failed with; what is noted already goes all the same.
    """
    try:
        return _note_parcels(work)
    except NotSupported as lack:
        work.line(Outcome.NONE, code=lack.code, message=str(lack))
    return None


def _orders_to_ask_for(account: SellerAccount) -> Iterator[AmazonOrder]:
    """Those with units to ship; and those with a parcel that waits, or that left lately."""
    placed = AmazonOrder.objects.filter(account=account, state=OrderState.PLACED)
    placed = placed.exclude(fulfilled_by=AMAZON).defer("document")
    lately = Q(sent_at__gte=clock.now() - CORRECTED_WITHIN)
    waits = Q(state__in=(*NOT_LEFT, ShipmentState.REFUSED, ShipmentState.UNSEEN))
    shipments = Shipment.objects.filter(lately | waits).values("order")
    yield from in_pages(placed.filter(status__in=UNSHIPPED))
    yield from in_pages(placed.filter(pk__in=shipments).exclude(status__in=UNSHIPPED))


def _note_parcels(work: Work) -> Unexpected | None:
    by_pk = {order.shop_order_pk: order for order in _orders_to_ask_for(work.account)}
    pks, carriers = list(by_pk), Carriers.of(work.account)
    first: Unexpected | None = None
    for some in chunks(pks, ORDERS_PER_CHUNK):
        told: set[tuple[int, str]] = set()
        try:
            for parcel in _told_by_the_shop(work, some):
                order = by_pk.get(parcel.order_pk)
                if order is not None:
                    told.add((order.pk, parcel.pk))
                    _note_apart(work, order, parcel, carriers)
        except Unexpected as fault:
            first = first or fault
        else:
            _keep_back(work, [by_pk[pk] for pk in some], told)
    return first


def _keep_back(work: Work, orders: Iterable[AmazonOrder], told: set[tuple[int, str]]) -> None:
    """Let wait what the shop tells of these orders no more: it took the parcel back, or tells of it
    anew under another key. ``told`` are the keys of orders and parcels that it tells of."""
    said = Message(Code.TAKEN_BACK)
    waiting = Shipment.objects.filter(order__in=list(orders), state__in=NOT_LEFT)
    for shipment in waiting.select_related("order").defer("order__document").order_by("pk"):
        if (shipment.order_id, shipment.shop_pk) in told:
            continue
        shipment.move(ShipmentState.WAITING)
        Shipment.objects.filter(pk=shipment.pk).update(reason=str(said))
        number = shipment.order.number
        work.line(Outcome.WAITING, order_number=number, code=said.code, message=str(said))


def _told_by_the_shop(work: Work, pks: list[str]) -> Iterator[ShipmentData]:
    """The parcels of these orders of the shop (pk).

    Whose order a fault is about is not known, so nothing of its text is kept. Raises Unexpected.
    """
    try:
        yield from work.shop.shipments(pks)
    except (NotSupported, ConfigurationError):
        raise
    except Exception as fault:  # noqa: BLE001 -- whatever a shop raises
        raise Unexpected.from_fault(fault) from None


def _note_apart(work: Work, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> None:
    """Note one parcel; one that cannot be noted costs no other."""
    try:
        isolated(lambda: _note(work, order, parcel, carriers))
    except (ConfigurationError, Halted):
        raise
    except AmazonSyncError as reason:
        work.line(Outcome.FAILED, order_number=order.number, code=reason.code, message=str(reason))


def _note(work: Work, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> None:
    # The order's lock gives each parcel its own reference.
    AmazonOrder.objects.select_for_update().only("pk").get(pk=order.pk)
    shipment = Shipment.objects.filter(order=order, shop_pk=parcel.pk).first()
    if shipment is None:
        if order.status not in UNSHIPPED:
            return  # Amazon awaits nothing more of it
        shipment = _new(order, parcel, carriers)
    elif shipment.state in NOT_LEFT:
        _fill_in(shipment, order, parcel, carriers)
    elif shipment.state in AT_REST:
        _correct(shipment, order, parcel, carriers)
    _update_readiness(work, shipment, order, carriers)


def _new(order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> Shipment:
    code, name = carriers.to_amazon(parcel.carrier or carriers.default, order.marketplace)
    return Shipment.objects.create(
        order=order,
        shop_pk=parcel.pk,
        reference=_next_reference(order),
        carrier=code,
        carrier_name=name,
        tracking=parcel.tracking,
        shipped_at=parcel.shipped_at,
        items=_items(parcel),
        told=_told(parcel),
    )


def _items(parcel: ShipmentData) -> list[list[str | int]]:
    return [[str(item_id), int(quantity)] for item_id, quantity in parcel.items]


def _told(parcel: ShipmentData) -> JsonObject:
    """What the shop says of a parcel that may be corrected."""
    return {
        "carrier": parcel.carrier,
        "tracking": parcel.tracking,
        "method": parcel.shipping_method,
        "items": [list(item) for item in _items(parcel)],
    }


def _next_reference(order: AmazonOrder) -> int:
    """The next number of our own; numbers that Amazon shows already are left out."""
    ours = Shipment.objects.filter(order=order).aggregate(last=Max("reference"))["last"] or 0
    document = AmazonOrder.objects.get(pk=order.pk).document
    theirs = map(number_of, orders_gateway.read_order(document).packages)
    return max([ours, *theirs]) + 1


def _fill_in(
    shipment: Shipment, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers
) -> None:
    """Take over what the shop says now; what staff filled in stays until the shop says another."""
    before, told = shipment.told, _told(parcel)
    if _takes_carrier(shipment, parcel, carriers):
        code, name = carriers.to_amazon(parcel.carrier or carriers.default, order.marketplace)
        shipment.carrier, shipment.carrier_name = code, name or shipment.carrier_name
    if parcel.tracking and (not shipment.tracking or before.get("tracking") != parcel.tracking):
        shipment.tracking = parcel.tracking
    shipment.items, shipment.told = _items(parcel), told
    shipment.save(update_fields=["carrier", "carrier_name", "tracking", "items", "told"])


def _takes_carrier(shipment: Shipment, parcel: ShipmentData, carriers: Carriers) -> bool:
    """Whether the shop's carrier, or the account's default, goes before that of the row."""
    if not shipment.carrier:
        return True
    if not parcel.carrier:
        return False
    return shipment.told.get("carrier") != parcel.carrier or not carriers.knows(shipment.carrier)


def _correct(
    shipment: Shipment, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers
) -> None:
    """Let what the shop has corrected go to Amazon, under the same reference."""
    before, told = shipment.told, _told(parcel)
    if before == told:
        return
    if not before:  # from before the shop's words were kept
        Shipment.objects.filter(pk=shipment.pk).update(told=told)
        return
    corrected: dict[str, object] = {}
    if parcel.carrier and before.get("carrier") != parcel.carrier:
        code, name = carriers.to_amazon(parcel.carrier, order.marketplace)
        corrected |= {"carrier": code, "carrier_name": name}
    if parcel.tracking and before.get("tracking") != parcel.tracking:
        corrected["tracking"] = parcel.tracking
    if parcel.items and before.get("items") != told["items"]:
        corrected["items"] = _items(parcel)
    if before.get("method") != parcel.shipping_method:
        corrected["told"] = told
    if all(getattr(shipment, name) == value for name, value in corrected.items()):
        Shipment.objects.filter(pk=shipment.pk).update(told=told)
        return
    corrected |= {"told": told, "unseen": 0, "not_before": None, "reason": ""}
    shipment.move(ShipmentState.NEW, **corrected)


def _update_readiness(
    work: Work, shipment: Shipment, order: AmazonOrder, carriers: Carriers
) -> None:
    """Let a shipment wait for what it lacks, or stand ready."""
    reason = _lacks(shipment, order, carriers)
    if not reason and shipment.state == ShipmentState.WAITING:
        shipment.move(ShipmentState.NEW, reason="")
    elif reason and shipment.state in NOT_LEFT:
        if shipment.state == ShipmentState.NEW:
            shipment.move(ShipmentState.WAITING)
        Shipment.objects.filter(pk=shipment.pk).update(reason=str(reason))
        said = [reason]
        if order.ship_by:
            said.append(Message(Code.SHIP_BY, ship_by=order.ship_by))
        work.line(Outcome.WAITING, order_number=order.number, message=in_english(said))


def _lacks(shipment: Shipment, order: AmazonOrder, carriers: Carriers) -> Message | None:
    if order.waits_for_staff:
        return Message(Code.CANCELLATION_ASKED)
    return next(lacks_of(shipment, carriers), None)


def lacks_of(shipment: Shipment, carriers: Carriers) -> Iterator[Message]:
    """What a parcel lacks before Amazon can be told of it."""
    if not shipment.tracking:
        yield Message(Code.NO_TRACKING)
    if not shipment.carrier:
        yield Message(Code.NO_CARRIER)
    elif shipment.carrier == OTHER and not shipment.carrier_name:
        yield Message(Code.NO_CARRIER_NAME)
    elif not carriers.knows(shipment.carrier):
        yield _unknown(shipment.carrier)
    if not shipment.items:
        yield Message(Code.NO_ITEMS)


def _unknown(carrier: str) -> Message:
    if near := nearest(carrier):
        return Message(Code.ALMOST_A_CARRIER, carrier=carrier, nearest=near)
    return Message(Code.UNKNOWN_CARRIER, carrier=carrier)
