"""The report of all listings, in every shape that it has been seen in."""

import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import reports
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import ReportFacts, ReportRow
from django_amazon_sync.errors import Unavailable, Unreadable

from .conftest import Reply, ScriptedServer

DE, JP, US = "A1PA6795UKMFR9", "A1VC38T7YXB528", "ATVPDKIKX0DER"
ALL = (
    "item-name item-description listing-id seller-sku price quantity open-date image-url "
    "item-is-marketplace product-id-type zshop-shipping-fee item-note item-condition "
    "zshop-category1 zshop-browse-path zshop-storefront-feature asin1 asin2 asin3 "
    "will-ship-internationally expedited-shipping zshop-boldface product-id "
    "bid-for-featured-placement add-delete pending-quantity fulfillment-channel "
    "merchant-shipping-group status"
).split()
# The first line of real files (docs/amazon.md#columns-of-reports-vary).
REAL = (
    "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\topen-date\t"
    "Deprecated column\titem-is-marketplace\tproduct-id-type\tDeprecated column\titem-note\t"
    "item-condition\tDeprecated column\tDeprecated column\tDeprecated column\tasin1\t"
    "Deprecated column\tDeprecated column\twill-ship-internationally\texpedited-shipping\t"
    "Deprecated column\tproduct-id\tDeprecated column\tadd-delete\tpending-quantity\t"
    "fulfilment-channel\tmerchant-shipping-group\tstatus\tMinimum order quantity\tSell remainder"
)
CHINESE = (
    "商品名称\t商品描述\t商品编码\t卖家 SKU\t价格\t数量\t开售日期\t不适用项目\t是否为商城中的商品\t"
    "商品编码类型\t不适用项目\t商品备注\t商品状况\t不适用项目\t不适用项目\t不适用项目\tASIN1\t"
    "不适用项目\t不适用项目\t国际配送\t加急配送\t不适用项目\t商品编码\t不适用项目\t添加-删除\t"
    "等待购买数量\t配送渠道\t卖家配送组\t状态"
)
VALUES = {
    "item-name": 'A 5" case, "hard"',
    "seller-sku": " 007 A ",
    "price": "12.90",
    "quantity": "3",
    "product-id-type": "4",
    "item-condition": "11",
    "asin1": "B071VG5N9D",
    "product-id": "4006381333931",
    "fulfillment-channel": "DEFAULT",
    "status": "Active",
}
ROW = ReportRow(
    sku=" 007 A ",
    asin="B071VG5N9D",
    price=Decimal("12.90"),
    quantity=3,
    channel="DEFAULT",
    status="Active",
    condition="new_new",
    product_id="4006381333931",
    product_id_kind="ean",
)
HEADERS = {
    "documented": (DE, "\t".join(ALL)),
    "real": (DE, REAL),
    "few": (DE, "seller-sku\tprice\tquantity\tproduct-id-type\titem-condition\tasin1\tproduct-id"
            "\tfulfillment-channel\tstatus"),
    "shouting": (US, "\t".join(ALL).upper()),
    "quoted": (US, "\t".join(f'"{name}"' for name in ALL)),
    "de": (DE, "Artikelbezeichnung\tHändler-SKU\tPreis\tMenge\tErstellungsdatum\tProdukt-ID-Typ\t"
           "Artikelzustand\tASIN 1\tProdukt-ID\tVersender\tStatus"),
    "fr": (DE, "nom-produit\tsku-vendeur\tprix\tquantité\tétat-produit\ttype-id-produit\tasin1\t"
           "id-produit\tcanal-traitement\tétat"),
    "it": (DE, "SKU venditore\tPrezzo\tQuantità\tTipo di identificativo del prodotto\t"
           "Condizione dell'articolo\tASIN 1\tIdentificativo del prodotto\tCanale di gestione\t"
           "stato"),
    "es": (DE, "SKU del vendedor\tPrecio\tCantidad\tTipo de identificador de producto\t"
           "Estado del producto\tASIN 1\tIdentificador del producto\tCanal de gestión logística\t"
           "estado"),
    "tr": (DE, "item-name (ürün adı)\tseller-sku (satıcı sku)\tprice (fiyat)\tquantity (adet)\t"
           "product-id-type (ürün numarası türü)\titem-condition (ürün durumu)\tasin1\t"
           "product-id (ürün numarası)\tfulfillment-channel (dağıtım kanalı)\tdurum"),
    "ja": (JP, "商品名\t出品ID\t出品者SKU\t価格\t数量\t出品日\t商品IDタイプ\tコンディション説明\t"
           "コンディション\tASIN 1\t商品ID\t在庫数\tフルフィルメント・チャンネル\tステータス"),
    "zh": (US, CHINESE.replace("商品编码\t卖家", "编码\t卖家")),
}  # fmt: skip
_ENGLISH = {
    name: english
    for english, field in zip(
        ("seller-sku", "asin1", "price", "quantity", "fulfillment-channel", "status",
         "item-condition", "product-id", "product-id-type"),
        reports._NAMES,
        strict=True,
    )
    for name in reports._NAMES[field].split("|")
}  # fmt: skip


