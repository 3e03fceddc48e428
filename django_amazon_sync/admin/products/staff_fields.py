"""What staff may set of a SKU or of a listing, one field each: the form for many, and the file.

A field is a column, the own value of one of the offer's declared fields (sync/offers/fields.py), or
the switch that says whether such a field is sent. ``None`` stands where staff set nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.prices import check_own_price
from django_amazon_sync.admin.products.conditions import CONDITIONS
from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.models.listings import price_text
from django_amazon_sync.sync.offers import fields as declared
from django_amazon_sync.sync.offers.fields import OfferField, own_fields
from django_amazon_sync.sync.offers.price_checks import problems_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class StaffField:
    """One thing that staff set of rows of one model: a column of it, unless a subclass says more.

    ``nothing`` says what holds where nothing is set, and is empty where something always is.
    """

    name: str
    label: StrOrPromise
    model: type[Model]
    column: str
    nothing: StrOrPromise = ""
    permission: str = ""

    def read(self, row: Any) -> Any:
        """What staff set of the row."""
        return getattr(row, self.column)

    def write(self, row: Any, value: Any) -> None:
        """Set it, without saving the row."""
        setattr(row, self.column, value)

    def form_field(self, currency: str = "") -> forms.Field:
        """What reads a value of a form; prices are in ``currency``, or name theirs."""
        raise NotImplementedError

    def to_text(self, value: Any) -> str:
        """A value as a file has it; empty for none."""
        return "" if value is None else str(value)

    def from_text(self, text: str, currency: str) -> Any:
        """The value of a text that is not empty. Raises ValidationError."""
        return self.form_field(currency).clean(text)

    def value_of(self, text: str, currency: str = "") -> Any:
        """The value of a file's cell; empty is nothing. Raises ValidationError."""
        return self.from_text(text.strip(), currency) if text.strip() else None

    def why_not(self, row: Any, value: Any) -> str:
        """Why this row cannot have this value; empty where it can."""
        return ""

    def shown(self, value: Any) -> str:
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

    def to_text(self, value: Any) -> str:
        return {True: "yes", False: "no"}.get(value, "")

    def from_text(self, text: str, currency: str) -> bool:
        return _truth(text)

    def shown(self, value: Any) -> str:
        words = {True: gettext("yes"), False: gettext("no")}
        return words[value] if value is not None else super().shown(value)


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
        return forms.IntegerField(min_value=0, max_value=2**31 - 1)


class OwnPrice(StaffField):
    """An amount in the currency of the listing's marketplace."""

    def form_field(self, currency: str = "") -> forms.Field:
        return forms.DecimalField(min_value=Decimal("0.01"), max_digits=12, decimal_places=2)

    def why_not(self, row: Any, value: Any) -> str:
        try:
            check_own_price(value, row.marketplace.facts.currency)
        except ValidationError as fault:
            return " ".join(fault.messages)
        return ""


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

    def read(self, row: Any) -> Any:
        return row.own_values.get(self.name)

    def write(self, row: Any, value: Any) -> None:
        row.own_values = dict(row.own_values)  # the rows of a file may share it with what they were
        declared.set_own(row, self.name, value)

    def form_field(self, currency: str = "") -> forms.Field:
        return self.field.form_field(currency)

    def to_text(self, value: Any) -> str:
        return self.field.to_text(value)

    def from_text(self, text: str, currency: str) -> Any:
        return self.field.from_text(text, currency)


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

    def read(self, row: Any) -> Any:
        return row.switches.get(self.field)

    def write(self, row: Any, value: Any) -> None:
        others = {name: one for name, one in row.switches.items() if name != self.field}
        row.switches = others if value is None else {**others, self.field: value}


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
    *(OwnValue.of(one) for one in own_fields()),
    YesOrNo("locked", _("locked"), Listing, "locked"),
    *(Switch.of(one) for one in declared.FIELDS.values()),
)  # fmt: skip


def fields_of(model: type[Model], request: HttpRequest) -> list[StaffField]:
    """The fields of a model that the user may set."""
    return [one for one in STAFF_FIELDS if one.model is model and one.allowed(request)]


def set_values(
    row: Any, fields: Iterable[StaffField], values: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Set these values of the row, by name; per changed field what it was and what it is.

    The row is not saved. Raises ValidationError by field.
    """
    changed: dict[str, tuple[Any, Any]] = {}
    faults: dict[str, str] = {}
    for one in fields:
        if one.name not in values:
            continue
        before, after = one.read(row), values[one.name]
        if before == after:
            continue
        if after is not None and (fault := one.why_not(row, after)):
            faults[one.name] = fault
            continue
        one.write(row, after)
        changed[one.name] = (before, after)
    if not faults:
        faults = misfits(row, changed)
    if faults:
        raise ValidationError(faults)
    return changed


def misfits(row: Any, changed: Iterable[str]) -> dict[str, str]:
    """Which of the changed values do not fit the row's others, and why: a sale above the price."""
    prices = {"own_price", *(one.name for one in own_fields() if one.is_price)}
    names = [name for name in changed if name in prices]
    if not names or not isinstance(row, Listing):
        return {}
    currency = row.marketplace.facts.currency
    known = dict(row.own_values)
    if row.own_price is not None:
        known[declared.PRICE] = price_text(row.own_price, currency)
    problems = {
        "own_price" if name == declared.PRICE else name: why
        for name, why in problems_of(known, currency).items()
    }
    mine = {name: why for name, why in problems.items() if name in names}
    # What another value says of a changed one is told at the changed one.
    return mine or ({names[0]: " ".join(problems.values())} if problems else {})
