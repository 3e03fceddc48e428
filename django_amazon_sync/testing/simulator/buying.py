"""Buyers: placing an order.

An order takes its units from the live merchant quantity at once, also while it is PENDING
(docs/amazon.md#orders-lower-the-quantity-at-once).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .answers import Json
from .clock import api_time
from .live import LiveListing, read_live
from .marketplaces import AMAZON_CHANNELS, MARKETPLACES
from .order_life import STATUSES, cancel, refresh_money, ship, take_units
from .people import buyer_and_address
from .proceeds import CHARGES, money, split
from .world import Listing, Order, Seller, World

DAY = 24 * 3600


class NotForSale(Exception):
    """Nobody can buy this: no such listing, not buyable, or too few units."""


@dataclass(frozen=True)
class Purchase:
    """What a buyer puts into the basket, and the money beside the prices, for the whole order.

    ``lines``: SKU and units. Amounts are positive, in the marketplace's currency, and are
    spread over the lines. ``placed_at``: simulated seconds since 1970, None = now.
    """

    marketplace: str
    lines: Sequence[tuple[str, int]]
    status: str = "UNSHIPPED"
    tax: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    gift_wrap: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    shipping_discount: Decimal = Decimal(0)
    gift_message: str = ""
    channel_name: str = "AMAZON"
    buyer: Json | None = None
    address: Json | None = None
    programs: Sequence[str] = ()
    service_level: str = "STANDARD"
    payment_methods: Sequence[str] = ("CreditCard",)
    placed_at: float | None = None
    extra: Json = field(default_factory=dict)


def place_order(world: World, seller: Seller, purchase: Purchase) -> Order:
    """Place an order and take its units. Raises NotForSale, and then nothing has changed."""
    if purchase.status not in STATUSES:
        raise ValueError(f"Unknown status {purchase.status!r}; there are {STATUSES}.")
    if purchase.status == "PARTIALLY_SHIPPED" and sum(units for _, units in purchase.lines) < 2:
        raise ValueError("A single unit cannot be PARTIALLY_SHIPPED; buy at least two.")
    chosen = [
        (*_for_sale(world, seller, purchase.marketplace, sku, units), units)
        for sku, units in purchase.lines
    ]
    amazon_ships = AMAZON_CHANNELS[seller.region] in chosen[0][1].channels
    order = _new_order(world, seller, purchase, chosen, amazon_ships=amazon_ships)
    for listing, _, units in chosen:
        take_units(world, listing, units)
    world.orders[order.order_id] = order
    world.changes += 1
    _begin(world, order, purchase.status)
    return order


def _for_sale(
    world: World, seller: Seller, marketplace: str, sku: str, units: int
) -> tuple[Listing, LiveListing]:
    listing = world.listing(seller.seller_id, sku, marketplace)
    product = world.products.get(listing.asin) if listing else None
    live = read_live(listing, product.title if product else "", world.now()) if listing else None
    if listing is None or live is None or not live.buyable:
        raise NotForSale(f"{sku!r} cannot be bought in {marketplace}: {live}.")
    fulfilled_by_amazon = AMAZON_CHANNELS[seller.region] in live.channels
    at_amazon = world.amazon_units.get((seller.seller_id, sku, marketplace))
    if fulfilled_by_amazon and at_amazon and units > at_amazon.fulfillable:
        raise NotForSale(f"{units} of {sku!r}: Amazon has {at_amazon.fulfillable} to sell.")
    if not fulfilled_by_amazon and units > (live.quantity or 0):
        raise NotForSale(f"{units} of {sku!r} in {marketplace}: only {live.quantity} are there.")
    return listing, live


def _new_order(
    world: World,
    seller: Seller,
    purchase: Purchase,
    chosen: Sequence[tuple[Listing, LiveListing, int]],
    *,
    amazon_ships: bool,
) -> Order:
    home = MARKETPLACES[purchase.marketplace]
    digits = str(int(world.unique("order"), 16))
    now = world.now() if purchase.placed_at is None else purchase.placed_at
    buyer, address = buyer_and_address(home.country, int(digits[:6]))
    items, charges = _lines(purchase, chosen, digits, home.currency)
    data: Json = {
        "orderId": f"{home.order_prefix}-{digits[:7]}-{digits[7:14]}",
        "orderAliases": [],
        "createdTime": api_time(now),
        "lastUpdatedTime": api_time(now),
        "programs": list(purchase.programs),
        "associatedOrders": [],
        "salesChannel": {
            "channelName": purchase.channel_name,
            "marketplaceId": home.id,
            "marketplaceName": home.name,
        },
        "buyer": {**buyer, **(purchase.buyer or {})},
        "recipient": {"deliveryAddress": {**address, **(purchase.address or {})}},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "AMAZON" if amazon_ships else "MERCHANT",
            "fulfillmentServiceLevel": purchase.service_level,
            "shipByWindow": _window(now, now + 2 * DAY),
            "deliverByWindow": _window(now + 3 * DAY, now + 6 * DAY),
        },
        "orderItems": items,
        "packages": [],
    }
    if purchase.payment_methods:
        methods = [{"paymentMethod": name} for name in purchase.payment_methods]
        data["payment"] = {"paymentExecutions": methods}
    order = Order(seller.seller_id, {**data, **purchase.extra}, charges)
    refresh_money(world, order)
    return order


def _window(start: float, end: float) -> Json:
    return {"earliestDateTime": api_time(start), "latestDateTime": api_time(end)}


def _lines(
    purchase: Purchase,
    chosen: Sequence[tuple[Listing, LiveListing, int]],
    digits: str,
    currency: str,
) -> tuple[list[Json], dict[str, dict[str, str]]]:
    """The order items and their charges: the order's amounts in nearly equal shares."""
    shares = {
        name: split(getattr(purchase, name), len(chosen), currency)
        for name in CHARGES
        if name != "item"
    }
    items, charges = [], {}
    for number, (listing, live, units) in enumerate(chosen):
        price = live.sale_price if live.sale_price is not None else live.price
        if price is None:
            raise NotForSale(f"{listing.sku!r} has no price in {listing.marketplace}.")
        item_id = f"{digits[14:26]}{number:02d}"
        items.append(_item(listing, live, price, item_id, units, purchase))
        money_of_line = {name: str(share[number]) for name, share in shares.items()}
        charges[item_id] = {"units": str(units), "item": str(price * units), **money_of_line}
    return items, charges


