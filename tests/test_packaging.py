"""The distribution: what the wheel carries, and what it says of itself."""

import os
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import django_amazon_sync

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "django_amazon_sync"


def test_the_package_under_test_is_the_one_that_is_meant() -> None:
    """In a checkout its own; tox says where it installed the wheel."""
    meant = os.environ.get("PACKAGE_UNDER_TEST", str(ROOT))
    assert Path(django_amazon_sync.__file__).is_relative_to(meant)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the sources: what an earlier build left is not in it."""
    sources = tmp_path_factory.mktemp("sources")
    shutil.copytree(ROOT / "tests", sources / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PACKAGE, sources / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    subprocess.run(build, cwd=sources, check=True, capture_output=True)
    [path] = (sources / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    [name] = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_the_wheel_carries_the_whole_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".po", ".pot"}
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == sources
    assert sources > {f"{PACKAGE.name}/py.typed", f"{PACKAGE.name}/migrations/0001_initial.py"}


def test_every_translation_is_compiled() -> None:
    missing = [one for one in PACKAGE.rglob("*.po") if not one.with_suffix(".mo").exists()]
    assert missing == [], "run compilemessages: who builds the wheel may have no gettext"


def test_the_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "django-amazon-sync"
    assert metadata["Version"] == django_amazon_sync.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert "```" in str(metadata.get_payload()), "the README is the description"


def requirements(metadata: Message) -> list[Requirement]:
    return [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]


def test_a_bare_installation_is_small(metadata: Message) -> None:
    bare = [one.name.lower() for one in requirements(metadata) if one.marker is None]
    assert bare == [
        "django", "celery", "cryptography", "markdown", "lxml", "orjson", "python-stdnum",
        "requests", "tqdm",
    ]  # fmt: skip


def test_the_extras_are_the_documented_ones(metadata: Message) -> None:
    extras = {"oscar", "redis", "sqs", "spreadsheet", "all", "test", "docs"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras
    documented = (ROOT / "docs" / "dependencies.md").read_text()
    assert [one for one in sorted(extras) if f"`{one}`" not in documented] == []


def test_the_floors_of_what_users_install_are_tested(metadata: Message) -> None:
    """pip goes back to ancient versions where a floor is missing, or is not true."""
    lines = (ROOT / "tests" / "floors.txt").read_text().splitlines()
    tested = {Requirement(line).name.lower(): line for line in lines if not line.startswith("#")}
    for needed in requirements(metadata):
        if needed.name == metadata["Name"] or str(needed.marker)[-6:] in {'"test"', '"docs"'}:
            continue
        [floor] = (one.version for one in needed.specifier if one.operator == ">=")
        pinned = tested[needed.name.lower()].partition("==")[2]
        assert pinned == floor or pinned.startswith(f"{floor}."), needed
