"""What is asked for is done once after it was asked for, or its end is told, in whatever order."""

from __future__ import annotations

import os
from datetime import datetime

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from django_amazon_sync import clock
from django_amazon_sync.sync import jobs
from tests.clocks import StandIn
from tests.faults.run_queue import JOBS, RunQueue


@pytest.mark.django_db(transaction=False)
def test_each_thing_asked_for_is_done_once_or_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = StandIn(datetime.fromisoformat("2026-11-30T08:00:00+00:00"))
    current: list[RunQueue] = []

    class Machine(RunQueue):
        def __init__(self) -> None:
            super().__init__()
            self.time = time
            current[:] = [self]

    for job in JOBS:
        monkeypatch.setitem(jobs.JOB_FUNCTIONS, job, lambda work: current[0].does(work))
    with clock.stood_in_for(time, seed=1):
        run_state_machine_as_test(
            Machine,
            settings=settings(
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                max_examples=int(os.environ.get("QUEUE_EXAMPLES", "8")),
                stateful_step_count=20,
                suppress_health_check=list(HealthCheck),
            ),
        )
