"""What staff may set of a SKU or of a listing, one field each: the form for many, and the file.

A field of a column, or of one key of a JSON column. ``None`` is what a row has that staff set
nothing for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.data import minor_units
from django_amazon_sync.models import Listing, SellerSku

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The conditions that Amazon has for a product; a product type may allow fewer.
CONDITIONS = {
    "new_new": _("new"),
    "new_open_box": _("new, open box"),
    "new_oem": _("new, from the manufacturer of a larger product"),
    "refurbished_refurbished": _("refurbished"),
    "used_like_new": _("used, like new"),
    "used_very_good": _("used, very good"),
    "used_good": _("used, good"),
    "used_acceptable": _("used, acceptable"),
    "collectible_like_new": _("collectible, like new"),
    "collectible_very_good": _("collectible, very good"),
    "collectible_good": _("collectible, good"),
    "collectible_acceptable": _("collectible, acceptable"),
    "club_club": _("club"),
}


@dataclass(frozen=True)
class StaffField:
    """One thing that staff set of rows of one model.

    ``form_field`` makes the field that reads a value; ``nothing`` says what holds where nothing is
    set, and is empty where something always is. ``key`` names the value in a JSON column.
    """

    name: str
    label: StrOrPromise
    model: type[Model]
    column: str
    form_field: Callable[[], forms.Field]
    nothing: StrOrPromise = ""
    key: str = ""
    permission: str = ""
    why_not: Callable[[Any, Any], StrOrPromise] = lambda row, value: ""
    to_text: Callable[[Any], str] = lambda value: _as_text(value)
    from_text: Callable[[str], Any] | None = None

    def read(self, row: Any) -> Any:
        """What staff set of the row."""
        stored = getattr(row, self.column)
        return stored.get(self.key) if self.key else stored

    def write(self, row: Any, value: Any) -> None:
        """Set it, without saving the row."""
        if not self.key:
            setattr(row, self.column, value)
            return
        others = {name: one for name, one in getattr(row, self.column).items() if name != self.key}
        setattr(row, self.column, others if value is None else {**others, self.key: value})

    def shown(self, value: Any) -> str:
        """A value for people."""
        if value is None:
            return str(self.nothing) if self.nothing else _now("nothing")
        return self.to_text(value)

    def value_of(self, text: str) -> Any:
        """A value from the text of a file's cell; empty is nothing. Raises ValidationError."""
        text = text.strip()
        if not text:
            if not self.nothing:
                raise ValidationError(_("A value is needed here."))
            return None
        if self.from_text is not None:
            return self.from_text(text)
        return self.form_field().clean(text)

    def allowed(self, request: HttpRequest) -> bool:
        """Whether the user may set it."""
        codename = self.permission or f"change_{self.model._meta.model_name}"
        return request.user.has_perm(f"django_amazon_sync.{codename}")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


_TRUTHS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _truth(text: str) -> bool:
    if text.casefold() not in _TRUTHS:
        raise ValidationError(_("%(text)s is neither yes nor no."), params={"text": text})
    return _TRUTHS[text.casefold()]


def _yes_or_no() -> forms.Field:
    return forms.TypedChoiceField(
        choices=[("", "---------"), ("yes", _("yes")), ("no", _("no"))],
        coerce=_truth,
        empty_value=None,
    )


def _amount_fits(listing: Any, value: Decimal) -> StrOrPromise:
    """A price has no more decimals than the marketplace's currency."""
    currency = listing.marketplace.facts.currency
    decimals = minor_units(currency)
    if value == round(value, decimals):
        return ""
    return _now("%(currency)s has %(number)d decimals.") % {
        "currency": currency,
        "number": decimals,
    }


FIELDS: Sequence[StaffField] = (
    StaffField(
        "synchronise", _("synchronise"), SellerSku, "synchronise", _yes_or_no,
        nothing=_("as the account says"), from_text=_truth,
    ),
    StaffField(
        "condition", _("condition"), SellerSku, "condition",
        lambda: forms.ChoiceField(choices=[("", "---------"), *CONDITIONS.items()]),
    ),
    StaffField(
        "set_quantity", _("set quantity"), SellerSku, "set_quantity",
        lambda: forms.IntegerField(min_value=0, max_value=2**31 - 1),
        nothing=_("none: the shop's stock"),
    ),
    StaffField(
        "synchronise_here", _("synchronise here"), Listing, "synchronise_here", _yes_or_no,
        nothing=_("as its SKU"), from_text=_truth,
    ),
    StaffField(
        "own_price", _("own Amazon price"), Listing, "own_price",
        lambda: forms.DecimalField(min_value=Decimal("0.01"), max_digits=12, decimal_places=2),
        nothing=_("none: the shop's price"), permission="change_price_listing",
        why_not=_amount_fits,
    ),
    StaffField(
        "locked", _("locked"), Listing, "locked", _yes_or_no, from_text=_truth,
    ),
)  # fmt: skip


def fields_of(model: type[Model], request: HttpRequest) -> list[StaffField]:
    """The fields of a model that the user may set."""
    return [one for one in FIELDS if one.model is model and one.allowed(request)]


def set_values(
    row: Any, fields: Iterable[StaffField], values: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Set these values of the row, by name; per changed field what it was and what it is.

    The row is not saved. Raises ValidationError by field.
    """
    changed: dict[str, tuple[Any, Any]] = {}
    faults: dict[str, StrOrPromise] = {}
    for one in fields:
        if one.name not in values:
            continue
        before, after = one.read(row), values[one.name]
        if before == after:
            continue
        fault = one.why_not(row, after) if after is not None else ""
        if fault:
            faults[one.name] = fault
            continue
        one.write(row, after)
        changed[one.name] = (before, after)
    if faults:
        raise ValidationError({name: str(fault) for name, fault in faults.items()})
    return changed
