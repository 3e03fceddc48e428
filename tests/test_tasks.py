"""What Celery runs, and what becomes of a run while there is nobody to run it."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from config.celery import app
from django.db import transaction
from django.utils import timezone
from kombu import Connection

from django_amazon_sync import tasks
from django_amazon_sync.models import Job, OfferChange, RunState, Schedule, SyncRun
from django_amazon_sync.sync import jobs, queue
from django_amazon_sync.sync.accounts.budget import OPERATIONS
from django_amazon_sync.sync.runs.work import Work
from tests.factories_amazon import LiveAccountFactory
from tests.world import World

UseBroker = Callable[[str], None]


@pytest.fixture
def broker(use_broker: UseBroker) -> Iterator[Any]:
    """A broker in memory: what it has taken, as (task, arguments)."""
    url = "memory://tasks"
    use_broker(url)
    with Connection(url) as connection:
        waiting = connection.SimpleQueue(app.conf.task_default_queue)
        waiting.clear()
        yield waiting
        waiting.clear()


def taken(broker: Any) -> list[tuple[str, list[int]]]:
    messages = [broker.get(block=False) for _ in range(broker.qsize())]
    for message in messages:
        message.ack()
    return [
        (message.headers["task"].rpartition(".")[2], message.payload[0]) for message in messages
    ]


# --- The public tasks ----------------------------------------------------------------------------


def test_there_is_one_task_for_each_job_and_the_tick() -> None:
    assert set(tasks.TASKS) == set(Job)
    names = {task.name for task in tasks.TASKS.values()} | {tasks.tick.name}
    assert names == {
        f"django_amazon_sync.tasks.{name}"
        for name in (
            "export_listings",
            "send_changes",
            "settle_feeds",
            "verify_listings",
            "import_listings",
            "match_offers",
            "take_over_values",
            "import_orders",
            "reconcile_orders",
            "confirm_shipments",
            "tick",
        )
    }
    assert names <= set(app.tasks)


def test_beat_has_one_entry_which_is_the_tick() -> None:
    assert [entry["task"] for entry in app.conf.beat_schedule.values()] == [tasks.tick.name]


@pytest.mark.parametrize("job", list(Job))
def test_a_task_does_its_run_and_twice_is_harmless(world: World, job: Job) -> None:
    world.sell("MUG", quantity=5)
    chosen = {"skus": ["MUG"], "fields": ["price"]} if job == Job.TAKE_OVER else {}
    run = jobs.request(world.account, job, options=chosen)
    tasks.TASKS[job](run.pk)
    first = SyncRun.objects.filter(pk=run.pk).values().first()
    ends = (RunState.DONE, RunState.QUEUED)  # or waits for Amazon's report
    assert first is None or first["state"] in ends, first
    writes = world.writes()
    tasks.TASKS[job](run.pk)
    assert SyncRun.objects.filter(pk=run.pk).values().first() == first
    assert world.writes() == writes


def test_every_job_can_be_done_and_looked_at() -> None:
    assert set(jobs.JOB_FUNCTIONS) == set(tasks.TASKS) == set(OPERATIONS) == set(Job)


def test_a_run_that_was_rolled_back_is_no_fault(db: None) -> None:
    tasks.export_listings(4711)


def test_a_run_that_another_worker_begins_at_the_same_moment_is_left_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = jobs.request(world.account, Job.VERIFY)
    perform = jobs.perform

    def after_another(late: SyncRun, **how: Any) -> SyncRun:
        assert SyncRun.objects.get(pk=late.pk).start()
        return perform(late, **how)

    monkeypatch.setattr(jobs, "perform", after_another)
    tasks.verify_listings(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


# --- Starting a run ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_broker_takes_the_run_by_its_primary_key(world: World, broker: Any) -> None:
    run = jobs.request(world.account, Job.EXPORT)
    assert tasks.start(run)
    assert taken(broker) == [("export_listings", [run.pk])]


@pytest.mark.django_db(transaction=True)
def test_a_run_is_handed_over_when_it_can_be_seen(world: World, broker: Any) -> None:
    with transaction.atomic():
        run = jobs.request(world.account, Job.VERIFY)
        assert tasks.start(run)
        assert taken(broker) == []
    assert taken(broker) == [("verify_listings", [run.pk])]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_rolled_back_is_not_handed_over(world: World, broker: Any) -> None:
    with transaction.atomic():
        assert tasks.start(jobs.request(world.account, Job.VERIFY))
        transaction.set_rollback(True)
    assert taken(broker) == []


@pytest.mark.django_db(transaction=True)
def test_tick_hands_over_what_is_due(world: World, broker: Any) -> None:
    asked_for = jobs.request(world.account, Job.EXPORT)
    tasks.tick()
    names = taken(broker)
    assert names[0] == ("export_listings", [asked_for.pk])
    assert {name for name, _arguments in names} == {
        "export_listings",
        "verify_listings",
        "import_listings",
        "import_orders",
        "reconcile_orders",
        "confirm_shipments",
    }


# --- Without a broker ----------------------------------------------------------------------------


def stays_queued(world: World) -> tuple[bool, float]:
    """Whether a run was taken, and after how many seconds that was known; it waits all the same."""
    run = jobs.request(world.account, Job.EXPORT)
    began = time.monotonic()
    started = tasks.start(run)
    seconds = time.monotonic() - began
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    return started, seconds


def test_without_a_broker_a_run_stays_queued(world: World, use_broker: UseBroker) -> None:
    use_broker("")
    started, seconds = stays_queued(world)
    assert not started
    assert seconds < 0.5


@pytest.mark.parametrize("url", ["sentinel://127.0.0.1:9", "nonsense://127.0.0.1", "nonsense"])
def test_a_broker_that_is_set_up_wrongly_is_none(
    world: World, url: str, use_broker: UseBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # Celery's workers leave the root at another
    use_broker(url)
    started, seconds = stays_queued(world)
    assert not started
    assert seconds < 3.5
    assert "stays queued" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_no_worker_has_declared_takes_the_run(
    world: World, use_broker: UseBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "memory://nobody"
    use_broker(url)
    monkeypatch.setitem(app.conf, "task_default_queue", "declared-by-nobody")
    monkeypatch.setattr(app.amqp, "queues", app.amqp.Queues({}))
    run = jobs.request(world.account, Job.EXPORT)
    assert tasks.start(run)
    with Connection(url) as connection:
        waiting = connection.SimpleQueue("declared-by-nobody")
        assert taken(waiting) == [("export_listings", [run.pk])]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:9"])
def test_where_tasks_are_eager_a_run_is_done_at_once(
    world: World, url: str, use_broker: UseBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker(url)
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    world.sell("MUG", quantity=5)
    run = jobs.request(world.account, Job.EXPORT)
    assert tasks.start(run)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    asked_for = jobs.request(world.account, Job.VERIFY)
    tasks.tick()
    asked_for.refresh_from_db()
    assert asked_for.state == RunState.DONE


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_is_known_soon(
    world: World, scheme: str, use_broker: UseBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    use_broker(f"{scheme}://127.0.0.1:9")
    started, seconds = stays_queued(world)
    assert not started
    assert seconds < 3.5
    assert "stays queued" in caplog.text


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_is_known_soon(
    world: World, scheme: str, use_broker: UseBroker
) -> None:
    """It takes the connection and never answers, as behind a dead proxy."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_broker(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
        started, seconds = stays_queued(world)
    assert not started
    assert seconds < 3.5


