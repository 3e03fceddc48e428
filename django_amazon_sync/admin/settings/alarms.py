"""Alarms: what kind of thing wanted staff of an account, when it was mailed, when it was mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.help_articles import article_link
from django_amazon_sync.models import Alarm, Listing, Proposal, Shipment
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.sync.alerts.alarms import part_of


class MendedFilter(admin.SimpleListFilter):
    """Whether it wants somebody still."""

    title = _("mended")
    parameter_name = "mended"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("no", _("no")), ("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("no", "yes"):
            return queryset
        return queryset.filter(mended_at__isnull=self.value() == "no")


Kind = Alarm.Kind

#: The rows that alarms of these kinds are about, by their key (pk), and the column that names them.
ROWS: dict[str, tuple[type[Model], str]] = {
    Kind.APPROVAL: (Listing, "sku__sku"),
    Kind.REFUSED: (Listing, "sku__sku"),
    Kind.DRIFT: (Listing, "sku__sku"),
    Kind.CLAIMED: (Proposal, "sku__sku"),
    Kind.SHIPMENT_REFUSED: (Shipment, "order__number"),
    Kind.SHIPMENT_INCOMPLETE: (Shipment, "order__number"),
}


def named(alarms: Iterable[Alarm]) -> dict[int, str]:
    """What alarms (pk) are about, as people know it, in a query for each kind of row."""
    alarms = list(alarms)
    found: dict[tuple[type[Model], int], str] = {}
    for model, column in sorted(set(ROWS.values()), key=str):
        pks = {int(alarm.key) for alarm in alarms
               if ROWS.get(alarm.kind) == (model, column) and may_be_pk(alarm.key)}  # fmt: skip
        rows = model._default_manager.filter(pk__in=pks).values_list("pk", column) if pks else ()
        found |= {(model, pk): name for pk, name in rows}
    return {alarm.pk: _in_words(alarm, found) for alarm in alarms}


def _in_words(alarm: Alarm, found: Mapping[tuple[type[Model], int], str]) -> str:
    if row := ROWS.get(alarm.kind):
        pk = int(alarm.key) if may_be_pk(alarm.key) else 0
        name = found.get((row[0], pk))
        if name is None:
            return alarm.key
        label = row[0]._meta.label_lower.replace(".", "_")
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{label}_change", args=[pk]), name)
    return part_of(alarm) or alarm.key


class WithNames(ChangeList):
    """A page of alarms, each with what it is about."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = named(self.result_list)
        for alarm in self.result_list:
            alarm.named = names[alarm.pk]


@admin.register(Alarm)
class AlarmAdmin(ReadOnly, Screen[Alarm]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("kind", "about", "account", "noted_at", "mailed_at", "mended_at")
    list_filter = (AccountFilter, MendedFilter, "kind")
    ordering = ("-pk",)
    fields = (
        "account", "kind", "about", "what_next",
        "noted_at", "mailed_at", "mended_at", "end_told_at",
    )  # fmt: skip
    readonly_fields = ("about", "what_next", "noted_at")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithNames

    @admin.display(description=_("about"))
    def about(self, alarm: Alarm) -> str:
        shown: str | None = getattr(alarm, "named", None)
        return named([alarm])[alarm.pk] if shown is None else shown

    @admin.display(description=_("what happens next"))
    def what_next(self, alarm: Alarm) -> str:
        return article_link("alarms")
