"""Which listing submissions are refused, and the issues that say why.

A submission with an issue of severity ERROR is INVALID and changes nothing. The codes
4000000, 4000001 and 4000003 are those that sellers report; Amazon renumbers the others,
so a program should read severity and categories.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from .answers import Json
from .marketplaces import AMAZON_CHANNELS, MARKETPLACES, rounded
from .patches import AVAILABILITY, OFFER, selectors
from .switches import Switches
from .world import Listing, Product, World

ANY_PRODUCT_TYPE = "PRODUCT"
LONGEST_TITLE = 200
HIGHEST_PRICE = Decimal(10_000_000)
HIGHEST_QUANTITY = 10_000_000
LONGEST_LEAD_TIME_DAYS = 30
PRICES = (
    "our_price",
    "discounted_price",
    "minimum_seller_allowed_price",
    "maximum_seller_allowed_price",
)
CONDITIONS = frozenset(
    (
        "new_new",
        "new_open_box",
        "new_oem",
        "refurbished_refurbished",
        "used_like_new",
        "used_very_good",
        "used_good",
        "used_acceptable",
        "collectible_like_new",
        "collectible_very_good",
        "collectible_good",
        "collectible_acceptable",
        "club_club",
    )
)
REQUIRED = {
    "LISTING_OFFER_ONLY": (
        "condition_type",
        "merchant_suggested_asin",
        OFFER,
        AVAILABILITY,
    ),
    "LISTING_PRODUCT_ONLY": ("item_name", "brand"),
    "LISTING": ("item_name", "brand", "condition_type", OFFER, AVAILABILITY),
}


def issue(code: str, message: str, category: str, *names: str, severity: str = "ERROR") -> Json:
    """One issue as the Listings Items API words it."""
    return {
        "code": code,
        "message": message,
        "severity": severity,
        "attributeNames": list(names),
        "categories": [category],
    }


def misshapen(name: str) -> Json:
    """Amazon's vague answer to an object, or a text, where something else belongs."""
    return issue("4000001", "The provided value is invalid.", "INVALID_ATTRIBUTE", name)


def is_list_of_objects(value: Any) -> bool:
    """Whether a value has the shape of every attribute."""
    return isinstance(value, list) and all(isinstance(instance, dict) for instance in value)


def attribute_issues(name: str, value: Any, region: str) -> list[Json]:
    """What is wrong with the value of one attribute, as it was sent."""
    if not is_list_of_objects(value):
        return [misshapen(name)]
    check = {
        OFFER: _offer_issues,
        AVAILABILITY: _availability_issues,
        "item_name": _title_issues,
        "condition_type": _condition_issues,
    }.get(name)
    return [] if check is None else [found for row in value for found in check(row, region)]


def _offer_issues(offer: Json, region: str) -> list[Json]:
    currency = offer.get("currency", "")
    issues = []
    for part in PRICES:
        if part in offer:
            issues += _price_issues(part, offer[part], currency)
    home = MARKETPLACES.get(offer.get("marketplace_id", ""))
    if home is not None and currency and currency != home.currency:
        text = f"The currency {currency} is not that of the marketplace, {home.currency}."
        issues.append(issue("90225", text, "INVALID_PRICE", OFFER))
    return issues


def _price_issues(part: str, value: Any, currency: str) -> list[Json]:
    if not is_list_of_objects(value):
        return [misshapen(OFFER)]
    issues = []
    for price in value:
        schedules = price.get("schedule")
        if not is_list_of_objects(schedules):
            return [misshapen(OFFER)]
        for schedule in schedules:
            if "start_date" in schedule or "end_date" in schedule:
                text = "We are unable to process your request due to an internal error."
                return [issue("4000000", text, "INVALID_ATTRIBUTE", OFFER)]
            issues += _amount_issues(part, schedule.get("value_with_tax"), currency)
    return issues


def _amount_issues(part: str, value: Any, currency: str) -> list[Json]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [misshapen(OFFER)]
    amount = Decimal(str(value))
    if amount <= 0:
        text = f"The value {value} of '{part}' must be greater than 0."
    elif amount > HIGHEST_PRICE:
        text = f"The value {value} of '{part}' is greater than the maximum of {HIGHEST_PRICE}."
    elif currency and amount != rounded(amount, currency):
        text = f"The value {value} of '{part}' has more decimals than {currency} allows."
    else:
        return []
    return [issue("90226", text, "INVALID_PRICE", OFFER)]


