"""Amazon's orders as they are there now: searched by hand, and imported as staff choose.

A page is one call to Amazon. Where the search goes on, and what was searched, travels with the
page, signed; nothing of it is kept here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any, TypedDict

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.admin.common.access import SEES_BUYERS, SEES_ORDERS, visible_accounts
from django_amazon_sync.admin.common.base import marketplace_name
from django_amazon_sync.admin.common.formatting import change_url, moment_alone
from django_amazon_sync.admin.common.help_articles import url_of
from django_amazon_sync.admin.common.queue_runs import ask
from django_amazon_sync.errors import (
    AmazonSyncError,
    NotFound,
    Rejected,
    Throttled,
    Unavailable,
)
from django_amazon_sync.messages import Code
from django_amazon_sync.models import AmazonOrder, Job, OrderState, SellerAccount
from django_amazon_sync.sync.orders.search import (
    SURELY_THERE,
    Asked,
    Page,
    Sighting,
    look,
    searches_left,
)
from django_amazon_sync.sync.privacy import views

IMPORTS = "django_amazon_sync.import_amazonorder"

TEMPLATE = "django_amazon_sync/admin/order_search.html"
NAME = "admin:django_amazon_sync_amazonorder_search"

#: How long a search can be gone on with; Amazon's token does not live longer.
SEARCH_LIVES = timedelta(hours=24)
SALT = "django_amazon_sync.order_search"

#: Orders that one request may choose: as many as a page of Amazon has.
CHOSEN_AT_MOST = 100

NUMBER = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}")

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Amazon's words for where an order is.
STATUS_WORDS: dict[str, StrOrPromise] = {
    "PENDING_AVAILABILITY": _("pending, not available yet"),
    "PENDING": _("pending"),
    "UNSHIPPED": _("unshipped"),
    "PARTIALLY_SHIPPED": _("partially shipped"),
    "SHIPPED": _("shipped"),
    "CANCELLED": _("cancelled"),
    "UNFULFILLABLE": _("cannot be fulfilled"),
}

#: Why an order is not in the shop, by the code of what was decided.
WHY_NOT: dict[str, StrOrPromise] = {
    "channel": _("It was sold on a sales channel other than Amazon, so it is never placed."),
    "cancelled": _("It was cancelled on Amazon."),
    "unfulfillable": _("Amazon says that it cannot be fulfilled."),
    Code.BEFORE_CUT_OVER: _(
        "It is from before the cut-over. Import it, and it is placed without taking stock."
    ),
    "pending": _("Its payment is pending on Amazon; it is placed when it is paid."),
    "amazon-ships": _("Amazon ships it; it is placed once it is shipped."),
    "status": _("Its status on Amazon is not known here."),
    "total": _("Amazon has not named its total yet."),
}


# --- What is asked ------------------------------------------------------------------------------


class Period:
    """The choices of a time; the last lets the two dates count."""

    DAYS = {"today": 1, "week": 7, "month": 30}
    DATES = "dates"
    CHOICES = (
        ("today", _("today")),
        ("week", _("the last 7 days")),
        ("month", _("the last 30 days")),
        (DATES, _("these dates:")),
    )


#: Amazon has no orders of before.
EARLIEST = date(1995, 1, 1)


class SearchForm(forms.Form):
    """An account, and either an order's number or a marketplace and a time."""

    account = forms.ModelChoiceField(
        SellerAccount.objects.none(), label=pgettext_lazy("at Amazon", "Account")
    )
    marketplace = forms.ChoiceField(label=_("Marketplace"), required=False)
    period = forms.ChoiceField(label=_("Ordered"), choices=Period.CHOICES, initial="today")
    since = forms.DateField(
        label=_("from"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label=_("until"), required=False, widget=forms.DateInput({"type": "date"})
    )
    number = forms.CharField(
        label=_("Or one order: its Amazon order id"),
        required=False,
        max_length=50,
        help_text=_("Such as 302-1234567-1234567; then the time and the marketplace do not count."),
    )

    def __init__(self, accounts: QuerySet[SellerAccount], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = accounts
        if len(accounts) == 1:
            field.initial = accounts[0]
        codes = {
            marketplace.code for account in accounts for marketplace in account.marketplaces.all()
        }
        choice = self.fields["marketplace"]
        assert isinstance(choice, forms.ChoiceField)
        named = sorted((f"Amazon {marketplace_name(code)}", code) for code in codes)
        choice.choices = [("", _("all of them")), *((code, name) for name, code in named)]

    def clean_number(self) -> str:
        given: str = self.cleaned_data["number"]
        number = given.strip().upper()
        if number and not NUMBER.fullmatch(number):
            raise forms.ValidationError(_("Amazon's order ids look like 302-1234567-1234567."))
        return number

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("number"):
            return data
        account: SellerAccount | None = data.get("account")
        code: str | None = data.get("marketplace")
        sold_in = {row.code for row in account.marketplaces.all()} if account else set()
        if account and code and code not in sold_in:
            self.add_error("marketplace", _("The account does not sell there."))
        if data.get("period") == Period.DATES:
            self._check_dates(data.get("since"), data.get("until"))
        return data

    def _check_dates(self, since: date | None, until: date | None) -> None:
        if since is None:
            if "since" not in self.errors:
                self.add_error("since", _("Give the first day."))
        elif since > timezone.localdate():
            self.add_error("since", _("This day has not come yet."))
        elif until is not None and until < since:
            self.add_error("until", _("This is before the first day."))

    def asked(self) -> Asked:
        """What the valid form asks for."""
        number: str = self.cleaned_data["number"]
        code: str = self.cleaned_data["marketplace"]
        period: str = self.cleaned_data["period"]
        if number:
            return Asked(number=number)
        codes = (code,) if code else ()
        if period == Period.DATES:
            since: date = self.cleaned_data["since"]
            last: date | None = self.cleaned_data["until"]
            over = last is not None and last < timezone.localdate()
            until = _midnight(last + timedelta(days=1)) if last and over else None
            return Asked(since=_midnight(max(since, EARLIEST)), until=until, marketplaces=codes)
        first = timezone.localdate() - timedelta(days=Period.DAYS[period] - 1)
        return Asked(since=_midnight(first), marketplaces=codes)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time_of_day.min))


