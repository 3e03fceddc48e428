"""Reading Amazon's JSON documents, in which anything may be missing, null, new or odd.

See docs/amazon.md#anything-may-be-new.
What is absent reads as empty. Only an amount of money that is not one is an error, as a guess
would be worse than none.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import NoReturn

from django_amazon_sync.data import Json, JsonObject, Money
from django_amazon_sync.errors import Unreadable

# What no database column takes: NUL, and halves of surrogate pairs, which JSON can smuggle in.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST_WHOLE = 2**31 - 1

#: Values within each other, and altogether, in one answer: a hundred orders have some ten thousand.
_DEEPEST, MOST_VALUES = 50, 2_000_000
_BEFORE_A_VALUE = (b",", b"[", b"{")

# Digits of our own script only, and no exponent that takes a decimal to its limits.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_LONGEST_NUMBER = 60
#: No price is as much, and no column holds it.
TOO_LARGE = Decimal(10**10)

# Amazon sold nothing before, and promises nothing for after.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200


def obj(value: object) -> JsonObject:
    """A JSON object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def objs(value: object) -> list[JsonObject]:
    """The objects of a JSON array; whatever else stands among them is left out."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def text(value: object, most: int | None = None) -> str:
    """A string that can be stored, else as it came, of at most so many characters.

    A number is as it is written; what is neither is empty.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _written(value)
    return _UNSTORABLE.sub("", value)[:most] if isinstance(value, str) else ""


def _written(value: float) -> str:
    """A number as text; one of more digits than anything has is none."""
    return str(value) if not abs(value) >= 10**_LONGEST_NUMBER else ""


def storable(value: Json, deepest: int = _DEEPEST) -> Json:
    """A document without what no database takes, else as it came.

    What lies deeper in it than anything of Amazon's is left out.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, dict | list) and not deepest:
        return None
    if isinstance(value, dict):
        return {text(key): storable(part, deepest - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [storable(part, deepest - 1) for part in value]
    return value


def parsed(document: bytes) -> Json:
    """A whole JSON document. Raises ValueError for what is none, or has too many parts.

    Thirty megabytes of brackets are eleven million objects, and a gigabyte of memory.
    """
    if sum(map(document.count, _BEFORE_A_VALUE)) > MOST_VALUES:
        raise ValueError("The document has more values than any of Amazon's.")
    try:
        read: Json = json.loads(document, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("The document is nested deeper than any of Amazon's.") from None
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def number_in(value: object) -> Decimal | None:
    """A number that is written as one, in digits from 0 to 9; else None."""
    written = text(value).strip()
    if len(written) > _LONGEST_NUMBER or not _NUMBER.fullmatch(written):
        return None
    return Decimal(written)


def texts(value: object, most: int | None = None) -> tuple[str, ...]:
    """The non-empty strings of a JSON array, each of at most so many characters."""
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, (text(part, most) for part in value)))


def whole(value: object) -> int | None:
    """A whole number from 0 to 2,147,483,647, also where it is written "2" or 2.0; or None."""
    number = number_in(value)
    if number is None or not 0 <= number <= _LARGEST_WHOLE or number != int(number):
        return None
    return int(number)


def moment(value: object) -> datetime | None:
    """An ISO 8601 time of 1990 to 2200 as aware UTC; one without a zone is UTC already; or None."""
    try:
        read = datetime.fromisoformat(text(value))
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _of_this_age(read)


def header_moment(value: str) -> datetime | None:
    """The time of a Date header, of 1990 to 2200, as aware UTC; or None."""
    try:
        read = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _of_this_age(read)


def _of_this_age(read: datetime) -> datetime | None:
    return read if _FIRST_YEAR <= read.year < _LAST_YEAR else None


def money(value: object) -> Money | None:
    """An amount with its currency, or None where Amazon names none.

    Raises Unreadable where the amount is not a number that could be a price.
    """
    fields = obj(value)
    written = fields.get("amount")
    if written is None:
        return None
    currency = text(fields.get("currencyCode") or fields.get("currency"))
    return Money(amount(written), currency)


def amount(written: object) -> Decimal:
    """A decimal of at most 10 digits before and 10 after the point; raises Unreadable."""
    number = number_in(written)
    if number is None:
        raise Unreadable("Amazon's document holds an amount that is not a number.")
    if abs(number) >= TOO_LARGE or number != round(number, 10):
        raise Unreadable("Amazon's document holds an amount that no price can have.")
    return number
