"""Edit selected: choose fields, give each one value for all chosen rows, look, save.

The pages post to the list itself, as Django's own questions before an action do, so what is chosen
is the list's own query: its filters, and the rows that the user may see. Nothing is loaded at once:
rows are gone through in chunks, and saved in one transaction. Only rows that are still as the page
showed them are written; the others are named, and looked at again.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.admin.common.base import Row, ScreenPart
from django_amazon_sync.admin.common.formatting import brief
from django_amazon_sync.admin.common.seen import MOST_ROWS, Seen, mark
from django_amazon_sync.admin.products.staff_fields import (
    PriceOf,
    StaffField,
    StaffRow,
    StaffValue,
    Switch,
    are_prices,
    fields_of,
    nobody_knows,
    set_values,
)
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.models import Listing, SellerSku
from django_amazon_sync.sync.listings.explain import PricesNow
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.runs.bulk import chunks, in_pages, insert_rows, update_locked_rows

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

StaffRows = QuerySet[SellerSku] | QuerySet[Listing]

#: Rows that are gone through and written together.
ROWS_PER_CHUNK = 2000

#: Rows that the view before saving shows; all are counted.
SHOWN = 50

#: What each page gives itself; the rest are the values that were typed.
_OF_THE_PAGE = frozenset(
    {"csrfmiddlewaretoken", "action", "select_across", "step", "edit_field", "mark",
     ACTION_CHECKBOX_NAME}
)  # fmt: skip

LEAVE, SET, NOTHING = "leave", "set", "nothing"


class ValuesForm(forms.Form):
    """For each chosen field: leave it as it is, set it to one value, or set nothing."""

    def __init__(
        self, fields: Sequence[StaffField], currency: str, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.staff_fields = fields
        for field in fields:
            ways: list[tuple[str, StrOrPromise]] = [(LEAVE, _("leave as is")), (SET, _("set to"))]
            if field.nothing:
                ways.append((NOTHING, field.nothing))
            self.fields[f"{field.name}_how"] = forms.ChoiceField(
                label=capfirst(field.label), choices=ways, initial=LEAVE
            )
            value = field.form_field(currency)
            value.required, value.label = False, _("Value of %(field)s") % {"field": field.label}
            self.fields[field.name] = value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.wanted: dict[str, StaffValue] = {}
        for field in self.staff_fields:
            how: str | None = data.get(f"{field.name}_how")
            value: StaffValue = data.get(field.name)
            given = value not in (None, "", [])
            if field.name in self.errors or how is None:
                continue
            if how == SET and not given:
                self.add_error(field.name, _("Give a value, or leave the field as it is."))
            elif how != SET and given:
                self.add_error(field.name, _("There is a value here; choose “set to” to use it."))
            elif how != LEAVE:
                self.wanted[field.name] = value if how == SET else None
        if not self.errors and not self.wanted:
            raise ValidationError(_("Every field is left as it is, so there is nothing to save."))
        return data

    def rows(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        """How and value of each field."""
        for field in self.staff_fields:
            yield self[f"{field.name}_how"], self[field.name]


@dataclasses.dataclass
class Outlook:
    """What saving would do: the first rows before and after, and how many there are.

    ``seen`` has a mark of each row that was looked at, so that no others are saved.
    """

    seen: Seen = dataclasses.field(default_factory=Seen)
    total: int = 0
    changed: int = 0
    shown: list[tuple[str, list[tuple[str, str]]]] = dataclasses.field(default_factory=list)
    faults: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    faulty: int = 0

    @property
    def too_many(self) -> int:
        """How many rows one page can vouch for, where these are more."""
        return MOST_ROWS if self.total > MOST_ROWS else 0


@dataclasses.dataclass(frozen=True)
class Written:
    """How many rows were changed, and which were not, as they are no longer what was seen."""

    changed: int
    others: list[StaffRow]


class EditsMany(ScreenPart[Row]):
    """The action "Edit selected" for a list; a part of its ModelAdmin."""

    @admin.action(description=_("Edit selected"), permissions=["change"])
    def edit_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        allowed = fields_of(queryset.model, request)
        names = request.POST.getlist("edit_field")
        fields = [field for field in allowed if field.name in names]
        if len(fields) < len(set(names)):
            raise PermissionDenied
        step = request.POST.get("step", "")
        if not fields or step == "choose":
            switches = [field for field in allowed if isinstance(field, Switch)]
            others = [field for field in allowed if field not in switches]
            groups = [
                (_("Which fields do you want to edit?"), others),
                (_("Whether a field is sent"), switches),
            ]
            missing = step == "values"
            return self._edit_page(
                request, queryset, "choose", groups=groups, names=names, missing=missing
            )
        seen = f"{fields[0].name}_how" in request.POST
        form = ValuesForm(fields, _currency(queryset), request.POST if seen else None)
        if step not in ("look", "save") or not form.is_valid():
            return self._edit_page(request, queryset, "values", fields=fields, form=form)
        rows = _rows_of(queryset.model).filter(pk__in=queryset.order_by().values("pk"))
        if step == "save":
            return self._save_edit(request, rows, fields, form)
        return self._look_at_edit(request, rows, fields, form)

    def edit_action(self, model: type[Model]) -> str:
        """The name of the action that edits rows of this model."""
        return "edit_selected"

    def _look_at_edit(
        self,
        request: HttpRequest,
        rows: StaffRows,
        fields: Sequence[StaffField],
        form: ValuesForm,
    ) -> HttpResponse:
        outlook = look(rows, fields, form.wanted)
        wanted = [field for field in fields if field.name in form.wanted]
        return self._edit_page(
            request,
            rows,
            "look",
            fields=fields,
            outlook=outlook,
            wanted=wanted,
            again=[
                (name, value)
                for name in request.POST
                if name not in _OF_THE_PAGE
                for value in request.POST.getlist(name)
            ],
        )

    def _save_edit(
        self,
        request: HttpRequest,
        rows: StaffRows,
        fields: Sequence[StaffField],
        form: ValuesForm,
    ) -> HttpResponse | None:
        seen = Seen.of(request.POST.get("mark", ""))
        try:
            written = save(request, rows, fields, form.wanted, seen)
        except ValidationError as reason:
            messages.error(request, reason.messages[0])
            return self._look_at_edit(request, rows, fields, form)
        number = written.changed
        text = ngettext("%(number)d row is changed.", "%(number)d rows are changed.", number)
        messages.success(request, text % {"number": number})
        if not written.others:
            return None
        text = gettext("Not saved, as they are no longer what you saw: %(rows)s. Look again.")
        names = brief(", ".join(map(str, written.others)))
        messages.warning(request, text % {"rows": names})
        return self._look_at_edit(request, rows, fields, form)

    def _edit_page(
        self, request: HttpRequest, queryset: StaffRows, step: str, **more: object
    ) -> HttpResponse:
        options = queryset.model._meta
        across = request.POST.get("select_across", "") == "1"
        pks = request.POST.getlist(ACTION_CHECKBOX_NAME)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Edit selected"),
            "opts": options,
            "step": step,
            "action": self.edit_action(queryset.model),
            "number": queryset.count(),
            "across": across,
            "pks": pks[:1] if across else pks,
            "checkbox": ACTION_CHECKBOX_NAME,
            **more,
        }
        template = "django_amazon_sync/admin/edit_many.html"
        return TemplateResponse(request, template, context)


def look(
    rows: StaffRows, fields: Sequence[StaffField], wanted: Mapping[str, StaffValue]
) -> Outlook:
    """What these values would change, without saving anything."""
    outlook = Outlook()
    asked = [field for field in fields if field.name in wanted]
    every: Iterator[StaffRow] = in_pages(rows, ROWS_PER_CHUNK)
    for some in chunks(every, ROWS_PER_CHUNK):
        _look_at(outlook, some, asked, wanted)
    return outlook


def _look_at(
    outlook: Outlook,
    rows: Sequence[StaffRow],
    asked: Sequence[StaffField],
    wanted: Mapping[str, StaffValue],
) -> None:
    price_of = _prices_of(rows, asked)
    for row in rows:
        outlook.total += 1
        if outlook.total <= MOST_ROWS:
            outlook.seen.add(_mark(row, asked))
        before = [field.read(row) for field in asked]
        try:
            changed = set_values(row, asked, wanted, price_of)
        except ValidationError as fault:
            outlook.faulty += 1
            if len(outlook.faults) < SHOWN:
                outlook.faults.append((str(row), " ".join(fault.messages)))
            continue
        outlook.changed += bool(changed)
        if len(outlook.shown) < SHOWN:
            cells = [
                (field.shown(was), field.shown(field.read(row)) if field.name in changed else "")
                for field, was in zip(asked, before, strict=True)
            ]
            outlook.shown.append((str(row), cells))


def _prices_of(rows: Sequence[StaffRow], fields: Sequence[StaffField]) -> PriceOf:
    """What these listings are sold at, where one of these fields has to fit that."""
    listings = [row for row in rows if isinstance(row, Listing)]
    return PricesNow(listings).of if listings and are_prices(fields) else nobody_knows


@transaction.atomic
def save(
    request: HttpRequest,
    rows: StaffRows,
    fields: Sequence[StaffField],
    wanted: Mapping[str, StaffValue],
    seen: Seen,
) -> Written:
    """Save these values of all the rows that are still as they were seen, or of none.

    Raises ValidationError where one cannot have a value.
    """
    asked = [field for field in fields if field.name in wanted]
    pks = array("q", in_pages(rows.values_list("pk", flat=True)))
    written = Written(0, [])
    for some in chunks(pks, ROWS_PER_CHUNK):
        values = dict.fromkeys(some, wanted)
        its = write_together(
            request, rows.model, values, asked, as_read=lambda row: _mark(row, asked) in seen
        )
        written = Written(written.changed + its.changed, written.others + its.others)
    return written


def write_together(
    request: HttpRequest,
    model: type[SellerSku] | type[Listing],
    values: Mapping[int, Mapping[str, StaffValue]],
    fields: Sequence[StaffField],
    *,
    as_read: Callable[[StaffRow], bool],
) -> Written:
    """Save these values of rows, by pk, with the history of each; not those that are no longer
    ``as_read``.

    Runs in the caller's transaction. Raises ValidationError by field.
    """
    rows = _rows_of(model).select_for_update(of=("self",)).filter(pk__in=values)
    locked: list[StaffRow] = [*rows]
    others = [row for row in locked if not as_read(row)]
    left_out = {row.pk for row in others}
    mine = [row for row in locked if row.pk not in left_out]
    asked = [field for field in fields if any(field.name in its for its in values.values())]
    price_of = _prices_of(mine, asked)
    touched = [
        (row, what) for row in mine if (what := set_values(row, asked, values[row.pk], price_of))
    ]
    update_locked_rows([row for row, _what in touched], sorted({field.column for field in fields}))
    insert_rows([_entry(request, row, fields, what) for row, what in touched])
    changed_offers.note(_offer_of(row) for row, _what in touched)
    return Written(len(touched), others)


def _currency(rows: StaffRows) -> str:
    """The currency of all these listings; empty where there are several, or none."""
    if rows.model is not Listing:
        return ""
    codes = rows.order_by().values_list("marketplace__code", flat=True).distinct()
    currencies = {MARKETPLACES[code].currency for code in codes if code in MARKETPLACES}
    return currencies.pop() if len(currencies) == 1 else ""


def _rows_of(model: type[SellerSku] | type[Listing]) -> StaffRows:
    """The rows of a model in the order of pks, with what they are named and judged by."""
    if model is Listing:
        return Listing.objects.order_by("pk").select_related("sku", "marketplace")
    return SellerSku.objects.order_by("pk")


def _mark(row: StaffRow, asked: Sequence[StaffField]) -> str:
    """The mark of what the page shows of a row."""
    return mark(row.pk, str(row), {field.name: field.read(row) for field in asked})


def _offer_of(row: StaffRow) -> tuple[int, str]:
    sku = row.sku if isinstance(row, Listing) else row
    return sku.account_id, sku.offer_pk


def _entry(
    request: HttpRequest,
    row: StaffRow,
    fields: Sequence[StaffField],
    changed: Mapping[str, tuple[StaffValue, StaffValue]],
) -> LogEntry:
    """The history of a row says what it was and what it is."""
    words = [
        f"{field.label}: {field.shown(changed[field.name][0])}"
        f" → {field.shown(changed[field.name][1])}"
        for field in fields
        if field.name in changed
    ]
    return LogEntry(
        user_id=request.user.pk or 0,
        content_type_id=ContentType.objects.get_for_model(row).pk,
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        action_time=clock.now(),
        change_message=gettext("Edited together. %(changes)s.") % {"changes": "; ".join(words)},
    )
