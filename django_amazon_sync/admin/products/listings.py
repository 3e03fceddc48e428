"""Listings: what Amazon took, what is live, what waits for approval, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first, help_links, issue_texts
from django_amazon_sync.admin.common.base import (
    AccountFilter,
    MarketplaceFilter,
    NoAddDelete,
    Screen,
)
from django_amazon_sync.admin.common.formatting import (
    brief,
    change_url,
    drift_text,
    in_words,
    link,
    list_link,
    table,
    value_text,
)
from django_amazon_sync.admin.common.help_articles import explained
from django_amazon_sync.admin.common.listing_status import status_of
from django_amazon_sync.admin.common.prices import CHANGE_PRICES, OwnPriceForm, price_in_words
from django_amazon_sync.admin.common.queue_runs import (
    ask,
    by_account_and_marketplace,
    start_and_say,
)
from django_amazon_sync.admin.common.seen import with_mark
from django_amazon_sync.admin.common.sent_numbers import sent_of
from django_amazon_sync.admin.common.words import words
from django_amazon_sync.admin.products import admin_page, approving, states
from django_amazon_sync.admin.products.conditions import CONDITIONS
from django_amazon_sync.admin.products.edit_many import EditsMany
from django_amazon_sync.admin.products.ending_offers import EndsOffers
from django_amazon_sync.admin.products.numbers import numbers_of_one
from django_amazon_sync.admin.products.offer_fields import WithOfferFields
from django_amazon_sync.admin.products.skus import look_soon
from django_amazon_sync.admin.products.take_over import SEEN_DRIFT, TakesOver, lives, who_wins
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import (
    OPEN_STATES,
    Job,
    Listing,
    RunLine,
)
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.sync.listings.explain import offer_of
from django_amazon_sync.sync.offers.fields import FIELDS

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec as Fieldsets
    from django_stubs_ext import StrOrPromise

#: The action of the list and the button of the page.
APPROVE = _("Approve what waits, and send it")

#: What the mappings of a listing hold beside the fields of an offer, with names for people.
BESIDE: dict[str, StrOrPromise] = {"creation": _("creation"), "listing": _("listing")}


#: What Amazon has of a listing in its own warehouses, with names for people.
UNITS: dict[str, StrOrPromise] = {
    "fulfillable": _("for sale"),
    "reserved": _("reserved"),
    "inbound": _("on the way there"),
    "unfulfillable": _("not for sale"),
}


#: Amazon's words for what buyers can do with a listing.
STATUSES: dict[str, StrOrPromise] = {
    "BUYABLE": _("can be bought"),
    "DISCOVERABLE": _("can be found"),
}


class AccountOfSkuFilter(AccountFilter):
    path = "sku__account"


class ConditionFilter(admin.SimpleListFilter):
    """What is the matter with a listing."""

    title = _("what is the matter")
    parameter_name = "condition"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [
            ("held", _("waits for approval")),
            ("refused", _("refused by Amazon")),
            ("drifted", _("drifted")),
            ("issues", _("Amazon has issues")),
            ("own-price", _("has its own price")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "held": ~Q(held={}),
            "refused": ~Q(refused={}),
            "drifted": ~Q(drift={}),
            "issues": ~Q(issues=[]),
            "own-price": Q(own_price__isnull=False),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(Listing)
class ListingAdmin(
    WithOfferFields[Listing],
    TakesOver,
    EditsMany[Listing],
    EndsOffers[Listing],
    NoAddDelete,
    Screen[Listing],
):
    account_path = "sku__account"
    reads_with = ("sku__account", "marketplace")
    encrypted = ("sku__account__refresh_token",)
    list_display = (
        "seller_sku", "store", "on_amazon", "matter", "why_in_short", "presence", "asin", "account",
    )  # fmt: skip
    list_filter = (
        AccountOfSkuFilter,
        MarketplaceFilter,
        ConditionFilter,
        "presence",
    )
    found_by = ("sku__sku", "asin", "gtin")
    search_fields = ("sku__sku", "asin", "gtin", "title")
    search_help_text = _("SKU, ASIN, barcode or title")
    actions = (
        "export", "verify", "approve", "edit_selected", "take_over", "send_ours", "end_offers",
        "offer_again",
    )  # fmt: skip
    ordering = ("sku_id", "marketplace_id")  # as an index has them: no list sorts all rows
    readonly_fields = (
        "sku_link", "account", "marketplace", "presence", "asin", "product_type", "title",
        "condition_shown", "status_shown", "read_at", "values", "amazons_issues", "why",
        "what_next", "gtin", "at_amazon", "reported_at", "verified_at",
        "price_source", "who_wins", "lines", "approving",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("sku_link", "account", "marketplace", "what_next", "why")}),
        (_("Values"), {"fields": ("values", "who_wins", "own_price", "price_source")}),
        (
            _("As Amazon says"),
            {
                "fields": (
                    "presence", "asin", "gtin", "product_type", "title", "condition_shown",
                    "status_shown", "at_amazon", "amazons_issues", "read_at", "reported_at",
                    "verified_at",
                )
            },
        ),
        (_("What happened"), {"fields": ("lines",)}),
    )  # fmt: skip

    form = OwnPriceForm
    change_form_template = "django_amazon_sync/admin/listing.html"

    def get_readonly_fields(
        self, request: HttpRequest, obj: Listing | None = None
    ) -> tuple[str, ...]:
        """Whoever may not change prices sees them all the same."""
        shown = super().get_readonly_fields(request, obj)
        return tuple(shown) if request.user.has_perm(CHANGE_PRICES) else (*shown, "own_price")

    def get_fieldsets(self, request: HttpRequest, obj: Listing | None = None) -> Fieldsets:
        """With the button that approves, for those who may, where something waits."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or not obj.held or not self.has_approve_permission(request):
            return shown
        (title, head), *others = shown
        return [(title, {**head, "fields": (*head["fields"], "approving")}), *others]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Listing | None = None,
    ) -> HttpResponse:
        """With why its numbers are what they are, and what was sent: who reads it decides how much
        of that is shown."""
        if obj is not None:
            context["numbers"] = numbers_of_one(request, obj)
            before = request.GET.get("sent_before", "")
            page = int(before) if may_be_pk(before) else None
            context["sent"] = sent_of(request, [obj.pk], before=page).get(obj.pk)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.approve_one)
        name = "django_amazon_sync_listing_approve"
        return [path("<int:pk>/approve/", view, name=name), *super().get_urls()]

    # --- What the pages show ---------------------------------------------------------------------

    @admin.display(description="SKU", ordering="sku__sku")
    def seller_sku(self, listing: Listing) -> str:
        return listing.sku.sku

    @admin.display(description="SKU")
    def sku_link(self, listing: Listing) -> str:
        return link(listing.sku)

    @admin.display(description=_("marketplace"), ordering="marketplace__code")
    def store(self, listing: Listing) -> str:
        return listing.marketplace.facts.country

    @admin.display(description=_("account"), ordering="sku__account__name")
    def account(self, listing: Listing) -> str:
        return str(listing.sku.account)

    @admin.display(description=_("reason"))
    def why(self, listing: Listing) -> str:
        """Why the listing is as it is; else what is wrong with its offer in the shop."""
        return listing.reason or listing.sku.problem

    @admin.display(description=_("reason"))
    def why_in_short(self, listing: Listing) -> str:
        return brief(self.why(listing))

    @admin.display(description=_("accepted"))
    def on_amazon(self, listing: Listing) -> str:
        return in_words(listing.believed)

    @admin.display(description=_("what is the matter"))
    def matter(self, listing: Listing) -> str:
        # What a person approves from the list is what the list shows.
        held = brief(progress.values_in_words(listing.held))
        amazons = brief(progress.values_in_words(lives(listing)))
        matters = (
            (listing.held, gettext("waits for approval (%(values)s)") % {"values": held}),
            (listing.refused, gettext("refused by Amazon")),
            (listing.drift, gettext("drifted (%(values)s)") % {"values": amazons}),
            (listing.issues, gettext("Amazon has issues")),
        )
        text = ", ".join(text for there, text in matters if there)
        if listing.held:
            text = approving.with_held(text, listing)
        if listing.drift:
            text = with_mark(text, listing.pk, listing.drift, name=SEEN_DRIFT)
        return text

    @admin.display(description=_("what happens next"))
    def what_next(self, listing: Listing) -> str:
        try:
            status = status_of(listing, offer_of(listing))
        except ConfigurationError as reason:  # a system check says so too
            return str(reason)
        return explained(status.sentence, help_links.of_listing(listing))

    @admin.display(description=_("waits for approval"))
    def approving(self, listing: Listing) -> str:
        """What waits, and the button that approves just that."""
        return format_html(
            '<p>{}</p><button type="submit" class="button" formaction="{}" formnovalidate>{}'
            "</button>",
            approving.with_held(progress.values_in_words(listing.held), listing),
            reverse("admin:django_amazon_sync_listing_approve", args=[listing.pk]),
            APPROVE,
        )

    @admin.display(description=_("values"))
    def values(self, listing: Listing) -> str:
        """Per field what was sent, accepted, seen live, and what stands in the way."""
        everything: tuple[tuple[StrOrPromise, Mapping[str, FieldValue]], ...] = (
            (_("on its way"), _on_its_way(listing)),
            (_("accepted"), listing.believed),
            (_("verified"), {**_received(listing), **listing.verified}),
            (_("drifted"), {name: _drift(name, seen) for name, seen in listing.drift.items()}),
            (_("seen once"), states.suspected(listing)),
            (_("waits for approval"), states.held(listing)),
            (_("approved"), states.approved(listing)),
            (_("refused"), states.refused(listing)),
        )
        columns = [(title, mapping) for title, mapping in everything if mapping]
        labels = {name: field.label for name, field in FIELDS.items()} | BESIDE
        shown = [name for name in labels if any(name in mapping for _title, mapping in columns)]
        return table(
            (_("field"), *(title for title, _mapping in columns)),
            [
                (labels[name], *(_shown(name, mapping) for _title, mapping in columns))
                for name in shown
            ],
        )

    @admin.display(description=_("the price, and why"))
    def price_source(self, listing: Listing) -> str:
        return price_in_words(listing)

    @admin.display(description=_("who wins"))
    def who_wins(self, listing: Listing) -> str:
        return who_wins(listing)

    @admin.display(description=_("Amazon's issues"))
    def amazons_issues(self, listing: Listing) -> str:
        product = admin_page.page_url(listing.sku.offer_pk) if listing.issues else ""
        rows = issue_texts.all_in_words(listing.issues, listing, product)
        return table((_("code"), _("severity"), _("what to do")), rows) or gettext("None.")

    @admin.display(description=_("condition"))
    def condition_shown(self, listing: Listing) -> str:
        return str(CONDITIONS.get(listing.condition, listing.condition))

    @admin.display(description=_("status"))
    def status_shown(self, listing: Listing) -> str:
        return ", ".join(str(STATUSES.get(word, word)) for word in listing.status.split())

    @admin.display(description=_("stock at Amazon"))
    def at_amazon(self, listing: Listing) -> str:
        """Units in Amazon's own warehouses."""
        units = [(name, listing.amazon_stock.get(key)) for key, name in UNITS.items()]
        return ", ".join(f"{name} {number}" for name, number in units if number is not None)

    @admin.display(description=_("lines"))
    def lines(self, listing: Listing) -> str:
        account = listing.sku.account_id
        return list_link(RunLine, _("Its lines in all runs"), q=listing.sku.sku, account=account)

    def save_model(
        self, request: HttpRequest, obj: Listing, form: ModelForm[Listing], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        look_soon([obj.sku])

    # --- Actions ---------------------------------------------------------------------------------

    def listings_of(self, queryset: QuerySet[Listing]) -> QuerySet[Listing]:
        return queryset

    @admin.action(description=_("Export to Amazon"), permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Listing]) -> None:
        ask(request, Job.EXPORT, by_account_and_marketplace(queryset))

    @admin.action(description=_("Verify at Amazon"), permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Listing]) -> None:
        ask(request, Job.VERIFY, by_account_and_marketplace(queryset))

    @admin.action(description=APPROVE, permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Listing]) -> HttpResponse | None:
        """The values that the list showed; those on its other pages are asked about first."""
        waiting = approving.Waiting.of(request, queryset)
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        if page := ask_first.page_of_unseen(request, waiting.found, APPROVE, APPROVE, context):
            return page
        runs, done = approving.approve(request, queryset, waiting)
        start_and_say(request, runs, done=done)
        return None

    def approve_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve what the page of one listing showed, and go back there."""
        if not self.has_approve_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rows = self.get_queryset(request).filter(pk=pk)
        if not rows:
            raise Http404
        runs, done = approving.approve(request, rows, approving.Waiting.of(request, rows))
        start_and_say(request, runs, done=done)
        return HttpResponseRedirect(change_url(rows[0]))


class Said(str):
    """A text of ours that stands where a value would."""

    __slots__ = ()


def _drift(name: str, seen: object) -> Said:
    """What a verification saw instead of what Amazon had accepted."""
    if not isinstance(seen, dict):
        return Said(words(seen))
    return Said(drift_text(name, seen))


def _shown(name: str, mapping: Mapping[str, FieldValue]) -> str:
    value = mapping.get(name)
    if value is None or isinstance(value, Said | SafeString):
        return value or ""
    return value_text(name, value)


def _received(listing: Listing) -> dict[str, Said]:
    """For the fields that Amazon only echoes, whether it has received what it accepted."""
    if listing.verified_at is None or (
        listing.accepted_at is not None and listing.verified_at < listing.accepted_at
    ):
        return {}
    echoed = (name for name in listing.believed if name in FIELDS and not FIELDS[name].live)
    return {name: Said(gettext("received")) for name in echoed if name not in listing.drift}


def _on_its_way(listing: Listing) -> FieldValues:
    """What open submissions carry for it; the newest wins."""
    carried: FieldValues = {}
    items = listing.submission_items.filter(submission__state__in=OPEN_STATES, settled=False)
    for values in items.order_by("submission").values_list("values", flat=True):
        carried |= values
    return carried
