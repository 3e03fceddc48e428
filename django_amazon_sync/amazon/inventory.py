"""FBA Inventory API v1: what Amazon's own warehouses hold (fbaInventory.json)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django_amazon_sync.amazon.client import Client, Parameter
from django_amazon_sync.amazon.paging import pages
from django_amazon_sync.amazon.reading import obj, objs, text, whole
from django_amazon_sync.data import AmazonStock, JsonObject

_PATH = "/fba/inventory/v1/summaries"
# Of fifty SKUs each: a million SKUs.
_MOST_PAGES = 20_000


def amazon_stock(
    client: Client, marketplace: str, since: datetime | None = None
) -> Iterator[AmazonStock]:
    """Units of every SKU in Amazon's warehouses (getInventorySummaries, all its pages).

    With ``since`` (aware UTC, at most 18 months ago) only what changed since then; changes of
    inbound units are not noticed. The token of the next page lives for 30 seconds: whoever takes
    longer over a page gets Rejected, and starts again
    (docs/amazon.md#stock-tokens-live-30-seconds). What Amazon says nothing of is 0.
    """
    query: dict[str, Parameter] = {
        "details": "true",
        "granularityType": "Marketplace",
        "granularityId": marketplace,
        "marketplaceIds": [marketplace],
        # It goes with every page (docs/amazon.md#stock-pages-repeat-their-start).
        "startDateTime": since,
    }
    found = pages(client, "getInventorySummaries", _PATH, query, by="nextToken", most=_MOST_PAGES)
    for answer in found:
        summaries = answer.object("payload").get("inventorySummaries")
        if not isinstance(summaries, list):
            answer.lacks("inventorySummaries")
        yield from (_stock(raw) for raw in objs(summaries) if text(raw.get("sellerSku")))


def _stock(raw: JsonObject) -> AmazonStock:
    details = obj(raw.get("inventoryDetails"))
    inbound = (whole(details.get(f"inbound{step}Quantity")) for step in _INBOUND)
    return AmazonStock(
        sku=text(raw.get("sellerSku")),
        asin=text(raw.get("asin")),
        fulfillable=whole(details.get("fulfillableQuantity")) or 0,
        reserved=_total(details, "reservedQuantity", "totalReservedQuantity"),
        inbound=sum(units or 0 for units in inbound),
        unfulfillable=_total(details, "unfulfillableQuantity", "totalUnfulfillableQuantity"),
    )


_INBOUND = ("Working", "Shipped", "Receiving")


def _total(details: JsonObject, part: str, total: str) -> int:
    return whole(obj(details.get(part)).get(total)) or 0
