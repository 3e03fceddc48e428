"""What happens to a value that Amazon should get: it leaves, waits, or is held, and why.

One answer for whoever forecasts, sends, explains or promises. Only values that differ from what is
believed, or are in doubt, are asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from django_amazon_sync.data import FieldValue, Money
from django_amazon_sync.messages import Code
from django_amazon_sync.rules.guards import KINDS, MOVE, OTHERS, PRICES, ZEROS, price_waits
from django_amazon_sync.rules.listing_state import (
    NOT_CONVERTED,
    PRICE,
    QUANTITY,
    Conversion,
    State,
    last_price,
    last_price_of_ours,
    lets_leave,
)


class Act(Enum):
    """What becomes of a value now."""

    SEND = "send"
    WAIT = "wait"  # it is looked at again by itself
    HOLD = "hold"  # it waits for a person, from now on
    STOPPED = "stopped"  # it is held or refused already


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one value, and why.

    ``guard`` is the one that counts it, or that holds it; ``against`` what it was compared with.
    ``beside_rate`` has a converted price alone: what it is made of beside its exchange rate.
    """

    act: Act
    reason: str = ""
    code: str = ""
    guard: str = ""
    against: FieldValue = None
    beside_rate: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision depends on beside the listing.

    ``orders_complete``: all orders up to a few minutes ago are known; ``elsewhere``: those that are
    not are of another account, which sells it too. ``too_much``: guards beyond
    their limit, and why; ``held_back``: those that would be, if what they hold left too.
    ``price_percent``: a price may move so far. ``asked_by_staff``: what
    Amazon refused is tried again now.
    """

    now: datetime
    orders_complete: bool
    price_percent: int
    too_much: Mapping[str, str] = field(default_factory=dict)
    held_back: Mapping[str, str] = field(default_factory=dict)
    asked_by_staff: bool = False
    elsewhere: bool = False


def least_known(believed: int | None, live: int | None) -> int | None:
    """The smaller of what is believed and what was just read: against it a number falls or
    rises."""
    known = [number for number in (believed, live) if number is not None]
    return min(known) if known else None


def decide_quantity(
    state: State,
    new: FieldValue,
    about: Circumstances,
    *,
    live: int | None,
    channel: str,
    explained: bool,
    former: str = "",
) -> Decision:
    """A quantity: falls leave at once, rises once orders are known, zeros unless there are many.

    ``live`` was just read; ``explained``: an order, or a sale that the shop named, came since the
    believed number. ``former`` is another SKU that had the offer before, and is still on sale.
    """
    if not isinstance(new, int) or isinstance(new, bool):
        return Decision(Act.WAIT, f"{new!r} is not a number of units.")
    if not channel:
        return Decision(
            Act.WAIT,
            "Amazon shows no fulfilment channel for it yet; a quantity could make a second one.",
        )
    believed = state.believed.get(QUANTITY)
    least = least_known(believed if isinstance(believed, int) else None, live)
    is_approved = lets_leave(state, QUANTITY, new)
    moves = "" if is_approved else _quantity_moves(new, believed, least, explained=explained)
    held_for_what_holds_no_more = state.held.get(QUANTITY) == new and (is_approved or not moves)
    stopped = _stopped(state, QUANTITY, new, about, is_approved=is_approved)
    if stopped and not held_for_what_holds_no_more:
        return stopped
    falls = new == 0 or (least is not None and new < least)
    if former and not falls:
        return Decision(Act.WAIT, f"Its former SKU {former} is on sale until its zero is accepted.")
    if not falls and not about.orders_complete:
        of = " of the other account that sells it" if about.elsewhere else ""
        return Decision(
            Act.WAIT, f"A rise waits until all orders{of} up to a few minutes ago are known."
        )
    return _counted(Decision(Act.SEND, guard=moves), state, QUANTITY, new, about)


def _quantity_moves(new: int, believed: FieldValue, least: int | None, *, explained: bool) -> str:
    if new == 0:
        return "" if explained or believed == 0 else ZEROS
    if least is None or new > least:
        return "" if believed == new else OTHERS
    return ""


def decide_price(
    state: State,
    name: str,
    new: FieldValue,
    about: Circumstances,
    *,
    paid: Sequence[Money],
    compared: Sequence[Money],
    with_rate: bool,
    unread: bool,
    conversion: Conversion = NOT_CONVERTED,
) -> Decision:
    """A price: it is held where what buyers pay would move too far.

    ``paid`` are the prices that buyers would pay by it, the most and the least; ``compared`` those
    that were seen before. ``with_rate``: it is a converted one and moves as rates do. ``unread``:
    Amazon's price of it was never read. ``conversion`` is how a rate makes it.
    """
    is_approved = lets_leave(state, name, new, conversion)
    against: FieldValue = [str(money) for money in compared]
    counts = _price_moves(state, name, new, with_rate)
    too_far = _moves_too_far(state, name, new, about, paid, compared)
    before = state.stops.get(name) if state.held.get(name) == new else None
    judged_anew = before is not None and before["kind"] == MOVE and before["against"] != against
    if not judged_anew and (stopped := _stopped(state, name, new, about, is_approved=is_approved)):
        return stopped
    if is_approved:
        return Decision(Act.SEND)
    if unread and not compared:
        return Decision(Act.WAIT, "Its price at Amazon was not read yet; it is read first.")
    if too_far:
        return Decision(Act.HOLD, too_far, Code.APPROVAL, MOVE, against, conversion.beside_rate)
    leaves = Decision(Act.SEND, guard=counts, beside_rate=conversion.beside_rate)
    return _counted(leaves, state, name, new, about)


def _moves_too_far(
    state: State,
    name: str,
    new: FieldValue,
    about: Circumstances,
    paid: Sequence[Money],
    compared: Sequence[Money],
) -> str:
    """Why what buyers pay would move too far: from the price that was seen last, save where it
    goes back towards the one of 24 hours ago, and from that one."""
    if name == PRICE and new == last_price_of_ours(state):
        return ""  # it mends what another hand did
    for price in paid:
        for before in compared:
            reason = price_waits(before, price, percent=about.price_percent)
            mends = name == PRICE and before is compared[0] and _goes_back(price, compared)
            if reason and not mends:
                return reason
    return ""


def _goes_back(price: Money, compared: Sequence[Money]) -> bool:
    """Whether a price goes back to the one of 24 hours ago (the second), or some of the way."""
    if len(compared) < 2:
        return False
    last, yesterday = compared
    if not price.currency == last.currency == yesterday.currency:
        return False
    return abs(price.amount - yesterday.amount) <= abs(last.amount - yesterday.amount)


def _price_moves(state: State, name: str, new: FieldValue, with_rate: bool) -> str:
    mends = name == PRICE and new in (last_price_of_ours(state), last_price(state))
    return "" if mends or with_rate or state.believed.get(name) == new else PRICES


def decide_ending(state: State, value: FieldValue, about: Circumstances) -> Decision:
    """The end of an offer, which staff asked for by a page that said how many end: no guard counts
    it, and what another hand did to its price does not keep it."""
    is_approved = lets_leave(state, PRICE, value)
    return _stopped(state, PRICE, value, about, is_approved=is_approved) or Decision(Act.SEND)


def decide_other(state: State, name: str, new: FieldValue, about: Circumstances) -> Decision:
    """Any other field."""
    is_approved = lets_leave(state, name, new)
    if stopped := _stopped(state, name, new, about, is_approved=is_approved):
        return stopped
    if is_approved:
        return Decision(Act.SEND)
    return _counted(Decision(Act.SEND, guard=OTHERS), state, name, new, about)


def _stopped(
    state: State, name: str, new: FieldValue, about: Circumstances, *, is_approved: bool
) -> Decision | None:
    """The stop that this very value has, unless it is tried again now."""
    stop = state.stops.get(name)
    reason = stop["reason"] if stop else ""
    code = stop["code"] if stop else ""
    judged_anew = stop is not None and stop["kind"] in KINDS  # there may be less of it by now
    if state.held.get(name) == new and not is_approved and not judged_anew:
        return Decision(Act.STOPPED, reason, code)
    if state.refused.get(name) == new and not about.asked_by_staff:
        again = stop["again_at"] if stop else None
        if again is None or datetime.fromisoformat(again) > about.now:
            return Decision(Act.STOPPED, reason, code)
    return None


def _counted(
    decision: Decision, state: State, name: str, new: FieldValue, about: Circumstances
) -> Decision:
    """Held where its guard is beyond its limit."""
    limits = about.held_back if state.held.get(name) == new else about.too_much
    if reason := limits.get(decision.guard):
        return replace(decision, act=Act.HOLD, reason=reason, code=Code.APPROVAL)
    return decision