def english(name: str) -> str:
    return _ENGLISH.get(name.partition(" (")[0].strip('"').lower(), name.lower().strip('"'))


def table(header: str, *rows: dict[str, str], end: str = "\n") -> str:
    names = header.split("\t")
    lines = ["\t".join(row.get(english(name), "") for name in names) for row in rows]
    return end.join([header, *lines, ""])


def read(raw: bytes, charset: str = "", marketplace: str = DE) -> list[ReportRow]:
    """The rows; their SKUs alone come as often, and are theirs wherever a row has one."""
    rows = list(reports.read_listings(io.BytesIO(raw), charset, marketplace))
    skus = list(reports.read_skus(io.BytesIO(raw), charset, marketplace))
    assert len(skus) == len(rows)
    assert all(row.sku in ("", sku) for row, sku in zip(rows, skus, strict=True))
    return rows


def of_utf8(written: str) -> list[ReportRow]:
    return read(written.encode())


@pytest.mark.parametrize("shape", HEADERS)
def test_columns_go_by_name_in_every_language(shape: str) -> None:
    marketplace, header = HEADERS[shape]
    assert read(table(header, VALUES).encode(), "UTF-8", marketplace) == [ROW]


def test_of_two_columns_with_one_name_the_first_counts() -> None:
    header = "seller-sku\tprice\tasin1\tprice"
    rows = of_utf8(f"{header}\nA\t1.50\tB000000001\t9.99\n")
    assert rows == [ReportRow("A", "B000000001", Decimal("1.50"))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_the_first_one_does(end: str) -> None:
    written = table("\t".join(ALL), VALUES, VALUES | {"seller-sku": "B\x0b\u2028\x85"}, end=end)
    for text in (written, written.removesuffix(end), written + end + end, end + written):
        rows = of_utf8(text)
        assert [row.sku for row in rows] == [" 007 A ", "B\x0b\u2028\x85"]


def test_a_return_within_a_cell_ends_no_row() -> None:
    written = table("\t".join(ALL), VALUES | {"item-name": "one\rtwo"})
    assert of_utf8(written) == [ROW]


def test_short_rows_are_filled_and_blank_ones_left_out() -> None:
    header = "item-name\tseller-sku\tasin1\tprice\tstatus"
    rows = of_utf8(f"{header}\nx\tA\tB000000001\n\n\t\t\t\t\nx\tB\n")
    assert rows == [ReportRow("A", "B000000001"), ReportRow("")]


def test_a_row_without_a_sku_is_told_as_such() -> None:
    header = "item-name\tseller-sku\tasin1\tprice\tstatus"
    rows = of_utf8(f"{header}\nx\t\tB1\t1\tActive\nonly a name\n")
    assert [row.sku for row in rows] == ["", ""]


def test_a_row_with_a_tab_too_many_cannot_be_trusted() -> None:
    """Else a price or an ASIN would be taken for a SKU; empty cells at the end do no harm."""
    header = "item-name\tseller-sku\tasin1\tprice"
    rows = of_utf8(f"{header}\na\tname\tA\tB000000001\t1\nx\tB\tB000000001\t2\t\t\n")
    assert rows == [ReportRow(""), ReportRow("B", "B000000001", Decimal(2))]


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("12.90", "12.90"),
        (" 12.9 ", "12.9"),
        ("1290", "1290"),
        ("12,90", "12.90"),
        ("0.000001", "0.000001"),
        ("", None),
        ("1,290", None),
        ("1.290", None),
        ("12.900", None),
        ("1.290,00", None),
        ("1,290.00", None),
        ("-1", None),
        ("12.90 €", None),
        ("$5", None),
        ("NaN", None),
        ("1e5", None),
        (".5", None),
        ("5.", None),
        ("١٢", None),
        ("9" * 16, None),
    ],
)
def test_a_price_is_exact_or_none(written: str, price: str | None) -> None:
    (row,) = of_utf8(table("\t".join(ALL), VALUES | {"price": written}))
    assert row.price == (price and Decimal(price))
    assert row.price is None or str(row.price) == price


