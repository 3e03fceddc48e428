"""Sync runs: what they did, how far they are, and their lines as a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common import help_links
from django_amazon_sync.admin.common.base import AccountFilter, ReadOnly, Screen
from django_amazon_sync.admin.common.formatting import count_name, list_link, table
from django_amazon_sync.admin.common.help_articles import article_link
from django_amazon_sync.admin.common.queue_runs import ask
from django_amazon_sync.admin.common.shown_lines import ShownLines, ask_to_load_again
from django_amazon_sync.admin.common.words import NAMES, words
from django_amazon_sync.admin.reports import progress
from django_amazon_sync.admin.reports.lines import file_of
from django_amazon_sync.amazon.limits import Budget
from django_amazon_sync.errors import Unavailable
from django_amazon_sync.models import (
    BAD_OUTCOMES,
    Job,
    Outcome,
    RunLine,
    RunState,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync.accounts.budget import budgets_of


class WentWellFilter(admin.SimpleListFilter):
    """Whether a run has something to mend."""

    title = _("went well")
    parameter_name = "well"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> Iterable[tuple[str, Any]]:
        return [
            ("yes", _("yes")),
            ("no", _("no: stopped, or with bad lines")),
            ("held", _("something waits for approval")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bad = Q(counts__has_any_keys=sorted(BAD_OUTCOMES))
        chosen = {
            "yes": Q(state=RunState.DONE) & ~bad,
            "no": Q(state=RunState.STOPPED) | bad,
            "held": Q(counts__has_key=Outcome.HELD),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(SyncRun)
class RunAdmin(ReadOnly, Screen[SyncRun]):
    reads_with = ("account", "asked_by")
    encrypted = ("account__refresh_token",)
    list_display = (
        "__str__", "state", "good", "summary", "why", "dry_run", "created_at", "duration",
        "starter", "account",
    )  # fmt: skip
    list_filter = (
        AccountFilter, "job", "state", WentWellFilter, "started_by", "created_at", "dry_run",
    )  # fmt: skip
    search_fields = ("=id", "reason")
    search_help_text = _("number of the run, or words of its reason")
    ordering = ("-pk",)
    action_form = ShownLines
    actions = ("approve", "take_over_shown")

    class Media:
        js: ClassVar = ["django_amazon_sync/progress.js"]

    fields = (
        "account", "progress", "help", "not_before", "budget",
        "counts_table", "lines", "dry_run",
        "starter", "shown_options", "created_at", "started_at", "finished_at", "duration",
    )  # fmt: skip
    readonly_fields = (
        "progress", "help", "budget", "counts_table", "lines", "starter", "shown_options",
        "duration",
    )  # fmt: skip

    @admin.display(description=_("went well"), boolean=True)
    def good(self, run: SyncRun) -> bool | None:
        """Whether nothing of it is left to mend; unknown until it has ended."""
        return run.went_well if run.state in progress.ENDED else None

    @admin.display(description=_("counts"))
    def summary(self, run: SyncRun) -> str:
        return ", ".join(f"{number} {count_name(name)}" for name, number in run.counted)

    @admin.display(description=_("counts"))
    def counts_table(self, run: SyncRun) -> str:
        outcomes = set(Outcome.values)
        rows = [
            (count_name(name), _lines_link(run, number, name) if name in outcomes else number)
            for name, number in run.counted
        ]
        return table((_("what"), _("how many")), rows)

    @admin.display(description=_("how far it is"))
    def progress(self, run: SyncRun) -> str:
        """Where it is now, live while it is at work."""
        state_url = reverse("admin:django_amazon_sync_syncrun_state", args=[run.pk])
        return progress.panel(run, state_url)

    @admin.display(description=_("what may be asked of Amazon now"))
    def budget(self, run: SyncRun) -> str:
        """The budget of a run that has not ended; of one that has, it is no more its own."""
        if run.state not in (RunState.QUEUED, RunState.RUNNING):
            return ""
        try:
            budgets = budgets_of(run)
        except Unavailable as away:
            return str(away)
        head = (_("operation"), _("calls per second"), _("calls now"), _("all of them again at"))
        return table(head, [_budget_row(budget) for budget in budgets])

    @admin.display(description=_("duration"))
    def duration(self, run: SyncRun) -> timedelta | None:
        if run.started_at is None or run.finished_at is None:
            return None
        return timedelta(seconds=round((run.finished_at - run.started_at).total_seconds()))

    @admin.display(description=_("started by"))
    def starter(self, run: SyncRun) -> str:
        """Who asked for it, or what did."""
        return str(run.asked_by) if run.asked_by else run.get_started_by_display()

    @admin.display(description=_("help"))
    def help(self, run: SyncRun) -> str:
        return article_link(help_links.of_run(run))

    @admin.display(description=_("options"))
    def shown_options(self, run: SyncRun) -> str:
        return words({name: value for name, value in run.options.items() if name in NAMES})

    @admin.display(description=_("lines"))
    def lines(self, run: SyncRun) -> str:
        file = reverse("admin:django_amazon_sync_syncrun_lines", args=[run.pk])
        text = _("All lines as a file (CSV)")
        return format_html('{} · <a href="{}">{}</a>', _lines_link(run, _("All lines")), file, text)

    @admin.action(description=_("Approve what the run held, and send it"), permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        lines_to = ShownLines.newest_of(request)
        if lines_to is None:
            ask_to_load_again(request)
            return
        holding = [run for run in queryset.filter(job__in=(Job.EXPORT, Job.CHANGES))
                   if run.counts.get(Outcome.HELD) and not run.dry_run]  # fmt: skip
        wanted = [(run.account, {"approve": run.pk, "lines_to": lines_to}) for run in holding]
        ask(request, Job.EXPORT, wanted)

    @admin.action(description=_("Take over from Amazon what it showed"), permissions=["take_over"])
    def take_over_shown(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> None:
        """Take over what a run only showed; each SKU is read anew, so nothing old comes in, and
        what Amazon shows otherwise by now waits."""
        wanted = []
        for run in queryset.filter(job=Job.TAKE_OVER, dry_run=True):
            shown = run.lines.filter(outcome=Outcome.PLANNED).values("sku")
            skus = SellerSku.objects.filter(account=run.account_id, sku__in=shown)
            if skus.exists():
                of_run = {name: run.options.get(name, []) for name in ("fields", "marketplaces")}
                wanted.append((run.account, {**of_run, "skus": skus, "shown": run.pk}))
        ask(request, Job.TAKE_OVER, wanted)

    def get_urls(self) -> list[URLPattern]:
        ours = (("lines.csv", self.lines_file, "lines"), ("state.json", self.state, "state"))
        urls = [
            path(
                f"<int:pk>/{file}",
                self.admin_site.admin_view(view),
                name=f"django_amazon_sync_syncrun_{name}",
            )
            for file, view, name in ours
        ]
        return [*urls, *super().get_urls()]

    def state(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far the run is, for a page that is open."""
        return progress.answer(self._seen_by(request, pk))

    def lines_file(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The run's lines as a file."""
        run = self._seen_by(request, pk)
        return file_of(run.lines.order_by("pk"), f"run-{run.pk}.csv")

    def _seen_by(self, request: HttpRequest, pk: int) -> SyncRun:
        """The run, if whoever asks may see it."""
        run = self.get_queryset(request).filter(pk=pk).first()
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run


def _budget_row(budget: Budget) -> tuple[object, ...]:
    full_at = timezone.localtime(datetime.fromtimestamp(budget.full_at, UTC))
    return budget.operation, f"{budget.rate:g}", budget.available, f"{full_at:%H:%M:%S}"


def _lines_link(run: SyncRun, text: object, outcome: str = "") -> str:
    chosen = {"outcome__exact": outcome} if outcome else {}
    return list_link(RunLine, text, run__id__exact=run.pk, **chosen)
