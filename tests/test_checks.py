"""Each system check finds its fault, names it and says what to do; a good project has none."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, Tags, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from pytest_django.fixtures import Settings

from django_amazon_sync import checks, conf
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


@pytest.mark.django_db
def test_the_canary_finds_a_lost_key_and_stops_migrate(settings: Settings) -> None:
    Application.objects.create(name="Shop", client_id="id", client_secret="secret word")
    assert found("default") == []
    settings.AMAZON_SYNC = GOOD | {"ENCRYPTION_KEYS": [Fernet.generate_key().decode()]}
    [message] = found("default")
    assert ids([message]) == ["E009"]
    assert "client_secret holds a value that no key" in message.msg
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
    source = Path(checks.__file__).read_text()
    given = re.findall(r'id="amazon_sync\.([EW]\d{3})"', source)
    assert [one for one, times in Counter(given).items() if times > 1] == []
    here = Path(__file__).read_text()
    assert [one for one in given if f'"{one}"' not in here] == []
