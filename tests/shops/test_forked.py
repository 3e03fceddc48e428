"""OscarShop in a project that has forked apps of Oscar, which takes settings of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.wheel, pytest.mark.any_database]

CASES = Path(__file__).parent.parent / "forked" / "cases.py"


def test_oscar_shop_works_on_forked_apps(request: pytest.FixtureRequest) -> None:
    # The same import path as here, so that the same package is tested.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(CASES),
        "--ds=tests.forked.settings",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(request.config.inipath),
    ]
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
