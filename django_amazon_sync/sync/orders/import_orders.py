"""Orders in: store what changed on Amazon, then place what waits in the shop.

1. Search each open window, page by page; a page's orders and the next page's token are stored in
   one transaction (``saving``).
2. Ask for each stored order by itself that lacks something (``asking``).
3. Place each waiting order in a transaction of its own, at most once; one that cannot be placed
   is put aside with its reason, holds its stock and never blocks the next (``placing``).
4. Bring placed orders in line with what Amazon changed since: cancelled parts, requests to cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.data import OrderPage, RunOptions
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    Disconnected,
    NotYet,
    Rejected,
    Throttled,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import OrderWindow, Outcome, SellerAccount, WindowState
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.sync.orders.asking import ask_for, ask_for_incomplete
from django_amazon_sync.sync.orders.placing import place_waiting, replay, update_placed
from django_amazon_sync.sync.orders.saving import save_orders
from django_amazon_sync.sync.orders.units import units_unknown
from django_amazon_sync.sync.runs.work import Work

__all__ = ["import_orders", "place_waiting", "replay", "save_orders"]

#: A list of orders waits so long, or a quarter of its age, while Amazon is away, and ends after a
#: day.
AWAY_AT_LEAST, AWAY_AT_MOST = timedelta(minutes=5), timedelta(days=1)


def import_orders(work: Work) -> None:
    """Run options: ``order`` (one Amazon id), ``orders`` (several), or ``since`` and ``until``
    (ISO 8601, aware), the latter with ``by_creation`` (when they were placed, instead of changed)
    and ``marketplaces`` (ids).

    All ask for older orders too: those from before the cut-over are placed without taking stock.
    What Amazon refuses or cannot answer stops neither the other searches nor the placing of what is
    stored; the first of it is raised at the end.
    """
    stops = [stop for step in (fetch, ask_for_incomplete) if (stop := _stopped(work, step))]
    place_waiting(work)
    update_placed(work)
    _tell_of_units(work)
    if not stops:
        return
    [stop, *_others] = stops
    if work.run.options.get("orders") and (again := _again_at(work, stop)):
        raise NotYet(str(stop), retry_at=again)
    raise stop


def _again_at(work: Work, stop: AmazonError) -> datetime | None:
    """When a list of orders goes on; None where it is no use, or Amazon has been away for a day."""
    if isinstance(stop, Throttled):
        return stop.retry_at
    away_for = clock.now() - work.run.created_at
    if isinstance(stop, Unavailable) and away_for < AWAY_AT_MOST:
        return clock.now() + max(AWAY_AT_LEAST, away_for / 4)
    return None


def _stopped(work: Work, step: Callable[[Work], None]) -> AmazonError | None:
    """Do one step; what Amazon stopped it with."""
    try:
        step(work)
    except AmazonError as stop:
        return stop
    return None


def _tell_of_units(work: Work) -> None:
    """Say which orders keep quantities from rising, as nobody knows their units."""
    for order in units_unknown(work.account):
        work.line(
            Outcome.WAITING,
            order_number=order.number,
            code=Code.UNITS_UNKNOWN,
            message=order.reason,
        )


# --- Search ------------------------------------------------------------------------------------


def fetch(work: Work) -> None:
    """Search what the run was asked for, or the account's chain of windows."""
    options = work.run.options
    if number := options.get("order"):
        answer = gateway.get_order(work.client, number)
        save_orders(work, [answer], asked_for=True, by_id=True)
    elif numbers := options.get("orders"):
        ask_for(work, numbers)
    elif options.get("since"):
        search(work, _swept_window(work, options), asked_for=True)
    else:
        _search_all(work)


def _search_all(work: Work) -> None:
    """Search the open windows; one that Amazon refuses or does not answer stops no other."""
    first: AmazonError | None = None
    for window in windows.chain(work.account, _now(work)):
        if not windows.may_be_searched(window):
            continue
        try:
            search(work, window, asked_for=window.swept)
        except Disconnected:
            raise
        except (Rejected, Unavailable, Unauthorized) as stop:
            first = first or stop
    windows.forget_old(work.account)
    if first is not None:
        raise first


def _now(work: Work) -> datetime:
    """Now by Amazon's clock; where that is not known yet, the first search tells."""
    return work.client.now()


