"""The port to the host shop, and the adapters that come with this package."""

from __future__ import annotations

from django.utils.module_loading import import_string

from django_amazon_sync import conf
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.shops.base import Shop

__all__ = ["Shop", "configured_shop"]


def configured_shop() -> Shop:
    """The shop that ``AMAZON_SYNC["SHOP"]`` names. Raises ConfigurationError."""
    path = conf.get("SHOP")
    if not path:
        raise ConfigurationError(
            "AMAZON_SYNC['SHOP'] is not set; give the dotted path of a Shop class."
        )
    try:
        shop: Shop = import_string(path)()
    except (ImportError, TypeError) as fault:
        raise ConfigurationError(
            f"AMAZON_SYNC['SHOP'] ({path}) cannot be used: {fault}; see `manage.py check`."
        ) from fault
    return shop
