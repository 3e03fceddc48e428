"""When a run says that it will be done, on simulated time and against a simulated Amazon."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.amazon.limits import Limiter, MemoryBuckets
from django_amazon_sync.models import RunState, SyncRun
from django_amazon_sync.sync.runs.work import Pace, Work
from tests import factories
from tests.clocks import StandIn
from tests.examples import examples
from tests.world import World

NOW = 1_790_000_000.0
TOGETHER = 20


def moments(total: int, rate_at: Callable[[float], float], *, noise: float = 0.0) -> list[float]:
    """When each item is done that needs a patch: the bucket of Amazon's plan, and a slow way."""
    limiter, dice = Limiter(MemoryBuckets(), "one"), random.Random(total)
    moment, done = StandIn(datetime.fromtimestamp(NOW, UTC)), list[float]()
    with clock.stood_in_for(moment, seed=1):
        for number in range(total):
            limiter.learn("patchListingsItem", rate_at(number / total))
            while wait := limiter.take("patchListingsItem"):
                moment.sleep(max(wait, 1e-6))
            moment.sleep(dice.random() * noise)
            done.append(clock.timestamp())
    return done


def errors(total: int, done: list[float], seconds_each: float = 0.2) -> Iterator[float]:
    """How wrong the prediction is, in parts of the whole time; after each batch from a fifth on."""
    pace = Pace(total, seconds_each, NOW)
    true = done[-1]
    for count in range(TOGETHER, total, TOGETHER):
        now = done[count - 1]
        pace.advance(TOGETHER, now)
        if count * 5 >= total:
            yield abs(now + pace.seconds_left(now) - true) / (true - NOW)


@given(total=st.integers(400, 5000), rate=st.floats(0.5, 50), noise=st.floats(0, 0.1))
@settings(max_examples=examples(25), deadline=None)
def test_under_a_steady_limit_the_finish_is_known_from_a_fifth_on(
    total: int, rate: float, noise: float
) -> None:
    done = moments(total, lambda part: rate, noise=noise)
    assert max(errors(total, done)) < 0.1


@given(
    total=st.integers(400, 5000),
    first=st.floats(0.5, 50),
    then=st.floats(0.5, 50),
    when=st.floats(0, 0.04),
)
@settings(max_examples=examples(25), deadline=None)
def test_so_it_is_where_amazons_header_changes_the_rate_early(
    total: int, first: float, then: float, when: float
) -> None:
    done = moments(total, lambda part: first if part < when else then)
    assert max(errors(total, done)) < 0.1


def test_before_the_pace_is_known_the_plan_tells_the_finish() -> None:
    pace = Pace(10_000, 0.2, NOW)
    assert pace.seconds_left(NOW) == 2000
    pace.advance(20, NOW + 0.1)  # the burst
    assert pace.seconds_left(NOW + 0.1) == 1996
    for second in range(1, 41):
        pace.advance(10, NOW + second)
    assert pace.seconds_left(NOW + 40) == pytest.approx(958, rel=0.05)


def test_when_all_is_done_nothing_is_left() -> None:
    pace = Pace(10, 0.2, NOW)
    for second in range(12):
        pace.advance(1, NOW + second)
    assert pace.seconds_left(NOW + 12) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("amazon", [{"rate_limits": True, "time_scale": 6}], indirect=True)
def test_a_real_run_knows_its_finish_and_seldom_stores_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At thirty changes a second, which Amazon's header tells; nothing but waiting takes time."""
    total = 120
    for number in range(total):
        factories.stock_record(f"SKU-{number:03}", in_stock=4)
        world.list_on_amazon(f"SKU-{number:03}", price="10.00", quantity=9)
    said: list[tuple[int, datetime]] = []
    show = Work._show

    def listen(work: Work) -> None:
        show(work)
        kept = SyncRun.objects.get(pk=work.run.pk)
        if kept.finish_expected and kept.state == RunState.RUNNING:
            said.append((kept.done, kept.finish_expected))

    monkeypatch.setattr(Work, "_show", listen)
    with clock.stood_in_for(StandIn(clock.now()), seed=1):
        run = world.export()
    assert (run.state, run.planned, run.done) == (RunState.DONE, total, total)
    assert run.started_at
    assert run.finished_at
    took = (run.finished_at - run.started_at).total_seconds()
    late = [finish for done, finish in said if done * 5 >= total]
    wrong = [abs((finish - run.finished_at).total_seconds()) for finish in late]
    assert len(late) >= 2
    assert max(wrong) < 0.1 * took
    assert len(said) <= took + 3
