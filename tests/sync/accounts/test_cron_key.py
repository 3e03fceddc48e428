"""The cron key: an address per account and job, for hosts without workers or cron."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.urls import reverse

from django_amazon_sync import clock, views
from django_amazon_sync.models import (
    AccountState,
    Job,
    OrderState,
    RunState,
    Schedule,
    SellerAccount,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import cron_key
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.leases import lease_key
from django_amazon_sync.testing.factories import AmazonOrderFactory, SyncRunFactory
from tests.factories_amazon import LiveAccountFactory
from tests.world import World

pytestmark = pytest.mark.django_db

KEY = "a-key-of-the-tests"


def address(account: SellerAccount, job: str = Job.IMPORT_ORDERS) -> str:
    return reverse("django_amazon_sync:cron", args=[account.pk, job])


def account_with_key(**columns: Any) -> SellerAccount:
    return LiveAccountFactory.create(cron_key_hash=cron_key.hash_of(KEY), **columns)


@pytest.fixture
def caller() -> Client:
    """Somebody without a session and without a CSRF token."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("how", ["get", "post"])
def test_a_call_is_answered_with_its_run(
    caller: Client, use_broker: Callable[[str], None], how: str
) -> None:
    use_broker("memory://")
    account = account_with_key()
    answer = getattr(caller, how)(address(account), headers={cron_key.HEADER: KEY})
    run = SyncRun.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"run": run.pk, "state": "queued"})
    assert "no-store" in answer["Cache-Control"]
    assert (run.job, run.started_by) == (Job.IMPORT_ORDERS, Starter.CRON_KEY)
    assert Schedule.objects.get(job=Job.IMPORT_ORDERS).last_started is not None


