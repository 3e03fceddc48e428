"""What is confirmed is what was seen: a page marks the rows and values that it shows.

The request that confirms carries the marks. A row that has another mark by then, as somebody or
something changed it, is named and nothing is written of it; so is one that the page did not show.
A mark is made with the site's key, so that no page but ours makes one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.rules.identifiers import may_be_pk

#: Signs of a mark, and the bytes that they stand for. Of 100,000 rows shown, a row that changed is
#: taken for one of them once in some billion times.
_SIGNS, _BYTES = 8, 6

#: Rows that one page marks: their marks come back in one request, and Django takes 2.5 MB of it.
MOST_ROWS = 200_000

#: The name of what a row of a list says of the values that it showed.
SEEN = "seen"


def mark(*shown: object) -> str:
    """A short text that is another one for other values."""
    return mark_of_all([shown])


def mark_of_all(rows: Iterable[object]) -> str:
    """One mark of many rows, in this order, for a page that says how many they are."""
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    digest = hashlib.blake2b(digest_size=_BYTES, key=key)
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    return base64.urlsafe_b64encode(digest.digest()).decode()


class Seen:
    """The marks of the rows that a page showed; ``text`` is what the page carries."""

    def __init__(self, marks: Iterable[str] = ()) -> None:
        self._marks = set(marks)

    @classmethod
    def of(cls, text: str) -> Seen:
        """The marks in the text of a request."""
        return cls(text[start : start + _SIGNS] for start in range(0, len(text), _SIGNS))

    def add(self, mark: str) -> None:
        self._marks.add(mark)

    def __contains__(self, mark: str) -> bool:
        return mark in self._marks

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def text(self) -> str:
        return "".join(sorted(self._marks))


# --- In a list, where each row carries its own ---------------------------------------------------


def with_mark(text: str, pk: int, *shown: object, name: str = SEEN) -> SafeString:
    """The text of a row's cell, and hidden beside it which values it showed."""
    return format_html(
        '{}<input type="hidden" name="{}" value="{}:{}">', text, name, pk, mark(*shown)
    )


def marks_in(request: HttpRequest, name: str = SEEN) -> dict[int, str]:
    """The marks of the rows (pk) that the page showed."""
    pairs = (each.partition(":") for each in request.POST.getlist(name))
    return {int(pk): its for pk, _colon, its in pairs if may_be_pk(pk)}


@dataclass
class Compared:
    """Rows that somebody chose in a list, by pk with what names them: those that are as it showed
    them, and those that are not; ``unseen`` are on other pages of it, with their marks."""

    same: dict[int, str] = field(default_factory=dict)
    others: dict[int, str] = field(default_factory=dict)
    unseen: dict[int, tuple[str, str]] = field(default_factory=dict)


def say_left_out(request: HttpRequest, names: Iterable[str]) -> None:
    """Name the rows that are left out, as something changed them since the page was shown."""
    if there := brief(", ".join(dict.fromkeys(names))):
        text = gettext("Left out, as they are no longer what you saw: %(rows)s. Look again.")
        messages.warning(request, text % {"rows": there})


def compared(
    request: HttpRequest, rows: Iterable[tuple[int, str, str]], name: str = SEEN
) -> Compared:
    """What became of these rows (pk, name, mark of now) since the list was shown.

    A row of another page is ``unseen`` only where all that match were chosen; a request that names
    a row and does not say what it showed of it has not seen it.
    """
    seen, across = marks_in(request, name), request.POST.get("select_across", "") == "1"
    found = Compared()
    for pk, named, its in rows:
        if its == seen.get(pk):
            found.same[pk] = named
        elif across and pk not in seen:
            found.unseen[pk] = named, its
        else:
            found.others[pk] = named
    return found
