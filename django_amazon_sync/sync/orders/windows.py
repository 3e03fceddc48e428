"""The windows that are searched for orders, and up to when orders are complete.

Windows of an account form a chain: each begins before the last one ended, so the chain of
finished ones has no gap, and what is missing is exactly the open ones. A window without ``until``
asks for everything up to now; Amazon's answer says up to when it was complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from django_amazon_sync import clock
from django_amazon_sync.models import OrderWindow, SellerAccount, WindowState

#: A window begins this long before the last one ended: searches have been seen to omit orders
#: for a while (docs/amazon.md#searches-of-orders-omit-some). 100 orders travel in one call, so it
#: costs nothing.
OVERLAP = timedelta(minutes=30)

#: After a longer silence the newest hour is searched first and the gap after it.
LONG_SILENCE = timedelta(hours=6)

#: Where no window is open, all are before the first open one: the largest number of a window.
NONE_OPEN = 2**63 - 1

#: How late Amazon answers for orders (docs/amazon.md#orders-are-two-minutes-late).
LAG = timedelta(minutes=2)


def chain(account: SellerAccount) -> Iterator[OrderWindow]:
    """The windows to search now, newest first; a new one is added unless the newest is open."""
    windows = OrderWindow.objects.filter(account=account, swept=False)
    reached = _last_end(windows.filter(state=WindowState.DONE))
    if not windows.filter(state=WindowState.OPEN, until__isnull=True).exists():
        _open_newest(account, reached)
    yield from list(
        OrderWindow.objects.filter(account=account, state=WindowState.OPEN).order_by("-start")
    )


def _last_end(windows: QuerySet[OrderWindow]) -> datetime | None:
    end: datetime | None = windows.aggregate(end=Max("end"))["end"]
    return end


def _open_newest(account: SellerAccount, reached: datetime | None) -> None:
    first = account.cut_over
    if account.orders_since is not None:
        first = min(first, account.orders_since)
    looks_back = first < account.cut_over
    start = (reached or first) - OVERLAP
    recent = clock.now() - timedelta(hours=1)
    if (reached is not None or looks_back) and recent - start > LONG_SILENCE + OVERLAP:
        OrderWindow.objects.create(account=account, start=start, until=recent)
        start = recent - OVERLAP
    OrderWindow.objects.create(account=account, start=start)


def oldest_orders(region: str) -> datetime:
    """Before this Amazon shows no orders: two years ago, in the Far East since 2016.

    See docs/amazon.md#orders-are-shown-for-two-years. A day is left, so that what is chosen now is
    shown when the import comes.
    """
    if region == "fe":
        return datetime(2016, 1, 1, tzinfo=UTC)
    return clock.now() - timedelta(days=2 * 365 - 1)


def has_begun(account: SellerAccount) -> bool:
    """Whether the first import of orders has begun; after that it never looks further back."""
    return OrderWindow.objects.filter(account=account, swept=False).exists()


def complete_until(account: SellerAccount) -> datetime | None:
    """Up to when every order of the account is stored; None before the first window is done.

    Each window continues those that were added before it, so there is no gap up to where the
    first open one begins.
    """
    windows = OrderWindow.objects.filter(account=account, swept=False)
    first_open: int | None = windows.filter(state=WindowState.OPEN).aggregate(pk=Min("pk"))["pk"]
    done = windows.filter(state=WindowState.DONE)
    if first_open is not None:
        done = done.filter(pk__lt=first_open)
    return _last_end(done)


def complete_until_of(accounts: Iterable[int]) -> dict[int, datetime]:
    """``complete_until`` for many accounts at once; one query. Those without are left out."""
    own = OrderWindow.objects.filter(account=OuterRef("pk"), swept=False)
    first_open = own.filter(state=WindowState.OPEN).order_by("pk").values("pk")[:1]
    done = own.filter(state=WindowState.DONE, pk__lt=Coalesce(OuterRef("first_open"), NONE_OPEN))
    rows = SellerAccount.objects.filter(pk__in=list(accounts)).annotate(
        first_open=Subquery(first_open),
        until=Subquery(done.order_by("-end").values("end")[:1]),
    )
    return {pk: until for pk, until in rows.values_list("pk", "until") if until is not None}


def forget_old(account: SellerAccount) -> None:
    """Delete finished windows that no longer say anything: older than a month before the last."""
    done = OrderWindow.objects.filter(account=account, state=WindowState.DONE)
    last = _last_end(done.filter(swept=False))
    if last is not None:
        done.filter(end__lt=last - timedelta(days=30)).delete()
