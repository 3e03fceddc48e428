"""A replica that has nothing yet, not even tables: whoever reads it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.models import Model
from django.test import override_settings

from django_amazon_sync.databases import ROUTER

REPLICA = f"{__name__}.ReplicaRouter"


class ReplicaRouter:
    """What a project with a replica has in DATABASE_ROUTERS."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True


@contextmanager
def another_database(alias: str, engine: str = "django.db.backends.sqlite3") -> Iterator[None]:
    """An empty database beside that of the tests."""
    connections.databases[alias] = connections.databases["default"] | {
        "ENGINE": engine,
        "NAME": ":memory:",
        "OPTIONS": {},
    }
    try:
        yield
    finally:
        del connections.databases[alias]
        if alias in connections:
            connections[alias].close()
            del connections[alias]


@contextmanager
def lagging_replica(*first: str) -> Iterator[None]:
    """The project reads an empty replica for the block, as its routers let it."""
    routers = [*(first or (ROUTER,)), REPLICA]
    with another_database("replica"), override_settings(DATABASE_ROUTERS=routers):
        yield
