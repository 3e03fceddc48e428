"""Seller SKUs: what staff choose for them, and their listings at a glance."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.ask_first import Question
from django_amazon_sync.admin.common.base import AccountFilter, NoAddDelete, RowForm, Screen
from django_amazon_sync.admin.common.conditions import stopped_by_shop
from django_amazon_sync.admin.common.formatting import brief, in_words, link, list_link, table
from django_amazon_sync.admin.common.listing_status import status_of
from django_amazon_sync.admin.common.number_fields import UnitsField
from django_amazon_sync.admin.common.queue_runs import ask, by_account
from django_amazon_sync.admin.common.seen import compared, mark, say_left_out, with_mark
from django_amazon_sync.admin.products import admin_page
from django_amazon_sync.admin.products.conditions import choices
from django_amazon_sync.admin.products.edit_many import EditsMany
from django_amazon_sync.admin.products.linking import question_of_link
from django_amazon_sync.admin.products.offer_fields import WithOfferFields
from django_amazon_sync.admin.products.page_forms import asin_of
from django_amazon_sync.admin.products.spreadsheet import HasSpreadsheet
from django_amazon_sync.admin.products.switching_off import (
    are_switched_off,
    question_of_skus,
    skus_of,
)
from django_amazon_sync.admin.products.take_over import TakesOverMany
from django_amazon_sync.data import Offer
from django_amazon_sync.models import MERCHANT_CHANNEL, AccountState, Job, RunLine, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.desired import sku_is_of_offer
from django_amazon_sync.sync.runs.bulk import in_pages, lock_rows


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


class ProblemFilter(admin.SimpleListFilter):
    """What is switched on, and stopped by what the shop has of it."""

    title = _("stopped by the shop's data")
    parameter_name = "problem"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(stopped_by_shop()) if self.value() == "yes" else queryset


def offer_of(sku: SellerSku) -> Offer | None:
    """The shop's offer that a SKU is linked to, if the shop has it still."""
    wanted = [sku.offer_pk] if sku.offer_pk else []
    return next(configured_shop().offers(sku.account.shop_scope, wanted), None)


