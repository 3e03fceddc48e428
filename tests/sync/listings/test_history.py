"""The history of a listing's numbers: what was sent is told once when it is live."""

from __future__ import annotations

from datetime import datetime

import pytest

from django_amazon_sync.models import SubmissionItem
from tests.sync.export.steps import change
from tests.world import World

pytestmark = pytest.mark.django_db


def sent(sku: str, name: str) -> list[SubmissionItem]:
    """What was sent of a field, the oldest first."""
    items = SubmissionItem.objects.filter(listing__sku__sku=sku, values__has_key=name)
    return list(items.order_by("pk"))


def live(sku: str, name: str) -> list[bool]:
    """Of each value that was sent whether it was seen live."""
    return [name in item.live for item in sent(sku, name)]


def test_what_a_verification_proves_was_live_since_then_and_stays_so(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    change("MUG", num_in_stock=3)
    world.export()
    assert live("MUG", "quantity") == [False]
    world.amazon.advance(600)
    world.verify()
    (item,) = sent("MUG", "quantity")
    first = datetime.fromisoformat(item.live["quantity"])
    assert first > item.submission.created_at
    world.amazon.advance(600)
    world.verify()
    assert datetime.fromisoformat(sent("MUG", "quantity")[0].live["quantity"]) == first


def test_a_value_that_was_live_before_is_not_so_because_of_that(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    for number in (3, 4, 3):
        change("MUG", num_in_stock=number)
        world.import_orders()
        world.export()
        world.amazon.advance(600)
        if number == 3 and len(sent("MUG", "quantity")) == 1:
            world.verify()
    assert live("MUG", "quantity") == [True, False, False]
    world.verify()
    assert live("MUG", "quantity") == [True, False, True]
