"""SIGKILL at every write boundary of a purge; and two that purge at once.

An order's buyer is gone from all copies or from none, its evidence says so, and the next round
does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, Erasure
from django_amazon_sync.sync.privacy import erase
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.racing import at_once, needs_postgresql
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages
from tests.people import People, everything, named_in
from tests.world import World, shop_order

SAMPLE = 3

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own


class Bought:
    """Orders of seeded people that are over long ago, and one that is still to be sent."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.words: dict[str, set[str]] = {}
        people = People(15)
        for _ in range(number + 1):
            before = len(people.words)
            order = world.buy("MUG", 1, **people.buyer())
            self.words[order] = {word.lower() for word in people.words[before:]}
        world.import_orders()
        *self.due, self.needed = self.words
        for order in self.due:
            world.amazon.ship_by_hand(order)
        world.import_orders()
        then = clock.now() - timedelta(days=60)
        moments = {"ordered_at": then, "deliver_by": then, "updated_at": then}
        AmazonOrder.objects.filter(number__in=self.words).update(**moments)
        erase.allow(world.account, "clerk")

    @property
    def erased(self) -> set[str]:
        return set(AmazonOrder.objects.exclude(erased_at=None).values_list("number", flat=True))

    def faults(self) -> list[str]:
        """What is wrong at any moment, in words."""
        erased, left = self.erased, named_in(everything())
        counted = sum(done.counts.get("orders", 0) for done in Erasure.objects.all())
        wrong = [] if counted == len(erased) else [f"{counted} are counted, {len(erased)} erased"]
        for number, words in self.words.items():
            if number in erased and (said := words & left):
                wrong.append(f"{number} is erased, and {sorted(said)} are left")
            if number not in erased and (gone := words - left):
                wrong.append(f"{number} is not erased, and {sorted(gone)} are gone")
        return wrong

    def faults_in_the_end(self) -> list[str]:
        """What is wrong when all that was due had to go."""
        erased = self.erased
        kept = shop_order(self.needed).shipping_address.summary
        wrong = [f"{number} is not erased" for number in self.due if number not in erased]
        if self.needed in erased or not named_in(kept):
            wrong.append(f"{self.needed} is still to be sent, and its buyer is gone")
        return [*wrong, *self.faults()]


PURGES: dict[str, Callable[[Bought], object]] = {
    "of what is due": lambda bought: erase.erase_due(),
    "of orders on request": lambda bought: erase.erase_orders(
        bought.world.account, list(bought.words), by="clerk"
    ),
    "of an account": lambda bought: erase.erase_account(bought.world.account, by="clerk"),
}


@pytest.mark.parametrize("name", PURGES)
def test_a_purge_that_is_killed_anywhere_leaves_each_order_whole_or_erased(
    name: str, stages: Stages
) -> None:
    purge = PURGES[name]
    failures: dict[str, Any] = {}
    with stages.at("exported") as world:
        bought = Bought(world, 3)
        met = boundaries_of(lambda: purge(bought))
        if wrong := bought.faults_in_the_end():
            failures["undisturbed"] = wrong
    for number in chosen_deaths(met, SAMPLE):
        with stages.at("exported") as world:
            bought = Bought(world, 3)
            killed_at(number, lambda bought=bought: purge(bought))  # type: ignore[misc]
            at_once_after = bought.faults()
            purge(bought)
            if wrong := [*at_once_after, *bought.faults_in_the_end()]:
                failures[f"{number}: {met[number - 1]}"] = wrong
    assert not failures


@pytest.mark.parametrize("name", PURGES)
def test_two_that_purge_at_once_erase_and_count_each_order_once(name: str, stages: Stages) -> None:
    needs_postgresql()
    with stages.at("exported") as world:
        bought = Bought(world, 12)
        purge = PURGES[name]
        assert at_once(lambda: purge(bought), lambda: purge(bought)) == []
        assert bought.faults_in_the_end() == []
