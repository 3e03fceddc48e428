"""The tutorial as it is written: its code makes a project, and its commands say what it says.

The page's commands run in one Python of their own, except for those that make the project and the
simulator, which has its own terminal on the page, too.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography.fernet import Fernet

import django_amazon_sync
from django_amazon_sync.shops.model_shop import LineFields, OrderFields, ProductFields
from django_amazon_sync.testing.simulator import SimulatorControl

pytestmark = [pytest.mark.wheel, pytest.mark.any_database]

PAGE = Path(__file__).parent.parent / "docs" / "own-shop.md"
TUTORIAL, REFERENCE = PAGE.read_text(encoding="utf-8").split("\n## What can be mapped\n")
PORT = "8600"

#: What the page's author writes: the models, the mapping and the settings.
OWN = ("shop/models.py", "shop/amazon.py", "mysite/settings.py")

#: Reads steps, does them, and says what each command printed.
RUNNER = """
import importlib, io, json, sys
import django
from django.core.management import call_command
django.setup()
names, said = {}, []
for kind, step in json.load(sys.stdin):
    importlib.invalidate_caches()
    out = io.StringIO()
    if kind == "python":
        exec(step, names)
    else:
        call_command(*step, stdout=out)
    said.append(out.getvalue())
print(json.dumps(said))
"""

FACTS = """
from shop.models import Item, Order, OrderLine
order = Order.objects.get()
assert order.number == number
assert order.notes == ""
assert order.address.count("\\n") >= 3
assert order.total == order.lines.get().price
assert (order.lines.get().item.code, order.lines.get().quantity) == ("MUG-BLUE", 2)
assert Item.objects.get(code="MUG-BLUE").stock == 5
"""


@dataclass(frozen=True)
class Block:
    """A block of code of the page, and the file that the words above it name, if they do."""

    kind: str
    code: str
    file: str


def blocks() -> Iterator[Block]:
    for words, kind, code in re.findall(r"(.*?)^```(\w+)\n(.*?)^```$", TUTORIAL, re.M | re.S):
        files = re.findall(r"`([\w/]+\.py)`", words)
        yield Block(kind, code, files[-1] if files and kind == "python" else "")


BLOCKS = list(blocks())


def commands(code: str) -> list[list[str]]:
    """The words of each line of a console block."""
    return [shlex.split(line.removeprefix("$ ")) for line in code.splitlines()]


def of_management(words: list[str]) -> bool:
    return words[:2] == ["python", "manage.py"]


@dataclass(frozen=True)
class Project:
    """The reader's folder, and what a process needs to run in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, said: str = "") -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=self.environment, input=said,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, block: Block) -> None:
        """New files are written whole, what is in the settings stays."""
        file = self.folder / block.file
        before = file.read_text() if block.file == "mysite/settings.py" else ""
        file.write_text(before + block.code)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What the page's files and the commands before them make."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMAZON", "CELERY", "DATABASE", "DJANGO", "PYTEST", "REDIS"))
    }
    environment |= {
        "PYTHONPATH": str(Path(django_amazon_sync.__file__).parent.parent),
        "DJANGO_SETTINGS_MODULE": "mysite.settings",  # as manage.py does
        "AMAZON_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    made = Project(tmp_path_factory.mktemp("own-shop"), environment)
    for words in commands(BLOCKS[0].code):
        if words[0] == "django-admin":
            made.run("-m", "django", *words[1:])
        elif of_management(words):
            made.run(*words[1:])
    for block in BLOCKS:
        if block.file:
            made.write(block)
    return made


@pytest.fixture
def amazon(project: Project) -> Iterator[SimulatorControl]:
    """The simulator of the second terminal; the project's settings and environment lead to it."""
    [words] = [
        words
        for block in BLOCKS
        if block.kind == "console"
        for words in commands(block.code)
        if "amazon_simulator" in words
    ]
    free = ["0" if word == PORT else word for word in words[1:]]
    with subprocess.Popen(
        [sys.executable, *free], cwd=project.folder, env=project.environment,
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield reached(project, process.stdout)
        finally:
            process.terminate()


def reached(project: Project, output: IO[str] | None) -> SimulatorControl:
    """Read what the simulator prints, as far as the credentials of the European seller."""
    assert output is not None
    endpoint = output.readline().strip().partition("=")[2]
    while not (line := output.readline()).startswith("eu "):
        assert line, "the simulator ended"
    while not (line := output.readline().strip()).startswith("AMAZON_LWA_"):
        pass
    secrets = [line, *(output.readline().strip() for _ in range(2))]
    project.environment.update(dict(secret.split("=", 1) for secret in secrets))
    settings = project.folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text().replace(PORT, endpoint.rpartition(":")[2]))
    return SimulatorControl(endpoint)


def test_the_readers_own_code_has_sixty_lines_at_most() -> None:
    own = [block.code for block in BLOCKS if block.file in OWN]
    assert len(own) == len(OWN)
    assert sum(bool(line.strip()) for code in own for line in code.splitlines()) <= 60


def test_it_goes_as_the_page_says(project: Project, amazon: SimulatorControl) -> None:
    steps: list[tuple[str, Any]] = []
    told: list[tuple[int, int, str]] = []  # what the steps from here to there print
    since = 0
    for block in BLOCKS[1:]:
        if block.kind == "console":
            since = len(steps)
            for words in commands(block.code):
                steps += list(step_of(words, project))
        elif block.kind == "text":
            told.append((since, len(steps), block.code))
        elif not block.file:
            steps.append(("python", block.code.replace(PORT, port_of(project))))
    steps.append(("python", FACTS))
    said = json.loads(project.run("-c", RUNNER, said=json.dumps(steps)).splitlines()[-1])
    for start, end, expected in told:
        assert re.fullmatch(pattern_of(expected), "".join(said[start:end]), re.DOTALL)
    assert len(told) == 4

    amazon.advance(120)
    mug = amazon.live("eu", "MUG-BLUE", "A1PA6795UKMFR9")
    assert mug is not None
    assert (mug.price, mug.quantity) == (Decimal("9.50"), 5)
    [package] = amazon.orders("eu")[-1]["packages"]
    assert package["trackingNumber"] == "JD0002"


def step_of(words: list[str], project: Project) -> Iterator[tuple[str, Any]]:
    """What the runner has to do for one line of a console."""
    if words[0] == "export":
        named = {word.partition("=")[0] for word in words[1:] if "=" in word}
        assert named <= project.environment.keys(), "the page exports what has been set"
    elif of_management(words) and "amazon_simulator" not in words:
        yield "command", words[2:]
    elif not of_management(words):
        assert words[0] == "pytest", words


def port_of(project: Project) -> str:
    settings = (project.folder / "mysite" / "settings.py").read_text()
    return settings.partition("http://127.0.0.1:")[2].partition("/")[0]


def pattern_of(expected: str) -> str:
    """``...`` stands for whatever is there."""
    return re.escape(expected).replace(re.escape("..."), ".*")


def test_the_readers_own_test_passes(project: Project) -> None:
    """It needs no simulator but its own, wherever the settings lead."""
    [words] = [
        words
        for block in BLOCKS
        if block.kind == "console"
        for words in commands(block.code)
        if words[0] == "pytest"
    ]
    if not (project.folder / "shop/migrations/0001_initial.py").exists():
        project.run("manage.py", "makemigrations", "shop")
    assert "2 passed" in project.run("-m", *words)


def test_the_reference_names_every_attribute_of_the_mapping() -> None:
    for kind in (ProductFields, OrderFields, LineFields):
        table = REFERENCE.partition(f"### {kind.__name__}\n")[2].partition("\n### ")[0]
        rows = re.findall(r"^\| (`.*?) \|", table, re.M)
        told = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        assert sorted(told) == sorted(one.name for one in fields(kind))
