"""The windows that are searched for orders, and up to when orders are complete.

Windows of an account form a chain: each begins before the last one ended, so the chain of
finished ones has no gap, and what is missing is exactly the open ones. A window without ``until``
asks for everything up to now; Amazon's answer says up to when it was complete. A marketplace that
joins later gets a window of its own, from the cut-over to where the others are. One whose orders
Amazon refuses is left out, and joins once they are shown again. A window that Amazon refuses is a
gap, which is told to staff and tried again once a day; it stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from django_amazon_sync import clock
from django_amazon_sync.errors import Misplaced
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Marketplace, OrderWindow, SellerAccount, WindowState
from django_amazon_sync.models.fields import check_opens
from django_amazon_sync.sync.accounts import access

logger = logging.getLogger("django_amazon_sync.errors")

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

#: A window that Amazon refused is tried again after this time.
TRIED_AGAIN = timedelta(days=1)

#: Open, and never refused: what is tried again holds up nothing.
OPEN_YET = Q(state=WindowState.OPEN, refused_at=None)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which orders may be missing here; no ``until`` is up to now."""

    marketplaces: tuple[str, ...]
    start: datetime
    until: datetime | None
    why: Message


# --- What is searched ---------------------------------------------------------------------------


def chain(account: SellerAccount, now: datetime | None = None) -> list[OrderWindow]:
    """The windows to search now, newest first; a new one is added unless the newest is open.

    ``now`` is Amazon's own.
    """
    now = now or clock.now()
    with transaction.atomic():
        _begin_anew_where_misplaced(account)
        _cover_all(account, now)
        _try_again(account, now)
    open_ones = OrderWindow.objects.filter(account=account, state=WindowState.OPEN)
    return list(open_ones.order_by("swept", "-start"))


def _begin_anew_where_misplaced(account: SellerAccount) -> None:
    """Search a window anew whose page is another window's: what was found of it may not be its."""
    for window in OrderWindow.objects.filter(account=account, state=WindowState.OPEN):
        try:
            check_opens(window, "page_token")
        except Misplaced as fault:
            logger.warning("%s", fault)
            again = OrderWindow.objects.filter(pk=window.pk)
            again.update(page_token="", pages=0, end=None)


def _cover_all(account: SellerAccount, now: datetime) -> None:
    """Have a newest window that is open, and all marketplaces in it or in windows of their own."""
    chained = OrderWindow.objects.filter(account=account, swept=False)
    codes = _open_codes(account)
    covered = _covered(account, codes)
    # A newest one that was refused leaves no gap: it is asked for anew, up to now.
    refused = chained.filter(state=WindowState.REFUSED, until=None)
    refused.update(state=WindowState.OPEN, refused_at=None, reason="")
    newest = chained.filter(state=WindowState.OPEN, until=None).first()
    if newest is None:
        reached = _last_end(chained.filter(state=WindowState.DONE))
        _let_join(account, codes, covered, reached)
        _open_newest(account, codes, reached, now)
    elif not newest.page_token and newest.marketplaces != codes:
        _let_join(account, codes, covered, newest.start + OVERLAP)
        newest.marketplaces = codes
        newest.save(update_fields=["marketplaces"])


def _codes(account: SellerAccount) -> list[str]:
    """All of its marketplaces, also those not active: an order there is an order."""
    return list(account.marketplaces.order_by("code").values_list("code", flat=True))


def _open_codes(account: SellerAccount) -> list[str]:
    """Those of them whose orders Amazon does not refuse now; all, where it refuses all."""
    closed = access.closed(account, access.Part.ORDERS)
    codes = _codes(account)
    return _not_in(codes, closed) or codes


def may_be_searched(window: OrderWindow) -> bool:
    """Whether a window is about a marketplace whose orders Amazon does not refuse now."""
    codes = window.marketplaces or _codes(window.account)
    return bool(_in(codes, _open_codes(window.account)))


