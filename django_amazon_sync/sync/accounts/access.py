"""What Amazon refuses an account: noted once, tried again after growing pauses, ended by itself.

Each call of an account's client is heard. A refusal of access is noted for the part of Amazon that
it is of, and the first call of that part which goes well ends it. So one refusal, which may be a
fault of Amazon's, stops nothing for good: what needs the part waits, and the rest goes on. Only
where Login with Amazon has refused for a day is the account disconnected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    Unauthorized,
    Unreadable,
)
from django_amazon_sync.models import AccountState, Job, Lack, Schedule, SellerAccount

Part = Lack.Part

#: How long a part that was refused so many times in a row is left alone; then always the last.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

#: A part that works for so long is as good as new.
FORGOTTEN_AFTER = timedelta(days=1)

#: A refusal that lasts so long is no fault of Login with Amazon's that passes.
DISCONNECTED_AFTER = timedelta(days=1)

#: What the app cannot do without, by the operations that it is made of.
_PARTS: dict[str, Part] = {
    "patchListingsItem": Part.LISTINGS_OUT,
    "putListingsItem": Part.LISTINGS_OUT,
    "createFeedDocument": Part.LISTINGS_OUT,
    "createFeed": Part.LISTINGS_OUT,
    "cancelFeed": Part.LISTINGS_OUT,
    "getListingsItem": Part.LISTINGS,
    "searchListingsItems": Part.LISTINGS,
    "getFeed": Part.FEEDS,
    "getFeeds": Part.FEEDS,
    "getFeedDocument": Part.FEEDS,
    "createReport": Part.REPORTS,
    "getReport": Part.REPORTS,
    "getReportDocument": Part.REPORTS,
    "searchOrders": Part.ORDERS,
    "getOrder": Part.ORDERS,
    "confirmShipment": Part.SHIPMENTS,
}

#: What the app cannot do without; a refusal of it wants a new authorisation.
ESSENTIAL = frozenset(_PARTS.values()) | {Part.AUTHORISATION}

#: The jobs that wait while one of these parts is refused. The others only stop where they meet it.
NEEDS: dict[Job, tuple[Part, ...]] = {
    Job.EXPORT: (Part.LISTINGS_OUT, Part.LISTINGS),
    Job.CHANGES: (Part.LISTINGS_OUT, Part.LISTINGS),
    Job.SETTLE: (Part.LISTINGS_OUT, Part.FEEDS),
}

#: The jobs that are due at once when a part works again, as they stopped where they met it.
_RESUMED: dict[Part, tuple[Job, ...]] = {
    Part.AUTHORISATION: (Job.EXPORT, Job.IMPORT_ORDERS, Job.CONFIRM_SHIPMENTS),
    Part.LISTINGS_OUT: (Job.EXPORT,),
    Part.LISTINGS: (Job.EXPORT, Job.VERIFY),
    Part.REPORTS: (Job.IMPORT_LISTINGS,),
    Part.ORDERS: (Job.IMPORT_ORDERS,),
    Part.SHIPMENTS: (Job.CONFIRM_SHIPMENTS,),
}


class Listener:
    """Hears how each call of an account's client ended."""

    def __init__(self, account: SellerAccount) -> None:
        self._account = account
        self._open: set[str] | None = None

    def __call__(self, operation: str, error: AmazonError | None) -> None:
        part = _PARTS.get(operation)
        if error is None:
            self._works(Part.AUTHORISATION, part)
        elif isinstance(error, Disconnected):
            if _are_its_credentials(self._account):
                self._lacks(Part.AUTHORISATION, error)
                _disconnect_at_last(self._account, error)
        elif isinstance(error, Unauthorized) and part is not None:
            self._works(Part.AUTHORISATION)
            self._lacks(part, error)

    def _lacks(self, part: Part, error: AmazonError) -> None:
        lacks(self._account, part, error)
        self._known().add(part)

    def _works(self, *parts: Part | None) -> None:
        for part in parts:
            if part is not None and part in self._known():
                works(self._account, part)
                self._known().discard(part)

    def _known(self) -> set[str]:
        """The parts that are refused; read once, as a client is made for each run."""
        if self._open is None:
            open_parts = refused().filter(account=self._account).values_list("part", flat=True)
            self._open = set(open_parts)
        return self._open


