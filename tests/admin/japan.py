"""A mug whose price is converted, and what the page of its listing says of that."""

from __future__ import annotations

from datetime import date
from html import unescape
from typing import Any

from django.utils import timezone

from django_amazon_sync.models import Listing, Marketplace, RateSource
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

JAPAN = "A1VC38T7YXB528"


def mug_for_japan() -> Listing:
    """A mug of 10 euros, to be sold in Japan."""
    account = LiveAccountFactory.create(synchronise_all=True, region="fe")
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    return ListingInStepFactory.create(
        marketplace__account=account,
        marketplace__code=JAPAN,
        sku=sku,
        believed={"price": "1600 JPY"},
    )


def today() -> date:
    return timezone.now().date()


def convert(listing: Listing, **columns: Any) -> None:
    Marketplace.objects.filter(pk=listing.marketplace_id).update(
        rate_source=RateSource.TABLE, **columns
    )


def explained(staff: Staff, listing: Listing) -> str:
    page = unescape(staff.see(Listing, listing.pk))
    return page.partition('<div class="amazon-price">')[2].partition("</div>")[0]
