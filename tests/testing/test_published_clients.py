"""Clients that others wrote find in the simulator what they find at Amazon.

Amazon's own (``amzn-sp-api``, imported as ``spapi``) and the most used public one
(``python-amazon-sp-api``, imported as ``sp_api``).
"""

import gzip
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import pytest
from sp_api.api import (
    CatalogItemsV20220401,
    FeedsV20210630,
    Inventories,
    ListingsItems,
    ListingsRestrictions,
    OrdersV0,
    OrdersV20260101,
    ProductTypeDefinitions,
    Reports,
    Sellers,
)
from sp_api.auth.access_token_client import AccessTokenClient
from sp_api.base import (
    ApiResponse,
    SellingApiForbiddenException,
    SellingApiRequestThrottledException,
)
from spapi import SPAPIClient, SPAPIConfig
from spapi.api.catalogitems_v2022_04_01.catalog_api import CatalogApi
from spapi.api.fba_inventory_v1.fba_inventory_api import FbaInventoryApi
from spapi.api.feeds_v2021_06_30.feeds_api import FeedsApi
from spapi.api.listings_items_v2021_08_01.listings_api import ListingsApi
from spapi.api.listings_restrictions_v2021_08_01.listings_restrictions_api import (
    ListingsRestrictionsApi,
)
from spapi.api.orders_v0.orders_v0_api import OrdersV0Api
from spapi.api.orders_v2026_01_01.get_order_api import GetOrderApi
from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi
from spapi.api.product_type_definitions_v2020_09_01.definitions_api import DefinitionsApi
from spapi.api.reports_v2021_06_30.reports_api import ReportsApi
from spapi.api.sellers_v1.sellers_api import SellersApi
from spapi.rest import ApiException

from django_amazon_sync.testing.simulator import Fault, Simulator
from tests.node import Node
from tests.testing.callers import (
    FEED_CONTENT_TYPE,
    LISTINGS_REPORT,
    SHOWING_ITEMS,
    US,
    merchant,
    message,
    offer,
    replace,
)

QUANTITY = {"fulfillment_channel_code": "DEFAULT", "quantity": 3}
PATCH = {
    "productType": "PRODUCT",
    "patches": [
        {"op": "replace", "path": "/attributes/fulfillment_availability", "value": [QUANTITY]}
    ],
}
LONG_AGO = "2020-01-01T00:00:00Z"


def package(amazon: Simulator, order_id: str) -> dict[str, Any]:
    item = amazon.order(order_id)["orderItems"][0]
    return {
        "packageReferenceId": "1",
        "carrierCode": "UPS",
        "trackingNumber": "1Z999",
        "shipDate": amazon.now().isoformat(),
        "orderItems": [{"orderItemId": item["orderItemId"], "quantity": item["quantityOrdered"]}],
    }


def feed_of(seller_id: str) -> bytes:
    """A good message and a bad one."""
    header = {"sellerId": seller_id, "version": "2.0", "report": SHOWING_ITEMS}
    messages = [
        message(1, "SHEARS", replace("fulfillment_availability", merchant(9))),
        message(2, "MUG-BLUE", replace("purchasable_offer", offer(-1))),
    ]
    return json.dumps({"header": header, "messages": messages}).encode()


NEW_OFFER = {
    "productType": "PRODUCT",
    "requirements": "LISTING_OFFER_ONLY",
    "attributes": {
        "condition_type": [{"value": "new_new"}],
        "merchant_suggested_asin": [{"value": "B0SIMNEW10"}],
        "purchasable_offer": [offer(21.5)],
        "fulfillment_availability": [merchant(4)],
    },
}


# -- Amazon's own client


@pytest.fixture
def official(amazon: Simulator) -> Any:
    seller = amazon.seller("na")
    config = SPAPIConfig(seller.client_id, seller.client_secret, seller.refresh_token, "NA")
    client = SPAPIClient(config, oauth_endpoint=amazon.lwa_endpoint, endpoint=amazon.endpoint)
    return client.api_client


