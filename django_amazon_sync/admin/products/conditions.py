"""The conditions that Amazon has for a product, with names for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: A product type may offer fewer.
CONDITIONS = {
    "new_new": _("New"),
    "new_open_box": _("New, box opened"),
    "new_oem": _("New, from the maker, without retail packaging"),
    "refurbished_refurbished": _("Refurbished"),
    "used_like_new": _("Used, like new"),
    "used_very_good": _("Used, very good"),
    "used_good": _("Used, good"),
    "used_acceptable": _("Used, acceptable"),
    "collectible_like_new": _("Collectible, like new"),
    "collectible_very_good": _("Collectible, very good"),
    "collectible_good": _("Collectible, good"),
    "collectible_acceptable": _("Collectible, acceptable"),
    "club_club": _("Club"),
}


def choices(stored: str, offered: Iterable[str] = ()) -> list[tuple[str, StrOrPromise]]:
    """What a form offers: these, or all of Amazon's; what is stored stays choosable."""
    names = [*offered] or [*CONDITIONS]
    if stored not in names:
        names.append(stored)
    return [(name, CONDITIONS.get(name, name)) for name in names]
