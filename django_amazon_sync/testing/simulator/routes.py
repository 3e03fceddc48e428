"""Which path and method is which operation."""

from collections.abc import Callable
from dataclasses import dataclass

from . import (
    catalog,
    listings,
    orders,
    product_types,
    restrictions,
    sellers,
    shipments,
    submissions,
)
from .answers import Answer, Request
from .world import World

LISTINGS = "listings/2021-08-01"
CATALOG = "catalog/2022-04-01"
PRODUCT_TYPES = "definitions/2020-09-01/productTypes"
ORDERS = "orders/2026-01-01/orders"


@dataclass(frozen=True)
class Route:
    """One operation; ``*`` in the path stands for an argument."""

    method: str
    path: str
    operation: str
    run: Callable[[World, Request], Answer]

    def arguments(self, method: str, segments: list[str]) -> list[str] | None:
        """The arguments in a path of this route, None for any other path."""
        parts = self.path.split("/")
        if method != self.method or len(parts) != len(segments):
            return None
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
)


def find_route(method: str, segments: list[str]) -> tuple[Route, list[str]] | None:
    """The route of a path and its arguments; None if no operation is there."""
    for route in ROUTES:
        arguments = route.arguments(method, segments)
        if arguments is not None:
            return route, arguments
    return None
