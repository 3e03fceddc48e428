"""The documentation names what exists, and all of it."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand, CommandParser

from django_amazon_sync import checks, conf, databases, errors, tasks
from django_amazon_sync.models import DEFAULT_PERIODS
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.templatetags import amazon
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests.pages import DOCS, PAGES, ROOT, anchor_of, text_of

COMMANDS = sorted(
    path.stem for path in (ROOT / "django_amazon_sync/management/commands").glob("amazon_*.py")
)
FIXTURES = ("amazon_account", "amazon_marketplace")  # of testing/plugin.py
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def all_text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in PAGES)


def samples(language: str) -> list[Any]:
    """Each sample of that language, named by its page and number; methods as functions."""
    return [
        pytest.param(dedent(code), id=f"{path.name}-{number}")
        for path in PAGES
        for number, (kind, code) in enumerate(FENCE.findall(path.read_text(encoding="utf-8")))
        if kind == language
    ]


def section(page: str, title: str) -> str:
    """What stands below a heading, up to the next of the same rank."""
    rank, _space, _words = title.partition(" ")
    body = page.partition(f"\n{title}\n")[2]
    assert body, f"There is no section {title}."
    return re.split(rf"^#{{1,{len(rank)}}} ", body, maxsplit=1, flags=re.MULTILINE)[0]


def first_column(page: str, title: str) -> set[str]:
    """What the first column of the section's tables names in code."""
    rows = re.findall(r"^\| (`.*?) \|", section(page, title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


# --- What exists is named, and what is named exists ---------------------------------------------


def test_every_setting_is_told_with_its_default() -> None:
    operations = text_of("docs/operations.md")
    assert first_column(operations, "## Settings") == set(conf.DEFAULTS)
    for name, default in conf.DEFAULTS.items():
        written = json.dumps(default)
        assert f"| `{name}` | `{written}` |" in operations


def test_settings_in_samples_exist() -> None:
    named = re.findall(r"AMAZON_SYNC\[[\"'](\w+)[\"']\]", all_text())
    for code in samples("python"):
        for node in ast.walk(ast.parse(code.values[0])):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "AMAZON_SYNC":
                assert isinstance(node.value, ast.Dict)
                named += [ast.literal_eval(key) for key in node.value.keys if key]
    assert named
    assert set(named) <= set(conf.DEFAULTS)


SOURCES_OF_CHECKS = inspect.getsource(checks) + inspect.getsource(databases)


def test_every_check_is_told() -> None:
    raised = set(re.findall(r"amazon_sync\.[EW]\d{3}", SOURCES_OF_CHECKS))
    assert first_column(text_of("docs/operations.md"), "## System checks") == raised
    assert set(re.findall(r"amazon_sync\.[EW]\d{3}", all_text())) == raised


def test_every_error_code_is_told() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AmazonSyncError)
    }
    assert first_column(text_of("docs/operations.md"), "## When something stands still") == codes


def test_every_command_has_its_section() -> None:
    told = re.findall(r"^### (amazon_\w+)$", text_of("docs/operations.md"), re.MULTILINE)
    assert sorted(told) == COMMANDS


def test_no_page_names_a_command_that_is_not_there() -> None:
    named = set(re.findall(r"\bamazon_(?!sync)[a-z_]+\b(?![./])", all_text()))
    assert named <= {*COMMANDS, *FIXTURES, *amazon.register.tags}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_told_and_no_other(command: str) -> None:
    operations = text_of("docs/operations.md")
    above = section(operations, "## Commands").partition("\n### ")[0]
    told = options_in(section(operations, f"### {command}"))
    options = set(own_options(command))
    assert options - options_in(above) <= told
    assert told <= options


def options_in(text: str) -> set[str]:
    return set(re.findall(r"`(--[a-z-]+)`", text))


def own_options(command: str) -> Iterator[str]:
    """The options that the command adds to those of every Django command."""
    django = {
        option for action in parser_of(BaseCommand())._actions for option in action.option_strings
    }
    for action in parser_of(load_command_class("django_amazon_sync", command))._actions:
        yield from set(action.option_strings) - django


def parser_of(command: BaseCommand) -> CommandParser:
    return command.create_parser("manage.py", "command")


