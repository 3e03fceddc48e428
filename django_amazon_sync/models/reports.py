"""Reports that Amazon was asked to make."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.models.accounts import Marketplace, SellerAccount
from django_amazon_sync.models.states import StateMachineModel, one_of


class ReportState(models.TextChoices):
    """Where a report is on its way."""

    NEW = "new", _("new")
    ASKED = "asked", _("asked for")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class AmazonReport(StateMachineModel):
    """One report of one marketplace; its row is there before Amazon is asked.

    A report of orders is about those that changed from ``data_since`` to ``data_until``.
    ``compared_at`` is when all that it shows had been held against what is here.

    Asking twice changes nothing at Amazon, so a worker that died in between asks again.
    """

    #: A report that is not older than this serves every job that wants one.
    FRESH = timedelta(minutes=30)

    TRANSITIONS = {
        ReportState.NEW: frozenset({ReportState.ASKED, ReportState.FAILED}),
        ReportState.ASKED: frozenset({ReportState.READY, ReportState.FAILED}),
        ReportState.READY: frozenset({ReportState.FAILED}),
    }

    account = models.ForeignKey(SellerAccount, models.CASCADE, related_name="reports")
    marketplace = models.ForeignKey(Marketplace, models.CASCADE, related_name="reports")
    report_type = models.CharField(_("type"), max_length=100)
    state = models.CharField(
        _("state"), max_length=10, choices=ReportState.choices, default=ReportState.NEW
    )
    amazon_id = models.CharField(_("Amazon's id"), max_length=100, blank=True)
    document_id = models.CharField(_("Amazon's document"), max_length=200, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    asked_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    made_at = models.DateTimeField(
        _("made at"), null=True, blank=True, help_text=_("When Amazon began it, by its own clock.")
    )

    data_since = models.DateTimeField(_("from"), null=True, blank=True)
    data_until = models.DateTimeField(_("until"), null=True, blank=True)
    compared_at = models.DateTimeField(_("compared at"), null=True, blank=True)

    class Meta:
        verbose_name = _("Amazon report")
        verbose_name_plural = _("Amazon reports")
        constraints: ClassVar = [one_of(ReportState, "amazon_report_state")]
        indexes: ClassVar = [
            models.Index(fields=["marketplace", "report_type", "-id"], name="amazon_report_latest")
        ]

    def __str__(self) -> str:
        return f"{self.report_type} of {self.marketplace}"
