"""What wants staff of an account: read for all accounts at once, in a fixed number of queries.

One reading serves the overview in the admin and the alarms by e-mail, so that both say the same.
Nothing in it is of a buyer: numbers, days, and what staff called the account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol, TypeAlias, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, ngettext_lazy

from django_amazon_sync import clock, conf
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    UNSHIPPED,
    AccountState,
    Alarm,
    AmazonOrder,
    AmazonReport,
    Application,
    ExchangeRate,
    Job,
    Listing,
    Marketplace,
    OfferChange,
    OrderState,
    OrderWindow,
    RateFetch,
    RateSource,
    RunState,
    Schedule,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.rules.matching import SKU
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.orders import windows
from django_amazon_sync.sync.privacy import due
from django_amazon_sync.sync.runs.work import why_not_writing

#: How long Amazon's client secrets and a public application's authorisations live
#: (docs/amazon.md#secrets-live-half-a-year).
SECRET_LIVES, AUTHORISATION_LIVES = timedelta(days=180), timedelta(days=365)

#: Days before the end of a secret or an authorisation at which staff are told, nearest first.
DAYS_BEFORE = (7, 30, 90)

#: An order wants to be shipped when its time is as near as this.
SHIP_BY_NEAR = timedelta(hours=24)

#: Buyers' data that are due are erased within this time, or somebody has to look.
ERASED_WITHIN = timedelta(days=2)

#: Orders are held against Amazon's report once a day: one or two times may come to nothing.
PROVEN_WITHIN = timedelta(days=3)

#: A queued run that nobody began for so long: there is no worker, or too few.
STUCK_AFTER = timedelta(minutes=15)


#: A change of the shop that nobody sent for so long.
NOT_SENT_AFTER = timedelta(hours=1)

#: So many submissions without one answer within this time, and no other, are a fault.
IN_VAIN, LATELY = 3, timedelta(hours=6)


#: What may want staff, the most pressing first.
MatterKind = Alarm.Kind

#: A job whose runs stop one after the other is a fault after so many, and so long.
STOPPED_TIMES, STOPPED_FOR = 2, timedelta(minutes=30)

#: Reasons for which a run stops that are no fault, or are told by themselves.
TOLD_ELSEWHERE = (Code.HALTED, Code.UNAUTHORIZED, Code.DISCONNECTED)

#: The article of docs and help that answers for each kind.
ARTICLES = {
    MatterKind.DISCONNECTED: "disconnected",
    MatterKind.AUTHORISE: "authorise-again",
    MatterKind.SELLING: "not-selling",
    MatterKind.STUCK: "nothing-happens",
    MatterKind.NOT_SENT: "nothing-leaves",
    MatterKind.STOPPING: "run-stopped",
    MatterKind.ORDERS_STALE: "orders-not-up-to-date",
    MatterKind.SHIP_BY: "ship-by-is-near",
    MatterKind.QUARANTINE: "order-not-imported",
    MatterKind.NOT_TOLD: "order-not-imported",
    MatterKind.ASKING: "buyer-asks-to-cancel",
    MatterKind.SHIPMENT_REFUSED: "shipment-refused",
    MatterKind.SHIPMENT_UNSEEN: "shipment-refused",
    MatterKind.SHIPMENT_INCOMPLETE: "shipment-refused",
    MatterKind.APPROVAL: "waits-for-approval",
    MatterKind.REFUSED: "refused-by-amazon",
    MatterKind.CLAIMED: "listing-not-on-amazon",
    MatterKind.DRIFT: "drift",
    MatterKind.SECRET: "secret-expires",
    MatterKind.AUTHORISATION: "secret-expires",
    MatterKind.OBSERVING: "account-observes",
    MatterKind.ERASING: "buyers-data",
    MatterKind.LACKING: "authorise-again",
}


#: Reads what matters of one kind are about: account (pk), key of the matter, name of the row.
Subjects: TypeAlias = Callable[[], Iterable[tuple[int, str, str]]]


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that wants staff of an account.

    ``key`` tells those of one kind apart; ``path`` leads to where it is mended, and is empty where
    the project has no admin. ``subjects`` are the rows that it counts, where it does; all matters
    of one kind have the same.
    """

    account_pk: int
    kind: MatterKind
    sentence: str
    number: int = 1
    key: str = ""
    path: str = ""
    subjects: Subjects | None = None

    @property
    def topic(self) -> tuple[int, str, str]:
        """What tells it from all others: its account (pk), kind and key."""
        return self.account_pk, str(self.kind), self.key

    @property
    def article(self) -> str:
        """The article that explains it."""
        return ARTICLES[self.kind]


