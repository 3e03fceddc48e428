"""Product codes that people type: read strictly, kept in one form, refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from stdnum import ean, isbn
from stdnum.exceptions import ValidationError

#: What people put between the digits of a code, and what spreadsheets put around it.
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u00a0'\"=]+")

_ASIN = re.compile(r"[A-Z0-9]{10}")


class BadIdentifier(ValueError):
    """A text that is not a valid code of its kind; ``problem`` is a word that screens translate.

    ``characters``: others than the kind has; ``length``: too long or too short; ``check``: the
    check digit does not fit the others; ``kind``: there is no such kind of code.
    """

    def __init__(self, kind: str, text: str, problem: str) -> None:
        super().__init__(f"{text} is not a valid {kind.upper()}: {_WORDS[problem]}")
        self.kind, self.text, self.problem = kind, text, problem


_WORDS = {
    "characters": "it has characters that such a code never has.",
    "length": "it has too many or too few characters.",
    "check": "its check digit does not fit; one of its digits is wrong.",
    "kind": "there is no such kind of code.",
}


def clean(kind: str, text: str) -> str:
    """The code in the form that is kept: no dashes or spaces, capitals, an ISBN in 13 digits.

    ``kind`` is asin, ean, upc or isbn. Raises BadIdentifier.
    """
    reader = READERS.get(kind)
    if reader is None:
        raise BadIdentifier(kind, text, "kind")
    try:
        return reader(_SEPARATORS.sub("", text).upper())
    except _Problem as problem:
        raise BadIdentifier(kind, text, str(problem)) from None


class _Problem(Exception):
    """What is wrong with a code, in one word."""


def _asin(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]*", text):
        raise _Problem("characters")
    if not _ASIN.fullmatch(text):
        raise _Problem("length")
    return text


def _digits(text: str, lengths: tuple[int, ...]) -> str:
    if not (text.isascii() and text.isdecimal()):
        raise _Problem("characters")
    if len(text) not in lengths:
        raise _Problem("length")
    try:
        return str(ean.validate(text))
    except ValidationError:
        raise _Problem("check") from None


def _ean(text: str) -> str:
    return _digits(text, (8, 13, 14))


def _upc(text: str) -> str:
    return _digits(text, (12,))


def _isbn(text: str) -> str:
    if len(text) == 13:
        thirteen = _digits(text, (13,))
        if not thirteen.startswith(("978", "979")):
            raise _Problem("characters")
        return thirteen
    if not re.fullmatch(r"[0-9]*X?", text):
        raise _Problem("characters")
    if len(text) != 10:
        raise _Problem("length")
    try:
        return str(isbn.to_isbn13(isbn.validate(text)))
    except ValidationError:
        raise _Problem("check") from None


READERS: Mapping[str, Callable[[str], str]] = {
    "asin": _asin,
    "ean": _ean,
    "upc": _upc,
    "isbn": _isbn,
}


def may_be_pk(text: str) -> bool:
    """Whether what somebody wrote may be the number of a row; databases count to 2 ** 63."""
    return text.isascii() and text.isdecimal() and len(text) < 19


# Amazon's ids go into addresses, and into keys of our own.
_SELLER_ID = re.compile(r"[A-Za-z0-9-]{1,50}")
_APPLICATION_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")


def may_be_seller_id(text: str) -> bool:
    """Whether it has the form of a seller's id (merchant token)."""
    return _SELLER_ID.fullmatch(text) is not None


def may_be_application_id(text: str) -> bool:
    """Whether it has the form of a client id or an application id."""
    return _APPLICATION_ID.fullmatch(text) is not None