class Carried(TypedDict):
    """A search as a page carries it; moments are ISO 8601."""

    account: int
    number: str
    since: str | None
    until: str | None
    marketplaces: list[str]
    page_token: str


def sign(account: SellerAccount, asked: Asked) -> str:
    """A search as the page carries it."""
    carried = Carried(
        account=account.pk,
        number=asked.number,
        since=asked.since.isoformat() if asked.since else None,
        until=asked.until.isoformat() if asked.until else None,
        marketplaces=list(asked.marketplaces),
        page_token=asked.page_token,
    )
    return signing.dumps(carried, salt=SALT)


def read_signed(text: str) -> tuple[int, Asked]:
    """The account's pk and the search that a page carried; raises BadSignature."""
    carried: Carried = signing.loads(text, salt=SALT, max_age=SEARCH_LIVES)
    asked = Asked(
        number=carried["number"],
        since=_moment(carried["since"]),
        until=_moment(carried["until"]),
        marketplaces=tuple(carried["marketplaces"]),
        page_token=carried["page_token"],
    )
    return carried["account"], asked


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- What is shown ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One order for people: Amazon's facts, and whether it is here or why not."""

    number: str
    store: str
    ordered: str
    status: StrOrPromise
    total: str
    buyer: str
    here: StrOrPromise
    why: StrOrPromise
    url: str
    shop_url: str
    can_be_chosen: bool


