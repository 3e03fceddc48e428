"""The declared fields of an offer on the admin's pages: own values and switches.

The forms are made of the declarations (sync/offers/fields.py) with each request: a field that is
declared is in them. On a page they have names of their own, such as ``own_sale_price`` and
``sends_sale_price``, as a column may have the name of a field.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import new_class
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import Row, RowForm, ScreenPart
from django_amazon_sync.admin.common.formatting import table, value_text
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.models import Listing, Marketplace, SellerSku
from django_amazon_sync.sync.listings.explain import PricesNow
from django_amazon_sync.sync.offers.desired import switches_of
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    LISTING,
    PRICE,
    OfferField,
    own_fields,
    set_own,
)
from django_amazon_sync.sync.offers.price_checks import problems_of_change

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldOpts as FieldOpts
    from django.contrib.admin.options import _FieldsetSpec as Fieldsets
    from django_stubs_ext import StrOrPromise

OWN, SENDS = "own_", "sends_"

_SWITCH = [("", _("as the marketplace")), ("yes", _("sent")), ("no", _("not sent"))]
_MEANT = {"yes": True, "no": False}


class OwnValuesForm(RowForm[Row]):
    """A form of a SKU or listing with the own values of its level: see ``form_of``."""

    level: ClassVar[str] = ""
    may_change_prices: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self._own():
            self.initial[OWN + field.name] = self.row.own_values.get(field.name)
            self.fields[OWN + field.name].disabled = field.is_price and not self.may_change_prices

    @property
    def row(self) -> SellerSku | Listing:
        """The row of the form."""
        assert isinstance(self.instance, SellerSku | Listing)
        return self.instance

    def _own(self) -> Iterable[OfferField]:
        """The fields of this level that are on the form; of who may only look there is none."""
        return (field for field in own_fields(self.level) if OWN + field.name in self.fields)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        for name in self._changed():
            if why := FIELDS[name].why_not_now(data.get(OWN + name)):
                self.add_error(OWN + name, ValidationError(why))
        if isinstance(self.row, Listing):
            self._check_together(self.row, data)
        return data

    def _check_together(self, listing: Listing, data: dict[str, Any]) -> None:
        """Say at the field what does not fit; what was wrong before keeps nothing from saving."""
        if self.errors or not any(FIELDS[name].is_price for name in self._changed()):
            return
        prices, before = PricesNow([listing]), dict(listing.own_values)
        typed = {field.name: data.get(OWN + field.name) for field in self._own()}
        after = {name: value for name, value in {**before, **typed}.items() if value}
        before[PRICE], own_price = prices.of(listing), listing.own_price
        listing.own_price = data.get("own_price", own_price)
        after[PRICE], listing.own_price = prices.of(listing), own_price
        currency = listing.marketplace.facts.currency
        for name, problem in problems_of_change(before, after, currency).items():
            self.add_error("own_price" if name == PRICE else OWN + name, ValidationError(problem))

    def _changed(self) -> set[str]:
        """The names of the fields of an offer whose values here were changed."""
        names = {name.removeprefix(OWN) for name in self.changed_data if name.startswith(OWN)}
        return names & FIELDS.keys()

    def take_own_values(self) -> list[str]:
        """Set the row's own values; returns the columns that changed."""
        changed = [field for field in self._own() if OWN + field.name in self.changed_data]
        for field in changed:
            set_own(self.row, field.name, self.cleaned_data[OWN + field.name])
        return ["own_values"] if changed else []


