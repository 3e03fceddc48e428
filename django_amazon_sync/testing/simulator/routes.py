"""Which path and method is which operation."""

from collections.abc import Callable
from dataclasses import dataclass

from . import (
    catalog,
    fba_inventory,
    feeds,
    listings,
    orders,
    product_types,
    reports,
    restrictions,
    sellers,
    shipments,
    submissions,
)
from .answers import Request, Success
from .world import World

LISTINGS = "listings/2021-08-01"
CATALOG = "catalog/2022-04-01"
PRODUCT_TYPES = "definitions/2020-09-01/productTypes"
ORDERS = "orders/2026-01-01/orders"
FEEDS = "feeds/2021-06-30"
REPORTS = "reports/2021-06-30"


@dataclass(frozen=True)
class Route:
    """One operation; ``*`` in the path stands for an argument."""

    method: str
    path: str
    operation: str
    run: Callable[[World, Request], Success]

    def arguments(self, segments: list[str]) -> list[str] | None:
        """The arguments in a path of as many segments, None if the path is another's."""
        parts = self.path.split("/")
        pairs = list(zip(parts, segments, strict=True))
        if any(part not in ("*", segment) for part, segment in pairs):
            return None
        return [segment for part, segment in pairs if part == "*"]


ROUTES = (
    Route(
        "GET",
        "sellers/v1/marketplaceParticipations",
        "getMarketplaceParticipations",
        sellers.get_marketplace_participations,
    ),
    Route("GET", f"{LISTINGS}/items/*/*", "getListingsItem", listings.get_listings_item),
    Route("PUT", f"{LISTINGS}/items/*/*", "putListingsItem", submissions.put_listings_item),
    Route("PATCH", f"{LISTINGS}/items/*/*", "patchListingsItem", submissions.patch_listings_item),
    Route(
        "DELETE", f"{LISTINGS}/items/*/*", "deleteListingsItem", submissions.delete_listings_item
    ),
    Route("GET", f"{LISTINGS}/items/*", "searchListingsItems", listings.search_listings_items),
    Route(
        "GET",
        f"{LISTINGS}/restrictions",
        "getListingsRestrictions",
        restrictions.get_listings_restrictions,
    ),
    Route("GET", f"{CATALOG}/items", "searchCatalogItems", catalog.search_catalog_items),
    Route("GET", f"{CATALOG}/items/*", "getCatalogItem", catalog.get_catalog_item),
    Route(
        "GET",
        PRODUCT_TYPES,
        "searchDefinitionsProductTypes",
        product_types.search_definitions_product_types,
    ),
    Route(
        "GET",
        f"{PRODUCT_TYPES}/*",
        "getDefinitionsProductType",
        product_types.get_definitions_product_type,
    ),
    Route("GET", ORDERS, "searchOrders", orders.search_orders),
    Route("GET", f"{ORDERS}/*", "getOrder", orders.get_order),
    Route(
        "POST",
        "orders/v0/orders/*/shipmentConfirmation",
        "confirmShipment",
        shipments.confirm_shipment,
    ),
    Route("POST", f"{FEEDS}/documents", "createFeedDocument", feeds.create_feed_document),
    Route("GET", f"{FEEDS}/documents/*", "getFeedDocument", feeds.get_feed_document),
    Route("POST", f"{FEEDS}/feeds", "createFeed", feeds.create_feed),
    Route("GET", f"{FEEDS}/feeds", "getFeeds", feeds.get_feeds),
    Route("GET", f"{FEEDS}/feeds/*", "getFeed", feeds.get_feed),
    Route("DELETE", f"{FEEDS}/feeds/*", "cancelFeed", feeds.cancel_feed),
    Route("POST", f"{REPORTS}/reports", "createReport", reports.create_report),
    Route("GET", f"{REPORTS}/reports", "getReports", reports.get_reports),
    Route("GET", f"{REPORTS}/reports/*", "getReport", reports.get_report),
    Route("DELETE", f"{REPORTS}/reports/*", "cancelReport", reports.cancel_report),
    Route("GET", f"{REPORTS}/documents/*", "getReportDocument", reports.get_report_document),
    Route(
        "GET",
        "fba/inventory/v1/summaries",
        "getInventorySummaries",
        fba_inventory.get_inventory_summaries,
    ),
)


BY_LENGTH: dict[tuple[str, int], list[Route]] = {}
"""Method and number of segments -> the routes that may be meant."""
for _route in ROUTES:
    BY_LENGTH.setdefault((_route.method, _route.path.count("/") + 1), []).append(_route)


def find_route(method: str, segments: list[str]) -> tuple[Route, list[str]] | None:
    """The route of a path and its arguments; None if no operation is there."""
    for route in BY_LENGTH.get((method, len(segments)), []):
        arguments = route.arguments(segments)
        if arguments is not None:
            return route, arguments
    return None
