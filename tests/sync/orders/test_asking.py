"""Orders that lack something are asked for, each at its own cost and less and less often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.errors import AmazonError, NotFound, Rejected, Unauthorized, Unavailable
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Lack,
    OrderState,
    Outcome,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders import asking, placing
from django_amazon_sync.testing.simulator import Fault
from tests.sync.orders.answers import Answers, answering, iso
from tests.world import World, lines_of, now_due, shop_order

FIRST, SECOND = "302-0000004-0000004", "302-0000005-0000005"


@pytest.fixture
def answers(world: World) -> Iterator[Answers]:
    world.sell("MUG", price="20.00", quantity=900)
    with answering(world) as answers:
        yield answers


def order_of(number: str) -> AmazonOrder:
    return AmazonOrder.objects.get(number=number)


def time_comes() -> None:
    """All pauses are over."""
    AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now() - timedelta(seconds=1))


NOT_THERE = NotFound("getOrder", "Order not found.", status=404)
REFUSED = Rejected("getOrder", "Amazon refused the request.", status=400)
SILENT = Unavailable("getOrder", "Amazon answered without order.", status=200)
FORBIDDEN = Unauthorized("getOrder", "Amazon refuses access.", status=403)


@pytest.mark.parametrize("error", [NOT_THERE, REFUSED, SILENT, FORBIDDEN])
def test_an_order_that_amazon_does_not_show_costs_that_order_only(
    answers: Answers, error: AmazonError
) -> None:
    """Case 03."""
    answers.found = [answers.order(FIRST, proceeds={}), answers.order(SECOND, proceeds={})]
    answers.by_id = {FIRST: error, SECOND: answers.order(SECOND)}
    run = answers.world.import_orders()
    assert run.state == RunState.DONE
    assert answers.asked == [FIRST, SECOND]
    assert order_of(SECOND).state == OrderState.PLACED
    assert order_of(FIRST).state == OrderState.SEEN
    pauses = []
    for _ in range(5):
        order = order_of(FIRST)
        assert order.ask_at is not None
        pauses.append(round((order.ask_at - clock.now()).total_seconds() / 60))
        answers.world.import_orders()
        assert answers.asked.count(FIRST) == len(pauses)
        time_comes()
        answers.world.import_orders()
    assert pauses == [5, 15, 60, 360, 1440]
    order = order_of(FIRST)
    assert order.state == OrderState.QUARANTINED
    assert "in vain" in order.reason
    answers.by_id[FIRST] = answers.order(FIRST)
    time_comes()
    answers.world.import_orders()
    assert order_of(FIRST).state == OrderState.PLACED


def test_orders_that_never_get_a_total_keep_none_from_one(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ASKED_SINGLY", 3)
    stuck = [f"302-0000009-000000{number}" for number in range(3)]
    answers.found = [answers.order(number, proceeds={}) for number in stuck]
    answers.world.import_orders()
    answers.found = [*answers.found, answers.order(SECOND, proceeds={})]
    answers.by_id = {SECOND: answers.order(SECOND)}
    answers.world.import_orders()
    assert order_of(SECOND).state == OrderState.PLACED


def test_without_any_answer_it_is_an_outage(answers: Answers) -> None:
    numbers = [f"302-0000009-000000{number}" for number in range(6)]
    answers.found = [answers.order(number, proceeds={}) for number in numbers]
    answers.by_id = dict.fromkeys(numbers, SILENT)
    answers.found.append(answers.order(SECOND))
    run = answers.world.import_orders()
    assert (run.state, len(answers.asked)) == (RunState.STOPPED, asking.OUTAGE)
    assert order_of(SECOND).state == OrderState.PLACED


def test_what_was_never_asked_is_no_try_of_an_order(answers: Answers) -> None:
    """Else an hour without Redis puts orders into quarantine."""
    answers.found = [answers.order(FIRST, proceeds={})]
    answers.by_id = {FIRST: Unavailable("rate limiter", "Redis does not answer.", sent=False)}
    for _ in range(8):
        assert answers.world.import_orders().state == RunState.STOPPED
        time_comes()
    assert (order_of(FIRST).state, order_of(FIRST).tries) == (OrderState.SEEN, 0)


def test_staff_place_an_order_without_a_total_at_the_sum_of_its_lines(answers: Answers) -> None:
    answers.found = [answers.order(FIRST, proceeds={})]
    for _ in range(4):
        answers.world.import_orders()
        time_comes()
    order = order_of(FIRST)
    assert (order.state, order.reason_code, order.tries) == (OrderState.QUARANTINED, "total", 4)
    assert placing.place_as_it_is([order]) == 1
    answers.world.import_orders()
    assert shop_order(FIRST).total_incl_tax == 20
    assert answers.world.in_stock("MUG") == 899


def test_an_order_without_lines_cannot_be_placed_as_it_is(answers: Answers) -> None:
    answers.found = [answers.order(FIRST, orderItems=[])]
    answers.world.import_orders()
    assert placing.place_as_it_is([order_of(FIRST)]) == 0


def test_a_replay_of_what_lacks_something_asks_amazon_first(answers: Answers) -> None:
    answers.found = [answers.order(FIRST, proceeds={"grandTotal": {"amount": "x"}})]
    answers.world.import_orders()
    order = order_of(FIRST)
    assert (order.state, placing.replay([order])) == (OrderState.QUARANTINED, 1)
    answers.by_id = {FIRST: answers.order(FIRST)}
    answers.world.import_orders()
    assert order_of(FIRST).state == OrderState.PLACED


@pytest.mark.parametrize("error", [NOT_THERE, REFUSED, SILENT, FORBIDDEN])
@pytest.mark.parametrize("numbers", [[FIRST, SECOND], [SECOND, FIRST]], ids=["before", "after"])
def test_of_orders_that_staff_chose_one_that_is_not_shown_costs_no_other(
    answers: Answers, numbers: list[str], error: AmazonError
) -> None:
    answers.by_id = {FIRST: error, SECOND: answers.order(SECOND)}
    run = answers.world.import_orders(orders=numbers)
    assert run.state == RunState.DONE
    assert sorted(lines_of(run, "order_number", "outcome")) == [
        (FIRST, Outcome.FAILED),
        (SECOND, Outcome.PLACED),
    ]


def test_where_every_order_is_refused_the_run_ends_with_the_reason(answers: Answers) -> None:
    answers.by_id = {FIRST: FORBIDDEN, SECOND: FORBIDDEN}
    run = answers.world.import_orders(orders=[FIRST, SECOND])
    assert (run.state, run.reason_code) == (RunState.STOPPED, Code.UNAUTHORIZED)
    assert run.reason == str(FORBIDDEN)
    assert answers.asked == [FIRST, SECOND]


def test_access_is_refused_where_no_order_can_be_searched_not_where_one_is_not_shown(
    world: World,
) -> None:
    """Amazon refuses single orders for as long as they are there, which is told of these."""
    world.sell("MUG", quantity=9)
    number = world.buy("MUG")
    world.amazon.advance(180)
    world.import_orders()
    AmazonOrder.objects.update(ask_at=clock.now())
    world.amazon.faults.add(Fault("getOrder", "403", times=None, about=number))
    assert world.import_orders(orders=[number]).state == RunState.STOPPED
    world.import_orders()
    assert not Lack.objects.filter(works_since=None).exists()


@pytest.mark.parametrize("already", [0, 1])
def test_a_list_of_orders_goes_on_once_redis_is_there_again(
    world: World, settings: Any, already: int
) -> None:
    """Nothing left for Amazon, so it is no order's fault, also of the last of the list."""
    world.sell("MUG", quantity=9)
    numbers = [world.buy("MUG") for _ in range(2)]
    world.amazon.advance(180)
    run = jobs.request(world.account, Job.IMPORT_ORDERS, options={"orders": numbers})
    if already:
        run.options["so_far"] = already
        run.save()
    ours = settings.AMAZON_SYNC
    settings.AMAZON_SYNC = {**ours, "REDIS_URL": "redis://127.0.0.1:9/0"}
    jobs.perform(run, patience=0.1)
    run = SyncRun.objects.get(pk=run.pk)
    assert (run.state, run.not_before is None) == (RunState.QUEUED, False)
    assert not run.lines.exists()
    assert len(world.amazon.requests_of("getOrder")) == 0

    settings.AMAZON_SYNC = ours
    jobs.perform(now_due(run), patience=5)
    run = SyncRun.objects.get(pk=run.pk)
    assert run.state == RunState.DONE
    assert set(lines_of(run, "order_number", "outcome")) == {
        (number, Outcome.PLACED) for number in numbers[already:]
    }


def test_a_payment_that_pends_for_long_is_asked_for_and_shown(
    answers: Answers, settings: Any
) -> None:
    long_ago = iso(answers.world.amazon.now() - timedelta(days=8))
    AmazonOrder.objects.all().delete()
    answers.world.account.cut_over -= timedelta(days=30)
    answers.world.account.save()
    pending = {"fulfillmentStatus": "PENDING"}
    answers.found = [
        answers.order(FIRST, createdTime=long_ago, fulfillment=pending),
        answers.order(SECOND, fulfillment=pending),
    ]
    answers.world.import_orders()
    answers.world.import_orders()
    assert answers.asked == [FIRST]
    assert order_of(FIRST).state == OrderState.HELD
    assert "longer than usual" in order_of(FIRST).reason
    answers.by_id = {FIRST: answers.order(FIRST, createdTime=long_ago)}
    time_comes()
    answers.world.import_orders()
    assert order_of(FIRST).state == OrderState.PLACED
