"""Reports API 2021-06-30: ask for a report, fetch it, and read the one of all listings.

Its columns are in Amazon's page "Inventory reports"; real files lack some, double others, and name
them in the seller's language, so that columns go by name and never by place
(docs/amazon.md#columns-of-reports-vary).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO
from urllib.parse import quote

from django_amazon_sync.amazon import documents, tables
from django_amazon_sync.amazon.client import Client, iso
from django_amazon_sync.amazon.reading import amount, moment, text, texts, whole
from django_amazon_sync.data import ReportFacts, ReportRow
from django_amazon_sync.errors import Unreadable

LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
_PATH = "/reports/2021-06-30"

# --- Operations ------------------------------------------------------------------------------


def create_report(
    client: Client,
    report_type: str,
    marketplace: str,
    options: Mapping[str, str] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> str:
    """Ask Amazon to make a report (createReport), of a time where it is about one; returns its id.

    The report of all listings is for one marketplace; further ones would be ignored in silence
    (docs/amazon.md#one-marketplace-for-the-listings-report).
    """
    body: dict[str, object] = {"reportType": report_type, "marketplaceIds": [marketplace]}
    if options:
        body["reportOptions"] = dict(options)
    for name, at in (("dataStartTime", since), ("dataEndTime", until)):
        if at is not None:
            body[name] = iso(at)
    answer = client.call("createReport", "POST", f"{_PATH}/reports", body=body)
    return text(answer.body.get("reportId")) or answer.lacks("a report's id")


def get_report(client: Client, report_id: str) -> ReportFacts:
    """How far one report is (getReport); raises NotFound where Amazon no longer has it."""
    path = f"{_PATH}/reports/{quote(report_id, safe='')}"
    answer = client.call("getReport", "GET", path)
    return ReportFacts(
        report_id=text(answer.body.get("reportId")) or answer.lacks("a report's id"),
        status=text(answer.body.get("processingStatus")) or answer.lacks("a report's status"),
        report_type=text(answer.body.get("reportType")),
        marketplaces=texts(answer.body.get("marketplaceIds")),
        created=moment(answer.body.get("createdTime")),
        document=text(answer.body.get("reportDocumentId")),
        since=moment(answer.body.get("dataStartTime")),
        until=moment(answer.body.get("dataEndTime")),
    )


def fetch_report(client: Client, document_id: str, into: BinaryIO) -> str:
    """Put a report's document into the file (getReportDocument and its download).

    Returns the charset that the download names, or "". Raises Unavailable where it did not come
    whole, Unreadable where it is not a document.
    """
    path = f"{_PATH}/documents/{quote(document_id, safe='')}"
    return documents.fetch(client, client.call("getReportDocument", "GET", path), into)


# --- Columns ---------------------------------------------------------------------------------

# What a column is called in English, then in German, French, Italian, Spanish, Polish, Turkish,
# Arabic, Japanese and Chinese, as far as files of sellers have been seen; in lower case.
_NAMES = {
    "sku": (
        "seller-sku|händler-sku|sku-vendeur|sku venditore|sku del vendedor|sku-sprzedawcy"
        "|sku-البائع|出品者sku|卖家 sku"
    ),
    "asin": "asin1|asin 1",
    "price": "price|preis|prix|prezzo|precio|cena|السعر|価格|价格",
    "quantity": "quantity|menge|quantité|quantità|cantidad|ilość|الكمية|数量",
    "channel": (
        "fulfillment-channel|fulfilment-channel|versender|canal-traitement|canale di gestione"
        "|canal de gestión logística|kanał-realizacji|قناة-الشحن"
        "|フルフィルメント・チャンネル|配送渠道"
    ),
    "status": "status|état|stato|estado|durum|الحالة|ステータス|状态",
    "condition": (
        "item-condition|artikelzustand|état-produit|condizione dell'articolo|estado del producto"
        "|stan-produktu|حالة-المنتج|コンディション|商品状况"
    ),
    "product_id": (
        "product-id|produkt-id|id-produit|identificativo del prodotto|identificador del producto"
        "|identyfikator-produktu|رقم-المنتج|商品id|商品编码"
    ),
    "product_id_kind": (
        "product-id-type|produkt-id-typ|type-id-produit|tipo di identificativo del prodotto"
        "|tipo de identificador de producto|typ-identyfikatora-produktu|نوع-رقم-المنتج"
        "|商品idタイプ|商品编码类型"
    ),
}
_FIELDS = {name: field for field, names in _NAMES.items() for name in names.split("|")}
# Both are believed (docs/amazon.md#reports-number-conditions-and-codes).
_KINDS = {"1": "asin", "2": "isbn", "3": "upc", "4": "ean"}
_CONDITIONS = {
    "1": "used_like_new",
    "2": "used_very_good",
    "3": "used_good",
    "4": "used_acceptable",
    "5": "collectible_like_new",
    "6": "collectible_very_good",
    "7": "collectible_good",
    "8": "collectible_acceptable",
    "10": "refurbished_refurbished",
    "11": "new_new",
}


def _places(names: Sequence[str]) -> list[int]:
    """Where the fields of ``_NAMES`` stand; one that is missing, behind the last cell.

    Of two columns with one name the first counts. Raises Unreadable for what is not a report of
    listings.
    """
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        # Turkish files have both: "seller-sku (satıcı sku)".
        field = _FIELDS.get(name.partition(" (")[0].strip(' "').lower())
        if field:
            found.setdefault(field, place)
    if not {"sku", "price"} <= found.keys() or not {"asin", "product_id"} & found.keys():
        raise Unreadable(
            f"This is no {LISTINGS}, or its columns have names that we do not know; in Seller "
            "Central, set the language of feed processing reports to English, and ask again."
        )
    return [found.get(field, len(names)) for field in _NAMES]


# --- Rows ------------------------------------------------------------------------------------


def read_listings(file: BinaryIO, charset: str, marketplace: str) -> Iterator[ReportRow]:
    """The rows of a GET_MERCHANT_LISTINGS_ALL_DATA, in constant memory.

    ``charset`` is the download's, or "". A row whose SKU is missing, or of which a cell cannot be
    what its column says, comes with an empty ``sku``, so that it can be counted and nothing of it
    is believed; what else cannot be read is None or empty. Quotes mean nothing
    (docs/amazon.md#quotes-are-letters-in-reports). Raises Unreadable, before the first row, for a
    document that is not such a report.
    """
    with tables.opened(file, charset, marketplace, LISTINGS) as (names, filled):
        pick = itemgetter(*_places(names))
        for line in filled:
            cells = line.split("\t", tables.MOST_COLUMNS)
            lacking = len(names) - len(cells)
            row = _row(*pick([*cells, *[""] * lacking, ""]))
            # A tab too many, or a cell that was lost before the ASIN: all after it are displaced.
            displaced = any(cells[len(names) :]) or (lacking > 0 and not row.asin)
            yield _NOTHING if displaced else row


def read_skus(file: BinaryIO, charset: str, marketplace: str) -> Iterator[str]:
    """The SKU of each line, as it stands there, in a third of the time that its row takes; empty
    where the line has none."""
    with tables.opened(file, charset, marketplace, LISTINGS) as (names, filled):
        place = _places(names)[0]
        for line in filled:
            cells = line.split("\t", place + 1)
            yield cells[place] if len(cells) > place else ""


def _row(
    sku: str,
    asin: str,
    price: str,
    quantity: str,
    channel: str,
    status: str,
    condition: str,
    product_id: str,
    kind: str,
) -> ReportRow:
    kind, product_id = _KINDS.get(kind.strip(), ""), product_id.strip()
    asin = asin.strip() or (product_id if kind == "asin" else "")
    if (asin and not _ASIN.fullmatch(asin)) or not (
        _may_be_number(price) and _may_be_number(quantity)
    ):
        return _NOTHING
    return ReportRow(
        sku="" if tables.LOST in sku else sku,
        asin=asin,
        price=_price(price),
        quantity=_units(quantity),
        channel=channel.strip(),
        status=status.strip(),
        condition=_CONDITIONS.get(condition.strip(), condition.strip()),
        product_id=product_id,
        product_id_kind=kind,
    )


_NOTHING = ReportRow("")

#: What is in a date, a name or an id, and in no price and no quantity.
_NO_NUMBER = re.compile(r"[^\W\d_]|:")

#: Characters of a cell that may be a number; what is longer is none, and no cache keeps it.
_LONGEST_NUMBER = 60

_ASIN = re.compile(r"[A-Z][A-Z0-9]{3,9}|[0-9]{9}[0-9X]")


def _may_be_number(written: str) -> bool:
    return len(written) <= _LONGEST_NUMBER and _has_no_letters(written)


@lru_cache(maxsize=4096)
def _has_no_letters(written: str) -> bool:
    return _NO_NUMBER.search(written) is None


# Three digits after a point or a comma may be thousands, in the languages that write them so.
_PRICE = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}|[0-9]{4,})|,([0-9]{1,2}))?")


@lru_cache(maxsize=4096)
def _price(written: str) -> Decimal | None:
    """12.90, or 12,90 in some languages; 1,290 and 1.290 could be either, so they are none."""
    found = _PRICE.fullmatch(written.strip())
    if not found:
        return None
    try:
        return amount(f"{found[1]}.{found[2] or found[3] or ''}".rstrip("."))
    except Unreadable:
        return None


@lru_cache(maxsize=4096)
def _units(written: str) -> int | None:
    """A whole number in digits alone: 2.000 could be two thousand."""
    return whole(written) if written.strip().isdecimal() else None
