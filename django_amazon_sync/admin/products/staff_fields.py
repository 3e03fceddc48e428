"""What staff may set of a SKU or of a listing, one field each: the form for many, and the file.

A field is a column, the own value of one of the offer's declared fields (sync/offers/fields.py), or
the switch that says whether such a field is sent. ``None`` stands where staff set nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.number_fields import UnitsField
from django_amazon_sync.admin.products.conditions import CONDITIONS
from django_amazon_sync.data import FieldValue, FieldValues, Money
from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.rules.prices import money_of
from django_amazon_sync.sync.offers import fields as declared
from django_amazon_sync.sync.offers.fields import OfferField, own_fields
from django_amazon_sync.sync.offers.price_checks import problems_of_change

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: A row that staff set something of.
StaffRow = SellerSku | Listing

#: What staff set of a row: of a column, an own value, or a switch.
StaffValue: TypeAlias = "FieldValue | Decimal"

#: What a listing is sold at ("9.90 EUR"), by its own price or a rule; empty where nobody knows.
PriceOf: TypeAlias = "Callable[[Listing], str]"


def nobody_knows(listing: Listing) -> str:
    """For who sets nothing that has to fit a price."""
    return ""


_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class StaffField:
    """One thing that staff set of rows of one model: a column of it, unless a subclass says more.

    ``nothing`` says what holds where nothing is set, and is empty where something always is.
    """

    name: str
    label: StrOrPromise
    model: type[SellerSku] | type[Listing]
    column: str
    nothing: StrOrPromise = ""
    permission: str = ""

    def read(self, row: StaffRow) -> StaffValue:
        """What staff set of the row."""
        value: StaffValue = getattr(row, self.column)
        return value

    def write(self, row: StaffRow, value: StaffValue) -> None:
        """Set it, without saving the row."""
        setattr(row, self.column, value)

    def form_field(self, currency: str = "") -> forms.Field:
        """What reads a value of a form; prices are in ``currency``, or name theirs."""
        raise NotImplementedError

    def to_text(self, value: StaffValue) -> str:
        """A value as a file has it; empty for none."""
        return "" if value is None else str(value)

    def from_text(self, text: str, currency: str) -> StaffValue:
        """The value of a text that is not empty. Raises ValidationError."""
        value: StaffValue = self.form_field(currency).clean(text)
        return value

    def value_of(self, text: str, currency: str = "") -> StaffValue:
        """The value of a file's cell; empty is nothing. Raises ValidationError."""
        return self.from_text(text.strip(), currency) if text.strip() else None

    def why_not(self, row: StaffRow, value: StaffValue) -> str:
        """Why this row cannot have this value; empty where it can."""
        return ""

    def shown(self, value: StaffValue) -> str:
        """A value for people."""
        if value is None:
            return str(self.nothing) if self.nothing else gettext("nothing")
        return self.to_text(value)

    def allowed(self, request: HttpRequest) -> bool:
        """Whether the user may set it."""
        codename = self.permission or f"change_{self.model._meta.model_name}"
        return request.user.has_perm(f"django_amazon_sync.{codename}")


class YesOrNo(StaffField):
    """A truth."""

    def form_field(self, currency: str = "") -> forms.Field:
        return forms.TypedChoiceField(
            choices=[("", "---------"), ("yes", _("yes")), ("no", _("no"))],
            coerce=_truth,
            empty_value=None,
        )

    def to_text(self, value: StaffValue) -> str:
        if value is None:
            return ""
        return "yes" if value else "no"

    def from_text(self, text: str, currency: str) -> bool:
        return _truth(text)

    def shown(self, value: StaffValue) -> str:
        if value is None:
            return super().shown(value)
        return gettext("yes") if value else gettext("no")


def _truth(text: str) -> bool:
    if text.casefold() not in _TRUTHS:
        raise ValidationError(_("%(text)s is neither yes nor no."), params={"text": text})
    return _TRUTHS[text.casefold()]


class Condition(StaffField):
    """One of Amazon's conditions."""

    def form_field(self, currency: str = "") -> forms.Field:
        return forms.ChoiceField(choices=[("", "---------"), *CONDITIONS.items()])


class Units(StaffField):
    """A number of units."""

    def form_field(self, currency: str = "") -> forms.Field:
        return UnitsField()


class OwnPrice(StaffField):
    """A price of the listing, which is in the currency of its marketplace; kept as "9.90 EUR"."""

    def read(self, row: StaffRow) -> StaffValue:
        assert isinstance(row, Listing)
        if row.own_price is None:
            return None
        return str(Money(Decimal(row.own_price), row.marketplace.facts.currency).rounded())

    def write(self, row: StaffRow, value: StaffValue) -> None:
        assert isinstance(row, Listing)
        row.own_price = money_of(value).amount if isinstance(value, str) else None

    def form_field(self, currency: str = "") -> forms.Field:
        return declared.FIELDS[declared.PRICE].form_field(currency)

    def to_text(self, value: StaffValue) -> str:
        """A file has the amount, as its column names the marketplace."""
        return str(value).partition(" ")[0] if value else ""

    def shown(self, value: StaffValue) -> str:
        return str(value) if value else super().shown(value)

    def why_not(self, row: StaffRow, value: StaffValue) -> str:
        assert isinstance(row, Listing)
        assert isinstance(value, str)
        price, currency = money_of(value), row.marketplace.facts.currency
        if price.currency == currency:
            return ""
        text = gettext("The price is in %(named)s, and the marketplace's currency is %(own)s.")
        return text % {"named": price.currency, "own": currency}


