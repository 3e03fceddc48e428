"""Exchange rates: those that were fetched, to look at, and a table that staff keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import scopes_of
from django_amazon_sync.admin.common.base import RowForm, Screen
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.admin.settings.rule_preview import PreviewsRules, effects_now, in_words
from django_amazon_sync.admin.settings.ruled import Ruled, of_rate, without_rates
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
class ExchangeRateAdmin(PreviewsRules[ExchangeRate], Screen[ExchangeRate]):
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
    delete_confirmation_template = "django_amazon_sync/admin/rate_delete.html"

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

    def ruled(
        self, form: ModelForm[ExchangeRate], formsets: Sequence[BaseFormSet[Any]]
    ) -> Ruled | None:
        return of_rate(form.instance)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's question before it deletes says what that changes at Amazon."""
        rate = self.get_object(request, unquote(object_id))
        if rate is None or not self.has_delete_permission(request, rate):
            return super().delete_view(request, object_id, extra_context)
        effects = effects_now(without_rates([rate]))
        with transaction.atomic():
            for each in effects if request.method == "POST" else ():
                each.note()
            context = {"accounts": in_words(request, effects), **(extra_context or {})}
            return super().delete_view(request, object_id, context)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ExchangeRate]) -> None:
        effects = effects_now(without_rates(queryset))
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            for each in effects:
                each.note()

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
