"""Every kind of broken answer on every call: nothing is lost, doubled or wrong afterwards.

And the run that met the fault never says that all went well while something is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from django_amazon_sync.models import Job, SyncRun
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests.faults.comparing import come_back, differences
from tests.faults.sampling import chosen
from tests.faults.stages import Stages, buyers
from tests.world import World

KINDS: list[FaultKind] = [kind for kind in get_args(FaultKind) if kind not in ("400", "403")]
SAMPLE = 3


def one_order(world: World) -> SyncRun:
    """The order of the buyer who paid last is asked for by its number."""
    return world.do(Job.IMPORT_ORDERS, order=buyers(world)[-2])


#: Where each operation is called: the stage, and the job that calls it.
CALLS: dict[str, tuple[str, Callable[[World], SyncRun]]] = {
    "searchOrders": ("bought", lambda world: world.do(Job.IMPORT_ORDERS)),
    "getOrder": ("bought", one_order),
    "searchListingsItems": ("changed", lambda world: world.do(Job.EXPORT)),
    "getListingsItem": ("stocked", lambda world: world.do(Job.EXPORT)),
    "patchListingsItem": ("changed", lambda world: world.do(Job.EXPORT)),
    "putListingsItem": ("stocked", lambda world: world.do(Job.EXPORT)),
    "confirmShipment": ("sent off", lambda world: world.do(Job.CONFIRM_SHIPMENTS)),
    "token": ("changed", lambda world: world.do(Job.CHANGES)),
}


@pytest.mark.parametrize("operation", CALLS)
def test_a_broken_answer_is_made_good(operation: str, stages: Stages) -> None:
    for kind in chosen(KINDS, SAMPLE):
        with stages.at(CALLS[operation][0]) as world:
            meet(world, operation, kind)
            world.amazon.faults.clear()
            come_back(world)
            assert (kind, differences(world)) == (kind, [])


def meet(world: World, operation: str, kind: FaultKind) -> None:
    """One call of this operation gets this answer; a run that went well has left nothing to do."""
    world.amazon.advance(180)
    if operation == "token":
        world.amazon.expire_access_tokens()
    world.amazon.faults.add(Fault(operation, kind, seconds=0.05))
    run = CALLS[operation][1](world)
    assert [seen.fault for seen in world.amazon.requests_of(operation)].count(kind) == 1
    if run.went_well:
        assert (kind, left_to_do(world, run)) == (kind, [])
    else:
        assert run.reason or run.lines.exists()


DOINGS = ("sent", "placed", "confirmed", "updated", "cancelled")


def left_to_do(world: World, run: SyncRun) -> list[str]:
    """What the same job, done once more, still does."""
    before = world.writes()
    again = world.do(Job(run.job), **run.options)
    left = [f"{name}: {number}" for name, number in again.counts.items() if name in DOINGS]
    return left + ["another write"] * (world.writes() - before)


@pytest.mark.parametrize("kind", ["500", "503", "drop_after"])
def test_a_long_outage_stops_the_run_and_says_so(kind: FaultKind, stages: Stages) -> None:
    """Every answer is broken until the outage is over; the run never hammers on."""
    with stages.at("stocked") as world:
        world.amazon.advance(180)
        world.amazon.faults.add(Fault("*", kind, times=None))
        run = world.do(Job.EXPORT)
        assert not run.went_well
        assert run.reason
        assert len(world.amazon.requests) < 20
        world.amazon.faults.clear()
        come_back(world)
        assert differences(world) == []
