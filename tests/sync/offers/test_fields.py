"""The declared fields of an offer: as people write them, as we keep them, as Amazon does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.attributes import first_schedule
from django_amazon_sync.amazon.reading import text
from django_amazon_sync.data import FieldValues, JsonObject, ListingFacts, Money
from django_amazon_sync.sync.offers.fields import FIELDS, REMOVED, own_fields
from tests.patches import DE, terms
from tests.sync.offers.steps import received

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


def test_each_field_with_an_own_value_is_tried() -> None:
    assert list(VALUES) == [one.name for one in own_fields()]


@pytest.mark.parametrize("name", list(VALUES))
@given(data=st.data())
def test_a_value_stays_the_same_through_texts_forms_and_amazon(
    name: str, data: st.DataObject
) -> None:
    one, value = FIELDS[name], data.draw(VALUES[name])
    assert one.from_text(one.to_text(value)) == value
    assert one.read(received(one, value), terms()) == value
    form_field = one.form_field(currency="EUR")
    assert not form_field.has_changed(value, _typed(form_field, value))
    assert form_field.clean(_typed(form_field, value)) == value


def _typed(form_field: Any, value: Any) -> Any:
    """What a form that shows the value sends back."""
    shown = form_field.prepare_value(value)
    return form_field.widget.decompress(shown) if hasattr(form_field.widget, "widgets") else shown


def test_a_list_price_has_the_name_that_the_store_gives_it() -> None:
    us = "ATVPDKIKX0DER"
    (german,) = FIELDS["list_price"].patch("9.90 EUR", terms(), {})["value"]
    (american,) = FIELDS["list_price"].patch("9.90 USD", terms(us), {})["value"]
    assert german == {"marketplace_id": DE, "currency": "EUR", "value_with_tax": 9.9}
    assert american == {"marketplace_id": us, "currency": "USD", "value": 9.9}


def test_one_part_of_an_offer_goes_with_the_others_as_they_are_known() -> None:
    known: JsonObject = {"our_price": [{"schedule": [{"value_with_tax": 10}]}], "points": 5}
    patch = FIELDS["minimum_price"].patch("8.00 EUR", terms(), known)
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
    assert FIELDS["list_price"].patch(REMOVED, terms(), {}) == {
        "op": "delete",
        "path": "/attributes/list_price",
        "value": [{"marketplace_id": DE, "currency": "EUR"}],
    }
    (offer,) = FIELDS["business_price"].patch(REMOVED, terms(), {})["value"]
    assert offer == {"marketplace_id": DE, "currency": "EUR", "audience": "B2B"}


def test_a_sale_is_taken_away_by_ending_it() -> None:
    sale: FieldValues = {"price": "9.90 EUR", "start": "2026-11-01", "end": "2026-11-30"}
    one = FIELDS["sale_price"]
    (offer,) = one.patch(sale, terms(), {})["value"]
    ended = one.patch(REMOVED, terms(), offer)
    over = first_schedule(ended["value"][0]["discounted_price"])
    assert (over["value_with_tax"], text(over["end_at"])[:4]) == (9.9, "2000")
    there = ListingFacts(DE, attributes={"purchasable_offer": ended["value"]})
    assert one.read(there, terms()) is None
