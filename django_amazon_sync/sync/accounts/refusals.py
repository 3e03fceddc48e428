"""What Amazon refuses of sending, as pages ask it: read once for each account that they hold."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, prefetch_related_objects

from django_amazon_sync.models import Job, Lack, Marketplace, SellerAccount
from django_amazon_sync.sync.accounts import access

#: While one of these is refused in a store, nothing is sent there.
SENDING = (*access.NEEDS[Job.EXPORT], access.Part.AUTHORISATION)

#: Where an account keeps what was read.
KEPT_IN = "refusals_of_sending"


def read(accounts: Iterable[SellerAccount]) -> None:
    """Read what is refused of these accounts, where it was not read yet: one query for all."""
    missing = [account for account in accounts if not hasattr(account, KEPT_IN)]
    rows = access.refused().filter(part__in=SENDING).order_by("pk")
    prefetch_related_objects(missing, Prefetch("lacks", rows, to_attr=KEPT_IN))


def refusal_of(marketplace: Marketplace, *, of_zeros: bool = False) -> Lack | None:
    """Why nothing is sent to a marketplace now (with its account), or ``of_zeros`` no quantity of 0
    either, if Amazon refuses it: a zero leaves where listings cannot be read."""
    read([marketplace.account])
    rows: list[Lack] = getattr(marketplace.account, KEPT_IN)
    here = (row for row in rows if row.marketplace in ("", marketplace.code))
    return next((row for row in here if not (of_zeros and row.part == access.Part.LISTINGS)), None)
