"""How values are shown: links, small tables, documents, cells of a CSV."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import messages
from django_amazon_sync.admin.common.words import store_name, words
from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.models import Outcome
from django_amazon_sync.sync.offers.fields import FIELDS, OF_SHOP, PRICE, REMOVED

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


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run this cell; an apostrophe before it guards it.

    Programs skip what is blank or has no width, and some read the wide signs of East Asia, or a
    minus that is no hyphen, as the plain ones.
    """
    if text[:1] in ("\t", "\r", "\n"):
        return True
    begins = next((sign for sign in text if not _is_skipped(sign)), "")
    return unicodedata.normalize("NFKC", begins)[:1] in ("=", "+", "-", "@", "\N{MINUS SIGN}")


def _is_skipped(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in ("Cc", "Cf", "Zs", "Mn")


#: Where a cell may be torn: in countries that write decimals with a comma, spreadsheets take a
#: semicolon for the border of cells, and then no quotes hold a cell's lines together.
_TORN = re.compile(r"([;\r\n])")


def guarded(text: str) -> str:
    """A text that no spreadsheet runs, however it tears it; ``unguarded`` gives it back."""
    pieces = _TORN.split(text)
    pieces[::2] = [f"'{each}" if is_formula(each) or each[:1] == "'" else each
                   for each in pieces[::2]]  # fmt: skip
    return "".join(pieces) if text[:1] not in ("\r", "\n") else "'" + "".join(pieces)


def unguarded(text: str) -> str:
    """What ``guarded`` was given; what has no guard is as it was."""
    if text[:2] in ("'\r", "'\n"):
        text = text[1:]
    pieces = _TORN.split(text)
    pieces[::2] = [each[1:] if _has_guard(each) else each for each in pieces[::2]]
    return "".join(pieces)


def _has_guard(text: str) -> bool:
    return text[:1] == "'" and (is_formula(text[1:]) or text[1:2] == "'")


class Echo:
    """What csv writes to where lines are streamed: it gives the line back."""

    def write(self, line: str) -> str:
        return line


#: Names of a run's counts that are no outcome of a line.
COUNTS: dict[str, StrOrPromise] = {
    "adopted": _("taken in for the first time"),
    "by_report": _("proven by Amazon's report"),
    "differing": _("orders that differ"),
    "in_doubt": _("not certain yet"),
    "in_feeds": _("handed in by feed"),
    "in_step": _("in step"),
    "known": _("known before"),
    "looked_at": _("looked at"),
    "missing": _("orders that were missing here"),
    "new": _("not known before"),
    "orders": _("orders"),
    "read": _("read"),
    "reported": _("orders in Amazon's report"),
    "rows": _("rows of the report"),
    "settled": _("answered by Amazon"),
    "stock_read": _("stock at Amazon read"),
    "unreadable": _("cannot be read"),
}


def count_name(name: str) -> StrOrPromise:
    """A run's count, as people read it."""
    return Outcome(name).label if name in Outcome.values else COUNTS.get(name, name)


def by_store(numbers: Mapping[str, int]) -> str:
    """Numbers by marketplace (code): "Amazon.de 3, Amazon.fr 2"."""
    named = sorted((store_name(code), number) for code, number in numbers.items())
    return ", ".join(f"{name} {number}" for name, number in named)


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
    return "" if at is None else messages.moment(at)


def moment_alone(at: datetime | None) -> str:
    """The same where it is no part of a sentence: as the admin writes the moments beside it."""
    return "" if at is None else localize(timezone.localtime(at))


def brief(text: str) -> str:
    """The beginning of a sentence that may be long, for a list."""
    return Truncator(text).chars(120)


def value_text(name: str, value: FieldValue) -> str:
    """The value of a field as people write it."""
    if name not in FIELDS:
        return words(value)
    if value == REMOVED and name not in OF_SHOP:
        return gettext("taken away")
    if value == REMOVED and name == PRICE:
        return gettext("offer ended")
    try:
        return FIELDS[name].to_text(value)
    except (AttributeError, KeyError, TypeError, ValueError):  # two sides, or a value of before
        return words(value)


def drift_text(name: str, seen: Mapping[str, Any]) -> str:
    """What Amazon shows instead of what it had accepted."""
    live = gettext("nothing") if seen.get("live") is None else value_text(name, seen["live"])
    told = {"live": live, "accepted": value_text(name, seen.get("ours"))}
    return gettext("%(live)s instead of %(accepted)s") % told


def in_words(mapping: FieldValues) -> str:
    """A mapping in one line: the values in the order of the fields, the name left out."""
    shown = (name for name in ("price", "quantity") if name in mapping)
    return ", ".join(
        value_text(name, REMOVED) if mapping[name] == REMOVED else words(mapping[name])
        for name in shown
    )
