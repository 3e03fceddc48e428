"""Orders API 2026-01-01: search, get, and read into OrderData (orders_2026-01-01.json).

Amazon adds words and fields and leaves out others, and a missing role removes a buyer's data
without an error (docs/amazon.md#missing-roles-remove-buyers-data); so only what an order cannot be
without makes it unreadable, and one unreadable order never costs the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.amazon.reading import (
    moment,
    money,
    obj,
    objs,
    storable,
    text,
    texts,
    whole,
)
from django_amazon_sync.amazon.totals import has_prices, read_amounts, unit_price
from django_amazon_sync.data import (
    Address,
    Buyer,
    Json,
    JsonObject,
    LineAmounts,
    Money,
    OrderAmounts,
    OrderData,
    OrderLine,
    OrderPackage,
    OrderPage,
    TaxRegistration,
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

CANCELLED = "CANCELLED"

#: No id, SKU or status of Amazon's is longer, and no column of ours holds more.
NUMBER_LENGTH, ITEM_LENGTH, SKU_LENGTH, STATUS_LENGTH = 50, 50, 255, 40
#: What is longer of a text is cut, as no order may be lost for the sake of a word.
_CODE_LENGTH, _WORD, _NAME, _TEXT, _LONG_TEXT = 20, 50, 100, 500, 2000
_MOST_METHODS = 20


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
        orders=tuple(read_or_keep(raw) for raw in answer.array("orders")),
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
    return read_or_keep(raw)


def read_or_keep(raw: Json) -> tuple[OrderData | UnreadableOrder, JsonObject]:
    """The order, or why it cannot be read; with its document, without what no database takes."""
    document = obj(storable(raw if isinstance(raw, dict) else {"document": raw}))
    try:
        return read_order(document), document
    except Unreadable as reason:
        return _what_can_be_read(document, str(reason)), document


def _what_can_be_read(document: JsonObject, reason: str) -> UnreadableOrder:
    """What is certain of an order that cannot be read as a whole."""
    channel, fulfillment = obj(document.get("salesChannel")), obj(document.get("fulfillment"))
    lines, all_lines = _readable_lines(document.get("orderItems"))
    return UnreadableOrder(
        _id(document.get("orderId"), NUMBER_LENGTH),
        reason,
        moment(document.get("lastUpdatedTime")),
        document,
        lines,
        all_lines,
        moment(document.get("createdTime")),
        text(channel.get("marketplaceId"), _CODE_LENGTH),
        text(channel.get("channelName"), _WORD),
        text(fulfillment.get("fulfillmentStatus"), STATUS_LENGTH),
        text(fulfillment.get("fulfilledBy"), _CODE_LENGTH),
    )


def _readable_lines(given: Json) -> tuple[tuple[OrderLine, ...], bool]:
    """The lines of which id and quantity are certain, and whether these are all."""
    found: dict[str, OrderLine] = {}
    readable = isinstance(given, list) and bool(given)
    for item in given if isinstance(given, list) else []:
        line = obj(item)
        try:
            _check_items([line])
            read = _line(line, LineAmounts())
        except Unreadable:
            readable = False
            continue
        readable = readable and read.item_id not in found
        found[read.item_id] = read
    return tuple(found.values()), readable


def read_order(raw: JsonObject) -> OrderData:
    """One order from Amazon's document; raises Unreadable where it lacks what an order must have.

    That is its id and its two times; each line needs an id and a quantity. What else is missing
    reads as empty. Of a cancelled order nothing else is needed.
    """
    created, updated = moment(raw.get("createdTime")), moment(raw.get("lastUpdatedTime"))
    number = _id(raw.get("orderId"), NUMBER_LENGTH)
    if not number or created is None or updated is None:
        raise Unreadable("Amazon's document of an order lacks its id or one of its times.")
    channel, fulfillment = obj(raw.get("salesChannel")), obj(raw.get("fulfillment"))
    status = text(fulfillment.get("fulfillmentStatus"), STATUS_LENGTH)
    marketplace = text(channel.get("marketplaceId"), _CODE_LENGTH)
    replaces = _replaced(objs(raw.get("associatedOrders")))
    if status == CANCELLED:
        lines, amounts = _readable_lines(raw.get("orderItems"))[0], None
    else:
        items = _items(raw)
        amounts, line_amounts = read_amounts(obj(raw.get("proceeds")), items)
        lines = tuple(map(_line, items, line_amounts))
        if amounts is None and replaces and items and not has_prices(items):
            amounts = _nothing_to_pay(marketplace)
    recipient = obj(raw.get("recipient"))
    wishes = obj(recipient.get("deliveryPreference"))
    return OrderData(
        number=number,
        marketplace=marketplace,
        channel=text(channel.get("channelName"), _WORD),
        status=status,
        fulfilled_by=text(fulfillment.get("fulfilledBy"), _CODE_LENGTH),
        created=created,
        updated=updated,
        lines=lines,
        amounts=amounts,
        buyer=_buyer(obj(raw.get("buyer"))),
        delivery=_address(obj(recipient.get("deliveryAddress"))),
        ship_by=moment(obj(fulfillment.get("shipByWindow")).get("latestDateTime")),
        deliver_by=moment(obj(fulfillment.get("deliverByWindow")).get("latestDateTime")),
        service_level=text(fulfillment.get("fulfillmentServiceLevel"), _NAME),
        programs=texts(raw.get("programs"), _WORD),
        payment_methods=_payment_methods(obj(raw.get("payment"))),
        cancellation_requested=any(map(_awaits_cancellation, objs(raw.get("orderItems")))),
        packages=tuple(map(_package, objs(raw.get("packages")))),
        replaces=replaces,
        delivery_place=text(wishes.get("dropOffLocation"), _NAME),
        delivery_instructions=text(wishes.get("addressInstruction"), _LONG_TEXT),
        delivery_capabilities=texts(wishes.get("deliveryCapabilities"), _WORD),
        tax_registrations=_registrations(obj(raw.get("tax"))),
    )


def _id(value: object, most: int) -> str:
    """An id; one that is longer than any of Amazon's is none."""
    read = text(value)
    return read if len(read) <= most else ""


