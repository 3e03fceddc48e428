"""Tests are found where the code is: each module has its file of tests at the mirrored path."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import django_amazon_sync

TESTS = Path(__file__).parent
PACKAGE = Path(django_amazon_sync.__file__).parent

#: Folders whose modules each have a file of tests; models and shops are tested by what they do.
MIRRORED = ("admin", "amazon", "rules", "sync")

#: Files of tests that are about many modules together.
ACROSS = {
    "admin/products/test_one_check.py",  # each field by each of the four pages that set it
    "admin/test_lists.py",  # every list asks a fixed number of queries
    "admin/test_many.py",  # actions on all that match a filter
    "admin/test_permissions.py",  # each action and the one permission that it needs
    "admin/test_roles.py",  # every address, tried as every role
    "admin/test_vendors.py",  # people of several partners
    "amazon/test_against_simulator.py",  # the gateway and an Amazon with memory
    "amazon/test_documents_against_simulator.py",  # the same for reports and feeds
    "sync/accounts/test_refused_marketplaces.py",  # every job, where Amazon refuses one of several
    "sync/export/test_inactive_store.py",  # what still leaves for a store that is switched off
    "sync/reconciliation/test_many_orders.py",  # searches that leave out orders, and the report
    "sync/test_story.py",  # a shop and Amazon in step, day after day
    "sync/test_worker.py",  # a worker of Celery in a process of its own
}


def mirrored(module: Path) -> Path:
    """Where the tests of a module stand."""
    return module.with_name(f"test_{module.name}")


MODULES = sorted(
    path.relative_to(PACKAGE)
    for folder in MIRRORED
    for path in (PACKAGE / folder).rglob("*.py")
    if path.name != "__init__.py"
)


def imports_of(file: Path) -> set[str]:
    """The names in full of what a module of tests imports."""
    package = ".".join(("tests", *file.parent.relative_to(TESTS).parts))
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def functions_of(file: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def is_fixture(function: ast.FunctionDef) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


FILES = sorted(TESTS.rglob("*.py"))


def fixtures() -> set[str]:
    """The names in full of all fixtures; every file of tests is parsed for it."""
    return {
        f"{'.'.join(('tests', *file.relative_to(TESTS).with_suffix('').parts))}.{function.name}"
        for file in FILES
        for function in functions_of(file)
        if is_fixture(function)
    }


def test_the_rooms_are_found() -> None:
    assert {path.parts[0] for path in MODULES} == set(MIRRORED)
    assert len(MODULES) > 100


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_module_has_its_tests(module: Path) -> None:
    file = TESTS / mirrored(module)
    assert file.exists(), f"Write tests of {module} in tests/{mirrored(module)}."
    tests = [one for one in functions_of(file) if one.name.startswith("test_")]
    assert tests, f"tests/{mirrored(module)} has no test."


def test_a_file_of_tests_is_about_a_module_that_is_there() -> None:
    """A module that is renamed takes its tests along; what is about many is listed above."""
    there = {
        path.relative_to(TESTS)
        for folder in MIRRORED
        for path in (TESTS / folder).rglob("test_*.py")
    }
    assert {str(path) for path in there - set(map(mirrored, MODULES))} == ACROSS


def test_no_module_of_tests_imports_another() -> None:
    """What tests share stands in a module that says so."""
    for file in FILES:
        for name in imports_of(file):
            ours, *parts = name.split(".")
            from_tests = ours == "tests" and any(part.startswith("test_") for part in parts)
            assert not from_tests, f"{file.relative_to(TESTS)} imports {name}."


def test_fixtures_are_found_and_not_imported() -> None:
    """pytest finds them in conftest files and in the plugin."""
    there = fixtures()
    assert "tests.conftest.world" in there
    for file in FILES:
        imported = imports_of(file) & there
        assert not imported, f"{file.relative_to(TESTS)} imports {sorted(imported)}."


def test_each_of_the_slowest_tests_is_there() -> None:
    """A line that names no test any more would let its heir into `make test` unseen."""
    for line in (TESTS / "slowest.txt").read_text(encoding="utf-8").split():
        file, _, name = line.partition("::")
        source = (TESTS.parent / file).read_text(encoding="utf-8")
        assert name.rpartition("::")[2] in source, line