def row_of(seen: Sighting, account: SellerAccount, request: HttpRequest) -> Row:
    """A row of the page, without what whoever asks may not see."""
    order, row = seen.order, seen.row
    sees = request.user.has_perm(SEES_ORDERS)
    placed = row is not None and bool(row.shop_order_pk)
    return Row(
        number=seen.number,
        store=marketplace_name(order.marketplace) if order else "",
        ordered=moment_alone(order.created) if order else "",
        status=STATUS_WORDS.get(order.status, order.status) if order else "",
        total=str(seen.total or ""),
        buyer=_buyer(seen) if request.user.has_perm(SEES_BUYERS) else "",
        here=row.state_in_words if row else _("not imported"),
        why=_why(row) if row else _why_not(seen, account),
        url=change_url(row) if row and sees else "",
        shop_url=shop_order_url(row) if row and placed and sees else "",
        can_be_chosen=not placed and bool(NUMBER.fullmatch(seen.number)),
    )


def shop_order_url(row: AmazonOrder) -> str:
    """Our address that leads on to the shop's order: the shop is asked when somebody follows it."""
    return reverse("admin:django_amazon_sync_amazonorder_shop", args=[row.pk])


def _buyer(seen: Sighting) -> str:
    if seen.order is None:
        return ""
    name = seen.order.buyer.name or (seen.order.delivery.name if seen.order.delivery else "")
    return name or "–"


def _why(row: AmazonOrder) -> StrOrPromise:
    """Why the order that we have is not placed; a reason of its own, where it was put aside."""
    if row.state in (OrderState.PLACED, OrderState.QUARANTINED):
        return row.reason
    if row.state == OrderState.WAITING:
        return _("The next import places it in the shop.")
    return WHY_NOT.get(row.reason_code, row.reason)


def _why_not(seen: Sighting, account: SellerAccount) -> StrOrPromise:
    """Why an order is not here that Amazon has."""
    decision = seen.decision
    never = decision.state in (OrderState.RECORDED, OrderState.CANCELLED)
    if not account.import_orders and not never:
        return _("The import of orders is switched off for the account.")
    if decision.reason:
        return WHY_NOT.get(decision.code, decision.reason)
    return _("It has not been searched for yet; the next import brings it in.")


# --- The page -----------------------------------------------------------------------------------


