"""The table at the end: what the shop says, what Amazon says, and whether that agrees.

Amazon is asked over HTTP, the shop through Oscar's own models; no table of ours is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from demo_story import (
    CARRIER,
    CASH,
    CASH_IN_SHOP,
    CHANGED_THERE,
    CONVERTED,
    DE,
    ENDING,
    FR,
    GB,
    LISTED,
    LISTED_BEFORE,
    LOCKED,
    NEW,
    OWN,
    OWN_PRICE,
    OWN_SALE,
    PRICE_THERE,
    RATE,
    RESTRICTED,
    SELLER,
    SHIPPED_BY_AMAZON,
    TRACKING,
    Story,
    price_of,
    stock_record,
)
from oscar.core.loading import get_model

if TYPE_CHECKING:
    from oscar.apps.order.models import Order


@dataclass(frozen=True)
class Row:
    """One thing, what each side says of it, and whether it is as it should be."""

    what: str
    shop: str
    amazon: str
    holds: bool


def compare(story: Story) -> list[Row]:
    """All rows of the table."""
    return [
        *(offer_row(story, sku) for sku in (*LISTED, *LISTED_BEFORE, NEW)),
        fulfilled_by_amazon_row(story),
        refused_row(story),
        kept_row(story),
        *(order_row(story, what) for what in story.orders),
        shipment_row(story),
        cash_row(story),
        feeds_row(story),
        converted_row(story),
        own_row(story),
        locked_row(story),
        taken_over_row(story),
        second_export_row(story),
    ]


# --- Offers --------------------------------------------------------------------------------------


def offer_row(story: Story, sku: str) -> Row:
    """Price and quantity in both marketplaces; units of a pending order are not for sale."""
    record, pending = stock_record(sku), units_pending(story, sku)
    listings = [story.amazon.live(SELLER, sku, marketplace) for marketplace in (DE, FR)]
    should = (record.price, record.net_stock_level - pending)
    held = f" ({pending} held for a pending order)" if pending else ""
    return Row(
        sku,
        f"{record.price} EUR, {record.net_stock_level} in stock{held}",
        "; ".join(
            f"{listing.price} EUR, {listing.quantity}" if listing else "nothing"
            for listing in listings
        ),
        all(
            listing is not None and (listing.price, listing.quantity) == should
            for listing in listings
        ),
    )


def units_pending(story: Story, sku: str) -> int:
    return sum(
        item["quantityOrdered"]
        for order in story.amazon.orders(SELLER)
        if order["fulfillment"]["fulfillmentStatus"] == "PENDING"
        for item in order["orderItems"]
        if item["product"]["sellerSku"] == sku
    )


def fulfilled_by_amazon_row(story: Story) -> Row:
    record = stock_record(SHIPPED_BY_AMAZON)
    live = story.amazon.live(SELLER, SHIPPED_BY_AMAZON, DE)
    assert live is not None
    return Row(
        f"{SHIPPED_BY_AMAZON}, Amazon ships it",
        f"{record.price} EUR",
        f"{live.price} EUR, channels {', '.join(live.channels)}",
        live.price == record.price and live.channels == ("AMAZON_EU",),
    )


def refused_row(story: Story) -> Row:
    live = story.amazon.live(SELLER, RESTRICTED, DE)
    return Row(
        f"{RESTRICTED}, restricted by Amazon",
        f"{stock_record(RESTRICTED).price} EUR",
        "not listed" if live is None else f"{live.price} EUR",
        live is None,
    )


def kept_row(story: Story) -> Row:
    """What the seller had set by hand is still there."""
    blue, white = (story.amazon.live(SELLER, sku, DE) for sku in ("MUG-BLUE", "MUG-WHITE"))
    assert blue is not None
    assert white is not None
    return Row(
        "Set by hand on Amazon",
        "",
        f"business price {blue.business_price}, sale price {blue.sale_price}, "
        f"lead time {white.lead_time} days",
        None not in (blue.business_price, blue.sale_price) and white.lead_time == 2,
    )


# --- Orders --------------------------------------------------------------------------------------


def order_row(story: Story, what: str) -> Row:
    """An order on both sides: its total, its units by SKU, where it goes."""
    amazon = story.amazon.order(story.orders[what])
    order = get_model("order", "Order").objects.filter(number=story.orders[what]).first()
    status = amazon["fulfillment"]["fulfillmentStatus"]
    if order is None:
        theirs = units(amazon_units(amazon))
        return Row(f"Order, {what}", "not yet an order", f"{status}, {theirs}", status == "PENDING")
    ours, theirs = shop_facts(order), amazon_facts(amazon)
    return Row(f"Order, {what}", ours, f"{theirs}, {status}", ours == theirs)


def shop_facts(order: Order) -> str:
    to = order.shipping_address
    assert to is not None
    sold = units({line.partner_sku: line.quantity for line in order.lines.all()})
    where = f"{to.country_id} {to.postcode}".strip()
    return f"{order.total_incl_tax} {order.currency}, {sold}, to {where}"


def amazon_facts(order: dict[str, Any]) -> str:
    total, to = order["proceeds"]["grandTotal"], order["recipient"]["deliveryAddress"]
    sold = units(amazon_units(order))
    where = f"{to['countryCode']} {to.get('postalCode', '')}".strip()
    return f"{total['amount']} {total['currencyCode']}, {sold}, to {where}"


def amazon_units(order: dict[str, Any]) -> dict[str, int]:
    return {item["product"]["sellerSku"]: item["quantityOrdered"] for item in order["orderItems"]}


def units(lines: dict[str, int]) -> str:
    return ", ".join(f"{quantity} {sku}" for sku, quantity in sorted(lines.items()))


def shipment_row(story: Story) -> Row:
    number = story.orders["unshipped, with discount"]
    event = get_model("order", "ShippingEvent").objects.get(order__number=number)
    order = story.amazon.order(number)
    parcels = [f"{parcel['carrier']} {parcel['trackingNumber']}" for parcel in order["packages"]]
    status = order["fulfillment"]["fulfillmentStatus"]
    return Row(
        "Its shipment",
        f"{event.event_type}, {event.notes}",
        f"{status}, {', '.join(parcels)}",
        status == "SHIPPED" and parcels == [f"{CARRIER} {TRACKING}"],
    )


def cash_row(story: Story) -> Row:
    """Each order says how it was paid, on both sides."""
    number = story.orders["paid in cash"]
    source = get_model("payment", "Source").objects.filter(order__number=number).first()
    ours = source.source_type.name if source else "not yet an order"
    payment = story.amazon.order(number)["payment"]
    theirs = [execution["paymentMethod"] for execution in payment["paymentExecutions"]]
    return Row(
        "How that was paid", ours, ", ".join(theirs), (ours, theirs) == (CASH_IN_SHOP, [CASH])
    )


def feeds_row(story: Story) -> Row:
    """One feed for each marketplace carried the new prices of all that were listed by hand."""
    listed = [(sku, place) for sku in LISTED for place in (DE, FR)]
    live = [(story.amazon.live(SELLER, sku, place), stock_record(sku)) for sku, place in listed]
    risen = sum(listing is not None and listing.price == record.price for listing, record in live)
    return Row(
        "Prices that rose at once",
        f"{len(LISTED)} products, two marketplaces",
        f"{story.feeds} feeds, {risen} listings at the new price",
        (story.feeds, risen) == (2, len(listed)),
    )


# --- What staff set ------------------------------------------------------------------------------


def converted(price: Decimal) -> Decimal:
    """The shop's price in pounds: the next one that ends as it should."""
    pounds = price * RATE
    ended = pounds.to_integral_value(ROUND_FLOOR) + ENDING
    return ended if ended >= pounds else ended + 1


