"""Exchange rates, each with its day and its source."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_amazon_sync.models.accounts import RateSource

#: The smallest rate that the column can hold.
SMALLEST = Decimal("0.00000001")


class ExchangeRate(models.Model):
    """How many units of ``currency`` one unit of ``base`` was on a day."""

    source = models.CharField(_("source"), max_length=10, choices=RateSource.choices)
    base = models.CharField(_("from"), max_length=3)
    currency = models.CharField(pgettext_lazy("a currency", "to"), max_length=3)
    rate = models.DecimalField(
        _("rate"), max_digits=20, decimal_places=8, validators=[MinValueValidator(SMALLEST)]
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


class RateFetch(models.Model):
    """When rates of a source were fetched, and when they are asked for again."""

    source = models.CharField(
        _("source"), max_length=10, choices=RateSource.choices, primary_key=True
    )
    next_at = models.DateTimeField(_("asked for again"))
    fetched_at = models.DateTimeField(_("fetched at"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("fetching of rates")
        verbose_name_plural = _("fetching of rates")

    def __str__(self) -> str:
        return self.get_source_display()

    @classmethod
    def claim(cls, source: str, now: datetime, rest: timedelta) -> bool:
        """Whether rates are due, and it is for the caller to fetch them; of two, one is told so.

        Should it not come to an end, they are due again after ``rest``.
        """
        _row, made = cls.objects.get_or_create(source=source, defaults={"next_at": now + rest})
        due = cls.objects.filter(source=source, next_at__lte=now)
        return made or due.update(next_at=now + rest) == 1
