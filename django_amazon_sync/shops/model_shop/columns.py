"""Values made to fit the shop's columns: what Amazon sends need not please them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Field, Model

from django_amazon_sync.errors import ShopRefused


def fitting(model: type[Model], values: Mapping[str, object]) -> dict[str, object]:
    """The values of columns that the mapping names, as those can hold them.

    Texts are cut and lose NUL characters, which PostgreSQL refuses; amounts are rounded to the
    column's decimals. Raises ShopRefused where an amount is too large.
    """
    return {
        name: _fitting(model._meta.get_field(name), value)
        for name, value in values.items()
        if name  # an empty name: the shop has no such column
    }


def _fitting(field: object, value: object) -> object:
    if isinstance(value, str) and isinstance(field, Field):
        return value.replace("\x00", "")[: field.max_length]
    if isinstance(value, Decimal) and isinstance(field, DecimalField):
        return rounded(field, value)
    return value


def rounded(field: DecimalField[object, object], amount: Decimal) -> Decimal:
    """The amount in the column's decimals, halves up. Raises ShopRefused if it is too large."""
    digits, places = field.max_digits, field.decimal_places
    step = Decimal(1).scaleb(-places)
    if abs(amount) >= Decimal(10) ** (digits - places) - step / 2:
        raise ShopRefused(
            f"The amount {amount} is too large for the column {field.name}; place the order by "
            "hand, or let the column hold more digits."
        )
    return amount.quantize(step, rounding=ROUND_HALF_UP)


def value_of_choice(field: Field[object, object], code: str) -> object:
    """What the column holds for the code of a menu. Raises ShopRefused."""
    try:
        return field.to_python(code)
    except ValidationError as fault:
        raise ShopRefused(f"{code} cannot stand in the column {field.name}.") from fault
