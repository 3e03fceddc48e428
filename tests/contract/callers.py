"""Every call that the gateway can make, once, with as much in it as there can be."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from django_amazon_sync import amazon
from django_amazon_sync.amazon import (
    catalog,
    feeds,
    inventory,
    listings,
    orders,
    product_types,
    reports,
    sellers,
    shipments,
)
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.amazon.lwa import request_token
from django_amazon_sync.data import Money, PackageToConfirm
from tests import patches

US = "ATVPDKIKX0DER"
CA = "A2EUQ1WTGCTBG2"
SKU = "GM-ZDPI-9B4E"
ASIN = "B07N4M94X4"
BRAZILIAN_ORDER = "171-9876543-2109876"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1, milliseconds=5)
PRICE = Money(Decimal("12.90"), "USD")
PATCHES = [
    patches.price_patch(US, PRICE),
    patches.quantity_patch(3, 2, "2026-12-01"),
    patches.name_patch(US, "en_US", "A case"),
]
OFFER = patches.new_offer(US, ASIN, "new_new", PRICE, 3)
PACKAGE = PackageToConfirm(
    order_number=BRAZILIAN_ORDER,
    marketplace=US,
    reference=1,
    carrier_code="Other",
    carrier_name="Bike courier",
    tracking="T1",
    shipped_at=SINCE,
    items=(("17198765432109", 1),),
    shipping_method="Overnight",
)


def _fetched(fetch: Callable[[Client, str, BinaryIO], Any], client: Client) -> bytes:
    """What a call puts into the file that it is given."""
    into = BytesIO()
    fetch(client, "document", into)
    return into.getvalue()


CALLS: dict[str, Callable[[Client], Any]] = {
    "getMarketplaceParticipations": sellers.marketplace_participations,
    "getListingsItem": lambda client: listings.get_listing(client, SKU, [US, CA]),
    "searchListingsItems": lambda client: listings.search_listings(client, [SKU, "B"], [US, CA]),
    "patchListingsItem": lambda client: listings.patch_listing(client, SKU, US, PATCHES),
    "putListingsItem": lambda client: listings.put_listing(
        client, SKU, US, OFFER, "LUGGAGE", preview=True
    ),
    "getListingsRestrictions": lambda client: listings.restrictions(client, ASIN, US, "new_new"),
    "searchDefinitionsProductTypes": lambda client: product_types.search_product_types(
        client, US, title="A case"
    ),
    "getDefinitionsProductType": lambda client: product_types.get_product_type(
        client, "LUGGAGE", US
    ),
    "searchCatalogItems": lambda client: catalog.search_catalog(
        client, ["0887276302195"], "EAN", US
    ),
    "getCatalogItem": lambda client: catalog.get_catalog_item(client, ASIN, US),
    "searchOrders": lambda client: orders.search_orders(
        client, marketplaces=[US, CA], updated_after=SINCE, updated_before=UNTIL
    ),
    "getOrder": lambda client: orders.get_order(client, BRAZILIAN_ORDER),
    "createFeedDocument": feeds.create_feed_document,
    "createFeed": lambda client: feeds.create_feed(client, US, "document"),
    "getFeed": lambda client: feeds.get_feed(client, "1"),
    "getFeeds": lambda client: feeds.get_feeds(client, US, SINCE),
    "cancelFeed": lambda client: feeds.cancel_feed(client, "1"),
    "getFeedDocument": lambda client: _fetched(feeds.fetch_processing_report, client),
    "createReport": lambda client: reports.create_report(client, reports.LISTINGS, US),
    "getReport": lambda client: reports.get_report(client, "1"),
    "getReportDocument": lambda client: _fetched(reports.fetch_report, client),
    "getInventorySummaries": lambda client: list(inventory.amazon_stock(client, US, SINCE)),
    "confirmShipment": lambda client: shipments.confirm_shipment(client, PACKAGE),
}


def operations_called() -> set[str]:
    """Every operation that the gateway's source names in a call, of one page or of all."""
    folder = Path(amazon.__path__[0])
    calls = (
        node
        for module in folder.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )
    named = (argument for call in calls for argument in _operation_of(call))
    return {
        name.value
        for name in named
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
    }


def _operation_of(call: ast.Call) -> list[ast.expr]:
    """The argument that is an operation: the first of ``client.call``, the second of ``pages``."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "call":
        return call.args[:1]
    if isinstance(call.func, ast.Name) and call.func.id == "pages":
        return call.args[1:2]
    return []


class LwaTokens:
    """Access tokens from a token endpoint, kept by nobody."""

    def __init__(self, lwa_endpoint: str) -> None:
        self._lwa_endpoint = lwa_endpoint

    def token(self, scope: str = "") -> str:
        return request_token(
            self._lwa_endpoint, client_id="id", client_secret="secret", refresh_token="refresh"
        ).access_token

    def refresh(self, rejected_token: str, scope: str = "") -> str:
        return self.token(scope)


def client_of(endpoint: str, lwa_endpoint: str) -> Client:
    return Client(
        endpoint=endpoint,
        region="na",
        seller_id="A1SELLER",
        tokens=LwaTokens(lwa_endpoint),
        limiter=Limiter(MemoryBuckets(), "A1SELLER"),
        timeout=(2, 2),
    )
