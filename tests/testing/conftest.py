"""Fixtures of the simulator's own tests; ``amazon`` is the plugin's."""

from collections.abc import Iterator

import pytest

from django_amazon_sync.testing.simulator import Simulator
from tests.testing.callers import Caller


@pytest.fixture
def caller(amazon: Simulator) -> Iterator[Caller]:
    """The program of the American seller."""
    client = Caller(amazon)
    yield client
    client.close()
