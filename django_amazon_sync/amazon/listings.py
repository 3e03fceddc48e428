"""Listings Items API 2021-08-01: read, create and change what the account sells.

The shapes of attributes are in attributes.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from urllib.parse import quote

from django_amazon_sync.amazon.client import Answer, Client, Parameter
from django_amazon_sync.amazon.listing_facts import MERCHANT, read_issue, read_item
from django_amazon_sync.amazon.paging import pages
from django_amazon_sync.amazon.reading import objs, text
from django_amazon_sync.data import Answered, JsonObject, SkuFacts
from django_amazon_sync.errors import NotFound, Rejected

__all__ = [
    "get_listing",
    "offer_attributes",
    "patch_listing",
    "put_listing",
    "read_item",
    "read_skus",
    "restrictions",
    "search_listings",
    "try_writing",
]

SKUS_PER_SEARCH = 20
_ITEMS = "/listings/2021-08-01/items"
_DATA_SETS = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "productTypes",
)
# Without it Amazon words its issues in the marketplace's language
# (docs/amazon.md#issues-come-in-the-stores-language).
_LOCALE = "en_US"

# --- Reading -------------------------------------------------------------------------------


def get_listing(client: Client, sku: str, marketplaces: Sequence[str]) -> SkuFacts:
    """What Amazon shows of one SKU (getListingsItem); raises NotFound where it has none."""
    query = {
        "marketplaceIds": marketplaces,
        "issueLocale": _LOCALE,
        "includedData": _DATA_SETS,
    }
    answer = client.call("getListingsItem", "GET", _path(client, sku), query=query)
    if "sku" not in answer.body:
        answer.lacks("a SKU")
    return read_item(answer.body)


def search_listings(
    client: Client, skus: Sequence[str], marketplaces: Sequence[str]
) -> dict[str, SkuFacts]:
    """What Amazon shows of at most 20 SKUs without a comma (searchListingsItems, all its pages).

    A SKU that Amazon does not know is absent from the result.
    """
    wanted = set(skus)
    read = (read_item(raw) for raw in _search_pages(client, skus, marketplaces))
    return {facts.sku: facts for facts in read if facts.sku in wanted}


def _search_pages(
    client: Client, skus: Sequence[str], marketplaces: Sequence[str]
) -> Iterator[JsonObject]:
    query: dict[str, Parameter] = {
        "marketplaceIds": marketplaces,
        "issueLocale": _LOCALE,
        "includedData": _DATA_SETS,
        "identifiers": skus,
        "identifiersType": "SKU",
        "pageSize": SKUS_PER_SEARCH,
    }
    path = f"{_ITEMS}/{quote(client.seller_id, safe='')}"
    found = pages(client, "searchListingsItems", path, query, by="pageToken", most=SKUS_PER_SEARCH)
    for answer in found:
        yield from (raw for raw in objs(answer.array("items")) if "sku" in raw)


def read_skus(
    client: Client, skus: Sequence[str], marketplaces: Sequence[str]
) -> dict[str, SkuFacts]:
    """What Amazon shows of any number of SKUs, twenty a call; unknown ones are absent.

    Absence is a search's word only: before a listing is created, ask ``get_listing``. A SKU with a
    comma or a blank at its ends is asked for alone, as it cannot travel in a comma-delimited list
    (docs/amazon.md#twenty-skus-a-search).
    """
    distinct = dict.fromkeys(skus)
    listable = [sku for sku in distinct if _is_listable(sku)]
    found: dict[str, SkuFacts] = {}
    for start in range(0, len(listable), SKUS_PER_SEARCH):
        found |= search_listings(client, listable[start : start + SKUS_PER_SEARCH], marketplaces)
    for sku in distinct:
        if not _is_listable(sku):
            found |= _found(client, sku, marketplaces)
    return found


def _is_listable(sku: str) -> bool:
    return "," not in sku and sku == sku.strip()


def _found(client: Client, sku: str, marketplaces: Sequence[str]) -> dict[str, SkuFacts]:
    try:
        return {sku: get_listing(client, sku, marketplaces)}
    except NotFound:
        return {}


def restrictions(client: Client, asin: str, marketplace: str, condition: str) -> list[str]:
    """Why this account may not offer the ASIN in this condition, in Amazon's words; empty = it may.

    (listingsRestrictions_2021-08-01.json, getListingsRestrictions.)
    """
    query = {
        "asin": asin,
        "conditionType": condition,
        "sellerId": client.seller_id,
        "marketplaceIds": [marketplace],
        "reasonLocale": _LOCALE,
    }
    path = "/listings/2021-08-01/restrictions"
    answer = client.call("getListingsRestrictions", "GET", path, query=query)
    reasons: list[str] = []
    for restriction in objs(answer.array("restrictions")):
        said = [text(reason.get("message")) for reason in objs(restriction.get("reasons"))]
        reasons += [message for message in said if message] or ["Amazon names no reason."]
    return reasons


# --- Writing -------------------------------------------------------------------------------


def patch_listing(
    client: Client,
    sku: str,
    marketplace: str,
    patches: Sequence[Mapping[str, object]],
    product_type: str = "PRODUCT",
    preview: bool = False,
) -> Answered:
    """Change parts of a listing (patchListingsItem); what is not named stays as it is.

    Offers and quantities go with the product type PRODUCT, a title with the listing's own.
    ACCEPTED means queued; Amazon says so of unknown SKUs too
    (docs/amazon.md#accepted-means-queued). With ``preview`` Amazon only checks.
    """
    answer = client.call(
        "patchListingsItem",
        "PATCH",
        _path(client, sku),
        query={
            "marketplaceIds": [marketplace],
            "mode": _mode(preview),
            "issueLocale": _LOCALE,
        },
        body={"productType": product_type, "patches": list(patches)},
    )
    return _answered(answer)


def try_writing(client: Client, marketplace: str) -> None:
    """Whether the account may change listings: a change of no SKU, which Amazon only checks.

    Raises Unauthorized where it may not, as a change would.
    """
    nothing = {"fulfillment_channel_code": MERCHANT, "quantity": 0}
    patch = {"op": "replace", "path": "/attributes/fulfillment_availability", "value": [nothing]}
    with suppress(Rejected):
        patch_listing(client, "connection-test", marketplace, [patch], preview=True)


def put_listing(
    client: Client,
    sku: str,
    marketplace: str,
    attributes: Mapping[str, object],
    product_type: str,
    preview: bool = False,
) -> Answered:
    """Offer an item that Amazon has (putListingsItem).

    Of a listing that is there already, all that is omitted is erased
    (docs/amazon.md#a-put-erases-what-it-omits). With ``preview`` Amazon only checks, and answers
    VALID or INVALID.
    """
    answer = client.call(
        "putListingsItem",
        "PUT",
        _path(client, sku),
        query={
            "marketplaceIds": [marketplace],
            "mode": _mode(preview),
            "issueLocale": _LOCALE,
        },
        body={
            "productType": product_type,
            "requirements": "LISTING_OFFER_ONLY",
            "attributes": dict(attributes),
        },
    )
    return _answered(answer)


def _mode(preview: bool) -> str | None:
    return "VALIDATION_PREVIEW" if preview else None


def _answered(answer: Answer) -> Answered:
    status = text(answer.body.get("status")) or answer.lacks("a status")
    issues = tuple(map(read_issue, objs(answer.body.get("issues"))))
    return Answered(status, text(answer.body.get("submissionId")), issues)


def _path(client: Client, sku: str) -> str:
    """The path of one SKU, encoded exactly once."""
    if not sku.strip("."):
        # A path of dots would be resolved on the way, and name another thing.
        raise Rejected("Listings Items", f"{sku!r} is no SKU that Amazon can be asked for.")
    return f"{_ITEMS}/{quote(client.seller_id, safe='')}/{quote(sku, safe='')}"


# --- Attributes ------------------------------------------------------------------------------


def offer_attributes(marketplace: str, asin: str, condition: str) -> dict[str, list[JsonObject]]:
    """The attributes of a new offer on an ASIN that is there (LISTING_OFFER_ONLY), but for what
    the fields of an offer hold."""
    return {
        "condition_type": [{"value": condition, "marketplace_id": marketplace}],
        "merchant_suggested_asin": [{"value": asin, "marketplace_id": marketplace}],
    }
