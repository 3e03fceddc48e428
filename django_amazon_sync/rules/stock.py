"""How many units Amazon may sell, and whether that number may leave now."""

from __future__ import annotations

from dataclasses import dataclass

from django_amazon_sync.data import QuantityReckoning
from django_amazon_sync.messages import Code, Message

#: More than Amazon takes, and than a shop means (docs/amazon.md#quantities-have-an-upper-limit).
HIGHEST_QUANTITY = 999_999


@dataclass(frozen=True, slots=True)
class QuantityDecision:
    """The quantity to send, or None; ``reason`` says what stops it."""

    quantity: int | None
    reason: str = ""


def quantity_of(made_of: QuantityReckoning) -> int:
    """The quantity that a reckoning comes to, never below 0."""
    if made_of["stock"] is None:
        return made_of["set"] or 0
    return max(0, made_of["stock"] - made_of["kept_back"] - made_of["reserved"])


def made_of(
    *, sellable: int | None, set_quantity: int | None, reserved: int, buffer: int
) -> QuantityReckoning:
    """What ``quantity_to_send`` makes its quantity of; what does not lower it is left out."""
    if sellable is None:
        return QuantityReckoning(stock=None, set=set_quantity, reserved=0, kept_back=0)
    return QuantityReckoning(stock=int(sellable), set=None, reserved=reserved, kept_back=buffer)


def quantity_to_send(
    *, sellable: int | None, set_quantity: int | None, reserved: int, buffer: int
) -> QuantityDecision:
    """Sellable now, less the buffer, less what Amazon sold and the shop has not taken.

    See docs/amazon.md#orders-lower-the-quantity-at-once.

    ``sellable`` is None where the shop does not track stock: then the number that staff set
    counts, and what Amazon sold does not lower it.
    """
    if sellable is None:
        if set_quantity is None:
            return QuantityDecision(None, str(Message(Code.STOCK_NOT_TRACKED)))
        return QuantityDecision(set_quantity)
    if sellable > HIGHEST_QUANTITY:
        return QuantityDecision(
            None, f"The shop says {sellable}, more than the {HIGHEST_QUANTITY} that are plausible."
        )
    # Sums of some databases are 5.0, and of half a unit none can be sold.
    return QuantityDecision(max(0, int(sellable) - buffer - reserved))


def may_travel_by_feed(new: int, *, falls: bool, low_stock: int) -> bool:
    """Whether the number may wait in Amazon's queue of feeds.

    That takes from minutes to hours (docs/amazon.md#feeds-wait-for-hours). Low stock could be sold
    out meanwhile, and what ``falls`` is too much on sale already: these go by patch, as zero does.
    """
    return new > low_stock and not falls
