"""The faults of the sabotage still are faults of the package as it is."""

from __future__ import annotations

from collections.abc import Mapping

from tests.histories.fault_moments import MOMENTS
from tests.histories.history import History
from tests.histories.machine_faults import MACHINE_FAULTS
from tests.histories.sabotage import FAULTS, Tells, verdict


def telling(kinds: Mapping[int, list[str]]) -> Tells:
    """Histories of these kinds of violations, by seed."""

    def tell(first: int, number: int) -> dict[int, list[str]]:
        told = {seed: kinds[seed] for seed in range(first, first + number)}
        failed = [seed for seed in told if told[seed]]
        return {seed: told[seed] for seed in told if not failed or seed <= failed[0]}

    return tell


def test_a_fault_is_one_line_of_one_file() -> None:
    for faults in (FAULTS, MACHINE_FAULTS):
        assert len({fault.name for fault in faults}) == len(faults)
    for fault in (*FAULTS, *MACHINE_FAULTS):
        assert fault.old != fault.new


def test_the_faults_can_be_put_in() -> None:
    faults = (*FAULTS, *MACHINE_FAULTS)
    outdated = [fault.name for fault in faults if not fault.applies]
    assert outdated == [], "Take other lines that break the same rules."


def test_each_moment_is_brought_about_by_an_operation() -> None:
    assert MOMENTS.keys() <= {fault.name for fault in FAULTS}
    for operation in set(MOMENTS.values()):
        assert operation in {step.name for step in History.drawn(5, 3, operation).steps}


def test_a_fault_is_found_by_a_new_kind_or_by_more_of_a_known_one() -> None:
    known = {"gone is for sale"}
    sound = telling({1: ["gone is for sale"], 2: [], 3: [], 4: []})
    assert verdict(1, 4, sound, sound, known) == ""
    worse = telling({1: ["gone is for sale"], 2: ["oversold"], 3: [], 4: []})
    assert verdict(1, 4, worse, sound, known) == "after 2: oversold"
    often = telling({seed: ["gone is for sale"] for seed in range(1, 5)})
    assert verdict(1, 4, often, sound, known) == "after 3: gone is for sale"
