"""Offers out, against a simulated Amazon."""

from __future__ import annotations

from decimal import Decimal

from django_amazon_sync.models import Outcome, RunState
from tests import factories
from tests.sync.conftest import World, lines_of


def test_a_listing_is_adopted_and_what_differs_is_sent(world: World) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    first = world.export()
    assert first.state == RunState.DONE, first.reason
    assert lines_of(first, "outcome") == []
    assert world.writes() == 0

    record.price, record.num_in_stock = Decimal("11.50"), 3
    record.save()
    second = world.export()
    assert lines_of(second, "outcome", "values") == [
        (Outcome.SENT, {"quantity": 3}),
        (Outcome.SENT, {"price": "11.50 EUR"}),
    ]
    live = world.live("MUG")
    assert (live.price, live.quantity) == (Decimal("11.50"), 3)


def test_a_second_run_sends_nothing(world: World) -> None:
    world.sell("MUG", quantity=5)
    factories.stock_record("CUP", price="4.00", in_stock=2)
    world.list_on_amazon("CUP", price="5.00", quantity=9)
    world.export()
    sent = world.writes()
    assert sent == 2
    again = world.export()
    assert (again.state, again.went_well) == (RunState.DONE, True)
    assert world.writes() == sent
