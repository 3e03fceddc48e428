"""After buyers' data were erased nothing of any buyer is left, wherever one looks.

``ERASED_ORDERS=1000`` tries as many orders; by default some dozens.
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Erasure, OrderState
from django_amazon_sync.sync import housekeeping
from django_amazon_sync.sync.privacy import erase
from tests.people import People, everything, named_in
from tests.world import World

#: Orders that buyers place; each buyer is another one.
ORDERS = int(os.environ.get("ERASED_ORDERS", "40"))


def many_orders(world: World, people: People) -> None:
    """Orders as they come: shipped, cancelled, quarantined, unreadable, with customers made."""
    world.account.import_customers = world.account.relay_customers = True
    world.account.save()
    world.sell("MUG", price="10.00", quantity=5 * ORDERS)
    world.export()
    numbers = [world.buy("MUG", 1, **people.buyer()) for _ in range(ORDERS)]
    for place, number in enumerate(numbers[::10]):
        items = world.amazon.order(number)["orderItems"]
        said = {"customizedUrl": f"https://custom.example/{people.words[place]}"}
        items[0]["product"]["customization"] = said
        preference = {"addressInstruction": f"Ring for {people.words[place]}"}
        recipient = {**world.amazon.order(number)["recipient"], "deliveryPreference": preference}
        world.amazon.set_order(number, orderItems=items, recipient=recipient)
    world.amazon.set_order(numbers[1], orderItems=2 * world.amazon.order(numbers[1])["orderItems"])
    world.import_orders()
    world.amazon.cancel(numbers[2])
    world.import_orders()
    for number in numbers:
        if world.amazon.order(number)["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED":
            world.amazon.ship_by_hand(number)
    progress = world.amazon.order(numbers[1])["fulfillment"]
    world.amazon.set_order(numbers[1], fulfillment={**progress, "fulfillmentStatus": "SHIPPED"})
    world.import_orders()


def test_nothing_of_any_buyer_is_left_in_the_database_or_the_logs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    people = People(15)
    many_orders(world, people)
    states = set(AmazonOrder.objects.values_list("state", flat=True))
    assert {OrderState.PLACED, OrderState.CANCELLED, OrderState.QUARANTINED} <= states
    assert {word.lower() for word in people.words} <= named_in(everything())
    then = clock.now() - timedelta(days=60)
    AmazonOrder.objects.update(ordered_at=then, deliver_by=then, delivered_at=None, updated_at=then)
    erase.allow(world.account, "clerk")
    for _ in range(1 + ORDERS // erase.ORDERS_PER_ROUND):
        erase.erase_due()
    assert AmazonOrder.objects.filter(erased_at=None).count() == 0
    assert sum(done.counts["orders"] for done in Erasure.objects.all()) == ORDERS
    assert named_in(everything()) == set()
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records
    )
    assert "searchOrders" in logged
    assert named_in(logged) == set()
    housekeeping.keep_house()
    world.import_orders(since=(then - timedelta(days=1)).isoformat())
    assert named_in(everything()) == set()
