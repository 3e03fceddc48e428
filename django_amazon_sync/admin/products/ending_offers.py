"""Ending offers in a store, and letting them on again: said in numbers before it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import ask_first
from django_amazon_sync.admin.common.ask_first import Part, Question
from django_amazon_sync.admin.common.base import Row, ScreenPart
from django_amazon_sync.admin.common.formatting import by_store
from django_amazon_sync.admin.common.seen import mark_of_all
from django_amazon_sync.models import Listing
from django_amazon_sync.sync.export import ended_offers
from django_amazon_sync.sync.export.ended_offers import Counted
from django_amazon_sync.sync.runs.bulk import in_pages
from django_amazon_sync.sync.runs.work import why_not_writing

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The sentences about each number of offers, by which of ``Counted`` it is.
_Sentences = Mapping[str, Callable[[int], str]]


class EndsOffers(ScreenPart[Row]):
    """Two actions of a list whose rows are listings, or have some."""

    def listings_of(self, queryset: QuerySet[Row]) -> QuerySet[Listing]:
        """The listings of the rows that were chosen."""
        raise NotImplementedError

    @admin.action(description=_("End the offers in this store"), permissions=["change"])
    def end_offers(self, request: HttpRequest, queryset: QuerySet[Row]) -> HttpResponse | None:
        listings = self.listings_of(queryset)
        question = Question(
            _("What ending these offers changes on Amazon"),
            _("End the offers"),
            _parts(
                ended_offers.ending(listings),
                _ENDING,
                gettext(
                    "An offer is over once Amazon shows none, mostly within two hours; until then "
                    "its quantity goes on. In other stores nothing changes."
                ),
                ended_offers.to_end(listings),
            ),
        )
        if page := self._ask_first(request, question):
            return page
        number = ended_offers.end(listings)
        text = ngettext("%(number)d offer ends.", "%(number)d offers end.", number)
        messages.success(request, text % {"number": number})
        return None

    @admin.action(description=_("Offer again in this store"), permissions=["change"])
    def offer_again(self, request: HttpRequest, queryset: QuerySet[Row]) -> HttpResponse | None:
        listings = self.listings_of(queryset)
        question = Question(
            _("What offering again changes on Amazon"),
            _("Offer again"),
            _parts(
                ended_offers.letting_on(listings),
                _LETTING_ON,
                gettext("Each is read from Amazon first; then its quantity and price are sent."),
                ended_offers.to_let_on(listings),
            ),
        )
        if page := self._ask_first(request, question):
            return page
        number = ended_offers.let_on(listings)
        text = ngettext("%(number)d is offered again.", "%(number)d are offered again.", number)
        messages.success(request, text % {"number": number})
        return None

    def _ask_first(self, request: HttpRequest, question: Question) -> HttpResponse | None:
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return ask_first.page(request, question, context)


def _parts(
    counted: Sequence[Counted], sentences: _Sentences, after: str, concerned: QuerySet[Listing]
) -> list[Part]:
    about = mark_of_all(in_pages(concerned.values_list("pk")))
    return [_part(each, sentences, after, about) for each in counted] or [
        Part(stops=[gettext("Nothing changes on Amazon.")], about=about)
    ]


def _part(counted: Counted, sentences: _Sentences, after: str, about: str) -> Part:
    stops = []
    said = [] if counted.writes else [why_not_writing(counted.account)]
    for name, of_stores in (
        ("now", counted.now), ("later", counted.later), ("stay", counted.stay),
    ):  # fmt: skip
        if number := sum(of_stores.values()):
            stores: StrOrPromise = by_store(of_stores)
            said.append(sentences[name](number) % {"number": number, "stores": stores})
    if counted.now or counted.later:
        said.append(after)
    else:
        stops.append(gettext("Nothing changes on Amazon."))
    return Part(str(counted.account), said, stops, about=about)


_ENDING: _Sentences = {
    "now": lambda number: ngettext(
        "%(number)d offer ends: %(stores)s.", "%(number)d offers end: %(stores)s.", number
    ),
    "later": lambda number: ngettext(
        "%(number)d offer ends once Amazon allows changes there again: %(stores)s.",
        "%(number)d offers end once Amazon allows changes there again: %(stores)s.",
        number,
    ),
    "stay": lambda number: ngettext(
        "%(number)d that is not ours stays: %(stores)s.",
        "%(number)d that are not ours stay: %(stores)s.",
        number,
    ),
}

_LETTING_ON: _Sentences = {
    "now": lambda number: ngettext(
        "%(number)d is offered again: %(stores)s.",
        "%(number)d are offered again: %(stores)s.",
        number,
    ),
    "later": lambda number: ngettext(
        "%(number)d is offered again once Amazon allows changes there: %(stores)s.",
        "%(number)d are offered again once Amazon allows changes there: %(stores)s.",
        number,
    ),
    "stay": lambda number: ngettext(
        "%(number)d stays ended, as its store is switched off: %(stores)s.",
        "%(number)d stay ended, as their stores are switched off: %(stores)s.",
        number,
    ),
}
