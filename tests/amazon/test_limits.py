"""The bucket's arithmetic, against the plain meaning of a usage plan."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.limits import PLANS, Limiter, MemoryBuckets, Plan, take

NOW = 1_790_000_000.0
SEARCH_ORDERS = PLANS["searchOrders"]


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
def test_a_clock_set_back_costs_one_interval_at_most(plan: Plan, back: float) -> None:
    full_at = 0.0
    for _ in range(plan.burst):
        _, full_at = take(full_at, plan, NOW)
    wait, _ = take(full_at, plan, NOW - back)
    assert wait <= 1 / plan.rate + 1e-5


@given(plan=plans, faster=st.floats(1, 1000))
def test_a_rate_that_rises_never_makes_a_call_wait_longer(plan: Plan, faster: float) -> None:
    """Minutes of the old rate would be many calls of the new one."""
    full_at = 0.0
    for _ in range(plan.burst):
        _, full_at = take(full_at, plan, NOW)
    before, _ = take(full_at, plan, NOW)
    wait, _ = take(full_at, Plan(plan.rate * faster, plan.burst), NOW)
    assert wait <= before + 1e-5


def test_buckets_are_apart_by_account_and_operation() -> None:
    store = MemoryBuckets()
    one, other = Limiter(store, "one"), Limiter(store, "other")
    while not one.take("patchListingsItem", NOW):
        pass
    assert one.take("putListingsItem", NOW) == 0
    assert other.take("patchListingsItem", NOW) == 0


def test_a_learnt_rate_goes_before_the_plan() -> None:
    limiter = Limiter(MemoryBuckets(), "one")
    assert limiter.take("searchOrders", NOW) == 0
    limiter.learn("searchOrders", 2.0)
    assert [limiter.take("searchOrders", NOW) for _ in range(19)] == [0.0] * 19
    assert limiter.take("searchOrders", NOW) == 0.5
    assert limiter.interval("searchOrders") == 0.5
    limiter.learn("searchOrders", 0.0)
    assert limiter.interval("searchOrders") == 0.5


def test_one_call_of_the_burst_stays_in_hand() -> None:
    for operation, plan in PLANS.items():
        limiter = Limiter(MemoryBuckets(), "one")
        taken = [limiter.take(operation, NOW) == 0 for _ in range(plan.burst)]
        assert taken == [True] * (plan.burst - 1) + [False]


def test_threads_together_get_no_more_than_the_burst() -> None:
    store = MemoryBuckets()
    taken: list[bool] = []

    def worker() -> None:
        limiter = Limiter(store, "one")
        taken.extend(limiter.take("getOrder", NOW) == 0 for _ in range(20))

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 29
