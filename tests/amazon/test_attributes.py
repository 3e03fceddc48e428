"""Where values stand among a listing's attributes, and the patches that change them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.attributes import first_schedule
from django_amazon_sync.data import Money
from tests import patches

DE = "A1PA6795UKMFR9"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def test_a_price_is_merged_with_all_selectors() -> None:
    assert patches.price_patch(DE, eur("12.90")) == {
        "op": "merge",
        "path": "/attributes/purchasable_offer",
        "value": [
            {
                "marketplace_id": DE,
                "currency": "EUR",
                "audience": "ALL",
                "our_price": [{"schedule": [{"value_with_tax": 12.9}]}],
            }
        ],
    }


def test_a_quantity_takes_lead_time_and_restock_date_along() -> None:
    assert patches.quantity_patch(0, 2, "2026-12-01") == {
        "op": "replace",
        "path": "/attributes/fulfillment_availability",
        "value": [
            {
                "fulfillment_channel_code": "DEFAULT",
                "quantity": 0,
                "lead_time_to_ship_max_days": 2,
                "restock_date": "2026-12-01",
            }
        ],
    }
    (bare,) = patches.quantity_patch(3, None, "")["value"]
    assert bare == {"fulfillment_channel_code": "DEFAULT", "quantity": 3}
    (at_once,) = patches.quantity_patch(3, 0, "")["value"]
    assert at_once["lead_time_to_ship_max_days"] == 0


def test_a_title_is_replaced_in_one_language() -> None:
    assert patches.name_patch(DE, "de_DE", "Löffel") == {
        "op": "replace",
        "path": "/attributes/item_name",
        "value": [{"value": "Löffel", "language_tag": "de_DE", "marketplace_id": DE}],
    }


def sent_price(price: Money) -> str:
    (offer,) = patches.price_patch(DE, price)["value"]
    return json.dumps(first_schedule(offer["our_price"])["value_with_tax"])


@given(cents=st.integers(0, 10**13 - 1))
def test_a_price_is_written_as_an_exact_number(cents: int) -> None:
    price = eur(f"{Decimal(cents).scaleb(-2):f}")
    assert Decimal(sent_price(price)) == price.amount


@pytest.mark.parametrize(
    ("price", "written"),
    [
        (Money(Decimal("1290"), "JPY"), "1290"),
        (Money(Decimal("1290.5"), "JPY"), "1291"),
        (Money(Decimal("0.005"), "EUR"), "0.01"),
        (Money(Decimal("1.5"), "EUR"), "1.5"),
        (Money(Decimal("1E+3"), "EUR"), "1000"),
    ],
)
def test_a_price_has_whole_minor_units(price: Money, written: str) -> None:
    assert sent_price(price) == written
