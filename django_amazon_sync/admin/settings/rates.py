"""Exchange rates: those that were fetched, to look at, and a table that staff keep."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import scopes_of
from django_amazon_sync.admin.common.base import RowForm, Screen
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.models import ExchangeRate, RateFetch, RateSource


class RateForm(RowForm[ExchangeRate]):
    """A rate of the table: one for each pair and day."""

    def clean_base(self) -> str:
        return _currency(self.cleaned_data["base"])

    def clean_currency(self) -> str:
        return _currency(self.cleaned_data["currency"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if not {"base", "currency", "on"} <= data.keys():
            return data
        if data["base"] == data["currency"]:
            self.add_error("currency", _("A rate is from one currency to another."))
            return data
        same = ExchangeRate.objects.filter(
            source=RateSource.TABLE, base=data["base"], currency=data["currency"], on=data["on"]
        )
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("on", _("The table has a rate of this pair and day already; change it."))
        return data


def _currency(code: str) -> str:
    code = code.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValidationError(_("A currency is three letters (ISO 4217), such as EUR."))
    return code


@admin.register(ExchangeRate)
class ExchangeRateAdmin(Screen[ExchangeRate]):
    """Who may change prices keeps the table; what was fetched stays as it came.

    The rates hold for all accounts, so that people of one part of the shop do not see them.
    """

    account_path = ""
    form = RateForm
    fields = ("base", "currency", "rate", "on")
    list_display = ("base", "currency", "plain_rate", "on", "source")
    list_display_links = ("base", "currency")
    list_filter = ("source",)
    search_fields = ("currency", "base")
    search_help_text = _("Code of a currency")
    ordering = ("-on", "base", "currency")
    change_list_template = "django_amazon_sync/admin/rates.html"

    @admin.display(description=_("rate"), ordering="rate")
    def plain_rate(self, rate: ExchangeRate) -> str:
        return f"{rate.rate.normalize():f}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        fetch = RateFetch.objects.filter(source=RateSource.ECB).first()
        return super().changelist_view(request, {**(extra_context or {}), "fetch": fetch})

    def save_model(
        self, request: HttpRequest, obj: ExchangeRate, form: ModelForm[ExchangeRate], change: bool
    ) -> None:
        obj.source = RateSource.TABLE
        super().save_model(request, obj, form, change)

    # --- Who may do what -------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: ExchangeRate | None = None) -> bool:
        return super().has_view_permission(request, obj) or request.user.has_perm(CHANGE_PRICES)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_PRICES) and scopes_of(request) is None

    def has_change_permission(self, request: HttpRequest, obj: ExchangeRate | None = None) -> bool:
        own = obj is None or obj.source == RateSource.TABLE
        return own and self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ExchangeRate | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
