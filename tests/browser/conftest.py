"""A browser: Debian's chromium, driven by Playwright; its own browser downloads are not used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Page]:
    """A page of a browser that has seen nothing yet."""
    if CHROMIUM is None:
        pytest.skip("There is no chromium; Debian: apt install chromium.")
    # Playwright runs an event loop in this thread, which the test's own queries do not disturb.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser.new_page(viewport={"width": 1280, "height": 900})
        finally:
            connections.close_all()  # beside that event loop the test had a connection of its own
            browser.close()