@pytest.mark.parametrize(
    ("written", "quantity"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("", None),
        ("many", None),
        ("-1", None),
        ("2.000", None),
        ("2,000", None),
    ],
)
def test_what_amazon_ships_has_no_quantity(written: str, quantity: int | None) -> None:
    (row,) = of_utf8(table("\t".join(ALL), VALUES | {"quantity": written}))
    assert row.quantity == quantity


@pytest.mark.parametrize(
    "odd",
    [
        {"price": "SKU-1"},
        {"price": "2021-08-15 20:35:17 PDT"},
        {"quantity": "2021-08-15 20:35:17"},
        {"asin1": "Default"},
        {"asin1": "", "product-id": "4006381333931", "product-id-type": "1"},
    ],
)
def test_a_cell_that_cannot_be_what_its_column_says_makes_the_row_odd(odd: dict[str, str]) -> None:
    assert of_utf8(table("\t".join(ALL), VALUES | odd, VALUES)) == [ReportRow(""), ROW]


@pytest.mark.parametrize(
    ("number", "condition"), [("11", "new_new"), ("3", "used_good"), ("99", "99"), ("", "")]
)
def test_a_condition_that_is_not_known_stays_a_number(number: str, condition: str) -> None:
    (row,) = of_utf8(table("\t".join(ALL), VALUES | {"item-condition": number}))
    assert row.condition == condition


@pytest.mark.parametrize(
    ("number", "kind"), [("1", "asin"), ("2", "isbn"), ("3", "upc"), ("4", "ean"), ("9", "")]
)
def test_product_ids_have_a_kind(number: str, kind: str) -> None:
    values = VALUES | {"product-id-type": number, "product-id": "B0000OTHER", "asin1": ""}
    (row,) = of_utf8(table("\t".join(ALL), values))
    assert (row.product_id_kind, row.product_id) == (kind, "B0000OTHER")
    assert row.asin == ("B0000OTHER" if kind == "asin" else "")


# --- Encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "charset", "marketplace", "sku"),
    [
        ("cp1252", "Cp1252", DE, "€Ü"),
        ("cp1252", "cp1252", JP, "€Ü"),
        ("cp1252", "ISO-8859-1", DE, "€Ü"),
        ("cp1252", "US-ASCII", DE, "€Ü"),
        ("cp1252", "", DE, "€Ü"),
        ("cp1252", "hex", DE, "€Ü"),
        ("cp1252", "no such charset \0", DE, "€Ü"),
        ("cp1252", "UTF-8", DE, "€Ü"),
        ("utf-8", "UTF-8", DE, "Ü東"),
        ("utf-8", "", JP, "Ü東"),
        ("utf-8-sig", "", DE, "Ü東"),
        ("utf-8-sig", "UTF-8", DE, "Ü東"),
        ("utf-8-sig", "Cp1252", DE, "Ü東"),
        ("utf-16", "UTF-16", DE, "Ü東"),
        ("cp932", "Shift_JIS", JP, "東①ソ"),
        ("cp932", "Windows-31J", JP, "東①ソ"),
        ("cp932", "", JP, "東①ソ"),
    ],
)
def test_bytes_are_read_as_what_they_are(
    encoding: str, charset: str, marketplace: str, sku: str
) -> None:
    header = HEADERS["ja"][1] if encoding == "cp932" else "\t".join(ALL)
    raw = table(header, VALUES | {"seller-sku": sku}).encode(encoding)
    (row,) = read(raw, charset, marketplace)
    assert row.sku == sku


def test_what_is_no_text_costs_its_own_row_only() -> None:
    """0x81 is nothing in cp1252, and not UTF-8 here."""
    rows = [VALUES | {"seller-sku": sku, "item-name": name} for sku, name in ("AX", "BY", "C_")]
    raw = table("\t".join(ALL), *rows).encode("cp1252")
    raw = raw.replace(b"\tC\t", b"\tC\x81\t").replace(b"Y\t", b"\x81\t", 1)
    assert [row.sku for row in read(raw)] == ["A", "B", ""]


