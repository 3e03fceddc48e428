"""The distribution: what the wheel carries, and what it says of itself."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import django_amazon_sync

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "django_amazon_sync"

#: What a checkout consists of.
FOLDERS = (
    ".ci", ".github", "benchmarks", "django_amazon_sync", "docs", "example_project", "tests",
)  # fmt: skip
FILES = (
    ".git-blame-ignore-revs", ".gitignore", ".pre-commit-config.yaml", ".secrets.baseline",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md",
    "SECURITY.md", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini",
)  # fmt: skip
LEFT_BEHIND = (
    "__pycache__", ".env", "*.sqlite3*", "media", "var", "whoosh_index", ".pytest_cache",
    ".hypothesis",
)  # fmt: skip


def test_the_package_under_test_is_the_one_that_is_meant() -> None:
    """In a checkout its own; tox says where it installed the wheel."""
    meant = os.environ.get("PACKAGE_UNDER_TEST", str(ROOT))
    assert Path(django_amazon_sync.__file__).is_relative_to(meant)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, without what a build or a run left in them."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def dist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist, and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    [path] = dist.glob("*.whl")
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


def test_the_sdist_carries_the_checkout(checkout: Path, dist: Path) -> None:
    """So its tests run, and the wheel that anyone builds from it is the same."""
    [path] = dist.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        carried = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    sources = {
        file.relative_to(checkout).as_posix()
        for file in checkout.rglob("*")
        if file.is_file() and "django_amazon_sync.egg-info" not in file.parts
    }
    made = {name for name in carried if name == "PKG-INFO" or ".egg-info/" in name}
    assert carried - made == sources


def test_every_translation_is_compiled() -> None:
    missing = [one for one in PACKAGE.rglob("*.po") if not one.with_suffix(".mo").exists()]
    assert missing == [], "run compilemessages: who builds the wheel may have no gettext"


def test_the_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "django-amazon-sync"
    assert metadata["Version"] == django_amazon_sync.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_its_description_is_the_readme_without_what_needs_the_repository(
    metadata: Message,
) -> None:
    description = str(metadata.get_payload())
    headings = re.compile(r"^## .*$", re.MULTILINE)
    assert headings.findall(description) == headings.findall((ROOT / "README.md").read_text())
    assert "one class (`docs/shops.md`)" in description
    assert re.findall(r"\]\((?!https:).*?\)", description) == []


def requirements(metadata: Message) -> list[Requirement]:
    return [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]


def test_a_bare_installation_is_small(metadata: Message) -> None:
    bare = [one.name.lower() for one in requirements(metadata) if one.marker is None]
    assert bare == [
        "django", "celery", "cryptography", "markdown", "lxml", "orjson", "python-stdnum",
        "requests", "tqdm",
    ]  # fmt: skip


def test_the_extras_are_the_documented_ones(metadata: Message) -> None:
    extras = {"oscar", "redis", "sqs", "spreadsheet", "all", "testing", "test", "docs"}
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
