"""Settings of the example shop, from the environment alone (or a file `.env` beside manage.py).

Every variable has a default that lets the shop run on one machine with nothing else; SECRET_KEY
and AMAZON_ENCRYPTION_KEYS have one only while DEBUG is on.
"""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar import defaults
from oscar.defaults import *  # noqa: F403  (Oscar's own way to give its settings)

from django_amazon_sync.oscar_dashboard.menu import AMAZON

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)


def secret(name: str, for_development: str) -> str:
    """A secret of the environment; while DEBUG is on, a public one that protects nothing."""
    value: str = env.str(name, default=for_development if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} in the environment, as DEBUG is off.")
    return value


SECRET_KEY = secret("SECRET_KEY", for_development="public-key-for-development-only")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

if not DEBUG:
    # Staff reach it by https alone, behind a proxy that says so where PROXY_SAYS_HTTPS is on.
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=3600)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    if env.bool("PROXY_SAYS_HTTPS", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Applications --------------------------------------------------------------------------

# Oscar's own way to change one of its apps: another configuration in its place.
CHANGED_APPS = {
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig": (
        "django_amazon_sync.oscar_dashboard.orders.OrdersConfig"
    ),
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig": (
        "django_amazon_sync.oscar_dashboard.catalogue.CatalogueConfig"
    ),
}

INSTALLED_APPS = [
    "shop",  # before Oscar, as its templates extend Oscar's of the same name
    *(CHANGED_APPS.get(app, app) for app in OSCAR_APPS),
    "sorl.thumbnail",
    "django_amazon_sync",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
SITE_ID = 1

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ],
        },
    },
]

AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]

# --- Database and services -----------------------------------------------------------------

VAR_DIR.mkdir(exist_ok=True)
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'shop.sqlite3'}"),
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A transaction takes the write lock when it begins and waits for it, instead of failing
    # half way; with a write-ahead log readers do not stop the writer.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
    }

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"

# The shop's own engine searches the tables themselves: there is no index to keep up to date.
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "shop.search.TableEngine"}}
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.console.EmailBackend")

# --- Language, time, files -----------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"

# --- The shop ------------------------------------------------------------------------------

OSCAR_DASHBOARD_NAVIGATION = [*defaults.OSCAR_DASHBOARD_NAVIGATION, AMAZON]
OSCAR_SHOP_NAME = "Example shop"
OSCAR_DEFAULT_CURRENCY = env.str("OSCAR_DEFAULT_CURRENCY", default="EUR")
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_INITIAL_LINE_STATUS = "Pending"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled"),
    "Cancelled": (),
    "Complete": (),
}
OSCAR_LINE_STATUS_PIPELINE = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Shipped", "Cancelled"),
    "Shipped": (),
    "Cancelled": (),
}
OSCAR_ORDER_STATUS_CASCADE = {
    "Being processed": "Being processed",
    "Cancelled": "Cancelled",
    "Complete": "Shipped",
}

# --- Amazon --------------------------------------------------------------------------------

AMAZON_SYNC: dict[str, Any] = {
    "SHOP": "django_amazon_sync.shops.oscar.OscarShop",
    "DEPLOYMENT": env.str("AMAZON_DEPLOYMENT", default="example" if DEBUG else ""),
    # The default is a public key (32 zero bytes, in base64) that protects nothing.
    "ENCRYPTION_KEYS": secret("AMAZON_ENCRYPTION_KEYS", for_development="A" * 43 + "=").split(","),
    "REDIS_URL": REDIS_URL,
}
for setting, variable, read in (
    ("ENDPOINT", "AMAZON_SP_API_ENDPOINT", env.str),
    ("LWA_ENDPOINT", "AMAZON_LWA_ENDPOINT", env.str),
    ("SELLER_CENTRAL", "AMAZON_SELLER_CENTRAL", env.str),
    ("DRIFT_AFTER", "AMAZON_DRIFT_AFTER", env.int),
):
    if variable in env.ENVIRON:
        AMAZON_SYNC[setting] = read(variable)