def _availability_issues(availability: Json, region: str) -> list[Json]:
    code = availability.get("fulfillment_channel_code")
    if code not in ("DEFAULT", AMAZON_CHANNELS[region]):
        text = f"'fulfillment_channel_code' {code!r} is not one of this region's channels."
        return [issue("90227", text, "INVALID_ATTRIBUTE", AVAILABILITY)]
    quantity = availability.get("quantity")
    lead_time = availability.get("lead_time_to_ship_max_days")
    if code != "DEFAULT" and quantity is not None:
        text = "'quantity' is not allowed where Amazon fulfils the orders."
    elif quantity is not None and not _whole(quantity, HIGHEST_QUANTITY):
        text = f"'quantity' must be a whole number from 0 to {HIGHEST_QUANTITY}, got {quantity!r}."
    elif lead_time is not None and not _whole(lead_time, LONGEST_LEAD_TIME_DAYS):
        text = f"'lead_time_to_ship_max_days' must be from 0 to {LONGEST_LEAD_TIME_DAYS}."
    else:
        return []
    return [issue("90228", text, "INVALID_ATTRIBUTE", AVAILABILITY)]


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _title_issues(title: Json, region: str) -> list[Json]:
    value = title.get("value")
    if not isinstance(value, str):
        return [misshapen("item_name")]
    if not value.strip() or len(value) > LONGEST_TITLE:
        text = f"'item_name' must have 1 to {LONGEST_TITLE} characters, it has {len(value)}."
    elif any(unicodedata.category(letter) == "Cc" for letter in value):
        text = "'item_name' contains characters that are not allowed."
    else:
        return []
    return [issue("90229", text, "INVALID_ATTRIBUTE", "item_name")]


def _condition_issues(condition: Json, region: str) -> list[Json]:
    if condition.get("value") in CONDITIONS:
        return []
    text = f"'{condition.get('value')}' is not a condition."
    return [issue("90230", text, "INVALID_ATTRIBUTE", "condition_type")]


def patch_issues(
    patch: Json, region: str, marketplaces: list[str], switches: Switches
) -> list[Json]:
    """What is wrong with one patch operation; its path has been read already."""
    name, op, value = path_attribute(patch) or "", patch["op"], patch.get("value")
    if op != "delete":
        issues = attribute_issues(name, value, region)
    else:
        issues = [] if is_list_of_objects(value) else [misshapen(name)]
    if issues or not isinstance(value, list):
        return issues or [misshapen(name)]
    for instance in value:
        if op in ("merge", "delete"):
            issues += _selector_issues(op, name, instance)
        if instance.get("marketplace_id", marketplaces[0]) not in marketplaces:
            text = f"'{instance['marketplace_id']}' is not among the marketplaces of the request."
            issues.append(issue("90231", text, "INVALID_ATTRIBUTE", name))
        if op == "merge" and instance.get("our_price", ...) is None:
            issues.append(misshapen(name))
    if op == "merge" and switches.merge == "refused":
        text = "The operation 'merge' is not supported for this attribute."
        issues.append(issue("90232", text, "INVALID_ATTRIBUTE", name))
    return issues


def _selector_issues(op: str, name: str, instance: Json) -> list[Json]:
    missing = [selector for selector in selectors(name) if selector not in instance]
    if not missing:
        return []
    text = f"The operation '{op}' needs the selectors {missing} of '{name}'."
    return [issue("90233", text, "MISSING_ATTRIBUTE", name)]


def path_attribute(patch: Json) -> str | None:
    """The attribute that a patch path names, None for any but a top-level path."""
    match = re.fullmatch(r"/attributes/([a-z][a-z0-9_]*)", str(patch.get("path", "")))
    return match.group(1) if match else None


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


def put_issues(world: World, requirements: str, attributes: Json, region: str) -> list[Json]:
    """What is wrong with the attributes of a PUT."""
    issues = [
        issue("90220", f"'{name}' is required but not supplied.", "MISSING_ATTRIBUTE", name)
        for name in REQUIRED[requirements]
        if name not in attributes
    ]
    for name, value in attributes.items():
        issues += attribute_issues(name, value, region)
    return issues or _match_issues(world, attributes)


def _match_issues(world: World, attributes: Json) -> list[Json]:
    asin = suggested_asin(attributes)
    if not asin:
        return []
    product = world.products.get(asin)
    if product is None:
        text = f"The ASIN '{asin}' is not in the Amazon catalog."
        return [issue("90234", text, "INVALID_ATTRIBUTE", "merchant_suggested_asin")]
    return restriction_issues(product)


def restriction_issues(product: Product) -> list[Json]:
    """The refusal of a product that needs approval."""
    if not product.restricted:
        return []
    text = "You need approval to list this product."
    return [issue("90235", text, "QUALIFICATION_REQUIRED", "merchant_suggested_asin")]


def suggested_asin(attributes: Json) -> str:
    """The ASIN that a submission asks to be matched to, or ""."""
    for instance in attributes.get("merchant_suggested_asin", []):
        return str(instance.get("value", ""))
    return ""
