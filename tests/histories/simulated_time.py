"""One clock for shop, package, database and Amazon, which moves only when somebody moves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django_amazon_sync import clock

BEGINNING = datetime(2026, 12, 7, 8, tzinfo=UTC)


class SimulatedClock:
    """Seconds since the beginning of a history. Whoever sleeps moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += max(0.0, seconds)

    def stores_now(self) -> datetime:
        return self.now()

    @contextmanager
    def stands_in(self, seed: int) -> Iterator[None]:
        """All that tells the time asks here, and the package's dice begins at the seed.

        The simulator follows the package's clock. Django dates rows that are made
        (``auto_now_add``) by ``timezone.now``.
        """
        with (
            clock.stood_in_for(self, seed),
            patch("django.utils.timezone.now", self.now),
        ):
            yield
