"""Buyers: placing orders, and what becomes of an order afterwards.

An order takes its units from the live merchant quantity at once, also while it is PENDING.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .answers import Json
from .clock import api_time
from .live import LiveListing, merchant_availability, read_live
from .marketplaces import AMAZON_CHANNELS, MARKETPLACES
from .people import buyer_and_address
from .proceeds import CHARGES, Charges, for_units, line_proceeds, money, order_proceeds, split
from .world import Listing, Order, Seller, World

DAY = 24 * 3600
STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
UNPAID = ("PENDING_AVAILABILITY", "PENDING")


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
    if not fulfilled_by_amazon and units > (live.quantity or 0):
        raise NotForSale(f"{units} of {sku!r} in {marketplace}: only {live.quantity} are there.")
    return listing, live


def take_units(world: World, listing: Listing, units: int) -> None:
    """Lower (or, with negative units, raise) the live merchant quantity where it is shared."""
    places = world.skus[listing.seller_id, listing.sku].values()
    for place in places if world.switches.quantity_shared else [listing]:
        merchant = merchant_availability(place.live or {})
        if merchant is not None:
            merchant["quantity"] = max(0, (merchant.get("quantity") or 0) - units)


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
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": _window(now, now + 2 * DAY),
            "deliverByWindow": _window(now + 3 * DAY, now + 6 * DAY),
        },
        "orderItems": items,
        "packages": [],
    }
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


# -- what becomes of an order


def touch(world: World, order: Order) -> None:
    """The order changed now."""
    world.changes += 1
    order.data["lastUpdatedTime"] = api_time(world.now())


def refresh_money(world: World, order: Order) -> None:
    """Work out the proceeds for the units that are still ordered."""
    currency = MARKETPLACES[order.marketplace].currency
    lines: list[Charges] = []
    for item in order.items:
        kept = {name: Decimal(text) for name, text in order.charges[item["orderItemId"]].items()}
        units = int(kept.pop("units"))
        line = for_units(kept, item["quantityOrdered"], units, currency)
        item["proceeds"] = line_proceeds(line, currency, world.switches)
        lines.append(line)
    order.data["proceeds"] = order_proceeds(lines, currency, world.switches)
    paid = {"paymentMethod": "CreditCard", "paymentAmount": order.data["proceeds"]["grandTotal"]}
    order.data["payment"] = {"paymentExecutions": [paid]}


def refresh_status(order: Order) -> None:
    """Status from the units ordered and fulfilled; an unpaid order keeps its own."""
    ordered = sum(item["quantityOrdered"] for item in order.items)
    fulfilled = 0
    for item in order.items:
        progress = item["fulfillment"]
        progress["quantityUnfulfilled"] = item["quantityOrdered"] - progress["quantityFulfilled"]
        fulfilled += progress["quantityFulfilled"]
    if ordered == 0:
        status = "CANCELLED"
    elif fulfilled >= ordered:
        status = "SHIPPED"
    elif fulfilled:
        status = "PARTIALLY_SHIPPED"
    else:
        return
    order.data["fulfillment"]["fulfillmentStatus"] = status


def settle_payment(world: World, order: Order) -> None:
    """PENDING becomes UNSHIPPED; any other order stays as it is."""
    if order.status in UNPAID:
        order.data["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
        touch(world, order)


def cancel(
    world: World,
    order: Order,
    item: str | None = None,
    quantity: int | None = None,
    by: str = "BUYER",
) -> None:
    """Cancel all, one line, or some units of it. Raises ValueError for more than is open."""
    for row in order.items if item is None else [order.item(item)]:
        open_units = row["quantityOrdered"] - row["fulfillment"]["quantityFulfilled"]
        units = open_units if quantity is None else quantity
        if not 0 <= units <= open_units:
            raise ValueError(f"Order {order.order_id}: {units} units of {open_units} open ones.")
        if not units:
            continue
        row["quantityOrdered"] -= units
        execution = {"cancelledBy": by, "cancelReason": "Cancelled by request"}
        row.setdefault("cancellation", {})["cancellationExecution"] = execution
        listing = world.listing(order.seller_id, row["product"]["sellerSku"], order.marketplace)
        if world.switches.cancellation_restocks and listing is not None:
            take_units(world, listing, -units)
    refresh_money(world, order)
    refresh_status(order)
    touch(world, order)


def request_cancellation(world: World, order: Order) -> None:
    """The buyer asks for the cancellation of every line; nothing else changes."""
    request = {"requester": "BUYER", "cancelReason": "Ordered by mistake"}
    for item in order.items:
        item.setdefault("cancellation", {})["cancellationRequest"] = dict(request)
    touch(world, order)


def ship(world: World, order: Order, units: int | None = None) -> None:
    """Fulfil units (all open ones by default): by Amazon, or by the seller's own hand."""
    taken: dict[str, int] = {}
    left = units
    for item in order.items:
        open_units = item["quantityOrdered"] - item["fulfillment"]["quantityFulfilled"]
        now = open_units if left is None else min(left, open_units)
        left = None if left is None else left - now
        if now:
            taken[item["orderItemId"]] = now
    if order.data["fulfillment"]["fulfilledBy"] == "AMAZON":
        for item_id, number in taken.items():
            order.item(item_id)["fulfillment"]["quantityFulfilled"] += number
        refresh_status(order)
        touch(world, order)
        return
    reference = str(900_000_001 + len(order.confirmed))
    order.confirmed[reference] = taken
    moment = api_time(world.now())
    show_package(world, order, package(reference, "Other", "", moment, moment, taken))


