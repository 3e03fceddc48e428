"""Sync runs and their lines: what the shop's staff read as a report."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.data import FieldValues, RunOptions
from django_amazon_sync.models.accounts import Job, SellerAccount
from django_amazon_sync.models.fields import JsonColumn
from django_amazon_sync.models.states import StateMachineModel, one_of


class RunState(models.TextChoices):
    """Where a run is."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")


class Starter(models.TextChoices):
    """What asked for a run."""

    USER = "user", _("user")
    SCHEDULE = "schedule", _("schedule")
    CRON_KEY = "cron_key", _("cron key")
    COMMAND = "command", _("command")
    SHOP = "shop", _("change in the shop")
    AMAZON = "amazon", _("answer of Amazon")
    RUN = "run", _("another run")


class Outcome(models.TextChoices):
    """What became of one SKU or one order in a run."""

    SENT = "sent", _("sent")
    PLANNED = "planned", _("would be sent")
    VERIFIED = "verified", _("verified")
    DRIFTED = "drifted", _("drifted")
    HELD = "held", _("waits for approval")
    WAITING = "waiting", _("waits")
    REFUSED = "refused", _("refused by Amazon")
    NOT_SENT = "not_sent", _("not sent")
    FAILED = "failed", _("failed")
    PLACED = "placed", _("placed")
    UPDATED = "updated", _("updated")
    CANCELLED = "cancelled", _("cancelled")
    QUARANTINED = "quarantined", _("quarantined")
    RECORDED = "recorded", _("recorded")
    CONFIRMED = "confirmed", _("confirmed")
    LINKED = "linked", _("linked")
    PROPOSED = "proposed", _("proposed")
    NONE = "none", _("none found")
    TAKEN_OVER = "taken_over", _("taken over")


#: Outcomes that staff have to mend: a run with one of them has not gone well.
BAD_OUTCOMES = frozenset(
    {
        Outcome.REFUSED,
        Outcome.NOT_SENT,
        Outcome.FAILED,
        Outcome.QUARANTINED,
        Outcome.DRIFTED,
    }
)