def test_the_official_client_reads_and_patches_a_listing(amazon: Simulator, official: Any) -> None:
    listings, seller = ListingsApi(official), amazon.seller("na").seller_id
    got = listings.get_listings_item(
        seller, "MUG-BLUE", [US], included_data=["summaries", "offers", "fulfillmentAvailability"]
    )
    assert got.summaries[0].asin == "B0SIMMUG02"
    assert got.offers[0].price.amount == "9.50"
    assert got.fulfillment_availability[0].quantity == 12
    answer = listings.patch_listings_item(seller, "MUG-BLUE", [US], PATCH)
    assert (answer.status, answer.issues) == ("ACCEPTED", [])
    amazon.advance(61)
    found = listings.search_listings_items(
        seller,
        [US],
        identifiers=["MUG-BLUE"],
        identifiers_type="SKU",
        included_data=["fulfillmentAvailability"],
    )
    assert found.items[0].fulfillment_availability[0].quantity == 3


def test_the_official_client_reads_orders_and_confirms_a_shipment(
    amazon: Simulator, official: Any
) -> None:
    order_id = amazon.buy("na", US, "MUG-BLUE", 2, tax="1.28", shipping="4.99")
    data = ["BUYER", "RECIPIENT", "PROCEEDS", "FULFILLMENT", "PACKAGES"]
    order = GetOrderApi(official).get_order(order_id, included_data=data).order
    assert order.proceeds.grand_total.amount == "22.25"
    assert order.recipient.delivery_address.country_code == "US"
    amazon.advance(130)
    page = SearchOrdersApi(official).search_orders(last_updated_after=LONG_AGO, included_data=data)
    assert [order.order_id for order in page.orders] == [order_id]
    body = {"marketplaceId": US, "packageDetail": package(amazon, order_id)}
    OrdersV0Api(official).confirm_shipment(order_id, body)
    amazon.advance(61)
    shipped = GetOrderApi(official).get_order(order_id, included_data=data).order
    assert shipped.fulfillment.fulfillment_status == "SHIPPED"
    assert shipped.packages[0].tracking_number == "1Z999"


def test_the_official_client_reads_the_catalogue(amazon: Simulator, official: Any) -> None:
    found = CatalogApi(official).search_catalog_items(
        [US], identifiers=["4012345000115"], identifiers_type="EAN"
    )
    assert [item.asin for item in found.items] == ["B0SIMTWN11", "B0SIMTWN12"]
    seller = amazon.seller("na").seller_id
    limits = ListingsRestrictionsApi(official).get_listings_restrictions("B0SIMRST13", seller, [US])
    assert limits.restrictions[0].reasons[0].reason_code == "APPROVAL_REQUIRED"
    lamp = DefinitionsApi(official).get_definitions_product_type("LAMP", [US])
    assert lamp.var_schema.link.resource.startswith(amazon.endpoint)
    rows = SellersApi(official).get_marketplace_participations().payload
    assert rows[0].marketplace.id == US


def test_the_official_client_understands_refusals(amazon: Simulator, official: Any) -> None:
    with pytest.raises(ApiException) as missing:
        GetOrderApi(official).get_order("111-0000000-0000000")
    assert missing.value.status == 404
    amazon.faults.add(Fault("getOrder", "429"))
    with pytest.raises(ApiException) as throttled:
        GetOrderApi(official).get_order("111-0000000-0000000")
    assert throttled.value.status == 429
    assert "QuotaExceeded" in str(throttled.value.body)


def fetched(document: Any) -> bytes:
    """Amazon's client leaves up- and downloads to the caller."""
    with urlopen(document.url) as answer:
        content: bytes = answer.read()
    return gzip.decompress(content) if document.compression_algorithm == "GZIP" else content


