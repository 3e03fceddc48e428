"""Histories about reports of orders, parcels and the erasing of buyers' data; one of ten each.

``FURTHER_HISTORIES=100`` tells so many of each.
"""

from __future__ import annotations

import os
from types import ModuleType

import pytest

from tests.histories import parcel_operations, privacy_operations, report_operations
from tests.histories.blank import Blank
from tests.histories.further_faults import FURTHER_FAULTS
from tests.histories.history import History, shortest, story_of, tell
from tests.histories.known import KNOWN

NUMBER = int(os.environ.get("FURTHER_HISTORIES", "1"))
ABOUT = {
    "reports": report_operations,
    "parcels": parcel_operations,
    "privacy": privacy_operations,
}
SEEDS = [
    seed
    for module in ABOUT.values()
    for seed in range(module.FIRST, module.FIRST + module.EVERY * NUMBER, module.EVERY)
]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_to_them_nothing_is_violated(blank: Blank, seed: int) -> None:
    history = History.drawn(seed)
    told = tell(history, blank, tolerated=KNOWN)
    for kind in told.kinds:
        if kind not in KNOWN:
            short = shortest(history, kind, blank, KNOWN)
            story = story_of(short, tell(short, blank, tolerated=KNOWN))
            pytest.fail(f"{kind}:\n{story}", pytrace=False)


@pytest.mark.parametrize("group", ABOUT)
def test_a_seed_of_each_is_one_history(blank: Blank, group: str) -> None:
    """Requests, rows that were written down and what was said are the same, to the byte."""
    history = History.drawn(ABOUT[group].FIRST + 10)
    first, again = (tell(history, blank, traced=True, tolerated=KNOWN) for _ in range(2))
    assert len(first.trace) > 30
    assert (first.trace, first.story) == (again.trace, again.story)


@pytest.mark.parametrize("group", ABOUT)
def test_other_histories_are_as_they_were_without(group: str) -> None:
    module: ModuleType = ABOUT[group]
    assert module.weights(module.FIRST)[group] > 0
    others = [seed for seed in range(module.EVERY) if seed != module.FIRST]
    assert all(module.weights(seed) == {group: 0.0} for seed in others)


@pytest.mark.parametrize("group", ABOUT)
def test_there_are_faults_of_each(group: str) -> None:
    assert len([name for name, *_line in FURTHER_FAULTS if name.startswith(group)]) >= 2
