"""What is known and decided of one listing, and how each event changes it.

Each function is an event: it gets a state and changes it, and knows neither database nor clock.
``sync/listings/state.py`` applies them to rows; docs/how/state.md has them as a table.

Of each field (by name, as sync/offers/fields.py declares them):

- *believed*: what Amazon has by the latest evidence; absent is unknown;
- *answered*: when Amazon accepted it, and at which look it was computed;
- *verified*: what a read showed to be live;
- *refused* or *held*, never both: one value that does not leave, with its *stop*: why, since when,
  when it is tried again;
- *approved*: one value that staff let leave, with its *approval*: by whom and when;
- *drift*: what we had sent, what is live instead, since when.

``prices`` are the last price that was live or accepted and those of the day before: they are never
forgotten, as the guard of prices compares with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django_amazon_sync.data import (
    AnsweredRow,
    ApprovalRow,
    FieldValue,
    FieldValues,
    PriceRow,
    StopRow,
    SuspicionRow,
)
from django_amazon_sync.rules.guards import goes_with_the_rate
from django_amazon_sync.rules.prices import money_of

PRICE, QUANTITY = "price", "quantity"

#: Under this key ``refused`` keeps what a refused creation was made of.
CREATION = "creation"

#: Under this key ``drift`` keeps that Amazon had the listing no more.
LISTING = "listing"

#: An approval that was not used is over after so long.
APPROVALS_LAST = timedelta(days=7)

#: A fall that Amazon refused is tried after so long, and hourly from then on.
FALLS_AGAIN = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
FALLS_LATER = timedelta(hours=1)

#: Anything else whose refusal may be a passing one.
OTHERS_AGAIN = (timedelta(hours=1), timedelta(hours=6))
OTHERS_LATER = timedelta(days=1)

#: When something was that nobody remembers.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

#: How far back a price is compared with.
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How an exchange rate makes the desired price: what it is made of ``beside_rate``, empty where
    none makes it, and by how many ``percent`` rates may move it."""

    beside_rate: str = ""
    percent: int = 0


NOT_CONVERTED = Conversion()


class State(Protocol):
    """The state of a listing: its row, or a value of its own."""

    believed: FieldValues
    answered: dict[str, AnsweredRow]
    verified: FieldValues
    drift: FieldValues
    suspected: SuspicionRow
    prices: list[PriceRow]
    refused: FieldValues
    held: FieldValues
    stops: dict[str, StopRow]
    approved: FieldValues
    approvals: dict[str, ApprovalRow]
    quantity_version: int
    accepted_at: datetime | None
    verified_at: datetime | None
    again_at: datetime | None
    check_at: datetime | None
    reason: str


@dataclass
class ListingState:
    """A state that is no row."""

    believed: FieldValues = field(default_factory=dict)
    answered: dict[str, AnsweredRow] = field(default_factory=dict)
    verified: FieldValues = field(default_factory=dict)
    drift: FieldValues = field(default_factory=dict)
    suspected: SuspicionRow = field(default_factory=lambda: SuspicionRow())
    prices: list[PriceRow] = field(default_factory=list)
    refused: FieldValues = field(default_factory=dict)
    held: FieldValues = field(default_factory=dict)
    stops: dict[str, StopRow] = field(default_factory=dict)
    approved: FieldValues = field(default_factory=dict)
    approvals: dict[str, ApprovalRow] = field(default_factory=dict)
    quantity_version: int = -1
    accepted_at: datetime | None = None
    verified_at: datetime | None = None
    again_at: datetime | None = None
    check_at: datetime | None = None
    reason: str = ""


# --- What Amazon answers --------------------------------------------------------------------------


