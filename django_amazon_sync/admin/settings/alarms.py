"""Alarms: what kind of thing wanted staff of an account, when it was mailed, when it was mended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.help_articles import article_link
from django_amazon_sync.models import Alarm


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


@admin.register(Alarm)
class AlarmAdmin(ReadOnly, Screen[Alarm]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("kind", "key", "account", "mailed_at", "mended_at")
    list_filter = (AccountFilter, MendedFilter, "kind")
    ordering = ("-pk",)
    fields = ("account", "kind", "key", "what_next", "mailed_at", "mended_at")
    readonly_fields = ("what_next",)

    @admin.display(description=_("what happens next"))
    def what_next(self, alarm: Alarm) -> str:
        return article_link("alarms")
