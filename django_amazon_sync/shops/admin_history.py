"""What Django's admin remembers of rows that staff changed: each by the name that it had then."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Model

if TYPE_CHECKING:  # a project need not have the admin, nor content types then
    from django.contrib.admin.models import LogEntry

#: Stands for the name of what hung on the row.
NOBODY = "…"


def forget(rows: Iterable[Model]) -> None:
    """Let the admin's history name these rows by their keys: it may call an address by its name
    and street, and an order by its buyer. Who did what and when stays."""
    if not apps.is_installed("django.contrib.admin"):
        return
    for model, some in groupby(rows, type):
        _forget(model, [str(row.pk) for row in some])


def _forget(model: type[Model], pks: list[str]) -> None:
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
    entries = LogEntry.objects.filter(content_type=kind, object_id__in=pks)
    for entry in entries:
        entry.object_repr = f"{model._meta.verbose_name} {entry.object_id}"[:200]
        entry.change_message = _without_names(entry)
        entry.save(update_fields=["object_repr", "change_message"])


def _without_names(entry: LogEntry) -> str:
    """What was changed, without the names of the rows that hung on this one; nothing of what a
    person wrote, or code of the project's."""
    try:
        steps = json.loads(entry.change_message)
    except ValueError:
        return ""
    for step in steps if isinstance(steps, list) else ():
        for change in step.values() if isinstance(step, dict) else ():
            if isinstance(change, dict) and "object" in change:
                change["object"] = NOBODY
    return json.dumps(steps) if isinstance(steps, list) else ""
