"""Who saw which buyer's data, when and where."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.models import PersonalDataView


@admin.register(PersonalDataView)
class PersonalDataViewAdmin(ReadOnly, Screen[PersonalDataView]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("at", "by", "order_number", "where", "account")
    list_filter = (AccountFilter, "where")
    found_by = ("order_number",)
    search_fields = ("order_number", "by")
    search_help_text = _("Amazon order id, or user")
    ordering = ("-pk",)
    fields = ("at", "by", "account", "order_number", "where")
    readonly_fields = ("at",)
