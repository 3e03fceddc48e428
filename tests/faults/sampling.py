"""A sample of what could be tried: FAULTS=all tries everything, FAULTS_SEED repeats a sample."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

Case = TypeVar("Case")

SEED = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))


def chosen(cases: Sequence[Case], size: int) -> list[Case]:
    """So many of the cases, or all of them, in their order; a failing test prints how."""
    if os.environ.get("FAULTS") == "all":
        return list(cases)
    print(f"A sample of {size} of {len(cases)}: FAULTS_SEED={SEED} repeats it.")
    picked = random.Random(SEED).sample(range(len(cases)), min(size, len(cases)))
    return [cases[place] for place in sorted(picked)]
