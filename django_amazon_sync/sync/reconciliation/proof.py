"""Up to when orders are proven, by which report, and which times are to be proven next.

A marketplace's proof grows from the cut-over on: a report moves it on that begins where it has
reached and whose every order is here. Each report begins a day before that, as reports leave out
orders at times too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from django_amazon_sync.models import Marketplace, SellerAccount
from django_amazon_sync.sync.amazon_reports.fetch import Span
from django_amazon_sync.sync.orders import windows

#: Amazon reports so long a time at most (docs/amazon.md#reports-of-orders-cover-30-days).
LONGEST = timedelta(days=30)

#: How far a report looks back behind the one before, and how late it may be itself.
OVERLAP, LAG = timedelta(days=1), timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Proof:
    """All orders up to ``until`` are here, by Amazon's reports with these ids."""

    until: datetime
    reports: tuple[str, ...]


def proven(account: SellerAccount) -> Proof | None:
    """What is proven in every marketplace; None while one was never compared."""
    places = list(
        account.marketplaces.order_by("pk").values_list("orders_proven_until", "orders_proven_by")
    )
    reached = [until for until, _report in places if until is not None]
    if not reached or len(reached) < len(places):
        return None
    return Proof(min(reached), tuple(report for _until, report in places))


def beginning(marketplace: Marketplace, now: datetime | None = None) -> datetime:
    """Where the next proof of a marketplace begins at the latest, so that there is no gap.

    It moves on with ``now`` where the cut-over is of longer ago than Amazon shows orders.
    """
    account = marketplace.account
    first = max(account.cut_over, windows.oldest_orders(account.region, now))
    return marketplace.orders_proven_until or first


def prove_anew(account: SellerAccount) -> None:
    """Prove an account from its cut-over on once more, as this is earlier than it was."""
    account.marketplaces.update(orders_proven_until=None, orders_proven_by="")


def spans(since: datetime, until: datetime) -> Iterator[Span]:
    """A time in pieces that Amazon reports, each but the first with an overlap, oldest first."""
    while since < until:
        end = min(since + LONGEST, until)
        yield Span(since, end)
        since = end - OVERLAP if end < until else until


def prove(marketplace: Marketplace, span: Span, report: str) -> None:
    """Move the proof on, where the span continues it. ``report`` is Amazon's id."""
    reaches = Q(orders_proven_until__gte=span.since)
    if span.since <= beginning(marketplace):
        reaches |= Q(orders_proven_until=None)
    Marketplace.objects.filter(
        reaches, Q(orders_proven_until__lt=span.until) | Q(orders_proven_until=None),
        pk=marketplace.pk,
    ).update(orders_proven_until=span.until, orders_proven_by=report)  # fmt: skip
    marketplace.refresh_from_db(fields=["orders_proven_until", "orders_proven_by"])
