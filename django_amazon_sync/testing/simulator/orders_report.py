"""The reports of all orders that changed in a time: the XML one and the flat file.

They have words of their own for statuses, no buyer's name, and no price of an unpaid order.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from .clock import read_time
from .marketplaces import MARKETPLACES, rounded
from .order_life import UNPAID
from .proceeds import Charges, for_units
from .switches import Switches
from .world import Job, Order, World

XML = "GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
FLAT = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
LONGEST = 30 * 24 * 3600
"""Seconds that a report covers at most; one of more has no orders, but a sentence."""
TOO_LONG = "Date range exceeded. Report can be requested only upto 30 days"
WORDS = {
    "PENDING_AVAILABILITY": "Pending",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "Shipping",
    "SHIPPED": "Shipped - Delivered to Buyer",
    "CANCELLED": "Cancelled",
    "UNFULFILLABLE": "Unfulfillable",
}
COLUMNS = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "order-channel", "ship-service-level", "product-name",
    "sku", "asin", "item-status", "quantity", "currency", "item-price", "item-tax",
    "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state",
    "ship-postal-code", "ship-country", "promotion-ids", "is-business-order",
    "purchase-order-number", "price-designation",
)  # fmt: skip


def written(world: World, report: Job) -> str:
    """The file of one of both types; empty where no order changed in its time."""
    since, until = report.since or 0.0, report.until or report.created
    if until - since > LONGEST:
        return _of_too_long(world.switches, report.type)
    orders = sorted(
        (
            order
            for order in world.orders.values()
            if order.seller_id == report.seller_id
            and order.marketplace in report.marketplaces
            and since <= read_time(order.data["lastUpdatedTime"]) <= until
        ),
        key=lambda order: (order.data["lastUpdatedTime"], order.order_id),
    )
    if not orders:
        return ""
    kept = {"half": len(orders) // 2, "none": 0}.get(world.switches.report_rows, len(orders))
    orders = orders[:kept]
    return _xml(orders) if report.type == XML else _flat(orders, world.switches)


def _of_too_long(switches: Switches, type_: str) -> str:
    if switches.report_too_long == "sentence":
        return TOO_LONG
    return _xml([]) if type_ == XML else _flat([], switches)


def _charges(order: Order, item: dict[str, object]) -> Charges | None:
    """The money of a line's units that are still ordered; None before it is paid."""
    if order.status in UNPAID:
        return None
    kept = {name: Decimal(text) for name, text in order.charges[str(item["orderItemId"])].items()}
    units, currency = int(kept.pop("units")), MARKETPLACES[order.marketplace].currency
    return for_units(kept, int(str(item["quantityOrdered"])), units, currency)


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


def _channel(order: Order) -> str:
    ours = order.data["salesChannel"]
    return str(ours["marketplaceName"]) if ours["channelName"] == "AMAZON" else "Non-Amazon"


def _fulfilled_by(order: Order) -> str:
    return str(order.data["fulfillment"]["fulfilledBy"]).title()


def _wishes(item: dict[str, object]) -> bool:
    said = item.get("cancellation")
    return isinstance(said, dict) and "cancellationRequest" in said


# -- XML


def _xml(orders: Iterable[Order]) -> str:
    messages = "".join(_message(order) for order in orders)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">'
        "<Header><DocumentVersion>1.00</DocumentVersion></Header>"
        f"<MessageType>AllOrdersReport</MessageType>{messages}</AmazonEnvelope>\n"
    )


def _message(order: Order) -> str:
    data, address = order.data, order.data["recipient"]["deliveryAddress"]
    currency = MARKETPLACES[order.marketplace].currency
    place = "".join(
        _element(tag, str(address.get(name, "")))
        for tag, name in (
            ("City", "city"),
            ("State", "stateOrRegion"),
            ("PostalCode", "postalCode"),
            ("Country", "countryCode"),
        )
    )
    return (
        "<Message><Order>"
        + _element("AmazonOrderID", order.order_id)
        + _element("MerchantOrderID", order.order_id)
        + _element("PurchaseDate", _time(data["createdTime"]))
        + _element("LastUpdatedDate", _time(data["lastUpdatedTime"]))
        + _element("OrderStatus", WORDS[order.status])
        + _element("SalesChannel", _channel(order))
        + "<FulfillmentData>"
        + _element("FulfillmentChannel", _fulfilled_by(order))
        + _element("ShipServiceLevel", data["fulfillment"]["fulfillmentServiceLevel"].title())
        + f"<Address>{place}</Address></FulfillmentData>"
        + _element("IsBusinessOrder", "false")
        + "".join(_xml_item(order, item, currency) for item in order.items)
        + "</Order></Message>\n"
    )