def answered(
    state: State,
    values: Mapping[str, FieldValue],
    *,
    look: int,
    at: datetime,
    time_to_live: timedelta,
    removed: Collection[str] = (),
) -> None:
    """Amazon accepted these values, which a look of this number computed; of the ``removed`` it
    has nothing now.

    The answer to an older look than the last one proves nothing: Amazon may have carried out
    either later. Two answers within Amazon's ``time_to_live`` may have crossed likewise: what is
    live is read once that time is over.
    """
    for name, value in values.items():
        before = state.answered.get(name)
        if before is not None and before["look"] > look:
            forget(state, [name])
            check(state, at + time_to_live)
            continue
        if before is not None and at - datetime.fromisoformat(before["at"]) < time_to_live:
            check(state, at + time_to_live)
        state.answered[name] = AnsweredRow(at=at.isoformat(), look=look)
        if name == PRICE:
            saw_price(state, value, at, ours=True)
        if name in removed:
            state.believed.pop(name, None)
            state.verified.pop(name, None)
        else:
            state.believed[name] = value
        if name == QUANTITY:
            state.suspected = SuspicionRow()
        state.drift.pop(name, None)
        if value in (state.held.get(name), state.refused.get(name)):
            end_stop(state, name)
        use_approval(state, name, value)
    _is_there(state)
    state.accepted_at = at
    state.reason = "; ".join(stop["reason"] for stop in state.stops.values())


def unanswered(state: State, names: Collection[str], *, check_at: datetime) -> None:
    """Nobody knows whether Amazon took these: they are read, and once more when Amazon had its
    time, as it may carry the request out late."""
    forget(state, names)
    check(state, check_at)


def refused(
    state: State,
    values: Mapping[str, FieldValue],
    *,
    code: str,
    reason: str,
    at: datetime,
    falls: bool,
    about_value: bool,
) -> None:
    """Amazon refused these values. ``falls``: the quantity is zero, or below what is live.
    ``about_value``: Amazon named what is wrong, so the same would fare the same."""
    for name, value in values.items():
        before = state.stops.get(name) if state.refused.get(name) == value else None
        tries = before["tries"] + 1 if before else 1
        again = _again_at(name, tries, at, falls=falls, about_value=about_value)
        state.held.pop(name, None)
        state.refused[name] = value
        state.stops[name] = StopRow(
            code=code,
            reason=reason,
            since=before["since"] if before else at.isoformat(),
            again_at=again.isoformat() if again else None,
            tries=tries,
            kind="",
            against=None,
        )
    _set_again(state)
    state.reason = reason


def _again_at(
    name: str, tries: int, at: datetime, *, falls: bool, about_value: bool
) -> datetime | None:
    """When a refused value is tried again by itself; what is wrong with a value does not pass,
    but a quantity must never stay refused without end."""
    if name == QUANTITY and falls:
        pauses: tuple[timedelta, ...] = FALLS_AGAIN
        later = FALLS_LATER
    elif name == QUANTITY or (name != CREATION and not about_value):
        pauses, later = OTHERS_AGAIN, OTHERS_LATER
    else:
        return None
    return at + (pauses[tries - 1] if tries <= len(pauses) else later)


# --- What a look finds ----------------------------------------------------------------------------


def held(
    state: State,
    values: Mapping[str, FieldValue],
    *,
    code: str,
    reason: str,
    at: datetime,
    kind: str = "",
    against: FieldValue = None,
    beside_rate: str = "",
) -> None:
    """These values wait for approval; ``against`` is what the guard compared them with. Of a
    converted price ``beside_rate`` is what it is made of beside its rate."""
    for name, value in values.items():
        before = state.stops.get(name) if state.held.get(name) == value else None
        state.refused.pop(name, None)
        state.held[name] = value
        state.stops[name] = StopRow(
            code=code,
            reason=reason,
            since=before["since"] if before else at.isoformat(),
            again_at=None,
            tries=0,
            kind=kind,
            against=against,
        )
        if beside_rate:
            state.stops[name]["beside_rate"] = beside_rate
    _set_again(state)
    state.reason = reason


def desired_is(
    state: State,
    desired: Mapping[str, FieldValue],
    unknown: Collection[str],
    now: datetime,
    conversion: Conversion = NOT_CONVERTED,
) -> bool:
    """What waits or is approved of another value than the desired one is over; whether anything
    changed. Of an approved price that only its rate moved is kept what it is by now.

    Of the fields that are ``unknown`` nobody can say what is desired.
    """
    changed = False
    for name in list(state.stops):
        value = state.held.get(name, state.refused.get(name))
        if name == CREATION or name in unknown or desired.get(name) == value:
            continue
        end_stop(state, name)
        changed = True
    for name in list(state.approved):
        if _is_over(state, name, now) or (
            name not in unknown and not lets_leave(state, name, desired.get(name), conversion)
        ):
            end_approval(state, name)
            changed = True
        elif name not in unknown:
            changed |= _keep_by_now(state, name, desired.get(name))
    if changed:
        state.reason = "; ".join(stop["reason"] for stop in state.stops.values())
    return changed


