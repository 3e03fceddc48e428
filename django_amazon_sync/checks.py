"""System checks: each names the setting, the fault and the remedy.

What a fresh installation lacks is a warning, so that ``migrate`` works before anything is
configured; what is wrong is an error. Ids are stable and listed in docs/operations.md. No check
shows the value of a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from importlib.util import find_spec
from typing import TypeGuard, get_args
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.db import connections, router
from django.utils.module_loading import import_string

from django_amazon_sync import conf
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Application
from django_amazon_sync.models.fields import HOW_TO_MAKE_A_KEY
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.shops.model_shop import ModelShop

TAG = "amazon_sync"

_NUMBERS: tuple[str, ...] = get_args(conf.NumberSetting)
_LISTS: tuple[str, ...] = get_args(conf.ListSetting)
_SCHEMES = {
    "ENDPOINT": ("https", "http"),
    "LWA_ENDPOINT": ("https", "http"),
    "SELLER_CENTRAL": ("https", "http"),
    "RATES_URL": ("https", "http"),
    "REDIS_URL": ("redis", "rediss", "unix"),
    "ADMIN_URL": ("https", "http"),
}
#: URLs that a project may do without.
_MAY_BE_EMPTY = ("REDIS_URL", "ADMIN_URL")


@checks.register(TAG)
def check_unknown_settings(**kwargs: object) -> list[checks.CheckMessage]:
    """Every key of AMAZON_SYNC is known."""
    unknown = sorted(set(getattr(settings, "AMAZON_SYNC", {})) - set(conf.DEFAULTS))
    return [
        checks.Error(
            f"AMAZON_SYNC has no setting {name!r}.",
            hint=f"Known are {', '.join(conf.DEFAULTS)}.",
            id="amazon_sync.E001",
        )
        for name in unknown
    ]


@checks.register(TAG)
def check_types(**kwargs: object) -> list[checks.CheckMessage]:
    """Every setting has its type: a text, a number not below 0, or a list of texts."""
    return [
        checks.Error(
            f"AMAZON_SYNC[{name!r}] is not {wanted}.",
            hint=f"Its default is {conf.DEFAULTS[name]!r}.",
            id="amazon_sync.E002",
        )
        for name in conf.DEFAULTS
        if (wanted := _wanted_instead(name))
    ]


def _wanted_instead(name: str) -> str:
    """What the setting should be and is not; empty where all is well."""
    value = conf.get(name)
    if name in _NUMBERS:
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value >= 0:
            return ""
        return "a number of 0 or more"
    if name in _LISTS:
        return "" if _is_list_of_texts(value) else "a list of texts"
    return "" if isinstance(value, str) else "a text"


def _is_list_of_texts(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


@checks.register(TAG)
def check_shop(**kwargs: object) -> list[checks.CheckMessage]:
    """SHOP names a complete Shop."""
    path = _text("SHOP")
    if not path:
        return [
            checks.Warning(
                "AMAZON_SYNC['SHOP'] is missing: there is no shop to keep in step.",
                hint="Give the dotted path of a Shop class; for Oscar "
                "'django_amazon_sync.shops.oscar.OscarShop'.",
                id="amazon_sync.W001",
            )
        ]
    try:
        shop = import_string(path)
    except ImportError as reason:
        return [
            checks.Error(
                f"AMAZON_SYNC['SHOP'] cannot be imported: {reason}.",
                hint="Give the dotted path of a Shop class; Oscar's needs the extra [oscar].",
                id="amazon_sync.E003",
            )
        ]
    if fault := _fault_of_shop(shop):
        return [
            checks.Error(
                f"AMAZON_SYNC['SHOP'], {path}, {fault}.",
                hint="See docs/shops.md, 'Write an adapter'.",
                id="amazon_sync.E004",
            )
        ]
    return []


def _fault_of_shop(shop: object) -> str:
    if not (isinstance(shop, type) and issubclass(shop, Shop)):
        return "is not a subclass of django_amazon_sync.shops.base.Shop"
    if missing := sorted(shop.__abstractmethods__):
        return f"lacks {', '.join(missing)}"
    return ""


@checks.register(TAG)
def check_mapping(**kwargs: object) -> list[checks.CheckMessage]:
    """A ModelShop's mapping names models and columns that exist and can do their work."""
    try:
        shop = import_string(_text("SHOP"))
    except ImportError:
        return []  # check_shop says so
    if not (isinstance(shop, type) and issubclass(shop, ModelShop)):
        return []
    return [
        checks.Error(
            f"AMAZON_SYNC['SHOP'], {_text('SHOP')}: {fault}.",
            hint="See docs/own-shop.md, 'What can be mapped'.",
            id="amazon_sync.E010",
        )
        for fault in shop.mapping_faults()
    ]


@checks.register(TAG)
def check_rates(**kwargs: object) -> list[checks.CheckMessage]:
    """RATES_CALLABLE, where there is one, names a function."""
    path = _text("RATES_CALLABLE")
    if not path:
        return []
    try:
        found = import_string(path)
    except ImportError as reason:
        fault = f"cannot be imported: {reason}"
    else:
        fault = "" if callable(found) else "is not a function"
    if not fault:
        return []
    return [
        checks.Error(
            f"AMAZON_SYNC['RATES_CALLABLE'], {path}, {fault}.",
            hint="Give the dotted path of a function (base, currency) -> "
            "django_amazon_sync.data.Rate, or None.",
            id="amazon_sync.E011",
        )
    ]


