"""SIGKILL at every write boundary of every job; after the restart nothing is lost or doubled.

The boundaries are counted by a first run. By default a sample of them is tried: FAULTS=all tries
every one, FAULTS_SEED repeats the sample that a failure names.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.models import Job
from tests.faults.comparing import come_back, differences, quiet
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.stages import Stages
from tests.sync.conftest import World

SAMPLE = 5

JOBS: dict[str, tuple[str, Callable[[World], object]]] = {
    "export": ("stocked", lambda world: world.do(Job.EXPORT)),
    "changed offers": ("changed", lambda world: world.do(Job.CHANGES)),
    "order import": ("bought", lambda world: world.do(Job.IMPORT_ORDERS)),
    "order updates": ("cancelled", lambda world: world.do(Job.IMPORT_ORDERS)),
    "confirmation": ("sent off", lambda world: world.do(Job.CONFIRM_SHIPMENTS)),
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
    assert len(met) > SAMPLE
    failures = {}
    for number in chosen(len(met)):
        with stages.at(stage) as world:
            world.amazon.advance(180)
            killed_at(number, lambda world=world: act(world))  # type: ignore[misc]
            come_back(world)
            if wrong := [*differences(world), *quiet(world)]:
                failures[f"{number}: {met[number - 1]}"] = wrong
    assert not failures, f"FAULTS_SEED={SEED}"


SEED = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))


def chosen(count: int) -> list[int]:
    """The boundaries to die at, by number from 1."""
    every = range(1, count + 1)
    if os.environ.get("FAULTS") == "all":
        return list(every)
    return sorted(random.Random(SEED).sample(every, SAMPLE))
