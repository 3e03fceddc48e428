"""SIGKILL at every write boundary of what orders go through that Amazon does not show whole.

Afterwards Amazon shows them whole: each is in the shop once, with its total, and nothing is
reserved any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest

from django_amazon_sync import clock
from django_amazon_sync.errors import Unreadable
from django_amazon_sync.models import AmazonOrder, Marketplace, OrderState
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders import placing, saving, units
from tests.faults.comparing import come_back, differences, quiet
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages
from tests.world import FR, World

SAMPLE = 2

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own

#: The parts of an order of which Amazon leaves one out, or shows it so that nobody can read it.
NO_LINES: dict[str, Any] = {"orderItems": []}
UNREADABLE = {"proceeds": {"grandTotal": {"amount": "N/A", "currencyCode": "EUR"}}}
NO_TOTAL: dict[str, Any] = {"proceeds": {}}
NO_LINE_TO_READ: dict[str, Any] = {"orderItems": [{"orderItemId": "1"}]}


@dataclass
class Shown:
    """The newest order, and what of it Amazon shows otherwise."""

    number: str
    whole: dict[str, Any]


def shown(world: World, parts: dict[str, Any], **bought: Any) -> Shown:
    """A buyer ordered, and Amazon does not show all of it."""
    number = world.buy("MUG", lines=[("MUG", 3), ("SHEARS", 1)], **bought)
    order = world.amazon.order(number)
    world.amazon.set_order(number, **parts)
    return Shown(number, {name: order[name] for name in parts})


def is_whole(world: World, odd: Shown, *, touched: bool = True) -> None:
    """Amazon shows it as it is; ``touched``: as a change."""
    moment = (
        {} if touched else {"lastUpdatedTime": world.amazon.order(odd.number)["lastUpdatedTime"]}
    )
    world.amazon.set_order(odd.number, **odd.whole, **moment)


def due() -> None:
    """The time has come to ask for every order that lacks something."""
    AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now())


def imports(world: World) -> None:
    world.import_orders()


@dataclass(frozen=True)
class Case:
    """What Amazon shows, what was done before, and the act in which a worker dies."""

    parts: dict[str, Any]
    act: Callable[[World], object]
    before: Callable[[World, Shown], object] = lambda world, odd: None


def stored(world: World, odd: Shown) -> None:
    world.import_orders()
    due()


def asked_thrice(world: World, odd: Shown) -> None:
    for _ in range(3):
        world.import_orders()
        due()


def mended_at_the_same_moment(world: World, odd: Shown) -> None:
    stored(world, odd)
    is_whole(world, odd, touched=False)


def put_aside(world: World, odd: Shown) -> None:
    for _ in range(5):
        world.import_orders()
        due()
    assert AmazonOrder.objects.get(number=odd.number).state == OrderState.QUARANTINED


def placed_before(world: World, odd: Shown) -> None:
    """The shop has it whole; then Amazon leaves a part out."""
    is_whole(world, odd)
    world.import_orders()
    parts: dict[str, Any] = {name: [] if name == "orderItems" else {} for name in odd.whole}
    world.amazon.set_order(odd.number, **parts)


def line_gone(world: World, odd: Shown) -> None:
    """Amazon cancels a line, and does not name it any more."""
    placed_before(world, odd)
    is_whole(world, odd)
    world.amazon.cancel(odd.number, item="SHEARS")
    left = [one for one in world.amazon.order(odd.number)["orderItems"] if one["quantityOrdered"]]
    odd.whole = {"orderItems": world.amazon.order(odd.number)["orderItems"]}
    world.amazon.set_order(odd.number, orderItems=left)


def cancelled_bare(world: World, odd: Shown) -> None:
    """All of it is cancelled, and it names no line."""
    placed_before(world, odd)
    is_whole(world, odd)
    world.amazon.cancel(odd.number)
    odd.whole = {"orderItems": world.amazon.order(odd.number)["orderItems"]}
    world.amazon.set_order(odd.number, orderItems=[])


def fails_to_save(world: World) -> None:
    """The newest order is one that cannot be saved."""

    def fails(copy: Any, *args: Any) -> None:
        if copy.row.reason_code or copy.row.updated_at is None:
            raise Unreadable("It cannot be saved.")

    with patch.object(saving, "_take_in", fails):
        world.import_orders()


def place_as_it_is(world: World) -> None:
    placing.place_as_it_is(AmazonOrder.objects.filter(reason_code="total"))
    world.import_orders()


def name_units(world: World) -> None:
    [order] = AmazonOrder.objects.exclude(units_unknown_since=None)
    units.name_units(order, world.shop, {"MUG": 3, "SHEARS": 1})


def ask_again(world: World) -> None:
    placing.replay(AmazonOrder.objects.filter(state=OrderState.QUARANTINED))
    world.import_orders()


CASES: dict[str, Case] = {
    "incomplete, seen first": Case(NO_LINES, imports),
    "incomplete, asked for": Case(NO_LINES, imports, stored),
    "incomplete, asked for and whole": Case(NO_TOTAL, imports, mended_at_the_same_moment),
    "asked in vain, put aside": Case(NO_LINES, imports, asked_thrice),
    "put aside, asked again": Case(NO_TOTAL, ask_again, put_aside),
    "placed as it is": Case(NO_TOTAL, place_as_it_is, put_aside),
    "unreadable, seen first": Case(UNREADABLE, imports),
    "unreadable, asked for": Case(UNREADABLE, imports, stored),
    "unreadable lines, named by staff": Case(NO_LINE_TO_READ, name_units, stored),
    "not saved": Case(NO_TOTAL, fails_to_save),
    "placed, in doubt": Case(NO_LINES, imports, placed_before),
    "placed, a line gone": Case(NO_LINES, imports, line_gone),
    "placed, cancelled without lines": Case(NO_LINES, imports, cancelled_bare),
}


@pytest.mark.parametrize("name", CASES)
def test_an_order_that_is_not_whole_is_there_once_whoever_died(name: str, stages: Stages) -> None:
    case = CASES[name]
    met, failures = list[str](), dict[str, Any]()
    with stages.at("exported") as world:
        odd = shown(world, case.parts)
        case.before(world, odd)
        met += boundaries_of(lambda: case.act(world))
        if wrong := in_the_end(world, odd):
            failures["undisturbed"] = wrong
    for number in chosen_deaths(met, SAMPLE):
        with stages.at("exported") as world:
            odd = shown(world, case.parts)
            case.before(world, odd)
            killed_at(number, lambda world=world: case.act(world))  # type: ignore[misc]
            if wrong := in_the_end(world, odd):
                failures[f"{number}: {met[number - 1]}"] = wrong
    assert not failures


def in_the_end(world: World, odd: Shown) -> list[str]:
    """What is wrong once Amazon shows all as it is."""
    is_whole(world, odd)
    due()
    come_back(world)
    reserved = {offer: number for offer, number in units_reserved().items() if number}
    left = [f"{reserved} are reserved"] if reserved else []
    return [*differences(world), *quiet(world), *left]


def test_who_joins_is_searched_from_the_cut_over_whoever_died(stages: Stages) -> None:
    """The new marketplace's own window, the chain and the orders in them."""

    def joins(world: World) -> None:
        Marketplace.objects.get_or_create(
            account=world.account, code=FR, defaults={"language": "fr_FR", "active": False}
        )
        world.import_orders()

    def sold_elsewhere(world: World) -> str:
        world.list_on_amazon("FRENCH", marketplace=FR, price="5.00", quantity=9)
        number = world.buy("FRENCH", marketplace=FR)
        world.import_orders()
        world.amazon.advance(3 * 3600)
        world.import_orders()
        return number

    with stages.at("exported") as world:
        sold_elsewhere(world)
        met = boundaries_of(lambda: joins(world))
    failures = {}
    for at in chosen_deaths(met, SAMPLE):
        with stages.at("exported") as world:
            number = sold_elsewhere(world)
            killed_at(at, lambda world=world: joins(world))  # type: ignore[misc]
            joins(world)
            come_back(world)
            there = AmazonOrder.objects.filter(number=number, state=OrderState.PLACED).count()
            if there != 1 or differences(world):
                failures[f"{at}: {met[at - 1]}"] = (there, differences(world))
    assert not failures
