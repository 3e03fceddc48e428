"""Workers that are interrupted: by another one that comes in between, by death, or by a pause.

Points at which that may happen: before and after each call to Amazon, before each statement that
is outside of a transaction, and around each COMMIT. Nothing else in a worker is seen by another
one. So there are points between a look and its write-down, between that and the call, between the
answer and what is kept of it, and at each statement in between; how often each was met is counted.
A worker that died does not write another word, neither to the database nor to Amazon; its lease
stays, as that of a worker on another host would.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.db import connection, connections

from tests.faults.deaths import Died

#: What ends a transaction is no word.
LAST_WORDS = ("ROLLBACK", "RELEASE", "SAVEPOINT")

#: How far a worker is, by the statement that it did or the call that was answered.
LOOKED, WROTE_DOWN, ANSWERED = "looked", "wrote down", "was answered"
_DID = {
    LOOKED: re.compile(r'UPDATE "django_amazon_sync_sellersku" SET "look" ='),
    WROTE_DOWN: re.compile(r'INSERT INTO "django_amazon_sync_submissionitem"'),
}


@dataclass
class Worker:
    """One at work; at its ``at``-th point ``act`` happens, once.

    Points count from its first look on where ``once_looked``.
    """

    at: int = 0
    calls_only: bool = False
    once_looked: bool = False
    act: Callable[[], object] | None = None
    met: int = 0
    dead: bool = False
    #: How far it is.
    stage: str = ""

    def dies(self) -> None:
        """As far as a process can die that lives on."""
        self.dead = True
        raise Died


@dataclass
class Workers:
    """Those at work now, the one that came last on top."""

    stack: list[Worker] = field(default_factory=list)
    wrote: Callable[[str], None] = lambda sql: None
    committed: Callable[[], None] = lambda: None
    takes: Callable[[], None] = lambda: None
    quiet: bool = False
    #: How far those were that were interrupted.
    interrupted: Counter[str] = field(default_factory=Counter)

    def point(self, what: str, *, call: bool = False) -> None:
        """Here another one may come in between, or this one may die."""
        if not self.stack or self.quiet:
            return
        worker = self.stack[-1]
        if worker.dead:
            raise Died
        if worker.act is None or (worker.calls_only and not call):
            return
        if worker.once_looked and not worker.stage:
            return
        worker.met += 1
        if worker.met == worker.at:
            self.interrupted[worker.stage or "began"] += 1
            act, worker.act = worker.act, None
            act()

    def answered(self, what: str) -> None:
        """Amazon answered this call of the one at work."""
        if self.stack and what.startswith(("PATCH", "PUT")):
            self.stack[-1].stage = ANSWERED
        self.point(what, call=True)

    def _did(self, sql: str) -> None:
        for stage, statement in _DID.items():
            if self.stack and statement.match(sql):
                self.stack[-1].stage = stage

    def work(self, job: Callable[[], object], worker: Worker | None = None) -> None:
        """Do a job as this worker; a death ends it, and what should have come in between comes."""
        worker = worker or Worker()
        self.stack.append(worker)
        try:
            job()
        except Died:
            assert worker.dead, "Somebody else's death."
        finally:
            self.stack.pop()
        assert not connection.in_atomic_block
        if worker.act is not None and not worker.dead:
            act, worker.act = worker.act, None
            if act != worker.dies:
                act()

    def _execute(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.quiet:
            return execute(sql, params, many, context)
        outside = not connection.in_atomic_block
        if not sql.startswith(LAST_WORDS):
            self._before_a_word(outside)
        if self.stack:
            self.takes()
        result = execute(sql, params, many, context)
        if not sql.startswith("SELECT"):
            self._did(sql)
            self.wrote(sql)
            if outside:
                self.committed()
        return result

    def _before_a_word(self, outside: bool) -> None:
        if outside:
            self.point("statement")
        elif self.stack and self.stack[-1].dead:
            raise Died

    def _before_commit(self) -> None:
        """A place to die, and none to come in between: the transaction is still open."""
        if self.stack and self.stack[-1].act == self.stack[-1].dies:
            try:
                self.point("before COMMIT")
            except Died:
                connection.rollback()
                raise

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Points at the statements and commits of this thread's connection."""
        commit, usual = connection.commit, sys.unraisablehook

        def watched_commit() -> None:
            self._before_commit()
            commit()
            self.committed()

        def unraisable(fault: Any) -> None:
            if fault.exc_type is not Died:  # generators of the dead are closed, and may not write
                usual(fault)

        with (
            patch.object(sys, "unraisablehook", unraisable),
            connection.execute_wrapper(self._execute),
            patch.object(connections["default"], "commit", watched_commit),
        ):
            yield
