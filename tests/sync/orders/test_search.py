"""Looking at Amazon's orders by hand, and importing what was chosen of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import PLANS, Budget, Limiter, MemoryBuckets, room_at
from django_amazon_sync.errors import NotFound, Throttled
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    OrderState,
    OrderWindow,
    Outcome,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders import search
from django_amazon_sync.sync.orders.search import KEPT_FOR_THE_IMPORT, Asked, look
from django_amazon_sync.testing.simulator import Fault
from tests.clocks import StandIn
from tests.world import DE, FR, World, lines_of, now_due

pytestmark = pytest.mark.django_db


def bought(world: World, number: int = 1) -> list[str]:
    """Orders that Amazon shows by now."""
    world.sell("MUG", quantity=900)
    numbers = [world.buy("MUG") for _ in range(number)]
    world.amazon.advance(180)
    return numbers


def an_hour_ago(world: World) -> datetime:
    return world.amazon.now() - timedelta(hours=1)


# --- Looking ------------------------------------------------------------------------------------


def test_a_look_shows_amazons_orders_and_stores_nothing(world: World) -> None:
    [number] = bought(world)
    page = look(world.account, Asked(since=an_hour_ago(world)))
    [seen] = page.sightings
    assert (seen.number, seen.row, seen.decision.state) == (number, None, "waiting")
    assert str(seen.total) == "10.00 EUR"
    assert not AmazonOrder.objects.exists()
    assert not OrderWindow.objects.exists()


def test_a_look_says_which_are_imported_and_why_others_are_not(world: World) -> None:
    [placed] = bought(world)
    world.import_orders()
    older = world.buy("MUG", at=world.account.cut_over - timedelta(days=2))
    other = world.buy("MUG", channel_name="NON_AMAZON")
    pending = world.buy("MUG", status="PENDING")
    world.amazon.advance(180)
    page = look(world.account, Asked(since=world.account.cut_over - timedelta(days=3)))
    found = {seen.number: seen for seen in page.sightings}
    row = found[placed].row
    assert row is not None
    assert row.state == OrderState.PLACED
    assert {number: found[number].decision.code for number in (older, other, pending)} == {
        older: "before-cut-over",
        other: "channel",
        pending: "pending",
    }


def test_a_look_is_one_page_and_its_token_gives_the_next(world: World) -> None:
    numbers = bought(world, 130)
    asked = Asked(since=an_hour_ago(world))
    first = look(world.account, asked)
    rest = look(world.account, Asked(since=asked.since, page_token=first.next_token))
    assert (len(first.sightings), len(rest.sightings), rest.next_token) == (100, 30, "")
    assert {one.number for one in (*first.sightings, *rest.sightings)} == set(numbers)
    assert len(world.amazon.requests_of("searchOrders")) == 2


def test_a_look_keeps_to_its_marketplaces_and_times(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    [german] = bought(world)
    world.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=9)
    french = world.buy("MUG", marketplace=FR)
    world.amazon.advance(180)
    since = an_hour_ago(world)
    only = look(world.account, Asked(since=since, marketplaces=(FR,)))
    assert [one.number for one in only.sightings] == [french]
    assert {one.number for one in look(world.account, Asked(since=since)).sightings} == {
        german,
        french,
    }
    before = look(world.account, Asked(since=since, until=since + timedelta(minutes=1)))
    assert before.sightings == ()
    now = world.amazon.now()
    assert len(look(world.account, Asked(since=since, until=now)).sightings) == 2


def test_a_search_that_begins_just_now_is_one_that_amazon_answers(world: World) -> None:
    """Just after midnight "today" is not yet old enough for Amazon."""
    assert look(world.account, Asked(since=datetime.now(UTC))).sightings == ()


def test_one_order_is_looked_at_by_its_number(world: World) -> None:
    [number] = bought(world)
    assert [one.number for one in look(world.account, Asked(number=number)).sightings] == [number]
    with pytest.raises(NotFound):
        look(world.account, Asked(number="999-0000000-0000000"))
    assert not world.amazon.requests_of("searchOrders")


@pytest.mark.parametrize("amazon", [{"rate_limits": True}], indirect=True)
def test_the_last_searches_stay_for_the_import(world: World) -> None:
    [number] = bought(world)
    since = an_hour_ago(world)
    for _ in range(PLANS["searchOrders"].burst - 1 - KEPT_FOR_THE_IMPORT):
        look(world.account, Asked(since=since))
    with pytest.raises(Throttled) as refused:
        look(world.account, Asked(since=since))
    assert search.searches_left(world.account).available == 0
    wait = refused.value.retry_at - datetime.now(UTC)
    assert timedelta(0) < wait < timedelta(minutes=3)
    assert look(world.account, Asked(number=number)).sightings  # another budget
    assert world.import_orders().state == RunState.DONE


@given(used=st.integers(0, 19), calls=st.integers(1, 19))
def test_when_there_is_room_again(used: int, calls: int) -> None:
    limiter, moment = Limiter(MemoryBuckets(), "seller"), StandIn()

    def budget() -> Budget:
        [found] = limiter.budgets(["searchOrders"], clock.timestamp())
        return found

    with clock.stood_in_for(moment, seed=1):
        for _ in range(used):
            limiter.take("searchOrders")
        wait = room_at(budget(), calls) - clock.timestamp()
        if wait > 1:
            moment.sleep(wait - 1)
            assert budget().available < calls
            wait = 1
        moment.sleep(max(0.0, wait + 1))
        assert budget().available >= calls


# --- Importing what was chosen ------------------------------------------------------------------


def test_several_orders_are_imported_and_one_that_is_not_there_costs_none(world: World) -> None:
    first, second, left = bought(world, 3)
    strange = "999-0000000-0000000"
    run = world.do(Job.IMPORT_ORDERS, orders=[first, strange, second])
    assert set(lines_of(run, "order_number", "outcome")) == {
        (first, Outcome.PLACED),
        (strange, Outcome.FAILED),
        (second, Outcome.PLACED),
    }
    assert not AmazonOrder.objects.filter(number=left).exists()


def test_several_older_orders_are_placed_without_taking_stock(world: World) -> None:
    world.sell("MUG", quantity=9)
    older = world.buy("MUG", at=world.account.cut_over - timedelta(days=2))
    world.amazon.advance(180)
    world.do(Job.IMPORT_ORDERS, orders=[older])
    assert AmazonOrder.objects.get().state == OrderState.PLACED
    assert world.in_stock("MUG") == 9


def test_a_run_that_has_to_wait_goes_on_with_the_next_order(world: World) -> None:
    numbers = bought(world, 3)
    world.amazon.faults.add(Fault("getOrder", "429", skip=1, times=50))
    run = jobs.request(world.account, Job.IMPORT_ORDERS, options={"orders": numbers})
    jobs.perform(run, patience=0.1)
    run = SyncRun.objects.get(pk=run.pk)
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    placed = AmazonOrder.objects.filter(state=OrderState.PLACED)
    assert list(placed.values_list("number", flat=True)) == numbers[:1]

    world.amazon.faults.clear()
    before = len(world.amazon.requests_of("getOrder"))
    jobs.perform(run, patience=5)
    assert len(world.amazon.requests_of("getOrder")) == before  # its time has not come
    jobs.perform(now_due(run), patience=5)
    assert SyncRun.objects.get(pk=run.pk).state == RunState.DONE
    assert placed.count() == 3
    assert len(world.amazon.requests_of("getOrder")) == before + 2


def test_all_found_are_those_placed_in_the_time_and_place(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    [german] = bought(world)
    world.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=9)
    world.buy("MUG", marketplace=FR)
    world.amazon.advance(600)
    until = world.amazon.now()
    world.amazon.advance(60)
    world.buy("MUG")
    world.amazon.advance(600)
    run = world.do(
        Job.IMPORT_ORDERS,
        since=an_hour_ago(world).isoformat(),
        until=until.isoformat(),
        by_creation=True,
        marketplaces=[DE],
    )
    assert run.state == RunState.DONE
    assert [order.number for order in AmazonOrder.objects.all()] == [german]
    window = OrderWindow.objects.get(swept=True)
    assert (window.by_creation, window.marketplaces) == (True, [DE])