class SearchPage:
    """The page of one request: the form, and what one call found."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self.request = request
        self.site = site
        accounts = visible_accounts(request).order_by("name")
        self.accounts = accounts.prefetch_related("marketplaces")

    def answer(self) -> HttpResponse:
        """Search, go on, or import; or the empty form."""
        if not self.request.user.has_perm(IMPORTS):
            raise PermissionDenied
        if self.request.method != "POST":
            return self._show(SearchForm(self.accounts))
        if "searched" not in self.request.POST:
            return self._search()
        return self._with_search()

    def _search(self) -> HttpResponse:
        form = SearchForm(self.accounts, self.request.POST)
        if not form.is_valid():
            return self._show(form)
        return self._look(form, form.cleaned_data["account"], form.asked())

    def _with_search(self) -> HttpResponse:
        """Go on with the search that the page carries, or import of it."""
        try:
            pk, asked = read_signed(self.request.POST["searched"])
            account = self.accounts.get(pk=pk)
        except (signing.BadSignature, SellerAccount.DoesNotExist):
            messages.error(self.request, _("This search has expired; start it again."))
            return redirect(NAME)
        what = self.request.POST.get("do")
        if what == "import":
            return self._import_chosen(account, self.request.POST.getlist("order"))
        if what == "import_all":
            return self._import_all(account, asked)
        return self._look(self._form_again(account, asked), account, asked)

    def _form_again(self, account: SellerAccount, asked: Asked) -> SearchForm:
        """The form as it was filled in, for the pages after the first."""
        until = asked.until - timedelta(days=1) if asked.until else None
        return SearchForm(
            self.accounts,
            initial={
                "account": account,
                "marketplace": "".join(asked.marketplaces),
                "period": Period.DATES,
                "since": timezone.localtime(asked.since).date() if asked.since else None,
                "until": timezone.localtime(until).date() if until else None,
            },
        )

    # --- Looking ---------------------------------------------------------------------------------

    def _look(self, form: SearchForm, account: SellerAccount, asked: Asked) -> HttpResponse:
        try:
            page = look(account, asked)
        except AmazonSyncError as error:
            messages.error(self.request, str(_told(error, asked)))
            return self._show(form, account=account)
        return self._show(form, account=account, asked=asked, page=page)

    def _show(
        self,
        form: SearchForm,
        *,
        account: SellerAccount | None = None,
        asked: Asked | None = None,
        page: Page | None = None,
    ) -> HttpResponse:
        context: dict[str, object] = {
            **self.site.each_context(self.request),
            "title": _("Orders on Amazon"),
            "opts": AmazonOrder._meta,
            "form": form,
            "budget": _budget(account) if account else "",
            "sees_buyers": self.request.user.has_perm(SEES_BUYERS),
        }
        if account and asked and page:
            if context["sees_buyers"]:
                seen_by_staff(self.request, account, page)
            further = replace(asked, page_token=page.next_token)
            context |= {
                "found": True,
                "rows": [row_of(seen, account, self.request) for seen in page.sightings],
                "searched": sign(account, asked),
                "next": sign(account, further) if page.next_token else "",
                "in_a_time": asked.since is not None,
                "article_url": url_of("order-not-imported"),
            }
        return TemplateResponse(self.request, TEMPLATE, context)

    # --- Importing -------------------------------------------------------------------------------

    def _import_chosen(self, account: SellerAccount, numbers: Sequence[str]) -> HttpResponse:
        chosen = list(dict.fromkeys(filter(NUMBER.fullmatch, numbers)))[:CHOSEN_AT_MOST]
        if not chosen:
            messages.warning(self.request, _("No order was chosen."))
            return redirect(NAME)
        text = ngettext(
            "%(number)d order is asked for.", "%(number)d orders are asked for.", len(chosen)
        )
        wanted = [(account, {"orders": chosen})]
        ask(self.request, Job.IMPORT_ORDERS, wanted, done=text % {"number": len(chosen)})
        return redirect(NAME)

    def _import_all(self, account: SellerAccount, asked: Asked) -> HttpResponse:
        if asked.since is None:
            raise PermissionDenied
        options: dict[str, Any] = {"since": asked.since.isoformat(), "by_creation": True}
        if asked.until is not None and asked.until < clock.now() - SURELY_THERE:
            options["until"] = asked.until.isoformat()
        if asked.marketplaces:
            options["marketplaces"] = list(asked.marketplaces)
        done = gettext("All orders of this search are asked for.")
        ask(self.request, Job.IMPORT_ORDERS, [(account, options)], done=done)
        return redirect(NAME)


def seen_by_staff(request: HttpRequest, account: SellerAccount, page: Page) -> None:
    """Write down which buyers' names the page shows."""
    numbers = [seen.number for seen in page.sightings if seen.order is not None]
    views.note(request.user, account, numbers, views.Where.SEARCH)


def _told(error: AmazonSyncError, asked: Asked) -> StrOrPromise:
    """What stood in the way, for people."""
    if isinstance(error, Throttled):
        return gettext(
            "Amazon's limit for this is used up; ask again at %(time)s. What is left of it stays "
            "for the import of orders."
        ) % {"time": f"{timezone.localtime(error.retry_at):%H:%M:%S}"}
    if isinstance(error, NotFound) and asked.number:
        return gettext("The account has no order %(number)s on Amazon.") % {"number": asked.number}
    if isinstance(error, Rejected) and asked.page_token:
        return _("This search has expired; start it again.")
    return str(error)


def _budget(account: SellerAccount) -> str:
    """How many searches may be made by hand now, and how soon they come back."""
    try:
        budget = searches_left(account)
    except Unavailable as away:
        return str(away)
    left = ngettext(
        "%(number)d search may be made now.",
        "%(number)d searches may be made now.",
        budget.available,
    ) % {"number": budget.available}
    again = gettext("Amazon gives one back every %(seconds)d seconds.") % {
        "seconds": max(1, round(1 / budget.rate))
    }
    return f"{left} {again}"
