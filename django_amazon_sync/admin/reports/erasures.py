"""Evidence of what was erased of buyers' data: when, why, by whom, and how many."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.formatting import table
from django_amazon_sync.models import Erasure

#: What is counted, as people read it.
COUNTED = {
    "orders": _("orders"),
    "shop_orders": _("orders in the shop"),
    "not_in_shop": _("orders that the shop does not have"),
    "kept_by_shop": _("orders that the shop cannot forget"),
    "kept_for_tax": _("buyers kept for tax"),
    "run_lines": _("lines of runs that named the buyer"),
    "parcels": _("parcels that named the buyer"),
    "failed": _("orders that could not be erased, and are tried again"),
}


@admin.register(Erasure)
class ErasureAdmin(ReadOnly, Screen[Erasure]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("at", "account", "why_shown", "by", "number_of_orders")
    list_filter = (AccountFilter, "why")
    ordering = ("-pk",)
    fields = ("account", "at", "why_shown", "by", "of_orders", "counted")
    readonly_fields = ("at", "why_shown", "of_orders", "counted")

    @admin.display(description=_("why"), ordering="why")
    def why_shown(self, erasure: Erasure) -> str:
        return erasure.get_why_display()

    @admin.display(description=_("orders"))
    def number_of_orders(self, erasure: Erasure) -> int:
        return erasure.counts.get("orders", 0)

    @admin.display(description=_("orders that were named"))
    def of_orders(self, erasure: Erasure) -> str:
        return ", ".join(erasure.orders)

    @admin.display(description=_("counted"))
    def counted(self, erasure: Erasure) -> str:
        rows = [
            (name, erasure.counts[key]) for key, name in COUNTED.items() if key in erasure.counts
        ]
        return table((_("what"), _("how many")), rows)
