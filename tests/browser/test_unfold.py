"""The screens under django-unfold: its templates come first, so it takes a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM

pytestmark = [pytest.mark.wheel, pytest.mark.any_database]

ROOT = Path(__file__).resolve().parents[2]


def test_the_admin_works_under_the_theme() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.unfold_settings"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
         "tests/browser/unfold_walk.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    expected = "3 passed" if CHROMIUM else "3 skipped"
    assert expected in done.stdout, done.stdout[-3000:]
