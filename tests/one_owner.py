"""One owner of listings' states: every statement of every test is looked at.

Whoever changes a column of ``models.listings.STATE`` has to be ``sync/listings/state.py``; a test
itself may, and so may the report that adopts what it finds in the statement that inserts it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connection

import django_amazon_sync
from django_amazon_sync.models import Listing
from django_amazon_sync.models.listings import STATE

PACKAGE = Path(django_amazon_sync.__file__).parent
OWNERS = {
    PACKAGE / "sync/listings/state.py",
    PACKAGE / "sync/amazon_reports/upsert.py",
}
LEFT_ALONE = (PACKAGE / "migrations", PACKAGE / "testing")

_UPDATE = re.compile(rf'\s*UPDATE "{Listing._meta.db_table}" SET (.*)', re.DOTALL)
_SET = re.compile(r'"(\w+)" = ')


class NotTheOwner(AssertionError):
    """Somebody else than the owner wrote a state."""


@contextmanager
def watched() -> Iterator[None]:
    """Look at all that is executed in the block."""
    with connection.execute_wrapper(_look):
        yield


def _look(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if (found := _UPDATE.match(sql)) is not None:
        columns = set(_SET.findall(found[1].split(" WHERE ")[0])) & set(STATE)
        if columns and (writer := _writer()) is not None and writer not in OWNERS:
            raise NotTheOwner(f"{writer.relative_to(PACKAGE)} writes {sorted(columns)}")
    return execute(sql, params, many, context)


def _writer() -> Path | None:
    """The nearest module of the package that is at work, but for the one that writes any rows."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE) and not path.is_relative_to(LEFT_ALONE[0]):
            if path != PACKAGE / "sync/runs/bulk.py":
                return None if path.is_relative_to(LEFT_ALONE[1]) else path
        elif "/tests/" in str(path):
            return None
        frame = frame.f_back
    return None
