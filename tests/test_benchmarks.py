"""The benchmarks of a catalogue run, on SQLite; each checks that both sides did the same work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parent.parent

SMALL = """
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.run import machine, set_up
set_up()

from benchmarks import diff, feeds, order_report, rules, settle, whole
from benchmarks.ground import in_child

print(in_child(machine))
with TemporaryDirectory() as folder:
    ratios = [diff.at_size(30, 1), feeds.at_size(30, 1), settle.at_size(30, 1, Path(folder))]
ratios += [whole.at_size(120), *rules.at_size(30, 1), *order_report.measure(quick=True)]
for one in ratios:
    print(one.what, one.ratio)
"""


def test_each_benchmark_of_a_catalogue_runs() -> None:
    without = {"DJANGO_SETTINGS_MODULE", "PYTHONWARNINGS", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, "-c", SMALL],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("/") >= 6, done.stdout
