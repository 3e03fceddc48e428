"""The records: facts about Amazon and decisions are whole, and what cites them finds them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.contract.amazon_models import MODELS
from tests.pages import PAGES, ROOT, anchor_of, text_of

FOLDERS = ("django_amazon_sync", "tests", "benchmarks", "example_project", "docs")
RECORDS = sorted((ROOT / "docs/decisions").glob("0*.md"))

#: How a fact is cited, in code and between pages.
CITATION = re.compile(r"\bamazon\.md#([\w-]+)")
#: How facts were cited once, or might be in haste: without an anchor, or past docs/amazon.md.
DEAD_CITATION = re.compile(
    r"\(facts?\b|docs/amazon\.md(?!#)|selling-partner-api[\w-]* (?:and )?#\d"
)
FILE_NAME = re.compile(
    r"(?<![\w/.{*<-])((?:[\w.-]+/)*[\w-][\w.-]*\.(?:py|md|toml|cfg|json))\b(?![(\w])"
)
STANDING = re.compile(r"^\*\*(Documented|Seen|Believed):\*\* \S", re.MULTILINE)
CORRECTION = re.compile(r"^\*\*Corrected in \d{4}-\d\d:\*\* \S", re.MULTILINE)

#: A comment or a docstring. (Reading each module by its tokens takes nine seconds.)
REMARK = re.compile(r'(?:^|(?<=\s))#[^\n]*|""".*?"""', re.MULTILINE | re.DOTALL)

#: Files of the shop that docs/own-shop.md builds.
OF_A_SHOP = {
    "mysite/settings.py",
    "shop/amazon.py",
    "shop/models.py",
    "shop/test_pages.py",
    "shop/tests.py",
}


@dataclass(frozen=True)
class Fact:
    """One fact of docs/amazon.md; ``is_background``: no code rests on it."""

    name: str
    text: str
    is_background: bool


@cache
def facts() -> list[Fact]:
    main, _heading, background = text_of("docs/amazon.md").partition("\n## Background\n")
    return [
        Fact(anchor_of(heading), re.split(r"^## ", text, flags=re.MULTILINE)[0], part is background)
        for part in (main, background)
        for heading, _newline, text in (one.partition("\n") for one in part.split("\n### ")[1:])
    ]


def sources(*suffixes: str) -> Iterator[Path]:
    """The files of the checkout with these suffixes, save this one, which names what is wrong."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path != Path(__file__).resolve():
                yield path


@cache
def remarks(path: Path) -> str:
    """The comments and docstrings of a module, and its other long texts; of a page, all of it."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(REMARK.findall(text)) if path.suffix == ".py" else text


def citations(*suffixes: str) -> dict[str, list[str]]:
    """Each name of a fact that is cited, and the files that cite it."""
    found: dict[str, list[str]] = {}
    for path in [*sources(*suffixes), *(PAGES if ".md" in suffixes else [])]:
        for name in CITATION.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return found


# --- Facts ----------------------------------------------------------------------------------------


def test_each_fact_has_a_name_of_its_own() -> None:
    names = Counter(fact.name for fact in facts())
    assert len(names) > 50
    assert [name for name, number in names.items() if number > 1] == []


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: fact.name)
def test_a_fact_says_something_and_has_one_standing_with_its_source(fact: Fact) -> None:
    assert len(STANDING.findall(fact.text)) == 1
    said = STANDING.split(fact.text)[0].strip()
    assert said.endswith(".")
    marked = re.findall(r"^\*\*.*", fact.text, re.MULTILINE)
    assert all(STANDING.match(line) or CORRECTION.match(line) for line in marked)


def test_a_wrong_fact_stands_with_its_correction() -> None:
    corrected = {fact.name for fact in facts() if CORRECTION.search(fact.text)}
    assert "a-quantity-cannot-be-merged" in corrected


def test_each_citation_finds_its_fact() -> None:
    known = {fact.name for fact in facts()}
    cited = citations(".py", ".md", ".html")
    assert {name: files for name, files in cited.items() if name not in known} == {}


def test_code_rests_on_each_fact_that_is_no_background() -> None:
    assert set(citations(".py")) == {fact.name for fact in facts() if not fact.is_background}


def test_no_remark_cites_a_fact_in_a_dead_form() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): DEAD_CITATION.findall(remarks(path))
        for path in sources(".py")
    }
    assert {name: forms for name, forms in found.items() if forms} == {}


@pytest.mark.parametrize(
    "remark",
    [
        "proves receipt (facts: listings, outcome).",
        "so it is cached (docs/amazon.md).",
        "lost before (selling-partner-api-models #2748).",
        "(amzn/selling-partner-api #525)",
    ],
)
def test_a_dead_form_is_found(remark: str) -> None:
    assert DEAD_CITATION.search(remark)


# --- Names of files -------------------------------------------------------------------------------


@cache
def known_files() -> list[str]:
    """The files of the checkout, each with a slash before it."""
    paths = [*sources(".py", ".md", ".toml", ".cfg", ".json"), Path(__file__).resolve()]
    paths += [path for path in ROOT.iterdir() if path.is_file()]
    return [f"/{path.relative_to(ROOT).as_posix()}" for path in paths]


def is_there(name: str) -> bool:
    """Whether the end of some file's path is this; Amazon's models count by the contract tests."""
    if name.endswith(".json"):
        return name.removesuffix(".json") in MODELS
    return name in OF_A_SHOP or any(path.endswith(f"/{name}") for path in known_files())


def test_each_file_that_is_named_is_there() -> None:
    missing = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in {*sources(".py", ".md"), *PAGES}
        for name in FILE_NAME.findall(remarks(path).replace("../", ""))
        if not is_there(name)
    }
    assert missing == set()


@pytest.mark.parametrize(
    "remark",
    [
        "see proving.py",
        'see ``sync/no_such_module.py``, "Add a field"',
        "(orders.json).",
        "what `docs/how/nothing.md` says",
        "[a page](../how/design.md#rules)",
    ],
)
def test_a_file_that_is_not_there_is_found(remark: str) -> None:
    [name] = FILE_NAME.findall(remark.replace("../", ""))
    assert not is_there(name)


# --- Decisions ------------------------------------------------------------------------------------


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))
    assert numbers


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_decision_is_whole_and_listed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, _blank, status = text.splitlines()[:3]
    assert re.fullmatch(
        r"\*[A-Z][a-z]+ \d{4}\. (Accepted|Replaced by \[.+\]\(\d{4}-.+\.md\))\.\*", status
    )
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"| [{title.removeprefix('# ')}]({path.name}) |" in text_of("docs/decisions/README.md")
