"""pytest fixtures: ``pytest_plugins = ["django_amazon_sync.testing.plugin"]`` in a conftest."""

from collections.abc import Iterator

import pytest

from .simulator import Simulator


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    """A fresh simulated Amazon, without rate limits; it serves until the test ends."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator
