"""The declared fields of an offer on the admin's pages: own values and switches.

The forms are made of the declarations (sync/offers/fields.py) with each request: a field that is
declared is in them. On a page they have names of their own, such as ``own_sale_price`` and
``sends_sale_price``, as a column may have the name of a field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.formatting import table, value_text
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.models import Listing, Marketplace, SellerSku
from django_amazon_sync.sync.offers.desired import switches_of
from django_amazon_sync.sync.offers.fields import (
    FIELDS,
    LISTING,
    MAXIMUM_PRICE,
    MINIMUM_PRICE,
    PRICE,
    OfferField,
    own_fields,
    set_own,
)
from django_amazon_sync.sync.offers.price_checks import problems_of

OWN, SENDS = "own_", "sends_"

_SWITCH = [("", _("as the marketplace")), ("yes", _("sent")), ("no", _("not sent"))]
_MEANT = {"yes": True, "no": False}


class OwnValuesForm(forms.ModelForm):  # type: ignore[type-arg]  # it cannot be subscripted
    """A form of a SKU or listing with the own values of its level: see ``form_of``."""

    level: ClassVar[str] = ""
    may_change_prices: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self._own():
            self.initial[OWN + one.name] = self.instance.own_values.get(one.name)
            field = self.fields[OWN + one.name]
            field.disabled = one.is_price and not self.may_change_prices

    def _own(self) -> Iterable[OfferField]:
        """The fields of this level that are on the form; of who may only look there is none."""
        return (one for one in own_fields(self.level) if OWN + one.name in self.fields)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if isinstance(self.instance, Listing):
            self._check_together(self.instance, data)
        return data

    def _check_together(self, listing: Listing, data: dict[str, Any]) -> None:
        """Say at the field what does not fit; what was wrong before keeps nothing from saving."""
        currency = listing.marketplace.facts.currency
        price = listing.accepted.get(PRICE)
        if own := data.get("own_price", listing.own_price):
            price = f"{own} {currency}"
        values = {PRICE: price} | {
            one.name: data[OWN + one.name] for one in self._own() if data.get(OWN + one.name)
        }
        changed = set(self.changed_data)
        for name, problem in problems_of(values, currency).items():
            at = [OWN + name]
            if name == PRICE:
                at = ["own_price", OWN + MINIMUM_PRICE, OWN + MAXIMUM_PRICE]
            for place in at:
                if place in changed and place in self.fields:
                    self.add_error(place, ValidationError(problem))
                    break

    def take_own_values(self) -> list[str]:
        """Set the row's own values; returns the columns that changed."""
        changed = [one for one in self._own() if OWN + one.name in self.changed_data]
        for one in changed:
            set_own(self.instance, one.name, self.cleaned_data[OWN + one.name])
        return ["own_values"] if changed else []