def test_the_file_stays_open() -> None:
    file = io.BytesIO(table("\t".join(ALL), VALUES, VALUES).encode())
    next(reports.read_listings(file, "", DE))
    assert len(list(reports.read_listings(file, "", DE))) == 2
    assert not file.closed


# --- What is no such report --------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"<html><body>Service Unavailable</body></html>",
        b'{"errors": []}',
        b"sku\tasin\tprice\tquantity\nA\tB1\t1\t1\n",
        b"amazon-order-id\tsku\tasin\tprice\n",
        b"seller-sku\tfulfillment-channel-sku\tasin\tcondition-type\tQuantity Available\n",
        b"seller-sku\tprice\tquantity\n",
        b"seller-sku,price,asin1\nA,1,B1\n",
        "ключ\tцена\tasin1\n".encode(),
        bytes(3 * 1024**2),
        b"seller-sku\tprice\tasin1\n" + b"x" * 3 * 1024**2,
    ],
)
def test_another_document_is_never_taken_for_one(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


def test_the_remedy_is_named() -> None:
    with pytest.raises(Unreadable, match="to English"):
        of_utf8("ключ\tцена\tasin1\nA\t1\tB1\n")


HEADER = "seller-sku\tprice\tasin1"


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "hex", "rot13", "utf-7"])
def test_odd_names_of_encodings_are_not_followed(name: str) -> None:
    assert of_utf8(f"{HEADER}\nA\t1\tB00000001\n") == read(
        f"{HEADER}\nA\t1\tB00000001\n".encode(), name
    )


def test_cells_are_not_kept_by_thousands() -> None:
    """Caches of what was read held four thousand cells of any length."""
    cell = "1" * 50_000
    row = "\t".join(["A", "{}", "B00000001", "{}"]) + "\n"
    header = f"{HEADER}\tquantity\n"
    lines = (row.format(f"{n}{cell}", f"{n}{cell}").encode() for n in range(400))
    file = io.BytesIO(header.encode() + b"".join(lines))
    tracemalloc.start()
    assert all(not read.sku for read in reports.read_listings(file, "", DE))
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 1_000_000


def test_columns_are_few() -> None:
    with pytest.raises(Unreadable, match="columns"):
        of_utf8(HEADER + "\t" * 1000 + "\nA\n")


def test_a_report_of_nothing_but_its_columns() -> None:
    assert of_utf8("\t".join(ALL)) == []


@given(st.binary(max_size=300), st.sampled_from(["", "cp1252", "utf-8", "utf-16", "utf-7"]))
def test_no_bytes_break_the_reader(raw: bytes, charset: str) -> None:
    for document in (raw, b"seller-sku\tprice\tasin1\n" + raw):
        try:
            read(document, charset)
        except Unreadable as reason:
            assert str(reason).endswith(".")  # noqa: PT017 - the other outcome is as good


# --- Whatever is written is read ---------------------------------------------------------------

CELLS = st.text(
    st.characters(exclude_characters="\t\r\n\ufffd\x1a", exclude_categories=["Cs"]), max_size=8
)
PRICES = st.none() | st.decimals(0, 10**9, places=2, allow_nan=False, allow_infinity=False)


@st.composite
def report_rows(draw: st.DrawFn) -> ReportRow:
    kind = draw(st.sampled_from(["", "asin", "isbn", "upc", "ean"]))
    asin = draw(st.sampled_from(["B071VG5N9D", "B000000001"]))
    return ReportRow(
        sku=draw(CELLS.filter(lambda sku: bool(sku.strip()))),
        asin=asin,
        price=draw(PRICES),
        quantity=draw(st.none() | st.integers(0, 10**6)),
        channel=draw(st.sampled_from(["DEFAULT", "AMAZON_EU", ""])),
        status=draw(st.sampled_from(["Active", "Inactive", "Incomplete", ""])),
        condition=draw(st.sampled_from(["", "new_new", "used_good"])),
        product_id=draw(st.sampled_from(["", "4006381333931"])),
        product_id_kind=kind,
    )


def cells_of(row: ReportRow) -> dict[str, str]:
    number = {name: key for key, name in reports._KINDS.items()} | {"": ""}
    condition = {name: key for key, name in reports._CONDITIONS.items()} | {"": ""}
    return {
        "seller-sku": row.sku,
        "asin1": row.asin,
        "price": "" if row.price is None else str(row.price),
        "quantity": "" if row.quantity is None else str(row.quantity),
        "fulfillment-channel": row.channel,
        "status": row.status,
        "item-condition": condition[row.condition],
        "product-id": row.product_id,
        "product-id-type": number[row.product_id_kind],
    }


