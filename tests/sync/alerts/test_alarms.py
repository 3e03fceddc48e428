"""Alarms: each is mailed once until it is mended, whatever the mail server does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections
from django.utils import timezone

from django_amazon_sync import clock
from django_amazon_sync.models import (
    AccountState,
    Alarm,
    Job,
    Lack,
    Lease,
    OrderState,
    OrderWindow,
    Schedule,
    SellerAccount,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.clocks import StandIn
from tests.commands.conftest import manage
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts.raising import (
    PEOPLE,
    RAISED,
    approval,
    asking,
    authorise,
    complete,
    disconnected,
    drift,
    kinds,
    lacking,
    not_sent,
    orders_stale,
    quarantine,
    refused,
    shipment_refused,
    stopping,
    stuck,
)
from tests.world import World

pytestmark = pytest.mark.django_db


class Away(BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, email_messages: Any) -> int:
        raise OSError("Nobody listens.")


def bodies() -> list[str]:
    """The mails that left since this was asked last."""
    found = [str(one.body) for one in mail.outbox]
    mail.outbox.clear()
    return found


# --- Each kind is raised and mended --------------------------------------------------------------


def test_every_kind_is_tried() -> None:
    assert {one.__name__ for one in RAISED} == set(Alarm.Kind.values)


@pytest.mark.parametrize("raised", RAISED, ids=lambda one: one.__name__)
def test_each_kind_is_mailed_once_and_once_more_when_it_is_over(
    account: SellerAccount, raised: Callable[[SellerAccount], Callable[[], object]]
) -> None:
    now = timezone.now()

    def ring(*, after: timedelta = timedelta(0)) -> list[str]:
        if raised is not orders_stale:
            OrderWindow.objects.update(end=now + after)  # nothing else goes wrong meanwhile
        alarms.ring(now + after)
        return bodies()

    kind = Alarm.Kind(raised.__name__)
    lasts = alarms.LASTS.get(kind, timedelta(0))
    assert (ring(), kinds()) == ([], set())
    mend = raised(account)
    ring()
    assert kinds() == {kind}
    mail.outbox.clear()
    Alarm.objects.update(mailed_at=None)
    alarms.ring(now + lasts)
    [letter] = mail.outbox
    assert letter.to == PEOPLE.split()
    assert letter.subject == "Amazon, Germany: 1 thing to do"
    assert "https://example.com/admin/django_amazon_sync/" in letter.body
    bodies()
    assert ring(after=lasts) == []

    mend()
    assert (ring(after=lasts), kinds()) == ([], set())
    over = lasts + alarms.SETTLES
    [body] = ring(after=over)
    assert f"Mended: {kind.label}" in body
    assert ring(after=over) == ring(after=over + alarms.SETTLES) == []
    raised(account)
    ring(after=over + alarms.RESTS_LONGER)
    alarms.ring(now + over + alarms.RESTS_LONGER + lasts)
    assert Alarm.objects.filter(kind=kind).exclude(mailed_at=None).count() == 2, "told again"


def test_what_comes_back_at_once_was_never_over(account: SellerAccount) -> None:
    now = timezone.now()
    for minute in range(0, 40, 10):
        mend = quarantine(account)
        alarms.ring(now + timedelta(minutes=minute))
        mend()
        alarms.ring(now + timedelta(minutes=minute + 5))
    OrderWindow.objects.update(end=now + timedelta(hours=3))
    for kind in (access.Part.FEEDS,) * 3:
        lack = _refused(account, kind)
        alarms.ring(now + timedelta(hours=3))
        lack.delete()
        alarms.ring(now + timedelta(hours=3, minutes=5))
    assert sum("Reading feeds" in body for body in bodies()) == 1


def _refused(account: SellerAccount, part: str) -> Lack:
    at = timezone.now()
    return Lack.objects.create(account=account, part=part, code="x", since=at, again_at=at)


# --- What it is about ----------------------------------------------------------------------------


def test_orders_that_follow_an_old_one_are_told_together(account: SellerAccount) -> None:
    """One that nobody mends silences none."""
    now = timezone.now()
    quarantine(account)
    alarms.ring(now)
    assert "1 order is in quarantine" in bodies()[0]
    later = now + timedelta(days=7)
    OrderWindow.objects.update(end=later)
    for _ in range(20):
        quarantine(account)
    alarms.ring(later)
    [body] = bodies()
    assert "21 orders are in quarantine" in body
    assert "20 of them are new." in body


def test_orders_that_come_one_by_one_go_in_one_mail_an_hour(account: SellerAccount) -> None:
    now = timezone.now()
    OrderWindow.objects.update(end=now + timedelta(hours=3))
    for minute in range(0, 120, 5):
        quarantine(account)
        alarms.ring(now + timedelta(minutes=minute))
    told = bodies()
    assert len(told) == 2
    assert "13 orders are in quarantine" in told[1]
    assert "12 of them are new." in told[1]


def test_one_that_took_the_place_of_another_is_told(account: SellerAccount) -> None:
    """As many as before, and yet another."""
    now = timezone.now()
    mend = quarantine(account)
    alarms.ring(now)
    mend()
    quarantine(account)
    OrderWindow.objects.update(end=now + timedelta(hours=2))
    alarms.ring(now + timedelta(hours=2))
    assert len(bodies()) == 2


def test_that_all_are_mended_is_told_and_not_of_each(account: SellerAccount) -> None:
    now = timezone.now()
    OrderWindow.objects.update(end=now + timedelta(hours=6))
    mends = [quarantine(account) for _ in range(5)]
    alarms.ring(now)
    bodies()
    for hour, mend in enumerate(mends):
        mend()
        alarms.ring(now + timedelta(hours=hour))
        assert bodies() == []
    alarms.ring(now + timedelta(hours=5))
    assert [body.splitlines()[0] for body in bodies()] == ["Mended: orders in quarantine."]


def test_of_what_was_not_told_no_end_is_told(account: SellerAccount) -> None:
    now = timezone.now()
    mend = orders_stale(account)
    alarms.ring(now)
    mend()
    alarms.ring(now + timedelta(minutes=5))
    alarms.ring(now + timedelta(minutes=50))
    assert bodies() == []


def test_of_an_account_that_staff_deactivate_no_end_is_told(account: SellerAccount) -> None:
    now = timezone.now()
    quarantine(account)
    alarms.ring(now)
    account.move(AccountState.DISCONNECTED, state_reason="Retired.", deactivated=True)
    alarms.ring(now)
    alarms.ring(now + timedelta(hours=1))
    assert len(bodies()) == 1


# --- Periods -------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [None, timedelta(hours=1), timedelta(hours=2)])
def test_orders_imported_each_hour_are_not_told_of_each_hour(
    account: SellerAccount, every: timedelta | None
) -> None:
    """The period of the import is as long as ORDERS_STALE, whoever set it."""
    if every:
        Schedule.objects.filter(job=Job.IMPORT_ORDERS).update(every=every)
    start, period = timezone.now(), every or timedelta(hours=1)
    for turn in range(3):
        done = start + turn * period
        OrderWindow.objects.update(end=done - timedelta(minutes=2))
        for minute in (0, 58, int(period.total_seconds() // 60) - 1):
            alarms.ring(done + timedelta(minutes=minute))
    assert bodies() == []
    alarms.ring(start + 5 * period)
    alarms.ring(start + 5 * period + timedelta(minutes=10))
    assert len(bodies()) == 1, "two turns were missed"


# --- Days ----------------------------------------------------------------------------------------


def test_secrets_are_told_of_at_90_30_and_7_days(account: SellerAccount) -> None:
    application = account.application
    told = {}
    application.secret_made_on = date(2026, 1, 1)
    application.save()
    for left in (91, 90, 31, 30, 8, 7, 0, -5):
        today = date(2026, 1, 1) + timedelta(days=180 - left)
        OrderWindow.objects.update(end=datetime(2030, 1, 1, tzinfo=UTC))
        alarms.ring(
            datetime(today.year, today.month, today.day, 12, tzinfo=timezone.get_current_timezone())
        )
        told[left] = len(bodies())
    assert told == {91: 0, 90: 1, 31: 0, 30: 1, 8: 0, 7: 1, 0: 0, -5: 0}


def test_orders_that_are_due_are_told_some_times_a_day(account: SellerAccount) -> None:
    now = timezone.now().replace(hour=12)
    OrderWindow.objects.update(end=now + timedelta(hours=8))
    for hours in (2, 3):
        AmazonOrderFactory.create(
            placed=True, account=account, ship_by=now + timedelta(hours=hours)
        )
        alarms.ring(now)
    assert len(bodies()) == 1
    AmazonOrderFactory.create(placed=True, account=account, ship_by=now + timedelta(hours=23))
    AmazonOrderFactory.create(
        account=account, state=OrderState.QUARANTINED, ship_by=now + timedelta(hours=3)
    )
    AmazonOrderFactory.create(
        placed=True, account=account, ship_by=now + timedelta(hours=3), fulfilled_by="AMAZON"
    )
    AmazonOrderFactory.create(placed=True, account=account, ship_by=now + timedelta(days=5))
    alarms.ring(now + timedelta(hours=1))
    assert ["by" in body for body in bodies()] == [False], "the one in quarantine"
    alarms.ring(now + timedelta(hours=4))
    [body] = bodies()
    assert "2 orders have to be shipped by" in body
    assert "1 order in quarantine has to be shipped by" in body
    alarms.ring(now + timedelta(hours=8))
    assert bodies() == []


# --- Mails ---------------------------------------------------------------------------------------


def test_all_that_is_new_goes_in_one_mail_the_most_pressing_first(account: SellerAccount) -> None:
    now = timezone.now()
    SellerAccount.objects.update(alarm_recipients="")
    approval(account)
    quarantine(account)
    orders_stale(account)
    alarms.ring(now)
    SellerAccount.objects.update(alarm_recipients=PEOPLE)
    alarms.ring(now + timedelta(minutes=10))
    [body] = bodies()
    assert body.index("complete only") < body.index("quarantine") < body.index("approval")


def test_a_mail_holds_nothing_of_a_buyer(account: SellerAccount) -> None:
    AmazonOrderFactory.create(
        account=account,
        state=OrderState.QUARANTINED,
        reason="Anna Buyer",
        document={"buyer": {"buyerName": "Anna Buyer"}},
    )
    alarms.ring()
    assert "Buyer" not in "".join(bodies())


def test_each_accounts_people_are_told_of_their_own(account: SellerAccount) -> None:
    other = LiveAccountFactory.create(name="France", alarm_recipients="claire@example.com")
    complete(other, timezone.now())
    quarantine(other)
    alarms.ring()
    [letter] = mail.outbox
    assert letter.to == ["claire@example.com"]


def test_without_addresses_nothing_leaves_and_later_it_does(account: SellerAccount) -> None:
    SellerAccount.objects.update(alarm_recipients="")
    quarantine(account)
    alarms.ring()
    assert (kinds(), bodies()) == ({"quarantine"}, [])
    SellerAccount.objects.update(alarm_recipients=PEOPLE)
    alarms.ring()
    assert len(bodies()) == 1


@pytest.mark.parametrize(
    ("url", "begins"),
    [("", "https://example.com/admin/"), ("http://10.0.0.1:8000", "http://10.0.0.1:8000/admin/")],
)
def test_links_begin_where_staff_reach_the_project(
    account: SellerAccount, settings: Any, url: str, begins: str
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ADMIN_URL": url}
    quarantine(account)
    alarms.ring()
    assert f"\n{begins}django_amazon_sync/amazonorder/?account={account.pk}" in bodies()[0]


def test_without_a_host_a_mail_has_no_link(account: SellerAccount, settings: Any) -> None:
    settings.SITE_ID = 99
    quarantine(account)
    alarms.ring()
    assert "/admin/" not in bodies()[0]


def test_a_name_of_several_lines_makes_no_header(account: SellerAccount) -> None:
    SellerAccount.objects.update(name="Germany\nBcc: thief@example.com")
    quarantine(account)
    alarms.ring()
    assert mail.outbox[0].subject.startswith("Amazon, Germany Bcc: thief@example.com")
    assert mail.outbox[0].recipients() == PEOPLE.split()


def test_what_the_mail_server_did_not_take_goes_with_the_next_round(
    account: SellerAccount, settings: Any
) -> None:
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    quarantine(account)
    alarms.ring()
    alarms.ring()
    settings.EMAIL_BACKEND = works
    alarms.ring()
    alarms.ring()
    assert len(bodies()) == 1


def test_what_a_dead_worker_claimed_is_mailed_later(account: SellerAccount) -> None:
    quarantine(account)
    now = timezone.now()
    SellerAccount.objects.update(alarm_recipients="")
    alarms.ring(now)
    SellerAccount.objects.update(alarm_recipients=PEOPLE)
    Alarm.objects.update(claimed_at=now)
    alarms.ring(now + timedelta(minutes=10))
    assert bodies() == []
    alarms.ring(now + timedelta(minutes=16))
    assert len(bodies()) == 1


@pytest.mark.django_db(transaction=True)
def test_rounds_at_the_same_time_mail_once(account: SellerAccount) -> None:
    quarantine(account)
    approval(account)

    def rings() -> None:
        try:
            alarms.ring()
        finally:
            connections.close_all()

    threads = [Thread(target=rings) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Alarm.objects.count() == 2
    told = "".join(bodies())
    assert (told.count("in quarantine"), told.count("wait for approval")) == (1, 1)


# --- By the tick ---------------------------------------------------------------------------------


@pytest.fixture
def told_world(world: World) -> World:
    SellerAccount.objects.update(alarm_recipients=PEOPLE)
    return world


def test_a_token_that_amazon_refuses_is_mailed_by_the_tick(told_world: World) -> None:
    assert manage("amazon_tick").exit == 0
    told_world.amazon.revoke(told_world.seller)
    told_world.account.access_tokens.all().delete()
    jobs.request(told_world.account, Job.IMPORT_ORDERS)
    later()
    manage("amazon_tick")
    [body] = bodies()
    assert "Amazon has refused the account's credentials since" in body


def later() -> None:
    """Let a minute pass for the chores."""
    Lease.objects.filter(key__startswith="chore").update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def test_ticks_look_once_a_minute_and_a_mail_server_that_fails_stops_none(
    told_world: World, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Away"
    quarantine(told_world.account)
    assert manage("amazon_tick").exit == 0
    assert kinds() == {"quarantine"}
    Alarm.objects.all().delete()
    assert manage("amazon_tick").exit == 0
    assert kinds() == set()
    later()
    assert manage("amazon_tick").exit == 0
    assert kinds() == {"quarantine"}


# --- A month -------------------------------------------------------------------------------------

#: Two things of a kind that is a whole are one; those of rows, and of parts, are each their own.
IN_A_MONTH = (
    quarantine, asking, shipment_refused, refused, drift, approval, authorise, lacking, stuck,
    not_sent, stopping, disconnected,
)  # fmt: skip

#: A kind that is told at once, one more of its rows within its rest, and its end an hour later.
WITHIN = timedelta(minutes=1)


@dataclass
class Happening:
    """Something that goes wrong in a month, from an hour of it on, for so many hours."""

    raised: Callable[[SellerAccount], Callable[[], object]]
    begins: int
    lasts: int


def a_month(seed: int) -> list[Happening]:
    """A dozen and a half of faults, some of which overlap others of their kind."""
    dice = random.Random(seed)
    rows = IN_A_MONTH[:6]
    kinds = [*rows, *rows, *IN_A_MONTH[6:]]
    return [
        Happening(one, dice.randrange(650), dice.randrange(6, 150 if one in rows else 48))
        for one in kinds
    ]


@pytest.mark.any_database
@pytest.mark.parametrize("seed", [1])
def test_in_a_month_each_fault_is_told_in_time_once_and_so_is_its_end(seed: int) -> None:
    """Each stands as a fault of its own from its beginning to its end; the clock is stood in."""
    moment = StandIn(datetime(2030, 3, 1, tzinfo=UTC))
    begin = moment.moment
    with clock.stood_in_for(moment, seed=1):
        account = LiveAccountFactory.create(name="Germany", alarm_recipients=PEOPLE)
        complete(account, begin + timedelta(days=400))
        events = _apart(a_month(seed))
        due = {hour for one in events for hour in (one.begins, one.begins + one.lasts)}
        looks = {(hour + more, 0) for hour in due for more in (0, 1, 4)}
        looks |= {(hour, 16) for hour in due}
        mends: dict[int, Callable[[], object]] = {}
        for hour, minute in sorted(looks):
            moment.moment = begin + timedelta(hours=hour, minutes=minute)
            for number, one in enumerate(events if minute == 0 else []):
                if one.begins == hour:
                    mends[number] = one.raised(account)
                if one.begins + one.lasts == hour:
                    mends.pop(number)()
            alarms.ring()
    _judge(events, begin)
    told = bodies()
    assert sum(body.count("Mended:") for body in told) == _ends(events)
    assert len(told) <= 2 * len(events)


def _apart(happening: list[Happening]) -> list[Happening]:
    """Faults that are no rows come one after the other: two at once would be one."""
    events: list[Happening] = []
    free: dict[str, int] = {}
    for one in sorted(happening, key=lambda one: one.begins):
        name = one.raised.__name__
        begins = max(one.begins, free.get(name, 0)) if name not in OF_ROWS else one.begins
        if disconnected.__name__ == name or free.get(disconnected.__name__, 0) > begins:
            begins = max(begins, *free.values(), 0)  # of a disconnected account little is told
        events.append(Happening(one.raised, begins, one.lasts))
        free[name] = max(free.get(name, 0), begins + one.lasts + 2)
    return events


OF_ROWS = {"quarantine", "asking", "shipment_refused", "refused", "drift", "approval"}


def _judge(events: list[Happening], begin: datetime) -> None:
    """Each has an alarm of its own, mailed in its time, and its end after it."""
    for kind, those in _by_kind(events).items():
        rows = list(Alarm.objects.filter(kind=kind).order_by("noted_at", "pk"))
        begins = sorted(begin + timedelta(hours=one.begins) for one in those)
        ends = sorted(begin + timedelta(hours=one.begins + one.lasts) for one in those)
        assert [row.noted_at for row in rows] == begins, kind
        assert sorted(row.mended_at for row in rows if row.mended_at) == ends, kind
        rests = alarms.RESTS_LONGER if kind in alarms.LESS_PRESSING else alarms.RESTS
        for row, began in zip(rows, begins, strict=True):
            assert row.mailed_at is not None, kind
            assert began <= row.mailed_at <= began + rests, kind
            assert row.mended_at is not None
            assert row.end_told_at is not None, kind
            assert row.end_told_at >= row.mended_at + alarms.SETTLES


def _by_kind(events: list[Happening]) -> dict[str, list[Happening]]:
    kinds: dict[str, list[Happening]] = {}
    for one in events:
        kinds.setdefault(one.raised.__name__, []).append(one)
    return kinds


def _ends(events: list[Happening]) -> int:
    """How often a kind was over: those that overlap, or follow at once, end together."""
    number = 0
    for those in _by_kind(events).values():
        until = -1
        for one in sorted(those, key=lambda one: one.begins):
            number += one.begins > until
            until = max(until, one.begins + one.lasts)
    return number
