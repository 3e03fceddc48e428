"""One order of locks: every statement of every test is looked at.

Two transactions that lock the same rows in different orders wait for each other without end. So
each transaction of the package locks by the order of ``ORDER``, and several rows of one table by
pk. What it writes is locked as well. SQLite has no ``FOR UPDATE``; so that the tests on it see the
same, such a query says in a comment that it asked for one.

What a test does in transactions of its own is not looked at.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import Atomic

import django_amazon_sync

PACKAGE = f"{Path(django_amazon_sync.__file__).parent}/"
TESTS = f"{Path(__file__).parent}/"
OURS = "django_amazon_sync_"

#: What is not the package's is the shop's.
SHOP = "the shop's rows"

LISTING, SKU = "listing", "sellersku"

#: Whoever locks several of these locks them in this order.
ORDER = (
    "lease", "application", "selleraccount", "marketplace", "accesstoken", "ratebucket", "lack",
    "ratefetch", "exchangerate", "amazonreport", "producttype", "shippingmapping",
    "carriermapping", "paymentmapping",
    # The heart: an order, what it takes from the shop's stock, and what Amazon is told of it.
    "amazonorder", SHOP, LISTING, SKU,
    "amazonorderline", "shipment", "taxrecord", "erasure", "personaldataview", "orderwindow",
    "offerchange", "offeridentifier", "proposal", "runselection", "runline", "submission",
    "submissionitem", "schedule", "alarm", "syncrun",
)  # fmt: skip
_PLACES = {name if name == SHOP else OURS + name: place for place, name in enumerate(ORDER)}

#: Of these many rows are locked at once, by whoever comes.
BY_PK = {OURS + LISTING, OURS + SKU}

_FOR_UPDATE = re.compile(r'\bFOR (?:NO KEY )?UPDATE\b(?: OF (?P<of>"\w+"(?:, "\w+")*))?')
_WRITES = re.compile(
    r"""(?<!DO\s)UPDATE\s+"?(?P<update>\w+)"?|DELETE\s+FROM\s+"?(?P<delete>\w+)"?"""
    r"""|INSERT\s+(?:OR\s+\w+\s+)?INTO\s+"?(?P<insert>\w+)"?(?P<upsert>.*\bDO\s+UPDATE\s+SET\s)?""",
    re.DOTALL,
)
_FROM = re.compile(r'\b(?:FROM|JOIN) "(\w+)"')


class OutOfOrder(AssertionError):
    """A transaction locked in another order than ``ORDER``."""


@dataclass(frozen=True)
class Statement:
    """What a statement does with locks: the tables of which it locks rows, or into which it
    ``inserts``; ``asks``: by ``FOR UPDATE``; ``in_order``: a single row, or by pk."""

    locks: tuple[str, ...] = ()
    inserts: str = ""
    asks: bool = False
    in_order: bool = True


@lru_cache(maxsize=20_000)
def read(sql: str) -> Statement:
    """What a statement does with locks, by its text."""
    if found := _FOR_UPDATE.search(sql):
        if found["of"]:
            tables = found["of"].replace('"', "").split(", ")
        else:
            tables = _FROM.findall(re.split(r"\bWHERE\b", sql, maxsplit=1)[0])
        pk = f'"{tables[0]}"."id"'
        ordered = f"ORDER BY {pk} ASC" in sql or (f"SELECT {pk}" in sql and "ORDER BY 1 ASC" in sql)
        in_order = ordered or "LIMIT 21" in sql
        return Statement(tuple(dict.fromkeys(tables)), asks=True, in_order=in_order)
    if sql.startswith("SELECT") or (found := _WRITES.search(sql)) is None:
        return Statement()
    if found["insert"] and not found["upsert"]:
        return Statement(inserts=found["insert"])
    table = found["update"] or found["delete"] or found["insert"]
    in_order = f'WHERE "{table}"."id" = ' in sql or "ORDER BY there.id" in sql
    return Statement((table,), in_order=in_order)


@dataclass
class _Held:
    """What a transaction holds: tables with who locked them first, and those it inserted into."""

    locked: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    inserted: set[str] = field(default_factory=set)

    def copy(self) -> _Held:
        return _Held(dict(self.locked), set(self.asked), set(self.inserted))

    def why_not(self, table: str) -> str:
        """Which lock it should have taken after that of this table."""
        place = _place(table)
        later = {held: who for held, who in self.locked.items() if _place(held) > place}
        return "".join(f"\n    {held} by {who}" for held, who in later.items())

    def is_own(self, table: str) -> bool:
        """Whether it may be about rows that the transaction made itself, which nobody else sees."""
        return table in self.inserted


def _place(table: str) -> int:
    if table.startswith(OURS) and table not in _PLACES:
        raise OutOfOrder(f"Give {table} its place in {__name__}.ORDER.")
    return _PLACES.get(table, _PLACES[SHOP])


#: What is held in each block of ``atomic``, the outermost first; None in those of tests.
_blocks: WeakKeyDictionary[BaseDatabaseWrapper, list[_Held | None]] = WeakKeyDictionary()

#: What was out of order since somebody looked: the package may have caught what is raised.
found_so_far: list[str] = []

#: Why nobody looks now: a test takes away what keeps the order.
not_looking: list[str] = []


@contextmanager
def watched() -> Iterator[None]:
    """Look at all that is executed, by whichever thread."""
    enter, leave, as_sql = Atomic.__enter__, Atomic.__exit__, SQLCompiler.as_sql

    def entered(block: Any) -> None:
        enter(block)
        blocks = _blocks.setdefault(connections[block.using or "default"], [])
        below = blocks[-1] if blocks else None
        a_tests = block._from_testcase or _is_of_a_test(sys._getframe(1).f_code.co_filename)
        if a_tests:
            blocks.append(below)
        else:
            blocks.append(_Held() if below is None else below.copy())

    def left(block: Any, *fault: Any) -> None:
        blocks = _blocks.get(connections[block.using or "default"], [])
        held = blocks.pop() if blocks else None
        if fault[0] is None and blocks and blocks[-1] is not None and held is not None:
            blocks[-1] = held  # what a savepoint that is rolled back had locked is free again
        leave(block, *fault)

    def with_comment(compiler: Any, *args: Any, **more: Any) -> tuple[str, Any]:
        sql, params = as_sql(compiler, *args, **more)
        query, features = compiler.query, compiler.connection.features
        if query.select_for_update and not features.has_select_for_update:
            of = f' OF "{query.model._meta.db_table}"' if query.select_for_update_of else ""
            sql += f" /* FOR UPDATE{of} */"
        return sql, params

    connection_created.connect(_look_at, dispatch_uid="lock order")
    for connection in connections.all(initialized_only=True):
        _look_at(connection=connection)
    with ExitStack() as patches:
        patches.enter_context(patch.object(Atomic, "__enter__", entered))
        patches.enter_context(patch.object(Atomic, "__exit__", left))
        patches.enter_context(patch.object(SQLCompiler, "as_sql", with_comment))
        yield


def _is_of_a_test(file: str) -> bool:
    return file.startswith(TESTS)


def _look_at(*, connection: BaseDatabaseWrapper, **_more: object) -> None:
    if _look not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _look)


def _look(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    result = execute(sql, params, many, context)
    statement = read(sql)
    if (statement.locks or statement.inserts) and not not_looking:
        _judge(statement, context["connection"], context["cursor"])
    return result


def _judge(statement: Statement, connection: BaseDatabaseWrapper, cursor: Any) -> None:
    blocks = _blocks.get(connection)
    held = blocks[-1] if blocks else None
    if statement.inserts:
        if held is not None:
            held.inserted.add(statement.inserts)
        return
    if not statement.asks and cursor.rowcount == 0:
        return
    new = [t for t in statement.locks if held is None or t not in held.locked or t in BY_PK]
    if not new or (who := _who()) is None:
        return
    if held is not None:
        _judge_order(held, [table for table in new if table not in held.locked], who)
    for table in BY_PK.intersection(new):
        _judge_rows(statement, table, held, connection, cursor, who)


def _judge_order(held: _Held, tables: list[str], who: str) -> None:
    """Tables that one statement locks are locked together."""
    for table in tables:
        if not held.is_own(table) and (crossed := held.why_not(table)):
            _say(f"{who} locks {table}, after{crossed}")
    held.locked |= {table: who for table in tables if not held.is_own(table)}


def _judge_rows(
    statement: Statement,
    table: str,
    held: _Held | None,
    connection: BaseDatabaseWrapper,
    cursor: Any,
    who: str,
) -> None:
    """Several rows are locked by pk; what is written was locked so before."""
    if not connection.features.has_select_for_update:
        return  # such a database lets one transaction write at a time
    several = statement.asks or cursor.rowcount > 1
    were_locked = held is not None and not statement.asks and table in held.asked
    if several and not statement.in_order and not were_locked:
        _say(f"{who} locks rows of {table} in no order")
    if held is not None and statement.asks:
        held.asked.add(table)


def _say(what: str) -> None:
    found_so_far.append(what)
    raise OutOfOrder(what)


def _who() -> str | None:
    """The package's lines that are at work; None where it is a test, or what tests are made of."""
    frame: FrameType | None = sys._getframe(3)
    lines: list[str] = []
    while frame is not None and len(lines) < 6:
        file = frame.f_code.co_filename
        if file.startswith(TESTS):
            break
        if file.startswith(PACKAGE):
            if not lines and file.startswith((f"{PACKAGE}testing/", f"{PACKAGE}migrations/")):
                return None  # a migration has the tables to itself
            lines.append(f"{file.removeprefix(PACKAGE)}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(lines) or None
