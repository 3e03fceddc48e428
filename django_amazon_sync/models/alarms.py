"""What staff are told by e-mail: each kind once, until it is mended."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.models.accounts import SellerAccount


class Alarm(models.Model):
    """One thing that wants staff of an account; ``key`` tells those of one kind apart."""

    class Kind(models.TextChoices):
        DISCONNECTED = "disconnected", _("disconnected")
        AUTHORISE = "authorise", _("Amazon refuses access")
        SECRET = "secret", _("client secret about to expire")
        AUTHORISATION = "authorisation", _("authorisation about to expire")
        ORDERS_STALE = "orders_stale", _("orders are not up to date")
        QUARANTINE = "quarantine", _("orders in quarantine")
        SHIP_BY = "ship_by", _("ship-by time is near")
        DRIFT = "drift", _("listings drifted")
        APPROVAL = "approval", _("changes wait for approval")

    account = models.ForeignKey(
        SellerAccount, models.CASCADE, related_name="alarms", verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    key = models.CharField(max_length=100, blank=True)
    claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker set about mailing it."
    )
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    mended_at = models.DateTimeField(_("mended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "kind", "key"],
                condition=models.Q(mended_at__isnull=True),
                name="amazon_alarm_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_kind_display()}"
