"""The tests' settings with three apps of Oscar forked, as real shops do."""

from tests.settings import *  # noqa: F403  (the same, but for the apps)
from tests.settings import INSTALLED_APPS

FORKS = {
    f"oscar.apps.{label}.apps.{config}": f"tests.forked.{label}.apps.{config}"
    for label, config in (
        ("partner", "PartnerConfig"),
        ("order", "OrderConfig"),
        ("shipping", "ShippingConfig"),
    )
}
INSTALLED_APPS = [FORKS.get(app, app) for app in INSTALLED_APPS]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
