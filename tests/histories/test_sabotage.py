"""The faults of the sabotage still are faults of the package as it is."""

from __future__ import annotations

from tests.histories.sabotage import FAULTS, verdict


def test_a_fault_is_one_line_of_one_file() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        assert fault.old != fault.new


def test_the_faults_can_be_put_in() -> None:
    outdated = [fault.name for fault in FAULTS if not fault.applies]
    assert outdated == [], "Take other lines that break the same rules."


def test_a_fault_is_found_by_a_new_kind_or_by_more_of_a_known_one() -> None:
    known = {"gone is for sale": "why"}
    sound: dict[int, list[str]] = {1: ["gone is for sale"], 2: [], 3: [], 4: []}
    assert verdict(sound, sound, known) == ""
    assert verdict(sound, {1: [], 2: ["oversold"]}, known) == "after 2: oversold"
    often = {seed: ["gone is for sale"] for seed in range(1, 5)}
    assert verdict(sound, often, known) == "after 3: gone is for sale"
