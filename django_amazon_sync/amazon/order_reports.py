"""The reports of all orders that changed in a time: the XML one, and the flat file beside it.

Their elements and columns are in docs/amazon.md#reports-of-orders. Both are read in constant
memory, and nothing of a buyer is read at all: no place, no company, no reason for a cancellation.
An order that cannot be read costs itself only, and no error quotes the document.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, BinaryIO, TypeAlias

from lxml import etree

from django_amazon_sync.amazon import tables
from django_amazon_sync.amazon.orders import ITEM_LENGTH, NUMBER_LENGTH, SKU_LENGTH
from django_amazon_sync.amazon.reading import amount, moment, text, whole
from django_amazon_sync.data import ReportedLine, ReportedOrder
from django_amazon_sync.errors import Unreadable

XML = "GET_XML_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
FLAT = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"

#: Bytes of the XML between the ends of two orders; the largest that was seen has some thousands.
LARGEST_ORDER = 16 * 1024**2
_CHUNK = 64 * 1024
_START = 4096
_WORD, _CURRENCY = 60, 3

_NUMBER = re.compile(rf"[A-Z0-9][A-Z0-9-]{{0,{NUMBER_LENGTH - 1}}}")
_TRUE, _FALSE = ("true", "yes", "y", "1"), ("false", "no", "n", "0")

#: The components of a line's price; those without tax are in these already.
_GOODS = frozenset({"Principal", "Shipping", "GiftWrap"})
_TAX = frozenset({"Tax", "ShippingTax", "GiftWrapTax"})
_MONEY = _GOODS | _TAX
_GOODS_OFF, _SHIPPING_OFF = "ItemPromotionDiscount", "ShipPromotionDiscount"
_TWICE = "VatExclusive"
_ZERO = Decimal(0)


def _check_start(file: BinaryIO) -> None:
    """Raises Unreadable for an empty document, and for Amazon's refusal in the place of one.

    See docs/amazon.md#reports-of-orders-cover-30-days.
    """
    file.seek(0)
    start = file.read(_START).replace(b"\0", b"").lower()
    file.seek(0)
    if not start.strip():
        raise Unreadable("Amazon's report of orders is empty.")
    if b"date range exceeded" in start:
        raise Unreadable("Amazon refuses to report orders of so long a time: Date range exceeded.")


# --- XML -------------------------------------------------------------------------------------


def read_xml(file: BinaryIO) -> Iterator[ReportedOrder]:
    """The orders of the XML report.

    Raises Unreadable where it is no such report, or not whole: then what came before is true, and
    what is missing is not known.
    """
    _check_start(file)
    _refuse_definitions(file)
    parser = etree.XMLPullParser(
        ("end",),
        tag="{*}Order",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    fed, known = 0, False
    while chunk := file.read(_CHUNK):
        _feed(parser, chunk)
        fed += len(chunk)
        for _event, element in parser.read_events():
            fed, known = 0, known or _check_root(element.getroottree().getroot())
            yield _order(element)
            _let_go(element)
        if fed > LARGEST_ORDER:
            raise Unreadable("Amazon's report has an order without an end.")
    _check_root(_end(parser))


_DEFINES = "Amazon's report of orders defines entities, as none does; it was not read."


def _refuse_definitions(file: BinaryIO) -> None:
    """No report defines entities; who does wants to fill the memory, or to read our files."""
    start = file.read(_CHUNK).replace(b"\0", b"")
    file.seek(0)
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Unreadable(_DEFINES)


def _feed(parser: etree.XMLPullParser, chunk: bytes) -> None:
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as fault:  # its words may be a buyer's
        raise _no_xml(fault) from None


def _end(parser: etree.XMLPullParser) -> etree._Element:
    try:
        root: etree._Element = parser.close()
    except etree.XMLSyntaxError:
        raise Unreadable("Amazon's report of orders ends too early; it is not whole.") from None
    return root


_NO_LETTERS = (
    etree.ErrorTypes.ERR_INVALID_ENCODING,
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
    etree.ErrorTypes.ERR_INVALID_CHAR,
)


def _no_xml(fault: etree.XMLSyntaxError) -> Unreadable:
    if fault.code in _NO_LETTERS:
        why = "has bytes that are no letters of the encoding that it names"
    else:
        why = "is no XML"
    return Unreadable(f"Amazon's report of orders {why}, seen at line {fault.lineno}.")


def _check_root(root: etree._Element) -> bool:
    """True. Raises Unreadable where the document is another one."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(_DEFINES)
    if etree.QName(root).localname != "AmazonEnvelope":
        raise Unreadable(f"Amazon's document is no {XML}.")
    return True


