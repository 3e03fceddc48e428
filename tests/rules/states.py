"""Events of a listing's state, for tests of the rules and of the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from django_amazon_sync.rules import listing_state as rules
from django_amazon_sync.rules.listing_state import State

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def after(**span: float) -> datetime:
    return NOON + timedelta(**span)


def accepted(state: State, at: datetime = NOON, look: int = 1, **values: Any) -> None:
    removed = [name for name, value in values.items() if value == ""]
    rules.answered(state, values, look=look, at=at, time_to_live=HOUR, removed=removed)


def refuse(state: State, at: datetime = NOON, falls: bool = False, **values: Any) -> None:
    rules.refused(state, values, code="C", reason="No.", at=at, falls=falls, about_value=True)


def hold(state: State, at: datetime = NOON, **values: Any) -> None:
    rules.held(state, values, code="approval", reason="Too far.", at=at)


NAMES = st.sampled_from(["price", "quantity", "name"])
VALUES: dict[str, list[Any]] = {
    "price": ["1.00 EUR", "2.00 EUR"],
    "quantity": [0, 3],
    "name": ["A", "B"],
}
FIELD = NAMES.flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name])))
EVENTS = st.one_of(
    st.tuples(st.just("answered"), FIELD, st.integers(1, 9)),
    st.tuples(st.just("unanswered"), FIELD),
    st.tuples(st.just("refused"), FIELD, st.booleans()),
    st.tuples(st.just("held"), FIELD),
    st.tuples(st.just("approved"), FIELD),
    st.tuples(st.just("desired"), FIELD),
    st.tuples(st.just("drifted"), FIELD),
    st.tuples(st.just("missing"), FIELD),
    st.tuples(st.just("restored"), FIELD),
)


def happen(state: State, event: Any, at: datetime) -> None:
    """Let one event happen."""
    kind, (name, value), *more = event
    if kind == "answered":
        accepted(state, at=at, look=more[0], **{name: value})
    elif kind == "unanswered":
        rules.unanswered(state, [name], check_at=at)
    elif kind == "refused":
        refuse(state, at=at, falls=more[0], **{name: value})
    elif kind == "held":
        hold(state, at=at, **{name: value})
    elif kind == "approved" and name in state.held:
        rules.approved(state, [name], by="ann", at=at)
    elif kind == "desired":
        rules.desired_is(state, {name: value}, (), at)
    elif kind == "drifted" and name in state.believed:
        rules.drifted(state, {name: value}, {name: state.believed[name]}, at)
    elif kind == "missing":
        rules.missing(state, "Gone.")
    elif kind == "restored":
        rules.restored(state)
