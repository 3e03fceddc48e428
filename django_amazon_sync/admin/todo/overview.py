"""Is all well, and if not, what do I do? One page over all accounts that whoever asks may see.

It takes the same number of queries for one account and for fifty, and counts listings by index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, resolve
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.admin.common import help_articles, help_links, next_steps
from django_amazon_sync.admin.common.access import visible_accounts
from django_amazon_sync.admin.common.base import ReadOnly, Screen, ScreenPart
from django_amazon_sync.admin.common.formatting import change_url, list_url
from django_amazon_sync.admin.reports.progress import ENDED
from django_amazon_sync.admin.todo.work import Work, work_of
from django_amazon_sync.amazon.limits import Budget
from django_amazon_sync.errors import Unavailable
from django_amazon_sync.models import Listing, Overview, Presence, SellerAccount, SyncRun
from django_amazon_sync.sync.accounts import budget
from django_amazon_sync.sync.alerts import attention

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The states of listings that the chart tells apart, with the filter of their list.
SHARES: dict[str, tuple[StrOrPromise, dict[str, str]]] = {
    "present": (_("on Amazon, in step"), {"presence__exact": Presence.PRESENT}),
    "held": (_("wait for approval"), {"condition": "held"}),
    "refused": (_("refused by Amazon"), {"condition": "refused"}),
    "drift": (_("drifted"), {"condition": "drifted"}),
    "ended": (_("offer ended"), {"presence__exact": Presence.ENDED}),
    "absent": (_("not on Amazon"), {"presence__exact": Presence.ABSENT}),
    "unread": (_("not read yet"), {"presence__exact": Presence.UNREAD}),
}

#: The operations whose budget is shown: those that people wait for.
OPERATIONS = ("patchListingsItem", "createFeed", "searchOrders", "confirmShipment")


@dataclass
class Share:
    """A part of the chart: ``start`` and ``width`` in per cent of all listings."""

    name: str
    label: StrOrPromise
    number: int
    url: str
    start: float = 0.0
    width: float = 0.0


@dataclass
class ShownRun:
    """The last run of a job; ``went_well`` is not known before it has ended."""

    run: SyncRun
    url: str
    went_well: bool | None


@dataclass
class Card:
    """What the page shows of one account."""

    account: SellerAccount
    url: str
    what_next: StrOrPromise
    article: str
    wants: list[attention.Matter] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    complete_until: datetime | None = None
    left_out: str = ""
    runs: list[ShownRun] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    listings: int = 0
    budgets: list[tuple[Budget, datetime]] = field(default_factory=list)


class HelpPages(ScreenPart[SellerAccount]):
    """The help, beside the pages of accounts."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        pages = (
            ("help/", partial(help_articles.index, site=site), "help_index"),
            ("help/<slug:name>/", partial(help_articles.article, site=site), "help"),
        )
        own = [
            path(where, site.admin_view(view), name=f"django_amazon_sync_{name}")
            for where, view, name in pages
        ]
        # Where the overview was before it had an entry of its own: people have bookmarked it.
        moved = path("overview/", site.admin_view(_to_overview))
        return [moved, *own, *super().get_urls()]


def may_see(request: HttpRequest) -> bool:
    """Whether whoever asks may see the overview: as far as accounts are theirs to see."""
    return request.user.has_perm("django_amazon_sync.view_selleraccount")


def _to_overview(request: HttpRequest) -> HttpResponse:
    return redirect("admin:django_amazon_sync_overview")


@admin.register(Overview)
class OverviewAdmin(ReadOnly, Screen[Overview]):
    """The overview's entry among the models, in the index and the menu of any admin: its list is
    the page, and there is no page of one row."""

    account_path = "self"

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_see(request)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(partial(overview, site=self.admin_site))
        names = ("overview", "overview_changelist")  # the second is what the admin asks for
        return [path("", page, name=f"django_amazon_sync_{name}") for name in names]


