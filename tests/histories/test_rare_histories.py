"""Histories about what meets seldom; they are those of every fifth seed.

``RARE_HISTORIES=100`` tells so many.
"""

from __future__ import annotations

import os

import pytest

from tests.histories.blank import Blank
from tests.histories.history import History, shortest, story_of, tell
from tests.histories.known import KNOWN
from tests.histories.rare_operations import EVERY, FIRST, weights

NUMBER = int(os.environ.get("RARE_HISTORIES", "1"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EVERY * NUMBER, EVERY))
def test_whatever_meets_seldom_nothing_is_violated(blank: Blank, seed: int) -> None:
    history = History.drawn(seed)
    told = tell(history, blank, tolerated=KNOWN)
    for kind in told.kinds:
        if kind not in KNOWN:
            short = shortest(history, kind, blank, KNOWN)
            story = story_of(short, tell(short, blank, tolerated=KNOWN))
            pytest.fail(f"{kind}:\n{story}", pytrace=False)


def test_other_histories_are_as_they_were_without() -> None:
    assert weights(FIRST)["rare"] > 0
    assert all(weights(seed) == {"rare": 0.0} for seed in range(EVERY) if seed != FIRST)
