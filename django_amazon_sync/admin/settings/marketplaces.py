"""Marketplaces: a table on the account's page, and a list over all accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import AccountFilter, NoAddDelete, RowsInline, Screen
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.admin.products.ending_offers import EndsOffers
from django_amazon_sync.admin.products.offer_fields import MarketplaceSwitches, WithSwitches
from django_amazon_sync.admin.settings.account_forms import MarketplaceForm, MarketplacesForm
from django_amazon_sync.admin.settings.marketplace_forms import (
    PRICE_FIELDS,
    MarketplaceSettingsForm,
)
from django_amazon_sync.admin.settings.rule_preview import PreviewsRules
from django_amazon_sync.admin.settings.ruled import Ruled, of_marketplaces
from django_amazon_sync.models import Listing, Marketplace, SellerAccount


class MarketplaceInline(RowsInline[Marketplace, SellerAccount]):
    model = Marketplace
    form = MarketplaceForm
    formset = MarketplacesForm
    fields = (
        "code", "store", "currency", "active", "language", "sync_name", "sync_price",
        "sync_quantity",
    )  # fmt: skip
    readonly_fields = ("store", "currency")
    show_change_link = True
    can_delete = False
    extra = 0

    def get_readonly_fields(
        self, request: HttpRequest, obj: SellerAccount | None = None
    ) -> tuple[str, ...]:
        shown = super().get_readonly_fields(request, obj)
        return tuple(shown) if request.user.has_perm(CHANGE_PRICES) else (*shown, "sync_price")

    @admin.display(description=_("store"))
    def store(self, row: Marketplace) -> str:
        return row.facts.store_domain if row.code else ""

    @admin.display(description=_("currency"))
    def currency(self, row: Marketplace) -> str:
        return row.facts.currency if row.code else ""


@admin.register(Marketplace)
class MarketplaceAdmin(
    PreviewsRules[Marketplace],
    WithSwitches,
    EndsOffers[Marketplace],
    NoAddDelete,
    Screen[Marketplace],
):
    """Made on the account's page; here are all its settings."""

    actions = ("end_offers", "offer_again")

    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = (
        "__str__", "account", "active", "sync_name", "sync_price", "sync_quantity",
        "markup_percent",
    )  # fmt: skip
    list_filter = (AccountFilter, "active")
    search_fields = ("code", "account__name")
    readonly_fields = ("account", "code")
    fieldsets = (
        (None, {"fields": ("account", "code", "active", "language", "associate_tag")}),
        (
            _("What is sent"),
            {"fields": ("sync_name", "sync_price", "sync_quantity", "amazon_wins")},
        ),
        (
            _("Prices"),
            {"fields": ("markup_percent", "price_ending", "price_floor", "rate_source")},
        ),
    )
    form = MarketplaceSettingsForm

    def get_readonly_fields(
        self, request: HttpRequest, obj: Marketplace | None = None
    ) -> tuple[str, ...]:
        """Whoever may not change prices sees their rule all the same."""
        shown = super().get_readonly_fields(request, obj)
        return tuple(shown) if request.user.has_perm(CHANGE_PRICES) else (*shown, *PRICE_FIELDS)

    def listings_of(self, queryset: QuerySet[Marketplace]) -> QuerySet[Listing]:
        return Listing.objects.filter(marketplace__in=queryset.order_by().values("pk"))

    def ruled(
        self, form: forms.ModelForm[Marketplace], formsets: Sequence[forms.BaseFormSet[Any]]
    ) -> Ruled | None:
        assert isinstance(form, MarketplaceSwitches)
        form.take_switches()
        return of_marketplaces([form.instance])
