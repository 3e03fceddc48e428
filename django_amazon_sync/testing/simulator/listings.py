"""Listings Items API 2021-08-01, reading: getListingsItem and searchListingsItems.

``attributes`` echo what was sent; everything else shows what is live.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from .answers import Json, Request, Success, invalid, not_found
from .live import LiveListing, availability, live_issues, offers, read_live, summary
from .paging import make_token, read_token
from .world import Listing, World, gtin

DATA_SETS = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)
SEARCH_ENDS_AFTER = 1000


def get_listings_item(world: World, request: Request) -> Success:
    """getListingsItem."""
    seller_id, sku = request.path
    marketplaces = request.marketplaces()
    wanted = request.words("includedData", DATA_SETS) or ["summaries"]
    places = world.skus.get((seller_id, sku), {})
    found = [places[id_] for id_ in marketplaces if id_ in places]
    if not found:
        raise not_found(f"SKU '{sku}' not found in marketplace {', '.join(marketplaces)}.")
    return Success(item(world, found, wanted))


def item(world: World, listings: list[Listing], wanted: Iterable[str]) -> Json:
    """One SKU as the API shows it, over the marketplaces that were asked for."""
    shown: Json = {"sku": listings[0].sku}
    both = [
        (listing, read_live(listing, _title(world, listing), world.now())) for listing in listings
    ]
    for name in wanted:
        if name == "attributes":
            shown[name] = _echo(listings)
            continue
        rows = [row for listing, live in both for row in _data(world, listing, live, name)]
        if name == "fulfillmentAvailability":
            rows = list({row["fulfillmentChannelCode"]: row for row in rows}.values())
        shown[name] = rows
    return shown


def _echo(listings: list[Listing]) -> Json:
    """What was sent: instances of several marketplaces side by side, equal ones once."""
    echo: Json = {}
    for listing in listings:
        for name, instances in listing.attributes.items():
            rows = echo.setdefault(name, [])
            rows += [deepcopy(instance) for instance in instances if instance not in rows]
    return echo


def _data(world: World, listing: Listing, live: LiveListing | None, name: str) -> list[Json]:
    if name == "issues":
        return live_issues(listing)
    if live is None or name in ("procurement", "relationships"):
        return []
    if name == "summaries":
        return [summary(listing, live)]
    if name == "offers":
        return list(offers(listing, live, with_sale=world.switches.offers_show_sale_price))
    if name == "productTypes":
        return [{"marketplaceId": listing.marketplace, "productType": live.product_type}]
    return list(availability(live))


def _title(world: World, listing: Listing) -> str:
    product = world.products.get(listing.asin)
    return product.title if product else ""


def search_listings_items(world: World, request: Request) -> Success:
    """searchListingsItems: pages of at most 20, and silence after 1,000 results."""
    marketplaces = request.marketplaces()
    wanted = request.words("includedData", DATA_SETS) or ["summaries"]
    size = request.number("pageSize", 10, 20)
    token = request.text("pageToken")
    start = read_token(request, token, world.switches.page_token_lifetime) if token else 0
    found = _search(world, request, marketplaces)
    reachable = found[:SEARCH_ENDS_AFTER]
    pagination = {}
    if start + size < len(reachable):
        pagination["nextToken"] = make_token(request, start + size)
    if start > 0:
        pagination["previousToken"] = make_token(request, max(0, start - size))
    items = [item(world, listings, wanted) for listings in reachable[start : start + size]]
    body = {"numberOfResults": len(found), "items": items}
    return Success({**body, "pagination": pagination} if pagination else body)


def _search(world: World, request: Request, marketplaces: list[str]) -> list[list[Listing]]:
    """The matching SKUs, each with its listings in the marketplaces, in the order asked for."""
    key, order = request.text("sortBy", "lastUpdatedDate"), request.text("sortOrder", "DESC")
    if key not in SORT_KEYS or order not in ("ASC", "DESC"):
        raise invalid(f"Invalid 'sortBy' or 'sortOrder' provided: {key}, {order}.")
    skus = [
        [places[id_] for id_ in marketplaces if id_ in places]
        for places in _identified(world, request)
    ]
    for matches in (_date_filter(request), _state_filter(world, request)):
        skus = [listings for listings in skus if listings and matches(listings)]
    return sorted(skus, key=SORT_KEYS[key], reverse=order == "DESC")


def _identified(world: World, request: Request) -> list[dict[str, Listing]]:
    """The SKUs with the identifiers that were asked for, or all."""
    (seller_id,) = request.path
    identifiers = request.words("identifiers", most=20)
    kind = request.text("identifiersType")
    if bool(identifiers) != bool(kind):
        raise invalid("'identifiers' and 'identifiersType' are required together.")
    if kind == "SKU":
        return [world.skus.get((seller_id, sku), {}) for sku in dict.fromkeys(identifiers)]
    if not kind:
        return [places for (owner, _), places in world.skus.items() if owner == seller_id]
    keys = [key for asin in _asins(world, identifiers, kind) for key in world.skus_by_asin[asin]]
    found = [world.skus[key] for key in dict.fromkeys(keys) if key[0] == seller_id]
    return [
        places
        for places in found
        if any(_identifier(world, listing, kind) in identifiers for listing in places.values())
    ]


def _asins(world: World, identifiers: list[str], kind: str) -> list[str]:
    """The ASINs, of those that anybody lists, that identifiers may belong to."""
    asins = identifiers
    if kind != "ASIN":
        numbers = [gtin(number) for number in identifiers]
        asins = [asin for number in numbers for asin in world.asins_by_barcode.get(number, [])]
    return [asin for asin in dict.fromkeys(asins) if asin in world.skus_by_asin]


def _identifier(world: World, listing: Listing, kind: str) -> str | None:
    product = world.products.get(listing.asin)
    if kind == "ASIN" or product is None:
        return listing.asin
    return product.identifiers.get(kind)


def _latest(listings: list[Listing], stamp: str) -> float:
    return max(float(getattr(listing, stamp)) for listing in listings)


SORT_KEYS: dict[str, Callable[[list[Listing]], Any]] = {
    "sku": lambda listings: listings[0].sku,
    "createdDate": lambda listings: _latest(listings, "created"),
    "lastUpdatedDate": lambda listings: _latest(listings, "updated"),
}


def _date_filter(request: Request) -> Callable[[list[Listing]], bool]:
    limits = [
        (stamp, request.moment(f"{name}After"), request.moment(f"{name}Before"))
        for stamp, name in (("created", "created"), ("updated", "lastUpdated"))
    ]

    def matches(listings: list[Listing]) -> bool:
        return all(
            (after is None or after <= _latest(listings, stamp))
            and (before is None or _latest(listings, stamp) <= before)
            for stamp, after, before in limits
        )

    return matches


def _state_filter(world: World, request: Request) -> Callable[[list[Listing]], bool]:
    wanted, unwanted = set(request.words("withStatus")), set(request.words("withoutStatus"))
    severities = set(request.words("withIssueSeverity"))

    def matches(listings: list[Listing]) -> bool:
        if severities and not any(
            found["severity"] in severities
            for listing in listings
            for found in live_issues(listing)
        ):
            return False
        if not wanted and not unwanted:
            return True
        rows = item(world, listings, ["summaries"])["summaries"]
        statuses = {word for row in rows for word in row["status"]}
        return wanted <= statuses and not unwanted & statuses

    return matches