def lacks(account: SellerAccount, part: Part, error: AmazonError | Unreadable) -> None:
    """Note that the account lacks this part now, and when it is tried again.

    What works now and then is one lack, which is tried ever more seldom: a seller who is suspended
    in one marketplace can be written to in another.
    """
    now = clock.now()
    with transaction.atomic():
        lack, made = Lack.objects.select_for_update().get_or_create(
            account=account,
            part=part,
            defaults={"since": now, "again_at": now + PAUSES[0], **_why(error)},
        )
        if made or (lack.works_since is None and now < lack.again_at):
            return  # others that were under way at the time do not count
        if lack.works_since is not None:
            lack.since = now
            if now - lack.works_since >= FORGOTTEN_AFTER:
                lack.tries = 0
        lack.tries += 1
        again_at = now + PAUSES[min(lack.tries, len(PAUSES)) - 1]
        Lack.objects.filter(pk=lack.pk).update(
            since=lack.since, tries=lack.tries, again_at=again_at, works_since=None, **_why(error)
        )


def _why(error: AmazonError | Unreadable) -> dict[str, str]:
    return {"code": error.code, "reason": str(error)}


def works(account: SellerAccount, part: Part) -> None:
    """Note that this part works; what stopped where it was refused is due at once."""
    with transaction.atomic():
        ended = refused().filter(account=account, part=part).update(works_since=clock.now())
        if ended and part in _RESUMED:
            waiting = Schedule.objects.filter(account=account, job__in=_RESUMED[part])
            waiting.filter(next_due__gt=clock.now()).update(next_due=clock.now())


def refused() -> QuerySet[Lack]:
    """What does not work now."""
    return Lack.objects.filter(works_since=None)


def forget(accounts: QuerySet[SellerAccount]) -> None:
    """New credentials: what Amazon refused before says nothing of them."""
    for lack in refused().filter(account__in=accounts).select_related("account"):
        works(lack.account, Part(lack.part))
    Lack.objects.filter(account__in=accounts).delete()


# --- Waiting -----------------------------------------------------------------------------------


def waiting(parts: tuple[Part, ...], now: datetime) -> QuerySet[Lack, int]:
    """The accounts (pk) that leave one of these parts alone now."""
    closed = refused().filter(part__in=parts, again_at__gt=now)
    return closed.values_list("account", flat=True)


def to_try(job: Job, now: datetime) -> QuerySet[Lack, int]:
    """The accounts (pk) of which this job may try again what it needs."""
    due = refused().filter(part__in=NEEDS[job], again_at__lte=now)
    return due.values_list("account", flat=True)


# --- Credentials ---------------------------------------------------------------------------------


def _are_its_credentials(account: SellerAccount) -> bool:
    """Whether the account still has those that were refused, and nobody entered others since."""
    now = SellerAccount.objects.select_related("application").filter(pk=account.pk).first()
    return now is not None and _Credentials.of(now) == _Credentials.of(account)


@dataclass(frozen=True)
class _Credentials:
    refresh_token: str
    client_id: str
    client_secret: str

    @classmethod
    def of(cls, account: SellerAccount) -> _Credentials:
        application = account.application
        return cls(account.refresh_token, application.client_id, application.client_secret)


def _disconnect_at_last(account: SellerAccount, error: Disconnected) -> None:
    lasts = refused().filter(
        account=account,
        part=Part.AUTHORISATION,
        since__lte=clock.now() - DISCONNECTED_AFTER,
        tries__gt=len(PAUSES),
    )
    if lasts.exists() and account.move(AccountState.DISCONNECTED, state_reason=str(error)):
        lasts.delete()
