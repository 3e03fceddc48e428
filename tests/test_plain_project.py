"""A plain Django project that has this app, no shop and none of the extras.

Each test runs a script in a Python of its own, in which the packages of the extras cannot be
imported.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import django_amazon_sync

pytestmark = [pytest.mark.wheel, pytest.mark.any_database]

ROOT = Path(__file__).resolve().parent.parent
OF_THE_EXTRAS = ("boto3", "import_export", "oscar", "redis")

SET_UP = """
import django
from django.core.management import call_command
from django.db import connection
django.setup()
"""


@pytest.fixture
def plain_environment(tmp_path: Path) -> dict[str, str]:
    for name in OF_THE_EXTRAS:
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is blocked')")
    path = [tmp_path, Path(django_amazon_sync.__file__).parent.parent, ROOT]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "DJANGO_SETTINGS_MODULE": "tests.plain_settings",
    }


def run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", SET_UP + script],
        env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_check_says_what_is_missing(plain_environment: dict[str, str]) -> None:
    done = run("call_command('check')", plain_environment)
    for setting in ("SHOP", "ENCRYPTION_KEYS", "DEPLOYMENT"):
        assert f"AMAZON_SYNC['{setting}'] is missing" in done.stderr
    assert "SQLite runs without IMMEDIATE transactions" in done.stderr
    assert "ERRORS" not in done.stderr


def test_migrate_goes_both_ways_without_any_setting(plain_environment: dict[str, str]) -> None:
    run(
        """
ours = lambda: {t for t in connection.introspection.table_names() if t.startswith("django_amazon")}
call_command("migrate", verbosity=0)
there = ours()
assert there
call_command("migrate", "django_amazon_sync", "zero", verbosity=0)
assert not ours(), ours()
call_command("migrate", verbosity=0)
assert ours() == there
""",
        plain_environment,
    )


def test_the_migrations_are_in_step_with_the_models(plain_environment: dict[str, str]) -> None:
    done = run("call_command('makemigrations', check=True, dry_run=True)", plain_environment)
    assert "No changes detected" in done.stdout


def test_every_module_but_the_adapter_is_imported_without_extras(
    plain_environment: dict[str, str],
) -> None:
    done = run(
        """
import importlib, pkgutil, django_amazon_sync as package
names = [one.name for one in pkgutil.walk_packages(package.__path__, "django_amazon_sync.")]
apart = (".testing", ".shops.oscar", ".oscar_dashboard", ".admin.products.offer_sheet")  # extras
names = [name for name in names if not any(part in name for part in apart)]
for name in names:
    importlib.import_module(name)
print(*names)
""",
        plain_environment,
    )
    assert "django_amazon_sync.checks" in done.stdout.split()
