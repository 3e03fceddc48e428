"""What the screens share about prices: an own price that can be one, and the way to a price."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.base import RowForm
from django_amazon_sync.data import minor_units
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Listing
from django_amazon_sync.rules.prices import HIGHEST_PRICE
from django_amazon_sync.sync.listings.explain import explain_price

#: The permission that a change of a price needs, on every screen.
CHANGE_PRICES = "django_amazon_sync.change_price_listing"


def check_own_price(amount: Decimal | None, currency: str) -> None:
    """Raises ValidationError where this is no price of that currency."""
    if amount is None:
        return
    if not 0 < amount < HIGHEST_PRICE:
        raise ValidationError(_("A price is above 0 and below a billion."), code="price")
    decimals = minor_units(currency)
    if amount != round(amount, decimals):
        raise ValidationError(
            _("A price in %(currency)s has at most %(places)d decimal places.")
            if decimals
            else _("A price in %(currency)s has no decimal places."),
            code="places",
            params={"currency": currency, "places": decimals},
        )


def price_in_words(listing: Listing) -> str:
    """The price of a listing and why it is that, as a piece of a page."""
    try:
        explanation = explain_price(listing)
    except ConfigurationError as reason:  # a system check says so too
        return str(reason)
    context = {"explanation": explanation}
    return render_to_string("django_amazon_sync/price_explanation.html", context)


class OwnPriceForm(RowForm[Listing]):
    """A form of a listing that may have its own price."""

    def clean_own_price(self) -> Decimal | None:
        amount: Decimal | None = self.cleaned_data.get("own_price")
        check_own_price(amount, self.instance.marketplace.facts.currency)
        return amount
