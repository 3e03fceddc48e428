"""What wants staff of an account: read for all accounts at once, in a fixed number of queries.

One reading serves the overview in the admin and the alarms by e-mail, so that both say the same.
Nothing in it is of a buyer: numbers, days, and what staff called the account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext, ngettext_lazy

from django_amazon_sync import clock, conf
from django_amazon_sync.models import (
    UNSHIPPED,
    AccountState,
    AmazonOrder,
    Application,
    ExchangeRate,
    Job,
    Listing,
    Marketplace,
    OfferChange,
    OrderState,
    RateFetch,
    RateSource,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    Submission,
    SubmissionState,
    SyncRun,
)
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.orders import windows

#: How long Amazon's client secrets and a public application's authorisations live
#: (docs/amazon.md#secrets-live-half-a-year).
SECRET_LIVES, AUTHORISATION_LIVES = timedelta(days=180), timedelta(days=365)

#: Days before the end of a secret or an authorisation at which staff are told, nearest first.
DAYS_BEFORE = (7, 30, 90)

#: An order wants to be shipped when its time is as near as this.
SHIP_BY_NEAR = timedelta(hours=24)

#: A queued run that nobody began for so long: there is no worker, or too few.
STUCK_AFTER = timedelta(minutes=15)


#: A change of the shop that nobody sent for so long.
NOT_SENT_AFTER = timedelta(hours=1)

#: So many submissions without one answer within this time, and no other, are a fault.
IN_VAIN, LATELY = 3, timedelta(hours=6)


class MatterKind(StrEnum):
    """What may want staff, the most pressing first."""

    DISCONNECTED = "disconnected"
    AUTHORISE = "authorise"
    SELLING = "selling"
    STUCK = "stuck"
    NOT_SENT = "not_sent"
    ORDERS_STALE = "orders_stale"
    SHIP_BY = "ship_by"
    QUARANTINE = "quarantine"
    NOT_TOLD = "not_told"
    ASKING = "asking"
    SHIPMENT_REFUSED = "shipment_refused"
    SHIPMENT_INCOMPLETE = "shipment_incomplete"
    APPROVAL = "approval"
    REFUSED = "refused"
    DRIFT = "drift"
    SECRET = "secret"  # noqa: S105 -- the name of a kind
    AUTHORISATION = "authorisation"
    OBSERVING = "observing"
    LACKING = "lacking"


#: The article of docs and help that answers for each kind.
ARTICLES = {
    MatterKind.DISCONNECTED: "disconnected",
    MatterKind.AUTHORISE: "authorise-again",
    MatterKind.SELLING: "not-selling",
    MatterKind.STUCK: "nothing-happens",
    MatterKind.NOT_SENT: "nothing-leaves",
    MatterKind.ORDERS_STALE: "orders-not-up-to-date",
    MatterKind.SHIP_BY: "ship-by-is-near",
    MatterKind.QUARANTINE: "order-not-imported",
    MatterKind.NOT_TOLD: "order-not-imported",
    MatterKind.ASKING: "buyer-asks-to-cancel",
    MatterKind.SHIPMENT_REFUSED: "shipment-refused",
    MatterKind.SHIPMENT_INCOMPLETE: "shipment-refused",
    MatterKind.APPROVAL: "waits-for-approval",
    MatterKind.REFUSED: "refused-by-amazon",
    MatterKind.DRIFT: "drift",
    MatterKind.SECRET: "secret-expires",
    MatterKind.AUTHORISATION: "secret-expires",
    MatterKind.OBSERVING: "account-observes",
    MatterKind.LACKING: "authorise-again",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that wants staff of an account.

    ``key`` tells those of one kind apart; ``path`` leads to where it is mended, and is empty where
    the project has no admin.
    """

    account_pk: int
    kind: MatterKind
    sentence: str
    number: int = 1
    key: str = ""
    path: str = ""

    @property
    def topic(self) -> tuple[int, str, str]:
        """What tells it from all others: its account (pk), kind and key."""
        return self.account_pk, str(self.kind), self.key

    @property
    def article(self) -> str:
        """The article that explains it."""
        return ARTICLES[self.kind]


def matters(
    accounts: QuerySet[SellerAccount], *, now: datetime | None = None
) -> dict[int, list[Matter]]:
    """What wants staff of these accounts, by account, the most pressing first.

    Of an account that staff deactivated nothing is told.
    """
    now = now or clock.now()
    active = {account.pk: account for account in _read(accounts)}
    found: dict[int, list[Matter]] = defaultdict(list)
    for read in (
        _of_accounts,
        _of_lacks,
        _of_rates,
        _of_orders,
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
            "name", "state", "state_reason", "authorised_on", "import_orders", "cut_over",
            "application__secret_made_on", "application__public", "application__name",
        )
    )  # fmt: skip


# --- Accounts ------------------------------------------------------------------------------------


