"""A Celery worker does what was asked for.

With CELERY_BROKER_URL it is a process of its own behind that broker, as in production; without,
a thread behind a broker in memory.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from config.celery import app
from django.conf import settings
from django.db import connection

from django_amazon_sync import tasks
from django_amazon_sync.models import AmazonOrder, Job, OrderState, RunLine, RunState, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.simulator import Fault, Simulator
from tests.world import DE, World

pytestmark = pytest.mark.over_http

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def worker_process(amazon: Simulator, log: Sequence[str] = ()) -> Iterator[None]:
    app.control.purge()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
        "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(ROOT / "example_project")]),
        "WORKER_DATABASE": str(connection.settings_dict["NAME"]),
        "WORKER_ENDPOINT": amazon.regional_endpoint,
        "WORKER_LWA_ENDPOINT": amazon.lwa_endpoint,
    }
    command = [sys.executable, "-P", "-m", "celery", "-A", "config", "worker", "--pool", "solo"]
    command += log
    process = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0, "the worker ends when it is told to"


@contextmanager
def broker(url: str) -> Iterator[None]:
    names = ("broker_url", "broker_read_url", "broker_write_url")
    before = {name: app.conf[name] for name in names}
    app.conf.update(dict.fromkeys(names, url))
    try:
        yield
    finally:
        app.conf.update(before)


@contextmanager
def worker_thread(loglevel: str = "error") -> Iterator[None]:
    with (
        broker("memory://"),
        start_worker(app, pool="solo", perform_ping_check=False, loglevel=loglevel),
    ):
        yield


@pytest.fixture
def worker(transactional_db: None, amazon: Simulator) -> Iterator[None]:
    with worker_process(amazon) if settings.CELERY_BROKER_URL else worker_thread():
        yield


@pytest.fixture
def its_log(
    transactional_db: None, amazon: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[[], str]]:
    """What a worker logs that logs all that it does."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "worker.log"
    file.touch()

    def read() -> str:
        ours = "\n".join(f"{one.getMessage()} {one.exc_text}" for one in caplog.records)
        return file.read_text() + ours

    log = ["--loglevel", "DEBUG", "--logfile", str(file)]
    process = settings.CELERY_BROKER_URL
    with worker_process(amazon, log) if process else worker_thread("debug"):
        yield read


def wait_for(run: SyncRun) -> SyncRun:
    for _ in range(300):
        run.refresh_from_db()
        if run.state in {RunState.DONE, RunState.STOPPED}:
            return run
        time.sleep(0.1)
    return run


@pytest.fixture
def something_to_send(transactional_db: None, world: World) -> World:
    world.sell("ONE", price="10.00", quantity=5)
    return world


def test_a_run_that_was_asked_for_is_done(worker: None, something_to_send: World) -> None:
    run = jobs.request(something_to_send.account, Job.EXPORT)
    assert tasks.start(run)
    assert wait_for(run).state == RunState.DONE, run.reason


def test_tick_starts_what_nobody_started(worker: None, something_to_send: World) -> None:
    run = jobs.request(something_to_send.account, Job.EXPORT)
    tasks.tick.delay()
    assert wait_for(run).state == RunState.DONE, run.reason


def test_while_the_broker_is_away_a_run_stays_queued(something_to_send: World) -> None:
    run = jobs.request(something_to_send.account, Job.EXPORT)
    with broker("redis://127.0.0.1:9"):
        assert not tasks.start(run)
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


# --- Buyers -------------------------------------------------------------------------------------

BUYER = {"buyerName": "Zebulon Quillfeather", "buyerEmail": "quill-relay@buyers.example.com"}
ADDRESS = {"name": "Ottoline Quillfeather", "addressLine1": "17 Gooseneck Mews"}
QUOTED = f"{BUYER['buyerName']} {BUYER['buyerEmail']} {ADDRESS['addressLine1']}"


def test_a_worker_that_logs_all_names_no_buyer(
    its_log: Callable[[], str], something_to_send: World
) -> None:
    """Orders as they should be, odd in every way, and of which Amazon's errors tell."""
    world = something_to_send
    odd: list[dict[str, Any]] = [
        {},
        {"buyer": {**BUYER, "buyerName": f"{BUYER['buyerName']} \ud83d"}},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": QUOTED}]},
        {"proceeds": {"grandTotal": {"amount": QUOTED, "currencyCode": "EUR"}}},
        {"createdTime": QUOTED},
        {"programs": [QUOTED * 40]},
    ]
    for parts in odd:
        number = world.buy("ONE", 1, buyer=BUYER, address=ADDRESS)
        world.amazon.set_order(number, **parts)
        world.amazon.add_listing(
            world.seller, "ONE", marketplace=DE, asin="B000000ONE", price="10.00", quantity=5
        )
    for operation in ("getOrder", "getOrder", "searchOrders"):
        world.amazon.faults.add(Fault(operation, "400", details=QUOTED))
    for _ in range(2):
        world.amazon.advance(180)
        run = jobs.request(world.account, Job.IMPORT_ORDERS)
        assert tasks.start(run)
        wait_for(run)
    assert AmazonOrder.objects.count() == len(odd)
    assert AmazonOrder.objects.filter(state=OrderState.PLACED).exists()
    world.amazon._gate.log.clear()  # Amazon's models allow none of these answers
    said = [*RunLine.objects.values_list("message", flat=True), *reasons()]
    assert "searchOrders: 200" in its_log()
    told = f"{its_log()}{said}"
    assert "getOrder: Amazon refused" in told
    for text in (*BUYER.values(), *ADDRESS.values(), "Quillfeather", "Gooseneck"):
        assert text not in told


def reasons() -> list[str]:
    return [
        *SyncRun.objects.values_list("reason", flat=True),
        *AmazonOrder.objects.values_list("reason", flat=True),
    ]
