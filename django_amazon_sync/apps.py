from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class AmazonSyncConfig(AppConfig):
    name = "django_amazon_sync"
    verbose_name = _("Amazon")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_amazon_sync import checks, conf  # noqa: F401  (registers the checks)
        from django_amazon_sync.sync.offers import changed_offers  # noqa: F401  (listens for offers_changed)

        try:
            shop = import_string(conf.get("SHOP"))
        except ImportError:
            return  # amazon_sync.E001 says so
        if hasattr(shop, "connect_signals"):
            shop.connect_signals()
