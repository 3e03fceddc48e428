"""The models that have a screen, and rows of each of them."""

from __future__ import annotations

from django.contrib import admin

from django_amazon_sync.models import Listing, Outcome, SellerSku
from tests import factories_amazon as make

OURS = [model for model in admin.site._registry if model.__module__.startswith("django_amazon")]


def fill(number: int) -> None:
    """So many rows of everything; accounts come with rows of their own."""
    for _ in range(number):
        account = make.live_account()
        place = make.marketplace(account)
        listing = make.listing(make.sku(account), place, held={"price": "1.00 EUR"})
        run = make.run(account, asked_by=None)
        make.line(run, Outcome.SENT, sku="A", marketplace=make.GERMANY)
        make.submission(listing, run=run)
        order = make.placed_order(account, document={"buyer": {"buyerName": "A. Buyer"}})
        make.order_line(order)
        make.shipment(order)
        make.proposal(listing.sku)
        make.rate()
        make.alarm(account)


def waiting_listings(number: int) -> None:
    """So many SKUs of one account, each with a listing where a price waits for approval."""
    account = make.live_account()
    place = make.marketplace(account)
    skus = SellerSku.objects.bulk_create(
        SellerSku(account=account, sku=f"S{one:06}", offer_pk=str(one)) for one in range(number)
    )
    Listing.objects.bulk_create(
        Listing(sku=sku, marketplace=place, presence="present", held={"price": "9.00 EUR"})
        for sku in skus
    )
