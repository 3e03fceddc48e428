"""Deaths at write boundaries: the moments at which something is about to last, or lasts now.

Before each INSERT, UPDATE and DELETE, before and after each COMMIT, before each request that
writes to Amazon, and after its effect, before its answer is read.
"""

from __future__ import annotations

import os
import re
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn
from unittest.mock import patch

import requests
from django.db import connection, connections

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\s+(?:INTO\s+|FROM\s+)?\W?(\w+)", re.IGNORECASE)

STATEMENTS = ("INSERT", "UPDATE", "DELETE")
REQUESTS = ("POST", "PUT", "PATCH", "DELETE")

#: Ends the name of a statement that lasts without a COMMIT.
AT_ONCE = ", which lasts at once"

#: Tables whose rows tell the next worker nothing of what the last one did.
OF_NO_ACCOUNT = ("django_amazon_sync_ratebucket", "django_amazon_sync_lease")


@dataclass
class Boundaries:
    """The write boundaries that were met, by what they are; number ``at`` is met by ``die``."""

    at: int | None = None
    die: Callable[[str], object] = lambda what: os.kill(os.getpid(), signal.SIGKILL)
    met: list[str] = field(default_factory=list)

    def meet(self, what: str) -> None:
        self.met.append(what)
        if len(self.met) == self.at:
            self.die(what)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Meet each boundary of this thread's connections to the database and to Amazon."""
        commit, send = connection.commit, requests.Session.send

        def counted_execute(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if found := WRITES.match(sql):
                lasts = "" if connection.in_atomic_block else AT_ONCE
                self.meet(f"before {found[1].upper()} {found[2]}{lasts}")
            return execute(sql, params, many, context)

        def counted_commit() -> None:
            self.meet("before COMMIT")
            commit()
            self.meet("after COMMIT")

        def counted_send(session: Any, request: Any, **how: Any) -> Any:
            if request.method in ("GET", "HEAD"):
                return send(session, request, **how)
            self.meet(f"before {request.method}")
            answer = send(session, request, **how)
            self.meet(f"after {request.method}")
            return answer

        with (
            connection.execute_wrapper(counted_execute),
            patch.object(connections["default"], "commit", counted_commit),
            patch.object(requests.Session, "send", counted_send),
        ):
            yield


class Died(BaseException):
    """A death within this process, which leaves no more behind than the end of a transaction."""


def die_within(what: str) -> NoReturn:
    """Die here, as far as a process can that lives on."""
    if what == "before COMMIT":
        connection.rollback()
    raise Died(what)


def boundaries_of(act: Callable[[], object]) -> list[str]:
    """The write boundaries of ``act``, which a process of its own does to its end."""
    reader, writer = os.pipe()

    def act_and_tell() -> None:
        boundaries = Boundaries()
        with boundaries.watched():
            act()
        with os.fdopen(writer, "w") as pipe:
            pipe.write("\n".join(boundaries.met))

    status = _in_child(act_and_tell)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        met = pipe.read().splitlines()
    assert status == 0, f"The process that counts the boundaries ended with {status}."
    return met


def different_deaths(met: Sequence[str]) -> list[int]:
    """The boundaries (from 1) that differ in what a death there leaves behind.

    Nothing lasts between a COMMIT or a request and the next, save what lasts at once; of all
    boundaries in between, and of those at which only OF_NO_ACCOUNT was written since, the first
    is enough.
    """
    numbers, written = [1], False
    for number, what in enumerate(met, start=1):
        if number > 1 and written and _lasts_since(met[number - 2]):
            numbers.append(number)
            written = False
        of_account = not any(table in what for table in OF_NO_ACCOUNT)
        written |= of_account and what.split()[1] in (*STATEMENTS, *REQUESTS)
    return numbers


def _lasts_since(what: str) -> bool:
    """Whether what is done right after this boundary lasts."""
    name = what.split()[1]
    return what.endswith(AT_ONCE) or (what.startswith("before") and name in ("COMMIT", *REQUESTS))


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Do ``act`` in a process that is killed at this boundary; False where it ended before."""

    def act_until_death() -> None:
        with Boundaries(at=number).watched():
            act()

    status = _in_child(act_until_death)
    assert status in (0, signal.SIGKILL), f"The process ended with {status}."
    return status == signal.SIGKILL


def _in_child(act: Callable[[], object]) -> int:
    """The wait status of a process that did ``act``; both open their own connections."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        _do_and_exit(act)
    return os.waitpid(pid, 0)[1]


def _do_and_exit(act: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may leave the process but its exit code
        traceback.print_exc()
    finally:
        os._exit(code)
