"""Matching: what was found that an offer may be on Amazon, to accept or to refuse.

Decided is what was seen: each row of the list carries a mark of both sides. What is another thing
by then is left out and named; what is on other pages of the list is shown on a page in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.access import visible_accounts
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import ReadOnly, Screen, WordFilter
from django_amazon_sync.admin.common.formatting import link, list_url
from django_amazon_sync.admin.common.queue_runs import ask, whole
from django_amazon_sync.admin.common.seen import compared, mark, say_left_out, with_mark
from django_amazon_sync.admin.products.listings import AccountOfSkuFilter
from django_amazon_sync.data import Offer
from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    Presence,
    Proposal,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.matching import proposals

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Proposals that are accepted in one request; each link is looked at by itself.
AT_ONCE = 1000

#: What led to a proposal, with names for people.
FOUND_BY: dict[str, StrOrPromise] = {
    "sku": "SKU",
    "asin": "ASIN",
    "ean": "EAN",
    "upc": "UPC",
    "isbn": "ISBN",
    "gtin": "GTIN",
}


class DecisionFilter(admin.SimpleListFilter):
    """What staff decided; those that nobody has decided yet unless asked otherwise."""

    title = _("decision")
    parameter_name = "decision"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [("refused", _("refused")), ("any", _("all"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("to decide")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "any":
            return queryset
        return queryset.filter(refused=self.value() == "refused")


class FoundByFilter(WordFilter):
    """What led to the proposal."""

    title = _("found by")
    parameter_name = column = "how"
    words = FOUND_BY


class ShownProposal(Protocol):
    """A proposal with what its row of the list shows of the shop."""

    pk: int
    sku: SellerSku
    offer_pk: str
    how: str
    reason: str
    offer: Offer | None
    offer_picture: str


class WithOffers(ChangeList):
    """A page of proposals, with the shop's offers and their pictures in a few queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[ShownProposal] = list(self.result_list)
        _add_offers(rows)
        pictures = configured_shop().picture_urls(sorted({row.offer_pk for row in rows}))
        for row in rows:
            row.offer_picture = pictures.get(row.offer_pk, "")
        self.result_list = rows


def _add_offers(rows: Iterable[ShownProposal]) -> None:
    """What the shop has of these rows, in a query for each scope."""
    shop = configured_shop()
    by_scope: dict[str, set[str]] = {}
    for row in rows:
        by_scope.setdefault(row.sku.account.shop_scope, set()).add(row.offer_pk)
    offers = {
        (scope, offer.pk): offer
        for scope, pks in by_scope.items()
        for offer in shop.offers(scope, sorted(pks))
    }
    for row in rows:
        row.offer = offers.get((row.sku.account.shop_scope, row.offer_pk))


def _shown(row: ShownProposal) -> list[object]:
    """What a row of the list shows of both sides, without the pictures, whose addresses change."""
    its = row.sku
    amazons = [[seen.title, seen.asin, seen.condition] for seen in _there(row)]
    offer: Offer | None = getattr(row, "offer", None)
    shops = offer and [offer.sku, offer.title, [code.value for code in offer.identifiers]]
    return [its.sku, its.channel, its.offer_pk, amazons, row.offer_pk, shops, row.how, row.reason]


def _there(proposal: Proposal | ShownProposal) -> list[Listing]:
    """The listings that Amazon has of the proposal's SKU, as ``get_queryset`` prefetched them."""
    there: list[Listing] = getattr(proposal.sku, "there", [])
    return there