def _of_accounts(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    complete = windows.complete_until_of(accounts)
    for pk, account in accounts.items():
        page = _page(SellerAccount, pk)
        if account.state == AccountState.DISCONNECTED:
            text = gettext("Amazon does not accept the account's credentials: connect it again.")
            yield Matter(pk, MatterKind.DISCONNECTED, text, path=page)
        elif account.import_orders:
            yield from _stale(account, complete.get(pk), now)
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
            "what": capfirst(lack.get_part_display()),
            "since": f"{timezone.localtime(lack.since):%Y-%m-%d %H:%M}",
            "reason": lack.reason,
        }
        kind = MatterKind.AUTHORISE
        if lack.part == access.Part.AUTHORISATION:
            text = gettext(
                "Amazon has refused the account's credentials since %(since)s. It is tried again "
                "by itself; after a day the account is disconnected. %(reason)s"
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
        yield Matter(account.pk, kind, text % values, key=lack.part, path=page)


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


def _stale(account: SellerAccount, until: datetime | None, now: datetime) -> Iterator[Matter]:
    if (until or account.cut_over) >= now - timedelta(seconds=conf.get("ORDERS_STALE")):
        return
    if until is None:
        text = gettext("No search for orders has finished yet.")
    else:
        text = gettext("Orders are complete only up to %(moment)s.") % {
            "moment": f"{timezone.localtime(until):%Y-%m-%d %H:%M}"
        }
    path = _list(SyncRun, account=account.pk, job__exact=Job.IMPORT_ORDERS)
    yield Matter(account.pk, MatterKind.ORDERS_STALE, text, path=path)


def _expiring(account: SellerAccount, today: date) -> Iterator[Matter]:
    application = account.application
    if application.secret_made_on:
        ends = application.secret_made_on + SECRET_LIVES
        if key := _bracket(ends, today):
            text = gettext("The client secret of %(application)s ends on %(day)s: make a new one.")
            text %= {"application": application.name, "day": ends.isoformat()}
            path = _page(Application, application.pk)
            yield Matter(account.pk, MatterKind.SECRET, text, key=key, path=path)
    if application.public and account.authorised_on:
        ends = account.authorised_on + AUTHORISATION_LIVES
        if key := _bracket(ends, today):
            text = gettext("The seller's authorisation ends on %(day)s: renew it.")
            text %= {"day": ends.isoformat()}
            path = _page(SellerAccount, account.pk)
            yield Matter(account.pk, MatterKind.AUTHORISATION, text, key=key, path=path)


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
            "%(number)d order is in quarantine and holds its stock.",
            "%(number)d orders are in quarantine and hold their stock.",
            "number",
        ),
        state__exact=OrderState.QUARANTINED,
    )  # fmt: skip
    yield from _counted(
        MatterKind.NOT_TOLD, not_told(orders), "account",
        ngettext_lazy(
            "The shop does not take what Amazon changed of %(number)d order.",
            "The shop does not take what Amazon changed of %(number)d orders.",
            "number",
        ),
        state__exact=OrderState.PLACED,
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
    stuck = Q(state=OrderState.QUARANTINED)
    rows: Iterable[tuple[int, date, int, int]] = (
        near(orders, now)
        .order_by()
        .annotate(day=TruncDate("ship_by"))
        .values_list("account", "day")
        .annotate(packed=Count("pk", filter=~stuck), stuck=Count("pk", filter=stuck))
    )
    for pk, day, packed, quarantined in rows:
        path = _list(AmazonOrder, account=pk, ship_by="near")
        if packed:
            text = ngettext(
                "%(number)d order has to be shipped by %(day)s.",
                "%(number)d orders have to be shipped by %(day)s.",
                packed,
            ) % {"number": packed, "day": day}
            yield Matter(pk, MatterKind.SHIP_BY, text, packed, f"{day}", path)
        if quarantined:
            text = ngettext(
                "%(number)d order in quarantine has to be shipped by %(day)s.",
                "%(number)d orders in quarantine have to be shipped by %(day)s.",
                quarantined,
            ) % {"number": quarantined, "day": day}
            yield Matter(pk, MatterKind.SHIP_BY, text, quarantined, f"{day} quarantine", path)


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


def _of_runs(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Runs that are queued and that nobody begins."""
    long_ago = now - STUCK_AFTER
    due = Q(not_before=None) | Q(not_before__lte=long_ago)
    queued = SyncRun.objects.filter(account__in=list(accounts), state=RunState.QUEUED)
    yield from _counted(
        MatterKind.STUCK, queued.filter(due, created_at__lte=long_ago), "account",
        ngettext_lazy(
            "%(number)d run waits and no worker begins it.",
            "%(number)d runs wait and no worker begins them.",
            "number",
        ),
        state__exact=RunState.QUEUED,
    )  # fmt: skip
    yield from _not_sent(accounts, now)


def _not_sent(accounts: Accounts, now: datetime) -> Iterator[Matter]:
    """Accounts that may write, and of which nothing leaves: changes wait since long, or whatever
    was sent of late came to nothing."""
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
        text = gettext(
            "Changes do not reach Amazon: they have waited for an hour, or came to nothing again "
            "and again. The last runs say why."
        )
        path = _list(SyncRun, account=pk)
        yield Matter(pk, MatterKind.NOT_SENT, text, path=path)


# --- Helpers -------------------------------------------------------------------------------------


Row = TypeVar("Row", bound=Model)


class Counting(Protocol):
    """A lazy text for one and many by its ``number``."""

    def __mod__(self, values: dict[str, int], /) -> str:
        """The text in the language that is active."""


def _counted(
    kind: MatterKind, rows: QuerySet[Row], account: str, text: Counting, **filters: str | int
) -> Iterator[Matter]:
    """How many rows each account has, in one query; ``filters`` are those of the rows' list."""
    counts: Iterable[tuple[int, int]] = (
        rows.order_by().values_list(account).annotate(number=Count("*"))
    )
    for pk, number in counts:
        path = _list(rows.model, account=pk, **filters)
        yield Matter(pk, kind, text % {"number": number}, number, path=path)


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
    real = SyncRun.objects.filter(account=OuterRef("pk"), dry_run=False).order_by("-pk")
    newest = {f"last_{job}": Subquery(real.filter(job=job).values("pk")[:1]) for job in Job}
    rows = SellerAccount.objects.filter(pk__in=list(accounts)).annotate(**newest)
    pks = {pk for row in rows.values_list(*newest) for pk in row if pk is not None}
    found: dict[int, list[SyncRun]] = defaultdict(list)
    for run in SyncRun.objects.filter(pk__in=pks).order_by("-pk"):
        found[run.account_id].append(run)
    return found
