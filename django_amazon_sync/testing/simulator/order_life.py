"""What becomes of an order: paid, cancelled in part or whole, asked to be cancelled, shipped."""

from decimal import Decimal
from typing import Any

from .answers import Json
from .clock import api_time
from .live import MERCHANT_CHANNEL, is_fulfilled_by_amazon, merchant_availability
from .marketplaces import MARKETPLACES
from .patches import AVAILABILITY
from .proceeds import Charges, for_units, line_proceeds, money, order_proceeds
from .world import Listing, Order, World

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


def take_units(world: World, listing: Listing, units: int) -> None:
    """Lower (or, with negative units, raise) the live merchant quantity where it is shared.

    Where Amazon fulfils, and somebody set what it has, that is lowered.
    """
    at_amazon = world.amazon_units.get((listing.seller_id, listing.sku, listing.marketplace))
    if at_amazon is not None and is_fulfilled_by_amazon(listing):
        at_amazon.fulfillable, at_amazon.updated = at_amazon.fulfillable - units, world.now()
        return
    places = world.skus[listing.seller_id, listing.sku].values()
    for place in places if world.switches.quantity_shared else [listing]:
        if place.live and merchant_availability(place.live):
            place.live[AVAILABILITY] = [
                _lowered(instance, units) for instance in place.live[AVAILABILITY]
            ]


def _lowered(instance: Json, units: int) -> Json:
    """A channel with fewer units; what Amazon fulfils has no merchant quantity."""
    if instance["fulfillment_channel_code"] != MERCHANT_CHANNEL:
        return instance
    return {**instance, "quantity": max(0, (instance.get("quantity") or 0) - units)}


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
    if payment := order.data.get("payment"):
        total, nothing = order.data["proceeds"]["grandTotal"], money(Decimal(0), currency)
        for number, execution in enumerate(payment["paymentExecutions"]):
            execution["paymentAmount"] = nothing if number else total


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
    others = [parcel for parcel in packages if parcel["packageReferenceId"] != reference]
    packages[:] = [*others, shown]
    sent: dict[str, int] = {}
    for row in (row for parcel in packages for row in parcel["packageItems"]):
        sent[row["orderItemId"]] = sent.get(row["orderItemId"], 0) + row["quantity"]
    for item in order.items:
        item["fulfillment"]["quantityFulfilled"] = sent.get(item["orderItemId"], 0)
    refresh_status(order)
    touch(world, order)


def happening(change: Any) -> Any:
    """A change of one order as a due thing, which knows the order by its id."""

    def happen(world: World, order_id: str) -> None:
        change(world, world.orders[order_id])

    return happen
