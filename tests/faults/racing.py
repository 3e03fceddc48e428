"""Two workers at once: one that comes in between at an exact point, or many in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connections

from django_amazon_sync.sync.runs import work
from django_amazon_sync.sync.runs.leases import HeldLease
from tests.faults.databases import on_postgresql


@contextmanager
def just_before(target: Any, name: str, act: Callable[[], object]) -> Iterator[None]:
    """Let ``act`` happen once, right before the first call of this function."""
    usual = getattr(target, name)
    done: list[bool] = []

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(True)
            act()
        return usual(*args, **kwargs)

    with patch.object(target, name, interrupted):
        yield
    assert done, f"{name} was never called."


def at_once(*acts: Callable[[], object]) -> list[BaseException]:
    """Let each act happen in a thread of its own; what they raised."""
    raised: list[BaseException] = []

    def acting(act: Callable[[], object]) -> None:
        try:
            act()
        except BaseException as fault:  # noqa: BLE001 - handed to the caller's thread
            raised.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=acting, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@contextmanager
def without_job_lease() -> Iterator[None]:
    """Jobs hold no lease, and nothing checks it."""

    class NoLease(HeldLease):
        def check(self) -> None:
            """Never held, never lost."""

    @contextmanager
    def no_lease(key: str) -> Iterator[HeldLease]:
        yield NoLease(key, "", 0)

    with patch.object(work, "lease", no_lease):
        yield


def needs_postgresql() -> None:
    """Skip where one transaction at a time can write, so that there is no race to stop."""
    if not on_postgresql():
        pytest.skip("Needs PostgreSQL (DATABASE_URL): SQLite lets one transaction write at a time.")
