"""Whether the account's orders are known up to now, and bringing them up where they are not.

Quantities rise only while they are: what a buyer took a moment ago must not be offered again. Nor
do they rise while an order is there whose units nobody knows, for at most a day. The same holds of
the other accounts that sell the same stock.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.data import SuspicionRow
from django_amazon_sync.errors import Busy, Unexpected
from django_amazon_sync.models import (
    AccountState,
    Job,
    Listing,
    Presence,
    SellerAccount,
    SellerSku,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync.orders import import_orders, windows
from django_amazon_sync.sync.orders.units import units_unknown, units_unknown_among
from django_amazon_sync.sync.runs.work import Work, at_work


def bring_up_orders(work: Work, *, lately_is_enough: bool = True) -> None:
    """Import the account's orders now, unless they are complete up to lately and that is enough.

    Where another worker is at it, rises wait for that one's end. An import that fails, whatever
    the cause, costs the rises only: falls leave all the same.
    """
    if not work.account.import_orders or (lately_is_enough and orders_complete(work)):
        return
    run = SyncRun(account=work.account, job=Job.IMPORT_ORDERS, started_by=Starter.RUN, whole=True)
    with suppress(Busy, Unexpected), at_work(run, work.shop, work.client) as importing:
        import_orders.import_orders(importing)


def orders_complete(work: Work) -> bool:
    """Whether all orders up to a few minutes ago are known with their units, so that quantities
    may rise."""
    if not work.account.import_orders:
        return True
    if units_unknown(work.account).exists():
        return False
    until = windows.complete_until(work.account)
    return until is not None and until >= _fresh_since(work)


def complete_accounts(accounts: Collection[int]) -> frozenset[int]:
    """Those of these accounts (pk) whose quantities may rise now, as far as their own orders tell:
    what ``orders_complete`` says of each; four queries."""
    importing = SellerAccount.objects.filter(pk__in=accounts, import_orders=True)
    pks = set(importing.values_list("pk", flat=True))
    until = windows.complete_until_of(pks)
    unknown = set(units_unknown_among(pks).values_list("account", flat=True))
    since = clock.now() - timedelta(seconds=conf.get("ORDERS_FRESH"))
    known = {pk for pk in pks - unknown if pk in until and until[pk] >= since}
    return frozenset(known | (set(accounts) - pks))


def _fresh_since(work: Work) -> datetime:
    return work.client.now() - timedelta(seconds=conf.get("ORDERS_FRESH"))


def sold_elsewhere_perhaps(work: Work, offer_pks: Collection[str] | None = None) -> frozenset[str]:
    """The offers, of these or of all, that another account sells as well whose orders are not known
    up to a few minutes ago: what it sold must not be put on sale here.

    One whose orders nobody will ever know, as it is disconnected or imports none, keeps none back.
    """
    others = SellerAccount.objects.exclude(pk=work.account.pk)
    rows = _sold_perhaps(_behind(others, _fresh_since(work)), offer_pks)
    return frozenset(rows.values_list("offer_pk", flat=True))


def sold_perhaps_by(offer_pks: Collection[str]) -> dict[str, set[int]]:
    """By offer, of these, the accounts (pk) that sell it and whose orders are not known up to a few
    minutes ago: what ``sold_elsewhere_perhaps`` says to any other account; four queries."""
    since = clock.now() - timedelta(seconds=conf.get("ORDERS_FRESH"))
    found: dict[str, set[int]] = {}
    rows = _sold_perhaps(_behind(SellerAccount.objects.all(), since), offer_pks)
    for offer, account in rows.values_list("offer_pk", "account"):
        found.setdefault(offer, set()).add(account)
    return found


def _sold_perhaps(
    behind: Collection[int], offer_pks: Collection[str] | None
) -> QuerySet[SellerSku]:
    """The SKUs of these accounts (pk), of these offers or of all, that Amazon may have sold."""
    if not behind:
        return SellerSku.objects.none()
    not_there = (Presence.ABSENT, Presence.ENDED)
    there = Listing.objects.filter(sku=OuterRef("pk")).exclude(presence__in=not_there)
    rows = SellerSku.objects.filter(Q(managed=True) | Exists(there), account__in=behind)
    rows = rows.exclude(offer_pk="")
    if offer_pks is not None:
        rows = rows.filter(offer_pk__in=offer_pks)
    return rows


def _behind(accounts: QuerySet[SellerAccount], since: datetime) -> list[int]:
    """Those of these accounts (pk) whose orders should be known up to then, and are not."""
    importing = accounts.filter(import_orders=True)
    connected = importing.exclude(state=AccountState.DISCONNECTED)
    pks = list(connected.order_by("pk").values_list("pk", flat=True))
    if not pks:
        return []
    until = windows.complete_until_of(pks)
    unknown = set(units_unknown_among(pks).values_list("account", flat=True))
    return [pk for pk in pks if pk in unknown or pk not in until or until[pk] < since]


def orders_known_past(work: Work, reading: SuspicionRow) -> bool:
    """Whether all orders up to a reading of a live quantity are known, and so in the shop's
    stock."""
    until = windows.complete_until(work.account)
    return until is not None and until > datetime.fromisoformat(reading["at"])
