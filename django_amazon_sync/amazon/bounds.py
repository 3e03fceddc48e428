"""How long an exchange may take altogether, and how much may come of it.

The timeouts of requests and urllib3 count each read anew: an answer that drips, a byte every
twenty-nine seconds, keeps a worker for days, and one without an end fills its memory. Bounds are
kept at the socket (sessions.py), so that no way of reading goes round them: the lines of the head
and the lengths of chunks count as the body does.

The one thing without a bound is the look-up of a name, which is the operating system's.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django_amazon_sync import clock
from django_amazon_sync.amazon.addresses import Places
from django_amazon_sync.errors import TooLate, Unavailable


class Bounds:
    """The bounds of one exchange; times are those of ``clock.monotonic()``.

    ``seconds`` is for all of it. Where ``per_second`` is given, so many bytes that go or come win
    a second more, up to ``at_most`` seconds. ``largest`` is in bytes as they come over the wire.
    From ``not_after`` on no request may begin. Where ``places`` are given, nothing goes elsewhere.
    """

    def __init__(
        self,
        operation: str,
        seconds: float,
        *,
        largest: int,
        per_second: float = math.inf,
        at_most: float = math.inf,
        not_after: float = math.inf,
        places: Places | None = None,
    ) -> None:
        self.operation = operation
        self.places = places
        self.largest = largest
        self._per_second = per_second
        self._not_after = not_after
        begun = clock.monotonic()
        self._until = begun + seconds
        self._at_most = begun + at_most
        self._came = 0

    def look(self) -> None:
        """Right before the first byte of a request. Raises TooLate, Unavailable: nothing left."""
        if clock.monotonic() >= self._not_after:
            raise TooLate(self.operation)
        self.seconds_left(sent=False)

    def seconds_left(self, *, sent: bool = True) -> float:
        """How long the next step may take. Raises Unavailable where all the time is over."""
        left = min(self._until, self._at_most) - clock.monotonic()
        if left <= 0:
            said = "it took too long altogether; it will be tried again."
            raise Unavailable(self.operation, said, sent=sent)
        return left

    def more_time(self, seconds: float) -> None:
        """So many seconds do not count."""
        self._until += seconds

    def went(self, size: int) -> None:
        """So many bytes were sent."""
        self._until += size / self._per_second

    def came(self, size: int) -> None:
        """So many bytes came. Raises Unavailable where they are more than any answer has."""
        self._until += size / self._per_second
        self._came += size
        self.hold(self._came)

    def hold(self, size: int) -> None:
        """Raises Unavailable where ``size`` is more bytes than any answer has."""
        if size > self.largest:
            said = f"the answer is larger than {self.largest:,} bytes; it will be tried again."
            raise Unavailable(self.operation, said)


_local = threading.local()


def current() -> Bounds | None:
    """The bounds of what this thread exchanges now."""
    bounds: Bounds | None = getattr(_local, "bounds", None)
    return bounds


@contextmanager
def within(bounds: Bounds) -> Iterator[None]:
    """Exchange what the block does within these bounds."""
    before = current()
    _local.bounds = bounds
    try:
        yield
    finally:
        _local.bounds = before
