"""A sample of what could be tried: FAULTS=all tries everything, FAULTS_SEED repeats a sample.

FAULTS=every kills at those places, too, that should make no difference to the next worker.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

from tests.faults.deaths import different_deaths

Case = TypeVar("Case")

FAULTS = os.environ.get("FAULTS", "")
EVERYTHING = FAULTS in ("all", "every")

SEED = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))


def chosen(cases: Sequence[Case], size: int) -> list[Case]:
    """So many of the cases, or all of them, in their order; a failing test prints how."""
    if EVERYTHING:
        return list(cases)
    print(f"A sample of {size} of {len(cases)}: FAULTS_SEED={SEED} repeats it.")
    picked = random.Random(SEED).sample(range(len(cases)), min(size, len(cases)))
    return [cases[place] for place in sorted(picked)]


def chosen_deaths(met: Sequence[str], size: int) -> list[int]:
    """So many of the boundaries (from 1) at which a death leaves something different behind."""
    if FAULTS == "every":
        return list(range(1, len(met) + 1))
    return chosen(different_deaths(met), size)
