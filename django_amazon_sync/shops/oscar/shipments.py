"""Shipments as Oscar records them: shipping events with line quantities and a note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from oscar.core.loading import get_model

from django_amazon_sync import conf
from django_amazon_sync.data import ShipmentData
from django_amazon_sync.shops.oscar.offers import valid_pks

if TYPE_CHECKING:
    from oscar.apps.order.models import ShippingEvent

ORDERS_PER_QUERY = 500

# "Carrier: DHL / Tracking: 00340434161094000000", on one line or on several.
LABELLED = re.compile(
    r"^\s*(?P<label>carrier|tracking|method)(?:\s+(?:number|no\.?|id))?\s*:\s*(?P<value>.*?)\s*$",
    re.IGNORECASE,
)
# A note without labels is taken for a tracking number only where it can be one: in "left with
# Mr Miller of 17 High Street" stand words.
TRACKING_NUMBER = re.compile(r"(?=.*\d)(?!(?:.* )?[a-z]{4,}(?: |$))[\w -]{4,60}", re.A | re.I)


def read_shipments(order_pks: Iterable[str]) -> Iterator[ShipmentData]:
    """The shipping events of these orders whose types mean "handed to the carrier"."""
    events = get_model("order", "ShippingEvent").objects.filter(
        event_type__code__in=conf.get("SHIPPING_EVENTS")
    )
    prefetched = events.prefetch_related("line_quantities__line").order_by("order_id", "pk")
    wanted = iter(sorted(valid_pks(get_model("order", "Order"), order_pks)))
    while chunk := list(islice(wanted, ORDERS_PER_QUERY)):
        for event in prefetched.filter(order_id__in=chunk):
            yield shipment(event)


def shipment(event: ShippingEvent) -> ShipmentData:
    """One event; lines that are not Amazon's have no item id and are left out."""
    said = read_note(event.notes)
    return ShipmentData(
        pk=str(event.pk),
        order_pk=str(event.order_id),
        shipped_at=event.date_created,
        carrier=said.get("carrier", ""),
        tracking=said.get("tracking", ""),
        items=tuple(
            (part.line.partner_line_reference, part.quantity)
            for part in event.line_quantities.all()
            if part.line.partner_line_reference
        ),
        shipping_method=said.get("method", ""),
    )


def read_note(note: str) -> dict[str, str]:
    """Carrier, tracking number and method out of an event's note, as far as it names them.

    A note without labels is the tracking number itself, as Oscar's dashboard suggests.
    """
    parts = [LABELLED.match(part) for part in re.split(r"[\n/;,]", note)]
    said = {part["label"].lower(): part["value"] for part in parts if part}
    if not said and TRACKING_NUMBER.fullmatch(note.strip()):
        return {"tracking": note.strip()}
    return said


def without_words(note: str) -> str:
    """An event's note with what ``read_note`` finds in it alone: the rest may name the buyer."""
    said = read_note(note)
    if list(said) == ["tracking"] and said["tracking"] == note.strip():
        return note
    return " / ".join(f"{label.capitalize()}: {value}" for label, value in said.items())
