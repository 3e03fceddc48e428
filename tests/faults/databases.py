"""Databases of their own for tests that kill processes: copies of the test database.

A copy of a file, or of a PostgreSQL database as a template, is far cheaper than emptying the
hundred tables of a shop after each death.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.db import connection, connections

numbers = count(1)


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


class Databases:
    """Makes copies of the test database, and of its copies; ``blank`` is a copy as it was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = str(connection.settings_dict["NAME"])
        self._there: set[str] = set()
        self.blank = self._new_name()
        connection.close()  # a template must have no visitors; a database in memory stays open
        if on_postgresql():
            self._run(f'CREATE DATABASE "{self.blank}" TEMPLATE "{self._prefix}"')
        else:
            connection.ensure_connection()
            with sqlite3.connect(self.blank) as file:
                connection.connection.backup(file)
            file.close()

    def copy(self, source: str) -> str:
        """The name of a copy of this database, which nobody may have open."""
        name = self._new_name()
        if on_postgresql():
            self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        else:
            shutil.copyfile(source, name)
        return name

    def drop_all(self) -> None:
        """Drop what is left of the copies."""
        for name in sorted(self._there):
            self.drop(name)

    def drop(self, name: str) -> None:
        self._there.discard(name)
        if on_postgresql():
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')
        else:
            for file in Path(name).parent.glob(f"{Path(name).name}*"):
                file.unlink()

    def _new_name(self) -> str:
        number = next(numbers)
        name = f"{self._prefix}_{number}"
        if not on_postgresql():
            name = str(self._folder / f"shop-{number}.sqlite3")
        self._there.add(name)
        return name

    def _run(self, statement: str) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """The default connection, in all threads made meanwhile, is to this database."""
    usual, facts = connections["default"], connections.settings["default"]
    connections.settings["default"] = {**facts, "NAME": name}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = facts
        connections["default"] = usual