def _let_go(order: etree._Element) -> None:
    """Forget an order that was read, and all that stood before it."""
    order.clear()
    for element in (order, order.getparent()):
        above = element.getparent() if element is not None else None
        while above is not None and element is not None and element.getprevious() is not None:
            del above[0]


#: The texts of an element's parts by their tags, which are text here.
Texts: TypeAlias = Mapping[Any, str | None]


def _order(order: etree._Element) -> ReportedOrder:
    space = str(order.tag)[: -len("Order")]  # of XML, in braces, where the report has one
    said = {part.tag: part.text for part in order}
    shipping = next(order.iterchildren(f"{space}FulfillmentData"), ())
    by = {part.tag: part.text for part in shipping}
    return _with_items(
        _said(said, f"{space}AmazonOrderID"),
        _said(said, f"{space}OrderStatus"),
        _said(said, f"{space}LastUpdatedDate"),
        _said(said, f"{space}SalesChannel"),
        _said(by, f"{space}FulfillmentChannel"),
        [_item(item, space) for item in order.iterchildren(f"{space}OrderItem")],
    )


def _said(texts: Texts, name: str) -> str:
    return (texts.get(name) or "").strip()


@dataclass(slots=True)
class _Item:
    """One line, with its money; no ``goods`` where a price is missing or cannot be read."""

    line: ReportedLine
    currency: str = ""
    goods: Decimal | None = None
    tax: Decimal = _ZERO
    discount: Decimal = _ZERO
    wish: bool | None = None


def _item(item: etree._Element, space: str) -> _Item:
    said = {part.tag: part.text for part in item}
    line = ReportedLine(
        _said(said, f"{space}AmazonOrderItemCode")[:ITEM_LENGTH],
        _said(said, f"{space}SKU")[:SKU_LENGTH],
        _units(_said(said, f"{space}Quantity")),
    )
    read = _Item(line, wish=_wish(_said(said, f"{space}IsBuyerRequestedCancellation")))
    if f"{space}ItemPrice" in said:
        _price(read, next(item.iterchildren(f"{space}ItemPrice")), space)
        for promotion in item.iterchildren(f"{space}Promotion"):
            for part in promotion.iterchildren(f"{space}{_GOODS_OFF}", f"{space}{_SHIPPING_OFF}"):
                _take_off(read, (part.text or "").strip())
    return read


def _price(item: _Item, price: etree._Element, space: str) -> None:
    """The money of a line: components of a type and an amount. One that is not known, or not
    written in this order, makes the line's money unknown."""
    goods, kind, type_tag = _ZERO, "", f"{space}Type"
    for part in price.iter(type_tag, f"{space}Amount"):
        written = (part.text or "").strip()
        if part.tag == type_tag:
            kind = written
            continue
        kind, its = "", kind
        if its.startswith(_TWICE):
            continue
        read, currency = _amount(written), part.get("currency", "")[:_CURRENCY]
        if read is None or its not in _MONEY or item.currency not in ("", currency):
            return
        item.currency = currency
        if its in _TAX:
            item.tax += read
        else:
            goods += read
    item.goods = goods


def _take_off(item: _Item, written: str) -> None:
    """Count a discount; Amazon writes it with either sign."""
    read = _amount(written) if written else _ZERO
    if read is None:
        item.goods = None
    else:
        item.discount += abs(read)


def _wish(written: str) -> bool | None:
    said = written.lower()
    return True if said in _TRUE else False if said in _FALSE else None


@lru_cache(maxsize=4096)
def _units(written: str) -> int | None:
    return whole(written)


@lru_cache(maxsize=4096)
def _amount(written: str) -> Decimal | None:
    try:
        return amount(written)
    except Unreadable:
        return None


def _with_items(
    number: str, status: str, updated: str, channel: str, by: str, items: list[_Item]
) -> ReportedOrder:
    """The order with its lines, and with the sums of their money where all is known."""
    wishes = [item.wish for item in items if item.wish is not None]
    sold = [item for item in items if item.line.quantity != 0 or item.goods is not None]
    goods = [item.goods for item in sold if item.goods is not None]
    currencies = {item.currency for item in sold}
    known = bool(goods) and len(goods) == len(sold) and len(currencies) == 1
    return ReportedOrder(
        number if _NUMBER.fullmatch(number) else "",
        status[:_WORD],
        moment(updated),
        channel[:_WORD],
        by[:_WORD],
        tuple([item.line for item in items]),
        currencies.pop() if known else "",
        sum(goods, _ZERO) if known else None,
        sum([item.tax for item in sold], _ZERO) if known else _ZERO,
        sum([item.discount for item in sold], _ZERO) if known else _ZERO,
        any(wishes) if wishes else None,
    )


