"""What is live, what is only an echo, and what belongs to somebody else."""

import copy
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.listing_facts import MOST_ISSUES, read_issue, read_item
from django_amazon_sync.data import JsonObject, Money, SkuFacts
from django_amazon_sync.errors import Unreadable

from .odd import ODD, places

Raw = dict[str, Any]
DE = "A1PA6795UKMFR9"
FR = "A13V1IB3VIYZZH"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def offer(kind: str, amount: str, marketplace: str = DE, audience: str | None = None) -> Raw:
    named = {"audience": {"value": audience}} if audience else {}
    price = {"amount": amount, "currencyCode": "EUR"}
    return {"marketplaceId": marketplace, "offerType": kind, "price": price} | named


def sent_offer(amount: float, marketplace: str = DE, **more: Any) -> Raw:
    return {
        "marketplace_id": marketplace,
        "currency": "EUR",
        "our_price": [{"schedule": [{"value_with_tax": amount}]}],
    } | more


def an_item() -> Raw:
    return {
        "sku": "A-1",
        "summaries": [
            {
                "marketplaceId": DE,
                "asin": "B01",
                "productType": "KITCHEN",
                "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"],
                "itemName": "Löffel",
            },
            {"marketplaceId": FR, "asin": "B01", "status": [], "itemName": "Cuillère"},
        ],
        "offers": [
            offer("B2B", "8.00", audience="B2B"),
            offer("B2C", "7.00", audience="BZR"),
            offer("B2C", "9.99", audience="ALL"),
            offer("B2C", "10.49", FR),
        ],
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 5}],
        "productTypes": [{"marketplaceId": FR, "productType": "HOME"}],
        "attributes": {
            "item_name": [
                {"value": "Spoon", "language_tag": "en_GB", "marketplace_id": DE},
                {"value": "Suppenlöffel", "language_tag": "de_DE", "marketplace_id": DE},
            ],
            "condition_type": [{"value": "used_good", "marketplace_id": FR}],
            "purchasable_offer": [
                sent_offer(6.5, audience="B2B"),
                sent_offer(11.11, audience="ALL"),
                sent_offer(12, FR),
            ],
            "fulfillment_availability": [
                {
                    "fulfillment_channel_code": "DEFAULT",
                    "quantity": 4,
                    "lead_time_to_ship_max_days": 3,
                    "restock_date": "2026-12-24",
                }
            ],
        },
        "issues": [
            {"code": "1", "message": "Everywhere.", "severity": "WARNING", "categories": []},
            {
                "code": "2",
                "message": "Here.",
                "severity": "ERROR",
                "categories": [],
                "marketplaceIds": [FR],
                "enforcements": {
                    "actions": [{"action": "LISTING_SUPPRESSED"}],
                    "exemption": {"status": "NOT_EXEMPT"},
                },
            },
        ],
    }


def test_live_values_and_echoes_are_apart() -> None:
    facts = read_item(an_item())
    assert (facts.sku, facts.channels, facts.live_quantity) == ("A-1", ("DEFAULT",), 5)
    assert (facts.lead_time_days, facts.restock_date) == (3, "2026-12-24")
    german, french = facts.listings
    assert (german.marketplace, german.asin, german.product_type) == (DE, "B01", "KITCHEN")
    assert (german.live_price, german.sent_price) == (eur("9.99"), eur("11.11"))
    assert (german.title, german.sent_title) == ("Löffel", "Suppenlöffel")
    assert german.sent_quantity == 4
    assert german.condition == "new_new"
    assert german.status == ("BUYABLE", "DISCOVERABLE")
    assert [issue.code for issue in german.issues] == ["1"]
    assert (french.live_price, french.sent_price) == (eur("10.49"), eur("12"))
    assert (french.product_type, french.condition) == ("HOME", "used_good")
    assert [(issue.code, issue.suppresses) for issue in french.issues] == [
        ("1", False),
        ("2", True),
    ]


def test_a_business_price_alone_is_no_price() -> None:
    item = an_item() | {"offers": [offer("B2B", "8.00"), offer("B2C", "7", audience="B2B")]}
    [german, *_others] = read_item(item).listings
    assert (german.live_price, german.business_price) == (None, eur("8.00"))
    assert read_item(an_item() | {"offers": [offer("B2C", "7")]}).listings[0].business_price is None


def test_a_listing_that_was_just_created_shows_in_its_attributes() -> None:
    created: JsonObject = {"sku": "N", "attributes": {"purchasable_offer": [sent_offer(5)]}}
    (listing,) = read_item(created).listings
    assert (listing.marketplace, listing.status, listing.live_price) == (DE, (), None)
    assert listing.sent_price == eur("5")


def test_amazons_channel_is_seen_in_what_is_live_and_in_what_was_sent() -> None:
    item = an_item()
    item["fulfillmentAvailability"] = [{"fulfillmentChannelCode": "AMAZON_EU"}]
    facts = read_item(item)
    assert facts.channels == ("AMAZON_EU", "DEFAULT")
    assert facts.live_quantity is None
    del item["fulfillmentAvailability"]
    assert read_item(item).channels == ("DEFAULT",)


def test_the_merchant_quantity_may_be_written_per_marketplace() -> None:
    item = an_item()
    item["attributes"]["fulfillment_availability"] = [
        {"fulfillment_channel_code": "AMAZON_EU", "quantity": 90, "marketplace_id": DE},
        {"fulfillment_channel_code": "DEFAULT", "quantity": 1, "marketplace_id": FR},
        {"fulfillment_channel_code": "DEFAULT", "quantity": 2, "marketplace_id": DE},
    ]
    german, french = read_item(item).listings
    assert (german.sent_quantity, french.sent_quantity) == (2, 1)


def test_a_bare_item_is_a_sku_without_listings() -> None:
    assert read_item({"sku": "A"}) == SkuFacts("A")
    with pytest.raises(Unreadable):
        read_item({"summaries": []})


def test_an_issue_without_words() -> None:
    issue = read_issue({})
    assert (issue.code, issue.message, issue.severity, issue.suppresses) == ("", "", "ERROR", False)


PLACES = sorted(places(an_item()), key=str)


@given(path=st.sampled_from(PLACES), value=ODD)
def test_any_damage_leaves_the_rest_readable(path: tuple[Any, ...], value: Any) -> None:
    item: Any = copy.deepcopy(an_item())
    parent = item
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    if path == ("sku",) and not (isinstance(value, str | int | float) and value is not True):
        return
    try:
        facts = read_item(item)
    except Unreadable:
        assert path == ("sku",)
        return
    assert all(isinstance(one.marketplace, str) for one in facts.listings)


def test_an_item_is_read_in_a_time_that_grows_with_its_length() -> None:
    """Every marketplace that it named was looked for in all of its parts."""
    offers = [{"marketplaceId": f"M{n}", "price": {"amount": 1}} for n in range(100_000)]
    item = an_item() | {"offers": offers, "issues": [{"code": "1"}] * 100_000}
    began = time.process_time()
    read = read_item(item)
    assert time.process_time() - began < 5
    assert len(read.listings) < 5
    assert all(len(listing.issues) <= MOST_ISSUES for listing in read.listings)
