"""What Amazon shows of orders where it does not show them as they are.

The simulator keeps the truth. On its way to whoever asks an order becomes odd, is left out, or
comes in an older copy; the judge is told what can be known of it by what was shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.histories.model import Document

if TYPE_CHECKING:
    from tests.histories.world import World

Json = dict[str, Any]

#: A time that no order has, and an id that no column holds.
FAR, LONG = "9999-12-31T23:59:59Z", "3" * 200


#: Amazon's statuses of an order that is paid.
SHIPPED = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")


@dataclass(frozen=True)
class Kind:
    """How a document becomes odd, and how much of it is certain all the same."""

    change: Callable[[Json], Json]
    #: The lines that can be read: all of them, all but the first, or none.
    lines: str = "all"
    #: Whether its status can be read.
    status: bool = True
    #: Whether it is an order like any other.
    sound: bool = False


def _with(**parts: Any) -> Callable[[Json], Json]:
    return lambda order: {**order, **parts}


def _in(name: str, **parts: Any) -> Callable[[Json], Json]:
    """Some parts of one of its objects are others; None leaves a part out."""

    def change(order: Json) -> Json:
        changed = {**order.get(name, {}), **parts}
        return {**order, name: {key: value for key, value in changed.items() if value is not None}}

    return change


def _total(amount: str, currency: str = "EUR") -> Callable[[Json], Json]:
    return _in("proceeds", grandTotal={"amount": amount, "currencyCode": currency})


def _first_line(**parts: Any) -> Callable[[Json], Json]:
    def change(order: Json) -> Json:
        first, *others = order["orderItems"]
        return {**order, "orderItems": [{**first, **parts}, *others]}

    return change


KINDS: dict[str, Kind] = {
    # It lacks something.
    "items null": Kind(_with(orderItems=None), "none"),
    "items empty": Kind(_with(orderItems=[]), "none"),
    "no total": Kind(_in("proceeds", grandTotal=None)),
    "no proceeds": Kind(_with(proceeds=None)),
    "no status": Kind(_in("fulfillment", fulfillmentStatus=None), status=False),
    "SUSPENDED": Kind(_in("fulfillment", fulfillmentStatus="SUSPENDED"), status=False),
    "UNFULFILLABLE": Kind(_in("fulfillment", fulfillmentStatus=""), status=False),
    # It cannot be read.
    "items odd": Kind(_with(orderItems="odd"), "none"),
    "another currency": Kind(_total("1.00", "USD")),
    "no number": Kind(_total("N/A")),
    "huge total": Kind(_total("1E+1000000")),
    "other digits": Kind(_total("1_000")),
    "huge quantity": Kind(_first_line(quantityOrdered=10**30), "rest"),
    "no quantity": Kind(_first_line(quantityOrdered="x"), "rest"),
    "line without an id": Kind(_first_line(orderItemId=""), "rest"),
    "line with a long id": Kind(_first_line(orderItemId=LONG), "rest"),
    "year 9999": Kind(_with(lastUpdatedTime=FAR), status=False),
    "a time to come": Kind(
        lambda order: {**_total("N/A")(order), "lastUpdatedTime": "2150-01-01T00:00:00Z"}
    ),
    "year 1": Kind(_with(createdTime="0001-01-01T00:00:00Z"), status=False),
    # It is an order like any other.
    "half an emoji": Kind(_in("buyer", buyerName="Ann \ud83d"), sound=True),
    "NUL": Kind(_in("buyer", buyerEmail="a\0b@example.com"), sound=True),
    "long words": Kind(_in("fulfillment", fulfillmentServiceLevel="x" * 3000), sound=True),
    "nobody ships": Kind(_in("fulfillment", fulfilledBy=None), sound=True),
}


#: What a search may show that is not so, in a copy that looks whole.
CONTRADICTIONS: dict[str, Callable[[Json], Json]] = {
    "cancelled": _in("fulfillment", fulfillmentStatus="CANCELLED"),
    "a unit less": lambda order: _first_line(
        quantityOrdered=order["orderItems"][0]["quantityOrdered"] - 1
    )(order),
    "a line less": lambda order: {**order, "orderItems": order["orderItems"][1:]},
}

#: Up to when a search is complete that found nothing.
BEFORE = "2000-01-01T00:00:00Z"


@dataclass
class Documents:
    """What is odd now, by the order's number."""

    world: World
    odd: dict[str, str] = field(default_factory=dict)
    #: Odd ones that stay so, whatever else is mended.
    for_good: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    #: Which no search shows, ever; their ids do.
    unsearched: set[str] = field(default_factory=set)
    #: Which no question by its id shows, ever.
    unanswered: set[str] = field(default_factory=set)
    #: Of which a line that was cancelled is named no more, or no line once all are.
    bare: set[str] = field(default_factory=set)
    #: Of which an older copy comes last in each page.
    late: dict[str, Json] = field(default_factory=dict)
    #: Of which searches show this older copy alone, or its id does.
    instead: dict[str, Json] = field(default_factory=dict)
    behind: dict[str, Json] = field(default_factory=dict)
    #: What searches show that is not so.
    misread: dict[str, str] = field(default_factory=dict)
    #: Whether a window with an end shows nothing, up to a time before its beginning.
    blind: bool = False
    #: What else is in the next pages, and up to when they say that they are complete.
    junk: list[Any] = field(default_factory=list)
    until: str = ""
    #: Orders from before the cut-over, exchanges at nothing, and those that staff placed as is.
    old: set[str] = field(default_factory=set)
    replacements: set[str] = field(default_factory=set)
    as_it_is: set[str] = field(default_factory=set)
    elsewhere: bool = False
    #: Those that Amazon ever showed whole, and to be shipped.
    to_be_shipped: set[str] = field(default_factory=set)
    #: Orders of several things, and others that no other operation touches.
    baskets: list[str] = field(default_factory=list)
    #: What was asked of Amazon with this reply, as it is, and how it was shown.
    _shown: list[tuple[Json, str]] = field(default_factory=list)
    _whole: set[tuple[str, datetime]] = field(default_factory=set)

    def tells(self, incoming: Incoming, reply: Reply) -> Reply:
        """The reply as it leaves."""
        self._shown = []
        if incoming.method != "GET" or "orders" not in incoming.segments or reply.status != 200:
            return reply
        try:
            body = json.loads(reply.body)
        except ValueError:
            return reply
        if "order" in body:
            if body["order"]["orderId"] in self.gone | self.unanswered:
                refused = {"errors": [{"code": "NotFound", "message": "Not found", "details": ""}]}
                return replace(reply, status=404, body=json.dumps(refused).encode())
            behind = self.behind.get(body["order"]["orderId"])
            body["order"] = self._older(behind) if behind else self._as_shown(body["order"])
        elif "orders" in body and self.blind and "lastUpdatedBefore" in incoming.query:
            body["orders"], body["lastUpdatedBefore"] = [], BEFORE
        elif "orders" in body:
            body["orders"] = self._page(body["orders"])
            if self.until:
                body["lastUpdatedBefore"] = self.until
        return replace(reply, body=json.dumps(body).encode())

    def _page(self, orders: list[Json]) -> list[Any]:
        hidden = self.gone | self.unsearched
        there = [order for order in orders if order["orderId"] not in hidden]
        older = [self.late[order["orderId"]] for order in there if order["orderId"] in self.late]
        return [*map(self._in_a_page, there), *map(self._older, older), *self.junk]

    def _older(self, copy: Json) -> Json:
        """As the order was once, and whole."""
        self._shown.append((copy, ""))
        return deepcopy(copy)

    def _in_a_page(self, order: Json) -> Json:
        number = order["orderId"]
        if number in self.instead:
            return self._older(self.instead[number])
        shown = self._as_shown(order)
        return CONTRADICTIONS[self.misread[number]](shown) if number in self.misread else shown

    def _as_shown(self, order: Json) -> Json:
        number = order["orderId"]
        kind = self.odd.get(number, "")
        self._shown.append((order, kind))
        if number in self.bare:
            left = [item for item in order["orderItems"] if item["quantityOrdered"]]
            order = {**order, "orderItems": left}
        if not kind or not order["orderItems"]:
            return order
        if not KINDS[kind].sound:
            self.world.amazon.faulted_at = self.world.clock.seconds
        return KINDS[kind].change(order)

    # --- What the judge knows by it --------------------------------------------------------------

    def heard(self, incoming: Incoming, reply: Reply) -> None:
        """An answer arrived; nothing is known of one that is not whole."""
        shown, self._shown = self._shown, []
        if not (reply.drop or reply.cut) and reply.status == 200:
            for order, kind in shown:
                self._note(order, kind)
        if "orders" in incoming.segments and self.world.amazon.switches.omitted_orders:
            self.world.judge.timing.searched()

    def _note(self, order: Json, kind: str) -> None:
        document = Document.of({**order, "orderItems": order["orderItems"] or []})
        versions = self.world.judge.told[document.number]
        before = versions[max(versions)] if versions else None
        moment = (document.number, document.updated)
        if not kind or KINDS[kind].sound:
            self._whole.add(moment)
            if document.status in SHIPPED:
                self.to_be_shipped.add(document.number)
        elif moment in self._whole:
            return
        else:
            document = self._certain(order, document, KINDS[kind], before)
        unknown = self._units_are_unknown(document, kind, before)
        self.world.judge.timing.units_are_unknown(document.number, unknown)
        if not document.units and document.status != "CANCELLED" and before:
            document = replace(document, units=before.units)  # it lacks its lines
        versions[document.updated] = document

    def _units_are_unknown(self, document: Document, kind: str, before: Document | None) -> bool:
        """Whether nobody can tell what it holds: it names no line, and never did."""
        named = not kind or KINDS[kind].lines != "none" or bool(before and before.units)
        return document.sells and not named

    def _certain(
        self, order: Json, document: Document, kind: Kind, before: Document | None
    ) -> Document:
        if document.status == "CANCELLED" and kind.status:
            return document
        units = dict(before.units) if before else {}
        lines = {"all": order["orderItems"], "rest": order["orderItems"][1:], "none": []}
        certain: dict[str, int] = {}
        for item in lines[kind.lines]:
            sku = item["product"]["sellerSku"]
            certain[sku] = certain.get(sku, 0) + item["quantityOrdered"]
        status = document.status if kind.status else "UNSHIPPED"
        return replace(document, units=units | certain, status=status)

    # --- The end ---------------------------------------------------------------------------------

    def are_whole(self) -> None:
        """What passes is over: Amazon shows what is not odd for good as it is."""
        self.world.judge.recorded -= self.odd.keys() - self.for_good
        self.odd = {
            number: kind
            for number, kind in self.odd.items()
            if number in self.for_good or KINDS[kind].sound
        }
        for number in sorted(self.gone):
            self.world.amazon.set_order(number)  # it comes back by its next change
        self.gone.clear()
        for odd in (self.late, self.instead, self.behind, self.misread, self.junk):
            odd.clear()
        self.until, self.blind = "", False
