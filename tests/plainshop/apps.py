from django.apps import AppConfig


class PlainShopConfig(AppConfig):
    """Two shops of plain models, for the tests alone; without migrations."""

    name = "tests.plainshop"
    label = "plainshop"
    default_auto_field = "django.db.models.BigAutoField"
