"""Orders API v0, of which confirmShipment remains.

The same package reference edits a package, a new one adds a package. 204 says accepted;
the order shows the package a little later.
"""

from .answers import Json, Request, Success, invalid, not_found
from .attribute_values import is_list_of_objects
from .clock import api_time, read_time
from .order_life import package, show_package
from .world import Order, World

CARRIERS = frozenset(
    (
        "Australia Post",
        "BRT",
        "Canada Post",
        "Chronopost",
        "Colissimo",
        "Correos",
        "DHL",
        "DPD",
        "Deutsche Post",
        "FedEx",
        "GLS",
        "Hermes",
        "Japan Post",
        "La Poste",
        "Poste Italiane",
        "Royal Mail",
        "SAGAWA",
        "UPS",
        "USPS",
        "YAMATO",
    )
)


def confirm_shipment(world: World, request: Request) -> Success:
    """confirmShipment: 204 without a body."""
    (order_id,) = request.path
    order = world.orders.get(order_id)
    if order is None or order.seller_id != request.seller.seller_id:
        raise not_found(f"The order {order_id} was not found.")
    detail = _detail(request, order)
    reference = _reference(detail)
    _check_order(order)
    _check_carrier(detail)
    ship_time = _ship_time(world, order, detail)
    units = _units(order, reference, detail)
    lost = world.switches.shipments_dropped
    if lost and world.dice.random() < lost:
        return Success(None, 204)
    order.confirmed[reference] = units
    shown = package(
        reference,
        str(detail.get("carrierName") or detail["carrierCode"]),
        str(detail["trackingNumber"]),
        api_time(ship_time),
        api_time(world.now()),
        units,
    )
    if method := detail.get("shippingMethod"):
        shown["shippingService"] = str(method)
    world.later(
        world.now() + world.switches.shipment_delay, "package", order_id=order_id, shown=shown
    )
    return Success(None, 204)


def _detail(request: Request, order: Order) -> Json:
    body = request.body if isinstance(request.body, dict) else {}
    detail = body.get("packageDetail")
    if body.get("marketplaceId") != order.marketplace or not isinstance(detail, dict):
        raise invalid("'marketplaceId' and 'packageDetail' of the order are required.")
    for name in ("carrierCode", "trackingNumber", "shipDate"):
        if not isinstance(detail.get(name), str) or not detail[name]:
            raise invalid(f"'{name}' is required and must be a string.")
    return detail


def _reference(detail: Json) -> str:
    reference = detail.get("packageReferenceId")
    if not isinstance(reference, str) or not reference.isdecimal() or int(reference) < 1:
        raise invalid(f"'packageReferenceId' must be a positive numeric string, got {reference!r}.")
    return reference


def _check_order(order: Order) -> None:
    if order.data["fulfillment"]["fulfilledBy"] != "MERCHANT":
        raise invalid(f"The order {order.order_id} is fulfilled by Amazon.")
    if order.status not in ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"):
        raise invalid(f"The order {order.order_id} is {order.status} and cannot be shipped.")
    if "FBM_SHIP_PLUS" in order.data["programs"]:
        raise invalid(f"The order {order.order_id} needs a label of Ship Plus.")


def _check_carrier(detail: Json) -> None:
    if detail["carrierCode"] == "Other":
        if not detail.get("carrierName"):
            raise invalid("'carrierName' is required when 'carrierCode' is Other.")
    elif detail["carrierCode"] not in CARRIERS:
        raise invalid(f"'carrierCode' {detail['carrierCode']!r} is not a known carrier.")


def _ship_time(world: World, order: Order, detail: Json) -> float:
    try:
        moment = read_time(detail["shipDate"])
    except ValueError:
        raise invalid("'shipDate' must be an ISO 8601 date and time with a zone.") from None
    if world.switches.ship_date_checked:
        if moment > world.now():
            raise invalid("'shipDate' must not be in the future.")
        if moment < read_time(order.data["createdTime"]):
            raise invalid("'shipDate' must not be before the order.")
    return moment


def _units(order: Order, reference: str, detail: Json) -> dict[str, int]:
    """Item id -> units, when so many are left beside the other packages."""
    rows = detail.get("orderItems")
    if not is_list_of_objects(rows) or not rows:
        raise invalid("'orderItems' must be a list with at least one item.")
    elsewhere: dict[str, int] = {}
    for name, sent in order.confirmed.items():
        for item_id, number in sent.items() if name != reference else ():
            elsewhere[item_id] = elsewhere.get(item_id, 0) + number
    left = {
        item["orderItemId"]: item["quantityOrdered"] - elsewhere.get(item["orderItemId"], 0)
        for item in order.items
    }
    if reference not in order.confirmed and not any(left.values()):
        text = f"PackageToUpdateNotFound: the order {order.order_id} is already fulfilled."
        raise invalid(text, f"There is no package {reference} to update.")
    units: dict[str, int] = {}
    for row in rows:
        item_id, number = row.get("orderItemId"), row.get("quantity")
        if not isinstance(item_id, str) or item_id not in left:
            raise invalid(f"The order {order.order_id} has no item {item_id!r}.")
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise invalid(f"'quantity' {number!r} of item {item_id} is not a positive number.")
        if number + units.get(item_id, 0) > left[item_id]:
            raise invalid(f"'quantity' {number!r} of item {item_id}: {left[item_id]} are open.")
        units[item_id] = units.get(item_id, 0) + number
    return units


def package_takes_effect(world: World, order_id: str, shown: Json) -> None:
    """A confirmed package becomes visible, unless the order was cancelled meanwhile."""
    order = world.orders[order_id]
    if order.status != "CANCELLED":
        show_package(world, order, shown)
