"""The simulated time: runs with the host's clock, but faster, beside it, or ahead of it."""

from datetime import UTC, datetime, timedelta

from django_amazon_sync import clock

API_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Clock:
    """Simulated UTC: the host's time since the start, scaled, plus an offset and what was skipped.

    It follows the package's clock, so a test that travels in time takes the simulator along;
    ``offset`` is how far this Amazon's clock stands from the host's.
    """

    def __init__(self, time_scale: float = 1.0, offset: timedelta = timedelta(0)) -> None:
        self.time_scale = time_scale
        self._start = clock.timestamp()
        self._ahead = offset.total_seconds()

    def timestamp(self) -> float:
        """Simulated seconds since 1970."""
        elapsed = clock.timestamp() - self._start
        return self._start + elapsed * self.time_scale + self._ahead

    def now(self) -> datetime:
        """Simulated time, aware UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def advance(self, seconds: float) -> None:
        """Skip that many simulated seconds."""
        self._ahead += seconds

    def not_before(self, timestamp: float) -> None:
        """Skip forward to a time that was reached before a restart; never goes back."""
        self._ahead += max(0.0, timestamp - self.timestamp())


def api_time(timestamp: float) -> str:
    """A moment as Amazon writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(timestamp, UTC).strftime(API_FORMAT)


def read_time(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 moment with a zone. Raises ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.timestamp()
