"""Requests that no page of ours sends: refused before a query or a form stumbles over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import TypeAlias

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.forms import IntegerField
from django.forms.formsets import TOTAL_FORM_COUNT
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern

from django_amazon_sync.rules.identifiers import may_be_pk

View: TypeAlias = Callable[..., HttpResponseBase]

#: So many rows of a form may be told of without a field of theirs; a browser sends each row's.
ROWS_UNSEEN = 100


def refusing(view: View) -> View:
    """The view, which answers what no browser sends with 400: a NUL, which no database takes, the
    number of a row that no database has, and thousands of rows without a field, each of which
    would be made into a form."""

    @wraps(view)
    def refuses(request: HttpRequest, *args: object, **named: object) -> HttpResponseBase:
        if _has_nul(request) or any("\0" in str(value) for value in (*args, *named.values())):
            raise BadRequest("The request holds a NUL.")
        if not all(may_be_pk(pk) for pk in _chosen(request)):
            raise BadRequest("The request names a row that cannot be.")
        if any(rows > len(request.POST) + ROWS_UNSEEN for rows in _rows_told(request)):
            raise BadRequest("The request tells of more rows than it has fields.")
        try:
            return view(request, *args, **named)
        except OverflowError:
            if request.method != "GET":
                raise
            raise BadRequest("A number in the address is too large.") from None

    return refuses


def all_refusing(patterns: list[URLPattern]) -> list[URLPattern]:
    """The addresses of a screen, each of which refuses odd requests."""
    for pattern in patterns:
        pattern.callback = refusing(pattern.callback)
    return patterns


def _chosen(request: HttpRequest) -> Iterator[str]:
    """The rows (pk) that a request is about, of a list and of a form's rows."""
    for name, values in request.POST.lists():
        if name == ACTION_CHECKBOX_NAME or name.endswith("-id"):
            yield from filter(None, values)


def _rows_told(request: HttpRequest) -> Iterator[int]:
    """How many rows each part of a form says that it has, read as the form reads it."""
    for name, values in request.POST.lists():
        if name.endswith(f"-{TOTAL_FORM_COUNT}"):
            for value in values:
                with suppress(ValidationError):  # the form says so itself
                    yield IntegerField().clean(value)


def _has_nul(request: HttpRequest) -> bool:
    sent = (request.GET, request.POST) if request.method == "POST" else (request.GET,)
    return any(
        "\0" in name or any("\0" in value for value in values)
        for given in sent
        for name, values in given.lists()
    )
