"""Tables of Amazon's: files of lines whose cells a tab divides, in whatever encoding.

Their first line names the columns. Quotes mean nothing
(docs/amazon.md#quotes-are-letters-in-reports).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import BinaryIO

from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.errors import Unreadable

#: Characters of a line; those of Amazon have some thousands.
LONGEST_LINE = 256 * 1024
#: Columns of a report; the widest that were seen have thirty.
MOST_COLUMNS = 200
#: What a decoder puts where bytes are not text.
LOST = "\N{REPLACEMENT CHARACTER}"
# Amazon's files hold more than the charset that is named allows for, as on the web.
_WIDER = {"utf-8": "utf-8-sig", "iso8859-1": "cp1252", "ascii": "cp1252", "shift_jis": "cp932"}
# Some of Python's encodings, such as punycode, take a time that grows with the square.
_PLAIN = re.compile(
    r"ascii|utf-(8|8-sig|16|16-le|16-be|32|32-le|32-be)|iso8859-[0-9]+|cp[0-9]+|koi8-[rut]"
    r"|shift_jis.*|euc_.*|iso2022_.*|gb.*|big5.*|mac-.*"
)


@contextmanager
def opened(
    file: BinaryIO, charset: str, marketplace: str, what: str
) -> Iterator[tuple[list[str], Iterator[str]]]:
    """The names of the columns, and the lines below them that are not blank.

    ``charset`` is the download's, or ""; ``what`` is what the table should be, for Unreadable.
    """
    encoding, errors = _encoding(file, charset, marketplace)
    with _text(file, encoding, errors) as lines:
        filled = (line.rstrip("\r\n") for line in lines if not line.isspace())
        names = next(filled, "").split("\t")
        if len(names) > MOST_COLUMNS:
            raise Unreadable(f"Amazon's document is no {what}: it has too many columns.")
        yield names, filled


def _encoding(file: BinaryIO, charset: str, marketplace: str) -> tuple[str, str]:
    """The encoding that all the bytes fit, and how to treat those that do not where none does.

    In this order: UTF-8 where a byte order mark says so, the charset of the download, UTF-8,
    cp932 for Japan and cp1252 elsewhere (docs/amazon.md#encodings-of-reports-vary). Raises
    Unreadable where a line is longer than any of a report.
    """
    file.seek(0)
    marked = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    last = "cp932" if _is_japan(marketplace) else "cp1252"
    likely = ["utf-8-sig"] if marked else [*_known(charset), "utf-8-sig", last]
    for encoding in likely:
        try:
            _check_lines(file, encoding, "strict")
        except UnicodeError:
            continue
        return encoding, "strict"
    _check_lines(file, likely[-1], "replace")
    return likely[-1], "replace"


def _is_japan(marketplace: str) -> bool:
    facts = MARKETPLACES.get(marketplace)
    return facts is not None and facts.country == "JP"


def _known(charset: str) -> list[str]:
    """The encoding of that name, if there is one of text."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return []
    return [_WIDER.get(name, name)] if _PLAIN.fullmatch(name) else []


def _check_lines(file: BinaryIO, encoding: str, errors: str) -> None:
    """Decode all of it, and look at its lines as they will be read.

    A byte that ends a line in one encoding is half a character in another, and a file whose first
    line ends in one way may have no other line that does. Raises UnicodeError and Unreadable.
    """
    end = _end_of_lines(file, encoding, errors)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    file.seek(0)
    length = 0
    while chunk := file.read(LONGEST_LINE):
        written = decoder.decode(chunk)
        last = written.rfind(end)
        length = len(written) - last - 1 if last >= 0 else length + len(written)
        if length > LONGEST_LINE:
            raise Unreadable("Amazon's document is not a table: a line of it has no end.")
    decoder.decode(b"", final=True)


def _end_of_lines(file: BinaryIO, encoding: str, errors: str) -> str:
    """What ends a line: what ends the first one."""
    file.seek(0)
    start = TextIOWrapper(file, encoding, errors, newline="")
    try:
        return "\r" if start.readline(LONGEST_LINE).endswith("\r") else "\n"
    finally:
        start.detach()


@contextmanager
def _text(file: BinaryIO, encoding: str, errors: str) -> Iterator[TextIOWrapper]:
    """The file's lines; it stays open afterwards."""
    end = _end_of_lines(file, encoding, errors)
    file.seek(0)
    lines = TextIOWrapper(file, encoding, errors, newline=end)
    try:
        yield lines
    finally:
        lines.detach()