def _is_over(state: State, name: str, now: datetime) -> bool:
    approval = state.approvals.get(name)
    return approval is not None and now - datetime.fromisoformat(approval["at"]) > APPROVALS_LAST


def _keep_by_now(state: State, name: str, value: FieldValue) -> bool:
    """Keep what the rate makes of an approved price by now: Amazon's taking it uses the approval
    up. Whether that is news."""
    approval = state.approvals.get(name)
    if name != PRICE or approval is None:
        return False
    if approval.get("by_now", state.approved[name]) == value:
        return False
    approval["by_now"] = value
    return True


def covers(name: str, approved: FieldValue, value: FieldValue) -> bool:
    """Whether what staff approved lets this value leave: itself, and a quantity any lower one.

    A zero is no lower quantity: an import that breaks after it would leave with an approved rise.
    """
    if name == QUANTITY and isinstance(approved, int) and isinstance(value, int):
        return value == approved or 0 < value < approved
    return approved == value


def lets_leave(
    state: State, name: str, value: FieldValue, conversion: Conversion = NOT_CONVERTED
) -> bool:
    """Whether an approval lets this value of a field leave: what it ``covers``, and of a converted
    price what only its rate moved since, as far as rates move."""
    if name not in state.approved:
        return False
    if covers(name, state.approved[name], value):
        return True
    return name == PRICE and _only_its_rate_moved(state, value, conversion)


def _only_its_rate_moved(state: State, price: FieldValue, conversion: Conversion) -> bool:
    """Measured from the very price that the person saw, so that small steps do not add up."""
    approved, approval = state.approved[PRICE], state.approvals.get(PRICE)
    if not (approval and isinstance(approved, str) and isinstance(price, str) and price):
        return False
    if not conversion.beside_rate or approval.get("beside_rate") != conversion.beside_rate:
        return False
    return goes_with_the_rate(money_of(approved), money_of(price), percent=conversion.percent)


def approved(state: State, names: Collection[str], *, by: str, at: datetime) -> None:
    """Staff let leave what these fields hold."""
    for name in names:
        state.approved[name] = state.held[name]
        state.approvals[name] = ApprovalRow(by=by, at=at.isoformat())
        if name in state.stops and (beside_rate := state.stops[name].get("beside_rate")):
            state.approvals[name]["beside_rate"] = beside_rate
        end_stop(state, name)
    state.reason = "; ".join(stop["reason"] for stop in state.stops.values())


# --- What a read shows ----------------------------------------------------------------------------


def adopted(
    state: State, live: FieldValues, kept: Collection[str], *, at: datetime, stock_version: int
) -> None:
    """The listing was found: what is live is believed, save the fields that are ``kept``, as we
    sent those without having read it."""
    ours = {name: value for name, value in state.believed.items() if name in kept}
    _is_there(state)
    state.believed = live | ours
    state.verified = {name: new for name, new in live.items() if state.believed[name] == new}
    if QUANTITY not in ours:
        state.quantity_version = stock_version
    if live.get(PRICE) is not None:
        saw_price(state, live[PRICE], at, ours=False)
    state.verified_at = at


def seen(state: State, names: Collection[str], *, proven: Collection[str], at: datetime) -> None:
    """These fields are as they are believed; the ``proven`` are what buyers meet."""
    _is_there(state)
    for name in names:
        if name in proven:
            state.verified[name] = state.believed[name]
        if name == QUANTITY:
            state.suspected = SuspicionRow()
        if name == PRICE and name in proven:
            saw_price(state, state.believed[name], at, ours=False)
        use_approval(state, name, state.believed[name])


def drifted(state: State, live: Mapping[str, FieldValue], ours: FieldValues, at: datetime) -> None:
    """Amazon shows these instead of what was accepted (``ours``): they are believed from now on."""
    for name, value in live.items():
        before = state.drift.get(name)
        since = before.get("since") if isinstance(before, dict) else None
        state.drift[name] = {"ours": ours[name], "live": value, "since": since or at.isoformat()}
        state.verified.pop(name, None)
        state.answered.pop(name, None)
        if value is None:
            state.believed.pop(name, None)
        else:
            if name == PRICE:
                saw_price(state, value, at, ours=False)
            state.believed[name] = value
    if QUANTITY in live:
        state.suspected = SuspicionRow()
    state.reason = "Amazon shows something else than it accepted."


