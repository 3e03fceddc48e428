"""Fixtures of the simulator's own tests."""

from collections.abc import Iterator

import pytest

from django_amazon_sync.testing.simulator import Simulator
from tests.testing.callers import Caller


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    """A simulated Amazon as the plugin makes it: much that is asked here is wrong on purpose."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture
def caller(amazon: Simulator) -> Iterator[Caller]:
    """The program of the American seller."""
    client = Caller(amazon)
    yield client
    client.close()
