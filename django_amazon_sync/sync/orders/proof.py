"""Whether a parcel is on Amazon: only what Amazon shows under the parcel's own reference proves it.

No answer does: Amazon drops what it accepted, carries out what it did not answer, and refuses as
fulfilled what it does not have (docs/amazon.md#a-confirmation-works-later). So each parcel that may
have left is looked for: among the documents that the import keeps, and else by asking Amazon for
its order. What is not seen in its time is sent once more, where that cannot double anything, and
then wants a person. What somebody else confirmed is not confirmed a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.amazon.carriers import OTHER
from django_amazon_sync.data import OrderData
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    Disconnected,
    Misplaced,
    Throttled,
    Unavailable,
    Unreadable,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import AmazonOrder, Outcome, Shipment, ShipmentState
from django_amazon_sync.rules.parcels import (
    Parcel,
    Standing,
    number_of,
    others_among,
    standing_of,
)
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.bulk import in_pages
from django_amazon_sync.sync.runs.work import Stores, Work

#: How long a parcel or an order is left alone after Amazon was asked for it.
PAUSE = timedelta(minutes=15)

#: An order that Amazon has not shown for so long after its parcel was sent wants a person.
NOT_SHOWN_FOR = timedelta(days=1)

#: So many questions in a row without an answer are an outage, and no fault of the orders.
OUTAGE = 3

#: Orders whose documents are read together.
DOCUMENTS_PER_PAGE = 50

#: The outcome of these is open.
LEFT = (ShipmentState.SENT, ShipmentState.UNKNOWN)

#: These have not left, or nobody knows of them on Amazon.
NOT_THERE = (
    ShipmentState.WAITING,
    ShipmentState.NEW,
    ShipmentState.REFUSED,
    ShipmentState.UNSEEN,
)

CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Shown:
    """An order as Amazon shows it, beside all parcels of it that we know."""

    read: OrderData
    parcels: list[Shipment]

    @property
    def ours(self) -> set[int]:
        """The references that Amazon was told by us."""
        return {shipment.reference for shipment in self.parcels if shipment.sent_at}

    def standing(self, shipment: Shipment) -> Standing:
        """Where one of our parcels stands."""
        parcel = Parcel(
            shipment.reference,
            shipment.tracking,
            _units([shipment]),
            left=shipment.sent_at is not None,
            corrected_carrier=_carrier_of(shipment) if shipment.seen_at else "",
        )
        settled = (
            other
            for other in self.parcels
            if other.state == ShipmentState.DONE and other.pk != shipment.pk
        )
        ordered = {line.item_id: line.quantity for line in self.read.lines}
        return standing_of(
            parcel,
            self.read.packages,
            ours=self.ours,
            spoken_for=_units(settled),
            ordered=ordered,
        )

    def others(self) -> str:
        """The parcels that are not ours, as staff find them in Seller Central."""
        found = others_among(self.read.packages, self.ours)
        return "; ".join(
            " ".join(filter(None, (package.reference, package.carrier, package.tracking)))
            for package in found
        )


def _carrier_of(shipment: Shipment) -> str:
    return shipment.carrier_name if shipment.carrier == OTHER else shipment.carrier


def _units(shipments: Iterable[Shipment]) -> Counter[str]:
    units: Counter[str] = Counter()
    for shipment in shipments:
        for item, quantity in shipment.items:
            units[item] += quantity
    return units


def seen_within() -> timedelta:
    """How long Amazon has to show a parcel that it accepted."""
    return timedelta(seconds=conf.get("PARCEL_SEEN_WITHIN"))


# --- What the import has read already -----------------------------------------------------------


def prove_by_documents(work: Work) -> None:
    """Settle what Amazon accepted and the documents of orders show, without asking Amazon."""
    accepted = Q(state=ShipmentState.CONFIRMED, not_before__lte=clock.now())
    for shipment, shown in _in_documents(work, accepted):
        if shipment.state == ShipmentState.CONFIRMED and shown.standing(shipment) is Standing.SEEN:
            _seen(work, shipment)


def look_before_sending(work: Work) -> None:
    """Settle what the documents of orders tell of parcels that have not left, or of which nobody
    knows on Amazon; they tell of parcels that somebody else confirmed, too."""
    for shipment, shown in _in_documents(work, Q(state__in=NOT_THERE)):
        if shipment.state in NOT_THERE:
            _settle_by_document(work, shipment, shown)


def _in_documents(work: Work, due: Q) -> Iterator[tuple[Shipment, Shown]]:
    """All parcels of the orders of which one is due, beside what the order's document shows."""
    orders = AmazonOrder.objects.filter(
        account=work.account, pk__in=Shipment.objects.filter(due).values("order")
    )
    for order in in_pages(orders.prefetch_related("shipments"), DOCUMENTS_PER_PAGE):
        try:
            read = gateway.read_order(order.document)
        except (Misplaced, Unreadable):
            continue  # Amazon is asked for it, where need be
        shown = Shown(read, list(order.shipments.all()))
        for shipment in shown.parcels:
            shipment.order = order
            yield shipment, shown


