"""Each system check finds its fault, names it and says what to do; a good project has none."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from celery import current_app
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, Tags, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from pytest_django.fixtures import Settings

from django_amazon_sync import checks, conf, databases
from django_amazon_sync.models import Application
from django_amazon_sync.shops.base import Shop
from tests.shops.plain import RichShop

pytestmark = pytest.mark.wheel

KEY = Fernet.generate_key().decode()
HERE = __name__


class HalfShop(Shop):
    """Lacks all methods but one."""

    def order_pk(self, number: str) -> str:
        return number


class WholeShop(HalfShop):
    """Lacks nothing, as far as a check can see."""


WholeShop.__abstractmethods__ = frozenset()


class MisspeltShop(RichShop):
    """A mapping with a slip of the pen."""

    product = replace(RichShop.product, title="nmae")


GOOD = {"SHOP": f"{HERE}.WholeShop", "ENCRYPTION_KEYS": [KEY], "DEPLOYMENT": "tests"}

#: What is set, the id that says so, and a word of its message.
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"SHOPP": "x"}, "E001", "'SHOPP'"),
    ({"DRIFT_AFTER": "1 hour"}, "E002", "'DRIFT_AFTER'] is not a number"),
    ({"ORDERS_FRESH": -1}, "E002", "'ORDERS_FRESH'] is not a number of 0 or more"),
    ({"RUN_MOVE_COUNT": True}, "E002", "'RUN_MOVE_COUNT'"),
    ({"SHIPPING_EVENTS": "shipped"}, "E002", "'SHIPPING_EVENTS'] is not a list of texts"),
    ({"ENCRYPTION_KEYS": KEY}, "E002", "'ENCRYPTION_KEYS'] is not a list of texts"),
    ({"PERSONAL_DATA_DAYS": 31}, "W021", "'PERSONAL_DATA_DAYS'] is 31 days, and Amazon permits 30"),
    ({"AMAZON_DATA_DAYS": 600}, "W021", "'AMAZON_DATA_DAYS'"),
    ({"VIEWS_KEPT_DAYS": 90}, "W021", "'VIEWS_KEPT_DAYS'] is 90 days, and Amazon wants a year"),
    ({"DEPLOYMENT": 7}, "E002", "'DEPLOYMENT'] is not a text"),
    ({"SHOP": "no.such.Shop"}, "E003", "No module named 'no'"),
    ({"SHOP": f"{HERE}.NoSuchShop"}, "E003", "NoSuchShop"),
    ({"SHOP": f"{HERE}.HalfShop"}, "E004", "lacks find, menu, offers"),
    ({"SHOP": "pathlib.Path"}, "E004", "is not a subclass of"),
    ({"SHOP": f"{HERE}.MisspeltShop"}, "E010", "Item has no field nmae; it has active, barcode"),
    ({"ENCRYPTION_KEYS": [KEY, "secret word"]}, "E005", "at place 2"),
    ({"ENDPOINT": "sellingpartnerapi-eu.amazon.com"}, "E006", "'ENDPOINT'"),
    ({"ENDPOINT": "https://{host}"}, "E006", "'ENDPOINT'"),
    ({"LWA_ENDPOINT": ""}, "E006", "'LWA_ENDPOINT'"),
    ({"SELLER_CENTRAL": "{host}"}, "E006", "'SELLER_CENTRAL'"),
    ({"SELLER_CENTRAL": "https://{region}"}, "E006", "'SELLER_CENTRAL'"),
    ({"LWA_ENDPOINT": "http://["}, "E006", "'LWA_ENDPOINT'"),
    ({"REDIS_URL": "127.0.0.1:6379"}, "E006", "'REDIS_URL'"),
    ({"RATES_URL": "www.ecb.europa.eu"}, "E006", "'RATES_URL'"),
    ({"RATES_MAX_AGE": "a week"}, "E002", "'RATES_MAX_AGE'"),
    ({"RATES_CALLABLE": "no.such.function"}, "E011", "No module named 'no'"),
    ({"RATES_CALLABLE": "math.pi"}, "E011", "is not a function"),
    ({"CUSTOMER_IS_VERIFIED": "no.such.function"}, "E012", "No module named 'no'"),
    ({"CUSTOMER_IS_VERIFIED": "math.pi"}, "E012", "is not a function"),
    ({"CUSTOMER_IS_VERIFIED": True}, "E002", "'CUSTOMER_IS_VERIFIED'"),
    ({"SHOP": ""}, "W001", "'SHOP'] is missing"),
    ({"ENCRYPTION_KEYS": []}, "W002", "'ENCRYPTION_KEYS'] is missing"),
    ({"DEPLOYMENT": ""}, "W003", "nothing can be written"),
]


def found(database: str = "") -> list[CheckMessage]:
    if database:
        return run_checks(tags=[checks.TAG, Tags.database], databases=[database])
    return run_checks(tags=[checks.TAG])


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id).removeprefix("amazon_sync.") for message in messages]


@pytest.fixture(autouse=True)
def _good_project(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AMAZON_SYNC = GOOD
    monkeypatch.setattr(checks, "find_spec", lambda name: name == "redis")
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "IMMEDIATE")


def test_each_setting_has_one_type() -> None:
    types = (conf.TextSetting, conf.NumberSetting, conf.ListSetting)
    assert sorted(name for kind in types for name in get_args(kind)) == sorted(conf.DEFAULTS)


def test_a_good_project_has_no_message() -> None:
    assert found() == []


@pytest.mark.parametrize(("change", "identifier", "words"), CASES)
def test_a_wrong_setting_is_named_with_its_remedy(
    settings: Settings, change: dict[str, Any], identifier: str, words: str
) -> None:
    settings.AMAZON_SYNC = GOOD | change
    [message] = found()
    assert ids([message]) == [identifier]
    assert words in message.msg
    assert message.hint
    assert "secret word" not in message.msg + message.hint


@pytest.mark.parametrize("url", ["redis://localhost:6379/1", "unix:///run/redis.sock"])
def test_redis_needs_its_package(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings.AMAZON_SYNC = GOOD | {"REDIS_URL": url}
    assert found() == []
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert ids(found()) == ["E007"]


def test_time_zones_are_needed(settings: Settings) -> None:
    settings.USE_TZ = False
    assert ids(found()) == ["E008"]


def test_sqlite_wants_immediate_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", None)
    assert ids(found()) == (["W004"] if connection.vendor == "sqlite" else [])


def test_a_sentinel_without_its_master_is_an_error(
    use_broker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_broker("sentinel://127.0.0.1:26379")
    monkeypatch.setitem(current_app.conf, "broker_transport_options", {})
    assert ids(found()) == ["E023"]
    monkeypatch.setitem(current_app.conf, "broker_transport_options", {"master_name": "shop"})
    assert found() == []


def test_eager_tasks_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    assert ids(found()) == ["W020"]


def test_databases_that_will_not_do_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")
    [message] = found()
    assert (ids([message]), message.is_serious()) == (["E020"], True)
    assert message.msg.startswith("The database 'default' is MySQL or MariaDB")
    assert message.hint == "Use PostgreSQL; SQLite will do for a single process."


@pytest.mark.django_db
def test_the_canary_finds_a_lost_key_and_stops_migrate(settings: Settings) -> None:
    Application.objects.create(name="Shop", client_id="id", client_secret="secret word")
    assert found("default") == []
    settings.AMAZON_SYNC = GOOD | {"ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    [message] = found("default")
    assert ids([message]) == ["E009"]
    assert re.search("client_secret of row [0-9]+ holds a value that no key", message.msg)
    assert found() == [], "without --database nothing is read"
    with pytest.raises(SystemCheckError, match=r"amazon_sync\.E009"):
        call_command("check", databases=["default"])


@pytest.mark.django_db
@pytest.mark.parametrize("keys", [[], "not a list"])
def test_the_canary_is_silent_where_no_key_can_be_tried(settings: Settings, keys: object) -> None:
    Application.objects.create(name="Shop", client_id="id", client_secret="secret word")
    settings.AMAZON_SYNC = GOOD | {"ENCRYPTION_KEYS": keys}
    assert "E009" not in ids(found("default"))


@pytest.mark.django_db
def test_the_canary_is_silent_before_the_first_migrate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Application._meta, "db_table", "not_there_yet")
    assert found("default") == []


def test_each_id_is_given_once_and_tested() -> None:
    source = Path(checks.__file__).read_text() + Path(databases.__file__).read_text()
    given = re.findall(r'"amazon_sync\.([EW]\d{3})"', source)
    assert [one for one, times in Counter(given).items() if times > 1] == []
    here = Path(__file__).read_text() + (Path(__file__).parent / "test_databases.py").read_text()
    assert [one for one in given if f'{one}"' not in here] == []


# --- With check --deploy -----------------------------------------------------------------------

PUBLIC = "A" * 43 + "="


def deploying() -> set[str]:
    said = run_checks(tags=[checks.TAG], include_deployment_checks=True)
    return {str(message.id) for message in said}


@pytest.mark.parametrize(
    ("amazon", "djangos", "found"),
    [
        ({}, {}, ""),
        ({"ENDPOINT": "http://proxy.example"}, {}, "W011"),
        ({"LWA_ENDPOINT": "HTTP://proxy.example/token"}, {}, "W011"),
        ({"RATES_URL": "http://rates.example"}, {}, "W011"),
        ({"ADMIN_URL": "http://shop.example"}, {}, "W011"),
        ({"ENCRYPTION_KEYS": [KEY, PUBLIC]}, {}, "E015"),
        ({}, {"ALLOWED_HOSTS": ["shop.example", "*"]}, "W013"),
        ({}, {"SECRET_KEY": "short"}, "W014"),
        ({}, {"SECRET_KEY": "public-key-for-development-only" * 2}, "W014"),
    ],
)
def test_deploying_names_what_is_unsafe(
    settings: Settings, amazon: dict[str, Any], djangos: dict[str, Any], found: str
) -> None:
    settings.AMAZON_SYNC = GOOD | amazon
    settings.SECRET_KEY, settings.ALLOWED_HOSTS = "x" * 50, ["shop.example"]
    for name, value in djangos.items():
        setattr(settings, name, value)
    unsafe = deploying() & {f"amazon_sync.{each}" for each in ("W011", "E015", "W013", "W014")}
    assert unsafe == ({f"amazon_sync.{found}"} if found else set())
    said = run_checks(tags=[checks.TAG], include_deployment_checks=True)
    assert not any(KEY in str(message) for message in said)