class ListingSwitchesForm(OwnValuesForm[Listing]):
    """Beside the own values what goes out of this listing, where the marketplace says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words: dict[bool | None, str] = {True: "yes", False: "no"}
        for name in FIELDS:
            self.initial[SENDS + name] = words.get(self.instance.switches.get(name), "")
            _keep_prices(self, name, self.may_change_prices)

    def take_own_values(self) -> list[str]:
        changed = super().take_own_values()
        for name in FIELDS:
            if SENDS + name in self.changed_data:
                self.instance.switches.pop(name, None)
                choice: str = self.cleaned_data[SENDS + name]
                self.instance.switches |= {name: _MEANT[choice]} if choice else {}
                changed.append("switches")
        return list(dict.fromkeys(changed))


def _keep_prices(form: forms.BaseForm, name: str, may_change_prices: bool) -> None:
    """Who may not change prices does not say either whether one is sent."""
    if FIELDS[name].is_price and SENDS + name in form.fields:
        form.fields[SENDS + name].disabled = not may_change_prices


def _sends(field: OfferField) -> str:
    return gettext("Send: %(field)s") % {"field": field.label}


def form_of(
    base: type[forms.ModelForm[Row]], row: SellerSku | Listing, request: HttpRequest
) -> type[forms.ModelForm[Row]]:
    """The form with the own values that a row of this kind has."""
    of_listing = not isinstance(row, SellerSku)
    level = LISTING if of_listing else "sku"
    currency = row.marketplace.facts.currency if isinstance(row, Listing) else ""
    fields = {OWN + field.name: field.form_field(currency) for field in own_fields(level)}
    if of_listing:
        fields |= {
            SENDS + name: forms.ChoiceField(label=_sends(field), choices=_SWITCH, required=False)
            for name, field in FIELDS.items()
        }
    words = {"level": level, "may_change_prices": request.user.has_perm(CHANGE_PRICES)}
    parts = (ListingSwitchesForm if of_listing else OwnValuesForm, base)
    return _made(base, "OfferFieldsForm", parts, {**words, **fields})


def _made(
    base: type[forms.ModelForm[Row]], name: str, parts: tuple[type, ...], words: dict[str, object]
) -> type[forms.ModelForm[Row]]:
    """A form class of these parts, one of which is ``base``, with these attributes."""
    made = new_class(name, parts, exec_body=lambda body: body.update(words))
    assert issubclass(made, base)
    return made


def _folded(fields: tuple[str, ...], description: StrOrPromise) -> FieldOpts:
    """The options of a fieldset that is folded away."""
    return {"fields": fields, "description": description, "classes": ("collapse",)}


class WithOfferFields(ScreenPart[Row]):
    """A screen of SKUs or listings whose page has the own values, and the switches of a listing."""

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        row = obj or self.model()
        assert isinstance(row, SellerSku | Listing)
        kwargs["form"] = form_of(self.form, row, request)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Fieldsets:
        """Who may only look sees what is set in one table."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.has_change_permission(request, obj):
            return [*fieldsets, (_("Your values for Amazon"), {"fields": ("own_values_shown",)})]
        of_listing = self.model is Listing
        own = tuple(OWN + field.name for field in own_fields(LISTING if of_listing else "sku"))
        fieldsets.insert(2, (_("Your values for Amazon"), {"fields": own}))
        if of_listing:
            about = _("Where a field is not sent, Amazon's value stays as it is.")
            shown = ("locked", *(SENDS + name for name in FIELDS))
            fieldsets.insert(3, (_("What is sent"), _folded(shown, about)))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "own_values_shown")

    @admin.display(description=_("your values"))
    def own_values_shown(self, row: SellerSku | Listing) -> str:
        rows = [
            (capfirst(FIELDS[name].label), value_text(name, value))
            for name, value in row.own_values.items()
            if name in FIELDS
        ]
        return table((_("field"), _("value")), rows) or gettext("None.")

    def save_model(
        self, request: HttpRequest, obj: Row, form: forms.ModelForm[Row], change: bool
    ) -> None:
        assert isinstance(form, OwnValuesForm)
        columns = form.take_own_values()
        super().save_model(request, obj, form, change)
        if columns:
            obj.save(update_fields=columns)


class MarketplaceSwitches(RowForm[Marketplace]):
    """What goes to a marketplace of the fields that have no column of their own."""

    may_change_prices: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        switches = switches_of(self.instance)
        for field in own_fields():
            self.initial[SENDS + field.name] = switches.get(field.name, True)
            _keep_prices(self, field.name, self.may_change_prices)

    def take_switches(self) -> None:
        """Set the marketplace's switches."""
        for field in own_fields():
            if SENDS + field.name in self.changed_data:
                self.instance.switches[field.name] = self.cleaned_data[SENDS + field.name]


def marketplace_form(
    base: type[forms.ModelForm[Marketplace]], request: HttpRequest
) -> type[forms.ModelForm[Marketplace]]:
    """The form of a marketplace with a switch for each field."""
    switches = {
        SENDS + field.name: forms.BooleanField(label=_sends(field), required=False)
        for field in own_fields()
    }
    words = {"may_change_prices": request.user.has_perm(CHANGE_PRICES), **switches}
    return _made(base, "SwitchesForm", (MarketplaceSwitches, base), words)


class WithSwitches(ScreenPart[Marketplace]):
    """The screen of a marketplace, with a switch for each field that has no column."""

    def get_form(
        self,
        request: HttpRequest,
        obj: Marketplace | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Marketplace]]:
        kwargs["form"] = marketplace_form(self.form, request)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Marketplace | None = None) -> Fieldsets:
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.has_change_permission(request, obj):
            return fieldsets
        shown = tuple(SENDS + field.name for field in own_fields())
        about = _(
            "A field is sent where you gave it a value, on the page of a SKU or listing; a listing "
            "may say otherwise."
        )
        fieldsets.insert(2, (_("What is sent of your own values"), _folded(shown, about)))
        return fieldsets

    def save_model(
        self,
        request: HttpRequest,
        obj: Marketplace,
        form: forms.ModelForm[Marketplace],
        change: bool,
    ) -> None:
        assert isinstance(form, MarketplaceSwitches)
        form.take_switches()
        super().save_model(request, obj, form, change)
        if any(name.startswith(SENDS) for name in form.changed_data):
            obj.save(update_fields=["switches"])