class SyncRun(StateMachineModel):
    """One execution of one job for one account.

    A run that has to wait for Amazon is queued again until ``not_before``, with its lines and
    counts so far; so is one whose worker died, and ``deaths`` counts these. A ``whole`` run is
    about all that its job is about, and no dry run: of these one at most waits to begin.
    """

    TRANSITIONS = {
        RunState.QUEUED: frozenset({RunState.RUNNING, RunState.STOPPED}),
        RunState.RUNNING: frozenset({RunState.QUEUED, RunState.DONE, RunState.STOPPED}),
    }

    account = models.ForeignKey(
        SellerAccount, models.PROTECT, related_name="runs", verbose_name=_("account")
    )
    job = models.CharField(_("job"), max_length=30, choices=Job.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=RunState.choices, default=RunState.QUEUED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    started_by = models.CharField(
        _("started by"), max_length=10, choices=Starter.choices, blank=True
    )
    options: JsonColumn[RunOptions] = models.JSONField(_("options"), default=dict, blank=True)
    dry_run = models.BooleanField(_("dry run"), default=False)
    whole = models.BooleanField(default=False, editable=False)
    deaths = models.PositiveSmallIntegerField(default=0, editable=False)
    counts: JsonColumn[dict[str, int]] = models.JSONField(_("counts"), default=dict, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    not_before = models.DateTimeField(_("goes on at"), null=True, blank=True)
    planned = models.PositiveIntegerField(_("planned"), null=True, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    finish_expected = models.DateTimeField(_("finish expected"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        constraints: ClassVar = [
            one_of(RunState, "amazon_run_state"),
            models.UniqueConstraint(
                fields=["account", "job"],
                condition=models.Q(state=RunState.QUEUED, whole=True, started_at__isnull=True),
                name="amazon_run_whole_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "job", "-id"], name="amazon_run_latest"),
            models.Index(fields=["created_at"], name="amazon_run_by_age"),
            models.Index(fields=["job", "-id"], name="amazon_run_of_job"),
            models.Index(
                fields=["account"],
                condition=models.Q(state__in=(RunState.QUEUED, RunState.RUNNING)),
                name="amazon_run_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_job_display()} {self.pk}"

    @property
    def counted(self) -> list[tuple[str, int]]:
        """The counts in one order whatever the database: outcomes first, then by name."""
        places = {name: place for place, name in enumerate(Outcome.values)}
        return sorted(
            self.counts.items(), key=lambda count: (places.get(count[0], len(places)), count[0])
        )

    @property
    def went_well(self) -> bool:
        """Finished, and no line that staff would have to mend."""
        return self.state == RunState.DONE and not any(
            self.counts.get(outcome) for outcome in BAD_OUTCOMES
        )

    def start(self) -> bool:
        """Begin a queued run; False where another worker has begun it, or it has to wait."""
        now = clock.now()
        its_time = models.Q(not_before=None) | models.Q(not_before__lte=now)
        begun = self._row().filter(its_time, state=RunState.QUEUED)
        return self._became(
            begun,
            state=RunState.RUNNING,
            started_at=self.started_at or now,
            not_before=None,
            reason_code="",
            reason="",
        )

    def call_off(self, *, reason_code: str, reason: str) -> bool:
        """End a run that waits, as it is not to be done any more; False where it waits no more."""
        return self._became(
            self._row().filter(state=RunState.QUEUED),
            state=RunState.STOPPED,
            finished_at=clock.now(),
            reason_code=reason_code,
            reason=reason,
        )

    def died(self, *, reason_code: str, reason: str) -> bool:
        """Queue a run again whose worker died: that one can no longer move it, should it wake."""
        return self._became(
            self._row().filter(state=RunState.RUNNING),
            state=RunState.QUEUED,
            deaths=self.deaths + 1,
            reason_code=reason_code,
            reason=reason,
        )

    def _row(self) -> models.QuerySet[Self]:
        """The row, unless this run was taken for dead since it was read."""
        return super()._row().filter(deaths=self.deaths)

    def _became(self, rows: models.QuerySet[Self], **values: object) -> bool:
        """Set these values by one UPDATE; False where the row was not among ``rows`` by then."""
        changed = rows.update(**values) == 1
        if changed:
            for name, value in values.items():
                setattr(self, name, value)
        return changed

    def postpone(self, until: datetime, *, reason_code: str, reason: str) -> None:
        """Queue the run again, to go on at ``until``; of no effect on one taken for dead."""
        self.move(
            RunState.QUEUED,
            not_before=until,
            counts=self.counts,
            reason_code=reason_code,
            reason=reason,
        )

    def finish(self, *, reason_code: str = "", reason: str = "") -> None:
        """End the run: done, or stopped where there is a reason.

        A run that another worker took for dead and ended stays as that one left it.
        """
        state = RunState.STOPPED if reason else RunState.DONE
        ended = self.move(
            state,
            finished_at=clock.now(),
            counts=self.counts,
            reason_code=reason_code,
            reason=reason,
        )
        if not ended:
            self.refresh_from_db(fields=["state", "finished_at", "counts", "reason_code", "reason"])

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of the run's counts; kept with the next save."""
        self.counts[name] = self.counts.get(name, 0) + number


class RunSelection(models.Model):
    """One offer or SKU that a run is about, where staff chose too many for its options."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="selection")
    offer_pk = models.CharField(max_length=64, blank=True)
    sku = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "offer_pk", "sku"], name="amazon_selection_once")
        ]

    def __str__(self) -> str:
        return self.sku or self.offer_pk


class RunLine(models.Model):
    """What became of one SKU or one order in a run; the unchanged are only counted."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="lines")
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices)
    sku = models.CharField("SKU", max_length=255, blank=True)
    seller_sku = models.CharField(
        _("seller SKU"),
        max_length=255,
        blank=True,
        help_text=_("Amazon's, where a line is about an offer that is matched to it."),
    )
    marketplace = models.CharField(_("marketplace"), max_length=20, blank=True)
    order_number = models.CharField(_("order"), max_length=50, blank=True)
    values: JsonColumn[FieldValues] = models.JSONField(_("values"), default=dict, blank=True)
    code = models.CharField(_("code"), max_length=60, blank=True)
    message = models.TextField(_("message"), blank=True)
    at = models.DateTimeField(_("at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("run line")
        verbose_name_plural = _("run lines")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="amazon_line_outcome"
            )
        ]
        indexes: ClassVar = [
            # The history of one SKU or order over all runs, each name found whole.
            models.Index(fields=["sku"], name="amazon_line_by_sku"),
            models.Index(fields=["seller_sku"], name="amazon_line_by_seller_sku"),
            models.Index(fields=["order_number"], name="amazon_line_by_order"),
        ]

    def __str__(self) -> str:
        return f"{self.sku or self.order_number}: {self.get_outcome_display()}"

    def as_dict(self) -> dict[str, object]:
        """The line as the commands print it."""
        return {
            "sku": self.sku,
            "seller_sku": self.seller_sku,
            "marketplace": self.marketplace,
            "order_number": self.order_number,
            "outcome": self.outcome,
            "values": self.values,
            "code": self.code,
            "message": self.message,
        }
