"""Listings Items API 2021-08-01, writing: put, patch and delete, and what becomes live later.

ACCEPTED means queued: the echo changes at once, the live values after a delay, or never. Feeds
take the same way (``feeds``), by ``put_faults`` and ``take_put``, ``patch_faults`` and
``take_patches``.
"""

from .answers import Json, Request, Success, invalid
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

OUT_OF_ORDER = 300.0
"""Seconds by which a patch that is out of order is late."""
OPERATIONS = ("add", "replace", "merge", "delete")
Steps = list[tuple[str, str, list[Json]]]
"""Operation, attribute and instances of each patch, completed for one marketplace."""


def put_listings_item(world: World, request: Request) -> Success:
    """putListingsItem: the whole listing in one marketplace; what is left out is gone."""
    seller_id, sku = request.path
    (marketplace,) = request.marketplaces(most=1)
    body = _body(request, "productType", "attributes")
    issues = put_faults(world, marketplace, body)
    if issues or _preview(request):
        asin = suggested_asin(body["attributes"]) if not issues else ""
        return _submission(world, request, issues, asin)
    listing = take_put(world, seller_id, sku, marketplace, body)
    return _submission(world, request, [], listing.asin)


def put_faults(world: World, marketplace: str, body: Json) -> list[Json]:
    """What is wrong with the whole of a listing; 400 if it cannot even be read."""
    requirements = body.get("requirements", "LISTING")
    if str(requirements) not in REQUIRED or not isinstance(body["attributes"], dict):
        raise invalid(f"Invalid 'requirements' or 'attributes' provided: {requirements}.")
    return put_issues(world, requirements, body["attributes"], [marketplace])


def take_put(
    world: World,
    seller_id: str,
    sku: str,
    marketplace: str,
    body: Json,
    live_at: float | None = None,
) -> Listing:
    """Accept the whole of a listing, live at a time (None: when the API's turn comes)."""
    attributes = complete_all(body["attributes"], world.marketplace(marketplace))
    listing = world.listing(seller_id, sku, marketplace)
    if listing is None:
        listing = _new_listing(world, seller_id, sku, marketplace, attributes, body["productType"])
        world.keep(listing)
    listing.attributes = dict(attributes)
    _schedule(world, listing, "put", live_at, attributes=attributes)
    _share_availability(world, listing, "replace", attributes.get(AVAILABILITY, []), live_at)
    return listing


def _new_listing(
    world: World, seller_id: str, sku: str, marketplace: str, attributes: Json, product_type: str
) -> Listing:
    """A SKU that was not there; its product is matched by ASIN or made."""
    asin = suggested_asin(attributes)
    if asin:
        product_type = world.products[asin].product_type
    else:
        asin = "B0" + world.unique("asin")[:8].upper()
        title = str(attributes["item_name"][0]["value"])
        world.add_product(Product(asin, title, product_type, {}))
    now = world.now()
    return Listing(seller_id, sku, marketplace, asin, product_type, now, now, {}, None)


def patch_listings_item(world: World, request: Request) -> Success:
    """patchListingsItem: an unknown SKU is "accepted" too, and nothing comes of it."""
    seller_id, sku = request.path
    marketplaces = request.marketplaces()
    body = _body(request, "productType", "patches")
    places = world.skus.get((seller_id, sku), {})
    first = next((places[id_] for id_ in marketplaces if id_ in places), None)
    issues = patch_faults(world, marketplaces, body["productType"], body["patches"], first)
    if not issues and not _preview(request):
        for id_ in marketplaces:
            if id_ in places:
                take_patches(world, places[id_], body["patches"])
    return _submission(world, request, issues, first.asin if first else "")


def patch_faults(
    world: World,
    marketplaces: list[str],
    product_type: str,
    patches: object,
    listing: Listing | None,
) -> list[Json]:
    """What is wrong with the patches of a listing; 400 if they cannot even be read."""
    readable = _read_patches(patches)
    issues = [
        found for patch in readable for found in patch_issues(patch, marketplaces, world.switches)
    ]
    names = [str(path_attribute(patch)) for patch in readable]
    return issues + product_type_issues(product_type, names, marketplaces, listing)