def package(
    reference: str, carrier: str, tracking: str, ship_time: str, created: str, units: dict[str, int]
) -> Json:
    """One entry of ``packages``."""
    return {
        "packageReferenceId": reference,
        "createdTime": created,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": carrier,
        "shipTime": ship_time,
        "trackingNumber": tracking,
        "packageItems": [
            {"orderItemId": item_id, "quantity": number} for item_id, number in units.items()
        ],
    }


def show_package(world: World, order: Order, shown: Json) -> None:
    """A package takes effect: a new one is added, a known reference is replaced."""
    packages: list[Json] = order.data["packages"]
    reference = shown["packageReferenceId"]
    packages[:] = [one for one in packages if one["packageReferenceId"] != reference] + [shown]
    sent: dict[str, int] = {}
    for row in (row for one in packages for row in one["packageItems"]):
        sent[row["orderItemId"]] = sent.get(row["orderItemId"], 0) + row["quantity"]
    for item in order.items:
        item["fulfillment"]["quantityFulfilled"] = sent.get(item["orderItemId"], 0)
    refresh_status(order)
    touch(world, order)


# -- buyers who buy by themselves


def buy_at_random(world: World, seller: Seller) -> Order | None:
    """One order of something that is for sale, with a life of its own; None if nothing is."""
    dice = world.dice
    titles = {asin: product.title for asin, product in world.products.items()}
    buyable = [
        (listing, live)
        for listing in world.listings(seller.seller_id)
        if (live := read_live(listing, titles.get(listing.asin, ""), world.now())) and live.buyable
    ]
    if not buyable:
        return None
    listing, live = dice.choice(buyable)
    most = live.quantity if live.quantity is not None else 3
    units = dice.randint(1, max(1, min(3, most)))
    money_too = dice.random() < 0.5 and MARKETPLACES[listing.marketplace].currency != "JPY"
    order = place_order(
        world,
        seller,
        Purchase(
            marketplace=listing.marketplace,
            lines=[(listing.sku, units)],
            status=dice.choice(("PENDING", "PENDING", "UNSHIPPED", "UNSHIPPED", "SHIPPED")),
            tax=Decimal("1.07") if money_too else Decimal(0),
            shipping=Decimal("4.99") if money_too else Decimal(0),
            discount=Decimal("0.50") if money_too and dice.random() < 0.5 else Decimal(0),
            channel_name="NON_AMAZON" if dice.random() < 0.1 else "AMAZON",
        ),
    )
    _live_on(world, order)
    return order


def _live_on(world: World, order: Order) -> None:
    """Plan what will become of an order that nobody else looks after."""
    dice, now = world.dice, world.now()
    fate = dice.random()
    if order.status == "PENDING":
        kind = "cancel" if fate < 0.15 else "settle_payment"
        now += dice.uniform(300, 1800)
        world.later(now, kind, order_id=order.order_id)
        if kind == "cancel":
            return
    if order.data["fulfillment"]["fulfilledBy"] == "AMAZON":
        world.later(now + dice.uniform(3600, DAY), "ship", order_id=order.order_id)
    elif fate > 0.9:
        world.later(now + dice.uniform(300, 3600), "request_cancellation", order_id=order.order_id)
    elif fate > 0.8 and order.items[0]["quantityOrdered"] > 1:
        world.later(now + dice.uniform(300, 3600), "cancel_one_unit", order_id=order.order_id)


def cancel_one_unit(world: World, order: Order) -> None:
    """Part of an order is cancelled, if that part is still open."""
    item = order.items[0]
    if item["fulfillment"]["quantityUnfulfilled"] > 0:
        cancel(world, order, item["orderItemId"], 1)


def happening(change: Any) -> Any:
    """A change of one order as a due thing, which knows the order by its id."""

    def happen(world: World, order_id: str) -> None:
        change(world, world.orders[order_id])

    return happen
