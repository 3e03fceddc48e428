"""Approving what waits, wherever a page shows it: just the values that the page showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.queue_runs import by_account_and_marketplace, queued
from django_amazon_sync.admin.common.seen import Compared, compared, mark, with_mark
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Job, Listing, SyncRun
from django_amazon_sync.sync.listings import decisions
from django_amazon_sync.sync.runs.bulk import in_pages


def with_held(text: str, listing: Listing) -> SafeString:
    """A text, and hidden beside it which values of the listing wait as it is shown."""
    return with_mark(text, listing.pk, listing.held)


@dataclass(frozen=True)
class Waiting:
    """Listings (pk, SKU, values) that wait, and what became of them since the page was shown."""

    rows: Sequence[tuple[int, str, FieldValues]]
    found: Compared

    @classmethod
    def of(cls, request: HttpRequest, listings: QuerySet[Listing]) -> Waiting:
        """Those of the listings that wait now."""
        values = listings.exclude(held={}).values_list("pk", "sku__sku", "held")
        rows = list(in_pages(values))
        named = ((pk, _waits(sku, held), mark(held)) for pk, sku, held in rows)
        return cls(rows, compared(request, named))


def approve(
    request: HttpRequest, listings: QuerySet[Listing], waiting: Waiting
) -> tuple[list[SyncRun], str]:
    """Approve what was seen of the listings: the runs that send it, and what is done, in words.

    What waits with other values by then is named, and stays.
    """
    seen = {pk: held for pk, _sku, held in waiting.rows if pk not in waiting.found.others}
    with transaction.atomic():  # the runs are about what is approved here
        chosen = listings.exclude(held={}).exclude(pk__in=waiting.found.others)
        runs = queued(request, Job.EXPORT, by_account_and_marketplace(chosen))
        number, others = decisions.approve(seen, by=request.user.get_username())
    changed = {*waiting.found.others, *others}
    skus = [sku for pk, sku, _held in waiting.rows if pk in changed]
    if skus:
        text = gettext("Something else waits by now, so it is not approved: %(skus)s")
        messages.warning(request, text % {"skus": brief(", ".join(skus))})
    text = ngettext("%(number)d listing is approved.", "%(number)d listings are approved.", number)
    return runs, text % {"number": number}


def _waits(sku: str, held: FieldValues) -> str:
    """Such as "MUG (price: 20.00 EUR)"."""
    return f"{sku} ({progress.values_in_words(held)})"
