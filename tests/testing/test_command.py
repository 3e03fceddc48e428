"""``amazon_simulator``, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.management import CommandError, call_command

from django_amazon_sync.testing.simulator import SimulatorControl

pytestmark = pytest.mark.wheel

PROJECT = Path(__file__).parents[2]


class Processes:
    """Starts the command and ends it again."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        command = [sys.executable, "-m", "django", "amazon_simulator", *options]
        process = subprocess.Popen(
            [*command, "--port", "0", "--format", "json"],
            cwd=PROJECT,
            env={
                **os.environ,
                "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'example_project'}",
                "DJANGO_SETTINGS_MODULE": "tests.settings",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        output: IO[str] | None = process.stdout
        assert output is not None
        return process, json.loads(output.readline())


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes()
    yield started
    for process in started.running:
        process.kill()
        process.wait()


def test_it_serves_what_it_prints_and_remembers_when_it_is_killed_softly(
    processes: Processes, tmp_path: Path
) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"operation": "getOrder", "kind": "429"}]')
    memory = tmp_path / "amazon.json"
    options = ("--seed", "5", "--state", str(memory), "--faults", str(script))
    process, about = processes.start(*options, "--time-scale", "3600")
    control = SimulatorControl(about["endpoint"])
    assert about["time_scale"] == 3600
    assert [seller["region"] for seller in about["sellers"]] == ["na", "eu", "fe"]
    history = len(control.orders())
    assert history >= 12
    control.let_buyers_buy(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    _, again = processes.start(*options, "--orders-per-hour", "0")
    assert again["sellers"] == about["sellers"]
    assert len(SimulatorControl(again["endpoint"]).orders()) > history


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time-scale", "0"), "greater than 0"),
        (("--faults", "no-such-file.json"), "no-such-file.json"),
    ],
)
def test_what_cannot_start_says_why(options: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message) as refused:
        call_command("amazon_simulator", "--port", "0", *options)
    assert refused.value.returncode == 2


def test_a_taken_port_is_one_clear_sentence(processes: Processes) -> None:
    _, about = processes.start("--orders-per-hour", "0")
    port = about["endpoint"].rpartition(":")[2]
    with pytest.raises(CommandError, match="cannot start"):
        call_command("amazon_simulator", "--port", port)
