"""Histories of a shop and its account: whatever happens, in any order, the invariants hold.

``HISTORIES=500 HISTORIES_FROM=1000`` tells so many, from that seed on. A failing test prints its
history as a story, made as short as it gets; ``python -m tests.histories story SEED`` tells it
again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.histories.blank import Blank
from tests.histories.history import History, shortest, story_of, tell
from tests.histories.known import KNOWN
from tests.histories.operations import OPERATIONS

#: How many are told: what fits in fifteen seconds, if nothing else is asked for.
NUMBER = int(os.environ.get("HISTORIES", "4"))
FIRST = int(os.environ.get("HISTORIES_FROM", "1"))
TOGETHER = 2

FOUND = sorted(Path(__file__).parent.glob("found/*.json"))


@pytest.mark.parametrize("first", range(FIRST, FIRST + NUMBER, TOGETHER))
def test_whatever_happens_nothing_is_violated(blank: Blank, first: int) -> None:
    for seed in range(first, min(first + TOGETHER, FIRST + NUMBER)):
        history = History.drawn(seed)
        told = tell(history, blank, tolerated=KNOWN)
        for kind in told.kinds:
            if kind not in KNOWN:
                short = shortest(history, kind, blank, KNOWN)
                told = tell(short, blank, tolerated=KNOWN)
                pytest.fail(f"{kind}:\n{story_of(short, told)}", pytrace=False)


def test_each_operation_is_in_one_history_of_a_hundred() -> None:
    """``python -m tests.histories run`` prints how often each happened."""
    drawn: Counter[str] = Counter()
    for seed in range(500):
        drawn.update({step.name for step in History.drawn(seed).steps})
    assert {name: drawn[name] for name in OPERATIONS if drawn[name] < 5} == {}


@pytest.mark.parametrize("file", FOUND, ids=lambda file: str(file.stem))
def test_what_was_found_once_goes_well_now(blank: Blank, file: Path) -> None:
    """Or is known still; what is mended has to be taken out of KNOWN."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    kinds = tell(History.read(file.read_text(encoding="utf-8")), blank).kinds
    assert kept["kind"] in kinds if kept["kind"] in KNOWN else not kinds


def test_one_seed_is_one_history(blank: Blank) -> None:
    """Requests, rows that were written down and what was said are the same, to the byte."""
    history = History.drawn(18)
    first = tell(history, blank, traced=True, tolerated=KNOWN)
    again = tell(history, blank, traced=True, tolerated=KNOWN)
    assert len(first.trace) > 30
    assert first.trace == again.trace
    assert first.story == again.story


def test_a_seed_is_the_same_history_in_another_process(blank: Blank) -> None:
    """No order of a set, and no number of a row or process, has a say."""
    told = tell(History.drawn(3), blank, traced=True, tolerated=KNOWN)
    there = subprocess.run(
        [sys.executable, "-m", "tests.histories", "trace", "3"],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.splitlines() == [*told.trace, *told.story]
