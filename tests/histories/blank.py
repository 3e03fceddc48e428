"""A database in memory for one history after the other, each of which finds it without rows.

Putting the image of an empty database back takes about a millisecond and brings the sequences of
the primary keys back as well, so that a history is the same whatever was told before it.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import override_settings


class Blank:
    """The image of a database with its tables and no rows but those that migrating makes."""

    def __init__(self, image: sqlite3.Connection) -> None:
        self._image = image

    @classmethod
    def of_this_connection(cls) -> Blank:
        """What is in the database now."""
        image = sqlite3.connect(":memory:", check_same_thread=False)
        connection.ensure_connection()
        connection.connection.backup(image)
        _begin_to_count_anew(image)
        return cls(image)

    @classmethod
    def made(cls, kept_at: Path | None = None) -> Blank:
        """Made here, or read from where an earlier one was kept, which takes no time."""
        if kept_at is not None and kept_at.exists():
            image = sqlite3.connect(":memory:", check_same_thread=False)
            image.deserialize(kept_at.read_bytes())
            return cls(image)
        with in_memory():
            with override_settings(MIGRATION_MODULES=_NoMigrations()):
                call_command("migrate", run_syncdb=True, verbosity=0)
            made = cls.of_this_connection()
        if kept_at is not None:
            kept_at.write_bytes(made._image.serialize())
        return made

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The default connection is to a database in memory, empty until ``put_back``."""
        with in_memory(), _gc_frozen():
            yield

    def put_back(self) -> None:
        """Empty the database that is in use."""
        connection.ensure_connection()
        self._image.backup(connection.connection)


def _begin_to_count_anew(image: sqlite3.Connection) -> None:
    """Other tests have had rows there, which are gone; their numbers are free again."""
    for (table,) in image.execute("SELECT name FROM sqlite_sequence").fetchall():
        highest = f'(SELECT coalesce(max(rowid), 0) FROM "{table}")'
        image.execute(f"UPDATE sqlite_sequence SET seq = {highest} WHERE name = ?", (table,))
    image.commit()


@contextmanager
def in_memory() -> Iterator[None]:
    """The default connection is to a database of SQLite in memory, whatever the settings name."""
    usual, facts = connections["default"], connections.settings["default"]
    engine = "django.db.backends.sqlite3"
    connections.settings["default"] = {
        **facts, "ENGINE": engine, "NAME": ":memory:", "OPTIONS": {}, "CONN_MAX_AGE": None
    }  # fmt: skip
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = facts
        connections["default"] = usual


@contextmanager
def _gc_frozen() -> Iterator[None]:
    """The garbage collector does not look at all of Django and the shop again and again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _NoMigrations:
    """Tables are made from the models, as pytest-django does with ``--no-migrations``."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None