def leave_out(window: OrderWindow, closed: Collection[str]) -> None:
    """Search a window without the marketplaces (ids) whose orders Amazon refuses.

    Where it has an end, they get a window of their own, so that nothing of it is missed; else they
    join later.
    """
    codes = window.marketplaces or _codes(window.account)
    with transaction.atomic():
        if window.until is not None and not window.swept:
            OrderWindow.objects.create(
                account=window.account,
                start=window.start,
                until=window.until,
                marketplaces=_in(codes, closed),
            )
        window.marketplaces = _not_in(codes, closed)
        window.page_token, window.pages, window.end = "", 0, None
        window.save(update_fields=["marketplaces", "page_token", "pages", "end"])


def _in(codes: Iterable[str], others: Collection[str]) -> list[str]:
    return [code for code in codes if code in others]


def _covered(account: SellerAccount, codes: list[str]) -> list[str]:
    """The marketplaces that the chain searches: those of its newest window.

    Windows from before marketplaces were noted are of all that the account has; before the first
    window none has to join.
    """
    newest = OrderWindow.objects.filter(account=account, swept=False, until=None).order_by("-pk")
    found = newest.values_list("marketplaces", flat=True).first()
    return found or codes


def _not_in(codes: Iterable[str], covered: Collection[str]) -> list[str]:
    return [code for code in codes if code not in covered]


def _let_join(
    account: SellerAccount, codes: list[str], covered: list[str], until: datetime | None
) -> None:
    """A window of its own for each marketplace that was not searched before."""
    if until is None or until <= account.cut_over:
        return  # the newest window begins as early
    for code in _not_in(codes, covered):
        OrderWindow.objects.create(
            account=account, start=account.cut_over - OVERLAP, until=until, marketplaces=[code]
        )


def _last_end(windows: QuerySet[OrderWindow]) -> datetime | None:
    end: datetime | None = windows.aggregate(end=Max("end"))["end"]
    return end


def _open_newest(
    account: SellerAccount, codes: list[str], reached: datetime | None, now: datetime
) -> None:
    first = account.cut_over
    if account.orders_since is not None:
        first = min(first, account.orders_since)
    looks_back = first < account.cut_over
    start = (reached or first) - OVERLAP
    recent = now - timedelta(hours=1)
    if (reached is not None or looks_back) and recent - start > LONG_SILENCE + OVERLAP:
        OrderWindow.objects.create(account=account, start=start, until=recent, marketplaces=codes)
        start = recent - OVERLAP
    OrderWindow.objects.create(account=account, start=start, marketplaces=codes)


def _try_again(account: SellerAccount, now: datetime) -> None:
    """Open what Amazon refused a day ago and more."""
    refused = OrderWindow.objects.filter(account=account, swept=False, state=WindowState.REFUSED)
    refused.filter(refused_at__lte=now - TRIED_AGAIN).update(state=WindowState.OPEN)


def refuse(window: OrderWindow, words: str, now: datetime) -> None:
    """Amazon refuses this window: it ends with its reason."""
    until = window.until or now
    why = Message(Code.WINDOW_REFUSED, start=window.start, until=until, words=words)
    window.move(
        WindowState.REFUSED, reason=str(why), refused_at=now, end=None, page_token="", pages=0
    )


def oldest_orders(region: str, now: datetime | None = None) -> datetime:
    """Before this Amazon shows no orders: two years before ``now``, in the Far East since 2016.

    See docs/amazon.md#orders-are-shown-for-two-years. A day is left, so that what is chosen now is
    shown when the import comes.
    """
    if region == "fe":
        return datetime(2016, 1, 1, tzinfo=UTC)
    return (now or clock.now()) - timedelta(days=2 * 365 - 1)


def has_begun(account: SellerAccount) -> bool:
    """Whether the first import of orders has begun; after that it never looks further back."""
    return OrderWindow.objects.filter(account=account, swept=False).exists()


# --- Up to when orders are complete -------------------------------------------------------------


