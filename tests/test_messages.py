"""Sentences that rows keep: what they say in English and in the reader's language, and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db.models import CharField
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Money
from django_amazon_sync.messages import COUNT, Code, Message, Parameter, in_english, shown
from django_amazon_sync.models import AmazonOrder, RunLine, SyncRun

LANGUAGES = ("de", "ja")

moments = st.datetimes(
    timezones=st.integers(-12 * 60, 14 * 60).map(lambda east: timezone(timedelta(minutes=east)))
)
amounts = st.builds(
    Money,
    st.decimals(-(10**9), 10**9, places=4, allow_nan=False),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
parameters: st.SearchStrategy[Parameter] = st.one_of(st.text(), st.integers(), amounts, moments)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    code = draw(st.sampled_from(Code))
    params = {
        name: draw(st.integers(0, 3) if name == COUNT else parameters) for name in code.parameters
    }
    return Message(code, **params)


@given(messages())
def test_a_message_comes_back_from_json_as_it_was(message: Message) -> None:
    stored = json.loads(json.dumps(message.as_json()))
    assert Message.from_json(stored) == message
    assert hash(Message.from_json(stored)) == hash(message)
    assert str(Message.from_json(stored)) == str(message)


@given(messages(), st.sampled_from(["en", *LANGUAGES]))
def test_a_message_can_be_said_in_each_language(message: Message, language: str) -> None:
    with translation.override(language):
        said = message.translated()
    for text in (said, str(message)):
        assert text.count("%(") == sum(
            value.count("%(") for value in message.params.values() if isinstance(value, str)
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", Code)
def test_each_sentence_has_its_translation(code: Code, language: str) -> None:
    if code.one == "%(words)s":
        return  # it quotes
    params: dict[str, Parameter] = {
        name: 2 if name == COUNT else f"<{name}>" for name in code.parameters
    }
    with translation.override(language):
        said = Message(code, **params).translated()
    assert said != str(Message(code, **params))
    for value in params.values():
        assert str(value) in said


@pytest.mark.parametrize(
    "params", [{}, {"carrier": "Courier", "sku": "MUG"}, {"sku": "MUG"}], ids=str
)
def test_parameters_are_those_of_the_sentence(params: dict[str, Parameter]) -> None:
    with pytest.raises(TypeError, match="'unknown-carrier' takes carrier, and was given"):
        Message(Code.UNKNOWN_CARRIER, **params)


@pytest.mark.parametrize(
    "column",
    [
        AmazonOrder._meta.get_field("reason_code"),
        SyncRun._meta.get_field("reason_code"),
        RunLine._meta.get_field("code"),
    ],
    ids=str,
)
def test_each_code_fits_its_column(column: CharField[str, str]) -> None:
    assert column.max_length is not None
    assert max(map(len, Code)) <= column.max_length


def test_a_moment_has_a_zone_and_a_count_is_a_number() -> None:
    with pytest.raises(ValueError, match="ship_by"):
        Message(Code.SHIP_BY, ship_by=datetime(2026, 1, 2))  # noqa: DTZ001 -- that is the point
    with pytest.raises(TypeError, match="counts"):
        Message(Code.FEW_ROWS, count="two", known=5)


def test_values_are_said_as_the_reader_writes_them() -> None:
    difference = Message(Code.UNEXPLAINED, difference=Money(Decimal("1234.50"), "EUR"))
    ship_by = Message(Code.SHIP_BY, ship_by=datetime(2026, 1, 2, 23, 30, tzinfo=UTC))
    rows = Message(Code.FEW_ROWS, count=1234, known=5678)
    assert str(difference) == "1234.50 EUR of Amazon's total are unexplained."
    assert str(ship_by) == "Amazon expects it by 2026-01-02 23:30 UTC."
    assert str(rows).startswith("The report has 1234 rows, and 5678 listings are known there;")
    with (
        translation.override("de"),
        override_settings(TIME_ZONE="Europe/Berlin", USE_THOUSAND_SEPARATOR=True),
    ):
        assert "1.234,50 EUR" in difference.translated()
        assert "3. Januar 2026 00:30" in ship_by.translated()
        assert "1.234 Zeilen" in rows.translated()
        assert "1 Zeile," in Message(Code.FEW_ROWS, count=1, known=5).translated()
    assert str(Message(Code.FEW_ROWS, count=1, known=5)).startswith("The report has 1 row, and 5")


def test_what_others_say_is_quoted_as_it_is() -> None:
    said = [Message(Code.GUEST), Message(Code.QUOTED, words="100 % %(full)s.")]
    assert in_english(said) == "The order is a guest's. 100 % %(full)s."
    with translation.override("de"):
        assert said[1].translated() == "100 % %(full)s."


def test_a_text_of_a_row_is_translated_where_it_has_no_parameters() -> None:
    with translation.override("de"):
        assert shown("The payment is pending on Amazon.") == (
            "Die Zahlung steht bei Amazon noch aus."
        )
        assert shown("It was sold on EBAY, not on Amazon.") == (
            "It was sold on EBAY, not on Amazon."
        )
        assert shown("") == ""
