"""Whether the orders of an account are known up to now."""

from __future__ import annotations

from django_amazon_sync.testing.simulator import Fault
from tests.world import World


def test_a_rise_waits_for_orders_and_a_fall_does_not(world: World) -> None:
    rising, falling = world.sell("UP", quantity=5), world.sell("DOWN", quantity=5)
    world.export()
    world.amazon.advance(3600)
    world.amazon.faults.add(Fault("searchOrders", "500", times=100))
    rising.num_in_stock, falling.num_in_stock = 9, 2
    rising.save()
    falling.save()
    world.export()
    assert world.live("UP").quantity == 5
    assert world.live("DOWN").quantity == 2
    world.amazon.faults.clear()
    world.export()
    assert world.live("UP").quantity == 9
