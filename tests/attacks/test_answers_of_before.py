"""Answers of Amazon by the id that are older than what its search showed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import AmazonOrder, OrderState
from tests.sync.orders.answers import Answers, answering, iso, item
from tests.world import World, shop_order

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NUMBER = "302-0000001-0000001"


@pytest.fixture
def answers(world: World) -> Iterator[Answers]:
    world.sell("MUG", price="20.00", quantity=900)
    world.sell("CUP", price="20.00", quantity=900)
    with answering(world) as answers:
        yield answers


def two_lines(answers: Answers, **changed: Any) -> dict[str, Any]:
    lines = [item("11", price="10.00"), item("12", sku="CUP", price="10.00")]
    return answers.order(NUMBER, orderItems=lines, **changed)


def later(document: dict[str, Any], minutes: int, **changed: Any) -> dict[str, Any]:
    """A copy of a document from so many minutes after it."""
    moment = datetime.fromisoformat(document["lastUpdatedTime"])
    return {**document, **changed, "lastUpdatedTime": iso(moment + timedelta(minutes=minutes))}


def rounds(answers: Answers, number: int) -> None:
    """So many imports, each when the pause of every order is over."""
    for _each in range(number):
        AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now() - timedelta(seconds=1))
        answers.world.import_orders()


def test_a_line_that_was_cancelled_is_so_once_the_answer_by_the_id_is_up_to_date(
    answers: Answers,
) -> None:
    """A placed order is changed, a search shows it without one of its lines, and Amazon's answer by
    the id shows it as before for some minutes. The old answer counted as one to the question, and
    the change was never asked for again: the packer packs what was cancelled."""
    before = two_lines(answers)
    answers.found = [before]
    answers.world.import_orders()
    assert AmazonOrder.objects.get().state == OrderState.PLACED
    after = later(before, 5, orderItems=before["orderItems"][:1])
    answers.found, answers.by_id = [after], {NUMBER: before}
    answers.world.import_orders()
    answers.by_id = {NUMBER: after}
    rounds(answers, 2)
    lines = dict(shop_order(NUMBER).lines.values_list("partner_line_reference", "quantity"))
    assert lines == {"11": 1, "12": 0}


def test_an_answer_of_before_is_a_question_in_vain(answers: Answers) -> None:
    """The same of an order that is not placed: it was asked for in each run, first of all, for
    ever, so that thirty such orders keep all others from their answers, and no person was told."""
    pending = {"fulfillmentStatus": "PENDING", "fulfilledBy": "MERCHANT"}
    before = two_lines(answers, fulfillment=pending)
    answers.found = [before]
    answers.world.import_orders()
    after = later(before, 5, orderItems=before["orderItems"][:1])
    answers.found, answers.by_id = [after], {NUMBER: before}
    answers.asked.clear()
    for _each in range(6):
        answers.world.import_orders()
    assert len(answers.asked) < 6
    rounds(answers, 6)
    assert AmazonOrder.objects.get().state == OrderState.QUARANTINED