def test_the_official_client_completes_a_story(amazon: Simulator, official: Any) -> None:
    """A listing, a feed, a report, an order."""
    seller_id = amazon.seller("na").seller_id
    listings, feeds, reports = ListingsApi(official), FeedsApi(official), ReportsApi(official)
    assert listings.put_listings_item(seller_id, "SHEARS", [US], NEW_OFFER).status == "ACCEPTED"
    amazon.advance(61)

    slot = feeds.create_feed_document({"contentType": FEED_CONTENT_TYPE})
    put = Request(slot.url, feed_of(seller_id), {"Content-Type": FEED_CONTENT_TYPE}, method="PUT")
    assert urlopen(put).status == 200
    specification = {
        "feedType": "JSON_LISTINGS_FEED",
        "marketplaceIds": [US],
        "inputFeedDocumentId": slot.feed_document_id,
    }
    feed_id = feeds.create_feed(specification).feed_id
    assert feeds.get_feed(feed_id).processing_status == "IN_QUEUE"
    amazon.advance(61)
    feed = feeds.get_feed(feed_id)
    assert feed.processing_status == "DONE"
    result = Node.read(fetched(feeds.get_feed_document(feed.result_feed_document_id)))
    assert [row["messageId"] for row in result["issues"]] == [2]
    assert result["items"][0]["fulfillmentAvailability"][0]["quantity"] == 9
    found = feeds.get_feeds(feed_types=["JSON_LISTINGS_FEED"], page_size=10).feeds
    assert [feed.feed_id for feed in found] == [feed_id]

    body = {"reportType": LISTINGS_REPORT, "marketplaceIds": [US]}
    report_id = reports.create_report(body).report_id
    amazon.advance(61)
    report = reports.get_report(report_id)
    assert report.processing_status == "DONE"
    lines = fetched(reports.get_report_document(report.report_document_id)).decode("cp1252")
    assert "\tSHEARS\t21.50\t9\t" in lines

    stock = FbaInventoryApi(official).get_inventory_summaries("Marketplace", US, [US], details=True)
    kettle = stock.payload.inventory_summaries[1]
    assert (kettle.seller_sku, kettle.inventory_details.fulfillable_quantity) == ("FBA-KETTLE", 25)

    order_id = amazon.buy("na", US, "SHEARS", 2)
    amazon.advance(130)
    page = SearchOrdersApi(official).search_orders(last_updated_after=LONG_AGO)
    assert [order.order_id for order in page.orders] == [order_id]
    order = GetOrderApi(official).get_order(order_id).order
    assert order.order_items[0].product.seller_sku == "SHEARS"


# -- the public client


def payload(answer: ApiResponse) -> Node:
    return Node(answer.payload)


