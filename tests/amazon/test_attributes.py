"""Where values stand among a listing's attributes, and the patches that change them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.attributes import (
    AVAILABILITY,
    BUSINESS_OFFER,
    OFFER,
    Slot,
    amount_in,
    first_schedule,
    removal_patch,
    set_patch,
    together,
)
from django_amazon_sync.data import Json, Money
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


FRANCE = "A13V1IB3VIYZZH"


def test_our_instance_is_found_among_the_others() -> None:
    attributes: dict[str, Json] = {
        "purchasable_offer": [
            {"marketplace_id": FRANCE, "currency": "EUR", "audience": "ALL", "at": "France"},
            {"marketplace_id": DE, "currency": "EUR", "audience": "B2B", "at": "business"},
            {"marketplace_id": DE, "currency": "EUR", "at": "whose audience is left out"},
            "no instance at all",
        ]
    }
    [ours] = OFFER.instances(attributes, patches.terms())
    assert ours["at"] == "whose audience is left out"
    assert OFFER.instances({}, patches.terms()) == []


def test_parts_of_an_offer_are_taken_away_and_the_others_stay() -> None:
    known: dict[str, Json] = {"our_price": [1], "discounted_price": [2]}
    patch = removal_patch(OFFER, patches.terms(), known, ["discounted_price"])
    assert patch["op"] == "replace"
    assert patch["value"] == [
        {"our_price": [1], "marketplace_id": DE, "currency": "EUR", "audience": "ALL"}
    ]


def test_an_instance_of_one_field_is_taken_away_as_a_whole() -> None:
    condition = Slot("condition_type")
    patch = removal_patch(condition, patches.terms(), {"value": "new_new"}, ["value"])
    assert (patch["op"], patch["value"]) == ("delete", [{"marketplace_id": DE}])


def test_of_several_patches_for_one_offer_the_last_holds_all() -> None:
    terms = patches.terms()
    price = set_patch(OFFER, terms, {}, [{"our_price": [1]}])
    both = set_patch(OFFER, terms, {"our_price": [1]}, [{"discounted_price": [2]}])
    stock = set_patch(AVAILABILITY, terms, {}, [{"quantity": 3}])
    business = set_patch(BUSINESS_OFFER, terms, {}, [{"our_price": [4]}])
    assert together([price, stock, both, business]) == [both, stock, business]


@pytest.mark.parametrize(
    "value",
    [
        None, True, "", "NaN", "Infinity", [], {"amount": 1}, 1e300, "1e99", 10**30, "٣",
    ],
)  # fmt: skip
def test_what_is_no_number_is_no_amount(value: Json) -> None:
    assert amount_in(value, "EUR") is None
    assert amount_in("12.905", "EUR") == Money(Decimal("12.91"), "EUR")
