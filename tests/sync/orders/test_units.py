"""Orders of which nobody knows the units: quantities wait for them, for a day at most."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, AmazonOrderLine, OrderState
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders import units
from tests.sync.orders.answers import Answers, answering, iso, item
from tests.world import World, lines_of

NUMBER = "302-0000001-0000001"


@pytest.fixture
def record(world: World) -> Any:
    record = world.sell("MUG", price="20.00", quantity=5)
    world.export()
    return record


@pytest.fixture
def answers(world: World, record: Any) -> Iterator[Answers]:
    with answering(world) as answers:
        yield answers


def restock(record: Any, pieces: int) -> None:
    record.num_in_stock = pieces
    record.save()


def live(answers: Answers) -> int:
    answers.world.import_orders()
    answers.world.export()
    return int(answers.world.live("MUG").quantity)


def test_an_unreadable_order_holds_the_lines_that_can_be_read(
    answers: Answers, record: Any
) -> None:
    odd = {"grandTotal": {"amount": "x"}}
    answers.found = [answers.order(proceeds=odd, orderItems=[item(quantity=4)])]
    answers.world.import_orders()
    assert units_reserved() == {str(record.pk): 4}
    assert not units.units_unknown(answers.world.account)
    restock(record, 6)
    assert live(answers) == 2


@pytest.mark.parametrize("lines", [None, [], "odd", [item(quantity=1), {"orderItemId": "2"}]])
def test_where_lines_cannot_be_read_rises_wait_and_falls_leave(
    answers: Answers, record: Any, lines: Any
) -> None:
    answers.found = [answers.order(orderItems=lines)]
    run = answers.world.import_orders()
    assert "units-unknown" in lines_of(run, "code")
    assert "no quantity of this account rises" in AmazonOrder.objects.get().reason
    restock(record, 9)
    assert live(answers) == 5
    restock(record, 3)
    assert live(answers) <= 3
    restock(record, 9)
    whole = answers.order(orderItems=[item(quantity=4, price="20.00")])
    answers.found, answers.by_id = [whole], {}
    assert live(answers) == 5
    assert not units.units_unknown(answers.world.account)


def test_rises_wait_for_a_day_at_most(answers: Answers, record: Any) -> None:
    answers.found = [answers.order(orderItems=None)]
    restock(record, 9)
    assert live(answers) == 5
    AmazonOrder.objects.update(units_unknown_since=clock.now() - timedelta(hours=25))
    assert live(answers) == 9


def test_what_staff_say_that_an_order_holds_ends_the_waiting(answers: Answers, record: Any) -> None:
    answers.found = [answers.order(orderItems=None)]
    restock(record, 9)
    assert live(answers) == 5
    order = AmazonOrder.objects.get()
    assert units.name_units(order, answers.world.shop, {"MUG": 3})
    assert units_reserved() == {str(record.pk): 3}
    assert live(answers) == 6
    assert not units.name_units(order, answers.world.shop, {"MUG": 1})
    whole = answers.order(orderItems=[item(quantity=2, price="20.00")])
    answers.found, answers.by_id = [whole], {}
    answers.world.import_orders()
    assert AmazonOrder.objects.get().state == OrderState.PLACED
    assert units_reserved() == {}
    left = AmazonOrderLine.objects.filter(quantity__gt=0)
    assert list(left.values_list("item_id", "quantity")) == [("11", 2)]
    assert answers.world.in_stock("MUG") == 7


def test_an_order_that_amazon_ships_holds_nothing_of_ours(answers: Answers, record: Any) -> None:
    by_amazon = {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "AMAZON"}
    answers.found = [answers.order(orderItems=None, fulfillment=by_amazon)]
    restock(record, 9)
    assert live(answers) == 9


def test_what_staff_say_ends_what_an_order_without_an_id_holds(
    answers: Answers, record: Any
) -> None:
    """Amazon can never be asked for it, and shows the same order by its id soon."""
    answers.found = [answers.order("3" * 200, orderItems=[item(quantity=4)])]
    answers.world.import_orders()
    assert units_reserved() == {str(record.pk): 4}
    odd = AmazonOrder.objects.get()
    assert units.name_units(odd, answers.world.shop, {})
    assert not any(units_reserved().values())
    answers.world.import_orders()
    assert not any(units_reserved().values())


def test_lines_that_can_all_be_read_replace_what_staff_said(answers: Answers, record: Any) -> None:
    odd = {"grandTotal": {"amount": "x"}}
    answers.found = [answers.order(proceeds=odd, orderItems="odd")]
    answers.world.import_orders()
    assert units.name_units(AmazonOrder.objects.get(), answers.world.shop, {"MUG": 3})
    later = iso(answers.world.amazon.now())
    answers.found = [
        answers.order(proceeds=odd, orderItems=[item(quantity=2)], lastUpdatedTime=later)
    ]
    answers.by_id = {}
    answers.world.import_orders()
    assert units_reserved() == {str(record.pk): 2}
