"""Which changes are too much to leave without a person's word."""

from __future__ import annotations

from decimal import Decimal

from django_amazon_sync.data import Money


def price_waits(accepted: Money | None, new: Money, *, percent: int) -> str:
    """Why this price waits for approval; empty where it may leave."""
    if accepted is None or accepted.currency != new.currency or accepted.amount <= 0:
        return ""
    moved = abs(new.amount - accepted.amount) * 100 / accepted.amount
    if moved <= percent:
        return ""
    return (
        f"The price moves from {accepted} to {new}, by {moved.quantize(Decimal(1))} %; "
        f"more than {percent} % waits for approval."
    )


def goes_with_the_rate(accepted: Money | None, new: Money, *, percent: int) -> bool:
    """Whether a converted price moves no more than exchange rates do from day to day."""
    return accepted is not None and not price_waits(accepted, new, percent=percent)


def run_waits(*, moved: int, known: int, percent: int, count: int) -> str:
    """Why a whole run waits: ``moved`` of the ``known`` listings with an accepted value."""
    if moved <= count or moved * 100 <= known * percent:
        return ""
    return (
        f"The run would move {moved} of {known} listings; more than {percent} % and more than "
        f"{count} wait for approval."
    )
