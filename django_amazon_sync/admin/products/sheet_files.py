"""Files of spreadsheets, read and written as texts: CSV of any usual kind, and XLSX.

Codes are texts: leading zeros stay, and a number that a spreadsheet made of a barcode comes without
".0" and exponent. What a spreadsheet would run as a formula is written with an apostrophe before
it, which reading takes away again. What a spreadsheet made of a cell by itself (an error, a date,
a formula that it has not worked out) is no value: such a cell is a ``BadCell``, with the reason.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, repeat, zip_longest
from typing import IO, Protocol

from django.utils.translation import gettext

from django_amazon_sync.admin.common.formatting import Echo, guarded, unguarded

DELIMITERS = (";", ",", "\t")

#: Bytes that an XLSX file may have once it is unpacked.
MOST_UNPACKED = 100 * 2**20

#: Cells that a table may have, rows that may be empty one after another, and characters of a cell,
#: as XLSX knows them. All cost next to nothing to write, and a web worker memory and time to read.
MOST_CELLS, MOST_EMPTY, LONGEST_CELL = 2 * 10**6, 2**20, 32_767


#: What a spreadsheet shows where it could not work something out, in whichever language.
ERROR = re.compile(r"#(?:N/A|NV|GETTING_DATA|[^\W_a-z]+(?:/[0-9])?[!?])")


class BadFile(Exception):
    """A file that cannot be read, with the reason and the remedy."""


class BadCell(str):
    """What stands in a cell that has no value of anybody's, and why."""

    __slots__ = ("reason",)
    reason: str

    @classmethod
    def of(cls, text: str, reason: str) -> BadCell:
        cell = cls(text)
        cell.reason = reason
        return cell


@dataclass(frozen=True)
class Sheet:
    """A table of texts; its second row is row 2, as the spreadsheet numbers it."""

    head: list[str]
    rows: list[list[str]]


class ReadSheet(Protocol):
    """A sheet of an XLSX that is read, as openpyxl gives it."""

    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, values_only: bool) -> Iterable[Sequence[object]]: ...


class WrittenCell(Protocol):
    """A cell of an XLSX that is written."""

    number_format: str


class WrittenSheet(Protocol):
    """A sheet of an XLSX that is written row by row."""

    def append(self, row: Sequence[WrittenCell]) -> None: ...


# --- Reading --------------------------------------------------------------------------------------


def read(file: bytes, known: Collection[str]) -> Sheet:
    """Read a file by what is in it, whatever its name; ``known`` are columns that it may have.

    Raises BadFile.
    """
    if not file.strip():
        raise BadFile(gettext("The file is empty."))
    is_zip = zipfile.is_zipfile(io.BytesIO(file))
    rows = _bounded(_xlsx(file) if is_zip else _csv(file, known))
    head = [name.strip() for name in rows[0]] if rows else []
    while head and not head[-1]:
        head.pop()
    if not head:
        raise BadFile(gettext("The first row has to name the columns."))
    twice = sorted(name for name, number in Counter(head).items() if number > 1)
    if twice:
        raise BadFile(gettext("The column %(name)s is there twice.") % {"name": twice[0] or '""'})
    return Sheet(head, [_even(row, len(head), number) for number, row in enumerate(rows[1:], 2)])


def _bounded(rows: Iterable[list[str]]) -> list[list[str]]:
    """The rows without the empty ones at the end. Raises BadFile where they are too many."""
    table: list[list[str]] = []
    empty, width = 0, 10  # a row takes as much as some cells, however few it has
    for row in rows:
        if not any(cell.strip() for cell in row):
            empty += 1
            cells = 0
        else:
            width = max(width, len(row))
            cells = (len(table) + empty + 1) * width
        long = any(len(cell) > LONGEST_CELL for cell in row)
        if empty > MOST_EMPTY or cells > MOST_CELLS or long:
            raise BadFile(gettext("The file is too large once it is unpacked."))
        if cells:
            table += [*[[]] * empty, row]
            empty = 0
    return table


def _even(row: list[str], width: int, number: int) -> list[str]:
    """The row as wide as the first; what is beyond that must be empty. Raises BadFile."""
    if not any(cell.strip() for cell in row):
        return [""] * width
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        raise BadFile(
            gettext("Row %(number)d has %(cells)d cells and the first row names %(width)d columns.")
            % {"number": number, "cells": len(row), "width": width}
        )
    return row[:width]


def _csv(file: bytes, known: Collection[str]) -> Iterator[list[str]]:
    text = _text(file)
    if "\0" in text:
        raise BadFile(gettext("The file is neither CSV nor XLSX."))
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, known)):
            yield [_own(cell) for cell in row]
    except csv.Error as fault:
        raise BadFile(
            gettext("The file is not valid CSV: %(fault)s.") % {"fault": fault}
        ) from fault