def test_a_second_call_is_answered_with_the_same_run(
    caller: Client, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    account = account_with_key()
    first = caller.get(address(account), {"key": KEY}).json()["run"]
    assert caller.get(address(account), {"key": KEY}).json()["run"] == first


def test_what_is_at_work_already_is_not_all_that_a_call_asks_for(
    caller: Client, use_broker: Callable[[str], None]
) -> None:
    """What changed since it began, it may have passed by: the next one waits, however often."""
    use_broker("memory://")
    account = account_with_key()
    first = jobs.request(account, Job.EXPORT)
    with leases.lease(lease_key(Job.EXPORT, account.pk)):
        assert first.start()
        calls = [caller.get(address(account, Job.EXPORT), {"key": KEY}).json() for _ in range(2)]
    assert calls[0] == calls[1]
    assert (calls[0]["run"] != first.pk, calls[0]["state"]) == (True, "queued")


@pytest.mark.parametrize("options", [{"skus": ["MUG"]}, {"marketplaces": ["A1PA6795UKMFR9"]}])
def test_a_run_of_a_part_is_not_what_a_call_asks_for(
    caller: Client, use_broker: Callable[[str], None], options: dict[str, Any]
) -> None:
    use_broker("memory://")
    account = account_with_key()
    part = jobs.request(account, Job.EXPORT, options=options)
    answer = caller.get(address(account, Job.EXPORT), {"key": KEY}).json()
    assert answer["run"] != part.pk
    assert SyncRun.objects.get(pk=answer["run"]).options == {}


def test_all_that_is_not_right_looks_the_same(
    caller: Client, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    account, off = account_with_key(), LiveAccountFactory.create()
    away = account_with_key(state_reason="")
    SellerAccount.objects.filter(pk=away.pk).update(state=AccountState.DISCONNECTED)
    silent = account_with_key(import_orders=False)
    tries = [
        (address(account), "another"), (address(account), ""), (address(off), ""),
        (address(off), KEY), (address(off), "no key opens this"), (address(away), KEY),
        (address(silent), KEY), (address(account, "nonsense"), KEY),
        (address(account, "match"), KEY),
        (reverse("django_amazon_sync:cron", args=[987654, Job.EXPORT]), KEY),
    ]  # fmt: skip
    answers = [caller.get(where, {"key": key}) for where, key in tries]
    assert {one.status_code for one in answers} == {403}
    assert len({one.content for one in answers}) == 1
    assert not SyncRun.objects.exists()
    assert caller.put(address(account), headers={cron_key.HEADER: KEY}).status_code == 405


def test_without_a_broker_the_work_is_done_after_the_answer(
    world: World,
    caller: Client,
    use_broker: Callable[[str], None],
) -> None:
    use_broker("")
    SellerAccount.objects.update(cron_key_hash=cron_key.hash_of(KEY))
    Schedule.objects.update(active=False)
    world.sell("MUG")
    number = world.buy("MUG")
    world.amazon.advance(180)
    answer = caller.post(address(world.account), headers={cron_key.HEADER: KEY})
    assert answer.json()["state"] == "queued"  # it was answered first
    run = SyncRun.objects.get(pk=answer.json()["run"])
    assert run.state == RunState.DONE
    assert world.account.orders.get().number == number


def test_what_else_is_due_of_the_account_is_done_too(
    world: World,
    caller: Client,
    use_broker: Callable[[str], None],
) -> None:
    use_broker("")
    SellerAccount.objects.update(cron_key_hash=cron_key.hash_of(KEY))
    world.sell("MUG")
    asked = jobs.request(world.account, Job.EXPORT)
    caller.get(address(world.account), {"key": KEY})
    asked.refresh_from_db()
    assert asked.state == RunState.DONE


def test_the_time_of_a_call_is_bounded_and_the_rest_goes_on_with_the_next(
    world: World,
    caller: Client,
    use_broker: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_broker("")
    SellerAccount.objects.update(cron_key_hash=cron_key.hash_of(KEY))
    Schedule.objects.update(active=False)
    world.sell("MUG")
    other = jobs.request(world.account, Job.EXPORT)
    with monkeypatch.context() as patched:
        patched.setattr(views, "WORKS_FOR", 0.0)
        caller.get(address(world.account), {"key": KEY})
    other.refresh_from_db()
    assert other.state == RunState.QUEUED
    caller.get(address(world.account), {"key": KEY})
    other.refresh_from_db()
    assert other.state == RunState.DONE
    assert not SyncRun.objects.filter(state=RunState.QUEUED).exists()


@pytest.mark.django_db(transaction=True)
def test_two_calls_at_once_make_one_run(use_broker: Callable[[str], None]) -> None:
    use_broker("memory://")
    account = account_with_key()
    barrier, seen = Barrier(4), []

    def call() -> None:
        barrier.wait()
        try:
            seen.append(Client().get(address(account), {"key": KEY}).json()["run"])
        finally:
            connections.close_all()

    callers = [Thread(target=call) for _number in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert SyncRun.objects.count() == 1


# --- Alarms and housekeeping ---------------------------------------------------------------------


@pytest.mark.parametrize("broker", ["", "memory://"])
def test_a_call_tells_alarms_and_deletes_what_is_old(
    caller: Client, use_broker: Callable[[str], None], world: World, broker: str
) -> None:
    """Where the key is all that calls, nobody else would: there may be workers but no beat."""
    use_broker(broker)
    SellerAccount.objects.update(
        cron_key_hash=cron_key.hash_of(KEY), alarm_recipients="anna@example.com"
    )
    AmazonOrderFactory.create(account=world.account, state=OrderState.QUARANTINED)
    old = SyncRunFactory.create(account=world.account)
    SyncRun.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=400))
    for _ in range(3):
        assert caller.get(address(world.account), {"key": KEY}).status_code == 202
    assert len(mail.outbox) == 1
    assert not SyncRun.objects.filter(pk=old.pk).exists()


def test_that_an_account_is_disconnected_is_told_by_the_calls_that_are_refused(
    caller: Client, use_broker: Callable[[str], None]
) -> None:
    use_broker("")
    account = account_with_key(alarm_recipients="anna@example.com")
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    assert caller.get(address(account), {"key": "another"}).status_code == 403
    assert mail.outbox == [], "who has no key starts nothing"
    assert caller.get(address(account), {"key": KEY}).status_code == 403
    assert len(mail.outbox) == 1
