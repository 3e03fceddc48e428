"""Workers that are interrupted: by another one that comes in between, or by their death.

Points at which that may happen: before and after each call to Amazon, before each statement that
is outside of a transaction, and around each COMMIT. Nothing else in a worker is seen by another
one. A worker that died does not write another word, neither to the database nor to Amazon; its
lease stays, as that of a worker on another host would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.db import connection, connections

from tests.faults.deaths import Died

#: What ends a transaction is no word.
LAST_WORDS = ("ROLLBACK", "RELEASE", "SAVEPOINT")


@dataclass
class Worker:
    """One at work; at its ``at``-th point ``act`` happens, once."""

    at: int = 0
    calls_only: bool = False
    act: Callable[[], object] | None = None
    met: int = 0
    dead: bool = False

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

    def point(self, what: str, *, call: bool = False) -> None:
        """Here another one may come in between, or this one may die."""
        if not self.stack or self.quiet:
            return
        worker = self.stack[-1]
        if worker.dead:
            raise Died
        if worker.act is None or (worker.calls_only and not call):
            return
        worker.met += 1
        if worker.met == worker.at:
            act, worker.act = worker.act, None
            act()

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
