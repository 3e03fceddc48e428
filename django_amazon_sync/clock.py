"""One clock and one dice for the whole package: all that waits, dates or draws asks here.

So a test can stand in for time and chance, and one seed run twice does the same twice. Times are
aware UTC; ``monotonic`` and ``sleep`` count seconds. The clock on which several hosts agree is that
of the database (sync/runs/database_clock.py), or of Redis; ``stores_now`` stands in for it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time, and waits."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...

    def stores_now(self) -> datetime | None:
        """Now as the database and Redis have it; None where they tell it themselves."""
        ...


class HostClock:
    """This host's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def stores_now(self) -> datetime | None:
        return None


_hosts = HostClock()
_clock: Clock = _hosts

#: Spreads load over time; guards nothing.
dice = random.Random()  # noqa: S311


def now() -> datetime:
    """Now by this host's clock, aware UTC."""
    return _clock.now()


def timestamp() -> float:
    """Seconds since 1970 by this host's clock."""
    return _clock.now().timestamp()


def monotonic() -> float:
    """Seconds of a clock that never goes back, for spans of time only."""
    return _clock.monotonic()


def sleep(seconds: float) -> None:
    """Wait so many seconds; not at all where they are not positive."""
    _clock.sleep(seconds)


def stores_now() -> datetime | None:
    """Now for what several hosts share, where a clock stands in for the database's and Redis's;
    else None, and they tell it themselves."""
    return _clock.stores_now()


@contextmanager
def stood_in_for(other: Clock, seed: int) -> Iterator[None]:
    """Let another clock tell the time, and the dice begin at ``seed``, for the block."""
    global _clock
    before, state = _clock, dice.getstate()
    _clock = other
    dice.seed(seed)
    try:
        yield
    finally:
        _clock = before
        dice.setstate(state)
