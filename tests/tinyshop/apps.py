from django.apps import AppConfig


class TinyShopConfig(AppConfig):
    """A shop of two tables, for the tests alone; without migrations."""

    name = "tests.tinyshop"
    label = "tinyshop"
    default_auto_field = "django.db.models.BigAutoField"
