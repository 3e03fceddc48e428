"""The models that have a screen, and rows of each of them."""

from __future__ import annotations

from django.contrib import admin

from django_amazon_sync.models import (
    Erasure,
    Listing,
    Outcome,
    Overview,
    PersonalDataView,
    SellerSku,
)
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    RunLineFactory,
    ShipmentFactory,
    SyncRunFactory,
)
from tests.factories_amazon import (
    GERMANY,
    AlarmFactory,
    ExchangeRateFactory,
    ListingInStepFactory,
    LiveAccountFactory,
    ProposalFactory,
    SubmissionFactory,
    TaxRecordFactory,
)

#: But for the overview, which is a page over all accounts and has no rows of its own.
OURS = [
    model
    for model in admin.site._registry
    if model.__module__.startswith("django_amazon") and model is not Overview
]


def fill(number: int) -> None:
    """So many rows of everything; accounts come with rows of their own."""
    for _ in range(number):
        account = LiveAccountFactory.create()
        place = MarketplaceFactory.create(account=account)
        listing = ListingInStepFactory.create(marketplace=place, held={"price": "1.00 EUR"})
        run = SyncRunFactory.create(account=account, asked_by=None)
        RunLineFactory.create(run=run, outcome=Outcome.SENT, sku="A", marketplace=GERMANY)
        SubmissionFactory.create(listing=listing, run=run)
        order = AmazonOrderFactory.create(
            placed=True, account=account, document={"buyer": {"buyerName": "A. Buyer"}}
        )
        ShipmentFactory.create(order=order)
        ProposalFactory.create(sku=listing.sku)
        ExchangeRateFactory.create()
        AlarmFactory.create(account=account, key=str(listing.pk))
        Erasure.objects.create(account=account, why="due", counts={"orders": 2})
        PersonalDataView.objects.create(account=account, order_number="302-1", where="order")
        TaxRecordFactory.create(account=account)


def waiting_listings(number: int) -> None:
    """So many SKUs of one account, each with a listing where a price waits for approval."""
    account = LiveAccountFactory.create()
    place = MarketplaceFactory.create(account=account)
    skus = SellerSku.objects.bulk_create(
        SellerSku(account=account, sku=f"S{one:06}", offer_pk=str(one)) for one in range(number)
    )
    Listing.objects.bulk_create(
        Listing(sku=sku, marketplace=place, presence="present", held={"price": "9.00 EUR"})
        for sku in skus
    )
