"""Exchange rates: those that were fetched, to look at, and a table that staff keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.access import scopes_of
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import RowForm, Screen
from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.admin.common.seen import mark
from django_amazon_sync.admin.settings.rule_preview import (
    PreviewsRules,
    effects_now,
    in_words,
    mark_of,
)
from django_amazon_sync.admin.settings.ruled import Ruled, of_rate, without_rates
from django_amazon_sync.models import ExchangeRate, RateFetch, RateSource
from django_amazon_sync.sync.export.rule_changes import Effects

#: The question before a rate is deleted, within Django's admin.
DELETE_TEMPLATE = "django_amazon_sync/admin/rate_delete.html"


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
    actions = ("delete_selected",)  # in the place of Django's own, which says nothing of offers

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
        """The question before a rate is deleted says what that changes at Amazon."""
        rate = self.get_object(request, unquote(object_id))
        if rate is None or not self.has_delete_permission(request, rate):
            return super().delete_view(request, object_id, extra_context)
        effects = effects_now(without_rates([rate]))
        if page := self._ask(request, [rate], effects, leave=change_url(rate)):
            return page
        with transaction.atomic():
            for each in effects:
                each.note()
            return super().delete_view(request, object_id, extra_context)

    @admin.action(description=_("Delete them from the table"), permissions=["delete"])
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[ExchangeRate]
    ) -> HttpResponseBase | None:
        """Delete several after the same question; those that were fetched stay as they came."""
        own = queryset.filter(source=RateSource.TABLE)
        rates = list(own.order_by("pk"))
        if not rates:
            return None
        effects = effects_now(without_rates(rates))
        return self._ask(request, rates, effects) or delete_selected(self, request, own)

    def _ask(
        self,
        request: HttpRequest,
        rates: Sequence[ExchangeRate],
        effects: Sequence[Effects],
        leave: str = "",
    ) -> HttpResponse | None:
        names = [
            f"1 {rate.base} = {self.plain_rate(rate)} {rate.currency} ({date_format(rate.on)})"
            for rate in rates
        ]
        about = mark(names, mark_of(effects))
        question = Question(_("Delete rates"), _("Delete"), [Part(sentences=names, about=about)])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "accounts": in_words(request, effects),
            "leave": leave,
        }
        posted = {"post": "yes"}  # as Django's own page says it
        return ask_first.page(request, question, context, DELETE_TEMPLATE, posted)

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
