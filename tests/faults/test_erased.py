"""After buyers' data were erased nothing of any buyer is left, wherever one looks.

``ERASED_ORDERS=1000`` tries as many orders; by default some dozens.
"""

from __future__ import annotations

import logging
import os
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from django_amazon_sync import clock
from django_amazon_sync.management.commands.amazon_rotate_keys import encrypted_columns
from django_amazon_sync.models import AmazonOrder, Erasure, OrderState
from django_amazon_sync.sync import housekeeping
from django_amazon_sync.sync.privacy import erase
from tests.world import World

#: Orders that buyers place; each buyer is another one.
ORDERS = int(os.environ.get("ERASED_ORDERS", "40"))

SYLLABLES = ("quil", "zeb", "ottol", "vran", "hesk", "mordu", "pelik", "swen", "tarq", "ywain")
WORD = re.compile(f"(?:{'|'.join(SYLLABLES)}){{3}}[0-9]{{4,}}")


class People:
    """Seeded buyers: every word of theirs is nobody else's, and none of the shop's."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.words: list[str] = []

    def _word(self) -> str:
        parts = (self._dice.choice(SYLLABLES) for _ in range(3))
        word = f"{''.join(parts).title()}{len(self.words):04}"
        self.words.append(word)
        return word

    def buyer(self) -> dict[str, Any]:
        """What the simulator takes of one buyer."""
        return {
            "buyer": {
                "buyerName": f"{self._word()} {self._word()}",
                "buyerEmail": f"{self._word()}@buyers.example.com",
                "buyerCompanyName": f"{self._word()} Ltd",
                "buyerPurchaseOrderNumber": self._word(),
            },
            "address": {
                "name": f"{self._word()} {self._word()}",
                "companyName": self._word(),
                "addressLine1": f"17 {self._word()} Mews",
                "addressLine2": f"Attic {self._word()}",
                "districtOrCounty": self._word(),
                "postalCode": self._word(),
                "countryCode": "GB",
                "phone": f"+44 113 {self._word()}",
            },
            "gift_message": f"Dearest {self._word()}, love",
        }


def everything() -> str:
    """Every column of every row of every table of the database, the encrypted ones opened too."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    for model, column in encrypted_columns():
        rows += [str(getattr(row, column)) for row in model._default_manager.all()]
    return "\n".join(rows)


def named_in(text: str) -> set[str]:
    """Every word of a buyer's that stands in it, also as a part of something else."""
    return set(WORD.findall(text.lower()))


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
