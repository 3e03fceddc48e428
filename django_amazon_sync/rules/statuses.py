"""What an Amazon order's status means for the shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django_amazon_sync.data import OrderData, StatusFlow
from django_amazon_sync.messages import Code, Message

#: Amazon's statuses (orders_2026-01-01.json, FulfillmentStatus).
PENDING = frozenset({"PENDING", "PENDING_AVAILABILITY"})
PAID = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})

#: Those that staff give a status of the shop, in the order in which Amazon gives them.
MAPPED = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED")

#: The only sales channel whose orders are placed (docs/amazon.md#orders-of-other-channels).
OUR_CHANNEL = "AMAZON"


#: The only word of Amazon's that says so of an order that Amazon ships itself.
AMAZON = "AMAZON"


def ships_by_amazon(fulfilled_by: str) -> bool:
    """Whether Amazon ships it from its own warehouse; every other word, or none, is the merchant.

    So an order of whom Amazon says nothing takes the shop's stock, is placed, and its shipment is
    confirmed.
    """
    return fulfilled_by == AMAZON


@dataclass(frozen=True, slots=True)
class Decision:
    """The state that an order takes here, whether it takes the shop's stock, and why."""

    state: str
    takes_stock: bool
    why: Message | None = None

    @property
    def code(self) -> str:
        """The code of the reason; empty for an order that nothing keeps from being placed."""
        return self.why.code if self.why else ""

    @property
    def reason(self) -> str:
        """The reason in English."""
        return str(self.why) if self.why else ""


def decide(
    order: OrderData, *, cut_over: datetime, asked_for: bool = False, as_it_is: bool = False
) -> Decision:
    """What to do with an order that is not placed yet.

    ``asked_for`` is True where staff asked for orders from before the cut-over, ``as_it_is`` where
    they want this one placed though it lacks its total or a status.
    """
    older = order.created < cut_over
    takes_stock = not ships_by_amazon(order.fulfilled_by) and not older
    if order.channel and order.channel != OUR_CHANNEL:
        return Decision("recorded", False, Message(Code.CHANNEL, channel=order.channel))
    if status_now(order) == "CANCELLED":
        return Decision("cancelled", takes_stock, Message(Code.CANCELLED))
    if order.status == "UNFULFILLABLE":
        return Decision("recorded", False, Message(Code.UNFULFILLABLE))
    if older and not asked_for:
        return Decision("recorded", False, Message(Code.BEFORE_CUT_OVER))
    if not order.lines:
        return Decision("seen", takes_stock, Message(Code.ITEMS))
    if order.status in PENDING:
        return Decision("held", takes_stock, Message(Code.PENDING))
    return Decision("waiting", takes_stock) if as_it_is else _of_paid(order, takes_stock)


def _of_paid(order: OrderData, takes_stock: bool) -> Decision:
    """What to do with one that is to be shipped, if Amazon says all that placing needs."""
    if order.status not in PAID:
        why = Message(Code.STATUS, status=order.status or "nothing")
        return Decision("seen", takes_stock, why)
    if ships_by_amazon(order.fulfilled_by) and order.status != "SHIPPED":
        return Decision("held", False, Message(Code.AMAZON_SHIPS))
    if order.amounts is None:
        return Decision("seen", takes_stock, Message(Code.TOTAL))
    return Decision("waiting", takes_stock)


def lacks(order: OrderData) -> Message | None:
    """What an answer of Amazon lacks, so that it can change nothing in the shop; None: nothing.

    What is lacking is no statement that there is nothing. A cancelled order needs nothing more.
    """
    if order.status == "CANCELLED":
        return None
    if not order.lines:
        return Message(Code.ITEMS)
    if not order.status:
        return Message(Code.STATUS, status="nothing")
    if order.amounts is None and order.status in PAID:
        return Message(Code.TOTAL)
    return None


def status_now(order: OrderData) -> str:
    """Amazon's status; an order whose lines were all cancelled one by one is cancelled too."""
    emptied = bool(order.lines) and not any(line.quantity for line in order.lines)
    return "CANCELLED" if emptied else order.status


def is_delivered(order: OrderData) -> bool:
    """Whether all of it was shipped, and each parcel that Amazon shows is with the buyer."""
    there = [package.status for package in order.packages if package.status != "CANCELLED"]
    return order.status == "SHIPPED" and bool(there) and set(there) == {"DELIVERED"}


@dataclass(frozen=True, slots=True)
class NoWay:
    """A status of Amazon whose status in the shop cannot be reached from the one before."""

    status: str
    start: str
    end: str


def impossible_steps(mapped: Mapping[str, str], flow: StatusFlow) -> list[NoWay]:
    """The steps of an order's life on Amazon that the shop's statuses do not permit.

    An order begins with the shop's first status and follows Amazon's as far as they are mapped.
    One can be cancelled until it is shipped whole. A way never leads through the shop's status of
    a cancelled order.
    """
    cancelled = mapped.get("CANCELLED", "")
    path = [("", flow.first)] if flow.first else []
    path += [(name, mapped[name]) for name in MAPPED[:-1] if mapped.get(name)]
    steps = [(name, start, end) for (_before, start), (name, end) in pairwise(path)]
    if cancelled:
        open_ones = [shops for name, shops in path if name != "SHIPPED"]
        steps += [("CANCELLED", start, cancelled) for start in open_ones]
    return [
        NoWay(name, start, end)
        for name, start, end in steps
        if flow.way(start, end, cancelled) is None
    ]
