"""What people type, and what others than staff ask for: forms, cells of a file, addresses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve

from django_amazon_sync.admin.common import number_fields, seen, shown_lines
from django_amazon_sync.admin.products import staff_fields
from django_amazon_sync.rules import barcodes, identifiers, prices
from django_amazon_sync.sync.accounts import cron_key
from django_amazon_sync.sync.offers import field_kinds
from django_amazon_sync.sync.offers.fields import FIELDS

from .targets import check, check_text, may_raise, target


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@target(
    number_fields.checked, number_fields.WholeNumber, number_fields.DecimalNumber,
    number_fields.AmountField, number_fields.UnitsField,
)  # fmt: skip
def typed_numbers(data: bytes) -> None:
    text = _text(data)
    readers: list[forms.Field] = [
        number_fields.WholeNumber(min_value=-1000, max_value=10**6),
        number_fields.DecimalNumber(max_digits=12, decimal_places=4),
        number_fields.AmountField(currency="EUR"),
        number_fields.AmountField(currency="JPY"),
        number_fields.AmountField(),
        number_fields.UnitsField(),
    ]
    for reader in readers:
        with may_raise(ValidationError):
            read = reader.clean(text)
            assert isinstance(read, int | Decimal)
            assert text.isascii()
            assert abs(Decimal(read)) < 10**12


@target(
    *(type(field.kind).parse for field in FIELDS.values()), field_kinds.parse_price,
    field_kinds.check_one_reading, prices.money_of, field_kinds.business_prices,
)  # fmt: skip
def typed_values(data: bytes) -> None:
    """Every field's value; what is shown of it is read as the same."""
    text = _text(data)
    for field in FIELDS.values():
        for currency in ("EUR", ""):
            with may_raise(ValidationError):
                value = field.from_text(text, currency)
                check_text(field.to_text(value).replace("\0", "NUL"))
                again = field.from_text(field.to_text(value), currency)
                assert again == value
                if value:
                    check([field.kind.paid(value), field.kind.least_paid(value)])


@target(staff_fields.StaffField)
def typed_cells(data: bytes) -> None:
    """Every column of the spreadsheet."""
    text = _text(data)
    for field in staff_fields.STAFF_FIELDS:
        with may_raise(ValidationError):
            field.value_of(text, "EUR")


@target(
    identifiers.clean, identifiers.may_be_pk, identifiers.may_be_seller_id,
    identifiers.may_be_application_id, identifiers.BadIdentifier, barcodes.gtin,
)  # fmt: skip
def codes(data: bytes) -> None:
    text = _text(data)
    for kind in (*identifiers.READERS, "other"):
        with may_raise(identifiers.BadIdentifier):
            clean = identifiers.clean(kind, text)
            assert clean.isascii()
            assert clean.isalnum()
            assert identifiers.clean(kind, clean) == clean
    code = barcodes.gtin(text)
    assert code == "" or (len(code) == 14 and code.isascii() and code.isdecimal())
    if identifiers.may_be_pk(text):
        assert 0 <= int(text) < 2**63
    if identifiers.may_be_seller_id(text) or identifiers.may_be_application_id(text):
        assert text.isascii()


@target(cron_key.hash_of)
def cron_request(data: bytes) -> None:
    """A key from a header and from an address, and the address itself."""
    header, _newline, rest = data.partition(b"\n")
    query, _newline, path = rest.partition(b"\n")
    request = HttpRequest()
    request.META["HTTP_X_CRON_KEY"] = header.decode("latin-1")
    request.GET = QueryDict(query)
    key = request.headers.get(cron_key.HEADER) or request.GET.get("key", "")
    assert len(cron_key.hash_of(key)) == 64
    with may_raise(Resolver404):
        found = resolve(f"/amazon/cron/{path.decode('utf-8', 'replace')}")
        assert callable(found.func)


@target(seen.marks_in, seen.Seen, shown_lines.ShownLines)
def marks(data: bytes) -> None:
    """What a list's form carries of the rows that it showed."""
    request = HttpRequest()
    request.method = "POST"
    sent = QueryDict(mutable=True)
    sent.setlist(seen.SEEN, _text(data).split("\n"))
    sent["lines_to"] = _text(data)
    request.POST = cast("Any", sent)
    marks = seen.marks_in(request)
    assert all(0 <= pk < 2**63 for pk in marks)
    assert seen.Seen.of(seen.Seen.of(_text(data)).text) is not None
    assert 0 <= (shown_lines.ShownLines.newest_of(request) or 0) < 2**63