def converted_row(story: Story) -> Row:
    record, live = stock_record(CONVERTED), story.amazon.live(SELLER, CONVERTED, GB)
    assert live is not None
    return Row(
        f"{CONVERTED} in Britain, converted",
        f"{record.price} EUR, at {RATE} and up to {ENDING}: {converted(price_of(record))} GBP",
        f"{live.price} {live.currency}",
        (live.price, live.currency) == (converted(price_of(record)), "GBP"),
    )


def own_row(story: Story) -> Row:
    """A price that staff set and a sale: neither is the shop's."""
    record, live = stock_record(OWN), story.amazon.live(SELLER, OWN, GB)
    assert live is not None
    return Row(
        f"{OWN} in Britain, its own price",
        f"{record.price} EUR; set: {OWN_PRICE} GBP, on sale {OWN_SALE} GBP",
        f"{live.price} {live.currency}, on sale {live.sale_price}",
        (live.price, live.sale_price) == (OWN_PRICE, OWN_SALE),
    )


def locked_row(story: Story) -> Row:
    """Of a locked listing price and stock go out, and the sale that staff set does not."""
    record, live = stock_record(LOCKED), story.amazon.live(SELLER, LOCKED, GB)
    assert live is not None
    should = (converted(price_of(record)), record.net_stock_level, None)
    return Row(
        f"{LOCKED} in Britain, locked",
        f"{should[0]} GBP, {should[1]} in stock; a sale is set",
        f"{live.price} {live.currency}, {live.quantity}, sale price {live.sale_price}",
        (live.price, live.quantity, live.sale_price) == should,
    )


def taken_over_row(story: Story) -> Row:
    """The price that was changed on Amazon is the shop's, and from there the other store's."""
    price = stock_record(CHANGED_THERE).price
    stores = [story.amazon.live(SELLER, CHANGED_THERE, place) for place in (DE, FR)]
    live = [listing.price if listing else None for listing in stores]
    return Row(
        "Price changed there, taken over",
        f"{price} EUR",
        "; ".join(f"{amount} EUR" for amount in live),
        {price, *live} == {PRICE_THERE},
    )


def second_export_row(story: Story) -> Row:
    sent = story.patches() - story.patches_before_second_export
    return Row("Another export", "nothing changed", f"{sent} requests that change", sent == 0)


# --- Printing ------------------------------------------------------------------------------------


def print_table(rows: list[Row]) -> None:
    """The table, as wide as its widest cells."""
    head = ("What", "The shop says", "Amazon says", "Held?")
    cells = [head] + [
        (row.what, row.shop, row.amazon, "yes" if row.holds else "NO") for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = tuple("-" * width for width in widths)
    print()
    for line in (cells[0], rule, *cells[1:]):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
