"""Shipments out: what the shop sent off is confirmed to Amazon, once per parcel.

1. Each parcel of the shop gets a row with its own package reference, before anything is sent.
2. What an earlier worker left open is read back from Amazon's packages.
3. Each complete parcel is confirmed. The same reference sent twice edits that package, so a
   confirmation that is sent again adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.amazon import shipments as gateway
from django_amazon_sync.amazon.carriers import OTHER, spelled
from django_amazon_sync.data import OrderData, PackageToConfirm, ShipmentData
from django_amazon_sync.errors import AmazonError, Halted, NotSupported, Rejected, Unavailable
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import (
    AmazonOrder,
    OrderState,
    Outcome,
    SellerAccount,
    Shipment,
    ShipmentState,
)
from django_amazon_sync.sync.runs.work import Work, why_not_writing

#: Orders whose parcels the shop is asked for together.
ORDERS_PER_CHUNK = 500


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

    def to_amazon(self, carrier: str) -> tuple[str, str]:
        """Amazon's code for a carrier of the shop, and the name that a code of Other needs."""
        return self.mapped.get(_folded(carrier)) or (spelled(carrier) or carrier, "")

    def knows(self, code: str) -> bool:
        """Whether the code is on Amazon's list, or was chosen by staff, who read it there."""
        chosen = {self.default, *(code for code, _name in self.mapped.values())}
        return spelled(code) == code or code in chosen


def _folded(carrier: str) -> str:
    return " ".join(carrier.split()).casefold()


def confirm_shipments(work: Work) -> None:
    """Confirm what the shop has shipped of this account's orders and Amazon does not know yet."""
    if not work.account.writes_from(conf.get("DEPLOYMENT")):
        raise Halted(why_not_writing(work.account))
    note_parcels(work)
    read_back(work)
    ready = Shipment.objects.filter(order__account=work.account, state=ShipmentState.NEW)
    for pk in list(ready.order_by("order__ship_by", "pk").values_list("pk", flat=True)):
        confirm(work, Shipment.objects.select_related("order").get(pk=pk))


# --- 1. What the shop has shipped ---------------------------------------------------------------


def note_parcels(work: Work) -> None:
    """A row for each parcel of the shop; those that lack something wait and say for what."""
    open_orders = AmazonOrder.objects.filter(
        account=work.account,
        state=OrderState.PLACED,
        fulfilled_by="MERCHANT",
        status__in=("UNSHIPPED", "PARTIALLY_SHIPPED"),
    )
    try:
        _note_parcels(work, open_orders)
    except NotSupported as lack:
        work.line(Outcome.NONE, code=lack.code, message=str(lack))


def _note_parcels(work: Work, open_orders: QuerySet[AmazonOrder]) -> None:
    by_pk = {order.shop_order_pk: order for order in open_orders.defer("document").iterator()}
    pks, carriers = list(by_pk), Carriers.of(work.account)
    for start in range(0, len(pks), ORDERS_PER_CHUNK):
        for parcel in work.shop.shipments(pks[start : start + ORDERS_PER_CHUNK]):
            _note(work, by_pk[parcel.order_pk], parcel, carriers)


