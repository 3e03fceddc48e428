"""What a report of orders says of an order that is here, and where the two differ.

A report is no more right than what is here: where they differ, Amazon is asked for the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django_amazon_sync.data import Money, ReportedOrder
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.rules.statuses import PENDING

#: The beginning of a report's word -> the statuses of the API that it may stand for, longer ones
#: first (docs/amazon.md#reports-have-words-for-statuses). Others say nothing.
_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("pending -", PENDING | {"UNSHIPPED"}),  # waits for pick-up, say
    ("pending", PENDING),
    ("partiallyshipped", frozenset({"PARTIALLY_SHIPPED", "SHIPPED"})),
    ("partially shipped", frozenset({"PARTIALLY_SHIPPED", "SHIPPED"})),
    ("shipping", frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})),
    ("shipped", frozenset({"SHIPPED"})),
    ("unshipped", frozenset({"UNSHIPPED"})),
    ("unfulfillable", frozenset({"UNFULFILLABLE"})),
    ("cancel", frozenset({"CANCELLED"})),
)

#: Orders of other channels: nothing of them concerns the shop, and searches need not show them.
_OTHER_CHANNELS = "non-amazon"

#: What each line's rounding may add to a total.
_CENT = Decimal("0.01")

#: The statuses in which no wish to cancel is open.
_OVER = frozenset({"SHIPPED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as it is here, by Amazon's last answer."""

    status: str
    quantity: int
    total: Money | None
    wants_cancellation: bool
    updated: datetime | None = None


def statuses_of(word: str) -> frozenset[str]:
    """The API's statuses that a report's word may stand for; none where it says nothing."""
    said = word.lower()
    return next((statuses for start, statuses in _WORDS if said.startswith(start)), frozenset())


def is_of_other_channel(order: ReportedOrder) -> bool:
    """Whether it was sold elsewhere, and Amazon only ships it."""
    return order.channel.lower().startswith(_OTHER_CHANNELS)


def differences(reported: ReportedOrder, known: KnownOrder) -> list[Message]:
    """Where a report says something else than is here; what it leaves open is no difference."""
    return [*_other_status(reported, known), *_other_contents(reported, known)]


def _other_status(reported: ReportedOrder, known: KnownOrder) -> Iterator[Message]:
    statuses = statuses_of(reported.status)
    if statuses and known.status not in statuses:
        named = known.status or "nothing"
        yield Message(Code.REPORTED_STATUS, reported=reported.status, known=named)


def _other_contents(reported: ReportedOrder, known: KnownOrder) -> Iterator[Message]:
    if "CANCELLED" in (known.status, *statuses_of(reported.status)):
        return  # what such an order once was, either may tell or not
    units, wish = reported.quantity, reported.wants_cancellation
    if units is not None and units != known.quantity:
        yield Message(Code.REPORTED_QUANTITY, reported=units, known=known.quantity)
    elif known.total is not None and not _may_be(reported, known.total):
        assert reported.goods is not None
        amount = Money(reported.goods, reported.currency)
        yield Message(Code.REPORTED_TOTAL, reported=amount, known=known.total)
    if wish is not None and wish != known.wants_cancellation and known.status not in _OVER:
        yield Message(Code.REPORTED_WISH_KNOWN if known.wants_cancellation else Code.REPORTED_WISH)


def _may_be(reported: ReportedOrder, total: Money) -> bool:
    """Whether some reading of a report's money meets a total: with the tax beside the goods or in
    them, and the discount taken off already or not."""
    if reported.goods is None:
        return True
    if reported.currency != total.currency:
        return False
    near = _CENT * max(1, len(reported.lines))
    return any(
        abs(reported.goods + tax - discount - total.amount) <= near
        for tax in (Decimal(0), reported.tax)
        for discount in (Decimal(0), reported.discount)
    )
