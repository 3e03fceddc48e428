"""The kinds of values: read from any text, shown in forms, written as Amazon wants them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.data import Json
from django_amazon_sync.sync.offers.fields import FIELDS, REMOVED, OfferField, own_fields
from tests.patches import terms
from tests.sync.offers.steps import received


@pytest.mark.parametrize("one", list(own_fields()), ids=lambda one: one.name)
@given(text=st.text(max_size=40))
def test_no_text_does_more_than_name_a_value_or_say_what_is_wrong(
    one: OfferField, text: str
) -> None:
    try:
        value = one.from_text(text, "EUR")
    except ValidationError:
        return
    assert value == REMOVED or one.from_text(one.to_text(value)) == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("handling_time", "31", "from 0 to 30"),
        ("handling_time", "\u0663", "whole number"),
        ("restock_date", "2026-02-30", "2026-12-31"),
        ("minimum_price", "1,234.50", "12.90"),
        ("minimum_price", "0", "above 0"),
        ("minimum_price", "9.9999", "2 decimals"),
        ("minimum_price", "1.234", "1.234 can be read as 1234 and as 1.234"),
        ("minimum_price", "1,290 EUR", "1,290 can be read as 1290 and as 1.29"),
        ("minimum_price", "2.000", "2.000 can be read as 2000 and as 2.0"),
        ("sale_price", "1.234 2026-11-01/2026-11-30", "can be read as"),
        ("max_order_quantity", "1.000", "1.000 can be read as 1000"),
        ("minimum_price", "9 USD", "currency is EUR, not USD"),
        ("sale_price", "9.90", "first and last day"),
        ("sale_price", "9.90 2026-11-30/2026-11-01", "ends before it begins"),
        ("business_price", "9; 10: 9.50", "prices must fall"),
        ("business_price", "9; 10: 8; 10: 7", "numbers of units must rise"),
        ("business_price", "9; 8.50", "units and price"),
        ("browse_nodes", "12, books", "books"),
        ("browse_nodes", " ,; ", "not a number"),
        ("browse_nodes", "1, 2, 3", "at most 2"),
        ("condition_note", "a\x00b", "control characters"),
        ("max_order_quantity", "0", "from 1"),
    ],
)
def test_a_wrong_text_is_refused_in_words(name: str, text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FIELDS[name].from_text(text, "EUR")


def test_decimals_have_either_sign() -> None:
    for text in ("12.90", "12,90", "12,9", "0,50", "1234.50"):
        amount = Decimal(text.replace(",", "."))
        assert FIELDS["minimum_price"].from_text(text, "EUR") == f"{amount:.2f} EUR"


def test_what_a_currency_of_three_decimals_writes_can_be_read_again() -> None:
    assert FIELDS["minimum_price"].from_text("1.234 KWD") == "1.234 KWD"


def test_a_price_without_any_currency_is_refused() -> None:
    with pytest.raises(ValidationError, match="currency too"):
        FIELDS["minimum_price"].from_text("9.90")
    assert FIELDS["minimum_price"].from_text("9,90 eur") == "9.90 EUR"


def test_yen_have_no_decimals() -> None:
    japan = "A1VC38T7YXB528"
    assert FIELDS["list_price"].from_text("1290", "JPY") == "1290 JPY"
    with pytest.raises(ValidationError, match="0 decimals"):
        FIELDS["list_price"].from_text("1290.5", "JPY")
    there = received(FIELDS["list_price"], "1290 JPY", japan)
    assert FIELDS["list_price"].read(there, terms(japan)) == "1290 JPY"


def test_a_tier_without_an_amount_is_none() -> None:
    plan: Json = [{"schedule": [{"discount_type": "fixed", "levels": [{"lower_bound": 5}]}]}]
    price: Json = [{"schedule": [{"value_with_tax": 9.5}]}]
    kind = FIELDS["business_price"].kind
    read = kind.from_amazon([{"our_price": price, "quantity_discount_plan": plan}], terms())
    assert read == {"price": "9.50 EUR", "tiers": []}
    assert str(kind.least_paid(read)) == "9.50 EUR"
