"""Files of spreadsheets come in as they went out, whatever wrote them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime, time
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from django_amazon_sync.admin.common import formatting
from django_amazon_sync.admin.common.formatting import is_formula
from django_amazon_sync.admin.products import sheet_files
from django_amazon_sync.admin.products.sheet_files import BadCell, BadFile, read

HEAD = ["shop_sku", "ean", "title"]

#: What cp1252 can write, without what ends a line in some old way.
WESTERN = st.characters(codec="cp1252", exclude_categories=("Cc", "Cs"))
ANY = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))


def rows_of(letters: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    cell = st.text(letters | st.sampled_from([";", ",", "\t", '"', "\n", "'", "=", "0", "-"]))
    row = st.lists(cell, min_size=3, max_size=3).filter(lambda row: any(c.strip() for c in row))
    return st.lists(row, max_size=5)


def written(rows: list[list[str]], delimiter: str, quoting: int) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(  # type: ignore[arg-type]
        [[formatting.guarded(cell) for cell in row] for row in [HEAD, *rows]]
    )
    return file.getvalue()


@given(
    rows_of(ANY),
    st.sampled_from(sheet_files.DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_csv_of_unicode_comes_in_as_it_went_out(
    rows: list[list[str]], delimiter: str, encoding: str, quoting: int
) -> None:
    sheet = read(written(rows, delimiter, quoting).encode(encoding), HEAD)
    assert (sheet.head, sheet.rows) == (HEAD, rows)


@given(rows_of(WESTERN), st.sampled_from(sheet_files.DELIMITERS))
def test_a_csv_of_windows_comes_in_as_it_went_out(rows: list[list[str]], delimiter: str) -> None:
    """Unless its bytes happen to be UTF-8, which text with one letter beyond ASCII hardly is."""
    rows = [*rows, ["Müller", "1", "ß"]]
    file = written(rows, delimiter, csv.QUOTE_MINIMAL).encode("cp1252")
    try:
        file.decode()
    except UnicodeDecodeError:
        assert read(file, HEAD).rows == rows


@given(rows_of(ANY))
def test_what_is_written_is_read_the_same(rows: list[list[str]]) -> None:
    text = "".join(sheet_files.write_csv(HEAD, rows))
    assert read(text.encode(), HEAD).rows == rows


@given(rows_of(ANY.filter(lambda letter: letter <= "\ud7ff" and letter != "_")))
def test_an_xlsx_is_read_as_it_was_written(rows: list[list[str]]) -> None:
    rows = [row for row in rows if not any("\n" in cell or "\t" in cell for cell in row)]
    file = io.BytesIO()
    sheet_files.write_xlsx(HEAD, rows, file)
    sheet = read(file.getvalue(), HEAD)
    assert (sheet.head, sheet.rows) == (HEAD, rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(file: bytes) -> None:
    try:
        sheet = read(file, HEAD)
    except BadFile:
        return
    assert all(len(row) == len(sheet.head) for row in sheet.rows)


@given(st.text(max_size=20) | st.text("=-+'; \r\na", max_size=8))
def test_no_cell_that_is_written_is_a_formula(text: str) -> None:
    """Nor any part of it, where a spreadsheet takes a semicolon for the border of cells."""
    written = formatting.guarded(text)
    assert not is_formula(written)
    assert not any(is_formula(part) for part in re.split(r"[;\r\n]", written))
    assert formatting.unguarded(written) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [("Mug;=1+1", "Mug;'=1+1"), ("Mug\n=1+1", "Mug\n'=1+1"), ("Mug; blue", "Mug; blue")],
)
def test_a_cell_that_a_semicolon_tears_is_no_formula(text: str, written: str) -> None:
    [line] = list(sheet_files.write_csv(["name"], [[text]]))[1:]
    assert written in line


def test_numbers_of_an_xlsx_are_codes_in_full() -> None:
    """A spreadsheet that made numbers of barcodes: no ".0", no exponent; texts keep their zeros."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD)
    sheet.append(["A", 4006381333931, None])
    sheet.append(["B", 4006381333931.0, 12.5])
    sheet.append(["C", "0012345678905", True])
    sheet.append(["D", 4.006381333931e12])
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue(), HEAD).rows == [
        ["A", "4006381333931", ""], ["B", "4006381333931", "12.5"],
        ["C", "0012345678905", "yes"], ["D", "4006381333931", ""],
    ]  # fmt: skip


