"""Lines of runs: what became of each SKU and order, where it is, and all of them as a file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import help_links, issue_texts
from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen, marketplace_name
from django_amazon_sync.admin.common.formatting import Echo, change_url, guarded, link
from django_amazon_sync.admin.common.help_articles import article_link
from django_amazon_sync.admin.common.words import words
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import AmazonOrder, Listing, Outcome, RunLine, SellerSku
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.runs.bulk import in_pages

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The columns of a run's file.
COLUMNS = (
    "sku", "seller_sku", "marketplace", "order_number", "outcome", "values", "code", "message",
    "at",
)  # fmt: skip


def file_of(lines: QuerySet[RunLine], name: str) -> StreamingHttpResponse:
    """The lines as CSV, in the order of the run, streamed: there may be a hundred thousand."""
    return StreamingHttpResponse(
        _csv(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(lines: QuerySet[RunLine]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for _pk, *row in in_pages(lines.values_list("pk", *COLUMNS)):
        cells = zip(COLUMNS, row, strict=True)
        yield writer.writerow([_cell(_in_words(name, value)) for name, value in cells])


def _in_words(name: str, value: Any) -> str:
    """A cell of the file as the pages show it."""
    if name == "values":
        return progress.values_in_words(value)
    if name == "outcome":
        return str(Outcome(value).label)
    return words(value, name)


def _cell(value: object) -> str:
    """A value as text; what a spreadsheet would run as a formula gets an apostrophe before it."""
    return guarded(str(value))


class AccountOfRunFilter(AccountFilter):
    path = "run__account"


@admin.register(RunLine)
class LineAdmin(ReadOnly, Screen[RunLine]):
    account_path = "run__account"
    reads_with = ("run__account",)
    encrypted = ("run__account__refresh_token",)
    list_display = (
        "subject", "page", "store", "outcome", "shown_values", "said", "run_link", "at",
    )  # fmt: skip
    list_filter = (AccountOfRunFilter, "outcome", "run__job")
    found_by = ("sku", "seller_sku", "order_number")
    search_fields = ("sku__exact", "seller_sku__exact", "order_number__exact")
    search_help_text = _("the whole SKU or Amazon order id")
    ordering = ("-pk",)
    fields = ("run_link", "outcome", "sku", "seller_sku", "store", "order_number", "pages",
              "shown_values", "code", "said_of_field", "help", "at")  # fmt: skip
    readonly_fields = ("run_link", "store", "pages", "shown_values", "said_of_field", "help")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("SKU or order"), ordering="sku")
    def subject(self, line: RunLine) -> str:
        if line.seller_sku not in ("", line.sku):
            return f"{line.sku} ({line.seller_sku})"
        return line.sku or line.order_number

    @admin.display(description=_("page"))
    def page(self, line: RunLine) -> str:
        """A link that finds the row when it is followed, so that a list asks for none."""
        text = _("Order") if line.order_number else _("Product")
        url = reverse("admin:django_amazon_sync_runline_about", args=[line.pk])
        return format_html('<a href="{}">{}</a>', url, text)

    @admin.display(description=_("pages"))
    def pages(self, line: RunLine) -> str:
        """What the line is about: here, and in the shop."""
        return format_html_join(
            " · ", '<a href="{}">{}</a>', [(url, text) for url, text in _about(line) if url]
        )

    @admin.display(description=_("help"))
    def help(self, line: RunLine) -> str:
        article = help_links.OF_CODE.get(line.code)
        return article_link(article) if article else ""

    @admin.display(description=_("marketplace"))
    def store(self, line: RunLine) -> str:
        return marketplace_name(line.marketplace)

    @admin.display(description=_("values"))
    def shown_values(self, line: RunLine) -> str:
        return progress.values_in_words(line.values)

    @admin.display(description=_("message"), ordering="message")
    def said(self, line: RunLine) -> str:
        """What stands in the line; what Amazon refused also in our words."""
        refused = line.outcome == Outcome.REFUSED
        return issue_texts.in_words(line.code, line.message) if refused else line.message

    @admin.display(description=_("message"))
    def said_of_field(self, line: RunLine) -> str:
        """The same on the line's own page, with a link to the field that it is about."""
        if line.outcome != Outcome.REFUSED:
            return line.message
        listings = Listing.objects.select_related("sku", "marketplace").filter(
            sku__account=line.run.account_id,
            sku__sku=line.seller_sku or line.sku,
            marketplace__code=line.marketplace,
        )
        return issue_texts.in_words(line.code, line.message, listings.first())

    @admin.display(description=_("run"))
    def run_link(self, line: RunLine) -> str:
        return link(line.run)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        file = reverse("admin:django_amazon_sync_runline_file")
        context = {**(extra_context or {}), "file_url": f"{file}?{request.GET.urlencode()}"}
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "django_amazon_sync_runline"
        return [
            path("lines.csv", wrap(self.lines_file), name=f"{name}_file"),
            path("<int:pk>/about/", wrap(self.about), name=f"{name}_about"),
            *super().get_urls(),
        ]

    def lines_file(self, request: HttpRequest) -> StreamingHttpResponse:
        """The lines of the list as it is filtered."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            lines = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as fault:
            raise Http404 from fault
        return file_of(lines, "lines.csv")

    def about(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lead on to what a line is about, or to the line where that is gone."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        line = self.get_queryset(request).filter(pk=pk).first()
        if line is None:
            raise Http404
        return redirect(next((url for url, _text in _about(line) if url), change_url(line)))


def _about(line: RunLine) -> Iterator[tuple[str, StrOrPromise]]:
    """Address and name of each page of what a line is about, the nearest first."""
    account = line.run.account
    if line.order_number:
        order = AmazonOrder.objects.filter(account=account, number=line.order_number).first()
        if order is not None:
            yield change_url(order), _("Amazon order")
            yield _in_shop(lambda shop: shop.order_url(order.shop_order_pk)), _("Order in the shop")
    name = line.seller_sku or line.sku
    sku = SellerSku.objects.filter(account=account, sku=name).first() if name else None
    if sku is None:
        return
    if listing := sku.listings.filter(marketplace__code=line.marketplace).first():
        yield change_url(listing), _("Listing")
    yield change_url(sku), _("Seller SKU")
    if sku.offer_pk:
        yield _in_shop(partial(_offer_url, account.shop_scope, sku.offer_pk)), _("Product")


def _offer_url(scope: str, pk: str, shop: Shop) -> str:
    return next((offer.url for offer in shop.offers(scope, [pk])), "")


def _in_shop(address: Callable[[Shop], str]) -> str:
    """An address of the shop's own; empty where there is none."""
    try:
        return address(configured_shop())
    except ConfigurationError:
        return ""  # a system check says what is wrong
