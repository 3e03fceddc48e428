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

from celery import current_app
from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.db import connections, router
from django.utils.module_loading import import_string

from django_amazon_sync import conf, databases
from django_amazon_sync.errors import ConfigurationError, Misplaced
from django_amazon_sync.models import Application
from django_amazon_sync.models.fields import HOW_TO_MAKE_A_KEY, check_opens
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
    hint = (
        "Give the dotted path of a function (base, currency) -> django_amazon_sync.data.Rate, or "
        "None."
    )
    return _names_function("RATES_CALLABLE", "amazon_sync.E011", hint)


@checks.register(TAG)
def check_customers(**kwargs: object) -> list[checks.CheckMessage]:
    """CUSTOMER_IS_VERIFIED, where there is one, names a function."""
    hint = "Give the dotted path of a function (user) -> bool, or leave it out."
    return _names_function("CUSTOMER_IS_VERIFIED", "amazon_sync.E012", hint)


def _names_function(name: str, check_id: str, hint: str) -> list[checks.CheckMessage]:
    path = _text(name)
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
    return [checks.Error(f"AMAZON_SYNC['{name}'], {path}, {fault}.", hint=hint, id=check_id)]


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


#: What Amazon's Data Protection Policy permits, or wants at least, in days.
_MOST_DAYS = {"PERSONAL_DATA_DAYS": 30, "AMAZON_DATA_DAYS": 549}
_FEWEST_DAYS = {"VIEWS_KEPT_DAYS": 365}


@checks.register(TAG)
def check_days_kept(**kwargs: object) -> list[checks.CheckMessage]:
    """Data go, and evidence stays, as long as Amazon says."""
    numbers = {name: conf.get(name) for name in (*_MOST_DAYS, *_FEWEST_DAYS)}
    said = {name: days for name, days in numbers.items() if isinstance(days, int | float | Decimal)}
    wrong = [name for name, most in _MOST_DAYS.items() if said.get(name, 0) > most]
    wrong += [name for name, few in _FEWEST_DAYS.items() if said.get(name, few) < few]
    return [
        checks.Warning(
            f"AMAZON_SYNC[{name!r}] is {said[name]} days, and Amazon "
            + (f"permits {_MOST_DAYS[name]}." if name in _MOST_DAYS else "wants a year at least."),
            hint="Take the setting out; see docs/how/buyers-data.md.",
            id="amazon_sync.W021",
        )
        for name in wrong
    ]


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


@checks.register(TAG)
def check_databases(**kwargs: object) -> list[checks.CheckMessage]:
    """Our rows are in databases that will do, and are read where they are written."""
    return [
        checks.Error(fault.sentence, hint=fault.remedy, id=fault.id) for fault in databases.faults()
    ]


@checks.register(TAG)
def check_broker(**kwargs: object) -> list[checks.CheckMessage]:
    """Celery's broker can be spoken to as far as settings tell; tasks wait for workers."""
    settings_of_celery = current_app.conf
    url, found = settings_of_celery.broker_write_url or "", list[checks.CheckMessage]()
    options = settings_of_celery.broker_transport_options or {}
    if url.startswith("sentinel://") and not options.get("master_name"):
        found.append(
            checks.Error(
                "Celery's broker is sentinel://, and nothing says which master it watches: no run "
                "would be handed to a worker.",
                hint="Set CELERY_BROKER_TRANSPORT_OPTIONS = {'master_name': ...}.",
                id="amazon_sync.E023",
            )
        )
    if settings_of_celery.task_always_eager:
        found.append(
            checks.Warning(
                "Celery's task_always_eager is on: each run is done by whoever asks for it, and a "
                "page that asks for one waits until it is done.",
                hint="Leave CELERY_TASK_ALWAYS_EAGER out where workers run.",
                id="amazon_sync.W020",
            )
        )
    return found


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
        stored = Application.objects.using(database).exclude(client_secret="")
        for application in stored.only("client_secret")[:1]:
            check_opens(application, "client_secret")
    except (ConfigurationError, Misplaced) as reason:
        return [
            checks.Error(
                str(reason),
                hint="Keep old keys behind the new one until amazon_rotate_keys is through.",
                id="amazon_sync.E009",
            )
        ]
    return []


# --- With check --deploy --------------------------------------------------------------------------

#: Keys that everybody knows: the example project's for development, of 32 zero bytes.
_PUBLIC_KEYS = ("A" * 43 + "=",)
_PUBLIC_SECRET = "public-key-for-development-only"  # noqa: S105 -- it protects nothing
_SHORTEST_SECRET = 32


@checks.register(TAG, deploy=True)
def check_secure_urls(**kwargs: object) -> list[checks.CheckMessage]:
    """Nothing goes to Amazon, and no link to this project, without encryption."""
    return [
        checks.Warning(
            f"AMAZON_SYNC[{name!r}] is http://: what goes there can be read on the way.",
            hint="Begin it with https://, or leave the setting out; http is for a simulator.",
            id="amazon_sync.W011",
        )
        for name, schemes in _SCHEMES.items()
        if "https" in schemes and _text(name).lower().startswith("http://")
    ]


@checks.register(TAG, deploy=True)
def check_public_keys(**kwargs: object) -> list[checks.CheckMessage]:
    """No key is the example project's."""
    keys: object = conf.get("ENCRYPTION_KEYS")
    if not _is_list_of_texts(keys):
        return []
    return [
        checks.Error(
            f"AMAZON_SYNC['ENCRYPTION_KEYS'] holds the example project's key, at place {number}: "
            "everybody can read what it encrypts.",
            hint=f"Make a key with: {HOW_TO_MAKE_A_KEY} Put it first, then run amazon_rotate_keys.",
            id="amazon_sync.E015",
        )
        for number, key in enumerate(keys, 1)
        if key in _PUBLIC_KEYS
    ]


@checks.register(TAG, deploy=True)
def check_hosts(**kwargs: object) -> list[checks.CheckMessage]:
    """Whoever asks under any name is not answered: links in our e-mails and pages hold it."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Warning(
            "ALLOWED_HOSTS allows every host: links that this project writes may lead elsewhere.",
            hint="Name the hosts under which staff reach this project.",
            id="amazon_sync.W013",
        )
    ]


@checks.register(TAG, deploy=True)
def check_secret_key(**kwargs: object) -> list[checks.CheckMessage]:
    """SECRET_KEY cannot be guessed: it signs what connecting and previews carry."""
    key = str(settings.SECRET_KEY)
    if len(key) >= _SHORTEST_SECRET and _PUBLIC_SECRET not in key:
        return []
    return [
        checks.Warning(
            f"SECRET_KEY is the example project's, or shorter than {_SHORTEST_SECRET} characters.",
            hint="Make one with django.core.management.utils.get_random_secret_key().",
            id="amazon_sync.W014",
        )
    ]


def _text(name: str) -> str:
    """A setting that is a text, or an empty one; check_types tells of what is none."""
    value = conf.get(name)
    return value if isinstance(value, str) else ""
