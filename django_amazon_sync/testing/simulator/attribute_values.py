"""Whether the value of a listing attribute is one that Amazon takes, and the issue if not.

The codes 4000000 and 4000001 are those that sellers report; Amazon renumbers the others, so
a program should read severity and categories (docs/amazon.md#severity-does-not-say-what-happens).
"""

import unicodedata
from decimal import Decimal
from math import isfinite
from typing import Any

from .answers import Json
from .clock import read_time
from .marketplaces import AMAZON_CHANNELS, MARKETPLACES, Marketplace, rounded
from .patches import AVAILABILITY, OFFER, selectors

LONGEST_TITLE = 200
HIGHEST_PRICE = Decimal(10_000_000)
HIGHEST_QUANTITY = 10_000_000
LONGEST_LEAD_TIME_DAYS = 30
LONGEST_NOTE = 1000
MOST_TIERS = 5
PRICES = (
    "our_price",
    "discounted_price",
    "minimum_seller_allowed_price",
    "maximum_seller_allowed_price",
)
CONDITIONS = (
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


def issue(code: str, message: str, category: str, *names: str) -> Json:
    """One issue of severity ERROR, as the Listings Items API words it."""
    return {
        "code": code,
        "message": message,
        "severity": "ERROR",
        "attributeNames": list(names),
        "categories": [category],
    }


def misshapen(name: str) -> Json:
    """Amazon's vague answer to an object, or a text, where something else belongs."""
    return issue("4000001", "The provided value is invalid.", "INVALID_ATTRIBUTE", name)


def attribute_issues(name: str, value: Any, marketplaces: list[str]) -> list[Json]:
    """What is wrong with the value of one attribute, as it was sent for these marketplaces."""
    issues = instance_issues(name, value, marketplaces)
    check = {
        OFFER: _offer_issues,
        AVAILABILITY: _availability_issues,
        "item_name": _title_issues,
        "condition_type": _condition_issues,
        "merchant_suggested_asin": _asin_issues,
        "list_price": _list_price_issues,
        "max_order_quantity": _order_quantity_issues,
        "condition_note": _note_issues,
        "item_type_keyword": _keyword_issues,
        "recommended_browse_nodes": _browse_node_issues,
    }.get(name)
    if issues or check is None:
        return issues
    homes = [MARKETPLACES[row.get("marketplace_id", marketplaces[0])] for row in value]
    return [found for row, home in zip(value, homes, strict=True) for found in check(row, home)]


def instance_issues(name: str, value: Any, marketplaces: list[str]) -> list[Json]:
    """Whether it is a list of objects with readable selectors, for these marketplaces."""
    if not is_list_of_objects(value):
        return [misshapen(name)]
    places = {*selectors(name), "marketplace_id"}
    if not all(isinstance(row.get(place, ""), str) for row in value for place in places):
        return [misshapen(name)]
    strangers = {row.get("marketplace_id", marketplaces[0]) for row in value} - set(marketplaces)
    text = f"{sorted(strangers)} are not among the marketplaces of the request."
    return [issue("90231", text, "INVALID_ATTRIBUTE", name)] if strangers else []


def is_list_of_objects(value: Any) -> bool:
    """Whether a value has the shape of every attribute."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _offer_issues(offer: Json, home: Marketplace) -> list[Json]:
    currency = offer.get("currency", home.currency)
    if currency != home.currency:
        text = f"The currency {currency} is not that of the marketplace, {home.currency}."
        return [issue("90225", text, "INVALID_PRICE", OFFER)]
    parts = [part for part in PRICES if part in offer]
    issues = [found for part in parts for found in _price_issues(part, offer[part], currency)]
    return issues or _plan_issues(offer.get("quantity_discount_plan") or [])


def _plan_issues(plan: Any) -> list[Json]:
    """What is wrong with the prices by quantity: amounts fall while numbers of units rise."""
    if not is_list_of_objects(plan):
        return [misshapen(OFFER)]
    for schedule in [schedule for part in plan for schedule in part.get("schedule") or [{}]]:
        levels = schedule.get("levels")
        kind = schedule.get("discount_type")
        if kind not in ("fixed", "percent") or not levels or not is_list_of_objects(levels):
            return [misshapen(OFFER)]
        steps = [(level.get("lower_bound"), level.get("value")) for level in levels]
        if not all(_is_whole(units, HIGHEST_QUANTITY) and _is_amount(by) for units, by in steps):
            return [misshapen(OFFER)]
        rising = [units for units, _by in steps]
        saved = [by if kind == "percent" else -by for _units, by in steps]
        in_order = rising == sorted(set(rising)) and saved == sorted(set(saved))
        if len(steps) > MOST_TIERS or not in_order:
            text = f"The quantity discounts must rise with the quantity, at most {MOST_TIERS}."
            return [issue("90226", text, "INVALID_PRICE", OFFER)]
    return []


def _is_amount(value: Any) -> bool:
    """Whether it is a finite number above 0."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and isfinite(value) and value > 0


def _price_issues(part: str, value: Any, currency: str) -> list[Json]:
    if not is_list_of_objects(value):
        return [misshapen(OFFER)]
    issues = []
    for price in value:
        if not is_list_of_objects(price.get("schedule")):
            return [misshapen(OFFER)]
        for schedule in price["schedule"]:
            issues += _schedule_issues(part, schedule, currency)
    return issues


def _schedule_issues(part: str, schedule: Json, currency: str) -> list[Json]:
    if "start_date" in schedule or "end_date" in schedule:
        text = "We are unable to process your request due to an internal error."
        return [issue("4000000", text, "INVALID_ATTRIBUTE", OFFER)]
    value = schedule.get("value_with_tax")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return [misshapen(OFFER)]
    if not all(_is_moment(schedule.get(edge)) for edge in ("start_at", "end_at")):
        return [misshapen(OFFER)]
    amount = Decimal(str(value))
    if amount <= 0:
        text = f"The value {value} of '{part}' must be greater than 0."
    elif amount > HIGHEST_PRICE:
        text = f"The value {value} of '{part}' is greater than the maximum of {HIGHEST_PRICE}."
    elif amount != rounded(amount, currency):
        text = f"The value {value} of '{part}' has more decimals than {currency} allows."
    else:
        return []
    return [issue("90226", text, "INVALID_PRICE", OFFER)]


def moment_of(value: Any) -> float:
    """A moment of a schedule in seconds since 1970: a date, a time, or an object with one.

    Raises ValueError for anything else.
    """
    text = value.get("value") if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise ValueError(f"{value!r} is not a moment")
    return read_time(text if "T" in text else f"{text}T00:00:00Z")


def _is_moment(value: Any) -> bool:
    """Whether a schedule may begin or end there; None is no limit."""
    try:
        return value is None or moment_of(value) is not None
    except ValueError:
        return False


def _availability_issues(availability: Json, home: Marketplace) -> list[Json]:
    code = availability.get("fulfillment_channel_code")
    if code not in ("DEFAULT", AMAZON_CHANNELS[home.region]):
        text = f"'fulfillment_channel_code' {code!r} is not one of this region's channels."
        return [issue("90227", text, "INVALID_ATTRIBUTE", AVAILABILITY)]
    quantity = availability.get("quantity")
    lead_time = availability.get("lead_time_to_ship_max_days")
    if code != "DEFAULT" and quantity is not None:
        text = "'quantity' is not allowed where Amazon fulfils the orders."
    elif quantity is not None and not _is_whole(quantity, HIGHEST_QUANTITY):
        text = f"'quantity' must be a whole number from 0 to {HIGHEST_QUANTITY}, got {quantity!r}."
    elif not _is_moment(availability.get("restock_date")):
        text = "'restock_date' must be a date."
    elif lead_time is not None and not _is_whole(lead_time, LONGEST_LEAD_TIME_DAYS):
        text = f"'lead_time_to_ship_max_days' must be from 0 to {LONGEST_LEAD_TIME_DAYS}."
    else:
        return []
    return [issue("90228", text, "INVALID_ATTRIBUTE", AVAILABILITY)]


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _title_issues(title: Json, home: Marketplace) -> list[Json]:
    value = title.get("value")
    if not isinstance(value, str):
        return [misshapen("item_name")]
    if not value.strip() or len(value) > LONGEST_TITLE:
        text = f"'item_name' must have 1 to {LONGEST_TITLE} characters, it has {len(value)}."
    elif any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
        text = "'item_name' contains characters that are not allowed."
    else:
        return []
    return [issue("90229", text, "INVALID_ATTRIBUTE", "item_name")]


def _condition_issues(condition: Json, home: Marketplace) -> list[Json]:
    if condition.get("value") in CONDITIONS:
        return []
    text = f"{condition.get('value')!r} is not a condition."
    return [issue("90230", text, "INVALID_ATTRIBUTE", "condition_type")]


def _list_price_issues(price: Json, home: Marketplace) -> list[Json]:
    currency = price.get("currency", home.currency)
    value = price.get("value_with_tax", price.get("value"))
    if not _is_amount(value):
        return [misshapen("list_price")]
    amount = Decimal(str(value))
    if currency == home.currency and amount == rounded(amount, currency) <= HIGHEST_PRICE:
        return []
    text = f"{value} {currency} is not a list price of the marketplace."
    return [issue("90226", text, "INVALID_PRICE", "list_price")]


def _order_quantity_issues(most: Json, home: Marketplace) -> list[Json]:
    return _unless(_is_whole(most.get("value"), HIGHEST_QUANTITY) and most["value"] > 0,
                   "max_order_quantity", "must be a whole number above 0")  # fmt: skip


def _note_issues(note: Json, home: Marketplace) -> list[Json]:
    value = note.get("value")
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST_NOTE
    return _unless(fits, "condition_note", f"must have 1 to {LONGEST_NOTE} characters")


def _keyword_issues(keyword: Json, home: Marketplace) -> list[Json]:
    value = keyword.get("value")
    fits = isinstance(value, str) and bool(value.strip())
    return _unless(fits, "item_type_keyword", "must be a text")


def _browse_node_issues(node: Json, home: Marketplace) -> list[Json]:
    value = node.get("value")
    fits = isinstance(value, str) and value.isascii() and value.isdecimal()
    return _unless(fits, "recommended_browse_nodes", "must be the number of a browse node")


def _unless(fits: bool, name: str, wanted: str) -> list[Json]:
    return [] if fits else [issue("90236", f"'{name}' {wanted}.", "INVALID_ATTRIBUTE", name)]


def _asin_issues(suggestion: Json, home: Marketplace) -> list[Json]:
    if isinstance(suggestion.get("value"), str) and suggestion["value"]:
        return []
    return [misshapen("merchant_suggested_asin")]