def _settle_by_document(work: Work, shipment: Shipment, shown: Shown) -> None:
    standing = shown.standing(shipment)
    if standing is Standing.OTHERS:
        _settled_by_others(work, shipment, shown)
    elif standing is Standing.SEEN and _waits_to_be_seen(shipment):
        _seen(work, shipment)
    elif _is_for_nothing(shipment, shown):
        _wants_a_person(work, shipment, Message(Code.ORDER_IS_CANCELLED))
    elif shipment.state == ShipmentState.NEW:
        _before_it_leaves(work, shipment, shown, standing)


def _is_for_nothing(shipment: Shipment, shown: Shown) -> bool:
    """Whether its order is cancelled: what it lacks need not be added any more, and Amazon need
    not be told of it."""
    waits = shipment.state in (ShipmentState.WAITING, ShipmentState.NEW)
    return waits and shipment.seen_at is None and shown.read.status == CANCELLED


def _waits_to_be_seen(shipment: Shipment) -> bool:
    """Of a correction that waits, is on its way, or refused, what was there before proves
    nothing."""
    if shipment.state in (ShipmentState.REFUSED, ShipmentState.WAITING):
        return shipment.seen_at is None
    return shipment.state != ShipmentState.NEW or shipment.unseen > 0


def _before_it_leaves(work: Work, shipment: Shipment, shown: Shown, standing: Standing) -> None:
    """No parcel of somebody else is edited, and none is confirmed a second time."""
    if standing is Standing.NO_ROOM:
        _wants_a_person(work, shipment, Message(Code.NO_ROOM_BESIDE, parcels=shown.others()))
        return
    taken = {number_of(package) for package in shown.read.packages}
    if shipment.sent_at is None and shipment.reference in taken:
        # Nobody knows our number yet, and by this one Amazon knows a parcel that is not ours.
        last = Shipment.objects.filter(order=shipment.order).aggregate(last=Max("reference"))
        shipment.reference = max(taken | {last["last"] or 0}) + 1
        shipment.save(update_fields=["reference"])


# --- What Amazon is asked for --------------------------------------------------------------------


def look_at_amazon(work: Work) -> AmazonError | None:
    """Ask Amazon for the orders of parcels of which nobody knows yet whether it has them.

    An order that Amazon does not show costs no other, and is asked for again later. Returns what
    stopped the asking, if Amazon answered nothing any more.
    """
    now = clock.now()
    outcome_open = Q(state__in=LEFT) & (Q(not_before=None) | Q(not_before__lte=now))
    accepted = Q(state=ShipmentState.CONFIRMED, not_before__lte=now)
    due = Shipment.objects.filter(outcome_open | accepted, order__account=work.account)
    unanswered, readable = 0, Stores(work)
    for order, shipments in list(_by_order(due)):
        work.lease.check()
        read: OrderData | None = None
        try:
            with readable.go_on_without(order.marketplace) as allowed:
                read = order_at_amazon(work, order) if allowed else None
        except (Throttled, Disconnected) as stop:
            return stop
        except AmazonSyncError as lack:
            for shipment in shipments:
                not_shown(work, shipment, lack)
            unanswered = unanswered + 1 if isinstance(lack, Unavailable) else 0
            if unanswered >= OUTAGE and isinstance(lack, AmazonError):
                return lack
            continue
        if read is not None:
            unanswered = 0
            _settle_each(work, order, read, {shipment.pk for shipment in shipments})
    return readable.leave_out()


def _by_order(due: QuerySet[Shipment]) -> Iterator[tuple[AmazonOrder, list[Shipment]]]:
    """The shipments of each order; whatever is to be shipped first comes first."""
    found: dict[int, list[Shipment]] = {}
    with_order = due.select_related("order").defer("order__document")
    for shipment in with_order.order_by("order__ship_by", "order_id", "pk"):
        found.setdefault(shipment.order_id, []).append(shipment)
    for shipments in found.values():
        yield shipments[0].order, shipments


def order_at_amazon(work: Work, order: AmazonOrder) -> OrderData:
    """The order as Amazon shows it now. Raises AmazonError, or Unreadable."""
    read, _raw = gateway.get_order(work.client, order.number)
    if not isinstance(read, OrderData):
        raise Unreadable(read.reason)
    return read


def not_shown(work: Work, shipment: Shipment, reason: AmazonSyncError) -> None:
    """Amazon did not show the order: it is asked again, and after a day a person is."""
    said = without_its_buyer(shipment.order, str(reason))
    sent = shipment.sent_at
    if sent and sent < clock.now() - NOT_SHOWN_FOR:
        shipment.move(ShipmentState.UNKNOWN)
        _wants_a_person(work, shipment, Message(Code.NOT_SHOWN_FOR_LONG, words=said))
    else:
        ask_later(work, shipment, reason)


