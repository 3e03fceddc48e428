"""When a page was shown: what staff approve is what they saw, not what waits by now."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from django import forms
from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from django_amazon_sync import clock

if TYPE_CHECKING:
    from django.contrib.admin.helpers import ActionForm
else:
    # Under the theme django-unfold a button for actions shows once the theme's own form says so.
    module = "unfold.forms" if apps.is_installed("unfold") else "django.contrib.admin.helpers"
    ActionForm = import_module(module).ActionForm


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
