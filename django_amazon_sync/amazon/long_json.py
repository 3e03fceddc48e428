"""Reads a JSON document that is too long for memory: an object with long arrays in it.

One pass, a member or an element at a time, by the standard library's decoder. (ijson names the
place of every value, so that a few kilobytes of brackets, each in the other, fill gigabytes.)
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, NoReturn

from django_amazon_sync.data import Json
from django_amazon_sync.errors import Unreadable

_BYTES_PER_READ = 256 * 1024
# A listing with all its facts takes some kilobytes; a fault in one is not sought to the end.
_LONGEST_VALUE = 8 * 1024**2
_AFTER_VALUE = frozenset(" \t\r\n,:]}")
_SPACE = re.compile(r"[ \t\r\n]*")


def members(file: BinaryIO) -> Iterator[tuple[str, Json]]:
    """Each member of the document's object as (key, value); of an array, each element as such.

    A key with an empty array does not come. Raises Unreadable where the document is not an object,
    is cut short, or is not JSON in UTF-8; what was read by then has come.
    """
    document = _Document(file)
    document.expect("{")
    for _member in _parts(document, "}"):
        key = document.value()
        if not isinstance(key, str):
            _fail()
        document.expect(":")
        if document.next_sign() == "[":
            for element in _elements(document):
                yield key, element
        else:
            yield key, document.value()
    document.expect("}")
    document.expect("")


def _elements(document: _Document) -> Iterator[Json]:
    document.expect("[")
    for _element in _parts(document, "]"):
        yield document.value()
    document.expect("]")


def _parts(document: _Document, end: str) -> Iterator[None]:
    """Stops before each part, for it to be read; a comma tells that another one follows."""
    if document.next_sign() != end:
        yield
        while document.comma():
            yield


class _Document:
    """A place in a document, and the part of its text that is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._read = codecs.getreader("utf-8-sig")(file).read
        self._text = ""
        self._at = 0

    def next_sign(self) -> str:
        """The next character that is not a space, empty at the document's end."""
        while True:
            self._at = self._after_space()
            if self._at < len(self._text) or not self._read_on():
                return self._text[self._at : self._at + 1]

    def expect(self, sign: str) -> None:
        if self.next_sign() != sign:
            _fail()
        self._at += 1

    def comma(self) -> bool:
        """Step over a comma; False where there is none."""
        there = self.next_sign() == ","
        self._at += there
        return there

    def value(self) -> Json:
        """The next value, of whatever kind."""
        self.next_sign()
        while len(self._text) - self._at <= _LONGEST_VALUE:
            try:
                value, end = _decode(self._text, self._at)
            except RecursionError:
                _fail()
            except ValueError:
                end = len(self._text)
            if self._text[end : end + 1] in _AFTER_VALUE:  # else more of a number may follow
                self._at = end
                return value
            if not self._read_on():
                break
        _fail()

    def _after_space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        return found.end() if found else self._at

    def _read_on(self) -> bool:
        """Read at least as much again as is unread, so that a long value is tried a few times."""
        rest = self._text[self._at :]
        try:
            more = self._read(max(_BYTES_PER_READ, len(rest)))
        except UnicodeDecodeError:
            _fail()
        self._text, self._at = rest + more, 0
        return bool(more)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


_decode: Callable[[str, int], tuple[Json, int]] = json.JSONDecoder(
    parse_constant=_no_constant
).raw_decode


def _fail() -> NoReturn:
    raise Unreadable("Amazon's document ends too early, or is not JSON at all.") from None
