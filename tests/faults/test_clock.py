"""Amazon's clock is minutes ahead of the host's."""

from __future__ import annotations

from datetime import timedelta

from tests import factories
from tests.faults.comparing import come_back, differences
from tests.faults.stages import Stages
from tests.world import shop_order


def test_a_parcel_that_leaves_at_once_is_not_older_than_its_order(stages: Stages) -> None:
    with stages.at("connected", clock_offset=timedelta(minutes=5)) as world:
        world.sell("MUG", quantity=9)
        world.amazon.advance(60)
        number = world.buy("MUG", 2)
        world.amazon.advance(180)
        world.import_orders()
        order = shop_order(number)
        line = order.lines.get()
        note = "Carrier: DHL / Tracking: 00340434161094"
        factories.shipping_event(order.pk, {line.partner_line_reference: 2}, note)
        assert world.confirm_shipments().went_well
        come_back(world)
        assert differences(world) == []
