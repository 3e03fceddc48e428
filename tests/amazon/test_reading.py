"""Single values of Amazon's documents."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon import reading
from django_amazon_sync.data import Money
from django_amazon_sync.errors import Unreadable


@given(amount=st.decimals(-(10**9), 10**9, places=2), currency=st.sampled_from(["EUR", "JPY"]))
def test_money_is_read_exactly_as_text_and_as_number(amount: Decimal, currency: str) -> None:
    as_text = {"amount": str(amount), "currencyCode": currency}
    as_number = {"amount": float(amount), "currencyCode": currency}
    assert reading.money(as_text) == reading.money(as_number) == Money(amount, currency)


@pytest.mark.parametrize("absent", [None, {}, [], "12", {"amount": None, "currencyCode": "EUR"}])
def test_no_amount_is_no_money(absent: Any) -> None:
    assert reading.money(absent) is None


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "ten",
        "1,5",
        True,
        [],
        {},
        "NaN",
        "Infinity",
        "1e10",
        "1e-11",
        "1_0",
        "1E+1000000",
        "\u0663",
        10**400,
    ],
)
def test_an_odd_amount_is_unreadable(odd: Any) -> None:
    with pytest.raises(Unreadable):
        reading.money({"amount": odd, "currencyCode": "EUR"})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-12-25T10:30:00Z", datetime(2024, 12, 25, 10, 30, tzinfo=UTC)),
        ("2024-12-25T10:30:00.123+0100", datetime(2024, 12, 25, 9, 30, 0, 123000, tzinfo=UTC)),
        ("2024-12-25", datetime(2024, 12, 25, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("2200-01-01T00:00:00Z", None),
        ("soon", None),
        (None, None),
        (1735122600, None),
    ],
)
def test_moments(written: Any, read: datetime | None) -> None:
    assert reading.moment(written) == read


@given(value=st.integers(-5, 2**33))
def test_whole_numbers_fit_a_database_column(value: int) -> None:
    expected = value if 0 <= value < 2**31 else None
    assert reading.whole(value) == reading.whole(str(value)) == expected


@pytest.mark.parametrize("odd", [None, True, "", "x", 1.5, "nan", "inf", [], {}])
def test_no_whole_number(odd: Any) -> None:
    assert reading.whole(odd) is None


@given(value=st.text(st.characters(codec=None)))
def test_texts_can_always_be_stored(value: str) -> None:
    stored = reading.text(value)
    assert stored.encode("utf-8").decode("utf-8") == stored
    assert "\x00" not in stored


def test_lists_leave_out_what_does_not_belong() -> None:
    assert reading.objs([{"a": 1}, None, "x", {"b": 2}]) == [{"a": 1}, {"b": 2}]
    assert reading.objs({"a": 1}) == []
    assert reading.texts(["a", None, "", {}, 5]) == ("a", "5")
    assert reading.texts("abc") == ()
    assert reading.obj([1]) == {}


@pytest.mark.parametrize("deep", [60, 450, 600, 5000, 100_000])
def test_what_is_nested_too_deep_is_left_out_or_refused(deep: int) -> None:
    """A document that can be read could not be stored, and took its page with it."""
    try:
        read = reading.parsed(b'{"a":' * deep + b"1" + b"}" * deep)
    except ValueError:
        assert deep > 400
        return
    stored = reading.storable(read)
    levels = 0
    while isinstance(stored, dict):
        stored, levels = stored["a"], levels + 1
    assert (stored, levels) == (None, 50)
