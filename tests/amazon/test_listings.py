"""Listings: what is asked for, what is sent, and what comes back."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest

from django_amazon_sync.amazon import listings
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import Answered, Issue, Money
from django_amazon_sync.errors import NotFound, Rejected, Unavailable
from tests import patches
from tests.amazon.conftest import asked

from .conftest import Reply, ScriptedServer

DE = "A1PA6795UKMFR9"
FR = "A13V1IB3VIYZZH"
ODD_SKU = "a/b c%2F+#,ü"
NOT_FOUND = Reply.of(404, {"errors": [{"code": "NOT_FOUND", "message": "SKU not found."}]})


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


# --- Patches ---------------------------------------------------------------------------------


def test_a_new_offer_has_the_four_attributes_that_amazon_wants() -> None:
    assert patches.new_offer(DE, "B01", "new_new", eur("5"), 7) == {
        "condition_type": [{"value": "new_new", "marketplace_id": DE}],
        "merchant_suggested_asin": [{"value": "B01", "marketplace_id": DE}],
        "purchasable_offer": [
            {
                "marketplace_id": DE,
                "currency": "EUR",
                "audience": "ALL",
                "our_price": [{"schedule": [{"value_with_tax": 5}]}],
            }
        ],
        "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}],
    }


# --- Requests --------------------------------------------------------------------------------


@pytest.mark.parametrize("sku", [ODD_SKU, "a b", "a%20b", "ü", "50%", "x?y=z#f", "a\\b", "..a"])
def test_a_sku_is_encoded_exactly_once(server: ScriptedServer, client: Client, sku: str) -> None:
    server.answers(Reply.of(200, {"sku": sku}))
    assert listings.get_listing(client, sku, [DE, FR]).sku == sku
    path, query = asked(server)
    assert path.startswith("/listings/2021-08-01/items/A1SELLER/")
    assert unquote(path.removeprefix("/listings/2021-08-01/items/A1SELLER/")) == sku
    assert path.count("/") == 5
    assert query["marketplaceIds"] == f"{DE},{FR}"
    assert query["issueLocale"] == "en_US"
    assert "offers,fulfillmentAvailability" in query["includedData"]


@pytest.mark.parametrize("sku", ["", ".", ".."])
def test_a_sku_that_would_name_another_path_is_refused(
    server: ScriptedServer, client: Client, sku: str
) -> None:
    with pytest.raises(Rejected, match="no SKU"):
        listings.get_listing(client, sku, [DE])
    assert server.seen == []


def test_a_sku_that_amazon_does_not_have(server: ScriptedServer, client: Client) -> None:
    server.answers(NOT_FOUND)
    with pytest.raises(NotFound):
        listings.get_listing(client, "gone", [DE])


def test_an_answer_without_a_sku_is_no_listing(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {}))
    with pytest.raises(Unavailable, match="without a SKU"):
        listings.get_listing(client, "x", [DE])


def page(*skus: str, token: str = "") -> Reply:
    items = [{"sku": sku} for sku in skus]
    pagination = {"pagination": {"nextToken": token}} if token else {}
    return Reply.of(200, {"numberOfResults": 3, "items": items} | pagination)


def test_a_search_follows_its_pages(server: ScriptedServer, client: Client) -> None:
    server.answers(page("A", token="t1"), page("B", "stranger", token="t2"), page())
    assert set(listings.search_listings(client, ["A", "B", "C"], [DE])) == {"A", "B"}
    assert [asked(server, n)[1].get("pageToken") for n in range(3)] == [None, "t1", "t2"]
    path, query = asked(server)
    assert path == "/listings/2021-08-01/items/A1SELLER"
    assert (query["identifiers"], query["identifiersType"]) == ("A,B,C", "SKU")


def test_a_page_that_comes_back_for_ever_ends_the_search(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(page("A", token="same"))
    with pytest.raises(Unavailable, match="end to its pages"):
        listings.search_listings(client, ["A"], [DE])


def test_a_search_without_items_is_no_answer(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {"numberOfResults": 0}))
    with pytest.raises(Unavailable, match="without items"):
        listings.search_listings(client, ["A"], [DE])


def test_skus_are_read_twenty_a_call_and_those_with_a_comma_alone(
    server: ScriptedServer, client: Client
) -> None:
    skus = [f"S{number}" for number in range(45)] + [ODD_SKU, "lost,too", " S1", "S1"]
    server.answers(
        page(*skus[:20]),
        page(*skus[20:40]),
        page(*skus[41:45]),
        Reply.of(200, {"sku": ODD_SKU}),
        NOT_FOUND,
        Reply.of(200, {"sku": " S1"}),
    )
    found = listings.read_skus(client, skus, [DE])
    assert set(found) == set(skus) - {"S40", "lost,too"}
    assert [len(asked(server, n)[1]["identifiers"].split(",")) for n in range(3)] == [20, 20, 5]
    assert len(server.seen) == 6


def test_no_skus_ask_nothing(server: ScriptedServer, client: Client) -> None:
    assert listings.read_skus(client, [], [DE]) == {}
    assert server.seen == []


def test_a_patch_goes_as_product_and_tells_amazons_issues(
    server: ScriptedServer, client: Client
) -> None:
    issue = {
        "code": "90220",
        "message": "'size' is required.",
        "severity": "ERROR",
        "attributeNames": ["size"],
        "categories": ["MISSING_ATTRIBUTE"],
    }
    answer = {"sku": "A", "status": "INVALID", "submissionId": "s-1", "issues": [issue]}
    server.answers(Reply.of(200, answer))
    patch = patches.price_patch(DE, eur("1"))
    answered = listings.patch_listing(client, ODD_SKU, DE, [patch])
    assert answered == Answered(
        "INVALID", "s-1", (Issue("90220", "'size' is required.", "ERROR", ("size",)),)
    )
    assert server.seen[0].method == "PATCH"
    assert asked(server)[1] == {"marketplaceIds": DE, "issueLocale": "en_US"}
    assert json.loads(server.seen[0].body) == {"productType": "PRODUCT", "patches": [patch]}


@pytest.mark.parametrize("preview", [True, False])
def test_a_put_creates_or_only_checks(
    server: ScriptedServer, client: Client, preview: bool
) -> None:
    server.answers(Reply.of(200, {"sku": "A", "status": "VALID", "submissionId": ""}))
    attributes = patches.new_offer(DE, "B01", "new_new", eur("5"), 7)
    answered = listings.put_listing(client, "A", DE, attributes, "LUGGAGE", preview=preview)
    assert answered.status == "VALID"
    assert asked(server)[1].get("mode") == ("VALIDATION_PREVIEW" if preview else None)
    assert server.seen[0].method == "PUT"
    assert json.loads(server.seen[0].body) == {
        "productType": "LUGGAGE",
        "requirements": "LISTING_OFFER_ONLY",
        "attributes": attributes,
    }


def test_a_write_without_a_status_has_an_open_outcome(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {"sku": "A"}))
    with pytest.raises(Unavailable, match="without a status") as caught:
        listings.patch_listing(client, "A", DE, [])
    assert caught.value.sent


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        ([], []),
        ([{"reasons": [{"message": "Approval needed."}, {"message": "Brand."}]}],
         ["Approval needed.", "Brand."]),
        ([{"marketplaceId": DE}], ["Amazon names no reason."]),
        ([{"reasons": [{"message": None}]}], ["Amazon names no reason."]),
    ],
)  # fmt: skip
def test_restrictions_in_amazons_words(
    server: ScriptedServer, client: Client, raw: Any, reasons: list[str]
) -> None:
    server.answers(Reply.of(200, {"restrictions": raw}))
    assert listings.restrictions(client, "B01", DE, "new_new") == reasons
    assert asked(server)[1] == {
        "asin": "B01",
        "conditionType": "new_new",
        "sellerId": "A1SELLER",
        "marketplaceIds": DE,
        "reasonLocale": "en_US",
    }


def test_silence_about_restrictions_is_no_permission(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {}))
    with pytest.raises(Unavailable):
        listings.restrictions(client, "B01", DE, "new_new")
