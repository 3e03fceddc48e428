"""Histories from the command line, without pytest.

python -m tests.histories run 1-1000      how many fail, and of which kinds
python -m tests.histories story 17        one history, shrunken if it fails, as a story
python -m tests.histories trace 17        all that left and was written down in it
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
sys.path.insert(0, str(Path(__file__).parents[2] / "example_project"))


def main() -> int:
    import django

    django.setup()
    from tests.histories.blank import Blank
    from tests.histories.history import History, seeds, shortest, story_of, tell
    from tests.histories.known import KNOWN

    parser = argparse.ArgumentParser(prog="tests.histories")
    parser.add_argument("what", choices=["run", "story", "trace"])
    parser.add_argument("seeds")
    parser.add_argument("--length", type=int, default=24)
    parser.add_argument("--kind", default="")
    parser.add_argument("--tolerate", default="known", help="kinds that end no history, by commas")
    parser.add_argument("--keep", default="", help="keep the shrunken history in this file")
    parser.add_argument("--whole", action="store_true", help="do not make it shorter")
    asked = parser.parse_args()
    tolerated = list(KNOWN) if asked.tolerate == "known" else asked.tolerate.split(",")
    blank = Blank.made()
    out = sys.stdout.write
    with blank.in_use():
        begun, kinds, failed, number = time.perf_counter(), Counter[str](), 0, 0
        firsts: dict[str, int] = {}
        for seed in seeds(asked.seeds):
            number += 1
            history = History.drawn(seed, asked.length)
            told = tell(history, blank, traced=asked.what == "trace", tolerated=tolerated)
            if asked.what == "trace":
                out("\n".join([*told.trace, *told.story, ""]))
                return 0
            failed += bool(told.violations)
            for kind in told.kinds:
                kinds[kind] += 1
                firsts.setdefault(kind, seed)
            if asked.what == "story":
                kind = asked.kind or (told.kinds or [""])[0]
                if kind and not asked.whole:
                    history = shortest(history, kind, blank, tolerated)
                    told = tell(history, blank, tolerated=set(tolerated) - {kind})
                out(story_of(history, told) + "\n")
                if asked.keep:
                    Path(asked.keep).write_text(history.as_json() + "\n")
        took = time.perf_counter() - begun
    for kind, count in kinds.most_common():
        out(f"{count:5d}  {kind} (first: {firsts[kind]})\n")
    out(f"{failed} of {number} histories fail; {took / number:.3f} s each\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