def _note(work: Work, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> None:
    code, name = carriers.to_amazon(parcel.carrier or carriers.default)
    facts = {
        "carrier": code,
        "carrier_name": name,
        "tracking": parcel.tracking,
        "shipped_at": parcel.shipped_at,
        "items": [list(item) for item in parcel.items],
    }
    with transaction.atomic():
        # The order's lock gives each parcel its own reference.
        AmazonOrder.objects.select_for_update().only("pk").get(pk=order.pk)
        shipment = Shipment.objects.filter(order=order, shop_pk=parcel.pk).first()
        if shipment is None:
            shipment = Shipment.objects.create(
                order=order, shop_pk=parcel.pk, reference=_next_reference(order), **facts
            )
        elif shipment.state in (ShipmentState.WAITING, ShipmentState.NEW):
            _fill_in(shipment, parcel, carriers)
    _update_readiness(work, shipment, order, carriers)


def _next_reference(order: AmazonOrder) -> int:
    """The next number of our own; numbers that Amazon shows already are left out."""
    ours = Shipment.objects.filter(order=order).aggregate(last=Max("reference"))["last"] or 0
    document = AmazonOrder.objects.only("document").get(pk=order.pk).document
    theirs = [
        int(package.reference)
        for package in orders_gateway.read_order(document).packages
        if package.reference.isdecimal()
    ]
    return max([ours, *theirs]) + 1


def _fill_in(shipment: Shipment, parcel: ShipmentData, carriers: Carriers) -> None:
    """Take over what the shop says now; what staff filled in for it stays."""
    code, name = carriers.to_amazon(parcel.carrier or carriers.default)
    if not shipment.carrier or (parcel.carrier and carriers.knows(code)):
        shipment.carrier, shipment.carrier_name = code, name or shipment.carrier_name
    shipment.tracking = parcel.tracking or shipment.tracking
    shipment.items = [list(item) for item in parcel.items]
    shipment.save(update_fields=["carrier", "carrier_name", "tracking", "items"])


def _update_readiness(
    work: Work, shipment: Shipment, order: AmazonOrder, carriers: Carriers
) -> None:
    """Let a shipment wait for what it lacks, or stand ready."""
    reason = _lacks(shipment, order, carriers)
    if not reason and shipment.state == ShipmentState.WAITING:
        shipment.move(ShipmentState.NEW, reason="")
    elif reason and shipment.state in (ShipmentState.WAITING, ShipmentState.NEW):
        if shipment.state == ShipmentState.NEW:
            shipment.move(ShipmentState.WAITING)
        Shipment.objects.filter(pk=shipment.pk).update(reason=str(reason))
        said = [reason]
        if order.ship_by:
            said.append(Message(Code.SHIP_BY, ship_by=order.ship_by))
        work.line(Outcome.WAITING, order_number=order.number, message=in_english(said))


def _lacks(shipment: Shipment, order: AmazonOrder, carriers: Carriers) -> Message | None:
    if order.cancellation_requested and not order.ship_anyway:
        return Message(Code.CANCELLATION_ASKED)
    if not shipment.tracking:
        return Message(Code.NO_TRACKING)
    if not shipment.carrier:
        return Message(Code.NO_CARRIER)
    if shipment.carrier == OTHER and not shipment.carrier_name:
        return Message(Code.NO_CARRIER_NAME)
    if not carriers.knows(shipment.carrier):
        return Message(Code.UNKNOWN_CARRIER, carrier=shipment.carrier)
    if not shipment.items:
        return Message(Code.NO_ITEMS)
    return None


# --- 2. What an earlier worker left open --------------------------------------------------------


def read_back(work: Work) -> None:
    """Ask Amazon which of the shipments with an open outcome it has; the others go again."""
    left = Shipment.objects.filter(
        order__account=work.account, state__in=(ShipmentState.SENT, ShipmentState.UNKNOWN)
    ).select_related("order")
    for shipment in left.order_by("pk"):
        work.lease.check()
        read, _raw = orders_gateway.get_order(work.client, shipment.order.number)
        if not isinstance(read, OrderData):
            continue
        shipment.move(ShipmentState.UNKNOWN)
        if _amazon_has(read, shipment):
            _confirmed(work, shipment, Message(Code.READ_BACK))
        else:
            confirm(work, shipment)


def _amazon_has(order: OrderData, shipment: Shipment) -> bool:
    return any(
        package.reference == str(shipment.reference) or package.tracking == shipment.tracking
        for package in order.packages
    )


# --- 3. Confirm ---------------------------------------------------------------------------------


def confirm(work: Work, shipment: Shipment) -> None:
    """Confirm one shipment; its line says what became of it.

    Raises where it is no use to go on with the others.
    """
    work.check_writing()
    if not shipment.move(ShipmentState.SENT, sent_at=clock.now(), reason=""):
        return  # another worker has it
    try:
        gateway.confirm_shipment(work.client, _package(shipment, work.client.now()))
    except Rejected as refusal:
        _take_refusal(work, shipment, refusal)
    except Unavailable as silence:
        if not silence.sent:
            _not_sent(shipment, silence)
            raise
        shipment.move(ShipmentState.UNKNOWN, reason=str(silence))
        work.line(
            Outcome.FAILED,
            order_number=shipment.order.number,
            code=silence.code,
            message=str(Message(Code.OUTCOME_UNKNOWN, words=str(silence))),
        )
    except AmazonError as error:
        _not_sent(shipment, error)
        raise
    else:
        _confirmed(work, shipment)


def _not_sent(shipment: Shipment, error: AmazonError) -> None:
    """Nothing left, so the shipment goes with a later run."""
    shipment.move(ShipmentState.NEW, reason=str(Message(Code.NOT_SENT, words=str(error))))


def _package(shipment: Shipment, now: datetime) -> PackageToConfirm:
    """What is told to Amazon; a ship date lies between the order and now by Amazon's own clock.

    The shop's clock may be minutes behind, and Amazon refuses a parcel older than its order
    (docs/amazon.md#ship-dates-lie-between-order-and-now).
    """
    earliest = shipment.order.ordered_at or shipment.shipped_at
    return PackageToConfirm(
        order_number=shipment.order.number,
        marketplace=shipment.order.marketplace,
        reference=shipment.reference,
        carrier_code=shipment.carrier,
        carrier_name=shipment.carrier_name,
        tracking=shipment.tracking,
        shipped_at=min(max(shipment.shipped_at, earliest), now),
        items=tuple((item, quantity) for item, quantity in shipment.items),
    )


def _take_refusal(work: Work, shipment: Shipment, refusal: Rejected) -> None:
    """Refused, with Amazon's words; unless Amazon has it already, from another hand.

    See docs/amazon.md#orders-are-confirmed-by-hand-too.
    """
    about = {"order_number": shipment.order.number}
    if "already fulfilled" in f"{refusal.message} {refusal.details}":
        _confirmed(work, shipment, Message(Code.ALREADY_SHIPPED))
        return
    shipment.move(ShipmentState.REFUSED, reason=str(refusal))
    work.line(Outcome.REFUSED, **about, code=refusal.amazon_code, message=refusal.message)


def _confirmed(work: Work, shipment: Shipment, why: Message | None = None) -> None:
    """Amazon has it; ``why`` says how that is known, where it did not just answer so."""
    reason = str(why) if why else ""
    shipment.move(ShipmentState.CONFIRMED, reason=reason)
    work.line(Outcome.CONFIRMED, order_number=shipment.order.number, message=reason)


def try_again(shipments: Iterable[Shipment]) -> int:
    """Let refused shipments go again with the next run."""
    return sum(
        shipment.move(ShipmentState.NEW, reason="")
        for shipment in shipments
        if shipment.state == ShipmentState.REFUSED
    )