def suspected(state: State, live: int, believed: int, at: datetime) -> None:
    """One reading showed a live quantity below ours: a sale that Amazon does not show yet, or
    another hand. A second one, after the orders up to then, tells."""
    if state.suspected.get("believed") != believed:
        state.suspected = SuspicionRow(live=live, at=at.isoformat(), believed=believed)


def not_compared(state: State) -> None:
    """The quantity is none that we answer for, is on its way or in doubt: what one reading showed
    of it says nothing any more."""
    if "believed" in state.suspected:
        state.suspected = SuspicionRow()


def first_reading(state: State, live: int, at: datetime) -> None:
    """A live quantity that is to be taken over, once a second reading shows the same after the
    orders up to this one."""
    state.suspected = SuspicionRow(live=live, at=at.isoformat())


def taken_over(
    state: State, live: Mapping[str, FieldValue], stock_version: int, at: datetime
) -> None:
    """The shop took these over from Amazon: they are ours, and as they are live."""
    for name, value in live.items():
        if name == PRICE:
            saw_price(state, value, at, ours=True)
        state.believed[name] = state.verified[name] = value
        state.drift.pop(name, None)
        end_stop(state, name)
        end_approval(state, name)
    if QUANTITY in live:
        state.quantity_version = stock_version
        state.suspected = SuspicionRow()
    state.reason = "; ".join(stop["reason"] for stop in state.stops.values())


def missing(state: State, reason: str) -> None:
    """Amazon no longer has the listing: nothing of it is believed."""
    forget(state, list(state.believed))
    state.believed, state.verified, state.suspected = {}, {}, SuspicionRow()
    state.drift = {LISTING: "missing"}
    state.reason = reason


def ended(state: State) -> None:
    """Staff ended the offer, and Amazon shows none: nothing of it is believed, and nothing waits.
    The prices that were seen stay, for the day on which it is let on again."""
    restored(state)
    for name in list(state.stops):
        end_stop(state, name)
    state.refused, state.held, state.check_at = {}, {}, None


def restored(state: State) -> None:
    """The rows are of an earlier time than Amazon: nothing is known, and nothing was asked."""
    missing(state, "")
    state.drift, state.approved, state.approvals = {}, {}, {}
    state.answered, state.verified_at, state.accepted_at = {}, None, None


def not_after(state: State, now: datetime, *, late: datetime, long: datetime) -> bool:
    """A clock was ahead: what we date after ``late`` happened ``now``, and so did what Amazon
    dates after ``long``, after which nothing waits either; whether anything was so."""
    before = [*_moments(state)]
    for stop in state.stops.values():
        if datetime.fromisoformat(stop["since"]) > late:
            stop["since"] = now.isoformat()
            stop["again_at"] = stop["again_at"] and now.isoformat()
        elif stop["again_at"]:
            stop["again_at"] = _brought(stop["again_at"], long, now)
    for approval in state.approvals.values():
        approval["at"] = _brought(approval["at"], late, now)
    for dated in (*state.answered.values(), *state.prices):
        dated["at"] = _brought(dated["at"], long, now)
    if "at" in state.suspected:
        state.suspected["at"] = _brought(state.suspected["at"], long, now)
    for value in state.drift.values():
        if isinstance(value, dict) and isinstance(since := value.get("since"), str):
            value["since"] = _brought(since, long, now)
    state.accepted_at = _no_later(state.accepted_at, long, now)
    state.verified_at = _no_later(state.verified_at, long, now)
    state.check_at = _no_later(state.check_at, long, now)
    if before != [*_moments(state)] or _no_later(state.again_at, long, now) != state.again_at:
        _set_again(state)
        return True
    return False


def _moments(state: State) -> Iterator[object]:
    """Copies of all that holds a moment, to compare."""
    for rows in (state.answered, state.approvals, state.stops, state.drift):
        yield {name: dict(row) if isinstance(row, Mapping) else row for name, row in rows.items()}
    yield [dict(row) for row in state.prices]
    yield dict(state.suspected)
    yield state.accepted_at, state.verified_at, state.check_at


