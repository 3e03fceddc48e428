"""Fields of time: how often a job runs, and how far back the first import of orders looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_amazon_sync import clock
from django_amazon_sync.admin.common.number_fields import WholeNumber
from django_amazon_sync.sync.orders import windows

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: The units of a period, the longest first, with the seconds of each.
UNITS = {"weeks": 7 * 86400, "days": 86400, "hours": 3600, "minutes": 60}

UNIT_CHOICES = (
    ("minutes", _("minutes")),
    ("hours", _("hours")),
    ("days", _("days")),
    ("weeks", _("weeks")),
)


class Parts(forms.MultiWidget):
    """Inputs of one value, side by side, each with a name for those who do not see them."""

    def __init__(self, parts: Sequence[tuple[forms.Widget, StrOrPromise]]) -> None:
        for widget, name in parts:
            widget.attrs["aria-label"] = name
        super().__init__([widget for widget, _name in parts])


def number_and_unit(period: timedelta) -> tuple[int, str]:
    """A period in the longest unit that says it exactly; less than a minute is one."""
    seconds = int(period.total_seconds())
    unit = next((name for name, size in UNITS.items() if seconds % size == 0), "minutes")
    return max(seconds // UNITS[unit], 1), unit


def in_words(period: timedelta) -> str:
    """A period as people say it."""
    number, unit = number_and_unit(period)
    said = {
        "minutes": ngettext("%(number)d minute", "%(number)d minutes", number),
        "hours": ngettext("%(number)d hour", "%(number)d hours", number),
        "days": ngettext("%(number)d day", "%(number)d days", number),
        "weeks": ngettext("%(number)d week", "%(number)d weeks", number),
    }
    return said[unit] % {"number": number}


class EveryWidget(Parts):
    """A number and its unit."""

    def __init__(self) -> None:
        number = forms.NumberInput({"min": 1, "class": "vSmallField"})
        unit = forms.Select(choices=UNIT_CHOICES)
        super().__init__([(number, _("every: how many")), (unit, _("every: the unit"))])

    def decompress(self, value: timedelta | None) -> list[object]:
        return [None, "hours"] if value is None else list(number_and_unit(value))


class EveryField(forms.MultiValueField):
    """A period as people say it: 5 minutes, 2 weeks."""

    widget = EveryWidget

    def __init__(self, **kwargs: Any) -> None:
        number = WholeNumber(error_messages={"invalid": _("Enter a whole number, such as 5.")})
        unit = forms.ChoiceField(choices=UNIT_CHOICES)
        super().__init__((number, unit), **kwargs)

    def compress(self, data_list: tuple[int, str] | None) -> timedelta | None:
        if not data_list:
            return None
        number, unit = data_list
        if not 0 < number * UNITS[unit] <= 365 * UNITS["days"]:
            raise ValidationError(_("A job runs at least once a year and at most once a minute."))
        return timedelta(seconds=number * UNITS[unit])


class Back:
    """How far back the first import looks; the last lets the date count."""

    DAYS = {"day": 1, "week": 7, "month": 30}
    DATE = "date"
    CHOICES = (
        ("", _("not at all: from the cut-over on")),
        ("day", _("a day")),
        ("week", _("a week")),
        ("month", _("a month")),
        (DATE, _("to this date:")),
    )


class LookBackWidget(Parts):
    """A choice of time, and a date for the one that needs it."""

    def __init__(self) -> None:
        choice = forms.Select(choices=Back.CHOICES)
        day = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        super().__init__([(choice, _("look back: how far")), (day, _("look back: to which date"))])

    def decompress(self, value: datetime | None) -> list[object]:
        if value is None:
            return ["", None]
        return [Back.DATE, timezone.localtime(value).date()]


class LookBackField(forms.MultiValueField):
    """The moment at which the first import of orders begins; empty: at the cut-over."""

    widget = LookBackWidget

    def __init__(self, **kwargs: Any) -> None:
        choice = forms.ChoiceField(choices=Back.CHOICES, required=False)
        day = forms.DateField(required=False)
        super().__init__((choice, day), require_all_fields=False, required=False, **kwargs)

    def compress(self, data_list: tuple[str, date | None] | None) -> datetime | None:
        choice, day = data_list or ("", None)
        now = clock.now().replace(microsecond=0)
        if days := Back.DAYS.get(choice):
            return now - timedelta(days=days)
        if choice != Back.DATE:
            return None
        if day is None:
            raise ValidationError(_("Choose the date to look back to."))
        begins = _midnight(day)
        if begins > now:
            raise ValidationError(_("This day has not come yet."))
        return begins


def refuse_too_old(begins: datetime | None, region: str) -> None:
    """Raise ValidationError where Amazon shows no order that is so old."""
    if begins is not None and begins < (oldest := windows.oldest_orders(region)):
        raise ValidationError(
            _("Amazon shows no orders from before %(date)s."),
            params={"date": timezone.localtime(oldest).date().isoformat()},
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
