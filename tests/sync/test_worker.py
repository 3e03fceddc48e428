"""A Celery worker does what was asked for.

With CELERY_BROKER_URL it is a process of its own behind that broker, as in production; without,
a thread behind a broker in memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from config.celery import app
from django.conf import settings
from django.db import connection

from django_amazon_sync import tasks
from django_amazon_sync.models import Job, RunState, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.simulator import Simulator
from tests.world import World

pytestmark = pytest.mark.over_http

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def worker_process(amazon: Simulator) -> Iterator[None]:
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
def worker_thread() -> Iterator[None]:
    with broker("memory://"), start_worker(app, pool="solo", perform_ping_check=False):
        yield


@pytest.fixture
def worker(transactional_db: None, amazon: Simulator) -> Iterator[None]:
    with worker_process(amazon) if settings.CELERY_BROKER_URL else worker_thread():
        yield


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
