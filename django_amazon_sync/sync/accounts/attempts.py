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
from django_amazon_sync.amazon import catalog, inventory, listings
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    NotFound,
    Throttled,
    Unreadable,
)
from django_amazon_sync.models import Job, SellerAccount
from django_amazon_sync.sync.accounts.access import ESSENTIAL, NEEDS, Part, lacks, refused, works

#: What a job can do without, and tries again before it begins.
_BESIDE: dict[Job, tuple[Part, ...]] = {
    Job.EXPORT: (Part.CATALOGUE, Part.RESTRICTIONS),
    Job.MATCH: (Part.CATALOGUE,),
    Job.IMPORT_LISTINGS: (Part.AMAZON_STOCK,),
}

#: An ASIN that Amazon gave to nothing.
NO_ASIN = "B000000000"


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

    Nothing changes by it. Raises Unauthorized where what the job needs is refused still.
    """
    parts = NEEDS.get(job, ()) + _BESIDE.get(job, ())
    lacking = refused().filter(account=account, part__in=parts).values_list("part", flat=True)
    if not lacking:
        return
    codes = list(account.marketplaces.order_by("code").values_list("code", flat=True))
    for part in lacking:
        if not codes or part not in ATTEMPTS:
            continue
        if part in ESSENTIAL:
            ATTEMPTS[Part(part)](client, codes)
        else:
            with SideRead(account, Part(part)):
                ATTEMPTS[Part(part)](client, codes)


def _read_listings(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        listings.get_listing(client, "connection-test", codes)


def _read_catalogue(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        catalog.get_catalog_item(client, NO_ASIN, codes[0])
    catalog.search_catalog(client, [NO_ASIN], "ASIN", codes[0])


def _read_restrictions(client: Client, codes: list[str]) -> None:
    with suppress(NotFound):
        listings.restrictions(client, NO_ASIN, codes[0], "new_new")


def _read_stock(client: Client, codes: list[str]) -> None:
    an_hour_ago = clock.now() - timedelta(hours=1)
    next(iter(inventory.amazon_stock(client, codes[0], since=an_hour_ago)), None)


#: How a part is tried: a call that changes nothing, with the ids of marketplaces.
ATTEMPTS: dict[Part, Callable[[Client, list[str]], None]] = {
    Part.LISTINGS: _read_listings,
    Part.LISTINGS_OUT: lambda client, codes: listings.try_writing(client, codes[0]),
    Part.CATALOGUE: _read_catalogue,
    Part.RESTRICTIONS: _read_restrictions,
    Part.AMAZON_STOCK: _read_stock,
}
