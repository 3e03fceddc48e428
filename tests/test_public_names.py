"""The names that projects write down stay: ``public_names.txt`` lists them, and no other.

A name that goes, comes or changes shows as a line of that file; each such line wants one in
``CHANGELOG.md``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args, get_type_hints

import pytest
from celery import current_app
from django.apps import apps
from django.urls import URLResolver, get_resolver

import django_amazon_sync
from django_amazon_sync import checks, conf, data, databases, errors, tasks
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.templatetags import amazon

ROOT = Path(__file__).parent.parent
PACKAGE = Path(django_amazon_sync.__file__).parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
APP = "django_amazon_sync"

#: The addresses that Django's admin makes of each model beside its list.
OF_A_ROW = re.compile(r"_(add|change|delete|history)$")


def listed(kind: str) -> set[str]:
    lines = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[1] for line in lines if line.startswith(f"{kind} ")}


# --- What there is --------------------------------------------------------------------------------


def modules() -> set[str]:
    """Where the public is invited."""
    return {name.rpartition(".")[0] for name in listed("import")}


def imports() -> Iterator[str]:
    for module in modules():
        yield from (f"{module}.{name}" for name in import_module(module).__all__)


def loggers() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        yield from re.findall(rf'getLogger\("({APP}[\w.]*)"\)', text)


def task_names() -> Iterator[str]:
    return (name for name in current_app.tasks if name.startswith(f"{APP}."))


def check_ids() -> Iterator[str]:
    source = inspect.getsource(checks) + inspect.getsource(databases)
    return iter(re.findall(r"amazon_sync\.[EW]\d{3}", source))


def error_codes() -> Iterator[str]:
    return (vars(errors)[name].code for name in errors.__all__)


def commands() -> Iterator[str]:
    return (path.stem for path in (PACKAGE / "management" / "commands").glob("[!_]*.py"))


def url_names() -> Iterator[str]:
    """In the admin, in Oscar's dashboard, and of our own ``urls``."""
    ours = (name for name in named(get_resolver(), "") if "amazon" in name)
    return (name for name in ours if not OF_A_ROW.search(name))


def named(resolver: URLResolver, space: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from named(pattern, inner)
        elif pattern.name:
            yield f"{space}{pattern.name}"


def templates() -> Iterator[str]:
    folder = PACKAGE / "templates"
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def permissions() -> Iterator[str]:
    for model in apps.get_app_config(APP).get_models():
        yield from (f"{APP}.{codename}" for codename, _name in model._meta.permissions)


def models() -> Iterator[str]:
    return (model._meta.label for model in apps.get_app_config(APP).get_models())


KINDS: dict[str, Callable[[], Iterator[str]]] = {
    "check": check_ids,
    "command": commands,
    "error": error_codes,
    "import": imports,
    "logger": loggers,
    "model": models,
    "permission": permissions,
    "setting": lambda: iter(conf.DEFAULTS),
    "tag": lambda: iter(amazon.register.tags),
    "task": task_names,
    "template": templates,
    "url": url_names,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_are_exactly_those_of_the_list(kind: str) -> None:
    assert set(KINDS[kind]()) == listed(kind)


def test_the_list_is_in_order_and_of_known_kinds() -> None:
    lines = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))
    assert {line.split()[0] for line in lines} == set(KINDS)


# --- __all__ --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(listed("import")))
def test_what_is_public_is_there_and_is_told(name: str) -> None:
    """A class or a function has its docstring."""
    module, _dot, attribute = name.rpartition(".")
    there = getattr(import_module(module), attribute)
    if inspect.isclass(there) or inspect.isfunction(there):
        assert inspect.getdoc(there)


def test_all_errors_are_public() -> None:
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    kinds = classes - {"Code", "datetime"}  # imported
    assert set(errors.__all__) == kinds


def test_all_tasks_are_public() -> None:
    assert {f"{tasks.__name__}.{name}" for name in tasks.__all__} == set(task_names())


def test_all_that_crosses_the_port_is_public() -> None:
    """What the methods of ``Shop`` take and give, with all their parts; and ``Rate``, see rates."""
    crossing: set[str] = set()
    for _name, method in inspect.getmembers(Shop, inspect.isfunction):
        for kind in get_type_hints(method).values():
            crossing |= parts_of(kind)
    assert set(data.__all__) == {*crossing, "Rate"}


def parts_of(kind: Any) -> set[str]:
    """The names of the dataclasses of ``data`` that a type is made of."""
    found = {name for part in get_args(kind) for name in parts_of(part)}
    if inspect.isclass(kind) and kind.__module__ == data.__name__:
        found.add(kind.__name__)
        for hint in get_type_hints(kind).values():
            found |= parts_of(hint)
    return found


# --- What the documentation names -----------------------------------------------------------------


def told_imports(text: str) -> Iterator[str]:
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(dedent(code))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == APP:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_the_documentation_imports_is_public() -> None:
    told = {name for page in PAGES for name in told_imports(page.read_text(encoding="utf-8"))}
    assert len(told) > 5
    assert told <= listed("import")


def test_what_the_documentation_names_by_its_path_is_public() -> None:
    """A name, or the module of one."""
    kinds = ("import", "logger", "permission", "task")
    public = {name for kind in kinds for name in listed(kind)} | modules() | {f"{APP}.urls"}
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    told = set(re.findall(rf"\b{APP}(?:\.\w+)+\b(?!/)", text))
    assert len(told) > 20
    assert told <= public