@dataclass(frozen=True, slots=True)
class OrdersKnown:
    """Up to when the orders of accounts (pk) are complete, the stores in which they are not
    searched now, as a sentence, and up to when they are proven; three queries."""

    until: dict[int, datetime]
    left_out: dict[int, str]
    proven: dict[int, datetime]

    @classmethod
    def of(cls, accounts: Iterable[int]) -> OrdersKnown:
        pks = list(accounts)
        places = _places(pks)
        return cls(windows.complete_until_of(pks), _not_searched(places), _proven_until(places))


def matters(
    accounts: QuerySet[SellerAccount],
    *,
    now: datetime | None = None,
    known: OrdersKnown | None = None,
) -> dict[int, list[Matter]]:
    """What wants staff of these accounts, by account, the most pressing first.

    Of an account that staff deactivated nothing is told. ``known`` is of these accounts, where
    whoever asks has read it already.
    """
    now = now or clock.now()
    active = {account.pk: account for account in _read(accounts)}
    found: dict[int, list[Matter]] = defaultdict(list)
    for read in (
        partial(_of_accounts, known=known or OrdersKnown.of(active)),
        _of_lacks,
        _of_rates,
        _of_orders,
        _of_buyers,
        _of_shipments,
        _of_listings,
        _of_runs,
    ):
        for matter in read(active, now):
            found[matter.account_pk].append(matter)
    order = list(MatterKind)
    return {
        pk: sorted(those, key=lambda matter: (order.index(matter.kind), matter.key))
        for pk, those in found.items()
    }


def of_account(account: SellerAccount) -> Iterator[Matter]:
    """What wants staff of one account's listings, orders and shipments, deactivated or not."""
    now = clock.now()
    for read in (_of_listings, _of_orders, _of_shipments):
        yield from read({account.pk: account}, now)


Accounts = dict[int, SellerAccount]


def _read(accounts: QuerySet[SellerAccount]) -> QuerySet[SellerAccount]:
    return (
        accounts.exclude(state=AccountState.DISCONNECTED, deactivated=True)
        .select_related("application")
        .only(
            "name", "state", "state_reason", "deployment", "authorised_on", "import_orders",
            "cut_over", "erases_since", "application__secret_made_on", "application__public",
            "application__name",
        )
    )  # fmt: skip


# --- Accounts ------------------------------------------------------------------------------------


def _of_accounts(accounts: Accounts, now: datetime, known: OrdersKnown) -> Iterator[Matter]:
    periods = _periods(accounts)
    for pk, account in accounts.items():
        page = _page(SellerAccount, pk)
        if account.state == AccountState.DISCONNECTED:
            text = gettext("Amazon does not accept the account's credentials: connect it again.")
            yield Matter(pk, MatterKind.DISCONNECTED, text, path=page)
        elif account.import_orders:
            period = periods.get((pk, Job.IMPORT_ORDERS), timedelta(0))
            yield from _stale(account, known, period, now)
            if compares := periods.get((pk, Job.RECONCILE)):
                yield from _unproven(account, known.proven.get(pk), compares, now)
        if account.state == AccountState.OBSERVING:
            text = gettext("It only reads: look at what an export would send, then release it.")
            yield Matter(pk, MatterKind.OBSERVING, text, path=page)
        yield from _expiring(account, timezone.localdate(now))


