"""The form of one marketplace's settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_amazon_sync import conf
from django_amazon_sync.admin.common.base import RowForm
from django_amazon_sync.admin.settings.account_forms import check_language
from django_amazon_sync.data import minor_units
from django_amazon_sync.models import Marketplace, RateSource
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY
from django_amazon_sync.sync.verification import take_over

#: What makes prices, and so needs the permission to change them.
PRICE_FIELDS = (
    "sync_price", "markup_percent", "price_ending", "price_floor", "rate_source", "amazon_wins",
)  # fmt: skip


#: What a shop may want: at most half off, at most ten times the price.
LOWEST_MARKUP, HIGHEST_MARKUP = -50, 900


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

    def clean_language(self) -> str:
        return check_language(self.cleaned_data["language"], self.instance)

    def clean_markup_percent(self) -> Decimal:
        markup: Decimal = self.cleaned_data["markup_percent"]
        if not LOWEST_MARKUP <= markup <= HIGHEST_MARKUP:
            raise ValidationError(
                _("Write a markup from %(lowest)d to %(highest)d per cent."),
                params={"lowest": LOWEST_MARKUP, "highest": HIGHEST_MARKUP},
            )
        return markup

    def clean_price_ending(self) -> Decimal | None:
        ending: Decimal | None = self.cleaned_data["price_ending"]
        if ending is None:
            return None
        places = minor_units(self.instance.facts.currency) if self.instance.code else 2
        if not 0 <= ending < 1 or ending != round(ending, places):
            raise ValidationError(
                _("An ending is what stands after the whole unit, such as 0.99, in the currency.")
            )
        return ending

    def clean_rate_source(self) -> str:
        source: str = self.cleaned_data["rate_source"]
        if source == RateSource.CALLABLE and not conf.get("RATES_CALLABLE"):
            raise ValidationError(
                _("The project has no function for rates: set AMAZON_SYNC['RATES_CALLABLE'].")
            )
        return source
