"""The entry of Oscar's menu that leads to what there is to do; for the project's settings.

``OSCAR_DASHBOARD_NAVIGATION = [*OSCAR_DASHBOARD_NAVIGATION, AMAZON]``
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

__all__ = ["AMAZON", "sees_overview"]


def sees_overview(user: Any, *where: object, **more: object) -> bool:
    """Whether somebody sees the entry: the page behind it is one of Django's admin."""
    return bool(user.is_staff) and user.has_perm("django_amazon_sync.view_selleraccount")


AMAZON = {
    "label": gettext_lazy("Amazon at a glance"),
    "icon": "fas fa-store",
    "url_name": "admin:django_amazon_sync_overview",
    "access_fn": sees_overview,
}
