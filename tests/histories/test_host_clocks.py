"""Buckets keep the plan, and give all of it, whatever the clocks of the hosts say that share it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import PLANS, Limiter
from django_amazon_sync.models import RateBucket
from django_amazon_sync.sync.accounts.tokens_and_buckets import DatabaseBuckets
from tests.clocks import Hosts
from tests.examples import examples

OPERATION = "patchListingsItem"

#: Seconds by which the clocks of three hosts may be off, each of them also for a while only.
OFF = (0, 8, -8, -90, 3600, -86400, 400 * 86400)

#: Seconds from one question to the next; of some the bucket fills.
GAPS = (0.0, 0.05, 0.2, 1.0, 30.0)


@pytest.mark.django_db
@pytest.mark.any_database
@settings(max_examples=examples(40), deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(OFF), st.sampled_from(GAPS)),
        min_size=20,
        max_size=60,
    ),
)
def test_hosts_whose_clocks_differ_keep_the_plan_and_get_all_of_it(
    asked: list[tuple[int, int, float]],
) -> None:
    """Amazon's own bucket refuses none of the calls; and none waits that Amazon would let in, but
    the one that stays in hand."""
    plan, time = PLANS[OPERATION], Hosts(datetime(2030, 1, 1, tzinfo=UTC))
    with clock.stood_in_for(time, seed=1):
        RateBucket.objects.all().delete()
        limiters = [Limiter(DatabaseBuckets(), "one account") for _host in range(3)]
        level, filled = float(plan.burst), time.monotonic()
        for host, off, gap in asked:
            time.off = timedelta(seconds=off)
            time.sleep(gap)
            level = min(plan.burst, level + (time.monotonic() - filled) * plan.rate)
            filled = time.monotonic()
            wait = limiters[host].take(OPERATION)
            if wait:
                assert level < 2 + 1e-6, f"it waits {wait} s though {level} calls are left"
                assert wait <= 2 / plan.rate + 1e-6
            else:
                level -= 1
                assert level > -1e-6, "Amazon refuses it"


@pytest.mark.django_db
@pytest.mark.any_database
@settings(max_examples=examples(20), deadline=None)
@given(
    ahead=st.sampled_from((60, 3600, 86400, 400 * 86400)),
    asked=st.integers(1, 20),
    gap=st.sampled_from(GAPS),
)
def test_a_stores_clock_that_was_ahead_stops_nobody(ahead: int, asked: int, gap: float) -> None:
    """It was set right again, and no call waits for longer than the plan makes it wait."""
    plan, time = PLANS[OPERATION], Hosts(datetime(2030, 1, 1, tzinfo=UTC))
    with clock.stood_in_for(time, seed=1):
        RateBucket.objects.all().delete()
        limiter = Limiter(DatabaseBuckets(), "one account")
        time.sleep(ahead)
        for _ in range(asked):
            limiter.take(OPERATION)
        time.sleep(-ahead)
        for _ in range(asked):
            time.sleep(gap)
            wait = limiter.take(OPERATION)
            assert wait <= plan.burst / plan.rate, f"it waits {wait} s for a time to come"
