"""Whose data may go: a buyer's are needed until so many days after the delivery of the order.

Amazon names no moment of a delivery. Where it shows all parcels as delivered, it is that of the
change which showed it; else the latest that Amazon promised, or when the last parcel was shipped,
whichever is later. A cancelled order counts from its last change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Greatest

from django_amazon_sync import clock, conf
from django_amazon_sync.models import AmazonOrder, OrderState, SellerAccount, Shipment
from django_amazon_sync.rules.statuses import PENDING
from django_amazon_sync.sync.runs.bulk import in_pages

#: Amazon's statuses of orders of which nothing is to be sent any more.
OVER = ("SHIPPED", "CANCELLED", "UNFULFILLABLE")

#: Those of orders that are to be sent, or may have to be.
TO_SEND = (*sorted(PENDING), "UNSHIPPED", "PARTIALLY_SHIPPED")

#: The states of orders that are placed with the next run, or once Amazon says the rest of them.
TO_PLACE = (OrderState.WAITING, OrderState.SEEN)

#: A delivery that is promised for so long after the sale is a slip of Amazon's, and no promise.
LATEST_PROMISE = timedelta(days=365)

_CANCELLED = Q(status="CANCELLED") | Q(state=OrderState.CANCELLED)


def not_needed() -> Q:
    """Orders whose buyers' data nobody needs for sending them, or for anything after.

    A status that is not known may be one of an order to be sent. This is the place for open
    returns and claims too, once something here knows of them.
    """
    return Q(status__in=OVER) | Q(state=OrderState.CANCELLED)


def still_needed() -> Q:
    """Orders that need their buyer whoever asks: without an address they would be placed, or sent.

    One whose status is not known, and that Amazon is not asked about any more, is none of them.
    """
    return (Q(status__in=TO_SEND) & ~_CANCELLED) | Q(state__in=TO_PLACE)


def with_end(orders: QuerySet[AmazonOrder]) -> QuerySet[AmazonOrder]:
    """The orders with the moment ``ended`` from which the days are counted; None: not known."""
    parcels = Shipment.objects.filter(order=OuterRef("pk")).order_by("-shipped_at")
    shipped = Subquery(parcels.values("shipped_at")[:1])
    may_be = Q(ordered_at=None) | Q(deliver_by__lt=F("ordered_at") + LATEST_PROMISE)
    promised = Case(When(may_be, then="deliver_by"))
    # What was shipped late is delivered later than was promised; Greatest needs both.
    expected = Greatest(Coalesce(promised, shipped), Coalesce(shipped, promised))
    return orders.annotate(
        ended=Case(
            When(_CANCELLED, then=Coalesce("updated_at", "ordered_at")),
            default=Coalesce(
                "delivered_at",
                expected,
                "updated_at",
                "ordered_at",
            ),
        )
    )


def limit(now: datetime | None = None) -> datetime:
    """What ended before this moment is due."""
    return (now or clock.now()) - timedelta(days=float(conf.get("PERSONAL_DATA_DAYS")))


def unerased(accounts: Iterable[int], before: datetime) -> QuerySet[AmazonOrder]:
    """Orders of these accounts (pk) with their buyers' data, ordered before that or nobody knows
    when: no order ends before it begins."""
    old = Q(ordered_at__lt=before) | Q(ordered_at=None)
    return AmazonOrder.objects.filter(old, account__in=list(accounts), erased_at=None)


def due(accounts: Iterable[int], before: datetime) -> QuerySet[AmazonOrder]:
    """The orders of these accounts (pk) that ended before that, and whose buyers' data go."""
    found = with_end(unerased(accounts, before).filter(not_needed()))
    return found.filter(Q(("ended__lt", before))).defer("document")


def having_due(accounts: Iterable[int], before: datetime) -> list[int]:
    """Those of these accounts (pk) that have orders which are due; as quick for a million."""
    pks = list(accounts)
    orders = due(pks, before).filter(account=OuterRef("pk"))
    found = SellerAccount.objects.filter(Exists(orders), pk__in=pks)
    return list(found.order_by("pk").values_list("pk", flat=True))


def number_due(accounts: Iterable[int], before: datetime) -> dict[int, int]:
    """How many orders are due of each of these accounts (pk) that has any, in one query."""
    counted = due(accounts, before).order_by().values_list("account").annotate(number=Count("pk"))
    return dict(counted)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What would be erased of an account now, for a person to look at before the first time.

    ``first`` and ``last`` are when these orders were placed. ``needed`` are as old, and not sent
    yet or of an unknown state. ``mark`` is another one where other orders are due.
    """

    due: int
    first: datetime | None
    last: datetime | None
    needed: int
    erased: int
    mark: str


def numbers(account: SellerAccount, before: datetime) -> Numbers:
    """The numbers of one account; its orders that ended before that are due."""
    orders = due([account.pk], before)
    ends = orders.aggregate(first=Min("ordered_at"), last=Max("ordered_at"))
    digest, count = hashlib.sha256(), 0
    for pk in in_pages(orders.values_list("pk", flat=True)):
        digest.update(f"{pk} ".encode())
        count += 1
    return Numbers(
        due=count,
        first=ends["first"],
        last=ends["last"],
        needed=unerased([account.pk], before).exclude(not_needed()).count(),
        erased=AmazonOrder.objects.filter(account=account).exclude(erased_at=None).count(),
        mark=digest.hexdigest()[:8],
    )


def shown_limit() -> datetime:
    """The limit of numbers that a person is shown: of today's beginning (UTC), so that the same
    orders are due when the person answers."""
    return limit(clock.now().replace(hour=0, minute=0, second=0, microsecond=0))
