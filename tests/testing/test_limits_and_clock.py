"""Token buckets, the rate header, and a clock of its own."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.testing.simulator import Simulator
from django_amazon_sync.testing.simulator.plans import PLANS, Buckets
from tests.testing.callers import DE, US, Caller


def test_the_burst_is_there_and_then_it_is_429_without_a_rate() -> None:
    with Simulator() as amazon:
        caller = Caller(amazon)
        answers = [caller.search_orders() for _ in range(21)]
        assert [got.status for got in answers] == [200] * 20 + [429]
        assert answers[0].rate == "0.0056"
        refused = answers[-1]
        assert refused.rate is None
        assert refused.error["code"] == "QuotaExceeded"
        amazon.advance(179)
        assert caller.search_orders().status == 200
        assert caller.search_orders().status == 429
        caller.close()


def test_buckets_are_per_operation_and_per_seller() -> None:
    with Simulator() as amazon:
        american, european = Caller(amazon, "na"), Caller(amazon, "eu")
        while american.search_orders().status == 200:
            pass
        assert american.get_listing("MUG-BLUE").status == 200
        assert european.search_orders().status == 200
        american.close()
        european.close()


def test_a_wrong_token_takes_nothing_from_the_bucket_and_a_bad_request_does() -> None:
    with Simulator() as amazon:
        caller = Caller(amazon)
        good, caller.token = caller.token, "wrong"
        for _ in range(25):
            assert caller.search_orders().status == 403
        caller.token = good
        answers = [caller.search_orders(lastUpdatedAfter="never") for _ in range(21)]
        assert [got.status for got in answers] == [400] * 20 + [429]
        assert answers[0].rate == "0.0056"
        caller.close()


def test_the_rate_header_carries_the_scaled_rate() -> None:
    with Simulator(time_scale=100) as amazon:
        caller = Caller(amazon)
        assert caller.search_orders().rate == "0.56"
        assert caller.get_listing("MUG-BLUE").rate == "500.0"
        caller.close()


def test_without_limits_the_header_says_so(caller: Caller) -> None:
    assert {caller.search_orders().rate for _ in range(30)} == {"1000.0"}


@given(
    st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=60),
    st.sampled_from(sorted(PLANS)),
)
def test_a_bucket_never_gives_more_than_burst_and_rate_allow(
    steps: list[tuple[float, bool]], operation: str
) -> None:
    buckets, now, given_out = Buckets(), 1e9, 0
    for pause, ask in steps:
        now += pause
        if ask:
            given_out += buckets.take(operation, "seller", "application", now)
    plan = PLANS[operation]
    assert given_out <= plan.burst + (now - 1e9) * plan.rate + 1e-3


def test_the_clock_may_stand_off_the_hosts() -> None:
    offset = timedelta(minutes=-5)
    with Simulator(clock_offset=offset, rate_limits=False) as amazon:
        caller = Caller(amazon)
        served = parsedate_to_datetime(caller.search_orders().headers["Date"])
        caller.close()
        assert (
            timedelta(seconds=-2)
            < amazon.now() - (datetime.now(UTC) + offset)
            < timedelta(seconds=2)
        )
        assert abs(served - amazon.now()) < timedelta(seconds=2)


def test_who_travels_in_time_takes_the_simulator_along() -> None:
    amazon = Simulator()
    before = amazon.now()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        assert timedelta(days=1, hours=23) < amazon.now() - before < timedelta(days=2, hours=1)


def test_simulated_time_runs_at_its_scale() -> None:
    amazon = Simulator(time_scale=1000)
    start = amazon.now()
    time.sleep(0.05)
    assert timedelta(seconds=50) <= amazon.now() - start < timedelta(seconds=1000)


def test_advancing_lets_what_is_due_happen_at_its_own_time(amazon: Simulator) -> None:
    order_id = amazon.buy("eu", DE, "MUG-BLUE", status="PENDING")
    placed = datetime.fromisoformat(amazon.order(order_id)["lastUpdatedTime"])
    amazon._world.later(amazon._world.now() + 600, "settle_payment", order_id=order_id)
    amazon.advance(3600)
    changed = datetime.fromisoformat(amazon.order(order_id)["lastUpdatedTime"])
    assert timedelta(seconds=599) <= changed - placed <= timedelta(seconds=602)


def test_naming_a_seller_that_is_not_there_names_those_that_are(amazon: Simulator) -> None:
    with pytest.raises(KeyError, match="antarctica"):
        amazon.live("antarctica", "MUG-BLUE", US)


def test_the_endpoint_is_there_once_it_has_started() -> None:
    with pytest.raises(RuntimeError, match="start"):
        assert Simulator().endpoint
