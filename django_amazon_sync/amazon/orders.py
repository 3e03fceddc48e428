"""Orders API 2026-01-01: search, get, and read into OrderData (orders_2026-01-01.json).

Amazon adds words and fields and leaves out others, and a missing role removes a buyer's data
without an error (docs/amazon.md#missing-roles-remove-buyers-data); so only what an order cannot be
without makes it unreadable, and one unreadable order never costs the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.reading import moment, money, obj, objs, text, texts, whole
from django_amazon_sync.amazon.totals import read_amounts, unit_price
from django_amazon_sync.data import (
    Address,
    Buyer,
    Json,
    JsonObject,
    LineAmounts,
    OrderData,
    OrderLine,
    OrderPackage,
    OrderPage,
    UnreadableOrder,
)
from django_amazon_sync.errors import Unreadable

ORDERS_A_PAGE = 100
_ORDERS = "/orders/2026-01-01/orders"
DATA_SETS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)


def search_orders(
    client: Client,
    *,
    marketplaces: Sequence[str],
    updated_after: datetime | None = None,
    updated_before: datetime | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    page_token: str = "",
) -> OrderPage:
    """One page of at most 100 orders; its token asks for the next with the same other arguments.

    Times are aware UTC, and exactly one of ``updated_after`` and ``created_after`` is given.
    Raises Throttled, Unavailable, Unauthorized or Rejected (also for a token that has died).
    """
    if (updated_after is None) == (created_after is None):
        raise ValueError("Give either updated_after or created_after.")
    query = {
        "marketplaceIds": marketplaces,
        "lastUpdatedAfter": updated_after,
        "lastUpdatedBefore": updated_before,
        "createdAfter": created_after,
        "createdBefore": created_before,
        "maxResultsPerPage": ORDERS_A_PAGE,
        "includedData": DATA_SETS,
        "paginationToken": page_token or None,
    }
    answer = client.call("searchOrders", "GET", _ORDERS, query=query)
    body = answer.body
    return OrderPage(
        orders=tuple(_read_or_keep(raw) for raw in answer.array("orders")),
        next_token=text(obj(body.get("pagination")).get("nextToken")),
        complete_until=moment(body.get("lastUpdatedBefore")) or moment(body.get("createdBefore")),
    )


def get_order(client: Client, number: str) -> tuple[OrderData | UnreadableOrder, JsonObject]:
    """One order with its raw document; raises NotFound, and as ``search_orders``."""
    path = f"{_ORDERS}/{quote(number, safe='')}"
    answer = client.call("getOrder", "GET", path, query={"includedData": DATA_SETS})
    raw = answer.object("order")
    if text(raw.get("orderId")) != number:
        answer.lacks(f"order {number}")
    return _read_or_keep(raw)


def _read_or_keep(raw: Json) -> tuple[OrderData | UnreadableOrder, JsonObject]:
    """The order, or why it cannot be read; with its document, as it came."""
    document: JsonObject = raw if isinstance(raw, dict) else {"document": raw}
    try:
        return read_order(document), document
    except Unreadable as reason:
        number, updated = text(document.get("orderId")), moment(document.get("lastUpdatedTime"))
        return UnreadableOrder(number, str(reason), updated, document), document


def read_order(raw: JsonObject) -> OrderData:
    """One order from Amazon's document; raises Unreadable where it lacks what an order must have.

    That is its id, its two times, and lines each with an id and a quantity. What else is missing
    reads as empty.
    """
    created, updated = moment(raw.get("createdTime")), moment(raw.get("lastUpdatedTime"))
    number = text(raw.get("orderId"))
    if not number or created is None or updated is None:
        raise Unreadable("Amazon's document of an order lacks its id or one of its times.")
    channel, fulfillment = obj(raw.get("salesChannel")), obj(raw.get("fulfillment"))
    items = _items(raw)
    amounts, line_amounts = read_amounts(obj(raw.get("proceeds")), items)
    return OrderData(
        number=number,
        marketplace=text(channel.get("marketplaceId")),
        channel=text(channel.get("channelName")),
        status=text(fulfillment.get("fulfillmentStatus")),
        fulfilled_by=text(fulfillment.get("fulfilledBy")),
        created=created,
        updated=updated,
        lines=tuple(map(_line, items, line_amounts)),
        amounts=amounts,
        buyer=_buyer(obj(raw.get("buyer"))),
        delivery=_address(obj(obj(raw.get("recipient")).get("deliveryAddress"))),
        ship_by=moment(obj(fulfillment.get("shipByWindow")).get("latestDateTime")),
        deliver_by=moment(obj(fulfillment.get("deliverByWindow")).get("latestDateTime")),
        service_level=text(fulfillment.get("fulfillmentServiceLevel")),
        programs=texts(raw.get("programs")),
        payment_methods=_payment_methods(obj(raw.get("payment"))),
        cancellation_requested=any(map(_awaits_cancellation, items)),
        packages=tuple(map(_package, objs(raw.get("packages")))),
    )


def _items(raw: JsonObject) -> list[JsonObject]:
    """The order's lines, each with an id of its own and a quantity; raises Unreadable."""
    given = raw.get("orderItems")
    items = objs(given)
    if not isinstance(given, list) or len(items) != len(given):
        raise Unreadable("Amazon's document of an order lacks its lines.")
    ids = [text(item.get("orderItemId")) for item in items]
    if not all(ids) or len(set(ids)) != len(ids):
        raise Unreadable("A line of the order has no id of its own.")
    if any(whole(item.get("quantityOrdered")) is None for item in items):
        raise Unreadable("A line of the order has no quantity.")
    return items


