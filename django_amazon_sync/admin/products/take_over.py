"""Where Amazon shows something else: take its values over, or send the shop's.

One page for a listing, which says for each field who wins and what goes out, and one for many from
the list. Both ask for a run; the dry run shows the difference and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import Row, ScreenPart
from django_amazon_sync.admin.common.formatting import change_url, plain
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.admin.common.queue_runs import (
    ask,
    by_account,
    by_account_and_marketplace,
    queued,
    start_and_say,
)
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Job, Listing
from django_amazon_sync.sync.listings.decisions import send_ours
from django_amazon_sync.sync.offers.desired import amazon_wins, kept_by_amazon
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY
from django_amazon_sync.sync.verification import take_over

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEMPLATE = "django_amazon_sync/admin/take_over.html"

#: The permissions of the two decisions, and of switching a field off for a listing.
TAKE_OVER = "django_amazon_sync.take_over_listing"
SEND = "django_amazon_sync.export_listing"
CHANGE = "django_amazon_sync.change_listing"

SHOW, TAKE, OURS, OFF = "show", "take", "ours", "off"


@dataclass(frozen=True)
class Drifted:
    """A field that Amazon shows otherwise than it accepted it."""

    label: StrOrPromise
    live: str
    ours: str
    amazon_wins: bool
    never_amazon: bool


@dataclass(frozen=True)
class TakeOverChoice:
    """A field that may be taken over; or, where it goes out, the way to switch it off."""

    name: str
    label: StrOrPromise
    goes_out: bool = False
    chosen: bool = False


class TakesOverMany(ScreenPart[Row]):
    """The action "Import from Amazon" of a list of SKUs or listings; a part of its ModelAdmin."""

    @admin.action(description=_("Import from Amazon"), permissions=["take_over"])
    def take_over(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Choose the fields on a page of its own; then a run for each account, and marketplace."""
        step, fields = request.POST.get("step", ""), _fields(request)
        if step in (SHOW, TAKE) and fields:
            _ask(request, queryset, fields, dry_run=step == SHOW)
            return None
        across = request.POST.get("select_across", "") == "1"
        pks = request.POST.getlist(ACTION_CHECKBOX_NAME)
        choices = [TakeOverChoice(name, FIELDS[name].label) for name in take_over.TAKE_OVER_FIELDS]
        return self._take_over_page(
            request,
            choices=choices,
            missing=bool(step),
            number=queryset.count(),
            across=across,
            pks=pks[:1] if across else pks,
            checkbox=ACTION_CHECKBOX_NAME,
            back=request.get_full_path(),
        )

    def _take_over_page(self, request: HttpRequest, **more: object) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import from Amazon"),
            "opts": self.opts,
            "may_take_over": request.user.has_perm(TAKE_OVER),
            "may_send": request.user.has_perm(SEND),
            "may_switch": request.user.has_perm(CHANGE),
            "may_change_prices": request.user.has_perm(CHANGE_PRICES),
            **more,
        }
        return TemplateResponse(request, TEMPLATE, context)