def complete_until(account: SellerAccount) -> datetime | None:
    """Up to when every order of the account is stored, but for its ``gaps``.

    None before the first window is done, and while a marketplace that joined waits for its own.
    Each window continues those that were added before it, so there is no other gap up to where the
    first open one begins.
    """
    codes = _codes(account)
    if _not_in(codes, _covered(account, codes)):
        return None
    windows = OrderWindow.objects.filter(account=account, swept=False)
    first_open: int | None = windows.filter(OPEN_YET).aggregate(pk=Min("pk"))["pk"]
    done = windows.filter(state=WindowState.DONE)
    if first_open is not None:
        done = done.filter(pk__lt=first_open)
    return _last_end(done)


def complete_until_of(accounts: Iterable[int]) -> dict[int, datetime]:
    """``complete_until`` for many accounts at once; two queries. Those without are left out."""
    pks = list(accounts)
    own = OrderWindow.objects.filter(account=OuterRef("pk"), swept=False)
    first_open = own.filter(OPEN_YET).order_by("pk").values("pk")[:1]
    done = own.filter(state=WindowState.DONE, pk__lt=Coalesce(OuterRef("first_open"), NONE_OPEN))
    rows = SellerAccount.objects.filter(pk__in=pks).annotate(
        first_open=Subquery(first_open),
        until=Subquery(done.order_by("-end").values("end")[:1]),
        searched=Subquery(own.filter(until=None).order_by("-pk").values("marketplaces")[:1]),
    )
    selling: dict[int, set[str]] = {}
    for pk, code in Marketplace.objects.filter(account__in=pks).values_list("account", "code"):
        selling.setdefault(pk, set()).add(code)
    return {
        pk: until
        for pk, until, searched in rows.values_list("pk", "until", "searched")
        if until is not None and not (searched and selling.get(pk, set()) - set(searched))
    }


def gaps(account: SellerAccount) -> list[Gap]:
    """The times in which orders may be missing, each with its marketplaces and why."""
    ends = Q(swept=False, until__isnull=False) & ~Q(state=WindowState.DONE)
    searches = Q(swept=True, by_creation=False, state=WindowState.DONE)
    told = OrderWindow.objects.filter(ends | searches, account=account).order_by("start", "pk")
    windows = list(told)
    swept = [window for window in windows if window.swept]
    codes = _codes(account)
    found = [
        Gap(tuple(window.marketplaces or codes), window.start, window.until, _why(window))
        for window in windows
        if not window.swept and not any(_closes(sweep, window) for sweep in swept)
    ]
    missing = _not_in(codes, _covered(account, codes))
    closed = access.closed(account, access.Part.ORDERS) if missing else set()
    for left_out, why in (
        (_in(missing, closed), Message(Code.ORDERS_REFUSED)),
        (_not_in(missing, closed), Message(Code.NOT_SEARCHED)),
    ):
        if left_out:
            found.append(Gap(tuple(left_out), account.cut_over, None, why))
    return found


def _why(window: OrderWindow) -> Message:
    if window.reason:
        return Message(Code.QUOTED, words=window.reason)
    return Message(Code.NOT_FINISHED)


def _closes(sweep: OrderWindow, gap: OrderWindow) -> bool:
    """Whether a search that was asked for covers a gap of the chain."""
    assert gap.until is not None
    everywhere = not sweep.marketplaces or set(gap.marketplaces) <= set(sweep.marketplaces)
    return (
        everywhere and sweep.start <= gap.start and sweep.end is not None and sweep.end >= gap.until
    )


def forget_old(account: SellerAccount) -> None:
    """Delete finished windows that no longer say anything: older than a month before the last."""
    windows = OrderWindow.objects.filter(account=account)
    done = windows.filter(state=WindowState.DONE)
    last = _last_end(done.filter(swept=False))
    if last is not None:
        month_ago = last - timedelta(days=30)
        done.filter(end__lt=month_ago).delete()
        windows.filter(swept=True, state=WindowState.REFUSED, refused_at__lt=month_ago).delete()