def _line(item: JsonObject, amounts: LineAmounts) -> OrderLine:
    product, fulfillment = obj(item.get("product")), obj(item.get("fulfillment"))
    gift = obj(obj(fulfillment.get("packing")).get("giftOption"))
    return OrderLine(
        item_id=text(item.get("orderItemId")),
        sku=text(product.get("sellerSku")),
        asin=text(product.get("asin")),
        title=text(product.get("title")),
        quantity=whole(item.get("quantityOrdered")) or 0,
        shipped=whole(fulfillment.get("quantityFulfilled")) or 0,
        unit_price=money(unit_price(item)),
        amounts=amounts,
        gift_message=text(gift.get("giftMessage")),
        tax_collected_by=_tax_collector(obj(item.get("tax"))),
    )


def _tax_collector(tax: JsonObject) -> str:
    """Who withholds the tax in the seller's stead; it is not the seller's revenue.

    See docs/amazon.md#amazon-may-collect-the-tax.
    """
    for collection in objs(tax.get("taxCollections")):
        return text(collection.get("responsibleParty")) or text(collection.get("model"))
    return ""


def _awaits_cancellation(item: JsonObject) -> bool:
    """Whether a cancellation was asked for and nobody has carried it out."""
    cancellation = obj(item.get("cancellation"))
    return bool(cancellation.get("cancellationRequest")) and not cancellation.get(
        "cancellationExecution"
    )


def _buyer(raw: JsonObject) -> Buyer:
    return Buyer(
        name=text(raw.get("buyerName")),
        email=text(raw.get("buyerEmail")),
        company=text(raw.get("buyerCompanyName")),
        purchase_order=text(raw.get("buyerPurchaseOrderNumber")),
    )


def _address(raw: JsonObject) -> Address | None:
    """The delivery address; Brazil's extended fields stand in for lines that are empty."""
    if not raw:
        return None
    extended = obj(raw.get("extendedFields"))
    street = [text(extended.get("streetName")), text(extended.get("streetNumber"))]
    return Address(
        name=text(raw.get("name")),
        company=text(raw.get("companyName")),
        line1=text(raw.get("addressLine1")) or ", ".join(filter(None, street)),
        line2=text(raw.get("addressLine2")) or text(extended.get("complement")),
        line3=text(raw.get("addressLine3")),
        city=text(raw.get("city")) or text(raw.get("municipality")),
        district=text(raw.get("districtOrCounty")) or text(extended.get("neighborhood")),
        state=text(raw.get("stateOrRegion")),
        postcode=text(raw.get("postalCode")),
        country=text(raw.get("countryCode")),
        phone=text(raw.get("phone")),
    )


def _payment_methods(payment: JsonObject) -> tuple[str, ...]:
    methods = [
        text(execution.get("paymentMethod")) for execution in objs(payment.get("paymentExecutions"))
    ]
    return tuple(dict.fromkeys(filter(None, methods)))


def _package(raw: JsonObject) -> OrderPackage:
    items = objs(raw.get("packageItems"))
    return OrderPackage(
        reference=text(raw.get("packageReferenceId")),
        status=text(obj(raw.get("packageStatus")).get("status")),
        carrier=text(raw.get("carrier")),
        tracking=text(raw.get("trackingNumber")),
        items=tuple((text(it.get("orderItemId")), whole(it.get("quantity")) or 0) for it in items),
    )