def _element(tag: str, text: str, attributes: str = "") -> str:
    return f"<{tag}{attributes}>{escape(text)}</{tag}>"


def _xml_item(order: Order, item: dict[str, object], currency: str) -> str:
    product = item["product"]
    assert isinstance(product, dict)
    units, charges = item["quantityOrdered"], _charges(order, item)
    wish = "true" if _wishes(item) else "false"
    return (
        "<OrderItem>"
        + _element("AmazonOrderItemCode", str(item["orderItemId"]))
        + _element("ASIN", product["asin"])
        + _element("SKU", product["sellerSku"])
        + (_element("ItemStatus", WORDS[order.status]) if units else "")
        + _element("ProductName", product["title"])
        + _element("Quantity", str(units))
        + _element("NumberOfItems", "1")
        + (_price(charges, currency) if charges and units else "")
        + _element("IsBuyerRequestedCancellation", wish)
        + "</OrderItem>"
    )


def _price(charges: Charges, currency: str) -> str:
    named = {
        "Principal": charges["item"],
        "Tax": charges["tax"],
        "Shipping": charges["shipping"],
        "GiftWrap": charges["gift_wrap"],
    }
    unit = f" currency={quoteattr(currency)}"
    components = "".join(
        "<Component>"
        + _element("Type", kind)
        + _element("Amount", str(rounded(amount, currency)), unit)
        + "</Component>"
        for kind, amount in named.items()
        if amount or kind == "Principal"
    )
    price = f"<ItemPrice>{components}</ItemPrice>"
    if not charges["discount"] and not charges["shipping_discount"]:
        return price
    return (
        price
        + "<Promotion>"
        + _element("PromotionIDs", "SAMPLE-PROMOTION")
        + _element("ItemPromotionDiscount", str(rounded(-charges["discount"], currency)))
        + _element("ShipPromotionDiscount", str(rounded(-charges["shipping_discount"], currency)))
        + "</Promotion>"
    )


# -- the flat file


def _flat(orders: Iterable[Order], switches: Switches) -> str:
    lines = ["\t".join(COLUMNS)]
    for order in orders:
        lines += ["\t".join(_row(order, item)) for item in order.items]
    if switches.report_rows == "short":
        lines = [line.rstrip("\t") for line in lines]
    return "\n".join(lines) + "\n"


def _row(order: Order, item: dict[str, object]) -> list[str]:
    data, address = order.data, order.data["recipient"]["deliveryAddress"]
    product, units = item["product"], item["quantityOrdered"]
    assert isinstance(product, dict)
    cells = {
        "amazon-order-id": order.order_id,
        "merchant-order-id": order.order_id,
        "purchase-date": _time(data["createdTime"]),
        "last-updated-date": _time(data["lastUpdatedTime"]),
        "order-status": WORDS[order.status],
        "fulfillment-channel": _fulfilled_by(order),
        "sales-channel": _channel(order),
        "ship-service-level": data["fulfillment"]["fulfillmentServiceLevel"].title(),
        "product-name": product["title"],
        "sku": product["sellerSku"],
        "asin": product["asin"],
        "item-status": WORDS[order.status] if units else "",
        "quantity": str(units),
        "ship-city": address.get("city", ""),
        "ship-state": address.get("stateOrRegion", ""),
        "ship-postal-code": address.get("postalCode", ""),
        "ship-country": address.get("countryCode", ""),
        "is-business-order": "false",
    }
    charges = _charges(order, item)
    if charges and units:
        cells |= {"currency": MARKETPLACES[order.marketplace].currency} | {
            column: str(charges[name]) if charges[name] else ""
            for column, name in (
                ("item-tax", "tax"),
                ("shipping-price", "shipping"),
                ("gift-wrap-price", "gift_wrap"),
                ("item-promotion-discount", "discount"),
                ("ship-promotion-discount", "shipping_discount"),
            )
        }
        cells["item-price"] = str(charges["item"])
    clean = {name: " ".join(text.split()) for name, text in cells.items()}
    return [clean.get(column, "") for column in COLUMNS]
