"""Alarms: each is mailed once until it is mended, whatever the mail server does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections
from django.utils import timezone

from django_amazon_sync.models import Alarm, Job, Lease, OrderState, OrderWindow, SellerAccount
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.alerts import alarms
from django_amazon_sync.testing.factories import AmazonOrderFactory
from tests.commands.conftest import manage
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts.raising import (
    PEOPLE,
    RAISED,
    approval,
    complete,
    kinds,
    orders_stale,
    quarantine,
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
def test_each_kind_is_mailed_once_until_it_is_mended(
    account: SellerAccount, raised: Callable[[SellerAccount], Callable[[], object]]
) -> None:
    alarms.ring()
    assert (kinds(), bodies()) == (set(), [])
    mended = raised(account)
    alarms.ring()
    assert kinds() == {raised.__name__}
    [letter] = mail.outbox
    assert letter.to == PEOPLE.split()
    assert letter.subject == "Amazon, Germany: 1 thing to do"
    assert "https://example.com/admin/django_amazon_sync/" in letter.body
    bodies()
    alarms.ring()
    assert bodies() == []

    mended()
    alarms.ring()
    assert (kinds(), bodies()) == (set(), [])
    raised(account)
    alarms.ring()
    assert len(bodies()) == 1, "what came back is told again"


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


def test_orders_are_told_of_once_for_each_day_that_they_are_due(account: SellerAccount) -> None:
    now = timezone.now().replace(hour=12)
    OrderWindow.objects.update(end=now)
    for hours in (2, 3):
        AmazonOrderFactory.create(
            placed=True, account=account, ship_by=now + timedelta(hours=hours)
        )
        alarms.ring(now)
    assert len(bodies()) == 1
    AmazonOrderFactory.create(placed=True, account=account, ship_by=now + timedelta(hours=23))
    alarms.ring(now)
    assert len(bodies()) == 1
    AmazonOrderFactory.create(
        account=account, state=OrderState.QUARANTINED, ship_by=now + timedelta(hours=3)
    )
    alarms.ring(now)
    [body] = bodies()
    assert "1 order in quarantine has to be shipped by" in body
    AmazonOrderFactory.create(
        placed=True, account=account, ship_by=now + timedelta(hours=3), fulfilled_by="AMAZON"
    )
    AmazonOrderFactory.create(placed=True, account=account, ship_by=now + timedelta(days=5))
    alarms.ring(now)
    assert bodies() == []


# --- Mails ---------------------------------------------------------------------------------------


def test_all_that_is_new_goes_in_one_mail_the_most_pressing_first(account: SellerAccount) -> None:
    approval(account)
    quarantine(account)
    orders_stale(account)
    alarms.ring()
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
