"""What the tests of buyers' data share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder
from tests.world import World

PERSON: dict[str, Any] = {
    "buyer": {"buyerName": "Zebulon Quill", "buyerEmail": "zeb@buyers.example"},
    "address": {
        "name": "Ottoline Quill", "addressLine1": "17 Gooseneck Mews", "postalCode": "QX9 7ZZ",
        "city": "Pelican", "countryCode": "GB", "phone": "+44 113 555 9753",
    },
    "gift_message": "Dearest Zeb, the swans send love",
}  # fmt: skip

WORDS = ("Zebulon", "Ottoline", "Quill", "Gooseneck", "QX9", "9753", "swans")

Sold = Callable[..., AmazonOrder]


@pytest.fixture
def shipped(world: World) -> Sold:
    """Buy a mug on Amazon, import the order, and let Amazon say that it was shipped."""
    world.sell("MUG", price="10.00", quantity=50)
    world.export()

    def sold(*, ship: bool = True, **how: Any) -> AmazonOrder:
        number = world.buy("MUG", 1, **{**PERSON, **how})
        world.import_orders()
        if ship:
            world.amazon.ship_by_hand(number)
            world.import_orders()
        return AmazonOrder.objects.get(number=number)

    return sold


def long_ago(order: AmazonOrder, days: float = 40, **columns: Any) -> None:
    """The order was placed and promised so many days ago."""
    then = clock.now() - timedelta(days=days)
    moments = {"ordered_at": then, "deliver_by": then, **columns}
    AmazonOrder.objects.filter(pk=order.pk).update(**moments)