def test_every_task_is_told_and_every_period_is_true() -> None:
    operations = text_of("docs/operations.md")
    rows = section(operations, "## Schedules")
    for job, task in tasks.TASKS.items():
        assert f"| `{task.name.rpartition('.')[2]}` |" in rows, job
    for job, every in DEFAULT_PERIODS.items():
        minutes = int(every.total_seconds() // 60)
        words = {1440: "day", 360: "6 hours"}.get(minutes, f"{minutes} minutes")
        assert re.search(rf"\| {job.label.lower()} \| {words} \|", rows.lower()), job


def test_the_matrix_of_shops_names_every_method_of_the_port() -> None:
    matrix = section(text_of("docs/shops.md"), "## What each adapter can do")
    rows = re.findall(r"^\|[^|]+\| `(\w+)` \|[^|]+\|[^|]+\| (\w+)", matrix, re.MULTILINE)
    methods = {name for name, member in vars(Shop).items() if inspect.isfunction(member)}
    assert {name for name, _needed in rows} == methods
    assert {name for name, needed in rows if needed == "required"} == set(Shop.__abstractmethods__)


def test_every_permission_of_ours_is_told() -> None:
    from django.apps import apps

    models = apps.get_app_config("django_amazon_sync").get_models()
    ours = {
        f"django_amazon_sync.{codename}"
        for model in models
        for codename, _name in model._meta.permissions
    }
    assert first_column(text_of("docs/security.md"), "## Who may see and do what") == ours


def threats() -> list[list[str]]:
    """The rows of the table of threats: door, threat, defence, tests."""
    table = section(text_of("docs/security.md"), "## Threats")
    rows = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)
    return [row.split(" | ") for row in rows][1:]


def test_every_threat_names_the_tests_that_show_its_defence() -> None:
    assert len(threats()) > 30
    for door, threat, defence, shown in threats():
        tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
        assert tests or "not defended" in defence, f"{door}: {threat}"
        for file, name in tests:
            assert re.search(rf"^def {name}\(", text_of(file), re.MULTILINE), f"{file}::{name}"


def test_every_duty_is_met_by_a_test_or_is_the_hosts() -> None:
    table = section(text_of("docs/security.md"), "## Amazon's duties")
    rows = [row.split(" | ") for row in re.findall(r"^\| (.*) \|$", table, re.MULTILINE)][1:]
    assert len(rows) == 18
    for duty, _number, met, shown in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
        assert tests or (met.startswith("the host") and shown == "nothing"), duty
        for file, name in tests:
            assert re.search(rf"^def {name}\(", text_of(file), re.MULTILINE), f"{file}::{name}"


def test_every_kind_of_fault_is_told() -> None:
    told = first_column(text_of("docs/simulator.md"), "## Faults by script")
    assert told == set(get_args(FaultKind))


# --- Samples --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", samples("python"))
def test_python_samples_can_be_read(code: str) -> None:
    compile(code, "sample", "exec")


@pytest.mark.parametrize("code", samples("json"))
def test_json_samples_can_be_read(code: str) -> None:
    assert json.loads(code)


@pytest.mark.parametrize("code", samples("console"))
def test_console_samples_name_options_that_exist(code: str) -> None:
    for line in code.splitlines():
        assert line.startswith("$ ")
        words = shlex.split(line[2:], comments=True)
        for command in set(words) & set(COMMANDS):
            arguments = words[words.index(command) + 1 :]
            parser_of(load_command_class("django_amazon_sync", command)).parse_args(arguments)


def test_the_example_adapter_is_the_one_that_the_tests_hold_to_the_contract() -> None:
    there = text_of("tests/shops/tiny.py") + text_of("tests/shops/test_tiny.py")
    example = section(text_of("docs/shops.md"), "## Write an adapter")
    quoted = [code.strip("\n") for _kind, code in FENCE.findall(example)][:-1]
    assert len(quoted) >= 5
    for code in quoted:
        assert code in there


def test_the_sample_test_of_the_simulator_passes(amazon: Any) -> None:
    [code] = [one.values[0] for one in samples("python") if "def test_two_mugs" in one.values[0]]
    names: dict[str, Any] = {}
    exec(compile(code, "sample", "exec"), names)
    names["test_two_mugs_are_sold"](amazon)


# --- Links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_and_pictures_are_there(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _hash, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(path), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual viewers make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return set(map(anchor_of, headings))


def test_every_page_can_be_found_from_the_index() -> None:
    """A folder with a README is found by it, and its pages from there."""
    lists = {page.parent: page for page in DOCS if page.name == "README.md"}
    lists[ROOT / "docs"] = ROOT / "docs" / "index.md"
    for page in DOCS:
        above = page.parent.parent if page.name == "README.md" else page.parent
        found_by = lists.get(above, lists[ROOT / "docs"])
        name = page.relative_to(found_by.parent).as_posix()
        assert page == found_by or f"]({name})" in found_by.read_text(encoding="utf-8"), name
