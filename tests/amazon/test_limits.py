"""The bucket's arithmetic, against the plain meaning of a usage plan."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import (
    CLOCKS,
    IN_HAND,
    PLANS,
    Budget,
    Limiter,
    MemoryBuckets,
    Plan,
    at_new_rate,
    take,
)
from tests.clocks import StandIn

NOW = 1_790_000_000.0
SEARCH_ORDERS = PLANS["searchOrders"]

#: Seconds that a worker's clock may be behind another's.
LATE = 0.2


def calls_taken(plan: Plan, moments: list[float]) -> list[float]:
    """The moments at which a call was taken."""
    taken: list[float] = []
    full_at = 0.0
    for now in moments:
        wait, full_at = take(full_at, plan, now)
        if wait == 0:
            taken.append(now)
    return taken


def test_a_burst_passes_and_the_next_call_waits_one_interval() -> None:
    full_at = 0.0
    for _ in range(20):
        wait, full_at = take(full_at, SEARCH_ORDERS, NOW)
        assert wait == 0
    wait, unchanged = take(full_at, SEARCH_ORDERS, NOW)
    assert round(wait, 1) == 178.6
    assert unchanged == full_at
    assert take(full_at, SEARCH_ORDERS, NOW + wait)[0] == 0


plans = st.builds(Plan, st.floats(0.005, 50), st.integers(1, 30))
gaps = st.lists(st.floats(0, 400), min_size=1, max_size=60)


@given(plan=plans, gaps=gaps)
def test_never_more_than_the_plan_allows_in_any_span(plan: Plan, gaps: list[float]) -> None:
    moments = [NOW + sum(gaps[:count]) for count in range(len(gaps))]
    taken = calls_taken(plan, moments)
    assert taken
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = plan.burst + plan.rate * (taken[last] - begin)
            assert last - first + 1 <= allowed + 1e-3


@given(plan=plans, gaps=gaps)
def test_whoever_waits_as_told_is_let_through(plan: Plan, gaps: list[float]) -> None:
    now, full_at = NOW, 0.0
    for gap in gaps:
        now += gap / 100
        wait, full_at = take(full_at, plan, now)
        if wait:
            now += wait
            wait, full_at = take(full_at, plan, now)
        assert wait == 0


@given(plan=plans, back=st.floats(0, 1e6))
def test_a_clock_set_back_costs_an_interval_and_a_little_at_most(plan: Plan, back: float) -> None:
    full_at = 0.0
    for _ in range(plan.burst):
        _, full_at = take(full_at, plan, NOW)
    wait, _ = take(full_at, plan, NOW - back)
    assert wait <= 1 / plan.rate + CLOCKS + 1e-5


@given(
    plan=plans,
    gaps=st.lists(st.floats(0, 0.4), min_size=1, max_size=60),
    late=st.lists(st.floats(0, LATE), min_size=60, max_size=60),
)
def test_workers_whose_clocks_differ_take_no_more_than_comes_back_meanwhile(
    plan: Plan, gaps: list[float], late: list[float]
) -> None:
    """Some ask with a time that is behind: their clock is, or they waited for the bucket."""
    taken: list[float] = []
    full_at, moment = 0.0, NOW
    for gap, behind in zip(gaps, late, strict=False):
        moment += gap
        wait, full_at = take(full_at, plan, moment - behind)
        if wait == 0:
            taken.append(moment)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = plan.burst + plan.rate * (taken[last] - begin + LATE)
            assert last - first + 1 <= allowed + 1e-3


@given(plan=plans, factor=st.floats(0.01, 100), used=st.integers(0, 30))
def test_a_rate_that_changes_leaves_as_many_calls_as_there_were(
    plan: Plan, factor: float, used: int
) -> None:
    """Minutes of the old rate would be many calls of the new one, or few."""
    full_at = 0.0
    for _ in range(used):
        _, full_at = take(full_at, plan, NOW)
    left = max(plan.burst - used, 0)
    faster = Plan(plan.rate * factor, plan.burst)
    full_at = at_new_rate(full_at, plan.rate, faster.rate, NOW)
    for _ in range(left):
        wait, full_at = take(full_at, faster, NOW + 1e-4)
        assert wait == 0
    wait, _ = take(full_at, faster, NOW + 1e-4)
    assert abs(wait * faster.rate - 1) < 1e-2 * max(faster.rate, 1)


@pytest.fixture
def moment() -> Iterator[StandIn]:
    """A clock that stands."""
    with standing() as still:
        yield still


@contextmanager
def standing() -> Iterator[StandIn]:
    still = StandIn(datetime.fromtimestamp(NOW, UTC))
    with clock.stood_in_for(still, seed=1):
        yield still


def budget_of(limiter: Limiter, operation: str) -> Budget:
    [found] = limiter.budgets([operation], clock.timestamp())
    return found


def test_buckets_are_apart_by_account_and_operation(moment: StandIn) -> None:
    store = MemoryBuckets()
    one, other = Limiter(store, "one"), Limiter(store, "other")
    while not one.take("patchListingsItem"):
        pass
    assert one.take("putListingsItem") == 0
    assert other.take("patchListingsItem") == 0


def test_a_learnt_rate_goes_before_the_plan(moment: StandIn) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    assert limiter.take("searchOrders") == 0
    limiter.learn("searchOrders", 0.5)
    assert [limiter.take("searchOrders") for _ in range(18)] == [0.0] * 18
    assert limiter.take("searchOrders") == 2.0
    assert limiter.interval("searchOrders") == 2.0


ODD = [(0.0, 5.0), (-1.0, 5.0), (math.nan, 5.0), (1e-12, 0.5), (1e12, 500.0), (math.inf, 500.0)]


@pytest.mark.parametrize(("named", "kept"), ODD)
def test_an_odd_rate_is_bounded_by_the_plan(moment: StandIn, named: float, kept: float) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    limiter.learn("patchListingsItem", named)
    assert budget_of(limiter, "patchListingsItem").rate == pytest.approx(kept)
    while not limiter.take("patchListingsItem"):
        pass
    assert limiter.take("patchListingsItem") == pytest.approx(1 / kept, abs=1e-5)


def test_one_call_of_the_burst_stays_in_hand(moment: StandIn) -> None:
    for operation, plan in PLANS.items():
        if operation in IN_HAND:
            continue
        limiter = Limiter(MemoryBuckets(), "one")
        taken = [limiter.take(operation) == 0 for _ in range(plan.burst)]
        assert taken == [True] * (plan.burst - 1) + [False]


def test_of_feeds_there_are_never_more_than_five_in_five_minutes(moment: StandIn) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    taken = []
    for second in range(3600):
        if not limiter.take("createFeed"):
            taken.append(second)
        moment.sleep(1)
    assert len(taken) > 30
    assert max(sum(begin <= one < begin + 300 for one in taken) for begin in taken) <= 5


def test_a_look_at_a_bucket_takes_nothing(moment: StandIn) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    patch, order = "patchListingsItem", "getOrder"
    assert limiter.budgets([patch, order], NOW) == [
        Budget(patch, 5, 4, NOW),
        Budget(order, 0.5, 29, NOW),
    ]
    for _ in range(3):
        assert limiter.take(patch) == 0
    moment.sleep(0.1)
    budget = budget_of(limiter, patch)
    assert (budget.rate, budget.available, round(budget.full_at - NOW, 3)) == (5, 1, 0.6)
    limiter.learn(patch, 10)
    budget = budget_of(limiter, patch)
    assert (budget.rate, budget.available, round(budget.full_at - NOW, 3)) == (10, 1, 0.35)
    moment.sleep(99.9)
    budget = budget_of(limiter, patch)
    assert (budget.available, budget.full_at) == (4, clock.timestamp())


def test_a_budget_counts_from_the_clock_of_the_host_that_asks(moment: StandIn) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    limiter.take("getOrder")
    [budget] = limiter.budgets(["getOrder"], NOW + 3600)
    assert budget.full_at == NOW + 3600 + 2


@given(used=st.integers(0, 20), later=st.floats(0, 3))
def test_what_a_look_promises_can_be_taken(used: int, later: float) -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    with standing() as moment:
        for _ in range(used):
            limiter.take("putListingsItem")
        moment.sleep(later)
        promised = budget_of(limiter, "putListingsItem").available
        taken = 0
        while limiter.take("putListingsItem") == 0:
            taken += 1
    assert taken == promised


def test_threads_together_get_no_more_than_the_burst(moment: StandIn) -> None:
    store = MemoryBuckets()
    taken: list[bool] = []

    def worker() -> None:
        limiter = Limiter(store, "one")
        taken.extend(limiter.take("getOrder") == 0 for _ in range(20))

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 29
