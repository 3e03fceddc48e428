"""Look for inputs that break a reader.

``python -m tests.fuzzing`` names the targets; ``python -m tests.fuzzing order --seconds 60`` runs
one of them, ``all`` each after the other; ``--runs`` bounds a target by runs instead. What breaks a
reader is left in ``--found`` and printed; its name there begins with ``crash-``.

It needs ``atheris``, which no extra installs: it is a compiled package that is not built for every
platform. ``.ci/nightly fuzz`` installs it into an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
sys.path.insert(0, str(Path(__file__).parents[2] / "example_project"))

#: Modules whose branches guide the search.
GUIDES = ["django_amazon_sync"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("target", nargs="?", default="")
    parser.add_argument("--runs", type=int, default=0, help="of each target")
    parser.add_argument("--seconds", type=int, default=0, help="of each target")
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()) / "fuzzing")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        fuzz(asked.target, asked.found, asked.runs, asked.seconds)
    targets = names()
    if asked.target not in ("all", *targets):
        print("\n".join(targets))
        return 2
    chosen = targets if asked.target == "all" else [asked.target]
    done = {name: _in_a_process(name, asked) for name in chosen}
    for name, (runs, broken) in done.items():
        print(f"{runs:>12,}  {name}{'  BROKEN' if broken else ''}")
    print(f"{sum(runs for runs, _broken in done.values()):>12,}  in all")
    return int(any(broken for _runs, broken in done.values()))


def names() -> list[str]:
    import django

    django.setup()
    from tests.fuzzing import registry

    return sorted(registry.TARGETS)


def _in_a_process(name: str, asked: argparse.Namespace) -> tuple[int, bool]:
    """One target by itself, as libFuzzer ends its process; its runs, and whether it broke."""
    options = ["--runs", str(asked.runs), "--seconds", str(asked.seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing", name, "--here", "--found", asked.found, *options],
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr  # what went wrong is on the first, libFuzzer on the other
    numbers = [int(number) for number in _RUNS.findall(said)]
    if done.returncode:
        print(f"--- {name}\n{done.stdout[:4000]}")
    return max(numbers, default=0), bool(done.returncode)


#: How libFuzzer counts its runs.
_RUNS = re.compile(r"^(?:#|Done |stat::number_of_executed_units: )(\d+)", re.M)


def fuzz(name: str, found: Path, runs: int, seconds: int) -> None:
    """Run one target in this process, to its end."""
    import atheris

    with atheris.instrument_imports(include=GUIDES):
        import django

        django.setup()
        from tests.fuzzing import changing, registry, targets

    target = registry.TARGETS[name]

    def change(data: bytes, room: int, seed: int) -> bytes:
        other = changing.changed(data, room, seed) if seed % 8 else None
        return atheris.Mutate(data, room) if other is None else other

    met = found / name
    met.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        f"-artifact_prefix={found}/{name}-",
        f"-max_len={targets.LARGEST_INPUT}",
        "-timeout=20",
        "-print_final_stats=1",
        *([f"-runs={runs}"] if runs else []),
        *([f"-max_total_time={seconds}"] if seconds else []),
        str(met),
        str(targets.CORPUS / name),
    ]
    more = {"custom_mutator": change} if target.is_json else {}
    atheris.Setup(arguments, target, **more)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
