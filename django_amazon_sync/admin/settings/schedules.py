"""Schedules: how often each job of an account runs, when it ran last, and "run now"."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.admin.common.base import (
    AccountFilter,
    NoAddDelete,
    RowForm,
    RowsInline,
    Screen,
)
from django_amazon_sync.admin.common.formatting import link, moment
from django_amazon_sync.admin.common.queue_runs import ask
from django_amazon_sync.admin.settings.periods import EveryField, in_words
from django_amazon_sync.models import Job, Schedule, SellerAccount, SyncRun

#: The permission that starting a job by hand needs.
STARTS = {
    Job.EXPORT: "export_listing",
    Job.VERIFY: "verify_listing",
    Job.IMPORT_LISTINGS: "verify_listing",
    Job.MATCH: "match_listing",
    Job.IMPORT_ORDERS: "import_amazonorder",
    Job.RECONCILE: "import_amazonorder",
    Job.CONFIRM_SHIPMENTS: "confirm_shipment",
}


class ScheduleForm(RowForm[Schedule]):
    """A new period counts from the last run on, not from when the old one would have ended."""

    every = EveryField(label=_("every"))
    _counts_anew = False

    @cached_property
    def changed_data(self) -> list[str]:
        names: list[str] = super().changed_data
        self._counts_anew = "every" in names and "next_due" not in names
        return [*names, "next_due"] if self._counts_anew else names

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if "every" in self.changed_data and self._counts_anew and data.get("every"):
            now = clock.now()
            last = min(self.instance.last_started or now, now)  # of a clock that was ahead
            data["next_due"] = max(last + data["every"], now)
        return data


class ScheduleInline(RowsInline[Schedule, SellerAccount]):
    model = Schedule
    form = ScheduleForm
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    fields = ("job", "active", "every", "last_started", "next_due")
    readonly_fields = ("job", "last_started")
    can_delete = False
    max_num = 0


@admin.register(Schedule)
class ScheduleAdmin(NoAddDelete, Screen[Schedule]):
    form = ScheduleForm
    reads_with = ("account",)
    encrypted = ("account__refresh_token",)
    list_display = ("job", "account", "how_often", "last_started", "last_run", "next_run")
    list_filter = (AccountFilter, "job", "active")
    ordering = ("next_due",)
    readonly_fields = ("account", "job", "last_started")
    fields = ("account", "job", "active", "every", "last_started", "next_due")
    actions = ("run_now",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        runs = SyncRun.objects.filter(account=OuterRef("account"), job=OuterRef("job"))
        latest = Subquery(runs.order_by("-pk").values("pk")[:1])
        return super().get_queryset(request).annotate(latest=latest)

    @admin.display(description=_("every"), ordering="every")
    def how_often(self, schedule: Schedule) -> str:
        return in_words(schedule.every)

    @admin.display(description=_("last run"))
    def last_run(self, schedule: Any) -> str:
        if schedule.latest is None:
            return ""
        return link(SyncRun(pk=schedule.latest, job=schedule.job))

    @admin.display(description=_("next run"), ordering="next_due")
    def next_run(self, schedule: Schedule) -> str:
        return moment(schedule.next_due) if schedule.active else gettext("off")

    @admin.action(description=_("Run now"), permissions=["view"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        for schedule in queryset:
            job = Job(schedule.job)
            if not request.user.has_perm(f"django_amazon_sync.{STARTS[job]}"):
                text = gettext("You may not start this: %(schedule)s.") % {"schedule": schedule}
                messages.error(request, text)
                continue
            ask(request, job, [(schedule.account, {})])
