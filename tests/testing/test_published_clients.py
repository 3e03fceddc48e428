"""Clients that others wrote find in the simulator what they find at Amazon.

Amazon's own (``amzn-sp-api``, imported as ``spapi``) and the most used public one
(``python-amazon-sp-api``, imported as ``sp_api``).
"""

from types import SimpleNamespace
from typing import Any

import pytest
from sp_api.api import (
    CatalogItemsV20220401,
    ListingsItems,
    ListingsRestrictions,
    OrdersV0,
    OrdersV20260101,
    ProductTypeDefinitions,
    Sellers,
)
from sp_api.auth.access_token_client import AccessTokenClient
from sp_api.base import SellingApiForbiddenException, SellingApiRequestThrottledException
from spapi import SPAPIClient, SPAPIConfig
from spapi.api.catalogitems_v2022_04_01.catalog_api import CatalogApi
from spapi.api.listings_items_v2021_08_01.listings_api import ListingsApi
from spapi.api.listings_restrictions_v2021_08_01.listings_restrictions_api import (
    ListingsRestrictionsApi,
)
from spapi.api.orders_v0.orders_v0_api import OrdersV0Api
from spapi.api.orders_v2026_01_01.get_order_api import GetOrderApi
from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi
from spapi.api.product_type_definitions_v2020_09_01.definitions_api import DefinitionsApi
from spapi.api.sellers_v1.sellers_api import SellersApi
from spapi.rest import ApiException

from django_amazon_sync.testing.simulator import Fault, Simulator
from tests.testing.callers import US

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
    assert [one.order_id for one in page.orders] == [order_id]
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


# -- the public client


@pytest.fixture
def options(amazon: Simulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """It takes the endpoint from a marketplace, but no token address, and keeps tokens for all."""
    monkeypatch.setattr("sp_api.auth.access_token_client.cache", {})
    seller = amazon.seller("na")
    monkeypatch.setattr(AccessTokenClient, "scheme", "http://")
    monkeypatch.setattr(AccessTokenClient, "host", amazon.endpoint.removeprefix("http://"))
    place = SimpleNamespace(endpoint=amazon.endpoint, marketplace_id=US, region="us-east-1")
    return {
        "marketplace": place,
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
    got = listings.get_listings_item(
        seller, "MUG-BLUE", marketplaceIds=[US], includedData=["summaries", "offers"]
    ).payload
    assert got["offers"][0]["price"]["amount"] == "9.50"
    answer = listings.patch_listings_item(seller, "MUG-BLUE", marketplaceIds=[US], body=PATCH)
    assert answer.payload["status"] == "ACCEPTED"
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
    page = orders.search_orders(lastUpdatedAfter=LONG_AGO, includedData=data).payload
    assert [order["orderId"] for order in page["orders"]] == [order_id]
    body = {"marketplaceId": US, "packageDetail": package(amazon, order_id)}
    OrdersV0(**options).confirm_shipment(order_id, **body)
    amazon.advance(61)
    order = orders.get_order(order_id, includedData=data).payload["order"]
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"


def test_the_public_client_reads_the_catalogue(amazon: Simulator, options: dict[str, Any]) -> None:
    found = CatalogItemsV20220401(**options).search_catalog_items(keywords="scarf").payload
    assert len(found["items"]) == 2
    limits = ListingsRestrictions(**options).get_listings_restrictions(
        asin="B0SIMRST13", sellerId=amazon.seller("na").seller_id
    )
    assert limits.payload["restrictions"][0]["reasons"][0]["reasonCode"] == "APPROVAL_REQUIRED"
    types = ProductTypeDefinitions(**options).search_definitions_product_types(keywords=["LAMP"])
    assert types.payload["productTypes"][0]["name"] == "LAMP"
    rows = Sellers(**options).get_marketplace_participation().payload
    assert rows[0]["marketplace"]["id"] == US


def test_the_public_client_understands_refusals(amazon: Simulator, options: dict[str, Any]) -> None:
    listings, seller = ListingsItems(**options), amazon.seller("na").seller_id
    amazon.faults.add(Fault("getListingsItem", "429"))
    with pytest.raises(SellingApiRequestThrottledException):
        listings.get_listings_item(seller, "MUG-BLUE", marketplaceIds=[US])
    amazon.expire_access_tokens()
    with pytest.raises(SellingApiForbiddenException):
        listings.get_listings_item(seller, "MUG-BLUE", marketplaceIds=[US])