def _item(
    listing: Listing,
    live: LiveListing,
    price: Decimal,
    item_id: str,
    units: int,
    purchase: Purchase,
) -> Json:
    kind, _, subtype = live.condition.partition("_")
    item: Json = {
        "orderItemId": item_id,
        "quantityOrdered": units,
        "programs": [],
        "product": {
            "asin": live.asin,
            "title": live.title,
            "sellerSku": listing.sku,
            "condition": {"conditionType": kind.upper(), "conditionSubtype": subtype.upper()},
            "price": {"unitPrice": money(price, live.currency)},
        },
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": units},
    }
    if purchase.discount or purchase.shipping_discount:
        item["promotion"] = {"breakdowns": [{"promotionId": "SAMPLE-PROMOTION"}]}
    if purchase.gift_wrap or purchase.gift_message:
        gift = {"giftMessage": purchase.gift_message, "giftWrapLevel": "STANDARD"}
        item["fulfillment"]["packing"] = {"giftOption": gift}
    if purchase.tax and MARKETPLACES[purchase.marketplace].country == "US":
        collection = {
            "model": "MARKETPLACE_FACILITATOR",
            "responsibleParty": "Amazon Services, Inc.",
        }
        item["tax"] = {"taxCollections": [collection]}
    return item


def _begin(world: World, order: Order, status: str) -> None:
    """Bring a fresh order into the state that was asked for."""
    if status == "CANCELLED":
        cancel(world, order)
    elif status in ("SHIPPED", "PARTIALLY_SHIPPED"):
        units = sum(item["quantityOrdered"] for item in order.items)
        ship(world, order, units if status == "SHIPPED" else units - 1)
    else:
        order.data["fulfillment"]["fulfillmentStatus"] = status
    order.data["lastUpdatedTime"] = order.data["createdTime"]
