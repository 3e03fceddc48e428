"""A rule is saved after a look at what it changes at Amazon, where it changes anything there.

The look is taken with no transaction open. What was typed travels with the page, and so do the
values that were stored when it was shown: where somebody saved others since, these are named and
nothing is saved. Where other offers change by then than the page counted, it comes again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import new_class
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db import transaction
from django.forms.formsets import all_valid
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_amazon_sync.admin.common.base import Row, ScreenPart
from django_amazon_sync.admin.common.seen import mark
from django_amazon_sync.admin.settings.effect_texts import EffectsInWords
from django_amazon_sync.admin.settings.ruled import Difference, Ruled, Values
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.export.rule_changes import Effects, effects_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Buttons of the page, the values that were stored when it was shown, and a mark of what it told.
CONFIRM, BACK, SEEN, TOLD = "_confirm_rules", "_back_to_rules", "rules_seen", "rules_told"

#: Seconds that somebody waits for the page: then what is counted is said as "at least".
PATIENCE = 8.0

#: Django's own saving of what was typed.
Save: TypeAlias = Callable[[], HttpResponse]

#: What the form of this request is sent back with, by field.
_SENT_BACK = "_amazon_sent_back"


class PreviewsRules(ScreenPart[Row]):
    """A screen whose form has rules."""

    #: Fields whose values may stand on no page.
    secrets: ClassVar[tuple[str, ...]] = ()

    def ruled(
        self, form: forms.ModelForm[Row], formsets: Sequence[forms.BaseFormSet[Any]]
    ) -> Ruled | None:
        """What was typed of the rules; None where nothing of it can change what Amazon shows."""
        raise NotImplementedError

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        def save() -> HttpResponse:
            return super(PreviewsRules, self).changeform_view(
                request, object_id, form_url, extra_context
            )

        if request.method != "POST":
            return save()
        if BACK in request.POST:
            setattr(request, _SENT_BACK, {})
            return save()
        return self._save_rules(request, object_id, save)

    def _save_rules(
        self, request: HttpRequest, object_id: str | None, save: Save, seen: Values | None = None
    ) -> HttpResponse:
        """Save, or show the page before; ``seen`` are the values that were looked at."""
        ruled = self._typed(request, object_id)
        stored = ruled.stored() if ruled else {}
        if ruled is None or stored == ruled.typed():
            return save()
        effects = effects_now(ruled)
        seen = seen or _seen(request, stored)
        told = CONFIRM in request.POST and request.POST.get(TOLD) == mark_of(effects)
        unseen = any(effects) and not told
        if unseen or seen != stored:
            meanwhile = ruled.differences(seen, stored)
            return self._look_first(request, save, ruled, effects, stored, meanwhile)
        with transaction.atomic():
            if ruled.stored(lock=True) == stored:
                return save_and_note(request, save, ruled, effects)
        return self._save_rules(request, object_id, save, stored)  # others were saved just now

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        """What comes back from the page is shown as it was typed, and not saved."""
        made = super().get_form(request, obj, change, **kwargs)
        told: Mapping[str, StrOrPromise] | None = getattr(request, _SENT_BACK, None)
        return made if told is None else _sent_back(made, told)

    def _typed(self, request: HttpRequest, object_id: str | None) -> Ruled | None:
        """What the request has of rules, where it may save them and all of it is right."""
        row = self.get_object(request, unquote(object_id)) if object_id else None
        allowed = (
            self.has_add_permission(request)
            if object_id is None
            else row is not None and self.has_change_permission(request, row)
        )
        if not allowed:
            return None  # Django says so
        names = flatten_fieldsets(self.get_fieldsets(request, row))
        made = self.get_form(request, row, change=row is not None, fields=names)
        form = made(request.POST, request.FILES, instance=row)
        formsets = [
            rows(**self.get_formset_kwargs(request, form.instance, inline, prefix))
            for rows, inline in self.get_formsets_with_inlines(request, row)
            for prefix in [rows.get_default_prefix()]
        ]
        if not (form.is_valid() and all_valid(formsets)):
            return None
        return self.ruled(form, formsets)

    def _look_first(
        self,
        request: HttpRequest,
        save: Save,
        ruled: Ruled,
        effects: Sequence[Effects],
        stored: Values,
        meanwhile: Sequence[Difference],
    ) -> HttpResponse:
        """The page before saving; a secret is not on it, and has to be saved by itself."""
        typed_secrets = [name for name in self.secrets if request.POST.get(name)]
        if typed_secrets:
            text = _(
                "Save this by itself first: what you changed beside it is shown on a page of its "
                "own before it is saved, and that page holds no secrets."
            )
            setattr(request, _SENT_BACK, dict.fromkeys(typed_secrets, text))
            return save()
        return TemplateResponse(
            request,
            "django_amazon_sync/admin/rule_preview.html",
            {
                **self.admin_site.each_context(request),
                "title": _("What this changes on Amazon"),
                "opts": self.opts,
                "typed": ruled.differences(stored, ruled.typed()),
                "meanwhile": meanwhile,
                "accounts": in_words(request, effects),
                "since": ruled.since,
                "again": [
                    (name, value)
                    for name in request.POST
                    if name not in (CONFIRM, BACK, SEEN, TOLD, "csrfmiddlewaretoken", *self.secrets)
                    for value in request.POST.getlist(name)
                ],
                "changed": CONFIRM in request.POST and not meanwhile,
                "seen": json.dumps(stored),
                "told": mark_of(effects),
                "names": {"confirm": CONFIRM, "back": BACK, "seen": SEEN, "told": TOLD},
            },
        )


def effects_now(ruled: Ruled) -> list[Effects]:
    """What the rules as they were typed change, by account. Not to be asked in a transaction."""
    shop = configured_shop()
    return [effects_of(change, shop, PATIENCE) for change in ruled.changes]


def in_words(request: HttpRequest, effects: Sequence[Effects]) -> list[EffectsInWords]:
    """What these effects are, for whoever asks, where there are any."""
    sees = request.user.has_perm("django_amazon_sync.view_listing")
    return [EffectsInWords(each, sees) for each in effects if each]


def mark_of(effects: Sequence[Effects]) -> str:
    """A mark of which offers these effects are about, and of what happens to them."""
    return mark([each.about for each in effects if each])


def save_and_note(
    request: HttpRequest, save: Save, ruled: Ruled, effects: Sequence[Effects]
) -> HttpResponse:
    """Save in the caller's transaction, and note what changes; say how much it is."""
    for each in effects:
        each.note(ruled.since)
    response = save()
    if number := sum(each.concerned for each in effects):
        text = (
            ngettext(
                "%(number)d SKU is looked at anew on that day, and what changes goes to Amazon.",
                "%(number)d SKUs are looked at anew on that day, and what changes goes to Amazon.",
                number,
            )
            if ruled.since
            else ngettext(
                "%(number)d SKU is looked at anew within a minute, and what changes goes to "
                "Amazon.",
                "%(number)d SKUs are looked at anew within a minute, and what changes goes to "
                "Amazon.",
                number,
            )
        )
        messages.info(request, text % {"number": number})
    return response


def _seen(request: HttpRequest, stored: Values) -> Values:
    """The values that were stored when the page was shown, as its form says; else those of now."""
    try:
        seen = json.loads(request.POST.get(SEEN, ""))
    except (ValueError, RecursionError):
        return stored
    return {str(key): str(value) for key, value in seen.items()} if isinstance(seen, dict) else {}


def _sent_back(
    made: type[forms.ModelForm[Row]], told: Mapping[str, StrOrPromise]
) -> type[forms.ModelForm[Row]]:
    """A form that shows what was typed, and is not saved."""

    def is_valid(form: forms.ModelForm[Row]) -> bool:
        for name, text in told.items():
            if name in form.fields and not form.has_error(name, "sent_back"):
                form.add_error(name, forms.ValidationError(text, code="sent_back"))
        return False

    again = new_class(made.__name__, (made,), exec_body=lambda body: body.update(is_valid=is_valid))
    assert issubclass(again, made)
    return again