def overview(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    """The page: a card for each account, those that want staff first."""
    if not may_see(request):
        raise PermissionDenied
    cards, away = _cards(visible_accounts(request))
    for card in cards:
        _lead_where_they_may_go(request, card)
    context = {
        **site.each_context(request),
        "title": Overview._meta.verbose_name_plural,
        "cards": cards,
        "wanted": sum(len(card.wants) + len(card.work) for card in cards),
        "may_connect": request.user.has_perm("django_amazon_sync.add_selleraccount"),
        "away": away,
        "yes_no": _("yes,no,"),  # the third, for a run that has not ended, is empty
    }
    return TemplateResponse(request, "django_amazon_sync/admin/overview.html", context)


def _cards(accounts: QuerySet[SellerAccount]) -> tuple[list[Card], str]:
    """The cards, and why no budgets are shown, if so."""
    rows = list(accounts.order_by("name", "pk"))
    pks = [row.pk for row in rows]
    known = attention.OrdersKnown.of(pks)
    wants = attention.matters(accounts, known=known)
    runs = attention.last_runs(pks)
    waiting = work_of(rows, runs)
    listings = _listings(pks)
    try:
        budgets = budget.budgets_of_accounts(rows, OPERATIONS, clock.timestamp())
        away = ""
    except Unavailable as fault:
        budgets, away = {}, str(fault)
    cards = [
        Card(
            account=row,
            url=change_url(row),
            what_next=next_steps.of_account(row),
            article=help_links.of_account(row),
            wants=wants.get(row.pk, []),
            work=waiting.get(row.pk, []),
            complete_until=known.until.get(row.pk),
            left_out=known.left_out.get(row.pk, ""),
            runs=_latest(runs.get(row.pk, [])),
            shares=_shares(row, listings[row.pk]),
            listings=listings[row.pk].total(),
            budgets=[(bucket, _full_again(bucket)) for bucket in budgets.get(row.pk, [])],
        )
        for row in rows
    ]
    return sorted(cards, key=lambda card: not (card.wants or card.work)), away


def _lead_where_they_may_go(request: HttpRequest, card: Card) -> None:
    """Without the links to pages that are shut to whoever asks; what is said stays."""
    card.wants = [each if _opens(request, each.path) else replace(each, path="")
                  for each in card.wants]  # fmt: skip
    card.work = [each if _opens(request, each.path) else replace(each, path="")
                 for each in card.work]  # fmt: skip
    card.runs = [each if _opens(request, each.url) else replace(each, url="") for each in card.runs]
    card.shares = [each if _opens(request, each.url) else replace(each, url="")
                   for each in card.shares]  # fmt: skip


def _opens(request: HttpRequest, path: str) -> bool:
    """Whether a page of the admin opens for whoever asks."""
    if not path:
        return False
    screen = getattr(resolve(urlsplit(path).path).func, "model_admin", None)
    return screen is None or bool(screen.has_view_or_change_permission(request))


def _latest(runs: Iterable[SyncRun]) -> list[ShownRun]:
    return [
        ShownRun(run, change_url(run), run.went_well if run.state in ENDED else None)
        for run in runs
    ]


def _full_again(bucket: Budget) -> datetime:
    """When all calls of a budget are there again."""
    return datetime.fromtimestamp(bucket.full_at, UTC)


def _listings(account_pks: list[int]) -> dict[int, Counter[str]]:
    """How many listings each account has in each state; the most pressing state of each counts."""
    mine = Listing.objects.filter(marketplace__account__in=account_pks).order_by()
    found: dict[int, Counter[str]] = defaultdict(Counter)
    by_presence = mine.values_list("marketplace__account", "presence").annotate(n=Count("*"))
    for pk, presence, number in by_presence:
        found[pk][presence] += number
    held, refused = ~Q(held={}), ~Q(refused={})
    matters = (
        ("held", held),
        ("refused", refused & ~held),
        ("drift", ~Q(drift={}) & ~refused & ~held),
    )
    for name, condition in matters:
        rows = mine.filter(condition).values_list("marketplace__account", "presence")
        for pk, presence, number in rows.annotate(n=Count("*")):
            found[pk][presence] -= number
            found[pk][name] += number
    return found


def _shares(account: SellerAccount, numbers: Counter[str]) -> list[Share]:
    shares, start = [], 0.0
    total = numbers.total()
    for name, (label, filters) in SHARES.items():
        if number := numbers[name]:
            url = list_url(Listing, account=account.pk, **filters)
            width = 100 * number / total
            shares.append(Share(name, label, number, url, start, width))
            start += width
    return shares
