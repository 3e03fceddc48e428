"""What Amazon refuses an account: noted once, tried again after growing pauses, ended by itself.

Each call of an account's client is heard. A refusal of access is noted for the part of Amazon that
it is of, and the first call of that part which goes well ends it. So one refusal, which may be a
fault of Amazon's, stops nothing for good: what needs the part waits, and the rest goes on. Only
where Login with Amazon has refused for a day is the account disconnected.

Most is of one marketplace or another: what Amazon refuses there waits, and the others go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from django_amazon_sync import clock
from django_amazon_sync.errors import (
    AmazonError,
    Disconnected,
    Rejected,
    Unauthorized,
    Unreadable,
)
from django_amazon_sync.models import (
    AccountState,
    Job,
    Lack,
    Listing,
    Marketplace,
    Presence,
    Schedule,
    SellerAccount,
)
from django_amazon_sync.sync.accounts.tokens_and_buckets import Credentials

Part = Lack.Part

#: How long a part that was refused so many times in a row is left alone; then always the last.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

#: A part that works for so long is as good as new.
FORGOTTEN_AFTER = timedelta(days=1)

#: A refusal that lasts so long is no fault of Login with Amazon's that passes.
DISCONNECTED_AFTER = timedelta(days=1)

#: What the app cannot do without, by the operations that it is made of. Whether orders may be read
#: a search tells (docs/amazon.md#a-single-order-may-be-refused).
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
    "confirmShipment": Part.SHIPMENTS,
}

#: What may be refused in one marketplace and allowed in another.
BY_MARKETPLACE = frozenset(
    {Part.LISTINGS_OUT, Part.LISTINGS, Part.REPORTS, Part.ORDERS, Part.SHIPMENTS}
)

#: What the app cannot do without; a refusal of it wants a new authorisation.
ESSENTIAL = frozenset(_PARTS.values()) | {Part.AUTHORISATION}

#: The jobs that wait while one of these parts is refused. The others only stop where they meet it.
NEEDS: dict[Job, tuple[Part, ...]] = {
    Job.EXPORT: (Part.LISTINGS_OUT, Part.LISTINGS),
    Job.CHANGES: (Part.LISTINGS_OUT,),  # a zero leaves unread
    Job.SETTLE: (Part.LISTINGS_OUT, Part.FEEDS),
}

#: What a job tries again before it begins, where it was refused and its time has come.
TRIED_FIRST: dict[Job, tuple[Part, ...]] = {
    **NEEDS,
    Job.CHANGES: (Part.LISTINGS_OUT, Part.LISTINGS),
    Job.IMPORT_ORDERS: (Part.ORDERS,),
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
        self._open: set[tuple[str, str]] | None = None

    def __call__(
        self, operation: str, error: AmazonError | None, marketplaces: tuple[str, ...]
    ) -> None:
        part = _PARTS.get(operation)
        its = marketplaces if part in BY_MARKETPLACE else ()
        if error is None or isinstance(error, Rejected):  # whoever is refused a thing is let in
            self._works(Part.AUTHORISATION)
            self._works(part, its)
        elif isinstance(error, Disconnected):
            if _are_its_credentials(self._account):
                self._lacks(Part.AUTHORISATION, error)
                _disconnect_at_last(self._account, error)
        elif isinstance(error, Unauthorized) and part is not None:
            self._works(Part.AUTHORISATION)
            if len(its) < 2:  # of several, whoever asked asks for each by itself
                self._lacks(part, error, *its)

    def _lacks(self, part: Part, error: AmazonError, marketplace: str = "") -> None:
        lacks(self._account, part, error, marketplace)
        self._known().add((part, marketplace))

    def _works(self, part: Part | None, marketplaces: tuple[str, ...] = ()) -> None:
        ended = {(str(part), code) for code in ("", *marketplaces)} & self._known()
        if part is not None and ended:
            works(self._account, part, marketplaces)
            self._known().difference_update(ended)

    def _known(self) -> set[tuple[str, str]]:
        """The parts that are refused, and where; read once, as a client is made for each run."""
        if self._open is None:
            rows = refused().filter(account=self._account).values_list("part", "marketplace")
            self._open = set(rows)
        return self._open


def lacks(
    account: SellerAccount, part: Part, error: AmazonError | Unreadable, marketplace: str = ""
) -> None:
    """Note that the account lacks this part now, and when it is tried again.

    What works now and then is one lack, which is tried ever more seldom.
    """
    now = clock.now()
    with transaction.atomic():
        lack, made = Lack.objects.select_for_update().get_or_create(
            account=account,
            part=part,
            marketplace=marketplace,
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


def put_off(lack: Lack) -> None:
    """No answer came when it was tried: it is left alone for as long as after its last refusal,
    and no longer, as an outage says nothing of what Amazon allows."""
    again_at = clock.now() + PAUSES[min(max(lack.tries, 1), len(PAUSES)) - 1]
    refused().filter(pk=lack.pk, again_at__lt=again_at).update(again_at=again_at)


def _why(error: AmazonError | Unreadable) -> dict[str, str]:
    return {"code": error.code, "reason": str(error)}


def works(account: SellerAccount, part: Part, marketplaces: Collection[str] = ()) -> None:
    """Note that this part works, where it is one of marketplaces in these (ids); what stopped where
    it was refused is due at once."""
    with transaction.atomic():
        here = refused().filter(account=account, part=part, marketplace__in=["", *marketplaces])
        ended = here.update(works_since=clock.now())
        if ended and part in _RESUMED:
            waiting = Schedule.objects.filter(account=account, job__in=_RESUMED[part])
            waiting.filter(next_due__gt=clock.now()).update(next_due=clock.now())


def refused() -> QuerySet[Lack]:
    """What does not work now."""
    return Lack.objects.filter(works_since=None)


def forget(accounts: QuerySet[SellerAccount]) -> None:
    """New credentials: what Amazon refused before says nothing of them."""
    for lack in refused().filter(account__in=accounts).select_related("account"):
        works(lack.account, Part(lack.part), [lack.marketplace])
    Lack.objects.filter(account__in=accounts).delete()


# --- Waiting -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusals:
    """What Amazon refuses now, of all accounts; the rows are few, and mostly there are none."""

    rows: tuple[Lack, ...]
    now: datetime

    @classmethod
    def of_now(cls) -> Refusals:
        """Those of this moment."""
        return cls(tuple(refused()), clock.now())

    def waiting(self, parts: Collection[Part]) -> set[int]:
        """The accounts (pk) that leave one of these parts alone now, in all their marketplaces."""
        closed: dict[int, set[str]] = defaultdict(set)
        for lack in self.rows:
            if lack.part in parts and lack.again_at > self.now:
                closed[lack.account_id].add(lack.marketplace)
        everywhere = {account for account, codes in closed.items() if "" in codes}
        partly = closed.keys() - everywhere
        if not partly:
            return everywhere
        used = Marketplace.objects.filter(is_in_use(), account__in=partly)
        in_use = used.values_list("account", "code")
        open_somewhere = {account for account, code in in_use if code not in closed[account]}
        return everywhere | (partly - open_somewhere)

    def marketplaces(self, parts: Collection[Part]) -> list[int]:
        """The marketplaces (pk) of which one of these parts is refused."""
        places = {(lack.account_id, lack.marketplace) for lack in self.rows if lack.part in parts}
        if not any(code for _account, code in places):
            return []
        named = Marketplace.objects.filter(code__in={code for _account, code in places})
        rows = named.values_list("pk", "account", "code")
        return [pk for pk, account, code in rows if (account, code) in places]

    def to_try(self, job: Job) -> set[int]:
        """The accounts (pk) of which this job may try again what it can use."""
        parts = TRIED_FIRST[job]
        return {
            lack.account_id
            for lack in self.rows
            if lack.part in parts and lack.again_at <= self.now
        }


def waits(account: SellerAccount, *parts: Part) -> bool:
    """Whether the account leaves one of these parts alone now, in all its marketplaces."""
    return account.pk in Refusals.of_now().waiting(parts)


def again_at(account: SellerAccount, part: Part, marketplace: str) -> datetime:
    """When what is refused in this marketplace (id) is tried again."""
    lack = refused().filter(account=account, part=part, marketplace=marketplace).first()
    return lack.again_at if lack else clock.now()


def closed(account: SellerAccount, part: Part) -> set[str]:
    """The marketplaces (ids) of which Amazon refuses this part."""
    rows = refused().filter(account=account, part=part).exclude(marketplace="")
    return set(rows.values_list("marketplace", flat=True))


def is_in_use() -> Q:
    """Whether a marketplace is active, or something of ours is on sale there still, or may be: what
    was read before a backup was restored is read anew."""
    may_be = Q(presence=Presence.UNREAD, read_at__isnull=False)
    may_be |= Q(presence=Presence.ENDED, end_offer=False)
    here = Listing.objects.filter(marketplace=OuterRef("pk"))
    there = here.filter(Q(presence=Presence.PRESENT) | may_be)
    ours = there.filter(Q(sku__managed=True) | Q(sku__sold_here=True))
    return Q(active=True) | Q(Exists(ours))


# --- Credentials ---------------------------------------------------------------------------------


def _are_its_credentials(account: SellerAccount) -> bool:
    """Whether the account still has those that were refused, and nobody entered others since."""
    now = SellerAccount.objects.select_related("application").filter(pk=account.pk).first()
    return now is not None and Credentials.of(now) == Credentials.of(account)


def _disconnect_at_last(account: SellerAccount, error: Disconnected) -> None:
    lasts = refused().filter(
        account=account,
        part=Part.AUTHORISATION,
        since__lte=clock.now() - DISCONNECTED_AFTER,
        tries__gt=len(PAUSES),
    )
    if lasts.exists() and account.move(AccountState.DISCONNECTED, state_reason=str(error)):
        lasts.delete()