class ListingSwitchesForm(OwnValuesForm):
    """Beside the own values what goes out of this listing, where the marketplace says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {True: "yes", False: "no"}
        for name in FIELDS:
            self.initial[SENDS + name] = words.get(self.instance.switches.get(name), "")
            _keep_prices(self, name, self.may_change_prices)

    def take_own_values(self) -> list[str]:
        changed = super().take_own_values()
        for name in FIELDS:
            if SENDS + name in self.changed_data:
                self.instance.switches.pop(name, None)
                choice = self.cleaned_data[SENDS + name]
                self.instance.switches |= {name: _MEANT[choice]} if choice else {}
                changed.append("switches")
        return list(dict.fromkeys(changed))


def _keep_prices(form: forms.BaseForm, name: str, may_change_prices: bool) -> None:
    """Who may not change prices does not say either whether one is sent."""
    if FIELDS[name].is_price and SENDS + name in form.fields:
        form.fields[SENDS + name].disabled = not may_change_prices


def _sends(one: OfferField) -> str:
    return gettext("Send: %(field)s") % {"field": one.label}


def form_of(
    base: type[forms.ModelForm[Any]], row: SellerSku | Listing | None, request: HttpRequest
) -> type[OwnValuesForm]:
    """The form with the own values that a row of this kind has."""
    of_listing = not isinstance(row, SellerSku)
    level = LISTING if of_listing else "sku"
    currency = row.marketplace.facts.currency if isinstance(row, Listing) else ""
    fields: dict[str, Any] = {OWN + one.name: one.form_field(currency) for one in own_fields(level)}
    if of_listing:
        fields |= {
            SENDS + name: forms.ChoiceField(label=_sends(one), choices=_SWITCH, required=False)
            for name, one in FIELDS.items()
        }
    words = {"level": level, "may_change_prices": request.user.has_perm(CHANGE_PRICES)}
    parts = (ListingSwitchesForm if of_listing else OwnValuesForm, base)
    made = cast(Any, type(base))("OfferFieldsForm", parts, {**words, **fields})
    return cast(type[OwnValuesForm], made)


class WithOfferFields(admin.ModelAdmin):  # type: ignore[type-arg]  # it cannot be subscripted
    """A screen of SKUs or listings whose page has the own values, and the switches of a listing."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = form_of(self.form, obj or self.model(), request)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look sees what is set in one table."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.has_change_permission(request, obj):
            return [*fieldsets, (_("Your values for Amazon"), {"fields": ("own_values_shown",)})]
        of_listing = self.model is Listing
        own = tuple(OWN + one.name for one in own_fields(LISTING if of_listing else "sku"))
        fieldsets.insert(2, (_("Your values for Amazon"), {"fields": own}))
        if of_listing:
            about = _("Where a field is not sent, Amazon's value stays as it is.")
            shown = ("locked", *(SENDS + name for name in FIELDS))
            options: Any = {"fields": shown, "description": about, "classes": ("collapse",)}
            fieldsets.insert(3, (_("What is sent"), options))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "own_values_shown")

    @admin.display(description=_("your values"))
    def own_values_shown(self, row: SellerSku | Listing) -> str:
        rows = [
            (capfirst(FIELDS[name].label), value_text(name, value))
            for name, value in row.own_values.items()
            if name in FIELDS
        ]
        return table((_("field"), _("value")), rows) or gettext("None.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        columns = form.take_own_values()
        super().save_model(request, obj, form, change)
        if columns:
            obj.save(update_fields=columns)


class MarketplaceSwitches(forms.ModelForm):  # type: ignore[type-arg]  # it cannot be subscripted
    """What goes to a marketplace of the fields that have no column of their own."""

    may_change_prices: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        switches = switches_of(self.instance)
        for one in own_fields():
            self.initial[SENDS + one.name] = switches.get(one.name, True)
            _keep_prices(self, one.name, self.may_change_prices)

    def take_switches(self) -> None:
        """Set the marketplace's switches."""
        for one in own_fields():
            if SENDS + one.name in self.changed_data:
                self.instance.switches[one.name] = self.cleaned_data[SENDS + one.name]


def marketplace_form(
    base: type[forms.ModelForm[Any]], request: HttpRequest
) -> type[MarketplaceSwitches]:
    """The form of a marketplace with a switch for each field."""
    switches: dict[str, Any] = {"may_change_prices": request.user.has_perm(CHANGE_PRICES)} | {
        SENDS + one.name: forms.BooleanField(label=_sends(one), required=False)
        for one in own_fields()
    }
    made = cast(Any, type(base))("SwitchesForm", (MarketplaceSwitches, base), switches)
    return cast(type[MarketplaceSwitches], made)


class WithSwitches(admin.ModelAdmin):  # type: ignore[type-arg]  # it cannot be subscripted
    """The screen of a marketplace, with a switch for each field that has no column."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = marketplace_form(self.form, request)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.has_change_permission(request, obj):
            return fieldsets
        shown = tuple(SENDS + one.name for one in own_fields())
        about = _(
            "A field is sent where you gave it a value, on the page of a SKU or listing; a listing "
            "may say otherwise."
        )
        options: Any = {"fields": shown, "description": about, "classes": ("collapse",)}
        fieldsets.insert(2, (_("What is sent of your own values"), options))
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Marketplace, form: Any, change: bool) -> None:
        form.take_switches()
        super().save_model(request, obj, form, change)
        if any(name.startswith(SENDS) for name in form.changed_data):
            obj.save(update_fields=["switches"])
