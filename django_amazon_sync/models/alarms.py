"""What staff are told by e-mail: each thing once, and once more when it is over."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import clock
from django_amazon_sync.models.accounts import SellerAccount


class Alarm(models.Model):
    """One thing that wants staff of an account; ``key`` tells those of one kind apart.

    Where an order, a shipment or a listing wants staff, each is an alarm of its own.
    """

    class Kind(models.TextChoices):
        """What may want staff, the most pressing first."""

        DISCONNECTED = "disconnected", _("disconnected")
        AUTHORISE = "authorise", _("Amazon refuses access")
        SELLING = "selling", _("buyers cannot buy everywhere")
        STUCK = "stuck", _("runs that no worker begins")
        NOT_SENT = "not_sent", _("changes do not reach Amazon")
        STOPPING = "stopping", _("runs stop again and again")
        ORDERS_STALE = "orders_stale", _("orders are not up to date")
        SHIP_BY = "ship_by", _("ship-by time is near")
        QUARANTINE = "quarantine", _("orders in quarantine")
        NOT_TOLD = "not_told", _("changes of orders that the shop does not take")
        ASKING = "asking", _("buyers who ask to cancel")
        SHIPMENT_REFUSED = "shipment_refused", _("shipments that Amazon refused")
        SHIPMENT_UNSEEN = "shipment_unseen", _("shipments that Amazon does not show")
        SHIPMENT_INCOMPLETE = "shipment_incomplete", _("shipments that lack something")
        APPROVAL = "approval", _("changes wait for approval")
        REFUSED = "refused", _("listings that Amazon refused")
        CLAIMED = "claimed", _("a product has a listing's SKU")
        DRIFT = "drift", _("listings drifted")
        SECRET = "secret", _("client secret about to expire")
        AUTHORISATION = "authorisation", _("authorisation about to expire")
        OBSERVING = "observing", _("account only reads")
        ERASING = "erasing", _("buyers' data wait to be erased")
        LACKING = "lacking", _("something is missing that the rest goes on without")

    account = models.ForeignKey(
        SellerAccount, models.CASCADE, related_name="alarms", verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    key = models.CharField(max_length=100, blank=True)
    noted_at = models.DateTimeField(_("seen since"), default=clock.now, null=True, editable=False)
    claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker set about mailing it."
    )
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    mended_at = models.DateTimeField(_("mended at"), null=True, blank=True)

    end_told_at = models.DateTimeField(_("end mailed at"), null=True, blank=True)

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