def _read_patches(patches: object) -> list[Json]:
    """The operations, when each has a known ``op`` and a top-level path; 400 otherwise."""
    if not isinstance(patches, list) or not patches:
        raise invalid("'patches' must be a list with at least one operation.")
    for patch in patches:
        if not isinstance(patch, dict) or patch.get("op") not in OPERATIONS:
            raise invalid("Invalid 'op' provided in 'patches'.")
        if path_attribute(patch) is None:
            raise invalid(f"Invalid 'path' provided: {patch.get('path')}.")
    return patches


def take_patches(
    world: World, listing: Listing, patches: list[Json], live_at: float | None = None
) -> None:
    """Accept patches that have no faults, live at a time (None: when the API's turn comes)."""
    home = world.marketplace(listing.marketplace)
    steps: Steps = []
    for patch in patches:
        name = str(path_attribute(patch))
        instances = [
            completed(name, instance, home)
            for instance in patch["value"]
            if instance.get("marketplace_id", home.id) == home.id
        ]
        steps.append((patch["op"], name, instances))
        apply_patch(listing.attributes, patch["op"], name, instances, world.switches)
        if name == AVAILABILITY:
            _share_availability(world, listing, patch["op"], instances, live_at)
    _schedule(world, listing, "patch", live_at, steps=steps)


def _share_availability(
    world: World, listing: Listing, op: str, instances: list[Json], live_at: float | None
) -> None:
    """One merchant quantity for the region: the other marketplaces take it over."""
    if not world.switches.quantity_shared:
        return
    for other in world.skus[listing.seller_id, listing.sku].values():
        if other is not listing:
            apply_patch(other.attributes, op, AVAILABILITY, instances, world.switches)
            _schedule(world, other, "patch", live_at, steps=[(op, AVAILABILITY, instances)])


def _schedule(
    world: World, listing: Listing, kind: str, live_at: float | None, **change: object
) -> None:
    """Let a change become live later, or not at all.

    What comes by the API never overtakes the one ahead of it, unless the switch ``out_of_order``
    says so; what comes by a feed has its own time, and may undo a younger patch.
    """
    if listing.ignored or world.dice.random() < world.switches.never_live:
        return
    if live_at is None:
        live_at = max(listing.busy_until, world.now() + world.switches.live_delay)
        listing.busy_until = live_at
        share = world.switches.out_of_order
        live_at += OUT_OF_ORDER if share and world.dice.random() < share else 0.0
    where = {"seller_id": listing.seller_id, "sku": listing.sku, "marketplace": listing.marketplace}
    world.later(live_at, kind, **where, **change)


def take_delete(world: World, seller_id: str, sku: str, marketplace: str) -> Listing | None:
    """End a listing in one marketplace; None if there was none."""
    return world.skus.get((seller_id, sku), {}).pop(marketplace, None)


def delete_listings_item(world: World, request: Request) -> Success:
    """deleteListingsItem: ends the listing in one marketplace."""
    seller_id, sku = request.path
    (marketplace,) = request.marketplaces(most=1)
    listing = take_delete(world, seller_id, sku, marketplace)
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


def _submission(world: World, request: Request, issues: list[Json], asin: str) -> Success:
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
    return Success(body)


# -- what becomes live later


def patch_goes_live(world: World, seller_id: str, sku: str, marketplace: str, steps: Steps) -> None:
    """The patch is done again, on the live values of that moment."""
    listing = world.listing(seller_id, sku, marketplace)
    if listing is None or listing.ignored:
        return
    listing.live = {} if listing.live is None else listing.live
    for op, name, instances in steps:
        apply_patch(listing.live, op, name, instances, world.switches)
    listing.updated = world.now()


def put_goes_live(
    world: World, seller_id: str, sku: str, marketplace: str, attributes: Json
) -> None:
    """The live values become those of the PUT and nothing else."""
    listing = world.listing(seller_id, sku, marketplace)
    if listing is not None and not listing.ignored:
        listing.live = dict(attributes)
        listing.updated = world.now()
