"""Exchange rates: the European Central Bank's document, crossing, and which rate holds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Rate
from django_amazon_sync.errors import Unreadable
from django_amazon_sync.rules.rates import DayOfRates, Rates, crossed, read_day
from tests.bank import document

TODAY = date(2026, 11, 25)

LETTERS = ascii_uppercase.replace("E", "")


GOOD = document({"USD": "1.0832", "JPY": "162.35", "GBP": "0.8339"})


def test_the_banks_document_is_read() -> None:
    day = read_day(GOOD, TODAY)
    assert day.on == date(2026, 11, 24)
    assert day.rates == {
        "USD": Decimal("1.0832"), "JPY": Decimal("162.35"), "GBP": Decimal("0.8339"),
    }  # fmt: skip


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "1.5">]>'


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"", "no XML document"),
        (b"<html><body>Maintenance</body></html>", "none of the European Central Bank's"),
        (GOOD.replace(b"<gesmes:Envelope", ENTITIES + b"<gesmes:Envelope"), "none of the European"),
        (document({"USD": "1.1"}, day="2026-02-30"), "of a day that is none"),
        (document({"USD": "1.1"}, day="٢٠٢٦-١١-٢٤"), "of a day that is none"),
        (document({"USD": "1.1"}, day="2026-W48-2"), "of a day that is none"),
        (document({"USD": "1.1"}, day="2026-11-27"), "is not about now"),
        (document({"USD": "1.1"}, day="9999-12-31"), "is not about now"),
        (document({"USD": "1.1"}, day="1999-01-04"), "is not about now"),
        (document({}), "has no rates"),
        (document({"USD": "0"}), "The rate of USD is none"),
        (document({"USD": "-1.2"}), "The rate of USD is none"),
        (document({"USD": "NaN"}), "The rate of USD is none"),
        (document({"USD": "1e4"}), "The rate of USD is none"),
        (document({"USD": "1_0"}), "The rate of USD is none"),
        (document({"USD": "٣.٢"}), "The rate of USD is none"),
        (document({"USD": "0.000001"}), "The rate of USD is none"),
        (document({"USD": "1000000000"}), "The rate of USD is none"),
        (document({"USD": "9" * 5000}), "The rate of USD is none"),
        (document({"USD": "1,08"}), "The rate of USD is none"),
        (document({"dollar": "1.08"}), "of what is not a currency"),
        (document({f"{a}{b}A": 1 for a in LETTERS for b in LETTERS}), "more rates than"),
        (document({"EUR": "1"}), "several rates of EUR"),
        (GOOD.replace(b'"GBP"', b'"USD"'), "several rates of USD"),
        (GOOD.replace(b"</Cube></Cube>", b'</Cube><Cube time="2026-11-23"/></Cube>'), "of 2 days"),
    ],
)
def test_what_is_wrong_is_one_clear_error(bad: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words.replace("(", r"\(")):
        read_day(bad, TODAY)


@given(st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_document_that_is_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(Unreadable):
        read_day(GOOD[:length], TODAY)


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=len(GOOD)))
def test_no_bytes_do_more_than_be_refused(noise: bytes, at: int) -> None:
    for given_bytes in (noise, GOOD[:at] + noise + GOOD[at:]):
        try:
            day = read_day(given_bytes, TODAY)
        except Unreadable:
            continue
        assert all(rate > 0 for rate in day.rates.values())


currencies = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3).filter("EUR".__ne__)
numbers = st.decimals(min_value="0.0001", max_value="100000", places=4)


@given(st.dictionaries(currencies, numbers, min_size=1))
def test_what_is_written_is_read(rates: dict[str, Decimal]) -> None:
    assert read_day(document(rates), TODAY).rates == rates


@given(numbers, numbers)
def test_pairs_are_crossed_by_way_of_the_euro(first: Decimal, second: Decimal) -> None:
    day = DayOfRates(TODAY, {"USD": first, "JPY": second})
    assert crossed(day, "EUR", "USD") == first
    there, back = crossed(day, "USD", "JPY"), crossed(day, "JPY", "USD")
    assert there is not None
    assert back is not None
    assert abs(there * back - 1) < Decimal("0.000001")
    assert len(there.as_tuple().digits) <= 10
    assert crossed(day, "GBP", "USD") is None
    assert crossed(day, "USD", "GBP") is None


def rates(found: Rate | str | None, max_age: int = 7) -> Rates:
    return Rates(
        "JPY", lambda base: found, source="the table", remedy="mend it.", today=TODAY,
        max_age=max_age,
    )  # fmt: skip


@given(st.integers(min_value=0, max_value=30), st.integers(min_value=0, max_value=30))
def test_a_rate_holds_up_to_its_greatest_age(age: int, max_age: int) -> None:
    rate = Rate(Decimal("162"), TODAY - timedelta(days=age), "table")
    found = rates(rate, max_age).of("EUR")
    if age <= max_age:
        assert found is rate
    else:
        assert isinstance(found, str)
        assert f"is {age} days old (of {rate.on.isoformat()}), and {max_age} are allowed" in found


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (None, "There is no rate from EUR to JPY in the table; mend it."),
        (Rate(Decimal(0), TODAY, ""), "The rate from EUR to JPY is 0 in the table; it must be "
         "above 0."),
        ("It fails.", "It fails."),
    ],
)  # fmt: skip
def test_no_rate_says_why(found: Rate | str | None, sentence: str) -> None:
    assert rates(found).of("EUR") == sentence


def test_a_rate_of_a_day_to_come_does_not_hold() -> None:
    """Nor does it keep a real one of today from holding, which is looked for first."""
    tomorrow = Rate(Decimal("162"), TODAY + timedelta(days=1), "table")
    assert rates(tomorrow).of("EUR") is tomorrow  # it is tomorrow somewhere
    found = rates(Rate(Decimal("162"), TODAY + timedelta(days=2), "table")).of("EUR")
    assert isinstance(found, str)
    assert "has not come yet" in found


def test_a_rate_is_looked_up_once() -> None:
    asked: list[str] = []

    def find(base: str) -> Rate | None:
        asked.append(base)
        return None

    some = Rates("JPY", find, source="x", remedy="y", today=TODAY, max_age=7)
    assert some.of("EUR") == some.of("EUR")
    assert asked == ["EUR"]
