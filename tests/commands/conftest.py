"""The commands as a script meets them: exit code, one document or text, sentences on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_amazon_sync.management.commands import _base
from django_amazon_sync.models import SyncRun
from django_amazon_sync.testing.simulator import Seller, Simulator


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    exit: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of all runs."""
        return [line for run in self.document["runs"] for line in run["lines"]]


def manage(name: str, *options: str) -> Said:
    """Run a command as its users do, in text format."""
    out, err = StringIO(), StringIO()
    try:
        call_command(name, *options, stdout=out, stderr=err)
    except CommandError as error:
        return Said(error.returncode, out.getvalue(), f"{err.getvalue()}{error}")
    return Said(0, out.getvalue(), err.getvalue())


def manage_json(name: str, *options: str) -> Said:
    """Run a command as programs do; its document names its own exit code."""
    said = manage(name, "--format", "json", *options)
    assert said.document["exit"] == said.exit
    return said


@pytest.fixture
def seller(amazon: Simulator, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Seller:
    """The European seller; settings lead to the simulator, the environment holds the secrets."""
    settings.AMAZON_SYNC = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.regional_endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
    }
    seller = amazon.seller("eu")
    for name in ("client_id", "client_secret", "refresh_token"):
        monkeypatch.setenv(f"AMAZON_LWA_{name.upper()}", getattr(seller, name))
    return seller


Change = Callable[..., None]


@pytest.fixture
def set_amazon(settings: Any) -> Change:
    """Change keys of AMAZON_SYNC."""

    def change(**values: Any) -> None:
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, **values}

    return change


@pytest.fixture
def time_flies(amazon: Simulator, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Where a command would wait for Amazon, Amazon's clock goes on; the seconds of each wait."""
    waits: list[float] = []

    def skip(seconds: float) -> None:
        waits.append(seconds)
        amazon.advance(max(0.0, seconds))
        SyncRun.objects.update(not_before=None)

    monkeypatch.setattr(_base, "sleep", skip)
    return waits
