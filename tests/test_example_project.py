"""The example shop: its settings come from the environment, its catalogue fills it once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client
from oscar.core.loading import get_model

from django_amazon_sync.shops.oscar import OscarShop

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parent.parent
MANAGE = ROOT / "example_project" / "manage.py"

READ_SETTINGS = """
import json, config.settings as s
print(json.dumps({"amazon": s.AMAZON_SYNC, "databases": s.DATABASES["default"],
    "broker": s.CELERY_BROKER_URL, "hosts": s.ALLOWED_HOSTS, "debug": s.DEBUG}, default=str))
"""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in an environment that holds nothing else of the project's variables."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    path = os.pathsep.join([str(MANAGE.parent), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, *command],
        env=kept | {"PYTHONPATH": path} | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def settings_in(**environment: str) -> Any:
    done = run("-c", READ_SETTINGS, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- Settings ---------------------------------------------------------------------------------


def test_without_any_variable_the_shop_runs_on_a_file_and_without_broker() -> None:
    read = settings_in()
    assert read["databases"]["ENGINE"] == "django.db.backends.sqlite3"
    assert read["databases"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert read["broker"] == ""
    assert read["amazon"]["DEPLOYMENT"] == "example"
    assert "ENDPOINT" not in read["amazon"]


def test_each_variable_reaches_its_setting() -> None:
    read = settings_in(
        DEBUG="0",
        SECRET_KEY="s" * 50,
        ALLOWED_HOSTS="shop.example.com",
        DATABASE_URL="postgres://user:word@db.example.com:5432/shop",
        REDIS_URL="redis://cache.example.com:6379/1",
        CELERY_BROKER_URL="redis://cache.example.com:6379/2",
        AMAZON_SP_API_ENDPOINT="http://localhost:7001",
        AMAZON_LWA_ENDPOINT="http://localhost:7001/auth/o2/token",
        AMAZON_ENCRYPTION_KEYS="new,old",
        AMAZON_DEPLOYMENT="staging",
        AMAZON_DRIFT_AFTER="7",
    )
    assert read["amazon"] == {
        "SHOP": "django_amazon_sync.shops.oscar.OscarShop",
        "DEPLOYMENT": "staging",
        "ENCRYPTION_KEYS": ["new", "old"],
        "REDIS_URL": "redis://cache.example.com:6379/1",
        "ENDPOINT": "http://localhost:7001",
        "LWA_ENDPOINT": "http://localhost:7001/auth/o2/token",
        "DRIFT_AFTER": 7,
    }
    assert (read["debug"], read["hosts"]) == (False, ["shop.example.com"])
    assert (read["databases"]["HOST"], read["databases"]["NAME"]) == ("db.example.com", "shop")
    assert read["broker"] == "redis://cache.example.com:6379/2"


@pytest.mark.parametrize("missing", ["SECRET_KEY", "AMAZON_ENCRYPTION_KEYS"])
def test_without_debug_there_is_no_default_for_a_secret(missing: str) -> None:
    given = {"DEBUG": "0", "SECRET_KEY": "s" * 50, "AMAZON_ENCRYPTION_KEYS": "key"}
    del given[missing]
    done = run("-c", READ_SETTINGS, **given)
    assert f"Set {missing} in the environment" in done.stderr


def test_outside_debug_it_is_safe_by_default() -> None:
    """A look at what a deployment must have finds nothing."""
    key = Fernet.generate_key().decode()
    given = {"DEBUG": "0", "SECRET_KEY": "s3cr-" * 12, "AMAZON_ENCRYPTION_KEYS": key}
    hosts = {"ALLOWED_HOSTS": "shop.example.com", "AMAZON_DEPLOYMENT": "production"}
    done = run(str(MANAGE), "check", "--deploy", **given, **hosts)
    assert done.returncode == 0, done.stderr
    assert "amazon_sync." not in done.stderr
    for named in ("W004", "W008", "W012", "W016", "W018", "W020"):
        assert f"security.{named}" not in done.stderr
    assert settings_in(**given)["amazon"]["DEPLOYMENT"] == ""


def test_the_commands_work_from_the_projects_root() -> None:
    done = run(str(MANAGE), "check")
    assert done.returncode == 0, done.stderr


# --- Catalogue --------------------------------------------------------------------------------


@pytest.fixture
def catalogue(db: None) -> str:
    said = StringIO()
    call_command("sample_catalogue", stdout=said)
    return said.getvalue()


def test_the_catalogue_is_created_once(catalogue: str) -> None:
    assert catalogue == "14 of 14 products created, the others were there.\n"
    again = StringIO()
    call_command("sample_catalogue", stdout=again)
    assert again.getvalue() == "0 of 14 products created, the others were there.\n"
    assert len(list(OscarShop().offers("example-warehouse"))) == 14


def test_the_catalogue_holds_the_odd_cases(catalogue: str) -> None:
    offers = {offer.sku: offer for offer in OscarShop().offers()}
    assert offers["SHIRT-L"].title == "Linen shirt"
    assert offers["NAMEPLATE"].quantity is None
    assert offers["SCALE-NEW"].price is None
    assert not offers["CANDLE-OLD"].on_sale
    assert [one.kind for one in offers["BOOK-TEA"].identifiers] == ["isbn"]
    free = offers["POSTER-FREE"].price
    assert free is not None
    assert (free.amount, free.currency) == (Decimal(0), "EUR")


def test_the_shop_is_served(catalogue: str, client: Client) -> None:
    titles = ["Stoneware mug, white", "Linen shirt", "The slow art of tea"]
    page = client.get("/catalogue/").content.decode()
    assert [title for title in titles if title not in page] == []
    assert "Beeswax candle" not in page
    books = get_model("catalogue", "Category").objects.get(name="Books")
    page = client.get(books.get_absolute_url()).content.decode()
    assert [title for title in titles if title in page] == ["The slow art of tea"]
    page = client.get("/search/", {"q": "linen"}).content.decode()
    assert [title for title in titles if title in page] == ["Linen shirt"]
    offer = OscarShop().find("MUG-WHITE")[0]
    assert client.get(offer.url).status_code == 200
    assert client.get("/admin/login/").status_code == 200
