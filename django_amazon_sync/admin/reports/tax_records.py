"""Whom erased orders were sold to, where tax law wants it kept."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.formatting import table
from django_amazon_sync.data import Json
from django_amazon_sync.errors import ConfigurationError, Misplaced
from django_amazon_sync.models import TaxRecord
from django_amazon_sync.sync.privacy import views


@admin.register(TaxRecord)
class TaxRecordAdmin(ReadOnly, Screen[TaxRecord]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token", "party")
    list_display = ("order_number", "account", "sold_at", "kept_until")
    list_filter = (AccountFilter,)
    found_by = ("order_number",)
    search_fields = ("order_number",)
    search_help_text = _("Amazon order id")
    ordering = ("-pk",)
    fields = ("order_number", "account", "sold_at", "kept_until", "sold_to")
    readonly_fields = ("sold_at", "kept_until", "sold_to")

    @admin.display(description=_("sold to"))
    def sold_to(self, record: TaxRecord) -> str:
        """The buyer, the recipient, and each tax registration of the buyer."""
        try:
            party = record.party
        except (ConfigurationError, Misplaced) as error:
            return str(error)
        rows = [
            (_("buyer"), _joined(party.get("buyer"))),
            (_("recipient"), _joined(party.get("recipient"))),
            *((_("registered for tax"), _joined(one)) for one in party["taxRegistrations"]),
        ]
        return table((_("who"), _("as Amazon named them")), rows)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: TaxRecord | None = None,
    ) -> HttpResponse:
        """Write down who opens the page, before it shows anybody."""
        if obj is not None:
            views.note(request.user, obj.account, [obj.order_number], views.Where.TAX)
        return super().render_change_form(request, context, add, change, form_url, obj)


def _joined(value: Json) -> str:
    """All that is said, in Amazon's order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return ", ".join(filter(None, map(_joined, value)))
    return str(value or "")