@dataclass(frozen=True)
class OwnValue(StaffField):
    """The own value of a declared field."""

    field: OfferField = declared.FIELDS[declared.HANDLING_TIME]

    @classmethod
    def of(cls, field: OfferField) -> OwnValue:
        """The field as staff set it, of the SKU or of the listing."""
        return cls(
            field.name,
            field.label,
            SellerSku if field.level == declared.SKU else Listing,
            "own_values",
            nothing=_("none: as Amazon has it"),
            permission="change_price_listing" if field.is_price else "",
            field=field,
        )

    def read(self, row: StaffRow) -> StaffValue:
        value: StaffValue = row.own_values.get(self.name)
        return value

    def write(self, row: StaffRow, value: StaffValue) -> None:
        assert not isinstance(value, Decimal)
        row.own_values = dict(row.own_values)  # the rows of a file may share it with what they were
        declared.set_own(row, self.name, value)

    def form_field(self, currency: str = "") -> forms.Field:
        return self.field.form_field(currency)

    def why_not(self, row: StaffRow, value: StaffValue) -> str:
        assert not isinstance(value, Decimal)
        return self.field.why_not_now(value)

    def to_text(self, value: StaffValue) -> str:
        assert not isinstance(value, Decimal)
        return self.field.to_text(value)

    def from_text(self, text: str, currency: str) -> StaffValue:
        value: StaffValue = self.field.from_text(text, currency)
        return value


@dataclass(frozen=True)
class Switch(YesOrNo):
    """Whether a field of a listing is sent, where that differs from its marketplace."""

    field: str = ""

    @classmethod
    def of(cls, field: OfferField) -> Switch:
        """The switch of this field."""
        return cls(
            f"send_{field.name}",
            format_lazy(_("send the {field}"), field=field.label),
            Listing,
            "switches",
            nothing=_("as the marketplace says"),
            permission="change_price_listing" if field.is_price else "",
            field=field.name,
        )

    def read(self, row: StaffRow) -> StaffValue:
        assert isinstance(row, Listing)
        value: bool | None = row.switches.get(self.field)
        return value

    def write(self, row: StaffRow, value: StaffValue) -> None:
        assert isinstance(row, Listing)
        others = {name: on for name, on in row.switches.items() if name != self.field}
        row.switches = others if value is None else {**others, self.field: bool(value)}


STAFF_FIELDS: Sequence[StaffField] = (
    YesOrNo(
        "synchronise", _("synchronise"), SellerSku, "synchronise",
        nothing=_("as the account says"),
    ),
    Condition("condition", _("condition"), SellerSku, "condition"),
    Units(
        "set_quantity", _("set quantity"), SellerSku, "set_quantity",
        nothing=_("none: the shop's stock"),
    ),
    YesOrNo(
        "synchronise_here", _("synchronise here"), Listing, "synchronise_here",
        nothing=_("as its SKU"),
    ),
    OwnPrice(
        "own_price", _("own Amazon price"), Listing, "own_price",
        nothing=_("none: the shop's price"), permission="change_price_listing",
    ),
    *(OwnValue.of(field) for field in own_fields()),
    YesOrNo("locked", _("locked"), Listing, "locked"),
    *(Switch.of(field) for field in declared.FIELDS.values()),
)  # fmt: skip


def fields_of(model: type[SellerSku] | type[Listing], request: HttpRequest) -> list[StaffField]:
    """The fields of a model that the user may set."""
    return [field for field in STAFF_FIELDS if field.model is model and field.allowed(request)]


def set_values(
    row: StaffRow,
    fields: Iterable[StaffField],
    values: Mapping[str, StaffValue],
    price_of: PriceOf = nobody_knows,
) -> dict[str, tuple[StaffValue, StaffValue]]:
    """Set these values of the row, by name; per changed field what it was and what it is.

    ``price_of`` says what a listing is sold at. The row is not saved. Raises ValidationError by
    field.
    """
    changed: dict[str, tuple[StaffValue, StaffValue]] = {}
    faults: dict[str, str] = {}
    priced_before = priced(row, price_of)
    for field in fields:
        if field.name not in values:
            continue
        before, after = field.read(row), values[field.name]
        if before == after:
            continue
        if after is not None and (fault := field.why_not(row, after)):
            faults[field.name] = fault
            continue
        field.write(row, after)
        changed[field.name] = (before, after)
    if not faults and isinstance(row, Listing):
        faults = misfits(row, priced_before, priced(row, price_of))
    if faults:
        raise ValidationError(faults)
    return changed


def are_prices(fields: Iterable[StaffField]) -> bool:
    """Whether one of these has to fit the other prices of its listing."""
    names = {"own_price", *(field.name for field in own_fields() if field.is_price)}
    return any(field.name in names for field in fields)


def priced(row: StaffRow, price_of: PriceOf) -> FieldValues:
    """The own values of a listing and what it is sold at."""
    if not isinstance(row, Listing):
        return {}
    return {**row.own_values, declared.PRICE: price_of(row)}


def misfits(row: Listing, before: FieldValues, after: FieldValues) -> dict[str, str]:
    """Which changed value does not fit the listing's others, and why: a sale above the price."""
    problems = problems_of_change(before, after, row.marketplace.facts.currency)
    return {"own_price" if name == declared.PRICE else name: why for name, why in problems.items()}
