"""Databases that processes may be killed in, brought back to a moment that was kept.

Emptying the hundred tables of a shop after each death would take most of the time. On SQLite a
moment is a file; on PostgreSQL it is a copy of the tables that hold something, in a schema of its
own, and is brought back by rows.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from django.db import connection, connections, transaction


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


class Databases(Protocol):
    """Moments of a database by name; "blank" is what the migrations leave."""

    def keep(self, name: str) -> None:
        """Keep what is in the database now."""
        ...

    def opened(self, name: str) -> AbstractContextManager[None]:
        """The default connection, in every thread, is to a database as it was at this moment."""
        ...

    def close(self) -> None:
        """Nothing is kept any longer."""
        ...


class FileDatabases:
    """Moments as files of SQLite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self.keep("blank")

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"

    def keep(self, name: str) -> None:
        connection.ensure_connection()
        with closing(sqlite3.connect(self._file(name))) as file:
            connection.connection.backup(file)

    @contextmanager
    def opened(self, name: str) -> Iterator[None]:
        file = self._folder / f"shop-{next(self._numbers)}.sqlite3"
        shutil.copyfile(self._file(name), file)
        with connected_to(str(file)):
            yield
        for part in self._folder.glob(f"{file.name}*"):
            part.unlink()

    def close(self) -> None:
        """The folder is the caller's."""


class ServerDatabases:
    """Moments as schemas of one PostgreSQL database, which is a copy of the test database."""

    def __init__(self) -> None:
        usual = connection.settings_dict["NAME"]
        self._name = f"{usual}_faults"
        connection.close()  # a template must have no visitors
        self.close()  # left over from a run that was interrupted
        _administer(f'CREATE DATABASE "{self._name}" TEMPLATE "{usual}"')
        with connected_to(self._name):
            self.keep("blank")

    def keep(self, name: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{name}"')
            for table in _filled_tables("public"):
                cursor.execute(f'CREATE TABLE "{name}"."{table}" AS TABLE public."{table}"')

    @contextmanager
    def opened(self, name: str) -> Iterator[None]:
        with connected_to(self._name):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign keys
                for table in _filled_tables("public"):
                    cursor.execute(f'DELETE FROM public."{table}"')
                for table in _filled_tables(name):
                    cursor.execute(f'INSERT INTO public."{table}" TABLE "{name}"."{table}"')
            yield

    def close(self) -> None:
        _administer(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')


def _filled_tables(schema: str) -> list[str]:
    """The tables of a schema that hold a row, in one question."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        tables = sorted(name for (name,) in cursor.fetchall())
        held = [f'SELECT \'{one}\' WHERE EXISTS (TABLE "{schema}"."{one}")' for one in tables]
        cursor.execute(" UNION ALL ".join(held))
        return [name for (name,) in cursor.fetchall()]


def _administer(statement: str) -> None:
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