def test_what_stayed_queued_is_done_by_the_next_tick(world: World, use_broker: UseBroker) -> None:
    use_broker("")
    run = jobs.request(world.account, Job.VERIFY)
    assert not tasks.start(run)
    assert run.pk in [due.pk for due in jobs.due_runs()]


# --- One worker for all --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_worker_comes_to_another_accounts_change_in_between(
    world: World, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a slice; the messages are worked off in their order, by one worker."""
    monkeypatch.setattr(queue, "SLICE", 0)
    monkeypatch.setattr(queue, "LOOKS_EVERY", 0)
    Schedule.objects.all().delete()
    export = jobs.request(world.account, Job.EXPORT)
    waiting = LiveAccountFactory.create(name="other")
    waiting.schedules.all().delete()

    def long_story(work: Work) -> None:
        for _ in range(3 - work.run.done):
            work.give_way()
            work.run.done += 1
            SyncRun.objects.filter(pk=work.run.pk).update(done=work.run.done)
            if work.run.done == 1:
                OfferChange.objects.create(account=waiting, offer_pk="1")

    def short_story(work: Work) -> None:
        OfferChange.objects.filter(account=work.account).delete()
        work.run.count("sent")

    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.EXPORT, long_story)
    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.CHANGES, short_story)
    tasks.tick()
    tasks.tick()  # beat does not know that the worker has not come to it yet
    worked_off = []
    while messages := taken(broker):
        for name, [run_pk] in messages:
            before = SyncRun.objects.filter(pk=run_pk, state=RunState.QUEUED).exists()
            getattr(tasks, name)(run_pk)
            worked_off += [name] if before else []
    assert worked_off[0] == worked_off[-1] == "export_listings"
    assert "send_changes" in worked_off
    assert SyncRun.objects.get(pk=export.pk).state == RunState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_message_that_no_worker_came_to_is_void_after_a_slice(world: World, broker: Any) -> None:
    """Else the messages of each tick would pile up before the one that is urgent by now."""
    tasks.start(jobs.request(world.account, Job.EXPORT))
    message = broker.get(block=False)
    message.ack()
    expires = datetime.fromisoformat(message.headers["expires"])
    assert 0 < (expires - timezone.now()).total_seconds() <= queue.SLICE


def test_a_message_of_a_run_that_has_to_wait_begins_nothing(world: World) -> None:
    run = jobs.request(world.account, Job.EXPORT)
    run.start()
    later = timezone.now() + timedelta(minutes=2)
    run.postpone(later, reason_code="not-yet", reason="Amazon still makes the report.")
    tasks.export_listings(run.pk)
    run.refresh_from_db()
    assert (run.state, run.not_before) == (RunState.QUEUED, later)


# --- Without a worker ----------------------------------------------------------------------------


def test_that_no_worker_answers_is_known_at_once(
    use_broker: UseBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker("memory://")
    assert "No Celery worker answers" in tasks.why_no_worker()
    monkeypatch.setattr(current_app.control, "ping", lambda **how: [{"a@host": {"ok": "pong"}}])
    assert tasks.why_no_worker() == ""


def test_where_nobody_has_to_answer_nobody_is_asked(
    use_broker: UseBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker("")
    assert tasks.why_no_worker() == ""
    use_broker("amqp://127.0.0.1:9")
    assert "broker does not answer" in tasks.why_no_worker()
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    assert tasks.why_no_worker() == ""