def ask_later(work: Work, shipment: Shipment, reason: AmazonSyncError) -> None:
    """Leave it alone for a while; its line says why."""
    said = without_its_buyer(shipment.order, str(reason))
    Shipment.objects.filter(pk=shipment.pk).update(reason=said, not_before=clock.now() + PAUSE)
    number = shipment.order.number
    work.line(Outcome.FAILED, order_number=number, code=reason.code, message=said)


def _settle_each(work: Work, order: AmazonOrder, read: OrderData, due: set[int]) -> None:
    """Settle the shipments (pk) of an order by what Amazon shows."""
    shown = Shown(read, list(Shipment.objects.filter(order=order).order_by("pk")))
    for shipment in shown.parcels:
        if shipment.pk in due:
            shipment.order = order
            _settle(work, shipment, shown)


def is_there(work: Work, shipment: Shipment, read: OrderData) -> bool:
    """Settle a parcel that Amazon shows, or somebody else's in its stead; whether there is one."""
    shown = Shown(read, list(Shipment.objects.filter(order=shipment.order)))
    standing = shown.standing(shipment)
    if standing is Standing.SEEN:
        _seen(work, shipment)
    elif standing is Standing.OTHERS:
        _settled_by_others(work, shipment, shown)
    return standing in (Standing.SEEN, Standing.OTHERS)


def _settle(work: Work, shipment: Shipment, shown: Shown) -> None:
    """Take in what Amazon shows of a parcel that may have left."""
    shipment.move(ShipmentState.UNKNOWN)  # of one whose worker died
    standing = shown.standing(shipment)
    if standing is Standing.SEEN:
        _seen(work, shipment)
    elif standing is Standing.OTHERS:
        _settled_by_others(work, shipment, shown)
    elif shipment.state == ShipmentState.CONFIRMED:
        _not_seen(work, shipment, shown, standing)
    elif against := _speaks_against_sending(shipment, shown, standing):
        _wants_a_person(work, shipment, against)
    else:
        shipment.move(ShipmentState.NEW, reason="", not_before=None)


# --- What becomes of it --------------------------------------------------------------------------


def _seen(work: Work, shipment: Shipment) -> None:
    said = Message(Code.READ_BACK)
    if shipment.move(
        ShipmentState.SEEN, seen_at=clock.now(), not_before=None, unseen=0, reason=str(said)
    ):
        work.line(Outcome.VERIFIED, order_number=shipment.order.number, message=str(said))


def _settled_by_others(work: Work, shipment: Shipment, shown: Shown) -> None:
    """Somebody else confirmed all of it: it is not confirmed a second time."""
    said = Message(Code.OTHERS_PARCEL, parcels=shown.others())
    if shipment.move(ShipmentState.DONE, not_before=None, reason=str(said)):
        number = shipment.order.number
        work.line(Outcome.CONFIRMED, order_number=number, code=said.code, message=str(said))


def _not_seen(work: Work, shipment: Shipment, shown: Shown, standing: Standing) -> None:
    """Accepted and not shown: it has its time, goes once more, and then wants a person."""
    now, sent = clock.now(), shipment.sent_at or clock.now()
    if now < sent + seen_within():
        look_again = _next_look(now, sent)
        Shipment.objects.filter(pk=shipment.pk).update(not_before=look_again)
        return
    if against := _speaks_against_sending(shipment, shown, standing):
        _wants_a_person(work, shipment, against)
    elif shipment.unseen:
        _wants_a_person(work, shipment, _why_not_proven(shipment, standing))
    else:
        said = Message(Code.NOT_SEEN, at=sent)
        shipment.move(ShipmentState.NEW, unseen=1, not_before=None, reason=str(said))
        number = shipment.order.number
        work.line(Outcome.FAILED, order_number=number, code=said.code, message=str(said))


def _next_look(now: datetime, sent: datetime) -> datetime:
    """After a pause, and when its time is over at the latest."""
    return min(now + PAUSE, sent + seen_within())


def first_look(sent: datetime) -> datetime:
    """When a parcel that Amazon has just accepted is looked for."""
    return _next_look(sent, sent)


def _speaks_against_sending(shipment: Shipment, shown: Shown, standing: Standing) -> Message | None:
    """Why sending it again might double a parcel, or change one that is not ours."""
    if shown.read.status == CANCELLED:
        return Message(Code.ORDER_IS_CANCELLED)
    if standing is Standing.NO_ROOM:
        return Message(Code.NO_ROOM_BESIDE, parcels=shown.others())
    if standing is Standing.OTHER_ITEMS and shipment.seen_at is None:
        return _why_not_proven(shipment, standing)  # it may be somebody else's
    return None


def _why_not_proven(shipment: Shipment, standing: Standing) -> Message:
    if standing is Standing.ABSENT:
        return Message(Code.NEVER_SEEN)
    return Message(Code.SHOWN_OTHERWISE, reference=str(shipment.reference))


def _wants_a_person(work: Work, shipment: Shipment, said: Message) -> None:
    if shipment.move(ShipmentState.UNSEEN, not_before=None, reason=str(said)):
        number = shipment.order.number
        work.line(Outcome.FAILED, order_number=number, code=said.code, message=str(said))
