"""The numbers of listings for people: what each should be and why, and what was sent of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_amazon_sync.admin.common.access import SEES_ORDERS
from django_amazon_sync.admin.common.formatting import value_text
from django_amazon_sync.admin.common.issue_texts import reason_in_words
from django_amazon_sync.data import Offer
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.messages import shown
from django_amazon_sync.models import Listing
from django_amazon_sync.sync.listings.explain import Becomes, Explained, explain_all, offer_of
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY
from django_amazon_sync.sync.orders.up_to_date import complete_accounts, sold_perhaps_by

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What becomes of a value, with words for people.
BECOMES: dict[Becomes, StrOrPromise] = {
    Becomes.SEND: _("The next export sends it."),
    Becomes.WAITS: _("It waits, and goes by itself."),
    Becomes.HELD: _("It waits for approval."),
    Becomes.REFUSED: _("Amazon refused it."),
    Becomes.ON_ITS_WAY: _("It is on its way to Amazon."),
    Becomes.IN_STEP: _("Amazon has it."),
    Becomes.NOT_SENT: _("It is not sent."),
    Becomes.AMAZONS: _("Amazon's own value stays."),
}


@dataclass(frozen=True)
class Number:
    """A price or a quantity of a listing: what it is made of, what becomes of it and why."""

    label: StrOrPromise
    text: str
    becomes: StrOrPromise
    reason: str


def numbers_of(
    request: HttpRequest, listings: Sequence[Listing], offers: Mapping[str, Offer]
) -> dict[int, list[Number]]:
    """Price and quantity of each of these listings (with SKU, marketplace and account), by pk, for
    who asks; the ``offers`` by pk."""
    complete = complete_accounts({listing.sku.account_id for listing in listings})
    behind = sold_perhaps_by({listing.sku.offer_pk for listing in listings})
    with_orders = request.user.has_perm(SEES_ORDERS)
    return {
        pk: [
            _number(fields[name], with_orders=with_orders)
            for name in (QUANTITY, PRICE)
            if name in fields
        ]
        for pk, fields in explain_all(listings, offers, complete, behind).items()
    }


def _number(explained: Explained, *, with_orders: bool) -> Number:
    value = "" if explained.value is None else value_text(explained.name, explained.value)
    return Number(
        FIELDS[explained.name].label,
        explained.sentence(with_orders=with_orders) or value,
        BECOMES[explained.becomes],
        shown(reason_in_words(explained.reason)),
    )


def numbers_of_one(request: HttpRequest, listing: Listing) -> list[Number]:
    """The same of one listing, with its offer read from the shop; none where there is no shop."""
    try:
        offer = offer_of(listing)
    except ConfigurationError:  # a system check says so too
        return []
    offers = {offer.pk: offer} if offer else {}
    return numbers_of(request, [listing], offers)[listing.pk]
