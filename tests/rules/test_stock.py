"""How many units Amazon may sell, and whether the number may leave now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.rules.stock import (
    HIGHEST_QUANTITY,
    made_of,
    may_travel_by_feed,
    quantity_of,
    quantity_to_send,
)

T = TypeVar("T")

units = st.integers(min_value=0, max_value=2_000_000)


@pytest.mark.parametrize(
    ("sellable", "held", "buffer", "expected"),
    [(5, 0, 0, 5), (5, 2, 0, 3), (5, 2, 1, 2), (5, 9, 0, 0), (0, 0, 0, 0), (-3, 0, 0, 0)],
)
def test_sellable_less_buffer_less_what_amazon_sold(
    sellable: int, held: int, buffer: int, expected: int
) -> None:
    decision = quantity_to_send(sellable=sellable, set_quantity=None, reserved=held, buffer=buffer)
    assert (decision.quantity, decision.reason) == (expected, "")


@pytest.mark.parametrize("sum_of_a_database", [5.0, 5.9])
def test_of_half_a_unit_none_can_be_sold(sum_of_a_database: float) -> None:
    decision = quantity_to_send(
        sellable=cast(int, sum_of_a_database), set_quantity=None, reserved=2, buffer=0
    )
    assert repr(decision.quantity) == "3"


@given(st.integers(min_value=-1000, max_value=2_000_000), units, units)
def test_never_more_than_the_shop_could_sell(sellable: int, held: int, buffer: int) -> None:
    decision = quantity_to_send(sellable=sellable, set_quantity=7, reserved=held, buffer=buffer)
    if decision.quantity is None:
        assert str(sellable) in decision.reason
        assert sellable > HIGHEST_QUANTITY
    else:
        assert 0 <= decision.quantity <= max(0, sellable)


def test_stock_that_is_not_tracked_needs_a_set_number() -> None:
    def decided(set_quantity: int | None) -> tuple[int | None, str]:
        made = quantity_to_send(sellable=None, set_quantity=set_quantity, reserved=3, buffer=1)
        return made.quantity, made.reason

    assert decided(25) == (25, "")
    assert decided(0) == (0, "")
    assert decided(None) == (
        None,
        "The shop does not track its stock; set a quantity on the SKU.",
    )


@given(units, st.booleans(), units)
def test_what_falls_or_is_low_never_waits_in_a_queue(new: int, falls: bool, low: int) -> None:
    assert may_travel_by_feed(new, falls=falls, low_stock=low) is (new > low and not falls)


@given(
    st.none() | st.integers(min_value=-1000, max_value=HIGHEST_QUANTITY),
    units,
    units,
    units,
)
def test_a_reckoning_comes_to_the_quantity_that_is_sent(
    sellable: int | None, set_quantity: int, reserved: int, buffer: int
) -> None:
    def asked(what: Callable[..., T]) -> T:
        return what(sellable=sellable, set_quantity=set_quantity, reserved=reserved, buffer=buffer)

    assert quantity_of(asked(made_of)) == asked(quantity_to_send).quantity
