"""Exchange rates, each with its day and its source."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.models.accounts import RateSource


class ExchangeRate(models.Model):
    """How many units of ``currency`` one unit of ``base`` was on a day."""

    source = models.CharField(_("source"), max_length=10, choices=RateSource.choices)
    base = models.CharField(_("from"), max_length=3)
    currency = models.CharField(_("to"), max_length=3)
    rate = models.DecimalField(
        _("rate"), max_digits=20, decimal_places=8, validators=[MinValueValidator(0)]
    )
    on = models.DateField(_("of the day"))

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "base", "currency", "on"], name="amazon_rate_once"
            ),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="amazon_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate} {self.currency} ({self.on})"
