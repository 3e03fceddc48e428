"""Trying Amazon with care: what the app can do without, and what was refused before.

What the app can do without (stock in Amazon's warehouses, the catalogue, what the account may not
sell) may fail in any way: the account says so once, and whoever asked goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from django_amazon_sync import clock
from django_amazon_sync.amazon import catalog, inventory, listings, orders
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unreadable,
)
from django_amazon_sync.models import Job, SellerAccount, Shipment, ShipmentState
from django_amazon_sync.sync.accounts.access import (
    NEEDS,
    TRIED_FIRST,
    Part,
    is_in_use,
    lacks,
    put_off,
    refused,
    waits,
    works,
)

#: What a job can do without, and tries again before it begins.
_BESIDE: dict[Job, tuple[Part, ...]] = {
    Job.EXPORT: (Part.CATALOGUE, Part.RESTRICTIONS),
    Job.MATCH: (Part.CATALOGUE,),
    Job.IMPORT_LISTINGS: (Part.AMAZON_STOCK,),
}

#: An ASIN that Amazon gave to nothing.
NO_ASIN = "B000000000"

AN_HOUR = timedelta(hours=1)


#: The shipments of which Amazon is yet to be told.
OPEN = (ShipmentState.NEW, ShipmentState.SENT, ShipmentState.UNKNOWN)


class SideRead:
    """One call of what the app can do without; where it fails, the account lacks it.

    ``worked`` says whether the block came to its end, which ends the lack as well. A rate limit is
    no lack: it comes with the next run. Raises Disconnected, as nothing works then, and what is no
    answer of Amazon's.
    """

    def __init__(self, account: SellerAccount, part: Part) -> None:
        self._account, self._part = account, part
        self.worked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            self.worked = True
            works(self._account, self._part)
            return False
        if isinstance(error, Disconnected) or not isinstance(error, AmazonError | Unreadable):
            return False
        if not isinstance(error, Throttled):
            lacks(self._account, self._part, error)
        return True


def try_again(account: SellerAccount, client: Client, job: Job) -> None:
    """Try what Amazon refused of what this job is about; it may end though nobody needs it now.

    Nothing changes by it. What gets no answer counts as refused still, and costs nothing else.
    Raises AmazonError where what the job needs is refused still, in all marketplaces where it may
    be refused in one.
    """
    codes = list(account.marketplaces.order_by("code").values_list("code", flat=True))
    if not codes:
        return
    _forget_what_is_not_used(account, codes)
    lacking = refused().filter(account=account, part__in=ATTEMPTS)
    for lack in lacking.filter(part__in=_BESIDE.get(job, ())):
        with SideRead(account, Part(lack.part)):
            ATTEMPTS[Part(lack.part)](client, codes)
    tried = TRIED_FIRST.get(job, ())
    _try_what_it_needs(account, client, codes, tried, NEEDS.get(job, tried))


def _forget_what_is_not_used(account: SellerAccount, codes: list[str]) -> None:
    """Listings matter where something is sold, reports where a store is active, confirmations where
    a parcel waits, orders wherever the account is."""
    elsewhere = refused().filter(account=account).exclude(marketplace="")
    if not elsewhere.exists():
        return
    elsewhere.exclude(marketplace__in=codes).delete()
    stores = account.marketplaces
    parcels = Shipment.objects.filter(order__account=account, state__in=OPEN)
    for parts, there in (
        (NEEDS[Job.EXPORT], stores.filter(is_in_use()).values("code")),
        ((Part.REPORTS,), stores.filter(active=True).values("code")),
        ((Part.SHIPMENTS,), parcels.values("order__marketplace")),
    ):
        elsewhere.filter(part__in=parts).exclude(marketplace__in=there).delete()


def _try_what_it_needs(
    account: SellerAccount,
    client: Client,
    codes: list[str],
    parts: tuple[Part, ...],
    needs: tuple[Part, ...],
) -> None:
    """Try these parts; only those that it ``needs`` stop it."""
    lacking = refused().filter(account=account, part__in=set(parts) & ATTEMPTS.keys())
    if not waits(account, *needs):
        lacking = lacking.filter(again_at__lte=clock.now())
    stop: AmazonError | None = None
    for lack in lacking:
        part, told = Part(lack.part), False
        for code in [lack.marketplace] if lack.marketplace else codes:
            try:
                _let_in(client, part, code)
                told = True
            except Disconnected:
                raise
            except AmazonError as error:
                stop = error
                told = told or isinstance(error, Unauthorized)
        if not told:
            put_off(lack)
        elif not lack.marketplace:
            works(account, part)  # from here on each marketplace has its own
    if stop and waits(account, *needs):
        raise stop


def _let_in(client: Client, part: Part, code: str) -> None:
    """Try a part in a marketplace (id). Whoever is refused a thing, or shown an odd one, is let in.

    Raises AmazonError otherwise.
    """
    with suppress(Rejected, Unreadable):
        ATTEMPTS[part](client, [code])


def _read_listings(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        listings.get_listing(client, "connection-test", codes)


def _write_listings(client: Client, codes: list[str]) -> None:
    for code in codes:
        listings.try_writing(client, code)


def _read_orders(client: Client, codes: list[str]) -> None:
    orders.search_orders(client, marketplaces=codes, updated_after=client.now() - AN_HOUR)


def _read_catalogue(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        catalog.get_catalog_item(client, NO_ASIN, codes[0])
    catalog.search_catalog(client, [NO_ASIN], "ASIN", codes[0])


def _read_restrictions(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        listings.restrictions(client, NO_ASIN, codes[0], "new_new")


def _read_stock(client: Client, codes: list[str]) -> None:
    next(iter(inventory.amazon_stock(client, codes[0], since=clock.now() - AN_HOUR)), None)


#: How a part is tried: a call that changes nothing, with the ids of marketplaces.
ATTEMPTS: dict[Part, Callable[[Client, list[str]], None]] = {
    Part.LISTINGS: _read_listings,
    Part.LISTINGS_OUT: _write_listings,
    Part.ORDERS: _read_orders,
    Part.CATALOGUE: _read_catalogue,
    Part.RESTRICTIONS: _read_restrictions,
    Part.AMAZON_STOCK: _read_stock,
}
