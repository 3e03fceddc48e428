"""How many units Amazon may sell, and whether that number may leave now."""

from __future__ import annotations

from dataclasses import dataclass

#: More than Amazon takes, and than a shop means (docs/amazon.md#quantities-have-an-upper-limit).
HIGHEST_QUANTITY = 999_999


@dataclass(frozen=True, slots=True)
class QuantityDecision:
    """The quantity to send, or None; ``reason`` says what stops it."""

    quantity: int | None
    reason: str = ""


def quantity_to_send(
    *, sellable: int | None, set_quantity: int | None, held: int, buffer: int
) -> QuantityDecision:
    """Sellable now, less the buffer, less what Amazon sold and the shop has not taken.

    See docs/amazon.md#orders-lower-the-quantity-at-once.

    ``sellable`` is None where the shop does not track stock: then the number that staff set
    counts, and what Amazon sold does not lower it.
    """
    if sellable is None:
        if set_quantity is None:
            return QuantityDecision(
                None, "The shop does not track its stock; set a quantity on the SKU."
            )
        return QuantityDecision(set_quantity)
    if sellable > HIGHEST_QUANTITY:
        return QuantityDecision(
            None, f"The shop says {sellable}, more than the {HIGHEST_QUANTITY} that are plausible."
        )
    # Sums of some databases are 5.0, and of half a unit none can be sold.
    return QuantityDecision(max(0, int(sellable) - buffer - held))


def may_leave(new: int, *, accepted: int | None, orders_complete: bool) -> str:
    """Empty where the number may leave now, else what it waits for.

    A fall leaves at once and zero always; anything else could put units back on sale that
    Amazon has sold already, so it waits until orders are complete.
    """
    if new == 0 or orders_complete:
        return ""
    if accepted is not None and new < accepted:
        return ""
    return "A rise waits until all orders up to a few minutes ago are known."


def may_travel_by_feed(new: int, *, accepted: int | None, low_stock: int) -> bool:
    """Whether the number may wait in Amazon's queue of feeds.

    That takes from minutes to hours (docs/amazon.md#feeds-wait-for-hours).
    Low stock could be sold out meanwhile, and so could a stock that fell by more than half:
    these go by patch, as zero does.
    """
    if new <= low_stock:
        return False
    return accepted is None or 2 * new >= accepted