def _no_later(moment: datetime | None, than: datetime, now: datetime) -> datetime | None:
    return now if moment is not None and moment > than else moment


def _brought(moment: str, than: datetime, now: datetime) -> str:
    return now.isoformat() if datetime.fromisoformat(moment) > than else moment


# --- Parts ----------------------------------------------------------------------------------------


def forget(state: State, names: Collection[str]) -> None:
    """What Amazon has of these fields is unknown; the prices that were seen stay."""
    if PRICE in names and not state.prices:
        since = state.accepted_at or state.verified_at or NEVER
        saw_price(state, state.believed.get(PRICE), since, ours=True)
    for name in names:
        state.believed.pop(name, None)
        state.verified.pop(name, None)
        state.answered.pop(name, None)


def check(state: State, at: datetime) -> None:
    """The listing is read at this moment; a later one that was said before goes first."""
    state.check_at = max(state.check_at, at) if state.check_at else at


def end_stop(state: State, name: str) -> None:
    """Nothing stops this field any more."""
    state.held.pop(name, None)
    state.refused.pop(name, None)
    state.stops.pop(name, None)
    _set_again(state)


def _is_there(state: State) -> None:
    """Amazon has the listing: it is made, or there again."""
    state.drift.pop(LISTING, None)
    if CREATION in state.refused:
        end_stop(state, CREATION)


def use_approval(state: State, name: str, value: FieldValue) -> bool:
    """Amazon has this value of a field: whether that ended an approval. One of another value is
    still to be used."""
    used = name in state.approved and covers(name, state.approved[name], value)
    if name in state.approvals and value == state.approvals[name].get("by_now"):
        used = True
    if used:
        end_approval(state, name)
    return used


def end_approval(state: State, name: str) -> None:
    """The approval of this field is used, or over."""
    state.approved.pop(name, None)
    state.approvals.pop(name, None)


def _set_again(state: State) -> None:
    moments = [stop["again_at"] for stop in state.stops.values() if stop["again_at"]]
    state.again_at = min(map(datetime.fromisoformat, moments)) if moments else None


def saw_price(state: State, price: FieldValue, at: datetime, *, ours: bool) -> None:
    """This price was live or accepted at this moment.

    Kept are the last one, our last one, those of the day before (of each hour the first and the
    last), and the one that held when that day began.
    """
    if not isinstance(price, str) or not price:
        return
    if not state.prices and (before := _believed_price(state)) not in ("", price):
        since = state.accepted_at or state.verified_at or NEVER
        state.prices.append(PriceRow(price=before, at=since.isoformat(), ours=True))
    last = state.prices[-1] if state.prices else None
    if last is not None and last["price"] == price:
        last["ours"] = last["ours"] or ours
        return
    hour = at.isoformat()[:13]
    in_this_hour = [row for row in state.prices[-2:] if row["at"][:13] == hour]
    if len(in_this_hour) == 2:
        state.prices.pop()
    state.prices.append(PriceRow(price=price, at=at.isoformat(), ours=ours))
    our_last = next((row for row in reversed(state.prices) if row["ours"]), None)
    ends = [datetime.fromisoformat(row["at"]) for row in state.prices[1:]]
    state.prices = [
        row
        for row, end in zip(state.prices, [*ends, None], strict=True)
        if end is None or at - end < A_DAY or row is our_last
    ]


def last_price(state: State) -> str:
    """The price that was live or accepted last; empty where none ever was."""
    return state.prices[-1]["price"] if state.prices else _believed_price(state)


def last_price_of_ours(state: State) -> str:
    """The price that Amazon accepted last from us; empty where none is remembered."""
    if not state.prices:
        return _believed_price(state)
    return next((row["price"] for row in reversed(state.prices) if row["ours"]), "")


def price_of_yesterday(state: State, now: datetime) -> str:
    """The price that held 24 hours ago, or the earliest one since; empty where none ever was."""
    before = [row for row in state.prices if now - datetime.fromisoformat(row["at"]) >= A_DAY]
    rows = before[-1:] or state.prices[:1]
    return rows[0]["price"] if rows else _believed_price(state)


def _believed_price(state: State) -> str:
    """What is believed where no price was remembered yet: a report found it."""
    price = state.believed.get(PRICE)
    return price if isinstance(price, str) else ""
