"""Histories from the command line, without pytest.

``python -m tests.histories run 1-1000`` says how many fail, of which kinds, and what occurs how
often; ``story 17`` tells one history, made short where it fails; ``trace 17`` prints all that left
and was written down in it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.histories.history import History, Told

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
sys.path.insert(0, str(Path(__file__).parents[2] / "example_project"))


@dataclass
class Tally:
    """What came of many histories."""

    seeds: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    number: int = 0
    failed: int = 0

    def add(self, history: History, told: Told) -> None:
        self.number += 1
        self.failed += bool(told.violations)
        self.happened.update({step.name for step in history.steps[: told.steps]})
        self.happened.update(f"one was interrupted that {stage}" for stage in told.interrupted)
        for violation in told.violations:
            self.examples.setdefault(violation.kind, violation.sentence)
        for kind in told.kinds:
            self.seeds.setdefault(kind, []).append(history.scene.seed)

    def lines(self) -> list[str]:
        return [
            *(
                f"{len(seeds):5d}  {kind} (in {', '.join(map(str, seeds[:6]))}): "
                f"{self.examples[kind]}"
                for kind, seeds in sorted(self.seeds.items(), key=lambda one: -len(one[1]))
            ),
            *(
                f"{100 * count / self.number:5.1f} %  {name}"
                for name, count in self.happened.most_common()
            ),
            f"{self.failed} of {self.number} histories fail",
        ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.histories")
    parser.add_argument("what", choices=["run", "story", "trace"])
    parser.add_argument("seeds", help="such as 17, or 1-1000")
    parser.add_argument("--kind", default="", help="tell how this kind of violation came about")
    parser.add_argument("--tolerate", default="known", help="kinds that end no history, by commas")
    parser.add_argument("--keep", type=Path, help="keep the short history in this file")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many")
    parser.add_argument("--whole", action="store_true", help="do not make it short")
    asked = parser.parse_args()
    import django

    django.setup()
    from tests.histories.blank import Blank
    from tests.histories.history import History, seeds_in, tell
    from tests.histories.known import KNOWN

    tolerated = list(KNOWN) if asked.tolerate == "known" else asked.tolerate.split(",")
    tally, blank = Tally(), Blank.made()
    with blank.in_use():
        begun, worked = time.perf_counter(), time.process_time()
        for seed in seeds_in(asked.seeds):
            history = History.drawn(seed)
            told = tell(history, blank, traced=asked.what == "trace", tolerated=tolerated)
            tally.add(history, told)
            if asked.seconds and time.perf_counter() - begun > asked.seconds:
                break
            if asked.what == "trace":
                _say([*told.trace, *told.story])
            if asked.what == "story":
                _tell_shortly(history, told, blank, asked)
        took, worked = time.perf_counter() - begun, time.process_time() - worked
    if asked.what == "run":
        each = f"{took / tally.number:.2f} s each, {worked / tally.number:.2f} s of the processor"
        _say([*tally.lines(), each])
    return 0


def _tell_shortly(history: History, told: Told, blank: object, asked: argparse.Namespace) -> None:
    from tests.histories.blank import Blank
    from tests.histories.history import shortest, story_of, tell
    from tests.histories.known import KNOWN

    assert isinstance(blank, Blank)
    kind = asked.kind or (told.kinds or [""])[0]
    if kind and not asked.whole:
        others = set(KNOWN) - {kind}
        history = shortest(history, kind, blank, others)
        told = tell(history, blank, tolerated=others)
    _say([story_of(history, told)])
    if asked.keep:
        kept = {"kind": kind, **json.loads(history.as_json())}
        asked.keep.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _say(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
