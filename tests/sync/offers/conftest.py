"""What the tests of offers share."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def mug(world: World) -> World:
    """A world that sells one mug, as Amazon has it."""
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    return world