def _text(file: bytes) -> str:
    """The text in the encoding that it says, else in UTF-8, else in that of Windows."""
    if file.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif file.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
    else:
        encodings = ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            return file.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(gettext("The file is neither in UTF-8 nor in the encoding of Windows (cp1252)."))


def _delimiter(text: str, known: Collection[str]) -> str:
    """The one that makes the most known columns of the first row, else the most columns."""

    def columns(delimiter: str) -> tuple[int, int]:
        head = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        return sum(name.strip() in known for name in head), len(head)

    try:
        return max(DELIMITERS, key=columns)
    except csv.Error as fault:
        raise BadFile(
            gettext("The file is not valid CSV: %(fault)s.") % {"fault": fault}
        ) from fault


def _xlsx(file: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise BadFile(gettext("The file is too large once it is unpacked."))
            has_formulas = _has_formulas(parts)
        values = _cells(file, values=True)
        formulas = _cells(file, values=False) if has_formulas else repeat(())
        width = 0
        for cells, written in zip(values, formulas, strict=False):
            row = [
                _cell(value, formula)
                for value, formula in zip_longest(cells, written[: len(cells)])
            ]
            width = width or len(row)
            # What is empty at the end of a row is not in the file.
            yield row + [""] * (width - len(row))
    except BadFile:
        raise
    except Exception as fault:  # the border to a reader of strangers' files
        raise BadFile(
            gettext("The file cannot be read as XLSX; save it again, or as CSV.")
        ) from fault


_FORMULA_TAG = re.compile(rb"<(?:[A-Za-z0-9_]+:)?f[\s/>]")


def _has_formulas(parts: zipfile.ZipFile) -> bool:
    """Whether a sheet may have one: then it is read a second time, for the formulas."""
    for name in parts.namelist():
        if "worksheets/" not in name:
            continue
        with parts.open(name) as part:
            end = b""
            while some := part.read(2**16):
                if _FORMULA_TAG.search(end + some):
                    return True
                end = some[-64:]
    return False


def _cells(file: bytes, *, values: bool) -> Iterator[Sequence[object]]:
    """The rows of the first sheet, with the values that the file keeps, or with its formulas."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(file), read_only=True, data_only=values)
    sheet: ReadSheet = book.worksheets[0]
    sheet.reset_dimensions()  # what the file says of its size need not be so
    yield from sheet.iter_rows(values_only=True)
    book.close()


def _cell(value: object, formula: object) -> str:
    """A cell as text: a number in full, as a barcode has neither ".0" nor an exponent."""
    if value is None:
        return "" if formula is None else _not_worked_out(formula)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        number = Decimal(repr(value))
        whole = number == number.to_integral_value()
        return f"{number.to_integral_value() if whole else number:f}"
    if isinstance(value, date | time | timedelta):
        return _date(value)
    return _own(str(value))


def _not_worked_out(formula: object) -> BadCell:
    """A formula whose value the file lacks: to read it as empty would delete what is there."""
    reason = gettext("It is a formula without a value in the file: put the value itself there.")
    return BadCell.of(str(getattr(formula, "text", formula)), reason)


def _date(value: date | time | timedelta) -> BadCell:
    """A spreadsheet makes dates of prices such as 9.12, and shows them in ways of its own."""
    if isinstance(value, datetime) and value.time() == time.min:
        value = value.date()
    reason = gettext(
        "The spreadsheet keeps a date here: format the cell as text, then write it anew."
    )
    text = value.isoformat() if isinstance(value, date | time) else str(value)
    return BadCell.of(text, reason)


def _own(text: str) -> str:
    """A text as it was meant: without the guard of a formula; an error of a spreadsheet is none."""
    if ERROR.fullmatch(text.strip()):
        reason = gettext("The spreadsheet could not work it out: put the value itself there.")
        return BadCell.of(text.strip(), reason)
    return unguarded(text)


# --- Writing --------------------------------------------------------------------------------------


def write_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV line by line, with the mark by which spreadsheets know UTF-8."""
    writer = csv.writer(Echo())
    first: str = writer.writerow([guarded(name) for name in head])
    yield "\ufeff" + first
    for row in rows:
        yield writer.writerow([guarded(cell) for cell in row])


def write_xlsx(head: Sequence[str], rows: Iterable[Sequence[str]], into: IO[bytes]) -> None:
    """An XLSX whose cells are all texts, row by row, so that memory stays small."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet: WrittenSheet = book.create_sheet("Amazon")

    def cell(text: str) -> WrittenCell:
        made: WrittenCell = WriteOnlyCell(sheet, value=guarded(_printable(text)))
        made.number_format = "@"
        return made

    for row in chain([head], rows):
        sheet.append([cell(text) for text in row])
    book.save(into)


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n\r")
