"""Amazon's products, their restrictions and types, and the seller's marketplaces."""

import base64
import hashlib
from typing import Any

import pytest
from jsonschema import Draft4Validator

from django_amazon_sync.testing.simulator.stock import with_check_digit
from tests.testing.callers import DE, US, Caller, merchant, offer

ITEMS = "/catalog/2022-04-01/items"
TYPES = "/definitions/2020-09-01/productTypes"


def asins(caller: Caller, **query: Any) -> list[str]:
    got = caller.call("GET", ITEMS, marketplaceIds=US, **query)
    assert got.status == 200, got.error
    return [item["asin"].text for item in got.body["items"]]


def test_one_barcode_may_have_two_asins(caller: Caller) -> None:
    found = asins(caller, identifiers="4012345000115", identifiersType="EAN")
    assert found == ["B0SIMTWN11", "B0SIMTWN12"]


def test_a_upc_is_found_as_the_ean_with_a_zero(caller: Caller) -> None:
    upc = with_check_digit("03600029145")
    assert asins(caller, identifiers=upc, identifiersType="UPC") == ["B0SIMLMP03"]
    assert asins(caller, identifiers=f"0{upc}", identifiersType="EAN") == ["B0SIMLMP03"]


def test_products_are_found_by_isbn_asin_sku_and_words(caller: Caller) -> None:
    isbn = with_check_digit("978000000007")
    assert asins(caller, identifiers=isbn, identifiersType="ISBN") == ["B0SIMBOK07"]
    assert asins(caller, identifiers="B0SIMTEA01,B0SIMMUG02", identifiersType="ASIN") == [
        "B0SIMTEA01",
        "B0SIMMUG02",
    ]
    seller = caller.seller.seller_id
    sku = {"identifiers": "MUG-BLUE", "identifiersType": "SKU"}
    assert asins(caller, **sku, sellerId=seller) == ["B0SIMMUG02"]
    assert caller.call("GET", ITEMS, marketplaceIds=US, **sku).status == 400
    assert asins(caller, keywords="wool,scarf") == ["B0SIMTWN11", "B0SIMTWN12"]
    assert asins(caller, keywords="unheard-of") == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"identifiers": "1", "keywords": "a", "identifiersType": "EAN"},
        {"identifiers": "1"},
        {"identifiers": "1", "identifiersType": "COLOUR"},
        {"keywords": "a", "includedData": "everything"},
        {"identifiers": ",".join("123456789012345678901"), "identifiersType": "EAN"},
        {"keywords": "a", "pageSize": 21},
    ],
)
def test_bad_catalogue_searches_are_400(caller: Caller, query: dict[str, Any]) -> None:
    assert caller.call("GET", ITEMS, marketplaceIds=US, **query).status == 400


def test_catalogue_pages(caller: Caller) -> None:
    query = {"keywords": "scarf", "pageSize": 1, "marketplaceIds": US}
    first = caller.call("GET", ITEMS, **query).body
    token = first["pagination"]["nextToken"]
    second = caller.call("GET", ITEMS, **query, pageToken=token).body
    assert [first["items"][0]["asin"], second["items"][0]["asin"]] == ["B0SIMTWN11", "B0SIMTWN12"]
    assert "pagination" not in second


def test_one_product(caller: Caller) -> None:
    data = "summaries,identifiers,productTypes"
    got = caller.call("GET", f"{ITEMS}/B0SIMLMP03", marketplaceIds=US, includedData=data).body
    assert got["summaries"][0]["itemName"] == "Oak Desk Lamp"
    assert got["productTypes"] == [{"marketplaceId": US, "productType": "LAMP"}]
    assert got["identifiers"][0]["identifiers"][0]["identifierType"] == "UPC"
    assert caller.call("GET", f"{ITEMS}/B000000000", marketplaceIds=US).status == 404


def test_a_product_can_be_added(caller: Caller) -> None:
    caller.amazon.add_product(asin="B0MINE", title="Mine", ean="4006381333931", restricted=True)
    assert asins(caller, identifiers="4006381333931", identifiersType="EAN") == ["B0MINE"]