class SkuForm(RowForm[SellerSku]):
    """What staff decide of a SKU; the offer is named by the shop's own SKU."""

    set_quantity = UnitsField(
        label=SellerSku._meta.get_field("set_quantity").verbose_name,
        required=False,
        help_text=SellerSku._meta.get_field("set_quantity").help_text,
    )
    shop_sku = forms.CharField(
        label=_("the shop's SKU"),
        required=False,
        help_text=_("Which offer of the shop this is. A SKU other than Amazon's links the two."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer = offer_of(self.instance)
        self.initial["shop_sku"] = offer.sku if offer else ""
        if old := self.fields.get("condition"):  # who may only look has no fields
            self.fields["condition"] = forms.ChoiceField(
                label=old.label, choices=choices(self.instance.condition)
            )

    def clean_asin(self) -> str:
        return asin_of(self.cleaned_data["asin"], self.instance.asin)

    def clean_shop_sku(self) -> str:
        """Remembers the offer's primary key, which ``save_model`` links."""
        name: str = self.cleaned_data["shop_sku"]
        if name == self.initial["shop_sku"]:
            return name
        scope = self.instance.account.shop_scope
        found = [offer for offer in configured_shop().find(name, scope) if offer.sku == name]
        if name and not found:
            raise ValidationError(_("The shop has no offer of this SKU."))
        if len(found) > 1:
            raise ValidationError(_("The shop has several offers of this SKU."))
        self.cleaned_data["offer_pk"] = found[0].pk if found else ""
        return name


@admin.register(SellerSku)
class SkuAdmin(
    WithOfferFields[SellerSku],
    HasSpreadsheet,
    EditsMany[SellerSku],
    TakesOverMany[SellerSku],
    NoAddDelete,
    Screen[SellerSku],
):
    change_list_template = "django_amazon_sync/admin/skus.html"
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    form = SkuForm
    list_display = (
        "sku", "synchronise", "channel_shown", "why", "offer_pk", "matched", "account", "read_at",
    )  # fmt: skip
    list_filter = (
        AccountFilter,
        "synchronise",
        "matched",
        "made_by_import",
        ChannelFilter,
        ProblemFilter,
    )
    found_by = ("sku",)
    search_fields = ("sku", "asin", "listings__asin", "listings__title")
    search_help_text = _("SKU, ASIN or title")
    actions = ("export", "verify", "synchronise", "leave_alone", "take_over", "edit_selected")
    readonly_fields = (
        "account", "sku", "offer", "problem", "channel_shown", "lead_time_days", "restock_date",
        "read_at", "listings", "lines", "made_by_import",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("account", "sku", "offer", "made_by_import", "problem")}),
        (
            _("Your choices"),
            {"fields": ("shop_sku", "synchronise", "asin", "condition", "set_quantity")},
        ),
        (
            _("As Amazon says"),
            {"fields": ("channel_shown", "lead_time_days", "restock_date", "read_at")},
        ),
        (_("On Amazon"), {"fields": ("listings", "lines")}),
    )

    @admin.display(description=_("fulfilment channel"), ordering="channel")
    def channel_shown(self, sku: SellerSku) -> str:
        if sku.channel == MERCHANT_CHANNEL:
            return gettext("merchant")
        return "Amazon" if sku.channel else ""

    def get_urls(self) -> list[URLPattern]:
        return [*admin_page.urls(self.admin_site), *super().get_urls()]

    @admin.display(description=_("problem"))
    def why(self, row: SellerSku) -> str:
        # What a person lets on sale from the list is the product that the list shows.
        return with_mark(brief(row.problem), row.pk, row.offer_pk, row.synchronise)

    @admin.display(description=_("offer"))
    def offer(self, sku: SellerSku) -> str:
        """Which offer of the shop it is, and what says so."""
        if not sku.offer_pk:
            return gettext("None: it is linked to no offer of the shop.")
        found = offer_of(sku)
        if found is None:
            return gettext("Offer %(pk)s, which the shop no longer has.") % {"pk": sku.offer_pk}
        by = gettext("by its identifiers, or by hand") if sku.matched else gettext("by its SKU")
        text = f"{found.sku}, {found.title}"
        shown = format_html('<a href="{}">{}</a>', found.url, text) if found.url else text
        page = admin_page.page_link(found.pk)
        return format_html("{} ({}: {}) {}", shown, gettext("linked"), by, page)

    @admin.display(description=_("listings"))
    def listings(self, sku: SellerSku) -> str:
        rows = sku.listings.select_related("marketplace").order_by("marketplace__code")
        for listing in rows:
            listing.sku = sku  # with its account, instead of a query for each
        offer = offer_of(sku)
        if offer is not None and not sku_is_of_offer(sku, offer):
            offer = None
        head = (_("marketplace"), _("presence"), "ASIN", _("accepted"), _("what happens next"))
        return table(
            head,
            [
                (
                    link(listing, listing.marketplace),
                    listing.get_presence_display(),
                    listing.asin,
                    in_words(listing.believed),
                    status_of(listing, offer).sentence,
                )
                for listing in rows
            ],
        )

    @admin.display(description=_("what happened"))
    def lines(self, sku: SellerSku) -> str:
        return list_link(RunLine, _("Its lines in all runs"), q=sku.sku, account=sku.account_id)

    def save_model(
        self, request: HttpRequest, obj: SellerSku, form: ModelForm[SellerSku], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if "shop_sku" in form.changed_data:
            link_by_hand(obj, form.cleaned_data["offer_pk"])
        if obj.offer_pk:
            look_soon([obj])
        elif form.changed_data and obj.account.state == AccountState.LIVE:
            # The lane of changes goes by offers, and none stands for this SKU.
            ask(request, Job.EXPORT, by_account(skus_of([obj.pk])))

    @admin.action(description=_("Export to Amazon"), permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        ask(request, Job.EXPORT, by_account(queryset))

    @admin.action(description=_("Verify at Amazon"), permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: QuerySet[SellerSku]) -> None:
        ask(request, Job.VERIFY, by_account(queryset))

    @admin.action(description=_("Synchronise"), permissions=["change"])
    def synchronise(
        self, request: HttpRequest, queryset: QuerySet[SellerSku]
    ) -> HttpResponse | None:
        """Of what the list showed; what is on its other pages is asked about first."""
        rows = in_pages(queryset.values_list("pk", "sku", "offer_pk", "synchronise"))
        found = compared(request, ((pk, sku, mark(*shown)) for pk, sku, *shown in rows))
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        title = _("Synchronise")
        if page := ask_first.page_of_unseen(request, found, title, title, context):
            return page
        say_left_out(request, found.others.values())
        self._choose(request, queryset.exclude(pk__in=found.others), True)
        return None

    @admin.action(description=_("Switch off: do not synchronise"), permissions=["change"])
    def leave_alone(
        self, request: HttpRequest, queryset: QuerySet[SellerSku]
    ) -> HttpResponse | None:
        if page := self._ask(request, question_of_skus(queryset)):
            return page
        self._choose(request, queryset, False)
        return None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A form that takes the SKU off sale, or makes it another product's, says first what that
        does."""
        if request.method == "POST" and object_id:
            row = self.get_object(request, unquote(object_id))
            if row is not None and self.has_change_permission(request, row):
                question = self._question(request, row)
                if question and (page := self._ask(request, question)):
                    return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _question(self, request: HttpRequest, row: SellerSku) -> Question | None:
        """What is to be said before the posted form is saved; nothing of one that will not be."""
        posted = copy(row)  # a form writes what it reads to its row
        form = self.get_form(request, posted, change=True)(request.POST, instance=posted)
        if not form.is_valid():
            return None
        choice: bool | None = form.cleaned_data["synchronise"]
        off = question_of_skus(skus_of([row.pk])) if are_switched_off(row, choice) else None
        if "shop_sku" not in form.changed_data:
            return off
        return question_of_link(row, form.cleaned_data["offer_pk"], choice, off)

    def _ask(self, request: HttpRequest, question: Question) -> HttpResponse | None:
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return ask_first.page(request, question, context)

    def _choose(
        self, request: HttpRequest, queryset: QuerySet[SellerSku], synchronise: bool
    ) -> None:
        chosen = queryset.order_by()
        with transaction.atomic():
            lock_rows(chosen)
            changed_offers.note_skus(chosen)
            number = chosen.update(synchronise=synchronise)
        text = ngettext("%(number)d SKU is changed.", "%(number)d SKUs are changed.", number)
        self.message_user(request, text % {"number": number})


def look_soon(skus: Iterable[SellerSku]) -> None:
    """What staff changed counts like a change in the shop: the next tick looks at the offers."""
    changed_offers.note((sku.account_id, sku.offer_pk) for sku in skus)
