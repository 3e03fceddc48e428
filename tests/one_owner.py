"""One owner of listings' states: every statement of every test is looked at.

Whoever changes a column of ``models.listings.STATE`` has to be ``sync/listings/state.py``; a test
itself may, and so may the report that adopts what it finds in the statement that inserts it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

import django_amazon_sync
from django_amazon_sync.models import Listing
from django_amazon_sync.models.listings import STATE

PACKAGE = Path(django_amazon_sync.__file__).parent
OWNERS = {
    PACKAGE / "sync/listings/state.py",
    PACKAGE / "sync/amazon_reports/upsert.py",
}
LEFT_ALONE = (PACKAGE / "migrations", PACKAGE / "testing")

#: It looks at every statement as well, and so stands between whoever writes and this one.
OTHER_WATCH = Path(__file__).with_name("lock_order.py")

TABLE = Listing._meta.db_table

#: What changes rows that are there: an UPDATE, or an INSERT that finds them there already.
_CHANGES = re.compile(
    rf"""\bUPDATE\s+"?{TABLE}"?\s+(?:AS\s+\w+\s+)?SET\s(?P<update>.*)"""
    rf"""|\bINSERT\s+INTO\s+"?{TABLE}"?\s.*?\bDO\s+UPDATE\s+SET\s(?P<upsert>.*)""",
    re.DOTALL | re.IGNORECASE,
)

#: A column that gets a value; one that is compared with has its table before it.
_SET = re.compile(r'(?<![.\w"])"?(\w+)"?\s*=')


class NotTheOwner(AssertionError):
    """Somebody else than the owner wrote a state."""


def watch() -> None:
    """Look at all that is executed from now on, by whichever thread."""
    connection_created.connect(_look_at, dispatch_uid="one owner")
    for connection in connections.all(initialized_only=True):
        _look_at(connection=connection)


def _look_at(*, connection: BaseDatabaseWrapper, **_more: object) -> None:
    # The first of all: whoever adds one for a while takes the last away again.
    if _look not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _look)


def _look(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    columns = states_written(sql)
    if columns and (writer := _writer()) is not None and writer not in OWNERS:
        raise NotTheOwner(f"{writer.relative_to(PACKAGE)} writes {sorted(columns)}")
    return execute(sql, params, many, context)


def states_written(sql: str) -> set[str]:
    """The columns of listings' states that a statement changes."""
    if TABLE not in sql or (found := _CHANGES.search(sql)) is None:
        return set()
    return set(_SET.findall(found["update"] or found["upsert"])) & set(STATE)


def _writer() -> Path | None:
    """The nearest module of the package that is at work, but for the one that writes any rows."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE) and not path.is_relative_to(LEFT_ALONE[0]):
            if path != PACKAGE / "sync/runs/bulk.py":
                return None if path.is_relative_to(LEFT_ALONE[1]) else path
        elif "/tests/" in str(path) and path != OTHER_WATCH:
            return None
        frame = frame.f_back
    return None
