"""FBA Inventory API v1: what Amazon has of the seller's goods in its own warehouses."""

import base64
import json
from typing import Any

from .answers import Json, Request, Success, invalid
from .clock import api_time
from .live import is_fulfilled_by_amazon
from .world import AmazonUnits, Listing, World

PAGE = 50
TOKEN_LIFETIME = 30
UNTOLD_UNITS = 25
"""Units of a SKU that Amazon fulfils, if nobody set them; they never run out."""


def get_inventory_summaries(world: World, request: Request) -> Success:
    """getInventorySummaries: pages of 50.

    A token knows its place and nothing else: without the startDateTime of the first page it
    goes on in the list of everything, as sellers found at Amazon.
    """
    (marketplace,) = request.marketplaces(most=1)
    if (request.text("granularityType"), request.text("granularityId")) != (
        "Marketplace",
        marketplace,
    ):
        raise invalid("'granularityType' must be Marketplace, 'granularityId' its id.")
    token = request.text("nextToken")
    start = _place(request, token) if token else 0
    found = _changed(world, request, _fulfilled_by_amazon(world, request, marketplace))
    detailed = request.flag("details")
    page = found[start : start + PAGE]
    payload = {
        "granularity": {"granularityType": "Marketplace", "granularityId": marketplace},
        "inventorySummaries": [_summary(world, listing, detailed=detailed) for listing in page],
    }
    body: Json = {"payload": payload}
    if start + PAGE < len(found):
        body["pagination"] = {"nextToken": _token(request, start + PAGE)}
    return Success(body)


def _token(request: Request, place: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, request.now]).encode()).decode()


def _place(request: Request, token: str) -> int:
    """Where a token goes on; 400 if it is none of ours, or older than 30 seconds."""
    try:
        place, made = json.loads(base64.urlsafe_b64decode(token.encode()))
        expired = request.now - made > TOKEN_LIFETIME
        if not isinstance(place, int) or place < 0:
            raise ValueError(token)
    except (ValueError, TypeError):
        raise invalid("The nextToken is malformed.") from None
    if expired:
        raise invalid("The nextToken has expired.")
    return place


def _fulfilled_by_amazon(world: World, request: Request, marketplace: str) -> list[Listing]:
    """The listings that Amazon fulfils, by SKU; found once for all pages between two changes."""
    key = (request.seller.seller_id, marketplace)
    changes, found = world.fba_lists.get(key, (-1, []))
    if changes != world.changes:
        found = sorted(
            (
                listing
                for listing in world.listings(key[0], marketplace)
                if is_fulfilled_by_amazon(listing)
            ),
            key=lambda listing: listing.sku,
        )
        world.fba_lists[key] = (world.changes, found)
    return found


def _changed(world: World, request: Request, listings: list[Listing]) -> list[Listing]:
    """Those that changed since startDateTime, or else those of the SKUs that were asked for."""
    since = request.moment("startDateTime")
    if since is not None:
        return [listing for listing in listings if _updated(world, listing) >= since]
    skus = set(request.words("sellerSkus", most=50)) or set(request.query.get("sellerSku", []))
    return [listing for listing in listings if listing.sku in skus] if skus else listings


def _units(world: World, listing: Listing) -> AmazonUnits:
    key = (listing.seller_id, listing.sku, listing.marketplace)
    return world.amazon_units.get(key) or AmazonUnits(UNTOLD_UNITS, 0, 0, 0, listing.created)


def _updated(world: World, listing: Listing) -> float:
    return _units(world, listing).updated


def _summary(world: World, listing: Listing, *, detailed: bool) -> Json:
    units, product = _units(world, listing), world.products.get(listing.asin)
    everything = units.fulfillable + units.reserved + units.inbound + units.unfulfillable
    summary: dict[str, Any] = {
        "asin": listing.asin,
        "fnSku": f"X00{listing.asin[-7:]}",
        "sellerSku": listing.sku,
        "condition": "NewItem",
        "lastUpdatedTime": api_time(units.updated),
        "productName": product.title if product else "",
        "totalQuantity": everything,
    }
    return {**summary, "inventoryDetails": _details(units)} if detailed else summary


def _details(units: AmazonUnits) -> Json:
    return {
        "fulfillableQuantity": units.fulfillable,
        "inboundWorkingQuantity": 0,
        "inboundShippedQuantity": units.inbound,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {
            "totalReservedQuantity": units.reserved,
            "pendingCustomerOrderQuantity": units.reserved,
            "pendingTransshipmentQuantity": 0,
            "fcProcessingQuantity": 0,
        },
        "researchingQuantity": {"totalResearchingQuantity": 0, "researchingQuantityBreakdown": []},
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": units.unfulfillable,
            "customerDamagedQuantity": units.unfulfillable,
            "warehouseDamagedQuantity": 0,
            "distributorDamagedQuantity": 0,
            "carrierDamagedQuantity": 0,
            "defectiveQuantity": 0,
            "expiredQuantity": 0,
        },
    }
