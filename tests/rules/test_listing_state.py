"""The state of a listing: each event by itself, and any sequence of events."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.rules import listing_state as rules
from django_amazon_sync.rules.listing_state import Conversion, ListingState
from tests.rules.states import EVENTS, HOUR, NOON, accepted, after, happen, hold, refuse

# --- Answers --------------------------------------------------------------------------------------


def test_what_amazon_accepted_is_believed() -> None:
    state = ListingState()
    accepted(state, price="9.00 EUR", quantity=3)
    assert state.believed == {"price": "9.00 EUR", "quantity": 3}
    assert state.accepted_at == NOON
    assert state.verified == {}


def test_what_was_taken_away_is_believed_no_more() -> None:
    state = ListingState(believed={"sale_price": {"price": "7.00 EUR"}})
    accepted(state, sale_price="")
    assert state.believed == {}


def test_an_answer_to_an_older_look_proves_nothing() -> None:
    state = ListingState()
    accepted(state, look=7, quantity=2)
    accepted(state, at=after(seconds=5), look=6, quantity=9)
    assert "quantity" not in state.believed
    assert state.check_at == after(hours=1, seconds=5)


def test_two_answers_within_amazons_time_are_read_when_it_is_over() -> None:
    state = ListingState()
    accepted(state, quantity=2)
    assert state.check_at is None
    accepted(state, at=after(minutes=59), look=2, quantity=3)
    assert state.believed == {"quantity": 3}
    assert state.check_at == after(minutes=119)


def test_answers_further_apart_cannot_cross() -> None:
    state = ListingState()
    accepted(state, quantity=2)
    accepted(state, at=after(minutes=61), look=2, quantity=3)
    assert state.check_at is None


def test_a_silence_leaves_it_unknown_but_the_price_is_remembered() -> None:
    state = ListingState(believed={"price": "100.00 EUR", "quantity": 4})
    rules.unanswered(state, ["price"], check_at=after(hours=1))
    assert state.believed == {"quantity": 4}
    assert rules.last_price(state) == "100.00 EUR"
    assert state.check_at == after(hours=1)


def test_an_answer_ends_stop_drift_approval_and_suspicion() -> None:
    state = ListingState(drift={"quantity": {"ours": 3, "live": 1}})
    hold(state, quantity=3)
    rules.approved(state, ["quantity"], by="ann", at=NOON)
    rules.suspected(state, 1, 3, NOON)
    accepted(state, quantity=3)
    assert (state.held, state.stops, state.approved, state.drift) == ({}, {}, {}, {})
    assert state.suspected == {}


# --- Refusals -------------------------------------------------------------------------------------


def test_a_refused_fall_is_tried_again_soon_and_then_hourly() -> None:
    state, at, pauses = ListingState(), NOON, []
    for _ in range(5):
        refuse(state, at=at, falls=True, quantity=0)
        assert state.again_at is not None
        pauses.append(state.again_at - at)
        at = state.again_at
    minutes = [pause // timedelta(minutes=1) for pause in pauses]
    assert minutes == [1, 5, 15, 60, 60]
    assert state.stops["quantity"]["since"] == NOON.isoformat()


def test_a_refused_rise_never_stays_refused_without_end() -> None:
    state = ListingState()
    refuse(state, quantity=9)
    assert state.again_at == after(hours=1)


def test_what_is_wrong_with_a_value_does_not_pass_by_waiting() -> None:
    state = ListingState()
    refuse(state, name="A")
    assert state.again_at is None


def test_a_refusal_that_names_nothing_may_pass() -> None:
    state = ListingState()
    rules.refused(
        state, {"name": "A"}, code="", reason="400", at=NOON, falls=False, about_value=False
    )
    assert state.again_at == after(hours=1)


def test_another_value_begins_anew() -> None:
    state = ListingState()
    refuse(state, falls=True, quantity=0)
    refuse(state, at=after(minutes=1), falls=True, quantity=1)
    assert state.stops["quantity"]["tries"] == 1


def test_the_earliest_moment_counts() -> None:
    state = ListingState()
    refuse(state, falls=True, quantity=0)
    rules.refused(
        state, {"name": "A"}, code="", reason="400", at=NOON, falls=False, about_value=False
    )
    assert state.again_at == after(minutes=1)
    rules.end_stop(state, "quantity")
    assert state.again_at == after(hours=1)
    rules.end_stop(state, "name")
    assert state.again_at is None


# --- Looks, holds, approvals ----------------------------------------------------------------------


def test_a_hold_ends_when_another_value_is_desired() -> None:
    state = ListingState()
    hold(state, quantity=0)
    assert not rules.desired_is(state, {"quantity": 0}, (), NOON)
    assert state.held == {"quantity": 0}
    assert rules.desired_is(state, {"quantity": 5}, (), NOON)
    assert (state.held, state.stops) == ({}, {})


def test_a_hold_stays_while_nobody_knows_what_is_desired() -> None:
    state = ListingState()
    hold(state, price="1.00 EUR")
    assert not rules.desired_is(state, {}, ["price"], NOON)
    assert rules.desired_is(state, {}, [], NOON)


def test_a_refused_creation_is_no_field() -> None:
    state = ListingState()
    refuse(state, creation="key")
    assert not rules.desired_is(state, {"quantity": 1}, (), NOON)


def test_only_what_is_held_is_approved_and_by_whom_is_known() -> None:
    state = ListingState()
    hold(state, price="1.00 EUR", quantity=0)
    rules.approved(state, ["price"], by="ann", at=NOON)
    assert state.approved == {"price": "1.00 EUR"}
    assert state.approvals == {"price": {"by": "ann", "at": NOON.isoformat()}}
    assert state.held == {"quantity": 0}


def test_an_approval_is_over_after_a_week() -> None:
    state = ListingState()
    hold(state, price="1.00 EUR")
    rules.approved(state, ["price"], by="ann", at=NOON)
    assert not rules.desired_is(state, {"price": "1.00 EUR"}, (), after(days=7))
    assert rules.desired_is(state, {"price": "1.00 EUR"}, (), after(days=7, seconds=1))
    assert state.approved == {}


def test_an_approved_quantity_covers_lower_ones_only() -> None:
    assert rules.covers("quantity", 5, 4)
    assert not rules.covers("quantity", 5, 6)
    assert rules.covers("quantity", 0, 0)
    assert not rules.covers("quantity", 5, 0)
    assert rules.covers("price", "1.00 EUR", "1.00 EUR")
    assert not rules.covers("price", "1.00 EUR", "0.99 EUR")


def approved_price(approved: int, beside_rate: str) -> ListingState:
    state = ListingState()
    rules.held(
        state,
        {"price": f"{approved} JPY"},
        code="C",
        reason="Far.",
        at=NOON,
        beside_rate=beside_rate,
    )
    rules.approved(state, ["price"], by="ann", at=NOON)
    return state


BESIDE_RATE = st.sampled_from(["", "EUR 20 0 - -", "EUR 21 0 - -"])


@given(
    approved=st.integers(1, 10_000),
    days=st.lists(st.tuples(st.integers(1, 10_000), BESIDE_RATE), min_size=1, max_size=4),
    beside_rate=BESIDE_RATE,
    percent=st.integers(0, 30),
)
def test_an_approved_price_covers_what_only_its_rate_moved_since(
    approved: int, days: list[tuple[int, str]], beside_rate: str, percent: int
) -> None:
    """By no more than rates move, from the price that the person saw, however many days it took;
    the approval is used by whichever of these Amazon took."""
    state, stands = approved_price(approved, beside_rate), True
    for price, of in days:
        value = f"{price} JPY"
        only_the_rate = bool(beside_rate) and of == beside_rate
        within = abs(price - approved) * 100 <= percent * approved
        covered = price == approved or (only_the_rate and within)
        stands = stands and covered
        conversion = Conversion(of, percent)
        rules.desired_is(state, {"price": value}, (), NOON, conversion)
        assert rules.lets_leave(state, "price", value, conversion) == stands
        assert ("price" in state.approved) == stands
    if stands:
        assert rules.use_approval(state, "price", value)
    assert state.approved == state.approvals == {}


@given(st.integers(9_500, 10_500))
def test_a_price_that_amazon_took_before_uses_up_no_approval(before: int) -> None:
    state = approved_price(10_000, "EUR 20 0 - -")
    conversion = Conversion("EUR 20 0 - -", 5)
    rules.desired_is(state, {"price": "10100 JPY"}, (), NOON, conversion)
    assert rules.use_approval(state, "price", f"{before} JPY") == (before in (10_000, 10_100))


def test_another_currency_is_no_move_of_the_rate() -> None:
    state = approved_price(100, "EUR 20 0 - -")
    assert not rules.lets_leave(state, "price", "100 USD", Conversion("EUR 20 0 - -", 5))


def test_a_silence_does_not_use_an_approval_up() -> None:
    state = ListingState()
    hold(state, price="1.00 EUR")
    rules.approved(state, ["price"], by="ann", at=NOON)
    rules.unanswered(state, ["price"], check_at=NOON)
    assert state.approved == {"price": "1.00 EUR"}


# --- Reads ----------------------------------------------------------------------------------------


def test_what_is_found_is_adopted_save_what_we_sent() -> None:
    state = ListingState(believed={"quantity": 7})
    rules.adopted(
        state, {"price": "5.00 EUR", "quantity": 4}, ["quantity"], at=NOON, stock_version=3
    )
    assert state.believed == {"price": "5.00 EUR", "quantity": 7}
    assert state.verified == {"price": "5.00 EUR"}
    assert state.quantity_version == -1
    assert rules.last_price(state) == "5.00 EUR"


def test_drift_says_what_we_had_and_since_when() -> None:
    state = ListingState(believed={"price": "10.00 EUR"})
    rules.drifted(state, {"price": "5.00 EUR"}, {"price": "10.00 EUR"}, NOON)
    rules.drifted(state, {"price": "4.00 EUR"}, {"price": "10.00 EUR"}, after(days=1))
    assert state.drift == {
        "price": {"ours": "10.00 EUR", "live": "4.00 EUR", "since": NOON.isoformat()}
    }
    assert state.believed == {"price": "4.00 EUR"}
    assert rules.last_price_of_ours(state) == "10.00 EUR"


def test_the_first_reading_below_ours_is_remembered() -> None:
    state = ListingState(believed={"quantity": 5})
    rules.suspected(state, 3, 5, NOON)
    rules.suspected(state, 2, 5, after(minutes=5))
    assert state.suspected == {"live": 3, "at": NOON.isoformat(), "believed": 5}
    assert state.believed == {"quantity": 5}
    rules.suspected(state, 2, 4, after(minutes=9))
    assert state.suspected == {"live": 2, "at": after(minutes=9).isoformat(), "believed": 4}


def test_what_is_not_compared_is_suspected_no_more_but_may_be_taken_over() -> None:
    state = ListingState(believed={"quantity": 5})
    rules.suspected(state, 3, 5, NOON)
    rules.not_compared(state)
    assert state.suspected == {}
    rules.first_reading(state, 3, NOON)
    rules.not_compared(state)
    assert state.suspected == {"live": 3, "at": NOON.isoformat()}


def test_a_listing_that_amazon_lost_is_known_no_more_but_its_price() -> None:
    state = ListingState(believed={"price": "10.00 EUR", "quantity": 1})
    rules.missing(state, "Gone.")
    assert (state.believed, state.drift) == ({}, {"listing": "missing"})
    assert rules.last_price(state) == "10.00 EUR"


def test_after_a_restored_backup_nothing_is_known() -> None:
    state = ListingState(believed={"price": "10.00 EUR"}, accepted_at=NOON, verified_at=NOON)
    hold(state, price="1.00 EUR")
    rules.approved(state, ["price"], by="ann", at=NOON)
    rules.restored(state)
    assert (state.believed, state.approved, state.drift) == ({}, {}, {})
    assert (state.accepted_at, state.verified_at) == (None, None)
    assert rules.last_price(state) == "10.00 EUR"


def test_of_an_ended_offer_nothing_is_believed_and_nothing_waits() -> None:
    state = ListingState(believed={"price": "", "quantity": 5}, accepted_at=NOON, check_at=NOON)
    rules.saw_price(state, "10.00 EUR", NOON, ours=True)
    hold(state, quantity=9)
    rules.ended(state)
    assert (state.believed, state.held, state.stops, state.drift) == ({}, {}, {}, {})
    assert (state.accepted_at, state.check_at) == (None, None)
    assert rules.last_price(state) == "10.00 EUR"


# --- Prices ---------------------------------------------------------------------------------------


def test_the_price_of_yesterday_is_the_one_that_held_then() -> None:
    state = ListingState()
    for hours, price in ((0, "1.00 EUR"), (20, "2.00 EUR"), (30, "3.00 EUR")):
        rules.saw_price(state, price, after(hours=hours), ours=True)
    assert rules.price_of_yesterday(state, after(hours=43)) == "1.00 EUR"
    assert rules.price_of_yesterday(state, after(hours=44)) == "2.00 EUR"
    assert rules.price_of_yesterday(state, after(hours=54)) == "3.00 EUR"
    assert rules.last_price(state) == "3.00 EUR"


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 50)), max_size=60))
def test_few_prices_are_kept_and_yesterdays_is_right_to_the_hour(
    steps: list[tuple[int, int]],
) -> None:
    state, at, history = ListingState(), NOON, list[tuple[datetime, str]]()
    for minutes, euros in steps:
        at += timedelta(minutes=minutes)
        rules.saw_price(state, f"{euros}.00 EUR", at, ours=True)
        history.append((at, f"{euros}.00 EUR"))
    assert len(state.prices) <= 51
    assert rules.last_price(state) == (history[-1][1] if history else "")
    then = at - rules.A_DAY
    held = [price for moment, price in history if moment <= then]
    near = {price for moment, price in history if abs(moment - then) <= HOUR}
    if history:
        expected = held[-1] if held else history[0][1]
        assert rules.price_of_yesterday(state, at) in {expected, *near}


# --- Any sequence of events -----------------------------------------------------------------------


@given(st.lists(EVENTS, max_size=25))
def test_whatever_happens_the_state_holds_together(events: list[Any]) -> None:
    state = ListingState()
    ever = ""
    for number, event in enumerate(events):
        before = deepcopy(state)
        happen(state, event, after(minutes=7 * number))
        assert not state.held.keys() & state.refused.keys()
        assert state.stops.keys() == state.held.keys() | state.refused.keys()
        assert state.approved.keys() == state.approvals.keys()
        moments = [stop["again_at"] for stop in state.stops.values() if stop["again_at"]]
        assert (state.again_at.isoformat() if state.again_at else None) == min(
            moments, default=None
        )
        for name in state.verified:
            assert name in state.believed
        if event[0] == "refused" and event[1][0] == "quantity":
            assert state.stops["quantity"]["again_at"] is not None
        if event[0] not in ("answered", "desired", "approved", "held", "refused"):
            assert state.held == before.held
        ever = rules.last_price(state) or ever
        assert rules.last_price(state) == ever  # a price that was seen is never forgotten


def test_a_day_has_few_prices(  # whatever a repricer does
) -> None:
    state = ListingState()
    for minute in range(0, 60 * 48, 2):
        rules.saw_price(state, f"{minute}.00 EUR", after(minutes=minute), ours=True)
    assert len(state.prices) <= 51


@pytest.mark.parametrize("value", [None, "", 7])
def test_what_is_no_price_is_not_remembered(value: Any) -> None:
    state = ListingState()
    rules.saw_price(state, value, NOON, ours=True)
    assert state.prices == []


def test_what_is_as_it_is_believed_is_seen_and_ends_approval_and_suspicion() -> None:
    state = ListingState(believed={"price": "9.00 EUR", "quantity": 3, "note": "A"})
    state.approved, state.approvals = {"price": "9.00 EUR"}, {"price": {"by": "a", "at": "x"}}
    rules.suspected(state, 2, 3, NOON)
    rules.seen(state, ["price", "quantity", "note"], proven=["price", "quantity"], at=NOON)
    assert state.verified == {"price": "9.00 EUR", "quantity": 3}
    assert (state.approved, state.approvals, state.suspected) == ({}, {}, {})
    assert rules.last_price(state) == "9.00 EUR"


def test_what_the_shop_took_over_is_believed_and_nothing_stops_it() -> None:
    state = ListingState(believed={"quantity": 3}, drift={"quantity": {"ours": 3, "live": 7}})
    hold(state, quantity=3)
    rules.first_reading(state, 7, NOON)
    assert state.suspected == {"live": 7, "at": NOON.isoformat()}
    rules.taken_over(state, {"quantity": 7}, stock_version=4, at=NOON)
    assert (state.believed, state.verified) == ({"quantity": 7}, {"quantity": 7})
    assert (state.drift, state.held, state.suspected) == ({}, {}, {})
    assert state.quantity_version == 4


def test_a_listing_that_shows_nothing_of_a_field_has_none_of_it() -> None:
    state = ListingState(believed={"note": "A"})
    rules.drifted(state, {"note": None}, {"note": "A"}, NOON)
    assert state.believed == {}
