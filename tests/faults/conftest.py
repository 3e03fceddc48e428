"""Worlds that may be killed, raced and spoilt, each with a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import lock_order
from tests.faults.databases import Databases, FileDatabases, ServerDatabases, on_postgresql
from tests.faults.stages import Stages


@pytest.fixture(scope="session")
def told_stages(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stages]:
    folder = tmp_path_factory.mktemp("faults")
    with django_db_blocker.unblock():
        databases: Databases = ServerDatabases() if on_postgresql() else FileDatabases(folder)
    yield Stages(databases, folder)
    with django_db_blocker.unblock():
        databases.close()


@pytest.fixture
def without_a_guard() -> Iterator[None]:
    """The test takes a guard away, and with it the order of locks, to show the harm."""
    lock_order.not_looking.append("a guard is taken away")
    yield
    lock_order.not_looking.pop()


@pytest.fixture
def stages(told_stages: Stages, db: None) -> Stages:
    """The stages of the story; ``with stages.at("bought") as world`` begins there."""
    return told_stages
