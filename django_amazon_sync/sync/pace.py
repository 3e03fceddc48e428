"""When a run will be done with its items: by Amazon's plan at first, then by the pace it has."""

from __future__ import annotations

#: The pace counts once a twentieth of the items is done, or after so many seconds.
A_TWENTIETH = 20
LONG_ENOUGH = 30.0


class Pace:
    """How fast ``total`` items get done; times are seconds of one clock.

    The pace is that of the newer items, at least the newer half, so that a rate which Amazon
    changes early is soon forgotten. ``seconds_each`` is what an item takes by Amazon's plan.
    """

    def __init__(self, total: int, seconds_each: float, now: float) -> None:
        self._total = total
        self._seconds_each = seconds_each
        self._done = 0
        self._began = now
        self._since = self._next = (0, now)

    def advance(self, number: int, now: float) -> None:
        """So many more items are done."""
        self._done += number
        if self._done >= 2 * self._next[0]:
            self._since, self._next = self._next, (self._done, now)

    def seconds_left(self, now: float) -> float:
        """How long the rest will take."""
        left = max(self._total - self._done, 0)
        return left * (self._measured(now) or self._seconds_each)

    def _measured(self, now: float) -> float | None:
        """Seconds that an item took lately; None before enough is known."""
        done, at = self._since
        if self._done == done:
            return None
        early = self._done * A_TWENTIETH < self._total and now - self._began < LONG_ENOUGH
        return None if early else (now - at) / (self._done - done)
