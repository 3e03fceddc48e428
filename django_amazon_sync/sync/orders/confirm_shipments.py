"""Shipments out: what the shop sent off is confirmed to Amazon, once per parcel.

1. Each parcel of the shop gets a row with its own package reference, before anything is sent.
2. What an earlier worker left open is read back from Amazon's packages.
3. Each complete parcel is confirmed. The same reference sent twice edits that package, so a
   confirmation that is sent again adds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.amazon import shipments as gateway
from django_amazon_sync.amazon.carriers import OTHER, spelled
from django_amazon_sync.data import OrderData, PackageToConfirm, ShipmentData
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    ConfigurationError,
    Halted,
    NotSupported,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
    Unexpected,
    Unreadable,
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
from django_amazon_sync.rules.statuses import AMAZON
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.work import Work, isolated, why_not_writing

#: How long an order is left alone that Amazon would not show.
PAUSE = timedelta(minutes=15)

#: So many questions in a row without an answer are an outage, and no fault of the orders.
OUTAGE = 3

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
    stop = read_back(work)
    ready = Shipment.objects.filter(order__account=work.account, state=ShipmentState.NEW)
    for pk in list(ready.order_by("order__ship_by", "pk").values_list("pk", flat=True)):
        _confirm_apart(work, _with_order().get(pk=pk))
    if stop is not None:
        raise stop


def _with_order() -> QuerySet[Shipment]:
    return Shipment.objects.select_related("order").defer("order__document")


def _confirm_apart(work: Work, shipment: Shipment) -> None:
    """Confirm one; a fault that nobody foresaw costs this one only. Raises as ``confirm``."""
    try:
        confirm(work, shipment)
    except AmazonSyncError:
        raise
    except Exception as fault:  # noqa: BLE001 -- the next one goes all the same
        _failed(work, shipment, Unexpected.from_fault(fault))


def _failed(work: Work, shipment: Shipment, reason: AmazonSyncError) -> None:
    said = without_its_buyer(shipment.order, str(reason))
    Shipment.objects.filter(pk=shipment.pk).update(reason=said, not_before=clock.now() + PAUSE)
    number = shipment.order.number
    work.line(Outcome.FAILED, order_number=number, code=reason.code, message=said)


# --- 1. What the shop has shipped ---------------------------------------------------------------


def note_parcels(work: Work) -> None:
    """A row for each parcel of the shop; those that lack something wait and say for what."""
    open_orders = AmazonOrder.objects.filter(
        account=work.account,
        state=OrderState.PLACED,
        status__in=UNSHIPPED,
    ).exclude(fulfilled_by=AMAZON)
    try:
        _note_parcels(work, open_orders)
    except NotSupported as lack:
        work.line(Outcome.NONE, code=lack.code, message=str(lack))


def _note_parcels(work: Work, open_orders: QuerySet[AmazonOrder]) -> None:
    by_pk = {order.shop_order_pk: order for order in open_orders.defer("document").iterator()}
    pks, carriers = list(by_pk), Carriers.of(work.account)
    for start in range(0, len(pks), ORDERS_PER_CHUNK):
        for parcel in work.shop.shipments(pks[start : start + ORDERS_PER_CHUNK]):
            order = by_pk.get(parcel.order_pk)
            if order is not None:
                _note_apart(work, order, parcel, carriers)


def _note_apart(work: Work, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> None:
    """Note one parcel; one that cannot be noted costs no other."""
    try:
        isolated(lambda: _note(work, order, parcel, carriers))
    except (ConfigurationError, Halted):
        raise
    except AmazonSyncError as reason:
        work.line(Outcome.FAILED, order_number=order.number, code=reason.code, message=str(reason))


def _note(work: Work, order: AmazonOrder, parcel: ShipmentData, carriers: Carriers) -> None:
    code, name = carriers.to_amazon(parcel.carrier or carriers.default)
    facts = {
        "carrier": code,
        "carrier_name": name,
        "tracking": parcel.tracking,
        "shipped_at": parcel.shipped_at,
        "items": _items(parcel),
    }
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


def _items(parcel: ShipmentData) -> list[list[str | int]]:
    return [[str(item_id), int(quantity)] for item_id, quantity in parcel.items]


def _next_reference(order: AmazonOrder) -> int:
    """The next number of our own; numbers that Amazon shows already are left out."""
    ours = Shipment.objects.filter(order=order).aggregate(last=Max("reference"))["last"] or 0
    document = AmazonOrder.objects.only("document").get(pk=order.pk).document
    theirs = [
        int(package.reference)
        for package in orders_gateway.read_order(document).packages
        if re.fullmatch("[0-9]{1,8}", package.reference)
    ]
    return max([ours, *theirs]) + 1


def _fill_in(shipment: Shipment, parcel: ShipmentData, carriers: Carriers) -> None:
    """Take over what the shop says now; what staff filled in for it stays."""
    code, name = carriers.to_amazon(parcel.carrier or carriers.default)
    if not shipment.carrier or (parcel.carrier and carriers.knows(code)):
        shipment.carrier, shipment.carrier_name = code, name or shipment.carrier_name
    shipment.tracking = parcel.tracking or shipment.tracking
    shipment.items = _items(parcel)
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


def read_back(work: Work) -> AmazonError | None:
    """Ask Amazon which of the shipments with an open outcome it has; the others go again.

    One whose order Amazon does not show costs no other, and is asked for again later. Returns what
    stopped the asking, if Amazon answered nothing any more.
    """
    due = Q(not_before=None) | Q(not_before__lte=clock.now())
    left = _with_order().filter(
        due, order__account=work.account, state__in=(ShipmentState.SENT, ShipmentState.UNKNOWN)
    )
    unanswered = 0
    for shipment in left.order_by("pk"):
        work.lease.check()
        try:
            read = _order_at_amazon(work, shipment)
        except (Throttled, Unauthorized) as stop:
            return stop
        except AmazonSyncError as lack:
            _failed(work, shipment, lack)
            unanswered = unanswered + 1 if isinstance(lack, Unavailable) else 0
            if unanswered >= OUTAGE and isinstance(lack, AmazonError):
                return lack
            continue
        unanswered = 0
        shipment.move(ShipmentState.UNKNOWN)
        if _amazon_has(read, shipment):
            _confirmed(work, shipment, Message(Code.READ_BACK))
        else:
            _confirm_apart(work, shipment)
    return None


def _order_at_amazon(work: Work, shipment: Shipment) -> OrderData:
    """The order as Amazon shows it now. Raises AmazonError, or Unreadable."""
    read, _raw = orders_gateway.get_order(work.client, shipment.order.number)
    if not isinstance(read, OrderData):
        raise Unreadable(read.reason)
    return read


def _amazon_has(order: OrderData, shipment: Shipment) -> bool:
    """Whether Amazon shows this very parcel: under its reference, or with all that is in it.

    Two parcels of one order may have one tracking number.
    """
    packages = {package.reference: package for package in order.packages}
    if str(shipment.reference) in packages:
        return True
    others = Shipment.objects.filter(order=shipment.order).exclude(pk=shipment.pk)
    ours = set(map(str, others.values_list("reference", flat=True)))
    items = sorted((item, quantity) for item, quantity in shipment.items)
    return any(
        package.tracking == shipment.tracking and sorted(package.items) == items
        for reference, package in packages.items()
        if reference not in ours
    )


def _shipped_by_hand(order: OrderData, shipment: Shipment) -> bool:
    """Whether packages that are none of ours hold all that is in this parcel."""
    ours = set(
        map(str, Shipment.objects.filter(order=shipment.order).values_list("reference", flat=True))
    )
    packed: dict[str, int] = {}
    for package in order.packages:
        if package.reference not in ours:
            for item, quantity in package.items:
                packed[item] = packed.get(item, 0) + quantity
    return bool(shipment.items) and all(
        packed.get(item, 0) >= quantity for item, quantity in shipment.items
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
        said = without_its_buyer(shipment.order, str(silence))
        shipment.move(ShipmentState.UNKNOWN, reason=said)
        work.line(
            Outcome.FAILED,
            order_number=shipment.order.number,
            code=silence.code,
            message=str(Message(Code.OUTCOME_UNKNOWN, words=said)),
        )
    except AmazonError as error:
        _not_sent(shipment, error)
        raise
    else:
        _confirmed(work, shipment)


def _not_sent(shipment: Shipment, error: AmazonError) -> None:
    """Nothing left, so the shipment goes with a later run."""
    said = without_its_buyer(shipment.order, str(error))
    shipment.move(ShipmentState.NEW, reason=str(Message(Code.NOT_SENT, words=said)))


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

    See docs/amazon.md#orders-are-confirmed-by-hand-too. Amazon says "already fulfilled" where it
    has no package at all as well, so its packages are read before anything is believed.
    """
    about = {"order_number": shipment.order.number}
    if "already fulfilled" not in f"{refusal.message} {refusal.details}":
        said = without_its_buyer(shipment.order, refusal.message)
        whole = without_its_buyer(shipment.order, str(refusal))
        shipment.move(ShipmentState.REFUSED, reason=whole)
        work.line(Outcome.REFUSED, **about, code=refusal.amazon_code, message=said)
        return
    try:
        order = _order_at_amazon(work, shipment)
    except AmazonSyncError as lack:
        shipment.move(ShipmentState.UNKNOWN)
        _failed(work, shipment, lack)
        return
    if _amazon_has(order, shipment) or _shipped_by_hand(order, shipment):
        _confirmed(work, shipment, Message(Code.ALREADY_SHIPPED))
        return
    absent = Message(Code.NOT_WITH_AMAZON)
    shipment.move(ShipmentState.REFUSED, reason=str(absent))
    work.line(Outcome.REFUSED, **about, code=absent.code, message=str(absent))


def _confirmed(work: Work, shipment: Shipment, why: Message | None = None) -> None:
    """Amazon has it; ``why`` says how that is known, where it did not just answer so."""
    reason = str(why) if why else ""
    shipment.move(ShipmentState.CONFIRMED, reason=reason, not_before=None)
    work.line(Outcome.CONFIRMED, order_number=shipment.order.number, message=reason)


def try_again(shipments: Iterable[Shipment]) -> int:
    """Let refused shipments go again with the next run."""
    return sum(
        shipment.move(ShipmentState.NEW, reason="")
        for shipment in shipments
        if shipment.state == ShipmentState.REFUSED
    )
