"""What buyers meet: reading the live values of a listing."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from .answers import Json
from .attribute_values import issue, moment_of
from .clock import api_time
from .marketplaces import MARKETPLACES, rounded
from .patches import AVAILABILITY, OFFER
from .world import Listing

MERCHANT_CHANNEL = "DEFAULT"
GUARD_RAILS = frozenset({"minimum_seller_allowed_price", "maximum_seller_allowed_price"})


@dataclass(frozen=True)
class LiveListing:
    """The truth about one listing now.

    Amounts are in ``currency``, with tax where the marketplace shows prices with tax.
    ``quantity`` is the merchant quantity; None where there is no merchant channel.
    ``lead_time`` in days, ``restock_date`` an ISO date, ``channels`` the channel codes:
    two of them mean that a merchant quantity was given to a SKU that Amazon fulfils.
    """

    asin: str
    title: str
    product_type: str
    condition: str
    currency: str
    price: Decimal | None
    sale_price: Decimal | None
    business_price: Decimal | None
    channels: tuple[str, ...]
    quantity: int | None
    lead_time: int | None
    restock_date: str | None
    buyable: bool

    @property
    def channel(self) -> str:
        """The first channel code, or ""."""
        return self.channels[0] if self.channels else ""


def offer_of(attributes: Json, marketplace: str, audience: str = "ALL") -> Json | None:
    """The purchasable offer for an audience."""
    for offer in attributes.get(OFFER, []):
        if offer["marketplace_id"] == marketplace and offer["audience"] == audience:
            found: Json = offer
            return found
    return None


def amount_of(
    offer: Json | None, part: str, currency: str, at: float | None = None
) -> Decimal | None:
    """One price of an offer in whole minor units; with ``at``, only if it is valid then."""
    for price in (offer or {}).get(part) or []:
        for schedule in price["schedule"]:
            if at is None or _runs(schedule, at):
                return rounded(Decimal(str(schedule["value_with_tax"])), currency)
    return None


def _runs(schedule: Json, at: float) -> bool:
    start, end = schedule.get("start_at"), schedule.get("end_at")
    return (not start or moment_of(start) <= at) and (not end or at <= moment_of(end))


def merchant_availability(attributes: Json) -> Json | None:
    """The merchant channel of a listing."""
    for availability in attributes.get(AVAILABILITY, []):
        if availability["fulfillment_channel_code"] == MERCHANT_CHANNEL:
            found: Json = availability
            return found
    return None


def is_fulfilled_by_amazon(listing: Listing) -> bool:
    """Whether one of its live channels is Amazon's."""
    rows = (listing.live or {}).get(AVAILABILITY, [])
    return any(row["fulfillment_channel_code"] != MERCHANT_CHANNEL for row in rows)


def live_issues(listing: Listing) -> list[Json]:
    """Stored issues, and that of a price outside the seller's own guard rails."""
    issues = list(listing.issues)
    offer = offer_of(listing.live or {}, listing.marketplace)
    if offer and not GUARD_RAILS.isdisjoint(offer):
        issues += _guard_rail_issues(offer, MARKETPLACES[listing.marketplace].currency)
    return [{**found, "marketplaceIds": [listing.marketplace]} for found in issues]


def _guard_rail_issues(offer: Json, currency: str) -> list[Json]:
    price = amount_of(offer, "our_price", currency)
    lowest = amount_of(offer, "minimum_seller_allowed_price", currency)
    highest = amount_of(offer, "maximum_seller_allowed_price", currency)
    if price is None or (lowest or price) <= price <= (highest or price):
        return []
    found = issue("18155", "The price is outside its minimum and maximum.", "INVALID_PRICE", OFFER)
    found["enforcements"] = {
        "actions": [{"action": "LISTING_SUPPRESSED"}],
        "exemption": {"status": "NOT_EXEMPT"},
    }
    return [found]


def read_live(listing: Listing, catalogue_title: str, now: float) -> LiveListing | None:
    """What is live now, None if nothing is yet."""
    live = listing.live
    if live is None:
        return None
    currency = MARKETPLACES[listing.marketplace].currency
    consumer = offer_of(live, listing.marketplace)
    price = amount_of(consumer, "our_price", currency)
    merchant = merchant_availability(live)
    channels = tuple(row["fulfillment_channel_code"] for row in live.get(AVAILABILITY, []))
    quantity = None if merchant is None else merchant.get("quantity")
    suppressed = any("enforcements" in found for found in live_issues(listing))
    in_stock = bool(quantity) or any(code != MERCHANT_CHANNEL for code in channels)
    return LiveListing(
        asin=listing.asin,
        title=_first(live, "item_name") or catalogue_title,
        product_type=listing.product_type,
        condition=_first(live, "condition_type") or "new_new",
        currency=currency,
        price=price,
        sale_price=amount_of(consumer, "discounted_price", currency, at=now),
        business_price=amount_of(offer_of(live, listing.marketplace, "B2B"), "our_price", currency),
        channels=channels,
        quantity=quantity,
        lead_time=None if merchant is None else merchant.get("lead_time_to_ship_max_days"),
        restock_date=None if merchant is None else merchant.get("restock_date"),
        buyable=price is not None and in_stock and not suppressed,
    )


def _first(attributes: Json, name: str) -> str:
    return next((str(row["value"]) for row in attributes.get(name, []) if "value" in row), "")


def summary(listing: Listing, live: LiveListing) -> Json:
    """One marketplace's part of the data set ``summaries``."""
    return {
        "marketplaceId": listing.marketplace,
        "asin": live.asin,
        "productType": live.product_type,
        "conditionType": live.condition,
        "status": (["BUYABLE"] if live.buyable else []) + ["DISCOVERABLE"],
        "itemName": live.title,
        "createdDate": api_time(listing.created),
        "lastUpdatedDate": api_time(listing.updated),
    }


def offers(listing: Listing, live: LiveListing, *, with_sale: bool) -> Iterator[Json]:
    """One marketplace's part of the data set ``offers``."""
    consumer = live.sale_price if with_sale and live.sale_price is not None else live.price
    for kind, audience, price in (("B2C", "ALL", consumer), ("B2B", "B2B", live.business_price)):
        if price is not None:
            yield {
                "marketplaceId": listing.marketplace,
                "offerType": kind,
                "price": {"currencyCode": live.currency, "amount": str(price)},
                "audience": {"value": audience},
            }


def availability(live: LiveListing) -> Iterator[Json]:
    """The data set ``fulfillmentAvailability``: no quantity where Amazon fulfils."""
    for code in live.channels:
        row: Json = {"fulfillmentChannelCode": code}
        if code == MERCHANT_CHANNEL and live.quantity is not None:
            row["quantity"] = live.quantity
        yield row