def _of_lacks(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """What Amazon refuses; what the app can do without is apart, as nothing waits for it."""
    for lack in access.refused().filter(account__in=list(accounts)).order_by("pk"):
        account = accounts[lack.account_id]
        if account.state == AccountState.DISCONNECTED:
            continue
        values = {
            "what": lack.what,
            "since": f"{timezone.localtime(lack.since):%Y-%m-%d %H:%M}",
            "reason": lack.reason,
        }
        kind = MatterKind.AUTHORISE
        if lack.part == access.Part.AUTHORISATION:
            text = gettext(
                "Amazon has refused the account's credentials since %(since)s. It is tried again "
                "by itself; after a day the account is disconnected. %(reason)s"
            )
        elif lack.part == access.Part.ORDERS and account.import_orders:
            text = gettext(
                "%(what)s: Amazon has refused it since %(since)s. It is tried again by itself; "
                "until then quantities only fall, in all stores. %(reason)s"
            )
        elif lack.part in access.ESSENTIAL:
            text = gettext(
                "%(what)s: Amazon has refused it since %(since)s. It is tried again by itself, and "
                "all else goes on. %(reason)s"
            )
        elif lack.part == access.Part.SELLING:
            kind = MatterKind.SELLING
            text = gettext("Buyers cannot buy everywhere, seen since %(since)s. %(reason)s")
        else:
            kind = MatterKind.LACKING
            text = gettext("%(what)s: missing since %(since)s; all else goes on. %(reason)s")
        page = _page(SellerAccount, account.pk)
        key = " ".join(filter(None, (lack.part, lack.marketplace)))
        yield Matter(account.pk, kind, text % values, key=key, path=page)


def _of_rates(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """The bank's rates serve all accounts, and only those that convert by them miss them."""
    failed = RateFetch.objects.filter(source=RateSource.ECB).exclude(reason="").first()
    if failed is None:
        return
    converting = Marketplace.objects.filter(
        account__in=list(accounts), active=True, rate_source=RateSource.ECB
    )
    for pk in converting.order_by("account").values_list("account", flat=True).distinct():
        text = gettext("%(reason)s The rates that are there go on until they are too old.")
        text %= {"reason": failed.reason}
        yield Matter(pk, MatterKind.LACKING, text, key="rates", path=_list(ExchangeRate))


def _periods(accounts: Iterable[int]) -> dict[tuple[int, str], timedelta]:
    """How often each job of these accounts runs by itself, by account (pk) and job."""
    schedules = Schedule.objects.filter(account__in=list(accounts), active=True)
    return {(pk, job): every for pk, job, every in schedules.values_list("account", "job", "every")}


def not_searched(accounts: Iterable[int]) -> dict[int, str]:
    """The stores of these accounts in which orders are not searched now, as a sentence; one query.

    Accounts of which each store is searched are left out, and those before their first search.
    """
    return _not_searched(_places(accounts))


def _places(accounts: Iterable[int]) -> list[Marketplace]:
    """The stores of these accounts with the marketplaces that are ``searched``, and with since when
    a first report of orders was ``tried``; one query."""
    newest = OrderWindow.objects.filter(account=OuterRef("account"), swept=False, until=None)
    reports = AmazonReport.objects.filter(marketplace=OuterRef("pk"), data_since__isnull=False)
    places = Marketplace.objects.filter(account__in=list(accounts)).order_by("code")
    return list(
        places.annotate(
            searched=Subquery(newest.order_by("-pk").values("marketplaces")[:1]),
            tried=Subquery(reports.order_by("asked_at").values("asked_at")[:1]),
        )
    )


def _not_searched(places: Iterable[Marketplace]) -> dict[int, str]:
    stores: dict[int, list[str]] = defaultdict(list)
    for place in places:
        searched = vars(place)["searched"]
        if searched and place.code not in searched:
            stores[place.account_id].append(place.facts.store_name)
    text = gettext("Orders are not searched in %(stores)s now.")
    return {pk: text % {"stores": ", ".join(those)} for pk, those in stores.items()}


def _proven_until(places: Iterable[Marketplace]) -> dict[int, datetime]:
    """Up to when the orders of each account are proven in all stores; in one that never was, since
    when it is tried. Accounts that were never compared are left out."""
    until: dict[int, datetime] = {}
    for place in places:
        reached: datetime | None = place.orders_proven_until or vars(place)["tried"]
        if reached is not None:
            until[place.account_id] = min(reached, until.get(place.account_id, reached))
    return until


def _stale(
    account: SellerAccount, known: OrdersKnown, period: timedelta, now: datetime
) -> Iterator[Matter]:
    """Orders are complete up to long ago; nothing is late before its second turn is over."""
    until, left_out = known.until.get(account.pk), known.left_out.get(account.pk, "")
    late = max(timedelta(seconds=conf.get("ORDERS_STALE")), 2 * period)
    if (until or account.cut_over) >= now - late:
        return
    if until is None:
        text = left_out or gettext("No search for orders has finished yet.")
    else:
        text = gettext("Orders are complete only up to %(moment)s.") % {
            "moment": f"{timezone.localtime(until):%Y-%m-%d %H:%M}"
        }
    path = _list(SyncRun, account=account.pk, job__exact=Job.IMPORT_ORDERS)
    yield Matter(account.pk, MatterKind.ORDERS_STALE, text, path=path)


def _unproven(
    account: SellerAccount, until: datetime | None, period: timedelta, now: datetime
) -> Iterator[Matter]:
    """The proof of orders stands still; nothing is late before its third turn is over."""
    if until is None or until >= now - max(PROVEN_WITHIN, 3 * period):
        return
    text = gettext("Orders have not been held against Amazon's report since %(moment)s.") % {
        "moment": f"{timezone.localtime(until):%Y-%m-%d %H:%M}"
    }
    path = _list(SyncRun, account=account.pk, job__exact=Job.RECONCILE)
    yield Matter(account.pk, MatterKind.ORDERS_STALE, text, key="proof", path=path)


def _expiring(account: SellerAccount, today: date) -> Iterator[Matter]:
    application = account.application
    if application.secret_made_on:
        ends = _later(application.secret_made_on, SECRET_LIVES)
        if key := _bracket(ends, today):
            text = gettext("The client secret of %(application)s ends on %(day)s: make a new one.")
            text %= {"application": application.name, "day": ends.isoformat()}
            path = _page(Application, application.pk)
            yield Matter(account.pk, MatterKind.SECRET, text, key=key, path=path)
    if application.public and account.authorised_on:
        ends = _later(account.authorised_on, AUTHORISATION_LIVES)
        if key := _bracket(ends, today):
            text = gettext("The seller's authorisation ends on %(day)s: renew it.")
            text %= {"day": ends.isoformat()}
            path = _page(SellerAccount, account.pk)
            yield Matter(account.pk, MatterKind.AUTHORISATION, text, key=key, path=path)


def _later(day: date, by: timedelta) -> date:
    """A day so much later; the last that there is where the calendar ends before."""
    return day + by if day <= date.max - by else date.max


def _bracket(ends: date, today: date) -> str:
    """How near the end is: the smallest of DAYS_BEFORE that is not below it, or an empty text."""
    left = (ends - today).days
    return next((str(days) for days in DAYS_BEFORE if left <= days), "")


# --- Orders and shipments ------------------------------------------------------------------------


def _of_orders(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    orders = AmazonOrder.objects.filter(account__in=list(accounts))
    yield from _counted(
        MatterKind.QUARANTINE, orders.filter(state=OrderState.QUARANTINED), "account",
        ngettext_lazy(
            "%(number)d order is in quarantine, so the shop does not have it.",
            "%(number)d orders are in quarantine, so the shop does not have them.",
            "number",
        ),
        name="number", state__exact=OrderState.QUARANTINED,
    )  # fmt: skip
    yield from _counted(
        MatterKind.NOT_TOLD, not_told(orders), "account",
        ngettext_lazy(
            "The shop does not take what Amazon changed of %(number)d order.",
            "The shop does not take what Amazon changed of %(number)d orders.",
            "number",
        ),
        name="number", state__exact=OrderState.PLACED,
    )  # fmt: skip
    yield from _counted(
        MatterKind.ASKING,
        orders.filter(cancellation_requested=True, ship_anyway=False, state=OrderState.PLACED),
        "account",
        ngettext_lazy(
            "The buyer of %(number)d order asks to cancel.",
            "The buyers of %(number)d orders ask to cancel.",
            "number",
        ),
        name="number",
        cancellation_requested__exact=1, ship_anyway__exact=0, state__exact=OrderState.PLACED,
    )  # fmt: skip
    yield from _near(orders, now)


def not_told(orders: QuerySet[AmazonOrder]) -> QuerySet[AmazonOrder]:
    """Those that Amazon cancelled or changed, and whose change the shop refused."""
    behind = Q(told_at__lt=F("updated_at")) | Q(told_at=None)
    return orders.filter(behind, state=OrderState.PLACED).exclude(reason_code="")


def near(orders: QuerySet[AmazonOrder], now: datetime) -> QuerySet[AmazonOrder]:
    """Those that the merchant has to ship within a day, or should have shipped."""
    over = (OrderState.CANCELLED, OrderState.RECORDED)
    mine = orders.exclude(fulfilled_by="AMAZON").exclude(state__in=over)
    return mine.filter(status__in=UNSHIPPED, ship_by__lte=now + SHIP_BY_NEAR)


def _near(orders: QuerySet[AmazonOrder], now: datetime) -> Iterator[Matter]:
    """By the day that they are to be shipped; those in quarantine apart, as nobody packs them."""
    by_day = near(orders, now).order_by().annotate(day=TruncDate("ship_by"))
    stuck = Q(state=OrderState.QUARANTINED)
    rows: Iterable[tuple[int, date, int, int]] = by_day.values_list("account", "day").annotate(
        packed=Count("pk", filter=~stuck), stuck=Count("pk", filter=stuck)
    )

    def subjects() -> Iterator[tuple[int, str, str]]:
        for pk, day, state, number in by_day.values_list("account", "day", "state", "number"):
            yield pk, _day_key(day, stuck=state == OrderState.QUARANTINED), number

    for pk, day, packed, quarantined in rows:
        path = _list(AmazonOrder, account=pk, ship_by="near")
        if packed:
            text = ngettext(
                "%(number)d order has to be shipped by %(day)s.",
                "%(number)d orders have to be shipped by %(day)s.",
                packed,
            ) % {"number": packed, "day": day}
            key = _day_key(day, stuck=False)
            yield Matter(pk, MatterKind.SHIP_BY, text, packed, key, path, subjects)
        if quarantined:
            text = ngettext(
                "%(number)d order in quarantine has to be shipped by %(day)s.",
                "%(number)d orders in quarantine have to be shipped by %(day)s.",
                quarantined,
            ) % {"number": quarantined, "day": day}
            key = _day_key(day, stuck=True)
            yield Matter(pk, MatterKind.SHIP_BY, text, quarantined, key, path, subjects)


def _day_key(day: date, *, stuck: bool) -> str:
    return f"{day} quarantine" if stuck else f"{day}"


def _of_buyers(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Buyers' data that are to be erased: the first time waits for a person, and later nothing
    should be left for days."""
    erasing = [pk for pk, account in accounts.items() if account.erases_since]
    for pk in due.having_due(accounts.keys() - set(erasing), due.limit(now)):
        text = gettext(
            "Buyers' data are old enough to be erased: look at the numbers, then let it begin."
        )
        yield Matter(pk, MatterKind.ERASING, text, path=_page(SellerAccount, pk))
    late = due.number_due(erasing, due.limit(now - ERASED_WITHIN))
    for pk, number in sorted(late.items()):
        text = ngettext(
            "The buyer's data of %(number)d order should be erased by now, and are not.",
            "The buyers' data of %(number)d orders should be erased by now, and are not.",
            number,
        ) % {"number": number}
        yield Matter(pk, MatterKind.ERASING, text, number, path=_page(SellerAccount, pk))


def _of_shipments(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    shipments = Shipment.objects.filter(order__account__in=list(accounts))
    yield from _counted(
        MatterKind.SHIPMENT_REFUSED,
        shipments.filter(state=ShipmentState.REFUSED), "order__account",
        ngettext_lazy(
            "Amazon refused %(number)d shipment.",
            "Amazon refused %(number)d shipments.",
            "number",
        ),
        state__exact=ShipmentState.REFUSED,
    )  # fmt: skip
    yield from _counted(
        MatterKind.SHIPMENT_UNSEEN,
        shipments.filter(state=ShipmentState.UNSEEN), "order__account",
        ngettext_lazy(
            "Amazon does not show %(number)d shipment that it was told of.",
            "Amazon does not show %(number)d shipments that it was told of.",
            "number",
        ),
        state__exact=ShipmentState.UNSEEN,
    )  # fmt: skip
    yield from _counted(
        MatterKind.SHIPMENT_INCOMPLETE,
        shipments.filter(state=ShipmentState.WAITING), "order__account",
        ngettext_lazy(
            "%(number)d shipment lacks something.",
            "%(number)d shipments lack something.",
            "number",
        ),
        state__exact=ShipmentState.WAITING,
    )  # fmt: skip


# --- Listings and runs ---------------------------------------------------------------------------


def _of_listings(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    listings = Listing.objects.filter(marketplace__account__in=list(accounts))
    yield from _counted(
        MatterKind.APPROVAL, listings.exclude(held={}), "marketplace__account",
        ngettext_lazy(
            "The changes of %(number)d listing wait for approval.",
            "The changes of %(number)d listings wait for approval.",
            "number",
        ),
        condition="held",
    )  # fmt: skip
    yield from _counted(
        MatterKind.REFUSED, listings.exclude(refused={}), "marketplace__account",
        ngettext_lazy(
            "Amazon refused something of %(number)d listing.",
            "Amazon refused something of %(number)d listings.",
            "number",
        ),
        condition="refused",
    )  # fmt: skip
    yield from _counted(
        MatterKind.DRIFT, listings.exclude(drift={}), "marketplace__account",
        ngettext_lazy(
            "%(number)d listing shows something on Amazon other than what was accepted.",
            "%(number)d listings show something on Amazon other than what was accepted.",
            "number",
        ),
        condition="drifted",
    )  # fmt: skip
    yield from _counted(
        MatterKind.CLAIMED, claims.claims(accounts), "sku__account",
        ngettext_lazy(
            "%(number)d product of the shop has the SKU of a listing that may not be its own: it "
            "is not sent until you decide.",
            "%(number)d products of the shop have SKUs of listings that may not be their own: they "
            "are not sent until you decide.",
            "number",
        ),
        how=SKU,
    )  # fmt: skip


def _of_runs(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Runs that are queued and that nobody begins, and jobs whose runs stop each time."""
    long_ago = now - STUCK_AFTER
    due = Q(not_before=None) | Q(not_before__lte=long_ago)
    queued = SyncRun.objects.filter(account__in=list(accounts), state=RunState.QUEUED)
    first = SyncRun.objects.filter(account=OuterRef("account"), job=OuterRef("job"))
    at_it = Q(state=RunState.RUNNING)
    at_it |= Q(state=RunState.QUEUED, whole=True, started_at__isnull=False)
    second = Q(started_at=None) & Exists(first.filter(at_it))  # it has its turn next
    stuck = queued.exclude(second).filter(due, created_at__lte=long_ago)
    for pk, number in stuck.order_by().values_list("account").annotate(number=Count("*")):
        text = ngettext(
            "%(number)d run waits and no worker begins it.",
            "%(number)d runs wait and no worker begins them.",
            number,
        ) % {"number": number}
        path = _list(SyncRun, account=pk, state__exact=RunState.QUEUED)
        yield Matter(pk, MatterKind.STUCK, text, number, path=path)
    yield from _stopping(accounts, now)
    yield from _not_sent(accounts, now)


def _stopping(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Jobs whose last runs all ended with a reason; those about chosen SKUs or orders apart, as
    what goes well with some says nothing of the rest."""
    of_job = SyncRun.objects.filter(whole=True, account=OuterRef("account"), job=OuterRef("job"))
    good = of_job.filter(state=RunState.DONE).order_by("-pk").values("pk")[:1]
    since = of_job.filter(state=RunState.STOPPED, pk__gt=OuterRef("good")).order_by()
    last = _newest(SyncRun.objects.filter(whole=True, state__in=(RunState.DONE, RunState.STOPPED)))
    rows = (
        SyncRun.objects.filter(pk__in=last(accounts), state=RunState.STOPPED)
        .exclude(reason_code__in=TOLD_ELSEWHERE)
        .annotate(good=Coalesce(Subquery(good), 0))
        .annotate(
            times=Subquery(since.values("job").annotate(n=Count("pk")).values("n")),
            began=Subquery(since.order_by("pk").values("finished_at")[:1]),
        )
        .filter(times__gte=STOPPED_TIMES, began__lte=now - STOPPED_FOR)
    )
    found = list(rows.order_by("account", "job"))
    periods = _periods(accounts) if found else {}
    for run in found:
        period = periods.get((run.account_id, run.job), timedelta(0))
        if run.finished_at is not None and run.finished_at < now - 2 * period - LATELY:
            continue  # nobody asked since, and nobody knows
        text = gettext("%(job)s: %(number)d runs stopped one after the other. %(reason)s") % {
            "job": run.get_job_display(),
            "number": run.times,
            "reason": run.reason,
        }
        path = _list(SyncRun, account=run.account_id, job__exact=run.job)
        yield Matter(run.account_id, MatterKind.STOPPING, text, key=run.job, path=path)


def _not_sent(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Accounts that are released, and of which nothing leaves: changes wait since long, or whatever
    was sent of late came to nothing. Where another deployment released them no run says why."""
    live = [pk for pk, account in accounts.items() if account.state == AccountState.LIVE]
    old = OfferChange.objects.filter(account__in=live, at__lte=now - NOT_SENT_AFTER)
    waiting = set(old.order_by().values_list("account", flat=True).distinct())
    sent = Submission.objects.filter(account__in=live, created_at__gt=now - LATELY)
    failed = Q(state__in=(SubmissionState.FAILED, SubmissionState.UNKNOWN), amazon_id="")
    counts = (
        sent.order_by()
        .values_list("account")
        .annotate(all=Count("pk"), failed=Count("pk", filter=failed))
    )
    in_vain = {pk for pk, number, lost in counts if number == lost >= IN_VAIN}
    for pk in sorted(waiting | in_vain):
        if accounts[pk].writes_from(conf.get("DEPLOYMENT")):
            text = gettext(
                "Changes do not reach Amazon: they have waited for an hour, or came to nothing "
                "again and again. The last runs say why."
            )
            path = _list(SyncRun, account=pk)
        else:
            text = gettext("Changes do not reach Amazon. %(reason)s")
            text %= {"reason": why_not_writing(accounts[pk])}
            path = _page(SellerAccount, pk)
        yield Matter(pk, MatterKind.NOT_SENT, text, path=path)


# --- Helpers -------------------------------------------------------------------------------------


Row = TypeVar("Row", bound=Model)


class Counting(Protocol):
    """A lazy text for one and many by its ``number``."""

    def __mod__(self, values: dict[str, int], /) -> str:
        """The text in the language that is active."""


def _counted(
    kind: MatterKind,
    rows: QuerySet[Row],
    account: str,
    text: Counting,
    name: str = "pk",
    **filters: str | int,
) -> Iterator[Matter]:
    """How many rows each account has, in one query; ``name`` is what tells them apart, and
    ``filters`` are those of the rows' list."""
    counts: Iterable[tuple[int, int]] = (
        rows.order_by().values_list(account).annotate(number=Count("*"))
    )

    def subjects() -> Iterator[tuple[int, str, str]]:
        for pk, named in rows.order_by().values_list(account, name):
            yield pk, "", str(named)

    for pk, number in counts:
        path = _list(rows.model, account=pk, **filters)
        yield Matter(pk, kind, text % {"number": number}, number, "", path, subjects)


def _page(model: type[Model], pk: int) -> str:
    return _reverse(model, "change", pk)


def _list(model: type[Model], **filters: str | int) -> str:
    path = _reverse(model, "changelist")
    return f"{path}?{urlencode(filters)}" if path else ""


def _reverse(model: type[Model], page: str, *args: int) -> str:
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
    except NoReverseMatch:
        return ""  # a project without the admin


def last_runs(accounts: Iterable[int]) -> dict[int, list[SyncRun]]:
    """The newest run of each job of these accounts that is no dry run, newest first: two queries.

    Each is looked up by index, however many runs there are.
    """
    found: dict[int, list[SyncRun]] = defaultdict(list)
    newest = _newest(SyncRun.objects.filter(dry_run=False))
    for run in SyncRun.objects.filter(pk__in=newest(accounts)).order_by("-pk"):
        found[run.account_id].append(run)
    return found


def _newest(runs: QuerySet[SyncRun]) -> Callable[[Iterable[int]], set[int]]:
    """Finds the newest of these runs (pk) for each job of some accounts: one query."""
    own = runs.filter(account=OuterRef("pk")).order_by("-pk")
    columns = {f"last_{job}": Subquery(own.filter(job=job).values("pk")[:1]) for job in Job}

    def of(accounts: Iterable[int]) -> set[int]:
        rows = SellerAccount.objects.filter(pk__in=list(accounts)).annotate(**columns)
        return {pk for row in rows.values_list(*columns) for pk in row if pk is not None}

    return of
