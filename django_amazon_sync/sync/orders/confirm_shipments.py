"""Shipments out: what the shop sent off is confirmed to Amazon, once per parcel, and seen there.

1. What left earlier is looked for among Amazon's packages (``proof``).
2. Each parcel of the shop gets a row with its own package reference, before anything is sent; what
   is to go once more is held against what the shop says of it now (``parcels``).
3. Each complete parcel is confirmed. The same reference sent twice edits that package, so a
   confirmation that is sent again adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon import shipments as gateway
from django_amazon_sync.data import PackageToConfirm
from django_amazon_sync.errors import (
    AmazonError,
    AmazonSyncError,
    Halted,
    Rejected,
    Unavailable,
    Unexpected,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Outcome, Shipment, ShipmentState
from django_amazon_sync.sync.orders import proof
from django_amazon_sync.sync.orders.parcels import note_parcels
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.work import Stores, Work, why_not_writing

#: What staff may send again, and what they may take as done.
SENT_AGAIN = (ShipmentState.REFUSED, ShipmentState.UNSEEN)
TAKEN_AS_DONE = (*SENT_AGAIN, ShipmentState.WAITING)


def confirm_shipments(work: Work) -> None:
    """Confirm what the shop has shipped of this account's orders and Amazon does not know yet."""
    if not work.account.writes_from(conf.get("DEPLOYMENT")):
        raise Halted(why_not_writing(work.account))
    proof.prove_by_documents(work)
    stop: AmazonSyncError | None = proof.look_at_amazon(work)
    broken = note_parcels(work)
    proof.look_before_sending(work)
    stores = Stores(work)
    ready = Shipment.objects.filter(order__account=work.account, state=ShipmentState.NEW)
    for pk in list(ready.order_by("order__ship_by", "pk").values_list("pk", flat=True)):
        shipment = _with_order().get(pk=pk)
        if shipment.order.waits_for_staff:
            continue  # the buyer asked a moment ago, or the shop could not be asked
        with stores.go_on_without(shipment.order.marketplace) as allowed:
            if allowed:
                _confirm_apart(work, shipment)
    if stop := stores.leave_out() or stop or broken:
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
        proof.ask_later(work, shipment, Unexpected.from_fault(fault))


def confirm(work: Work, shipment: Shipment) -> None:
    """Confirm one shipment; its line says what became of it.

    Raises where it is no use to go on with the others.
    """
    work.check_writing()
    before = shipment.sent_at
    if not shipment.move(ShipmentState.SENT, sent_at=clock.now(), reason=""):
        return  # another worker has it
    try:
        gateway.confirm_shipment(work.client, _package(shipment, work.client.now()))
    except Rejected as refusal:
        _take_refusal(work, shipment, refusal, before)
    except Unavailable as silence:
        if not silence.sent:
            _not_sent(shipment, silence, before)
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
        _not_sent(shipment, error, before)
        raise
    else:
        _accepted(work, shipment)


def _not_sent(shipment: Shipment, error: AmazonError, before: datetime | None) -> None:
    """Nothing left, so the shipment goes with a later run; it was sent when it was ``before``."""
    said = str(Message(Code.NOT_SENT, words=without_its_buyer(shipment.order, str(error))))
    shipment.move(ShipmentState.NEW, reason=said, sent_at=before)


def _accepted(work: Work, shipment: Shipment) -> None:
    """Amazon took it, which proves nothing: it is looked for."""
    sent = shipment.sent_at or clock.now()
    shipment.move(ShipmentState.CONFIRMED, reason="", not_before=proof.first_look(sent))
    work.line(Outcome.CONFIRMED, order_number=shipment.order.number)


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
        shipping_method=str(shipment.told.get("method") or ""),
    )


def _take_refusal(
    work: Work, shipment: Shipment, refusal: Rejected, before: datetime | None
) -> None:
    """Refused, with Amazon's words; unless Amazon has it already, also from another hand.

    What was refused never reached Amazon, so the parcel was sent when it was ``before``: one that
    never was has a reference that is nobody's yet.

    See docs/amazon.md#orders-are-confirmed-by-hand-too. Amazon says "already fulfilled" where it
    has no package at all as well, so its packages are read before anything is believed.
    """
    about = {"order_number": shipment.order.number}
    if "already fulfilled" not in f"{refusal.message} {refusal.details}":
        said = without_its_buyer(shipment.order, refusal.message)
        whole = without_its_buyer(shipment.order, str(refusal))
        shipment.move(ShipmentState.REFUSED, reason=whole, sent_at=before)
        work.line(Outcome.REFUSED, **about, code=refusal.amazon_code, message=said)
        return
    try:
        read = proof.order_at_amazon(work, shipment.order)
    except AmazonSyncError as lack:
        shipment.move(ShipmentState.UNKNOWN)
        proof.not_shown(work, shipment, lack)
        return
    if proof.is_there(work, shipment, read):
        return
    absent = Message(Code.NOT_WITH_AMAZON)
    shipment.move(ShipmentState.REFUSED, reason=str(absent))
    work.line(Outcome.REFUSED, **about, code=absent.code, message=str(absent))


# --- What staff decide --------------------------------------------------------------------------


def try_again(shipments: Iterable[Shipment]) -> int:
    """Let shipments that Amazon refused, or does not show, go again with the next run."""
    return sum(
        shipment.move(ShipmentState.NEW, reason="", unseen=0, not_before=None)
        for shipment in shipments
        if shipment.state in SENT_AGAIN
    )


def take_as_done(shipments: Iterable[Shipment]) -> int:
    """Let shipments be that staff have settled otherwise; nothing more of them is sent."""
    said = str(Message(Code.TAKEN_AS_DONE))
    return sum(
        shipment.move(ShipmentState.DONE, reason=said, not_before=None)
        for shipment in shipments
        if shipment.state in TAKEN_AS_DONE
    )
