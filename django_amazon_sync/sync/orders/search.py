"""A look at Amazon's orders: one page of what is there, beside what each of them is here.

Nothing is stored: what staff choose of it comes in by a run. Searches are few
(docs/amazon.md#searches-of-orders-are-few), and the import of orders lives on the same ones, so
some always stay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django_amazon_sync import clock
from django_amazon_sync.amazon import orders as gateway
from django_amazon_sync.amazon.limits import Budget, room_at
from django_amazon_sync.data import Money, OrderData, UnreadableOrder
from django_amazon_sync.errors import Throttled
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import AmazonOrder, SellerAccount
from django_amazon_sync.rules.statuses import Decision, decide
from django_amazon_sync.sync.accounts.connect import client_for, limiter_for
from django_amazon_sync.sync.orders import windows

SEARCH = "searchOrders"

#: Searches that stay for the import of orders.
KEPT_FOR_THE_IMPORT = 3

#: How long ago a moment is for certain one that Amazon answers for: its own two minutes, and what
#: the clock of this host may be wrong by.
SURELY_THERE = windows.LAG + timedelta(minutes=3)

#: A page waits for Amazon this long: for its turn, for the connection and for each read.
PATIENCE = 2.0
TIMEOUT = (3.0, 8.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: one order by its number, or those that were placed in a time.

    Times are aware; no ``until`` is up to now, no ``marketplaces`` all of the account's.
    """

    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    marketplaces: tuple[str, ...] = ()
    page_token: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One order as Amazon shows it, our row of it, and what an import would make of it."""

    number: str
    row: AmazonOrder | None
    order: OrderData | None
    decision: Decision

    @property
    def total(self) -> Money | None:
        amounts = self.order.amounts if self.order else None
        return Money(amounts.grand_total, amounts.currency) if amounts else None


@dataclass(frozen=True, slots=True)
class Page:
    """What one call found; ``next_token`` asks for the rest, if there is any."""

    sightings: tuple[Sighting, ...]
    next_token: str = ""


def look(account: SellerAccount, asked: Asked) -> Page:
    """One page of Amazon's orders, in one call.

    Raises Throttled (with the time when it may be asked again), NotFound for a number that Amazon
    does not know, or another AmazonError.
    """
    client = client_for(account, patience=PATIENCE, timeout=TIMEOUT)
    if asked.number:
        read, _document = gateway.get_order(client, asked.number)
        return Page(_sightings(account, [read]))
    _leave_some(account)
    page = gateway.search_orders(
        client,
        marketplaces=asked.marketplaces or _all_marketplaces(account),
        created_after=_reached(asked.since),
        created_before=asked.until if asked.until == _reached(asked.until) else None,
        page_token=asked.page_token,
    )
    return Page(_sightings(account, [read for read, _document in page.orders]), page.next_token)


def searches_left(account: SellerAccount) -> Budget:
    """What may be searched by hand now; raises Unavailable where the buckets are away."""
    [budget] = limiter_for(account).budgets([SEARCH], clock.timestamp())
    return replace(budget, available=max(0, budget.available - KEPT_FOR_THE_IMPORT))


def _leave_some(account: SellerAccount) -> None:
    budget = searches_left(account)
    if budget.available == 0:
        again = room_at(budget, KEPT_FOR_THE_IMPORT + 1)
        raise Throttled(
            SEARCH,
            "the searches that are left stay for the import of orders.",
            retry_at=datetime.fromtimestamp(again, UTC),
        )


def _all_marketplaces(account: SellerAccount) -> list[str]:
    return list(account.marketplaces.order_by("code").values_list("code", flat=True))


def _reached(moment: datetime | None) -> datetime | None:
    """A moment that Amazon surely answers for; it refuses those of the last two minutes."""
    return moment and min(moment, clock.now() - SURELY_THERE)


def _sightings(
    account: SellerAccount, reads: Sequence[OrderData | UnreadableOrder]
) -> tuple[Sighting, ...]:
    rows = AmazonOrder.objects.defer("document").filter(
        account=account, number__in=[read.number for read in reads]
    )
    known = {row.number: row for row in rows}
    return tuple(_sighting(account, read, known.get(read.number)) for read in reads)


def _sighting(
    account: SellerAccount, read: OrderData | UnreadableOrder, row: AmazonOrder | None
) -> Sighting:
    if isinstance(read, UnreadableOrder):
        why = Message(Code.UNREADABLE, words=read.reason)
        decision = Decision("quarantined", True, why)
        return Sighting(read.number, row, None, decision)
    return Sighting(read.number, row, read, decide(read, cut_over=account.cut_over))
