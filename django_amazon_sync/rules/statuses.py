"""What an Amazon order's status means for the shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django_amazon_sync.data import OrderData

#: Amazon's statuses (orders_2026-01-01.json, FulfillmentStatus).
PENDING = frozenset({"PENDING", "PENDING_AVAILABILITY"})
PAID = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})

#: The code of an order that is recorded because it is older than the connection.
BEFORE_CUT_OVER = "before-cut-over"

#: The only sales channel whose orders are placed (orders_2026-01-01.json, SalesChannel).
OUR_CHANNEL = "AMAZON"


@dataclass(frozen=True, slots=True)
class Decision:
    """The state that an order takes here, whether it takes the shop's stock, and why."""

    state: str
    takes_stock: bool
    code: str = ""
    reason: str = ""


def decide(order: OrderData, *, cut_over: datetime, asked_for: bool = False) -> Decision:
    """What to do with an order that is not placed yet.

    ``asked_for`` is True where staff asked for orders from before the cut-over.
    """
    older = order.created < cut_over
    takes_stock = order.fulfilled_by != "AMAZON" and not older
    if order.channel and order.channel != OUR_CHANNEL:
        return Decision(
            "recorded", False, "channel", f"It was sold on {order.channel}, not on Amazon."
        )
    if order.status == "CANCELLED":
        return Decision("cancelled", takes_stock, "cancelled", "Cancelled on Amazon.")
    if order.status == "UNFULFILLABLE":
        return Decision(
            "recorded", False, "unfulfillable", "Amazon says that it cannot be fulfilled."
        )
    if older and not asked_for:
        return Decision(
            "recorded",
            False,
            BEFORE_CUT_OVER,
            "It is from before the cut-over; it is placed when staff ask for it.",
        )
    if order.status in PENDING:
        return Decision("held", takes_stock, "pending", "The payment is pending on Amazon.")
    if order.status not in PAID:
        word = order.status or "nothing"
        return Decision(
            "seen", takes_stock, "status", f"Amazon's status is {word}, which is not known here."
        )
    if order.fulfilled_by == "AMAZON" and order.status != "SHIPPED":
        return Decision("held", False, "amazon-ships", "Placed once Amazon has shipped it.")
    if order.amounts is None:
        return Decision("seen", takes_stock, "total", "Amazon named no total; asked again later.")
    return Decision("waiting", takes_stock)
