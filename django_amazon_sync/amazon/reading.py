"""Reading Amazon's JSON documents, in which anything may be missing, null, new or odd.

See docs/amazon.md#anything-may-be-new.
What is absent reads as empty. Only an amount of money that is not one is an error, as a guess
would be worse than none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from django_amazon_sync.data import JsonObject, Money
from django_amazon_sync.errors import Unreadable

# What no database column takes: NUL, and halves of surrogate pairs, which JSON can smuggle in.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST_WHOLE = 2**31 - 1


def obj(value: object) -> JsonObject:
    """A JSON object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def objs(value: object) -> list[JsonObject]:
    """The objects of a JSON array; whatever else stands among them is left out."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string that can be stored, else as it came; a number as it is written; else empty."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else ""


def texts(value: object) -> tuple[str, ...]:
    """The non-empty strings of a JSON array."""
    return tuple(filter(None, map(text, value))) if isinstance(value, list) else ()


def whole(value: object) -> int | None:
    """A whole number from 0 to 2,147,483,647, also where it is written "2" or 2.0; or None."""
    try:
        number = Decimal(text(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number <= _LARGEST_WHOLE or number != int(number):
        return None
    return int(number)


def moment(value: object) -> datetime | None:
    """An ISO 8601 time as aware UTC; one without a zone is UTC already; or None."""
    try:
        read = datetime.fromisoformat(text(value))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


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
    """A decimal of at most 15 digits before and 10 after the point; raises Unreadable."""
    try:
        number = Decimal(text(written))
    except InvalidOperation:
        raise Unreadable("Amazon's document holds an amount that is not a number.") from None
    if not number.is_finite() or abs(number) >= 10**15 or number != round(number, 10):
        raise Unreadable("Amazon's document holds an amount that no price can have.")
    return number