class TakesOver(TakesOverMany[Listing]):
    """The two decisions for a list and for a listing's page; a part of its ModelAdmin."""

    @admin.action(
        description=_("Send the shop's values where they drifted"), permissions=["export"]
    )
    def send_ours(self, request: HttpRequest, queryset: QuerySet[Listing]) -> None:
        _send_ours(request, queryset)

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "<int:pk>/take-over/",
            self.admin_site.admin_view(self.take_over_view),
            name="django_amazon_sync_listing_take_over",
        )
        return [page, *super().get_urls()]

    def take_over_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of one listing: who wins, what may be taken over, what goes out."""
        if not (request.user.has_perm(TAKE_OVER) or request.user.has_perm(SEND)):
            raise PermissionDenied
        listings = self.get_queryset(request).filter(pk=pk)
        listing = listings.first()
        if listing is None:
            raise Http404
        step, fields = request.POST.get("step", ""), _fields(request)
        if request.method == "POST":
            if step == OURS:
                _needs(request, SEND)
                _send_ours(request, listings)
                return HttpResponseRedirect(change_url(listing))
            if step == OFF:
                switch_off(request, listing, request.POST.get("field", ""))
                return HttpResponseRedirect(request.get_full_path())
            if step in (SHOW, TAKE) and fields:
                _needs(request, TAKE_OVER)
                _ask(request, listings, fields, dry_run=step == SHOW)
                return HttpResponseRedirect(request.get_full_path())
        problem = ""
        try:
            goes_out = take_over.goes_out(listing)
        except ConfigurationError as reason:
            goes_out, problem = set(take_over.TAKE_OVER_FIELDS), str(reason)
        drifted = drifted_fields(listing)
        choices = [
            TakeOverChoice(name, FIELDS[name].label, name in goes_out, name in listing.drift)
            for name in take_over.TAKE_OVER_FIELDS
        ]
        return self._take_over_page(
            request,
            listing=listing,
            drifted=drifted,
            choices=choices,
            missing=step in (SHOW, TAKE),
            problem=problem,
            back=change_url(listing),
        )


def who_wins(listing: Listing) -> str:
    """What drifted of a listing and who wins, with the way to both decisions."""
    context = {
        "drifted": drifted_fields(listing),
        "url": reverse("admin:django_amazon_sync_listing_take_over", args=[listing.pk]),
    }
    return render_to_string("django_amazon_sync/admin/who_wins.html", context)


def drifted_fields(listing: Listing) -> list[Drifted]:
    """Each drifted field of a listing, with who wins."""
    amazons = kept_by_amazon(listing.drift, amazon_wins(listing.marketplace))
    return [
        Drifted(
            label=FIELDS[name].label,
            live=gettext("nothing") if seen.get("live") is None else plain(seen["live"]),
            ours=plain(seen.get("ours")),
            amazon_wins=name in amazons,
            never_amazon=name == QUANTITY,
        )
        for name, seen in listing.drift.items()
        if name in FIELDS and isinstance(seen, dict)
    ]


def switch_off(request: HttpRequest, listing: Listing, name: str) -> None:
    """Stop sending a field of this listing. Raises PermissionDenied."""
    _needs(request, CHANGE)
    if name not in take_over.TAKE_OVER_FIELDS:
        raise PermissionDenied
    if name == PRICE:
        _needs(request, CHANGE_PRICES)
    with transaction.atomic():
        row = Listing.objects.select_for_update().get(pk=listing.pk)
        row.switches[name] = False
        row.save(update_fields=["switches"])
    text = gettext("The %(field)s is switched off for this listing, so it is no longer sent.")
    messages.success(request, text % {"field": FIELDS[name].label})


def _send_ours(request: HttpRequest, listings: QuerySet[Listing]) -> None:
    drifted = listings.exclude(drift={})
    with transaction.atomic():  # the runs are about what has drifted until now
        runs = queued(request, Job.EXPORT, by_account_and_marketplace(drifted))
        number = send_ours(drifted)
    text = ngettext(
        "The shop's values of %(number)d listing are sent again.",
        "The shop's values of %(number)d listings are sent again.",
        number,
    )
    start_and_say(request, runs, done=text % {"number": number} if number else "")


def _ask(
    request: HttpRequest, rows: QuerySet[Any], fields: Iterable[str], *, dry_run: bool
) -> None:
    """Ask for runs over these SKUs, in all their stores, or over these listings."""
    about = by_account_and_marketplace(rows) if rows.model is Listing else by_account(rows)
    wanted = [(account, {**options, "fields": list(fields)}) for account, options in about]
    ask(request, Job.TAKE_OVER, wanted, dry_run=dry_run)


def _fields(request: HttpRequest) -> list[str]:
    named = request.POST.getlist("field")
    return [name for name in take_over.TAKE_OVER_FIELDS if name in named]


def _needs(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
