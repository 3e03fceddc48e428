"""Numbers that staff type, read by one rule on every screen and in files.

Decimals have either sign; what one person reads as a thousand and another as one is refused, and so
are digits other than 0 to 9, as Python reads those of any script.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.sync.offers.field_kinds import (
    Number,
    PriceInput,
    check_one_reading,
    parse_price,
)


class AmountField(forms.Field):
    """A price in one currency, which may be named; its cleaned value is the amount."""

    widget = PriceInput

    def __init__(self, *, currency: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.currency = currency

    def to_python(self, value: Any) -> Decimal | None:
        text = "" if value is None else str(value).strip()
        return parse_price(text, self.currency).amount if text else None


class UnitsField(forms.IntegerField):
    """A number of units."""

    _UNITS = Number(0, 2**31 - 1)

    def to_python(self, value: Any) -> int | None:
        text = "" if value is None else str(value).strip()
        return self._UNITS.parse(text) if text else None


# --- Of settings ----------------------------------------------------------------------------------

#: No number that anybody writes is longer.
LONGEST = 40

#: What Python takes, and nobody means: 1_000, and 1e9 for a price.
_ODD = re.compile(r"_|[0-9.][eE]")


def checked(value: object) -> object:
    """What was written for a number. Raises ValidationError for digits of other scripts, "1_000",
    and what is far too long."""
    text = str(value) if isinstance(value, str) else ""
    if not text.isascii() or _ODD.search(text) or len(text) > LONGEST:
        raise ValidationError(_("Write a number in the digits from 0 to 9."), code="invalid")
    return value


class WholeNumber(forms.IntegerField):
    """Django's own reads "1.000" as one."""

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str):
            check_one_reading(value)
        return super().to_python(checked(value))


class DecimalNumber(forms.DecimalField):
    def to_python(self, value: Any) -> Any:
        return super().to_python(checked(value))


def form_class_of(db_field: models.Field[Any, Any]) -> type[forms.Field] | None:
    """The form's field for a number of a model."""
    if isinstance(db_field, models.DecimalField):
        return DecimalNumber
    return WholeNumber if isinstance(db_field, models.IntegerField) else None