@given(
    rows=st.lists(report_rows(), max_size=6),
    names=st.lists(CELLS, max_size=6),
    shape=st.sampled_from(sorted(HEADERS)),
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "cp932", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    data=st.data(),
)
@settings(deadline=None)
def test_whatever_is_written_is_read(
    rows: list[ReportRow],
    names: list[str],
    shape: str,
    encoding: str,
    end: str,
    data: st.DataObject,
) -> None:
    marketplace, header = HEADERS[shape]
    order = data.draw(st.permutations(header.split("\t")))
    header = "\t".join([*order, *(f"x{name}" for name in names)])
    assume(header.encode(encoding, "replace").decode(encoding) == header)
    raw = table(header, *map(cells_of, rows), end=end).encode(encoding, "replace")
    # What the encoding cannot write was a question mark before we saw it.
    arrived = [
        replace(row, sku=row.sku.encode(encoding, "replace").decode(encoding)) for row in rows
    ]
    assert read(raw, encoding, marketplace) == arrived


def test_memory_does_not_grow_with_the_rows() -> None:
    line = table("\t".join(ALL), VALUES).encode().partition(b"\n")[2]
    file = io.BytesIO("\t".join(ALL).encode() + b"\n" + line * 30_000)
    tracemalloc.start()
    assert sum(1 for _ in reports.read_listings(file, "", DE)) == 30_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024**2


# --- Operations --------------------------------------------------------------------------------


def test_a_report_is_asked_for(server: ScriptedServer, client: Client) -> None:
    server.answers(*[Reply.of(202, {"reportId": "5"})] * 3)
    assert reports.create_report(client, reports.LISTINGS, DE) == "5"
    options = {"preferredReportDocumentLocale": "en_US"}
    reports.create_report(client, reports.LISTINGS, DE, options)
    day = datetime(2026, 11, 24, tzinfo=UTC)
    reports.create_report(client, reports.LISTINGS, DE, since=day, until=day.replace(day=25))
    plain = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": [DE]}
    times = {"dataStartTime": "2026-11-24T00:00:00Z", "dataEndTime": "2026-11-25T00:00:00Z"}
    assert [json.loads(seen.body) for seen in server.seen] == [
        plain,
        plain | {"reportOptions": options},
        plain | times,
    ]


def test_how_far_a_report_is(server: ScriptedServer, client: Client) -> None:
    raw = {"reportId": "5", "processingStatus": "NEW_WORD", "marketplaceIds": None}
    made = {
        "reportId": "5",
        "processingStatus": "DONE",
        "reportType": reports.LISTINGS,
        "marketplaceIds": [DE],
        "createdTime": "2026-11-24T01:00:00+00:00",
        "reportDocumentId": "doc/1",
    }
    server.answers(Reply.of(200, raw), Reply.of(200, made))
    assert reports.get_report(client, "5/") == ReportFacts("5", "NEW_WORD")
    assert server.seen[0].path == "/reports/2021-06-30/reports/5%2F"
    created = datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert reports.get_report(client, "5") == ReportFacts(
        "5", "DONE", reports.LISTINGS, (DE,), created, "doc/1"
    )


def test_a_report_is_fetched_with_its_charset(server: ScriptedServer, client: Client) -> None:
    described = {"reportDocumentId": "doc/1", "url": f"{server.endpoint}/store?sig=1"}
    document = Reply(200, b"text", {"Content-Type": "text/plain;charset=Cp1252"})
    server.answers(Reply.of(200, described), document)
    into = io.BytesIO()
    assert reports.fetch_report(client, "doc/1", into) == "cp1252"
    assert into.getvalue() == b"text"
    assert server.seen[0].path == "/reports/2021-06-30/documents/doc%2F1"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: reports.create_report(client, reports.LISTINGS, DE),
        lambda client: reports.get_report(client, "5"),
        lambda client: reports.fetch_report(client, "doc", io.BytesIO()),
    ],
)
@pytest.mark.parametrize("body", [{}, {"reportId": None, "url": None}, {"x": "5"}])
def test_an_answer_without_what_it_is_about_is_an_outage(
    server: ScriptedServer, client: Client, ask: Callable[[Client], Any], body: dict[str, Any]
) -> None:
    server.answers(Reply.of(200, body))
    with pytest.raises(Unavailable):
        ask(client)
