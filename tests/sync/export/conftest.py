"""What the tests of the export share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.export.steps import SKUS, change
from tests.world import World


@pytest.fixture
def shop(world: World, settings: Any) -> World:
    """A shop with more changes than patches are meant for: all prices and all stock."""
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "FEED_THRESHOLD": 2,
        "RUN_MOVE_COUNT": 100,
    }
    for sku in SKUS:
        world.sell(sku, price="11.00", quantity=40)
    assert world.export().went_well
    for sku in SKUS:
        change(sku, price="12.00", num_in_stock=50)
    return world
