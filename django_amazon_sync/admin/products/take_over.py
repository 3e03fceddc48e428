"""Where Amazon shows something else: take its values over, or send the shop's.

One page for a listing, which says for each field who wins and what goes out, and one for many from
the list. Both ask for a run; the dry run shows the difference and changes nothing. A run is about
the rows that the page was about, and takes no other value over than the page showed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.base import Row, ScreenPart
from django_amazon_sync.admin.common.formatting import change_url
from django_amazon_sync.admin.common.prices import CHANGE_PRICES
from django_amazon_sync.admin.common.queue_runs import (
    ask,
    by_account,
    by_account_and_marketplace,
    queued,
    start_and_say,
)
from django_amazon_sync.admin.common.seen import MOST_ROWS, Seen, compared, mark, say_left_out
from django_amazon_sync.admin.common.words import words
from django_amazon_sync.admin.products.switching_off import question_of_field
from django_amazon_sync.data import FieldValues
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Job, Listing
from django_amazon_sync.sync.listings.decisions import send_ours
from django_amazon_sync.sync.offers.desired import amazon_wins, kept_by_amazon
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY
from django_amazon_sync.sync.runs.bulk import in_pages
from django_amazon_sync.sync.verification import take_over

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEMPLATE = "django_amazon_sync/admin/take_over.html"

#: The name of what a row of the list says of the drift that it showed.
SEEN_DRIFT = "seen_drift"

#: The permissions of the two decisions, and of switching a field off for a listing.
TAKE_OVER = "django_amazon_sync.take_over_listing"
SEND = "django_amazon_sync.export_listing"
CHANGE = "django_amazon_sync.change_listing"

#: Rows that are left out by name; where more are no longer what was seen, nothing is asked for.
MOST_OTHERS = 500

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
            rows = _as_seen(request, queryset)
            if rows is not None:
                _ask(request, rows, fields, dry_run=step == SHOW)
                return None
        number = queryset.count()
        across = request.POST.get("select_across", "") == "1"
        pks = request.POST.getlist(ACTION_CHECKBOX_NAME)
        choices = [TakeOverChoice(name, FIELDS[name].label) for name in take_over.TAKE_OVER_FIELDS]
        return self._take_over_page(
            request,
            choices=choices,
            missing=bool(step) and not fields,
            number=number,
            too_many=MOST_ROWS if number > MOST_ROWS else 0,
            mark="" if number > MOST_ROWS else Seen(each for *_row, each in _marked(queryset)).text,
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
    def send_ours(self, request: HttpRequest, queryset: QuerySet[Listing]) -> HttpResponse | None:
        """Over the values of Amazon that the list showed; others are asked about first."""
        drifted = queryset.exclude(drift={})
        rows = in_pages(drifted.values_list("pk", "sku__sku", "drift"))
        marked = ((pk, sku, mark(drift)) for pk, sku, drift in rows)
        found = compared(request, marked, SEEN_DRIFT)
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        title, button = _("Send the shop's values where they drifted"), _("Send the shop's values")
        if page := ask_first.page_of_unseen(request, found, title, button, context):
            return page
        say_left_out(request, found.others.values())
        _send_ours(request, queryset.exclude(pk__in=found.others))
        return None

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
            if step in (SHOW, TAKE, OURS) and _as_seen(request, listings) is None:
                return HttpResponseRedirect(request.get_full_path())
            if step == OURS:
                _needs(request, SEND)
                _send_ours(request, listings)
                return HttpResponseRedirect(change_url(listing))
            if step == OFF:
                name = request.POST.get("field", "")
                check_switch_off(request, name)
                context = {**self.admin_site.each_context(request), "opts": self.opts}
                if page := ask_first.page(request, question_of_field(listing, name), context):
                    return page
                switch_off(request, listing, name)
                return HttpResponseRedirect(request.get_full_path())
            if step in (SHOW, TAKE) and fields:
                _needs(request, TAKE_OVER)
                showed = {name: its for name, its in lives(listing).items() if name in fields}
                _ask(request, listings, fields, dry_run=step == SHOW, showed=showed)
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
            mark=Seen(each for *_row, each in _marked(listings)).text,
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
            live=gettext("nothing") if seen.get("live") is None else words(seen["live"]),
            ours=words(seen.get("ours")),
            amazon_wins=name in amazons,
            never_amazon=name == QUANTITY,
        )
        for name, seen in listing.drift.items()
        if name in FIELDS and isinstance(seen, dict)
    ]


def lives(listing: Listing) -> FieldValues:
    """What the page of a listing shows of Amazon, by field."""
    seen = {name: its for name, its in listing.drift.items() if isinstance(its, dict)}
    return {name: its["live"] for name, its in seen.items() if its.get("live") is not None}


def check_switch_off(request: HttpRequest, name: str) -> None:
    """Raises PermissionDenied for who may not stop sending this field."""
    _needs(request, CHANGE)
    if name not in take_over.TAKE_OVER_FIELDS:
        raise PermissionDenied
    if name == PRICE:
        _needs(request, CHANGE_PRICES)


def switch_off(request: HttpRequest, listing: Listing, name: str) -> None:
    """Stop sending a field of this listing. Raises PermissionDenied."""
    check_switch_off(request, name)
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


def _marked(rows: QuerySet[Any]) -> Iterator[tuple[int, str, str]]:
    """The pk, SKU and mark of each row: which product it is of, and what Amazon shows instead."""
    path = "sku__" if rows.model is Listing else ""
    columns = [f"{path}sku", f"{path}offer_pk", *(["drift"] if path else [])]
    for pk, *shown in in_pages(rows.values_list("pk", *columns)):
        yield pk, shown[0], mark(pk, *shown)


def _as_seen(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any] | None:
    """The rows that are still as the page showed them; the others are named. None where these are
    all, or too many to be named: the page has to be looked at again."""
    seen, others, number = Seen.of(request.POST.get("mark", "")), dict[int, str](), 0
    for pk, sku, its in _marked(rows):
        if its in seen:
            number += 1
        elif len(others) <= MOST_OTHERS:
            others[pk] = sku
    say_left_out(request, others.values())
    if not number or len(others) > MOST_OTHERS:
        return None
    return rows.exclude(pk__in=others) if others else rows


def _ask(
    request: HttpRequest,
    rows: QuerySet[Any],
    fields: Iterable[str],
    *,
    dry_run: bool,
    showed: FieldValues | None = None,
) -> None:
    """Ask for runs over these SKUs, in all their stores, or over these listings."""
    about = by_account_and_marketplace(rows) if rows.model is Listing else by_account(rows)
    more = {"fields": list(fields), **({"showed": showed} if showed and not dry_run else {})}
    wanted = [(account, {**options, **more}) for account, options in about]
    ask(request, Job.TAKE_OVER, wanted, dry_run=dry_run)


def _fields(request: HttpRequest) -> list[str]:
    named = request.POST.getlist("field")
    return [name for name in take_over.TAKE_OVER_FIELDS if name in named]


def _needs(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
