"""Any value that a row keeps, in words: never JSON, a dict or a marketplace's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.sync.offers.fields import FIELDS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What of a list is written out.
MOST = 20

#: The names of what is no field of an offer.
NAMES: dict[str, StrOrPromise] = {
    "amazon": _("on Amazon"),
    "approve": _("approves what was held by run"),
    "asin": "ASIN",
    "creation": _("creation"),
    "fields": _("fields"),
    "line": _("line"),
    "listing": _("listing"),
    "live": _("on Amazon"),
    "marketplace": _("store"),
    "marketplaces": _("stores"),
    "order": _("order"),
    "orders": _("orders"),
    "ours": _("by us"),
    "shop": _("in the shop"),
    "shown": _("as shown by run"),
    "since": _("since"),
    "sku": "SKU",
    "skus": _("SKUs"),
    "until": _("until"),
}


def name_in_words(name: str) -> str:
    """What a value is called."""
    if name in FIELDS:
        return str(FIELDS[name].label)
    return str(NAMES.get(name, name.replace("_", " ")))


def words(value: object, name: str = "") -> str:
    """A value, whatever it is; ``name`` says of what."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, dict):
        return ", ".join(f"{name_in_words(key)}: {words(one, key)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        parts = [words(one, name) for one in value[:MOST]]
        if (rest := len(value) - MOST) > 0:
            parts.append(gettext("and %(number)d more") % {"number": rest})
        return ", ".join(parts)
    return _of_text(str(value), name)


def _of_text(text: str, name: str) -> str:
    if name in ("marketplace", "marketplaces") and text in MARKETPLACES:
        return store_name(text)
    return name_in_words(text) if name == "fields" else text


def store_name(code: str) -> str:
    """A marketplace as buyers call it: Amazon.de; its id where it is not known."""
    facts = MARKETPLACES.get(code)
    return facts.store_name if facts else code
