"""How far a page showed the lines of runs: what staff approve is what they saw, not what waits by
now. The newest line says it, whatever clocks say. For the rows on a page there is ``seen``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django import forms
from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from django_amazon_sync.rules.identifiers import may_be_pk
from django_amazon_sync.sync.listings import decisions

if TYPE_CHECKING:
    from django.contrib.admin.helpers import ActionForm
else:
    # Under the theme django-unfold a button for actions shows once the theme's own form says so.
    module = "unfold.forms" if apps.is_installed("unfold") else "django.contrib.admin.helpers"
    ActionForm = import_module(module).ActionForm


class ShownLines(ActionForm):
    """The form of the actions of runs, with the newest line that there was when it was shown."""

    lines_to = forms.IntegerField(
        label="", required=False, initial=decisions.newest_line, widget=forms.HiddenInput
    )

    @staticmethod
    def newest_of(request: HttpRequest) -> int | None:
        """The newest line (pk) when the page was shown; None where the page does not say."""
        text = request.POST.get("lines_to", "")
        return int(text) if may_be_pk(text) else None


def ask_to_load_again(request: HttpRequest) -> None:
    """Say that nothing is approved, as the page does not say how far it showed."""
    messages.warning(request, gettext("Load the page again, then approve what it shows."))
