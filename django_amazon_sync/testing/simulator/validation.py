"""Which listing submissions are refused as a whole.

A submission with an issue of severity ERROR is INVALID and changes nothing.
"""

import re

from .answers import Json
from .attribute_values import attribute_issues, instance_issues, issue, misshapen
from .patches import AVAILABILITY, OFFER, selectors
from .switches import Switches
from .world import Listing, World

ANY_PRODUCT_TYPE = "PRODUCT"
REQUIRED = {
    "LISTING_OFFER_ONLY": ("condition_type", "merchant_suggested_asin", OFFER, AVAILABILITY),
    "LISTING_PRODUCT_ONLY": ("item_name", "brand"),
    "LISTING": ("item_name", "brand", "condition_type", OFFER, AVAILABILITY),
}


def path_attribute(patch: Json) -> str | None:
    """The attribute that a patch path names, None for any but a top-level path."""
    match = re.fullmatch(r"/attributes/([a-z][a-z0-9_]*)", str(patch.get("path", "")))
    return match.group(1) if match else None


def patch_issues(patch: Json, marketplaces: list[str], switches: Switches) -> list[Json]:
    """What is wrong with one patch operation; its path has been read already."""
    name, op, value = path_attribute(patch) or "", patch["op"], patch.get("value")
    check = instance_issues if op == "delete" else attribute_issues
    issues = check(name, value, marketplaces)
    if not issues and op in ("merge", "delete"):
        issues = [found for row in value or [] for found in _selector_issues(op, name, row)]
    if not issues and op == "merge":
        issues = _merge_issues(name, value or [], switches)
    return issues


def _selector_issues(op: str, name: str, instance: Json) -> list[Json]:
    missing = [selector for selector in selectors(name) if selector not in instance]
    if not missing:
        return []
    text = f"The operation '{op}' needs the selectors {missing} of '{name}'."
    return [issue("90233", text, "MISSING_ATTRIBUTE", name)]


def _merge_issues(name: str, instances: list[Json], switches: Switches) -> list[Json]:
    """A price cannot be merged away; and merge itself may not be there."""
    if switches.merge == "refused":
        text = "The operation 'merge' is not supported for this attribute."
        return [issue("90232", text, "INVALID_ATTRIBUTE", name)]
    nulls = [row for row in instances if "our_price" in row and not row["our_price"]]
    return [misshapen(name)] if nulls else []


def product_type_issues(
    product_type: str, names: list[str], marketplaces: list[str], listing: Listing | None
) -> list[Json]:
    """Whether a patch names a product type that fits: the listing's own, or for offers PRODUCT."""
    own = product_type if listing is None else listing.product_type
    if product_type == own and len(marketplaces) == 1:
        return []
    if product_type == ANY_PRODUCT_TYPE and "item_name" not in names:
        return []
    text = f"The product type '{product_type}' is invalid or not supported."
    return [issue("4000003", text, "INVALID_ATTRIBUTE", *names)]


def put_issues(
    world: World, requirements: str, attributes: Json, marketplaces: list[str]
) -> list[Json]:
    """What is wrong with the attributes of a PUT."""
    issues = [
        issue("90220", f"'{name}' is required but not supplied.", "MISSING_ATTRIBUTE", name)
        for name in REQUIRED[requirements]
        if not attributes.get(name)
    ]
    for name, value in attributes.items():
        issues += attribute_issues(name, value, marketplaces)
    return issues or _match_issues(world, attributes)


def _match_issues(world: World, attributes: Json) -> list[Json]:
    """Whether the product that the offer is for is there, and free to sell."""
    asin = suggested_asin(attributes)
    product = world.products.get(asin)
    if asin and product is None:
        text = f"The ASIN '{asin}' is not in the Amazon catalog."
        return [issue("90234", text, "INVALID_ATTRIBUTE", "merchant_suggested_asin")]
    if product is not None and product.restricted:
        text = "You need approval to list this product."
        return [issue("90235", text, "QUALIFICATION_REQUIRED", "merchant_suggested_asin")]
    return []


def suggested_asin(attributes: Json) -> str:
    """The ASIN that a submission asks to be matched to, or ""."""
    suggestions = attributes.get("merchant_suggested_asin") or [{"value": ""}]
    return str(suggestions[0]["value"])
