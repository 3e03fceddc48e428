"""Numbers that staff type are read by one rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.test import RequestFactory

from django_amazon_sync.admin.common.number_fields import (
    AmountField,
    DecimalNumber,
    UnitsField,
    WholeNumber,
)
from tests.admin.rows import OURS


@pytest.mark.parametrize("text", ["12.90", "12,90", " 12,9 ", "12.90 EUR"])
def test_an_amount_has_either_sign(text: str) -> None:
    assert AmountField(currency="EUR").clean(text) == Decimal("12.90")


@pytest.mark.parametrize("text", ["1.234", "1,234", "-1", "0", "12.905", "9 USD", "NaN", "\u0663"])
def test_an_amount_that_is_none_or_can_be_read_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        AmountField(currency="EUR").clean(text)


def test_an_amount_changes_by_its_value_only() -> None:
    field = AmountField(currency="EUR", required=False)
    assert not field.has_changed(Decimal("12.90"), "12,9")
    assert field.has_changed(Decimal("12.90"), "12.91")
    assert field.clean("") is None


@pytest.mark.parametrize("text", ["1.000", "1,000", "1.0", "-1", "1e3", "\u0663", "2147483648"])
def test_units_are_whole_and_read_one_way(text: str) -> None:
    """Django's own field reads "1.000" as 1, which is a thousand to half of the world."""
    with pytest.raises(ValidationError):
        UnitsField().clean(text)
    assert UnitsField().clean("1000") == 1000


# --- Of settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["٣", "１２", "1_0", "९", "9" * 5000, "1e400", "NaN", "²"])
@pytest.mark.parametrize("field", [WholeNumber(), DecimalNumber()])
def test_other_digits_are_refused(field: forms.Field, odd: str) -> None:
    with pytest.raises(ValidationError):
        field.clean(odd)


@pytest.mark.parametrize("text", ["1.000", "1,000"])
def test_a_thousand_in_a_setting_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValidationError):
        WholeNumber().clean(text)


def test_plain_numbers_are_read() -> None:
    assert WholeNumber().clean(" 12 ") == 12
    assert DecimalNumber().clean("12.50") == Decimal("12.50")
    assert WholeNumber(required=False).clean("") is None


@pytest.mark.parametrize("model", OURS)
def test_every_number_of_a_screen_is_one_of_these(model: Any, admin_user: Any) -> None:
    request = RequestFactory().get("/")
    request.user = admin_user
    screen = admin.site._registry[model]
    for column in model._meta.concrete_fields:
        if isinstance(column, models.DecimalField | models.IntegerField) and not column.choices:
            made = screen.formfield_for_dbfield(column, request)
            assert made is None or isinstance(made, WholeNumber | DecimalNumber), column
