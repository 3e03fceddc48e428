"""What the screens share about prices: an own price that can be one, and the way to a price."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from django_amazon_sync.admin.common.base import RowForm
from django_amazon_sync.admin.common.number_fields import AmountField
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import Listing
from django_amazon_sync.sync.listings.explain import explain_price

#: The permission that a change of a price needs, on every screen.
CHANGE_PRICES = "django_amazon_sync.change_price_listing"


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if column := self.fields.get("own_price"):
            self.fields["own_price"] = AmountField(
                currency=self.instance.marketplace.facts.currency,
                label=column.label,
                help_text=column.help_text,
                required=False,
            )
