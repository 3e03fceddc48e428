"""Time that passes while a test looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from django_amazon_sync import clock


class Ahead(clock.HostClock):
    """A clock that a test sets forward."""

    by = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.by

    def stores_now(self) -> datetime:
        return self.now()


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Let so much time pass."""
    ahead = Ahead()

    def passes(time: timedelta) -> None:
        ahead.by += time

    with clock.stood_in_for(ahead, seed=1):
        yield passes