@checks.register(TAG)
def check_encryption_keys(**kwargs: object) -> list[checks.CheckMessage]:
    """ENCRYPTION_KEYS holds Fernet keys."""
    keys: object = conf.get("ENCRYPTION_KEYS")
    if not keys:
        return [
            checks.Warning(
                "AMAZON_SYNC['ENCRYPTION_KEYS'] is missing: no secret and no order can be stored.",
                hint=f"Make a key with: {HOW_TO_MAKE_A_KEY}",
                id="amazon_sync.W002",
            )
        ]
    if not _is_list_of_texts(keys):
        return []  # check_types says so
    return [
        checks.Error(
            f"AMAZON_SYNC['ENCRYPTION_KEYS'] holds what is not a Fernet key, at place {number}.",
            hint=f"Make a key with: {HOW_TO_MAKE_A_KEY}",
            id="amazon_sync.E005",
        )
        for number, key in enumerate(keys, 1)
        if not _is_key(key)
    ]


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


@checks.register(TAG)
def check_urls(**kwargs: object) -> list[checks.CheckMessage]:
    """All settings that are URLs are."""
    return [
        checks.Error(
            f"AMAZON_SYNC[{name!r}] is not a URL.",
            hint=f"It begins with {' or '.join(f'{scheme}://' for scheme in schemes)}.",
            id="amazon_sync.E006",
        )
        for name, schemes in _SCHEMES.items()
        if (_text(name) or name not in _MAY_BE_EMPTY) and not _is_url(_filled(name), schemes)
    ]


def _filled(name: str) -> str:
    """The URL with what may stand in braces filled in."""
    if name == "SELLER_CENTRAL":
        return _text(name).replace("{host}", "sellercentral.amazon.com")
    return _text(name).replace("{region}", "na")


def _is_url(text: str, schemes: Sequence[str]) -> bool:
    """Whether ``text`` is such a URL."""
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in schemes and bool(url.netloc or url.path) and "{" not in url.geturl()


@checks.register(TAG)
def check_redis(**kwargs: object) -> list[checks.CheckMessage]:
    """REDIS_URL needs the package redis."""
    if not _text("REDIS_URL") or find_spec("redis"):
        return []
    return [
        checks.Error(
            "AMAZON_SYNC['REDIS_URL'] is set, but the package redis is not installed.",
            hint="Install django-amazon-sync[redis], or leave the setting out: then the rate "
            "limiter uses the database.",
            id="amazon_sync.E007",
        )
    ]


@checks.register(TAG)
def check_time_zones(**kwargs: object) -> list[checks.CheckMessage]:
    """Times are aware."""
    if settings.USE_TZ:
        return []
    return [
        checks.Error(
            "USE_TZ is off: Amazon's times could not be compared with ours.",
            hint="Set USE_TZ = True.",
            id="amazon_sync.E008",
        )
    ]


@checks.register(TAG)
def check_deployment(**kwargs: object) -> list[checks.CheckMessage]:
    """DEPLOYMENT names this deployment."""
    if conf.get("DEPLOYMENT"):
        return []
    return [
        checks.Warning(
            "AMAZON_SYNC['DEPLOYMENT'] is missing: nothing can be written to Amazon from here.",
            hint="Name this deployment, such as 'production', and give no other the same name.",
            id="amazon_sync.W003",
        )
    ]


@checks.register(TAG)
def check_sqlite(**kwargs: object) -> list[checks.CheckMessage]:
    """SQLite takes its write lock when a transaction begins."""
    connection = connections[router.db_for_write(Application)]
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode") or ""
    if connection.vendor != "sqlite" or mode.upper() == "IMMEDIATE":
        return []
    return [
        checks.Warning(
            "SQLite runs without IMMEDIATE transactions: two workers fail with "
            "'database is locked' instead of waiting.",
            hint='Set OPTIONS of the database to {"transaction_mode": "IMMEDIATE", "timeout": 20}.',
            id="amazon_sync.W004",
        )
    ]


@checks.register(checks.Tags.database)
def check_stored_secret(
    databases: Sequence[str] | None = None, **kwargs: object
) -> list[checks.CheckMessage]:
    """The canary: a key opens what is stored. Runs with ``check --database`` and ``migrate``."""
    database = router.db_for_read(Application)
    keys = conf.get("ENCRYPTION_KEYS")
    if database not in (databases or ()) or not (keys and _is_list_of_texts(keys)):
        return []  # not asked to look into the database, or another check says why it cannot be
    if Application._meta.db_table not in connections[database].introspection.table_names():
        return []  # before the first migrate
    try:
        Application.objects.using(database).exclude(client_secret="").only("client_secret").first()
    except ConfigurationError as reason:
        return [
            checks.Error(
                str(reason),
                hint="Keep old keys behind the new one until amazon_rotate_keys is through.",
                id="amazon_sync.E009",
            )
        ]
    return []


def _text(name: str) -> str:
    """A setting that is a text, or an empty one; check_types tells of what is none."""
    value = conf.get(name)
    return value if isinstance(value, str) else ""
