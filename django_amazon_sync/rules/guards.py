"""Which changes are too much to leave without a person's word: a price that moves far, and how
many listings may move within an hour.

Each kind is counted by itself, so a campaign of prices never makes a zero wait, nor zeros a price.
What is counted is what was written down to be sent, by all runs, and what a run is about to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django_amazon_sync.data import Money

#: The kinds: prices that move, zeros that nothing explains, and all else that moves.
PRICES, ZEROS, OTHERS = "prices", "zeros", "others"
KINDS = (PRICES, ZEROS, OTHERS)

#: The guard of one price, by how far it moves.
MOVE = "move"

#: More unexplained zeros than this share of the listings within an hour are no ordinary day: a
#: shop that sells out so fast names its sales, or a person looks.
ZEROS_PERCENT = 10

_WORDS = {
    PRICES: "have got another price",
    ZEROS: "have gone to zero",
    OTHERS: "have changed",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much: more than ``count`` and more than ``percent`` of the ``known`` listings."""

    known: int
    count: int
    percent: int

    def too_much(self, kind: str, moved: int) -> str:
        """Why so many within an hour wait; empty where they may leave."""
        percent = min(self.percent, ZEROS_PERCENT) if kind == ZEROS else self.percent
        if moved <= self.count or moved * 100 <= self.known * percent:
            return ""
        return (
            f"With it {moved} of {self.known} listings would {_WORDS[kind]} within an hour; more "
            f"than {percent} % and more than {self.count} wait for approval."
        )


def too_much(limits: Limits, moved: Mapping[str, int]) -> dict[str, str]:
    """The kinds of which there is too much, and why."""
    found = {kind: limits.too_much(kind, moved.get(kind, 0)) for kind in KINDS}
    return {kind: reason for kind, reason in found.items() if reason}


# --- A price --------------------------------------------------------------------------------------


def price_waits(believed: Money | None, new: Money, *, percent: int) -> str:
    """Why this price waits for approval; empty where it may leave."""
    if believed is None or believed.currency != new.currency or believed.amount <= 0:
        return ""
    moved = abs(new.amount - believed.amount) * 100 / believed.amount
    if moved <= percent:
        return ""
    return (
        f"The price moves from {believed} to {new}, by {moved.quantize(Decimal(1))} %; "
        f"more than {percent} % waits for approval."
    )


def goes_with_the_rate(believed: Money | None, new: Money, *, percent: int) -> bool:
    """Whether a converted price moves no more than exchange rates do from day to day."""
    if believed is None or believed.currency != new.currency:
        return False
    return not price_waits(believed, new, percent=percent)
