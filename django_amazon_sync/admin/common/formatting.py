"""How values are shown: links, small tables, documents, cells of a CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.models import Outcome
from django_amazon_sync.sync.offers.fields import FIELDS, OF_SHOP, REMOVED

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def change_url(row: Model) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_url(model: type[Model], **filters: object) -> str:
    """The list of a model, filtered by these parameters of its address."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def link(row: Model, text: object = None) -> SafeString:
    """A link to the page of a row, with its own name unless there is a text."""
    return format_html('<a href="{}">{}</a>', change_url(row), row if text is None else text)


def list_link(model: type[Model], text: object, **filters: object) -> SafeString:
    """A link to the filtered list of a model."""
    return format_html('<a href="{}">{}</a>', list_url(model, **filters), text)


#: A cell that begins like this is a formula to a spreadsheet; an apostrophe before it guards it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Echo:
    """What csv writes to where lines are streamed: it gives the line back."""

    def write(self, line: str) -> str:
        return line


#: Names of a run's counts that are no outcome of a line.
COUNTS: dict[str, StrOrPromise] = {
    "in_step": _("in step"),
    "looked_at": _("looked at"),
    "orders": _("orders"),
    "read": _("read"),
}


def count_name(name: str) -> StrOrPromise:
    """A run's count, as people read it."""
    return Outcome(name).label if name in Outcome.values else COUNTS.get(name, name)


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A small table; empty where there are no rows."""
    context = {"head": head, "rows": list(rows)}
    if not context["rows"]:
        return ""
    return render_to_string("django_amazon_sync/admin/table.html", context)


def document(value: object) -> SafeString:
    """A JSON document, readable."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre style="white-space: pre-wrap">{}</pre>', text)


def moment(at: datetime | None) -> str:
    """A time in the zone of whoever looks."""
    return "" if at is None else date_format(localtime(at), "DATETIME_FORMAT")


def brief(text: str) -> str:
    """The beginning of a sentence that may be long, for a list."""
    return Truncator(text).chars(120)


def plain(value: object) -> str:
    """A value of a mapping as people read it: nothing for None, JSON for what has parts."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def value_text(name: str, value: FieldValue) -> str:
    """The value of a field as people write it."""
    if name not in FIELDS:
        return plain(value)
    if value == REMOVED and name not in OF_SHOP:
        return gettext("taken away")
    try:
        return FIELDS[name].to_text(value)
    except (AttributeError, KeyError, TypeError, ValueError):  # two sides, or a value of before
        return plain(value)


def in_words(mapping: FieldValues) -> str:
    """A mapping in one line: the values in the order of the fields, the name left out."""
    return ", ".join(plain(mapping[name]) for name in ("price", "quantity") if name in mapping)
