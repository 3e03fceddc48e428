"""The databases of this app's tables and the shop's: which ones will do, and where to read.

A replica lags: what is decided by its rows is sold twice. So the rows of this app are read where
they are written, and so is what a shop's adapter reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model

__all__ = ["WriteDatabaseRouter"]

APP = "django_amazon_sync"

#: How DATABASE_ROUTERS names the router below.
ROUTER = "django_amazon_sync.databases.WriteDatabaseRouter"

#: Vendors in whose dialects the statements over many rows are written.
VENDORS = ("postgresql", "sqlite")
NAMES = {"mysql": "MySQL or MariaDB", "oracle": "Oracle"}

P = ParamSpec("P")
R = TypeVar("R")

_pinned: ContextVar[bool] = ContextVar("pinned", default=False)


class WriteDatabaseRouter:
    """Stands first in DATABASE_ROUTERS where another router lets replicas be read."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Where the model is written. A table that Django does not manage has no replica."""
        if model._meta.managed and (_pinned.get() or model._meta.app_label == APP):
            return router.db_for_write(model, **hints)
        return None


@contextmanager
def read_where_written() -> Iterator[None]:
    """For the block, read each row from the database to which it is written."""
    token = _pinned.set(True)
    try:
        yield
    finally:
        _pinned.reset(token)


def reads_where_written(function: Callable[P, R]) -> Callable[P, R]:
    """A function that does so; also while what it gives is iterated, and not in between."""

    @wraps(function)
    def pinned(*args: P.args, **kwargs: P.kwargs) -> R:
        with read_where_written():
            found = function(*args, **kwargs)
        return cast("R", _step_by_step(found)) if isinstance(found, Iterator) else found

    return pinned


def _step_by_step(items: Iterator[object]) -> Iterator[object]:
    while True:
        with read_where_written():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


@dataclass(frozen=True)
class Fault:
    """Why the databases of this project will not do, what to do, and the id of its check."""

    id: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}"


def faults() -> Iterator[Fault]:
    """What is wrong with the databases to which our rows go; none of them is asked anything."""
    models = apps.get_models(include_auto_created=True)
    ours = [model for model in models if model._meta.app_label == APP]
    written = {router.db_for_write(model) for model in ours}
    for alias in sorted(written | {router.db_for_read(model) for model in ours}):
        vendor = connections[alias].vendor
        if vendor not in VENDORS:
            yield Fault(
                "amazon_sync.E020",
                f"The database '{alias}' is {NAMES.get(vendor, vendor)}, on which this app does "
                "not work: offers would go live and no order would ever come in.",
                "Use PostgreSQL; SQLite will do for a single process.",
            )
    for alias in sorted(written - {DEFAULT_DB_ALIAS}):
        yield Fault(
            "amazon_sync.E021",
            f"DATABASE_ROUTERS lets the tables of {APP} be written to the database '{alias}', "
            "outside the transactions in which orders are placed.",
            f"Let them be written to '{DEFAULT_DB_ALIAS}', where the shop's own tables are.",
        )
    yield from _fault_of_reads(models)


def _fault_of_reads(models: list[type[Model]]) -> Iterator[Fault]:
    with read_where_written():
        apart = [
            (model._meta.label, reads, writes)
            for model in models
            if model._meta.managed
            and (reads := router.db_for_read(model)) != (writes := router.db_for_write(model))
        ]
    for label, reads, writes in apart[:1]:  # one says it
        yield Fault(
            "amazon_sync.E022",
            f"DATABASE_ROUTERS lets {label} be read from the database '{reads}' and written to "
            f"'{writes}': what has not arrived there yet would be sold twice.",
            f"Put '{ROUTER}' first in DATABASE_ROUTERS.",
        )
