"""The prices and quantities that were sent, for people: why, by whom, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext

from django_amazon_sync.admin.common.access import SEES_ORDERS
from django_amazon_sync.admin.common.formatting import change_url, value_text
from django_amazon_sync.admin.common.issue_texts import reason_in_words
from django_amazon_sync.models import AmazonOrder, Cause, SubmissionItem, SubmissionState
from django_amazon_sync.sync.listings.history import NUMBERS
from django_amazon_sync.sync.listings.reckoning_words import sum_in_words, translated
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: So many are shown of each listing, and of an order.
SHOWN, SHOWN_OF_ORDER = 10, 50

SEES_RUNS, SEES_LISTINGS = (
    "django_amazon_sync.view_syncrun",
    "django_amazon_sync.view_listing",
)


@dataclass(frozen=True)
class SentNumber:
    """One price or quantity that was sent; links are empty where whoever reads has no such page."""

    label: StrOrPromise
    text: str
    cause: StrOrPromise
    order: str
    order_url: str
    by: str
    at: datetime
    answer: str
    live: datetime | None
    run_url: str
    listing: str
    listing_url: str


@dataclass(frozen=True)
class SentPage:
    """Some of what was sent, the newest first; ``earlier`` is where the next page begins."""

    numbers: list[SentNumber]
    earlier: int | None = None


def sent_of(
    request: HttpRequest,
    listings: Collection[int],
    *,
    before: int | None = None,
    linked: bool = True,
) -> dict[int, SentPage]:
    """The last items of each of these listings (pk) that carry a price or a quantity; those before
    an item (pk), where one is named. ``linked``: the admin's pages are open to who asks."""
    numbers = Q(values__has_key=PRICE) | Q(values__has_key=QUANTITY)
    items = SubmissionItem.objects.filter(numbers)
    if before is not None:
        items = items.filter(pk__lt=before)
    alike = items.filter(listing=OuterRef("listing")).order_by("-pk").values("pk")
    first = Coalesce(Subquery(alike[SHOWN : SHOWN + 1]), 0)  # one more says that there are more
    found: dict[int, list[SubmissionItem]] = {}
    for item in _loaded(items.filter(listing__in=listings, pk__gte=first)):
        found.setdefault(item.listing_id, []).append(item)
    told = _told(request, [item for its in found.values() for item in its[:SHOWN]], linked=linked)
    return {
        listing: SentPage(
            [number for item in its[:SHOWN] for number in told[item.pk]],
            its[SHOWN - 1].pk if len(its) > SHOWN else None,
        )
        for listing, its in found.items()
    }


def sent_for_order(request: HttpRequest, order: AmazonOrder) -> list[SentNumber]:
    """The numbers that an order moved, the newest first."""
    items = SubmissionItem.objects.filter(
        order_number=order.number, submission__account=order.account_id
    )
    some = list(_loaded(items)[:SHOWN_OF_ORDER])
    told = _told(request, some, linked=True)
    return [number for item in some for number in told[item.pk] if number.order == order.number]


def _loaded(items: QuerySet[SubmissionItem]) -> QuerySet[SubmissionItem]:
    rows = items.select_related("submission__run", "listing__sku", "listing__marketplace")
    return rows.order_by("-pk")


def _told(
    request: HttpRequest, items: Iterable[SubmissionItem], *, linked: bool
) -> dict[int, list[SentNumber]]:
    """By item (pk) its price and its quantity, in words for who asks."""
    items = list(items)
    orders = _order_urls(items) if linked and request.user.has_perm(SEES_ORDERS) else {}
    sees_orders = request.user.has_perm(SEES_ORDERS)
    sees_runs = linked and request.user.has_perm(SEES_RUNS)
    sees_listings = linked and request.user.has_perm(SEES_LISTINGS)
    found: dict[int, list[SentNumber]] = {}
    for item in items:
        run, listing = item.submission.run, item.listing
        found[item.pk] = [
            SentNumber(
                label=FIELDS[name].label,
                text=_text(item, name),
                cause=_cause(item, name),
                order=_order(item, name) if sees_orders else "",
                order_url=orders.get((item.submission.account_id, _order(item, name)), ""),
                by=_by(item, name),
                at=item.submission.sent_at or item.submission.created_at,
                answer=_answer(item),
                live=_live(item, name),
                run_url=change_url(run) if run and sees_runs else "",
                listing=f"{listing.sku.sku} ({listing.marketplace.facts.country})",
                listing_url=change_url(listing) if sees_listings else "",
            )
            for name in NUMBERS
            if name in item.values
        ]
    return found


def _order_urls(items: Iterable[SubmissionItem]) -> dict[tuple[int, str], str]:
    """The pages of the orders that these items name, by account (pk) and number."""
    numbers = {item.order_number for item in items} - {""}
    rows = AmazonOrder.objects.filter(number__in=numbers).only("pk", "account_id", "number")
    return {(row.account_id, row.number): change_url(row) for row in rows} if numbers else {}


def _text(item: SubmissionItem, name: str) -> str:
    value = item.values[name]
    return sum_in_words(name, value, item.reckoning, translated) or value_text(name, value)


def _cause(item: SubmissionItem, name: str) -> StrOrPromise:
    cause = item.causes.get(name)
    return Cause(cause["code"]).label if cause else Cause.UNKNOWN.label


def _order(item: SubmissionItem, name: str) -> str:
    cause = item.causes.get(name)
    return cause["order"] if cause else ""


def _by(item: SubmissionItem, name: str) -> str:
    """Whoever asked for it or approved it, else what started its run."""
    cause, run = item.causes.get(name), item.submission.run
    if cause and cause["by"]:
        return cause["by"]
    return run.get_started_by_display() if run else ""


def _answer(item: SubmissionItem) -> str:
    """What Amazon said to it, in words."""
    if item.refused:
        return reason_in_words(item.refused)
    submission = item.submission
    if submission.state == SubmissionState.DONE:
        return gettext("accepted")
    if submission.reason:
        return reason_in_words(submission.reason)
    return submission.get_state_display()


def _live(item: SubmissionItem, name: str) -> datetime | None:
    moment = item.live.get(name)
    return datetime.fromisoformat(moment) if moment else None