def xlsx(*rows: list[Any]) -> bytes:
    """A file as openpyxl writes it: it keeps no values of formulas."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "text", "reason"),
    [
        ("=9.90*1.05", "=9.90*1.05", "formula without a value"),
        ("#N/A", "#N/A", "could not work it out"),
        ("#DIV/0!", "#DIV/0!", "could not work it out"),
        (date(2026, 12, 9), "2026-12-09", "keeps a date"),
        (datetime.fromisoformat("2026-12-09T10:30"), "2026-12-09T10:30:00", "keeps a date"),
        (time(10, 30), "10:30:00", "keeps a date"),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_no_value(value: Any, text: str, reason: str) -> None:
    [[first, cell, last]] = read(xlsx(HEAD, ["A", value, "x"]), HEAD).rows
    assert isinstance(cell, BadCell)
    assert cell == text
    assert reason in cell.reason
    assert not isinstance(first, BadCell)
    assert not isinstance(last, BadCell)


def test_a_formula_whose_value_is_in_the_file_is_that_value() -> None:
    """As a spreadsheet saves it; openpyxl keeps none, so it is put into the file here."""
    plain, file = io.BytesIO(xlsx(HEAD, ["A", "=2*3", "x"])), io.BytesIO()
    with zipfile.ZipFile(plain) as parts, zipfile.ZipFile(file, "w") as made:
        for name in parts.namelist():
            text = parts.read(name).decode()
            made.writestr(name, text.replace("<f>2*3</f><v></v>", "<f>2*3</f><v>6</v>")
                          .replace("<f>2*3</f><v />", "<f>2*3</f><v>6</v>"))  # fmt: skip
    assert read(file.getvalue(), HEAD).rows == [["A", "6", "x"]]


@pytest.mark.parametrize("error", ["#N/A", "#NV", "#WERT!", "#NAME?", "#ÜBERLAUF!"])
def test_an_error_of_a_spreadsheet_is_no_value_in_a_csv_either(error: str) -> None:
    [[_sku, cell, _title]] = read(f"shop_sku;ean;title\nA;{error};x\n".encode(), HEAD).rows
    assert isinstance(cell, BadCell)


def test_a_code_that_begins_with_a_hash_is_a_code() -> None:
    [row] = read(b"shop_sku;ean;title\n#1;#A-17;#N/A-1\n", HEAD).rows
    assert not any(isinstance(cell, BadCell) for cell in row)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b";;\nA;1;x", "name the columns"),
        (b"shop_sku;ean;ean\nA;1;2", "ean is there twice"),
        (b"shop_sku;ean;title\nA;1;x\nB;2\n", "Row 3 has 2 cells"),
        (b"shop_sku;ean;title\nA;1;x;more\n", "Row 2 has 4 cells"),
        (b"shop_sku\x00;ean\n", "neither CSV nor XLSX"),
        (b"shop_sku,t\xc3\x28\x81\n", "neither in UTF-8"),
        (b"PK\x03\x04 is no zip file\x00", "neither CSV nor XLSX"),
    ],
)
def test_what_cannot_be_read_says_why(file: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read(file, HEAD)


def test_a_zip_that_is_no_xlsx_says_so() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("x.txt", "x")
    with pytest.raises(BadFile, match="XLSX"):
        read(file.getvalue(), HEAD)


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_files, "MOST_UNPACKED", 100)
    file = io.BytesIO()
    sheet_files.write_xlsx(HEAD, [["A", "B", "C"]], file)
    with pytest.raises(BadFile, match="too large"):
        read(file.getvalue(), HEAD)


def test_blank_rows_keep_the_numbers_of_the_others() -> None:
    assert read(b"shop_sku;ean\n\nA;1\n;\n", HEAD).rows == [["", ""], ["A", "1"]]


def test_what_is_empty_below_the_last_row_takes_no_memory() -> None:
    file = b"shop_sku;ean\nA;1\n" + 100_000 * b"\n" + 100_000 * b";\n"
    assert read(file, HEAD).rows == [["A", "1"]]


def test_a_small_file_of_very_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_files, "MOST_CELLS", 1000)
    for file in (b"shop_sku;ean\n" + 1000 * b"\n" + b"A;1\n", b"shop_sku\n" + 1000 * b"A\n"):
        with pytest.raises(BadFile, match="too large"):
            read(file, HEAD)


def test_a_row_of_very_many_columns_costs_no_time() -> None:
    """Compared each with each they hold a web worker for long."""
    begun = process_time()
    with pytest.raises(BadFile, match="there twice"):
        read(b"shop_sku" + 200_000 * b";a,\t", HEAD)
    assert process_time() - begun < 5


@pytest.mark.parametrize("last", [200, 10**12])
def test_an_xlsx_that_says_it_is_huge_is_read_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    """A dimension, or the number of a row, costs nothing to write."""
    looked_at: list[Any] = []
    one_cell = sheet_files._cell

    def counted(value: Any, formula: Any) -> str:
        looked_at.append(value)
        return one_cell(value, formula)

    monkeypatch.setattr(sheet_files, "_cell", counted)
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        for row, text in ((1, "shop_sku"), (last, "A"))
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<worksheet xmlns="{main}"><dimension ref="A1:XFD{last}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    plain, file = io.BytesIO(), io.BytesIO()
    sheet_files.write_xlsx(HEAD, [], plain)
    with zipfile.ZipFile(plain) as parts, zipfile.ZipFile(file, "w") as made:
        for name in parts.namelist():
            made.writestr(name, sheet if name.endswith("sheet1.xml") else parts.read(name))
    if last == 200:
        assert read(file.getvalue(), HEAD).rows == [*[[""]] * 198, ["A"]]
    else:
        with pytest.raises(BadFile, match="too large"):
            read(file.getvalue(), HEAD)
    assert len(looked_at) < 1000


def test_a_cell_is_no_longer_than_a_spreadsheet_knows() -> None:
    with pytest.raises(BadFile, match="too large"):
        read(b"shop_sku\n" + b"A" * 40_000, HEAD)
