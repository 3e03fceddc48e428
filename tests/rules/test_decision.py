"""What happens to a value that Amazon should get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.decision import (
    Act,
    Circumstances,
    Decision,
    decide_ending,
    decide_other,
    decide_price,
    decide_quantity,
)
from django_amazon_sync.rules.guards import MOVE, OTHERS, PRICES, ZEROS
from django_amazon_sync.rules.listing_state import ListingState

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ABOUT = Circumstances(now=NOON, orders_complete=True, price_percent=30)
NO_ORDERS = replace(ABOUT, orders_complete=False)


def quantity(state: ListingState, new: Any, about: Circumstances = ABOUT, **how: Any) -> Decision:
    known = {"live": None, "channel": "DEFAULT", "explained": False} | how
    return decide_quantity(state, new, about, **known)


def price(
    state: ListingState, new: str, about: Circumstances = ABOUT, *compared: str, **how: Any
) -> Decision:
    def money(text: str) -> Money:
        return Money(Decimal(text.split()[0]), "EUR")

    known: dict[str, Any] = {"with_rate": False, "unread": False} | how
    prices = [money(text) for text in compared]
    return decide_price(state, "price", new, about, paid=[money(new)], compared=prices, **known)


def stopped(
    state: ListingState, kind: str, again_at: datetime | None = None, **values: Any
) -> None:
    if kind == "held":
        listing_state.held(state, values, code="approval", reason="Much.", at=NOON)
        return
    listing_state.refused(
        state, values, code="C", reason="No.", at=NOON, falls=False, about_value=True
    )
    for name in values:
        state.stops[name]["again_at"] = again_at.isoformat() if again_at else None


# --- Quantities -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("believed", "live", "new", "act"),
    [
        (10, None, 9, Act.SEND),
        (10, 2, 9, Act.WAIT),  # a fall from what was sent is a rise over what is live
        (10, 2, 1, Act.SEND),
        (10, 2, 2, Act.WAIT),
        (10, None, 11, Act.WAIT),
        (10, None, 10, Act.WAIT),
        (None, None, 3, Act.WAIT),
        (None, 5, 3, Act.SEND),
        (10, None, 0, Act.SEND),
        (None, None, 0, Act.SEND),
    ],
)
def test_while_orders_are_unknown_only_falls_leave(
    believed: int | None, live: int | None, new: int, act: Act
) -> None:
    state = ListingState(believed={} if believed is None else {"quantity": believed})
    assert quantity(state, new, NO_ORDERS, live=live).act == act


@given(st.none() | st.integers(0, 50), st.none() | st.integers(0, 50), st.integers(0, 50))
def test_nothing_is_put_on_sale_while_orders_are_unknown(
    believed: int | None, live: int | None, new: int
) -> None:
    state = ListingState(believed={} if believed is None else {"quantity": believed})
    decision = quantity(state, new, NO_ORDERS, live=live)
    if decision.act == Act.SEND and new > 0:
        assert all(new < number for number in (believed, live) if number is not None)


@pytest.mark.parametrize(
    ("believed", "new", "explained", "guard"),
    [
        (5, 0, False, ZEROS),
        (5, 0, True, ""),
        (0, 0, False, ""),  # it is in doubt, and sent once more
        (5, 4, False, ""),
        (5, 6, False, OTHERS),
        (5, 5, False, ""),
        (None, 5, False, OTHERS),
    ],
)
def test_which_guard_counts_a_quantity(
    believed: int | None, new: int, explained: bool, guard: str
) -> None:
    state = ListingState(believed={} if believed is None else {"quantity": believed})
    assert quantity(state, new, explained=explained) == Decision(Act.SEND, guard=guard)


def test_a_zero_waits_for_a_person_where_there_are_too_many() -> None:
    state = ListingState(believed={"quantity": 5})
    about = replace(ABOUT, too_much={ZEROS: "Many zeros."})
    assert quantity(state, 0, about).act == Act.HOLD
    assert quantity(state, 0, about, explained=True).act == Act.SEND
    assert quantity(state, 4, about).act == Act.SEND
    prices = replace(ABOUT, too_much={PRICES: "Many prices."})
    assert quantity(state, 0, prices).act == Act.SEND


def test_a_held_zero_leaves_once_an_order_explains_it() -> None:
    state = ListingState(believed={"quantity": 5})
    stopped(state, "held", quantity=0)
    assert quantity(state, 0).act == Act.STOPPED
    assert quantity(state, 0, explained=True).act == Act.SEND


def test_an_approved_quantity_and_any_lower_one_leaves_but_not_before_orders() -> None:
    state = ListingState(believed={"quantity": 1}, approved={"quantity": 8})
    about = replace(ABOUT, too_much={OTHERS: "Much."})
    assert [quantity(state, new, about).act for new in (8, 7, 9)] == [
        Act.SEND, Act.SEND, Act.HOLD,
    ]  # fmt: skip
    assert quantity(state, 8, NO_ORDERS).act == Act.WAIT


def test_without_a_channel_a_quantity_waits() -> None:
    assert quantity(ListingState(), 5, channel="").act == Act.WAIT


@pytest.mark.parametrize("odd", ["5", None, True, 5.0])
def test_what_is_no_number_waits(odd: Any) -> None:
    assert quantity(ListingState(), odd).act == Act.WAIT


def test_a_renamed_offer_is_not_on_sale_twice() -> None:
    state = ListingState(believed={"quantity": 0})
    decision = quantity(state, 5, former="MUG")
    assert decision.act == Act.WAIT
    assert "MUG" in decision.reason
    assert quantity(state, 0, former="MUG").act == Act.SEND


def test_a_refused_zero_is_tried_when_its_time_comes_or_staff_ask() -> None:
    state = ListingState(believed={"quantity": 5})
    stopped(state, "refused", NOON + timedelta(minutes=1), quantity=0)
    assert quantity(state, 0).act == Act.STOPPED
    assert quantity(state, 0, replace(ABOUT, asked_by_staff=True)).act == Act.SEND
    later = replace(ABOUT, now=NOON + timedelta(minutes=1))
    assert quantity(state, 0, later).act == Act.SEND
    assert quantity(state, 1).act == Act.SEND  # another value


# --- Prices ---------------------------------------------------------------------------------------


def test_a_price_is_compared_with_the_last_and_with_yesterdays() -> None:
    state = ListingState(believed={"price": "10.00 EUR"})
    assert price(state, "12.00 EUR", ABOUT, "10.00").act == Act.SEND
    far = price(state, "14.00 EUR", ABOUT, "10.00")
    assert (far.act, far.guard, far.against) == (Act.HOLD, MOVE, ["10.00 EUR"])
    # Step by step down within a day is as far.
    assert price(state, "6.00 EUR", ABOUT, "8.00", "10.00").act == Act.HOLD


def test_a_price_that_goes_back_towards_yesterdays_mends() -> None:
    state = ListingState(believed={"price": "9.00 EUR"})
    assert price(state, "12.00 EUR", ABOUT, "9.00", "11.00").act == Act.SEND
    assert price(state, "14.00 EUR", ABOUT, "9.00", "11.00").act == Act.HOLD


def test_the_very_price_that_was_accepted_last_is_no_move() -> None:
    state = ListingState()
    listing_state.saw_price(state, "10.00 EUR", NOON, ours=True)
    listing_state.saw_price(state, "5.00 EUR", NOON, ours=False)
    assert price(state, "10.00 EUR", ABOUT, "5.00") == Decision(Act.SEND)
    assert price(state, "10.50 EUR", ABOUT, "5.00").act == Act.HOLD


def test_a_hold_is_judged_again_when_what_it_was_compared_with_changes() -> None:
    state = ListingState(believed={"price": "10.00 EUR"})
    far = price(state, "14.00 EUR", ABOUT, "10.00")
    listing_state.held(
        state, {"price": "14.00 EUR"}, code=far.code, reason=far.reason, at=NOON,
        kind=far.guard, against=far.against,
    )  # fmt: skip
    assert price(state, "14.00 EUR", ABOUT, "10.00").act == Act.STOPPED
    assert price(state, "14.00 EUR", ABOUT, "13.00").act == Act.SEND
    assert price(state, "14.00 EUR", ABOUT, "9.00").act == Act.HOLD


def test_a_price_that_was_never_seen_is_read_first() -> None:
    assert price(ListingState(), "9.00 EUR", unread=True).act == Act.WAIT
    assert price(ListingState(), "9.00 EUR", unread=False).act == Act.SEND


def test_which_guard_counts_a_price() -> None:
    state = ListingState(believed={"price": "10.00 EUR"})
    assert price(state, "11.00 EUR", ABOUT, "10.00").guard == PRICES
    assert price(state, "11.00 EUR", ABOUT, "10.00", with_rate=True).guard == ""
    many = replace(ABOUT, too_much={PRICES: "Many."})
    assert price(state, "11.00 EUR", many, "10.00").act == Act.HOLD


def test_an_approved_price_leaves() -> None:
    state = ListingState(approved={"price": "99.00 EUR"})
    many = replace(ABOUT, too_much={PRICES: "Many."})
    assert price(state, "99.00 EUR", many, "10.00").act == Act.SEND
    assert price(state, "98.00 EUR", many, "10.00").act == Act.HOLD


amounts = st.decimals(min_value="0.01", max_value="1000", places=2)


@given(amounts, amounts, amounts)
def test_no_price_leaves_that_is_far_from_yesterdays(
    last: Decimal, yesterday: Decimal, new: Decimal
) -> None:
    decision = price(ListingState(), f"{new} EUR", ABOUT, str(last), str(yesterday))
    if decision.act == Act.SEND:
        assert abs(new - yesterday) * 100 <= yesterday * 30
        within = abs(new - last) * 100 <= last * 30
        assert within or abs(new - yesterday) <= abs(last - yesterday)


# --- Other fields ---------------------------------------------------------------------------------


def test_other_fields_are_counted_and_stop_for_a_refusal() -> None:
    state = ListingState()
    assert decide_other(state, "name", "A", ABOUT) == Decision(Act.SEND, guard=OTHERS)
    stopped(state, "refused", name="A")
    assert decide_other(state, "name", "A", ABOUT).act == Act.STOPPED
    assert decide_other(state, "name", "B", ABOUT).act == Act.SEND


def test_no_guard_counts_the_end_of_an_offer() -> None:
    state = ListingState(believed={"price": "10.00 EUR"})
    full = replace(ABOUT, too_much=dict.fromkeys((PRICES, OTHERS, ZEROS), "Too many."))
    assert decide_ending(state, "", full) == Decision(Act.SEND)
    stopped(state, "refused", price="")
    assert decide_ending(state, "", ABOUT).act == Act.STOPPED
