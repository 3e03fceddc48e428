"""Listings Items API 2021-08-01: get, search, put, patch, delete.

ACCEPTED means queued: ``attributes`` echo at once what was sent, everything else shows
what is live, and that follows after a delay, or never.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from .answers import Answer, Json, Request, invalid, not_found
from .live import availability, live_issues, offers, read_live, summary
from .marketplaces import Marketplace
from .paging import make_token, read_token
from .patches import AVAILABILITY, apply_patch, complete_all, completed
from .validation import (
    REQUIRED,
    patch_issues,
    path_attribute,
    product_type_issues,
    put_issues,
    suggested_asin,
)
from .world import Listing, Product, World

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


# -- reading


def get_listings_item(world: World, request: Request) -> Answer:
    """getListingsItem."""
    seller_id, sku = request.path
    marketplaces = request.marketplaces()
    wanted = request.words("includedData", DATA_SETS) or ["summaries"]
    places = world.skus.get((seller_id, sku), {})
    found = [places[id_] for id_ in marketplaces if id_ in places]
    if not found:
        raise not_found(f"SKU '{sku}' not found in marketplace {', '.join(marketplaces)}.")
    return Answer(_item(world, found, wanted))


def _item(world: World, listings: list[Listing], wanted: Iterable[str]) -> Json:
    """One SKU as the API shows it, over the marketplaces that were asked for."""
    item: Json = {"sku": listings[0].sku}
    for name in wanted:
        if name == "attributes":
            item[name] = _echo(listings)
        elif name == "fulfillmentAvailability":
            rows = {
                row["fulfillmentChannelCode"]: row
                for one in listings
                for row in _data(world, one, name)
            }
            item[name] = list(rows.values())
        else:
            item[name] = [row for listing in listings for row in _data(world, listing, name)]
    return item


def _echo(listings: list[Listing]) -> Json:
    """What was sent: instances of several marketplaces side by side, equal ones once."""
    echo: Json = {}
    for listing in listings:
        for name, instances in listing.attributes.items():
            rows = echo.setdefault(name, [])
            rows += [deepcopy(instance) for instance in instances if instance not in rows]
    return echo


def _data(world: World, listing: Listing, name: str) -> list[Json]:
    if name == "issues":
        return live_issues(listing)
    live = read_live(listing, _title(world, listing), world.now())
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


def search_listings_items(world: World, request: Request) -> Answer:
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
    items = [_item(world, listings, wanted) for listings in reachable[start : start + size]]
    body = {"numberOfResults": len(found), "items": items}
    return Answer({**body, "pagination": pagination} if pagination else body)


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
    own = [places for (owner, _), places in world.skus.items() if owner == seller_id]
    if not kind:
        return own
    return [
        places
        for places in own
        if any(_identifier(world, one, kind) in identifiers for one in places.values())
    ]


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
            found["severity"] in severities for one in listings for found in live_issues(one)
        ):
            return False
        if not wanted and not unwanted:
            return True
        rows = [row for one in listings for row in _data(world, one, "summaries")]
        statuses = {word for row in rows for word in row["status"]}
        return wanted <= statuses and not unwanted & statuses

    return matches


# -- writing


def put_listings_item(world: World, request: Request) -> Answer:
    """putListingsItem: the whole listing in one marketplace; what is left out is gone."""
    seller_id, sku = request.path
    (marketplace,) = request.marketplaces(most=1)
    body = _body(request, "productType", "attributes")
    requirements = body.get("requirements", "LISTING")
    if str(requirements) not in REQUIRED or not isinstance(body["attributes"], dict):
        raise invalid(f"Invalid 'requirements' or 'attributes' provided: {requirements}.")
    issues = put_issues(world, requirements, body["attributes"], [marketplace])
    if issues or _preview(request):
        asin = suggested_asin(body["attributes"]) if not issues else ""
        return _submission(world, request, issues, asin)
    attributes = complete_all(body["attributes"], world.marketplace(marketplace))
    listing = world.listing(seller_id, sku, marketplace)
    if listing is None:
        listing = _new_listing(world, request, marketplace, attributes, body["productType"])
        world.keep(listing)
    listing.attributes = deepcopy(attributes)
    _schedule(world, listing, "put", attributes=attributes)
    _share_availability(world, listing, "replace", attributes.get(AVAILABILITY, []))
    return _submission(world, request, [], listing.asin)


def _new_listing(
    world: World, request: Request, marketplace: str, attributes: Json, product_type: str
) -> Listing:
    """A SKU that was not there; its product is matched by ASIN or made."""
    asin = suggested_asin(attributes)
    if asin:
        product_type = world.products[asin].product_type
    else:
        asin = "B0" + world.unique("asin")[:8].upper()
        title = str(attributes["item_name"][0]["value"])
        world.products[asin] = Product(asin, title, product_type, {})
    now = world.now()
    seller_id, sku = request.path
    return Listing(seller_id, sku, marketplace, asin, product_type, now, now, {}, None)


def patch_listings_item(world: World, request: Request) -> Answer:
    """patchListingsItem: an unknown SKU is "accepted" too, and nothing comes of it."""
    seller_id, sku = request.path
    marketplaces = request.marketplaces()
    body = _body(request, "productType", "patches")
    patches = _read_patches(body["patches"])
    places = world.skus.get((seller_id, sku), {})
    names = [str(path_attribute(patch)) for patch in patches]
    issues = [
        found for patch in patches for found in patch_issues(patch, marketplaces, world.switches)
    ]
    first = next((places[id_] for id_ in marketplaces if id_ in places), None)
    issues += product_type_issues(body["productType"], names, marketplaces, first)
    if not issues and not _preview(request):
        for id_ in marketplaces:
            if id_ in places:
                _patch_one(world, places[id_], patches, world.marketplace(id_))
    return _submission(world, request, issues, first.asin if first else "")


def _read_patches(patches: object) -> list[Json]:
    """The operations, when each has a known ``op`` and a top-level path; 400 otherwise."""
    if not isinstance(patches, list) or not patches:
        raise invalid("'patches' must be a list with at least one operation.")
    for patch in patches:
        if not isinstance(patch, dict) or patch.get("op") not in (
            "add",
            "replace",
            "merge",
            "delete",
        ):
            raise invalid("Invalid 'op' provided in 'patches'.")
        if path_attribute(patch) is None:
            raise invalid(f"Invalid 'path' provided: {patch.get('path')}.")
    return patches


def _patch_one(world: World, listing: Listing, patches: list[Json], home: Marketplace) -> None:
    steps = []
    for patch in patches:
        name = str(path_attribute(patch))
        instances = [
            completed(name, instance, home)
            for instance in patch["value"]
            if instance.get("marketplace_id", home.id) == home.id
        ]
        steps.append([patch["op"], name, instances])
        apply_patch(listing.attributes, patch["op"], name, instances, world.switches)
        if name == AVAILABILITY:
            _share_availability(world, listing, patch["op"], instances)
    _schedule(world, listing, "patch", steps=steps)


def _share_availability(world: World, listing: Listing, op: str, instances: list[Json]) -> None:
    """One merchant quantity for the region: the other marketplaces take it over."""
    if not world.switches.quantity_shared:
        return
    for other in world.skus[listing.seller_id, listing.sku].values():
        if other is not listing:
            apply_patch(other.attributes, op, AVAILABILITY, instances, world.switches)
            _schedule(world, other, "patch", steps=[[op, AVAILABILITY, instances]])


def _schedule(world: World, listing: Listing, kind: str, **change: object) -> None:
    """Let a change become live later, never before the one ahead of it, or not at all."""
    if listing.ignored or world.dice.random() < world.switches.never_live:
        return
    listing.busy_until = max(listing.busy_until, world.now() + world.switches.live_delay)
    where = {"seller_id": listing.seller_id, "sku": listing.sku, "marketplace": listing.marketplace}
    world.later(listing.busy_until, kind, **where, **change)


def delete_listings_item(world: World, request: Request) -> Answer:
    """deleteListingsItem: ends the listing in one marketplace."""
    seller_id, sku = request.path
    (marketplace,) = request.marketplaces(most=1)
    places = world.skus.get((seller_id, sku), {})
    listing = places.pop(marketplace, None)
    return _submission(world, request, [], listing.asin if listing else "")


def _body(request: Request, *required: str) -> Json:
    if not isinstance(request.body, dict):
        raise invalid("The request body must be a JSON object.")
    missing = [name for name in required if not request.body.get(name)]
    if missing or not isinstance(request.body["productType"], str):
        raise invalid(f"The request body lacks {missing or 'a productType in text'}.")
    return request.body


def _preview(request: Request) -> bool:
    mode = request.text("mode")
    if mode not in ("", "VALIDATION_PREVIEW"):
        raise invalid(f"Invalid 'mode' provided: {mode}.")
    return bool(mode)


def _submission(world: World, request: Request, issues: list[Json], asin: str) -> Answer:
    """The outcome of a submission. An issue of severity ERROR makes it INVALID."""
    preview = _preview(request)
    wanted = request.words("includedData", ("identifiers", "issues")) or ["issues"]
    if "identifiers" in wanted and not preview:
        raise invalid("'identifiers' can only be requested with mode VALIDATION_PREVIEW.")
    refused = any(found["severity"] == "ERROR" for found in issues)
    marketplaces = request.marketplaces()
    body: Json = {
        "sku": request.path[1],
        "status": "INVALID" if refused else "VALID" if preview else "ACCEPTED",
        "submissionId": world.unique("submission")[:32],
        "issues": [{**found, "marketplaceIds": marketplaces} for found in issues],
    }
    if "identifiers" in wanted and asin:
        body["identifiers"] = [{"marketplaceId": id_, "asin": asin} for id_ in marketplaces]
    return Answer(body)


# -- what becomes live later


def patch_goes_live(
    world: World,
    seller_id: str,
    sku: str,
    marketplace: str,
    steps: list[tuple[str, str, list[Json]]],
) -> None:
    """The patch is done again, on the live values of that moment."""
    listing = world.listing(seller_id, sku, marketplace)
    if listing is None or listing.ignored:
        return
    listing.live = {} if listing.live is None else listing.live
    for op, name, instances in steps:
        apply_patch(listing.live, op, name, deepcopy(instances), world.switches)
    listing.updated = world.now()


def put_goes_live(
    world: World, seller_id: str, sku: str, marketplace: str, attributes: Json
) -> None:
    """The live values become those of the PUT and nothing else."""
    listing = world.listing(seller_id, sku, marketplace)
    if listing is not None and not listing.ignored:
        listing.live = deepcopy(attributes)
        listing.updated = world.now()