@pytest.mark.parametrize(
    ("asin", "reasons"),
    [
        ("B0SIMNEW10", []),
        ("B0SIMRST13", ["APPROVAL_REQUIRED"]),
        ("B000000000", ["ASIN_NOT_FOUND"]),
    ],
)
def test_restrictions(caller: Caller, asin: str, reasons: list[str]) -> None:
    got = caller.call(
        "GET",
        "/listings/2021-08-01/restrictions",
        asin=asin,
        sellerId=caller.seller.seller_id,
        marketplaceIds=US,
    ).body
    codes = [reason["reasonCode"] for row in got["restrictions"] for reason in row["reasons"]]
    assert codes == reasons


def test_errors_of_restrictions_are_a_bare_list_as_in_their_model(caller: Caller) -> None:
    got = caller.call("GET", "/listings/2021-08-01/restrictions", marketplaceIds=US)
    assert got.status == 400
    assert isinstance(got.body.value, list)


def test_product_types_by_word_and_by_title(caller: Caller) -> None:
    def names(**query: str) -> list[str]:
        body = caller.call("GET", TYPES, marketplaceIds=US, **query).body
        return [row["name"].text for row in body["productTypes"]]

    assert names(keywords="lamp") == ["LAMP"]
    assert names(itemName="My desk thing") == ["LAMP"]
    assert {"LAMP", "PRODUCT", "SCARF"} <= set(names())
    both = caller.call("GET", TYPES, marketplaceIds=US, keywords="a", itemName="b")
    assert both.status == 400


def test_the_schema_of_a_product_type_is_served_with_its_checksum(caller: Caller) -> None:
    query = {"marketplaceIds": US, "requirements": "LISTING_OFFER_ONLY"}
    got = caller.call("GET", f"{TYPES}/LAMP", **query).body
    link = got["schema"]["link"]["resource"].text.removeprefix(caller.amazon.endpoint)
    document = caller.raw("GET", link, None, {})
    digest = hashlib.md5(document.raw).digest()
    assert base64.b64encode(digest).decode() == got["schema"]["checksum"]
    schema = Draft4Validator(
        {**document.body.fields, "$schema": "http://json-schema.org/draft-04/schema#"}
    )
    good = {
        "condition_type": [{"value": "new_new"}],
        "merchant_suggested_asin": [{"value": "B0SIMNEW10"}],
        "purchasable_offer": [offer(21.5)],
        "fulfillment_availability": [merchant(4)],
    }
    assert schema.is_valid(good)
    assert not schema.is_valid({**good, "purchasable_offer": offer(21.5)})
    assert not schema.is_valid({"condition_type": good["condition_type"]})
    assert document.body["properties"]["item_name"]["items"]["properties"]["language_tag"] == {
        "type": "string",
        "enum": ["en_US"],
    }
    assert caller.raw("GET", "/schemas/nowhere", None, {}).status == 404
    assert caller.call("GET", f"{TYPES}/UNHEARD_OF", marketplaceIds=US).status == 404


def test_participations_hold_pseudo_marketplaces_with_real_countries(caller: Caller) -> None:
    rows = caller.call("GET", "/sellers/v1/marketplaceParticipations").body["payload"]
    real = [row for row in rows if row["marketplace"]["id"] in caller.seller.marketplaces]
    assert [row["marketplace"]["countryCode"] for row in real] == ["US", "CA", "MX"]
    pseudo = [row["marketplace"] for row in rows if row not in real]
    assert {"US", "CA"} <= {row["countryCode"] for row in pseudo}
    assert all(row["participation"]["isParticipating"] for row in rows)


def test_listings_of_the_starting_stock_are_in_two_marketplaces(caller: Caller) -> None:
    amazon = caller.amazon
    for region, places in (("na", 2), ("eu", 2), ("fe", 2)):
        seller = amazon.seller(region)
        held = [amazon.live(seller, "MUG-BLUE", place) for place in seller.marketplaces]
        assert sum(live is not None for live in held) == places
    assert amazon.live("eu", "LAMP-OAK", DE).restock_date  # type: ignore[union-attr]