@admin.register(Proposal)
class ProposalAdmin(ReadOnly, Screen[Proposal]):
    account_path = "sku__account"
    reads_with = ("sku__account",)
    encrypted = ("sku__account__refresh_token",)
    change_list_template = "django_amazon_sync/admin/matching.html"
    list_display = (
        "of_amazon", "of_shop", "decide", "led_to_it", "reason", "who_ships", "condition",
    )  # fmt: skip
    list_display_links = None
    list_filter = (AccountOfSkuFilter, FoundByFilter, DecisionFilter)
    search_fields = ("sku__sku", "sku__listings__asin", "sku__listings__title")
    search_help_text = _("Amazon's SKU, ASIN or title")
    ordering = ("offer_pk", "sku__sku")
    list_per_page = 50
    actions = ("accept", "refuse", "propose_again")
    fields = ("sku_link", "offer_pk", "led_to_it", "reason", "who_ships", "condition", "refused")
    readonly_fields = ("sku_link", "led_to_it", "who_ships", "condition")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        there = Listing.objects.filter(presence=Presence.PRESENT).select_related("marketplace")
        listings = Prefetch("sku__listings", there.order_by("marketplace__code"), "there")
        return super().get_queryset(request).prefetch_related(listings)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithOffers

    # --- What the page shows ---------------------------------------------------------------------

    @admin.display(description=_("on Amazon"), ordering="sku__sku")
    def of_amazon(self, row: Proposal) -> SafeString:
        listings = _there(row)
        titled = next((listing.title for listing in listings if listing.title), "")
        picture = next((seen.picture_url for seen in listings if seen.picture_url), "")
        asins = ", ".join(dict.fromkeys(listing.asin for listing in listings if listing.asin))
        return _side(picture, titled or gettext("(no title yet)"), link(row.sku), asins)

    @admin.display(description=_("in the shop"), ordering="offer_pk")
    def of_shop(self, row: Proposal) -> SafeString:
        offer: Offer | None = getattr(row, "offer", None)
        if offer is None:
            return format_html("{}", _("The shop no longer has the offer."))
        name = format_html('<a href="{}">{}</a>', offer.url, offer.sku) if offer.url else offer.sku
        codes = ", ".join(code.value for code in offer.identifiers)
        return _side(getattr(row, "offer_picture", ""), offer.title, name, codes)

    @admin.display(description=_("found by"), ordering="how")
    def led_to_it(self, row: Proposal) -> StrOrPromise:
        return FOUND_BY.get(row.how, row.how)

    @admin.display(description=_("who ships"), ordering="sku__channel")
    def who_ships(self, row: Proposal) -> StrOrPromise:
        if row.sku.fulfilled_by_amazon:
            return _("Amazon (FBA)")
        return _("merchant") if row.sku.channel else _("not read yet")

    @admin.display(description=_("condition"))
    def condition(self, row: Proposal) -> str:
        conditions = (listing.condition for listing in _there(row))
        return ", ".join(dict.fromkeys(filter(None, conditions)))

    @admin.display(description="SKU")
    def sku_link(self, row: Proposal) -> SafeString:
        return link(row.sku)

    @admin.display(description=_("decide"))
    def decide(self, row: Proposal) -> SafeString | str:
        """Buttons of the list's own form; who may not decide is refused by the server."""
        if row.refused:
            return gettext("refused")
        shown = cast("ShownProposal", row)
        about = {"sku": row.sku.sku, "offer": row.offer_pk}
        buttons = format_html(
            '<button type="submit" class="button" name="_accept" value="{0}" aria-label="{1}">{2}'
            '</button> <button type="submit" class="button" name="_refuse" value="{0}"'
            ' aria-label="{3}">{4}</button>',
            row.pk,
            gettext("Accept %(sku)s for offer %(offer)s") % about,
            _("Accept"),
            gettext("Refuse %(sku)s for offer %(offer)s") % about,
            _("Refuse"),
        )
        return with_mark(buttons, row.pk, _shown(shown))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            for name, decided in (("_accept", self._accept), ("_refuse", self._refuse)):
                if may_be_pk(pk := request.POST.get(name, "")):
                    if not self.has_match_permission(request):
                        raise PermissionDenied
                    page = decided(request, self.get_queryset(request).filter(pk=pk))
                    return page or HttpResponseRedirect(request.get_full_path())
        more = {
            "title": _("What your offers may be on Amazon"),
            "may_match": self.has_match_permission(request),
            "start_url": reverse("admin:django_amazon_sync_proposal_start"),
            "linked_url": list_url(SellerSku, matched__exact=1),
        }
        return super().changelist_view(request, {**more, **(extra_context or {})})

    # --- What staff do ---------------------------------------------------------------------------

    @admin.action(description=_("Accept: link them"), permissions=["match"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> HttpResponse | None:
        return self._accept(request, queryset)

    @admin.action(description=_("Refuse: do not propose them again"), permissions=["match"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> HttpResponse | None:
        return self._refuse(request, queryset)

    @admin.action(description=_("Propose again what was refused"), permissions=["match"])
    def propose_again(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> None:
        number = proposals.think_better_of(queryset)
        text = ngettext(
            "%(number)d proposal is open again.", "%(number)d proposals are open again.", number
        )
        self.message_user(request, text % {"number": number}, messages.SUCCESS)

    def _accept(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> HttpResponse | None:
        seen = self._seen(request, queryset, _("Accept: link them"), _("Accept"))
        if not isinstance(seen, list):
            return seen
        linked, why_not = proposals.accept(
            configured_shop(), Proposal.objects.filter(pk__in=seen, refused=False)
        )
        text = ngettext("%(number)d SKU is linked.", "%(number)d SKUs are linked.", linked)
        if linked or not why_not:
            self.message_user(request, text % {"number": linked}, messages.SUCCESS)
        for sku, reason in sorted(why_not.items())[:20]:
            self.message_user(request, f"{sku}: {reason}", messages.ERROR)
        return None

    def _refuse(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> HttpResponse | None:
        title = _("Refuse: do not propose them again")
        seen = self._seen(request, queryset, title, _("Refuse"))
        if not isinstance(seen, list):
            return seen
        number = proposals.refuse(Proposal.objects.filter(pk__in=seen))
        text = ngettext(
            "%(number)d proposal is refused.", "%(number)d proposals are refused.", number
        )
        self.message_user(request, text % {"number": number}, messages.SUCCESS)
        return None

    def _seen(
        self,
        request: HttpRequest,
        queryset: QuerySet[Proposal],
        title: StrOrPromise,
        button: StrOrPromise,
    ) -> list[int] | HttpResponse | None:
        """Which of the chosen (pk) are as they were shown; else the page in between, which shows
        those of other pages of the list. None where they are too many."""
        chosen = list(queryset.filter(refused=False)[: AT_ONCE + 1])
        if len(chosen) > AT_ONCE:
            text = gettext("Choose at most %(number)d at a time; nothing was done.")
            self.message_user(request, text % {"number": AT_ONCE}, messages.ERROR)
            return None
        rows = cast("list[ShownProposal]", chosen)
        _add_offers(rows)
        marked = {row.pk: mark(_shown(row)) for row in rows}
        found = compared(request, [(row.pk, row.sku.sku, marked[row.pk]) for row in rows])
        if found.unseen:
            part = Part(
                sentences=[_in_short(row) for row in rows if row.pk in found.unseen],
                about=mark(sorted(found.unseen.items())),
            )
            context = {**self.admin_site.each_context(request), "opts": self.opts}
            if page := ask_first.page(request, Question(title, button, [part]), context):
                return page
        say_left_out(request, found.others.values())
        return [*found.same, *found.unseen]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start)
        name = "django_amazon_sync_proposal_start"
        return [path("start/", view, name=name), *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run of matching for each account that the user sees."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_match_permission(request):
            raise PermissionDenied
        connected = visible_accounts(request).exclude(state=AccountState.DISCONNECTED)
        accounts: QuerySet[SellerAccount] = connected.order_by("pk")
        ask(request, Job.MATCH, whole(accounts))
        return HttpResponseRedirect(list_url(Proposal))


def _in_short(row: ShownProposal) -> str:
    """Both sides of a proposal in one line."""
    listings, offer = _there(row), row.offer
    titled = next((listing.title for listing in listings if listing.title), "")
    amazons = " ".join(filter(None, [row.sku.sku, titled]))
    shops = f"{offer.sku} {offer.title}" if offer else gettext("The shop no longer has the offer.")
    return f"{amazons} → {shops}"


def _side(picture: str, title: str, name: object, codes: str) -> SafeString:
    """One side of a proposal: its picture, if there is one, its title and what names it."""
    shown = (
        format_html('<img src="{}" alt="" width="64" loading="lazy" '
                    'referrerpolicy="no-referrer"><br>', picture)
        if picture.startswith(("https://", "http://", "/"))
        else ""
    )  # fmt: skip
    return format_html("{}<strong>{}</strong><br>{}<br>{}", shown, title, name, codes)