def _items(raw: JsonObject) -> list[JsonObject]:
    """The order's lines, each with an id of its own and a quantity; raises Unreadable.

    None at all is an answer that lacks them (docs/amazon.md#orders-come-without-their-lines).
    """
    given = raw.get("orderItems")
    if given is None:
        return []
    items = objs(given)
    if not isinstance(given, list) or len(items) != len(given):
        raise Unreadable("Amazon's document of an order lacks its lines.")
    _check_items(items)
    return items


def _check_items(items: list[JsonObject]) -> None:
    """Raises Unreadable unless each has an id of its own, a quantity and a SKU that fits."""
    ids = [_id(item.get("orderItemId"), ITEM_LENGTH) for item in items]
    if not all(ids) or len(set(ids)) != len(ids):
        raise Unreadable("A line of the order has no id of its own.")
    if any(whole(item.get("quantityOrdered")) is None for item in items):
        raise Unreadable("A line of the order has no quantity.")
    if any(len(text(obj(item.get("product")).get("sellerSku"))) > SKU_LENGTH for item in items):
        raise Unreadable("A line of the order has a SKU that is longer than any.")


def _replaced(associated: list[JsonObject]) -> str:
    """The order that this one replaces, or was exchanged for."""
    kinds = ("REPLACEMENT_ORIGINAL_ID", "EXCHANGE_ORIGINAL_ID")
    originals = [one for one in associated if one.get("associationType") in kinds]
    return next(filter(None, (_id(one.get("orderId"), NUMBER_LENGTH) for one in originals)), "")


def _nothing_to_pay(marketplace: str) -> OrderAmounts | None:
    """What a replacement costs whose lines have no price; None where the currency is unknown.

    See docs/amazon.md#replacements-may-have-no-price.
    """
    facts = MARKETPLACES.get(marketplace)
    return OrderAmounts(facts.currency, Decimal(0)) if facts else None


def _line(item: JsonObject, amounts: LineAmounts) -> OrderLine:
    product, fulfillment = obj(item.get("product")), obj(item.get("fulfillment"))
    packing, shipping = obj(fulfillment.get("packing")), obj(fulfillment.get("shipping"))
    gift, tax = obj(packing.get("giftOption")), obj(item.get("tax"))
    url, said = _personalisation(obj(product.get("customization")))
    return OrderLine(
        item_id=_id(item.get("orderItemId"), ITEM_LENGTH),
        sku=text(product.get("sellerSku"), SKU_LENGTH),
        asin=text(product.get("asin"), _CODE_LENGTH),
        title=text(product.get("title"), _LONG_TEXT),
        quantity=whole(item.get("quantityOrdered")) or 0,
        shipped=whole(fulfillment.get("quantityFulfilled")) or 0,
        unit_price=_unit_price(item),
        amounts=amounts,
        gift_message=text(gift.get("giftMessage"), _LONG_TEXT),
        gift_wrap=text(gift.get("giftWrapLevel"), _NAME),
        personalisation_url=url,
        personalisation=said,
        delivery_needs=_needs(obj(shipping.get("shippingConstraints"))),
        ioss_number=text(obj(shipping.get("internationalShipping")).get("iossNumber"), _WORD),
        serial_numbers=bool(obj(packing.get("serialNumberRequirement")).get("requirementType")),
        programs=texts(item.get("programs"), _WORD),
        condition_note=text(obj(product.get("condition")).get("conditionNote"), _LONG_TEXT),
        tax_collected_by=_tax_collector(tax),
        tax_scheme=_tax_scheme(tax),
    )


