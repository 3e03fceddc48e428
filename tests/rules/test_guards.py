"""Which changes are too much to leave without a person's word."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money
from django_amazon_sync.rules.guards import (
    KINDS,
    OTHERS,
    PRICES,
    ZEROS,
    Limits,
    price_waits,
    too_much,
)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.mark.parametrize("new", ["10.00", "13.00", "7.00", "12.99"])
def test_a_price_that_moves_a_little_leaves(new: str) -> None:
    assert price_waits(eur("10.00"), eur(new), percent=30) == ""


@pytest.mark.parametrize("new", ["13.01", "6.99", "0.10", "1000.00"])
def test_a_price_that_moves_much_waits_and_says_so(new: str) -> None:
    reason = price_waits(eur("10.00"), eur(new), percent=30)
    assert reason.startswith(f"The price moves from 10.00 EUR to {new} EUR, by ")
    assert reason.endswith("more than 30 % waits for approval.")


@pytest.mark.parametrize("believed", [None, Money(Decimal(10), "USD"), eur("0")])
def test_where_there_is_nothing_to_compare_it_leaves(believed: Money | None) -> None:
    assert price_waits(believed, eur("99.00"), percent=30) == ""


@given(
    st.decimals(min_value="0.01", max_value="100000", places=2),
    st.decimals(min_value="0.01", max_value="100000", places=2),
    st.integers(min_value=0, max_value=500),
)
def test_what_waits_is_outside_the_band(before: Decimal, new: Decimal, percent: int) -> None:
    band = before * percent / 100
    waits = price_waits(Money(before, "EUR"), Money(new, "EUR"), percent=percent)
    assert bool(waits) is not (before - band <= new <= before + band)


@pytest.mark.parametrize(
    ("moved", "known", "waits"),
    [
        (21, 41, True),
        (21, 42, False),  # exactly half
        (20, 20, False),  # few enough
        (21, 21, True),
        (0, 0, False),
        (21, 0, True),
        (5000, 100_000, False),
    ],
)
def test_more_than_a_number_and_a_share_within_an_hour_wait(
    moved: int, known: int, waits: bool
) -> None:
    limits = Limits(known=known, count=20, percent=50)
    for kind in (PRICES, OTHERS):
        reason = limits.too_much(kind, moved)
        assert bool(reason) is waits
        if waits:
            assert f" {moved} of {known} listings" in reason


def test_a_tenth_at_zero_for_no_reason_is_too_much() -> None:
    limits = Limits(known=1000, count=20, percent=50)
    assert limits.too_much(ZEROS, 100) == ""
    reason = limits.too_much(ZEROS, 101)  # of all runs within the hour, not of this one
    assert "101 of 1000 listings would have gone to zero within an hour" in reason
    assert Limits(known=1000, count=200, percent=50).too_much(ZEROS, 101) == ""
    assert Limits(known=1000, count=20, percent=5).too_much(ZEROS, 51) != ""


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted_by_itself(kind: str) -> None:
    limits = Limits(known=100, count=20, percent=50)
    moved = dict.fromkeys(KINDS, 10) | {kind: 60}
    assert set(too_much(limits, moved)) == {kind}
