"""Orders API 2026-01-01: searchOrders and getOrder.

Search lags two minutes behind, is one call in three minutes, and shows a data set only if
it was asked for. A missing role removes fields without an error.
"""

import hashlib
from copy import deepcopy

from .answers import Json, Request, Success, invalid, not_found
from .clock import api_time, read_time
from .order_life import STATUSES, UNPAID
from .paging import make_token, read_token
from .switches import Switches
from .world import Order, World

SEARCH_LAG_SECONDS = 120
REPEATED = 10
"""Orders of a page that the next one shows again, where it does."""
HOUR = 3600.0
ORDER_PARTS = {
    "BUYER": "buyer",
    "RECIPIENT": "recipient",
    "PROCEEDS": "proceeds",
    "FULFILLMENT": "fulfillment",
    "PACKAGES": "packages",
    "TAX": "tax",
    "PAYMENT": "payment",
    "FULFILLMENT_ORDERS": "fulfillmentOrders",
}
ITEM_PARTS = {
    "PROCEEDS": "proceeds",
    "EXPENSE": "expense",
    "PROMOTION": "promotion",
    "CANCELLATION": "cancellation",
    "FULFILLMENT": "fulfillment",
    "TAX": "tax",
}
DATA_SETS = tuple(dict.fromkeys([*ORDER_PARTS, *ITEM_PARTS]))
NOT_PERSONAL = ("city", "stateOrRegion", "countryCode", "addressType")


def get_order(world: World, request: Request) -> Success:
    """getOrder."""
    (order_id,) = request.path
    wanted = request.words("includedData", DATA_SETS)
    order = world.orders.get(order_id)
    if order is None or order.seller_id != request.seller.seller_id:
        raise not_found(f"The order {order_id} was not found.")
    return Success({"order": shown(order, wanted, world.switches)})


def search_orders(world: World, request: Request) -> Success:
    """searchOrders: one window of time, by creation or by last update, oldest change first."""
    kind, start, end = _window(world, request)
    marketplaces = request.marketplaces(required=False, most=50)
    statuses = request.words("fulfillmentStatuses", STATUSES)
    fulfilled_by = request.words("fulfilledBy", ("MERCHANT", "AMAZON"))
    wanted = request.words("includedData", DATA_SETS)
    size = request.number("maxResultsPerPage", 100, 100)
    after = ("", "")
    if token := request.text("paginationToken"):
        end, *position = read_token(request, token, world.switches.page_token_lifetime)
        after = (position[0], position[1])
    found = sorted(
        (order.data[f"{kind}Time"], order.order_id)
        for order in world.orders.values()
        if order.seller_id == request.seller.seller_id
        and start <= read_time(order.data[f"{kind}Time"]) <= end
        and (not marketplaces or order.marketplace in marketplaces)
        and (not statuses or order.status in statuses)
        and (not fulfilled_by or order.data["fulfillment"]["fulfilledBy"] in fulfilled_by)
        and _is_searchable(world, order)
    )
    rest = [key for key in found if key > after]
    page = rest[:size]
    body: Json = {
        "orders": [shown(world.orders[id_], wanted, world.switches) for _, id_ in page],
        f"{kind}Before": api_time(end),
    }
    if len(rest) > size:
        again = size > REPEATED and world.dice.random() < world.switches.repeated_orders
        last = page[-1 - REPEATED] if again else page[-1]
        body["pagination"] = {"nextToken": make_token(request, [end, *last])}
    if page and world.dice.random() < world.switches.omitted_orders:
        del body["orders"][world.dice.randrange(len(page))]
    return Success(body)


def _is_searchable(world: World, order: Order) -> bool:
    """Whether searches show an order by now; which they leave out, its id decides."""
    never, late = world.switches.unsearchable_orders, world.switches.late_orders
    if not never and not late:
        return True
    chance = int(hashlib.sha256(order.order_id.encode()).hexdigest()[:8], 16) / 16**8
    changed = read_time(order.data["lastUpdatedTime"])
    return chance >= never + late or (chance >= never and world.now() - changed >= HOUR)


def _window(world: World, request: Request) -> tuple[str, float, float]:
    """ "created" or "lastUpdated", and the times between which orders are asked for."""
    starts = {kind: request.moment(f"{kind}After") for kind in ("created", "lastUpdated")}
    given = [kind for kind, start in starts.items() if start is not None]
    if len(given) != 1:
        raise invalid("Exactly one of 'createdAfter' and 'lastUpdatedAfter' is required.")
    (kind,) = given
    other = "lastUpdated" if kind == "created" else "created"
    if request.text(f"{other}Before"):
        raise invalid(f"'{other}Before' cannot be used with '{kind}After'.")
    latest = world.now() - SEARCH_LAG_SECONDS
    start, end = starts[kind] or 0.0, request.moment(f"{kind}Before")
    if end is not None and end > latest:
        raise invalid(
            f"'{kind}Before' must be at least two minutes before the time of the request."
        )
    if end is not None and end < start:
        raise invalid(f"'{kind}Before' must be equal to or after '{kind}After'.")
    return kind, start, latest if end is None else end


def shown(order: Order, wanted: list[str] | tuple[str, ...], switches: Switches) -> Json:
    """An order as the API shows it for these data sets."""
    data = deepcopy(order.data)
    hidden = {part for name, part in ORDER_PARTS.items() if name not in wanted}
    hidden_in_items = {part for name, part in ITEM_PARTS.items() if name not in wanted}
    if order.status in UNPAID:
        hidden |= {"buyer", "recipient", "payment"}
        if not switches.pending_prices:
            hidden.add("proceeds")
            hidden_in_items.add("proceeds")
            for item in data["orderItems"]:
                del item["product"]["price"]
    if order.status == "CANCELLED":
        hidden |= {"proceeds", "payment"}
    amazon_ships = data["fulfillment"]["fulfilledBy"] == "AMAZON"
    if amazon_ships:
        hidden.add("packages")
    if amazon_ships or not switches.personal_data:
        _without_personal_data(data)
    for part in hidden:
        data.pop(part, None)
    for item in data["orderItems"]:
        for part in hidden_in_items:
            item.pop(part, None)
    return data


def _without_personal_data(data: Json) -> None:
    """What remains without the roles for it: the business parts, and town and country."""
    for field in ("buyerName", "buyerEmail"):
        data["buyer"].pop(field, None)
    address = data["recipient"].get("deliveryAddress", {})
    data["recipient"] = {
        "deliveryAddress": {name: text for name, text in address.items() if name in NOT_PERSONAL}
    }
    for item in data["orderItems"]:
        item["fulfillment"].get("packing", {}).get("giftOption", {}).pop("giftMessage", None)