# --- The flat file -----------------------------------------------------------------------------

_COLUMNS = (
    "amazon-order-id", "order-status", "last-updated-date", "sales-channel",
    "fulfillment-channel", "sku", "quantity", "currency", "is-buyer-requested-cancellation",
    "item-price", "shipping-price", "gift-wrap-price", "item-tax", "shipping-tax",
    "gift-wrap-tax", "item-promotion-discount", "ship-promotion-discount",
)  # fmt: skip
_KEYS = ("amazon-order-id", "order-status")
_SUMS = {
    "goods": ("item-price", "shipping-price", "gift-wrap-price"),
    "tax": ("item-tax", "shipping-tax", "gift-wrap-tax"),
    "discount": ("item-promotion-discount", "ship-promotion-discount"),
}


def read_flat(file: BinaryIO, charset: str, marketplace: str) -> Iterator[ReportedOrder]:
    """The orders of the flat file; ``charset`` is the download's, or "".

    An order whose rows do not stand together comes once for each group of them, without quantities
    and money. Raises Unreadable for a document that is no such report.
    """
    _check_start(file)
    with tables.opened(file, charset, marketplace, FLAT) as (names, filled):
        places = _places(names)
        scattered = _scattered(_number(line.split("\t")[places[0] :][:1]) for line in filled)
    with tables.opened(file, charset, marketplace, FLAT) as (names, filled):
        rows = (_cells(line, names, places) for line in filled)
        for number, group in groupby(rows, itemgetter("amazon-order-id")):
            order = _flat_order(number, list(group))
            apart = bool(number) and hash(number) in scattered
            yield replace(order, lines=(), goods=None) if apart else order


def _places(names: list[str]) -> list[int]:
    """Where the columns stand; one that is missing, behind the last. Raises Unreadable."""
    found = {name.strip(' "').lower(): place for place, name in reversed([*enumerate(names)])}
    if not found.keys() >= set(_KEYS):
        raise Unreadable(f"Amazon's document is no {FLAT}, or its columns have other names.")
    return [found.get(name, len(names)) for name in _COLUMNS]


def _number(cells: list[str]) -> str:
    written = cells[0].strip() if cells else ""
    return written if _NUMBER.fullmatch(written) else ""


def _scattered(numbers: Iterable[str]) -> frozenset[int]:
    """The hashes of orders whose rows do not all stand together, by eight bytes for each order."""
    hashes = array("q", (hash(number) for number, _rows in groupby(numbers) if number))
    return frozenset(one for one, next_ in pairwise(sorted(hashes)) if one == next_)


def _cells(line: str, names: list[str], places: list[int]) -> dict[str, str]:
    """The cells of the known columns. Of a row with a cell too many only the order is certain."""
    cells = line.split("\t", tables.MOST_COLUMNS)
    displaced = any(cells[len(names) :])
    cells += [""] * (len(names) + 1 - len(cells))
    row = {name: text(cells[place]).strip() for name, place in zip(_COLUMNS, places, strict=True)}
    number = _number([row["amazon-order-id"]])
    if displaced:
        row = dict.fromkeys(_COLUMNS, "")
    return {**row, "amazon-order-id": number}


def _flat_order(number: str, rows: list[dict[str, str]]) -> ReportedOrder:
    first = rows[0]
    return _with_items(
        number,
        first["order-status"],
        first["last-updated-date"],
        first["sales-channel"],
        first["fulfillment-channel"],
        [_flat_item(row) for row in rows],
    )


def _flat_item(row: dict[str, str]) -> _Item:
    line = ReportedLine("", row["sku"][:SKU_LENGTH], _units(row["quantity"]))
    item = _Item(line, wish=_wish(row["is-buyer-requested-cancellation"]))
    sums = {name: _sum(row[cell] for cell in cells) for name, cells in _SUMS.items()}
    goods, tax, discount = sums["goods"], sums["tax"], sums["discount"]
    if row["item-price"] and goods is not None and tax is not None and discount is not None:
        item.goods, item.tax, item.discount = goods, tax, abs(discount)
        item.currency = row["currency"][:_CURRENCY]
    return item


def _sum(cells: Iterable[str]) -> Decimal | None:
    """What these cells are together, empty ones nothing; None where one is no number."""
    read = [_amount(cell) if cell else _ZERO for cell in cells]
    known = [one for one in read if one is not None]
    return sum(known, _ZERO) if len(known) == len(read) else None
