"""When a page was shown: what staff approve is what they saw, not what waits by now."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from django import forms
from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext

from django_amazon_sync import clock
from django_amazon_sync.data import FieldValues

if TYPE_CHECKING:
    from django.contrib.admin.helpers import ActionForm
else:
    # Under the theme django-unfold a button for actions shows once the theme's own form says so.
    module = "unfold.forms" if apps.is_installed("unfold") else "django.contrib.admin.helpers"
    ActionForm = import_module(module).ActionForm


#: The name of what a row says of the values that it showed.
SEEN = "seen"


def mark(values: FieldValues) -> str:
    """A short text that is another one for other values."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_mark(text: str, pk: int, values: FieldValues) -> str:
    """The text of a row's cell, and hidden beside it which values it showed."""
    return format_html(
        '{}<input type="hidden" name="{}" value="{}:{}">', text, SEEN, pk, mark(values)
    )


def marks_in(request: HttpRequest) -> dict[int, str]:
    """The marks of the rows (pk) that the page showed."""
    pairs = (each.partition(":") for each in request.POST.getlist(SEEN))
    return {int(pk): its for pk, _colon, its in pairs if pk.isdecimal()}


def _now() -> str:
    return clock.now().isoformat()


class ShownAt(ActionForm):
    """The form of a list's actions, with the moment at which the list was shown."""

    shown_at = forms.CharField(label="", required=False, initial=_now, widget=forms.HiddenInput)

    @staticmethod
    def moment_of(request: HttpRequest) -> datetime | None:
        """When the page that sent this request was shown; None where it does not say."""
        try:
            moment = datetime.fromisoformat(request.POST.get("shown_at", ""))
        except ValueError:
            return None
        return moment if moment.tzinfo else None

    @staticmethod
    def ask_to_load_again(request: HttpRequest) -> None:
        """Say that nothing is approved, as the page does not say when it was shown."""
        text = gettext("Load the page again, then approve what it shows.")
        messages.warning(request, text)