def _swept_window(work: Work, options: RunOptions) -> OrderWindow:
    """A window for what was asked for, ended where Amazon can answer. Raises ConfigurationError."""
    start = datetime.fromisoformat(options["since"])
    asked = options.get("until")
    until = datetime.fromisoformat(asked) if asked else None
    known = _now(work) - windows.LAG
    if until is not None and until > known:
        until = None  # up to now, as far as Amazon knows it
    if start >= (until or known):
        end = until.isoformat() if until else "now"
        raise ConfigurationError(f"The search for orders from {start.isoformat()} is not before "
                                 f"its end, {end}; choose an earlier beginning.")  # fmt: skip
    return OrderWindow.objects.create(
        account=work.account,
        start=start,
        until=until,
        by_creation=bool(options.get("by_creation")),
        marketplaces=options.get("marketplaces") or [],
        swept=True,
    )


#: A window with more pages, of a hundred orders each, has no end: a million orders.
MOST_PAGES = 10_000


def search(work: Work, window: OrderWindow, *, asked_for: bool) -> None:
    """Save the window's pages to the last; a page token that died begins it anew, once.

    Pages that lead round in a circle, or nowhere, are a refusal of Amazon's.
    """
    begun_anew = False
    seen: set[str] = set()
    while window.state == WindowState.OPEN:
        work.lease.check()
        # What the search can answer for at the latest, whatever Amazon says.
        latest = work.client.now() - windows.LAG
        try:
            page = gateway.search_orders(
                work.client,
                marketplaces=window.marketplaces or _marketplaces(work.account),
                page_token=window.page_token,
                **_times(window),
            )
            if page.next_token in seen or window.pages >= MOST_PAGES:
                raise Rejected("searchOrders", "its pages have no end.")
        except Disconnected:
            raise
        except Unauthorized as refused:
            _go_on_without_the_refused(work, window, refused)
            continue
        except Rejected as refusal:
            if begun_anew or not window.page_token:
                windows.refuse(window, str(refusal), work.client.now())
                raise
            # It dies with time, or with a change of marketplaces
            # (docs/amazon.md#order-tokens-live-a-day).
            _begin_anew(window)
            begun_anew = True
            seen.clear()
            continue
        seen.add(page.next_token)
        save_page(work, window, page, latest=latest, asked_for=asked_for)
        if not page.next_token:
            return  # whoever marked the window done, this worker or another one


def _go_on_without_the_refused(work: Work, window: OrderWindow, refused: Unauthorized) -> None:
    """Ask for the orders of each marketplace by itself, and leave out of the window those that
    Amazon refuses. Raises Unauthorized where that are none, or all."""
    codes = window.marketplaces or _marketplaces(work.account)
    closed: dict[str, str] = {}
    for code in codes if len(codes) > 1 else ():
        try:
            gateway.search_orders(work.client, marketplaces=[code], page_token="", **_times(window))
        except Disconnected:
            raise
        except Unauthorized as its:
            closed[code] = str(its)
    if not 0 < len(closed) < len(codes):
        raise refused
    for code, reason in closed.items():
        work.leave_out(code, reason)
    windows.leave_out(window, closed)


def _times(window: OrderWindow) -> dict[str, datetime | None]:
    """When the orders of a window were placed, or else changed."""
    kind = "created" if window.by_creation else "updated"
    return {f"{kind}_after": window.start, f"{kind}_before": window.until}


def _marketplaces(account: SellerAccount) -> list[str]:
    """All of them, also those not active: an order there is an order."""
    return list(account.marketplaces.order_by("code").values_list("code", flat=True))


def _begin_anew(window: OrderWindow) -> None:
    window.page_token, window.pages, window.end = "", 0, None
    window.save(update_fields=["page_token", "pages", "end"])


def save_page(
    work: Work, window: OrderWindow, page: OrderPage, *, latest: datetime, asked_for: bool
) -> None:
    """Save a page's orders and where the search goes on, both or neither.

    The window ends where Amazon says, but never after what could be known. Raises Unavailable where
    Amazon's end is before the beginning: the orders are saved, and the window stays open.
    """
    ends = [latest, page.complete_until, window.end, window.until]
    end = min(end for end in ends if end is not None)
    with transaction.atomic():
        work.lease.check()
        save_orders(work, page.orders, asked_for=asked_for)
        if end >= window.start:
            window.end = end
            window.page_token = page.next_token
            window.pages += 1
            window.save(update_fields=["end", "page_token", "pages"])
            if not page.next_token:
                window.move(WindowState.DONE)
    if end < window.start:
        said = Message(Code.END_BEFORE_START, start=window.start, until=end)
        raise Unavailable("searchOrders", str(said))
