"""The conditions that Amazon has for a product, with names for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