def _unit_price(item: JsonObject) -> Money | None:
    try:
        return money(unit_price(item))
    except Unreadable:
        return None  # of a line whose order is unreadable for that


def _personalisation(custom: JsonObject) -> tuple[str, str]:
    """The link to what the buyer wants on the thing, and what else Amazon says of it."""
    said = [
        value for name, raw in custom.items() if name != "customizedUrl" and (value := text(raw))
    ]
    return text(custom.get("customizedUrl"), _LONG_TEXT), "; ".join(said)[:_LONG_TEXT]


def _needs(constraints: JsonObject) -> tuple[str, ...]:
    """What the carrier has to see to; one that is named with any word is wanted."""
    return tuple(sorted(text(name, _WORD) for name, level in constraints.items() if level))


def _registrations(tax: JsonObject) -> tuple[TaxRegistration, ...]:
    found = [
        TaxRegistration(
            text(one.get("entityType"), _WORD),
            text(one.get("taxRegistrationType"), _WORD),
            text(one.get("taxRegistrationNumber"), _NAME),
        )
        for one in objs(tax.get("taxRegistrations"))
    ]
    return tuple(one for one in found if one.number)


def _tax_scheme(tax: JsonObject) -> str:
    schemes = [
        text(one.get("reportingScheme"), _WORD) for one in objs(tax.get("taxCalculationBreakdowns"))
    ]
    return next(filter(None, schemes), "")


def _tax_collector(tax: JsonObject) -> str:
    """Who withholds the tax in the seller's stead; it is not the seller's revenue.

    See docs/amazon.md#amazon-may-collect-the-tax.
    """
    for collection in objs(tax.get("taxCollections")):
        party = text(collection.get("responsibleParty"), _NAME)
        return party or text(collection.get("model"), _NAME)
    return ""


def _awaits_cancellation(item: JsonObject) -> bool:
    """Whether a cancellation was asked for and nobody has carried it out."""
    cancellation = obj(item.get("cancellation"))
    return bool(cancellation.get("cancellationRequest")) and not cancellation.get(
        "cancellationExecution"
    )


def _buyer(raw: JsonObject) -> Buyer:
    return Buyer(
        name=text(raw.get("buyerName"), _TEXT),
        email=text(raw.get("buyerEmail"), _TEXT),
        company=text(raw.get("buyerCompanyName"), _TEXT),
        purchase_order=text(raw.get("buyerPurchaseOrderNumber"), _TEXT),
    )


def _address(raw: JsonObject) -> Address | None:
    """The delivery address; Brazil's extended fields stand in for lines that are empty."""
    if not raw:
        return None
    extended = obj(raw.get("extendedFields"))

    def said(name: str, of: JsonObject = raw) -> str:
        return text(of.get(name), _TEXT)

    street = [said("streetName", extended), said("streetNumber", extended)]
    return Address(
        name=said("name"),
        company=said("companyName"),
        line1=said("addressLine1") or ", ".join(filter(None, street)),
        line2=said("addressLine2") or said("complement", extended),
        line3=said("addressLine3"),
        city=said("city") or said("municipality"),
        district=said("districtOrCounty") or said("neighborhood", extended),
        state=said("stateOrRegion"),
        postcode=said("postalCode"),
        country=said("countryCode"),
        phone=said("phone"),
    )


def _payment_methods(payment: JsonObject) -> tuple[str, ...]:
    methods = [
        text(execution.get("paymentMethod"), _NAME)
        for execution in objs(payment.get("paymentExecutions"))
    ]
    return tuple(dict.fromkeys(filter(None, methods)))[:_MOST_METHODS]


def _package(raw: JsonObject) -> OrderPackage:
    items = objs(raw.get("packageItems"))
    return OrderPackage(
        reference=text(raw.get("packageReferenceId"), _NAME),
        status=text(obj(raw.get("packageStatus")).get("status"), _WORD),
        carrier=text(raw.get("carrier"), _NAME),
        tracking=text(raw.get("trackingNumber"), _NAME),
        items=tuple(
            (text(it.get("orderItemId"), ITEM_LENGTH), whole(it.get("quantity")) or 0)
            for it in items
        ),
    )
