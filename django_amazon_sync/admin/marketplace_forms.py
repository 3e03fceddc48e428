"""The form of one marketplace's settings."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.models import RateSource

#: What makes prices, and so needs the permission to change them.
PRICE_FIELDS = ("markup_percent", "price_ending", "price_floor", "rate_source")


class MarketplaceSettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # it cannot be subscripted
    """Settings that would do nothing, or do harm, are refused at their field."""

    def clean_rate_source(self) -> str:
        source: str = self.cleaned_data["rate_source"]
        if source == RateSource.CALLABLE and not conf.get("RATES_CALLABLE"):
            raise ValidationError(
                _("The project has no function for rates: set AMAZON_SYNC['RATES_CALLABLE'].")
            )
        return source