@pytest.fixture
def options(amazon: Simulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """It takes the endpoint from a marketplace, but no token address, and keeps tokens for all."""
    monkeypatch.setattr("sp_api.auth.access_token_client.cache", {})
    seller = amazon.seller("na")
    monkeypatch.setattr(AccessTokenClient, "scheme", "http://")
    monkeypatch.setattr(AccessTokenClient, "host", amazon.endpoint.removeprefix("http://"))
    marketplace = SimpleNamespace(endpoint=amazon.endpoint, marketplace_id=US, region="us-east-1")
    return {
        "marketplace": marketplace,
        "credentials": {
            "lwa_app_id": seller.client_id,
            "lwa_client_secret": seller.client_secret,
            "refresh_token": seller.refresh_token,
        },
    }


def test_the_public_client_reads_and_patches_a_listing(
    amazon: Simulator, options: dict[str, Any]
) -> None:
    seller = amazon.seller("na").seller_id
    listings = ListingsItems(**options)
    got = payload(
        listings.get_listings_item(
            seller, "MUG-BLUE", marketplaceIds=[US], includedData=["summaries", "offers"]
        )
    )
    assert got["offers"][0]["price"]["amount"] == "9.50"
    answer = listings.patch_listings_item(seller, "MUG-BLUE", marketplaceIds=[US], body=PATCH)
    assert payload(answer)["status"] == "ACCEPTED"
    amazon.advance(61)
    live = amazon.live("na", "MUG-BLUE", US)
    assert live is not None
    assert live.quantity == 3


def test_the_public_client_reads_orders_and_confirms_a_shipment(
    amazon: Simulator, options: dict[str, Any]
) -> None:
    order_id = amazon.buy("na", US, "MUG-BLUE", 2)
    amazon.advance(130)
    orders = OrdersV20260101(**options)
    data = ["PROCEEDS", "FULFILLMENT"]
    page = payload(orders.search_orders(lastUpdatedAfter=LONG_AGO, includedData=data))
    assert [order["orderId"] for order in page["orders"]] == [order_id]
    body = {"marketplaceId": US, "packageDetail": package(amazon, order_id)}
    OrdersV0(**options).confirm_shipment(order_id, **body)
    amazon.advance(61)
    order = payload(orders.get_order(order_id, includedData=data))["order"]
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"


def test_the_public_client_reads_the_catalogue(amazon: Simulator, options: dict[str, Any]) -> None:
    found = payload(CatalogItemsV20220401(**options).search_catalog_items(keywords="scarf"))
    assert len(found["items"]) == 2
    limits = ListingsRestrictions(**options).get_listings_restrictions(
        asin="B0SIMRST13", sellerId=amazon.seller("na").seller_id
    )
    assert payload(limits)["restrictions"][0]["reasons"][0]["reasonCode"] == "APPROVAL_REQUIRED"
    types = ProductTypeDefinitions(**options).search_definitions_product_types(keywords=["LAMP"])
    assert payload(types)["productTypes"][0]["name"] == "LAMP"
    rows = payload(Sellers(**options).get_marketplace_participation())
    assert rows[0]["marketplace"]["id"] == US


def test_the_public_client_completes_a_story(
    amazon: Simulator, options: dict[str, Any], tmp_path: Path
) -> None:
    """A listing, a feed, a report, an order: ups and downloads are its own."""
    seller_id = amazon.seller("na").seller_id
    listings, feeds = ListingsItems(**options), FeedsV20210630(**options)
    put = listings.put_listings_item(seller_id, "SHEARS", marketplaceIds=[US], body=NEW_OFFER)
    assert payload(put)["status"] == "ACCEPTED"
    amazon.advance(61)

    _, created = feeds.submit_feed(
        "JSON_LISTINGS_FEED",
        io.BytesIO(feed_of(seller_id)),
        FEED_CONTENT_TYPE,
        marketplaceIds=[US],
    )
    feed_id = payload(created)["feedId"].text
    amazon.advance(61)
    feed = payload(feeds.get_feed(feed_id))
    assert feed["processingStatus"] == "DONE"
    result = Node.read(feeds.get_feed_result_document(feed["resultFeedDocumentId"].text))
    assert [row["messageId"] for row in result["issues"]] == [2]
    assert result["items"][0]["fulfillmentAvailability"][0]["quantity"] == 9
    found = payload(feeds.get_feeds(feedTypes=["JSON_LISTINGS_FEED"]))["feeds"]
    assert [found_feed["feedId"] for found_feed in found] == [feed_id]

    reports = Reports(**options)
    created = reports.create_report(reportType=LISTINGS_REPORT, marketplaceIds=[US])
    amazon.advance(61)
    report = payload(reports.get_report(payload(created)["reportId"].text))
    assert report["processingStatus"] == "DONE"
    document = reports.get_report_document(report["reportDocumentId"].text, download=True)
    assert document.character_code.lower() == "cp1252"
    assert "\tSHEARS\t21.50\t9\t" in payload(document)["document"]

    stock = Inventories(**options).get_inventory_summary_marketplace(
        details=True, marketplaceIds=[US]
    )
    summaries = payload(stock)["inventorySummaries"]
    assert summaries[1]["inventoryDetails"]["fulfillableQuantity"] == 25

    order_id = amazon.buy("na", US, "SHEARS", 2)
    amazon.advance(130)
    orders = OrdersV20260101(**options)
    page = payload(orders.search_orders(lastUpdatedAfter=LONG_AGO))
    assert [order["orderId"] for order in page["orders"]] == [order_id]
    order = payload(orders.get_order(order_id))["order"]
    assert order["orderItems"][0]["product"]["sellerSku"] == "SHEARS"


def test_the_public_client_spoils_a_report_that_names_no_charset(
    amazon: Simulator, options: dict[str, Any]
) -> None:
    """It takes ISO-8859-1 then, which is right for no character that is not ASCII here."""
    amazon.switch(report_encoding="utf-8", report_charset=False)
    reports = Reports(**options)
    created = reports.create_report(reportType=LISTINGS_REPORT, marketplaceIds=[US])
    amazon.finish_reports()
    document_id = amazon.report(payload(created)["reportId"].text).document
    text = payload(reports.get_report_document(document_id, download=True))["document"]
    assert "名札-01" not in text
    assert "名札-01" in amazon.document(document_id).decode()


def test_the_public_client_understands_refusals(amazon: Simulator, options: dict[str, Any]) -> None:
    listings, seller = ListingsItems(**options), amazon.seller("na").seller_id
    amazon.faults.add(Fault("getListingsItem", "429"))
    with pytest.raises(SellingApiRequestThrottledException):
        listings.get_listings_item(seller, "MUG-BLUE", marketplaceIds=[US])
    amazon.expire_access_tokens()
    with pytest.raises(SellingApiForbiddenException):
        listings.get_listings_item(seller, "MUG-BLUE", marketplaceIds=[US])
