"""The declared fields of an offer: as people write them, as we keep them, as Amazon does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.attributes import first_schedule
from django_amazon_sync.amazon.reading import text
from django_amazon_sync.data import FieldValues, Json, JsonObject, ListingFacts, Money
from django_amazon_sync.sync.offers.fields import FIELDS, REMOVED, OfferField, own_fields
from tests.patches import DE, store

cents = st.integers(1, 10**9).map(lambda number: Decimal(number) / 100)
prices = cents.map(lambda amount: str(Money(amount, "EUR").rounded()))
days = st.dates(date(2001, 1, 1), date(2100, 1, 1)).map(date.isoformat)
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=150)


@st.composite
def sales(draw: st.DrawFn) -> dict[str, str]:
    start, end = sorted([draw(days), draw(days)])
    return {"price": draw(prices), "start": start, "end": end}


@st.composite
def business_prices(draw: st.DrawFn) -> dict[str, Any]:
    amounts = sorted(draw(st.sets(st.integers(1, 10**6), min_size=1, max_size=6)), reverse=True)
    units = sorted(draw(st.sets(st.integers(2, 10**6), min_size=6, max_size=6)))
    price, *tiers = [str(Money(Decimal(amount) / 100, "EUR").rounded()) for amount in amounts]
    return {"price": price, "tiers": [[*pair] for pair in zip(units, tiers, strict=False)]}


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "handling_time": st.integers(0, 30),
    "restock_date": days,
    "minimum_price": prices,
    "maximum_price": prices,
    "sale_price": sales(),
    "list_price": prices,
    "business_price": business_prices(),
    "max_order_quantity": st.integers(1, 10**6),
    "condition_note": texts,
    "item_type_keyword": texts,
    "browse_nodes": st.lists(
        st.integers(1, 10**12).map(str), min_size=1, max_size=2, unique=True
    ),
}  # fmt: skip


def received(one: OfferField, value: Any, marketplace: str = DE) -> ListingFacts:
    """A listing whose attributes hold what a patch of this value sets."""
    patch = one.patch(value, store(marketplace), {"quantity": 1} if one.sent_with_quantity else {})
    return ListingFacts(marketplace, attributes={one.attribute: patch["value"]})


def test_each_field_with_an_own_value_is_tried() -> None:
    assert list(VALUES) == [one.name for one in own_fields()]


@pytest.mark.parametrize("name", list(VALUES))
@given(data=st.data())
def test_a_value_stays_the_same_through_texts_forms_and_amazon(
    name: str, data: st.DataObject
) -> None:
    one, value = FIELDS[name], data.draw(VALUES[name])
    assert one.from_text(one.to_text(value)) == value
    assert one.read(received(one, value), store()) == value
    form_field = one.form_field(currency="EUR")
    assert not form_field.has_changed(value, _typed(form_field, value))
    assert form_field.clean(_typed(form_field, value)) == value


def _typed(form_field: Any, value: Any) -> Any:
    """What a form that shows the value sends back."""
    shown = form_field.prepare_value(value)
    return form_field.widget.decompress(shown) if hasattr(form_field.widget, "widgets") else shown


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
        ("minimum_price", "9.999", "2 decimals"),
        ("minimum_price", "9 USD", "currency is EUR, not USD"),
        ("sale_price", "9.90", "first and last day"),
        ("sale_price", "9.90 2026-11-30/2026-11-01", "ends before it begins"),
        ("business_price", "9; 10: 9.50", "prices must fall"),
        ("business_price", "9; 10: 8; 10: 7", "numbers of units must rise"),
        ("business_price", "9; 8.50", "units and price"),
        ("browse_nodes", "12, books", "books"),
        ("browse_nodes", "1, 2, 3", "at most 2"),
        ("condition_note", "a\x00b", "control characters"),
        ("max_order_quantity", "0", "from 1"),
    ],
)
def test_a_wrong_text_is_refused_in_words(name: str, text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FIELDS[name].from_text(text, "EUR")


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
    assert FIELDS["list_price"].read(there, store(japan)) == "1290 JPY"


def test_a_list_price_has_the_name_that_the_store_gives_it() -> None:
    us = "ATVPDKIKX0DER"
    (german,) = FIELDS["list_price"].patch("9.90 EUR", store(), {})["value"]
    (american,) = FIELDS["list_price"].patch("9.90 USD", store(us), {})["value"]
    assert german == {"marketplace_id": DE, "currency": "EUR", "value_with_tax": 9.9}
    assert american == {"marketplace_id": us, "currency": "USD", "value": 9.9}


def test_one_part_of_an_offer_goes_with_the_others_as_they_are_known() -> None:
    known: JsonObject = {"our_price": [{"schedule": [{"value_with_tax": 10}]}], "points": 5}
    patch = FIELDS["minimum_price"].patch("8.00 EUR", store(), known)
    (offer,) = patch["value"]
    assert patch["op"] == "merge"
    assert offer == {
        **known,
        "marketplace_id": DE,
        "currency": "EUR",
        "audience": "ALL",
        "minimum_seller_allowed_price": [{"schedule": [{"value_with_tax": 8}]}],
    }


def test_what_is_taken_away_is_taken_away_by_its_selectors() -> None:
    assert FIELDS["list_price"].patch(REMOVED, store(), {}) == {
        "op": "delete",
        "path": "/attributes/list_price",
        "value": [{"marketplace_id": DE, "currency": "EUR"}],
    }
    (offer,) = FIELDS["business_price"].patch(REMOVED, store(), {})["value"]
    assert offer == {"marketplace_id": DE, "currency": "EUR", "audience": "B2B"}


def test_a_sale_is_taken_away_by_ending_it() -> None:
    sale: FieldValues = {"price": "9.90 EUR", "start": "2026-11-01", "end": "2026-11-30"}
    one = FIELDS["sale_price"]
    (offer,) = one.patch(sale, store(), {})["value"]
    ended = one.patch(REMOVED, store(), offer)
    over = first_schedule(ended["value"][0]["discounted_price"])
    assert (over["value_with_tax"], text(over["end_at"])[:4]) == (9.9, "2000")
    there = ListingFacts(DE, attributes={"purchasable_offer": ended["value"]})
    assert one.read(there, store()) is None


def test_a_tier_without_an_amount_is_none() -> None:
    plan: Json = [{"schedule": [{"discount_type": "fixed", "levels": [{"lower_bound": 5}]}]}]
    price: Json = [{"schedule": [{"value_with_tax": 9.5}]}]
    kind = FIELDS["business_price"].kind
    read = kind.from_amazon([{"our_price": price, "quantity_discount_plan": plan}], store())
    assert read == {"price": "9.50 EUR", "tiers": []}
    assert str(kind.least_paid(read)) == "9.50 EUR"
