"""Clocks that stand in for the host's: ``clock.stood_in_for(StandIn(), seed=1)``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StandIn:
    """A clock that moves when it is told to, by ``sleep``."""

    def __init__(self, moment: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def stores_now(self) -> datetime:
        return self.moment


class Hosts(StandIn):
    """The time, by which the stores go, and the clock of the host that is at work, which may be
    ``off``."""

    off = timedelta(0)

    def now(self) -> datetime:
        return self.moment + self.off
