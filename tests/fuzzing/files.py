"""Files: Amazon's tables, packed documents, rates of the European Central Bank, spreadsheets."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import date
from decimal import Decimal

from django_amazon_sync.admin.common import formatting
from django_amazon_sync.admin.common.formatting import is_formula
from django_amazon_sync.admin.products import sheet_files
from django_amazon_sync.amazon import documents, order_reports, reading, reports, tables
from django_amazon_sync.data import ReportRow
from django_amazon_sync.errors import AmazonSyncError, Unreadable
from django_amazon_sync.rules import rates
from django_amazon_sync.sync.amazon_reports import row_chunks

from .answers import DE
from .targets import check, may_raise, target

JP = "A1VC38T7YXB528"
_CHARSETS = ("", "utf-8", "iso-8859-1", "cp1252", "shift_jis", "utf-16", "punycode", "nothing")


@target(reports.read_listings, reports.read_skus, row_chunks.in_chunks)
def listings_report(data: bytes) -> None:
    """The first byte chooses the charset and the store; each row has the SKU that its line has."""
    choice, table = data[0] if data else 0, data[1:]
    charset, store = _CHARSETS[choice % len(_CHARSETS)], JP if choice & 64 else DE
    file = io.BytesIO(table)

    def read() -> list[ReportRow]:
        return list(reports.read_listings(file, charset, store))

    with may_raise(Unreadable):
        rows = read()
        skus = list(reports.read_skus(file, charset, store))
        assert len(rows) == len(skus)
        for row, sku in zip(rows, skus, strict=True):
            assert row.sku in ("", sku)
            assert row.price is None or (row.price.is_finite() and 0 <= row.price < 10**10)
            check(row.quantity)
        chunked = list(row_chunks.in_chunks(skus, lambda: iter(read()), 3))
        assert sorted(row.sku for rows_ in chunked for row in rows_) == sorted(
            row.sku for row in rows
        )


@target(order_reports.read_xml)
def orders_xml(data: bytes) -> None:
    with may_raise(Unreadable):
        for order in order_reports.read_xml(io.BytesIO(data)):
            check(order)
            check(order.quantity)


@target(order_reports.read_flat, tables.opened)
def orders_flat(data: bytes) -> None:
    """The first byte chooses the charset and the store."""
    choice, table = data[0] if data else 0, data[1:]
    charset, store = _CHARSETS[choice % len(_CHARSETS)], JP if choice & 64 else DE
    with may_raise(Unreadable):
        for order in order_reports.read_flat(io.BytesIO(table), charset, store):
            check(order)
            check(order.quantity)


@target(rates.read_day)
def bank_rates(data: bytes) -> None:
    with may_raise(Unreadable):
        day = rates.read_day(data, date(2026, 11, 24))
        assert abs((day.on - date(2026, 11, 24)).days) <= 60
        for currency, rate in day.rates.items():
            assert len(currency) == 3
            assert Decimal("0.00001") <= rate <= 10**8


KNOWN = ["shop_sku", "title", "sku", "own_price DE"]


def _read(file: bytes) -> sheet_files.Sheet | None:
    """The table, as wide as its head; None where it is none."""
    sheet: sheet_files.Sheet | None = None
    with may_raise(sheet_files.BadFile):
        sheet = sheet_files.read(file, KNOWN)
        assert sheet.head
        assert len(set(sheet.head)) == len(sheet.head)
        assert all(len(row) == len(sheet.head) for row in sheet.rows)
    return sheet


@target(sheet_files.read)
def sheet_csv(data: bytes) -> None:
    _read(data)


@target(sheet_files.read, is_json=True)
def sheet_xlsx(data: bytes) -> None:
    """The parts of a file by name, packed here: checksums would let no other change through."""
    try:
        parts = reading.obj(reading.parsed(data))
    except ValueError:
        return
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, text in parts.items():
            info = zipfile.ZipInfo(reading.text(name, 100) or "empty", (2026, 11, 30, 0, 0, 0))
            file.writestr(info, reading.text(text).encode())
    _read(packed.getvalue())


@target(formatting.guarded, sheet_files.write_csv)
def sheet_written(data: bytes) -> None:
    """No cell that is written is a formula, and what is written is read as it was."""
    text = data.decode("utf-8", "ignore").replace("\0", "")
    cells = [*text.split("\x1f"), "", ""][: len(KNOWN)]
    for cell in cells:
        assert not is_formula(formatting.guarded(cell))
    written = "".join(sheet_files.write_csv(KNOWN[: len(cells)], [cells])).encode()
    sheet = _read(written)
    assert sheet is not None
    if any(cell.strip() for cell in cells):
        [row] = sheet.rows
        for cell, again in zip(cells, row, strict=True):
            assert again == cell or isinstance(again, sheet_files.BadCell)


@target(documents.download)
def packed(data: bytes) -> None:
    """A gzip file, whole or not, as it comes in pieces."""
    pieces = iter([data[start : start + 64] for start in range(0, len(data), 64)])
    with may_raise(AmazonSyncError):
        size = sum(map(len, documents._unpacked(pieces, gzipped=False, largest=100_000)))
        assert size <= 100_000
    if data.startswith(b"\x1f\x8b"):
        return
    again = zlib.compress(data, wbits=16 + zlib.MAX_WBITS)
    assert b"".join(documents._unpacked(iter([again]), gzipped=True, largest=10**6)) == data
