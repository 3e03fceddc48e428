"""SIGKILL at every write boundary of every job; after the restart nothing is lost or doubled.

The boundaries are counted by a first run; a sample of those that differ is tried by default.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.models import Job
from tests.faults.comparing import come_back, differences, quiet
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages
from tests.world import World

SAMPLE = 2

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own

JOBS: dict[str, tuple[str, Callable[[World], object]]] = {
    "export": ("stocked", lambda world: world.do(Job.EXPORT)),
    "changed offers": ("changed", lambda world: world.do(Job.CHANGES)),
    "order import": ("bought", lambda world: world.do(Job.IMPORT_ORDERS)),
    "order updates": ("cancelled", lambda world: world.do(Job.IMPORT_ORDERS)),
    "confirmation": ("sent off", lambda world: world.do(Job.CONFIRM_SHIPMENTS)),
    "proof": ("not shown", lambda world: world.do(Job.CONFIRM_SHIPMENTS)),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_is_killed_anywhere_is_made_good(
    name: str, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_gateway, "ORDERS_A_PAGE", 2)
    stage, act = JOBS[name]
    with stages.at(stage) as world:
        world.amazon.advance(180)
        met = boundaries_of(lambda: act(world))
        come_back(world)
        assert differences(world) == []
    failures = {}
    for number in chosen_deaths(met, SAMPLE):
        with stages.at(stage) as world:
            world.amazon.advance(180)
            killed_at(number, lambda world=world: act(world))  # type: ignore[misc]
            come_back(world)
            if wrong := [*differences(world), *quiet(world)]:
                failures[f"{number}: {met[number - 1]}"] = wrong
    assert not failures
