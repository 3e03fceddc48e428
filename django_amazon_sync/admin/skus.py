"""Seller SKUs: what staff choose for them, and their listings at a glance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_amazon_sync.admin import next_steps
from django_amazon_sync.admin.asking import Wanted, ask
from django_amazon_sync.admin.screens import AccountFilter, Kept, Screen
from django_amazon_sync.admin.shown import brief, in_words, link, list_link, table
from django_amazon_sync.models import MERCHANT_CHANNEL, Job, RunLine, SellerSku
from django_amazon_sync.sync import changes


class ChannelFilter(admin.SimpleListFilter):
    """Who ships it."""

    title = _("fulfilment channel")
    parameter_name = "channel"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("merchant", _("merchant")), ("amazon", "Amazon"), ("unread", _("not read yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "merchant": Q(channel=MERCHANT_CHANNEL),
            "amazon": ~Q(channel__in=("", MERCHANT_CHANNEL)),
            "unread": Q(channel=""),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(SellerSku)
class SkuAdmin(Kept, Screen[SellerSku]):
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("sku", "synchronise", "channel", "why", "offer_pk", "account", "read_at")
    list_filter = (AccountFilter, "synchronise", ChannelFilter)
    search_fields = ("sku", "asin", "listings__asin", "listings__title")
    search_help_text = _("SKU, ASIN or title")
    actions = ("export", "verify", "synchronise", "leave_alone")
    readonly_fields = (
        "account", "sku", "offer_pk", "problem", "channel", "lead_time_days", "restock_date",
        "read_at", "listings", "lines",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("account", "sku", "offer_pk", "problem")}),
        (_("Your choices"), {"fields": ("synchronise", "asin", "condition", "set_quantity")}),
        (
            _("As Amazon says"),
            {"fields": ("channel", "lead_time_days", "restock_date", "read_at")},
        ),
        (_("On Amazon"), {"fields": ("listings", "lines")}),
    )

    @admin.display(description=_("problem"))
    def why(self, row: SellerSku) -> str:
        return brief(row.problem)

    @admin.display(description=_("listings"))
    def listings(self, sku: SellerSku) -> str:
        rows = sku.listings.select_related("marketplace").order_by("marketplace__code")
        for listing in rows:
            listing.sku = sku  # with its account, instead of a query for each
        head = (_("marketplace"), _("presence"), "ASIN", _("accepted"), _("what happens next"))
        return table(
            head,
            [
                (
                    link(one, one.marketplace),
                    one.get_presence_display(),
                    one.asin,
                    in_words(one.accepted),
                    next_steps.of_listing(one),
                )
                for one in rows
            ],
        )

    @admin.display(description=_("what happened"))
    def lines(self, sku: SellerSku) -> str:
        return list_link(RunLine, _("Its lines in all runs"), q=sku.sku, account=sku.account_id)

    def save_model(
        self, request: HttpRequest, obj: SellerSku, form: ModelForm[SellerSku], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        look_soon([obj])

    @admin.action(description=_("Export to Amazon"), permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        ask(request, Job.EXPORT, _by_account(queryset))

    @admin.action(description=_("Verify at Amazon"), permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        ask(request, Job.VERIFY, _by_account(queryset))

    @admin.action(description=_("Synchronise"), permissions=["change"])
    def synchronise(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        self._choose(request, queryset, True)

    @admin.action(description=_("Do not synchronise: quantity 0"), permissions=["change"])
    def leave_alone(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        self._choose(request, queryset, False)

    def _choose(
        self, request: HttpRequest, queryset: QuerySet[SellerSku], synchronise: bool
    ) -> None:
        chosen = list(queryset)
        SellerSku.objects.filter(pk__in=[sku.pk for sku in chosen]).update(synchronise=synchronise)
        look_soon(chosen)
        text = ngettext("%(number)d SKU is changed.", "%(number)d SKUs are changed.", len(chosen))
        self.message_user(request, text % {"number": len(chosen)})


def _by_account(skus: Iterable[SellerSku]) -> list[Wanted]:
    """One run for each account that the SKUs are of."""
    by_account = defaultdict(list)
    for sku in skus:
        by_account[sku.account].append(sku.sku)
    return [(account, {"skus": sorted(names)}) for account, names in by_account.items()]


def look_soon(skus: Iterable[SellerSku]) -> None:
    """What staff changed counts like a change in the shop: the next tick looks at the offers."""
    changes.note((sku.account_id, sku.offer_pk) for sku in skus)
