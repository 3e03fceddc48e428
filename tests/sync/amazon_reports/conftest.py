"""What the tests of reports share."""

from __future__ import annotations

import pytest

from django_amazon_sync.testing.simulator import Simulator


@pytest.fixture(autouse=True)
def _nothing_listed(amazon: Simulator) -> None:
    """The sample listings of a new Amazon are none of ours here."""
    amazon._world.skus.clear()
