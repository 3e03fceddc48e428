"""The form of one marketplace's settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common.base import RowForm
from django_amazon_sync.models import Marketplace, RateSource
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY
from django_amazon_sync.sync.verification import take_over

#: What makes prices, and so needs the permission to change them.
PRICE_FIELDS = (
    "sync_price", "markup_percent", "price_ending", "price_floor", "rate_source", "amazon_wins",
)  # fmt: skip


class MarketplaceSettingsForm(RowForm[Marketplace]):
    """Settings that would do nothing, or do harm, are refused at their field."""

    amazon_wins = forms.MultipleChoiceField(
        label=_("Amazon wins"),
        choices=[(name, FIELDS[name].label) for name in take_over.TAKE_OVER_FIELDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Where another hand changed it on Amazon, its value stays there until you decide. In "
            "everything else the shop wins: the next export sends its value again."
        ),
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if QUANTITY in data.get("amazon_wins", ()) and data.get("sync_quantity"):
            self.add_error(
                "amazon_wins",
                _(
                    "Amazon cannot win in the quantity while quantities are sent: a number that "
                    "the shop does not have would be sold. Switch quantities off first."
                ),
            )
        return data

    def clean_rate_source(self) -> str:
        source: str = self.cleaned_data["rate_source"]
        if source == RateSource.CALLABLE and not conf.get("RATES_CALLABLE"):
            raise ValidationError(
                _("The project has no function for rates: set AMAZON_SYNC['RATES_CALLABLE'].")
            )
        return source
