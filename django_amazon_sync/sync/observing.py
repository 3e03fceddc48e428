"""Reading listings from Amazon into their rows; what is found the first time is adopted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django_amazon_sync import conf
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import Issue, ListingFacts, SkuFacts
from django_amazon_sync.errors import NotFound
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Presence,
    SellerSku,
)
from django_amazon_sync.sync.desired import NAME, PRICE, QUANTITY
from django_amazon_sync.sync.work import Work

_FACTS = ["presence", "asin", "product_type", "title", "condition", "status", "issues", "read_at"]


def read(client: Client, skus: Sequence[str], marketplaces: Sequence[str]) -> dict[str, SkuFacts]:
    """What Amazon shows of these SKUs, twenty a call; absent is what is not there for sure.

    Searches have been seen to omit what is there, so each missing one is asked for by itself.
    """
    found = gateway.read_skus(client, skus, marketplaces)
    for sku in skus:
        if sku not in found:
            try:
                found[sku] = gateway.get_listing(client, sku, marketplaces)
            except NotFound:
                continue
    return found


def observe(work: Work, listings: Sequence[Listing]) -> dict[str, SkuFacts]:
    """Read these listings (with their SKU and marketplace loaded) and update them in place.

    A listing that is found for the first time is adopted: its live values count as accepted.
    """
    skus = {listing.sku.pk: listing.sku for listing in listings}
    # One row object per SKU, so that what is read of it is seen by all its listings.
    for listing in listings:
        listing.sku = skus[listing.sku_id]
    names = [sku.sku for sku in skus.values()]
    facts = read(work.client, names, sorted({one.marketplace.code for one in listings}))
    work.lease.check()
    now = work.client.now()
    for sku in skus.values():
        _note_sku(sku, facts.get(sku.sku), now)
    adopted = [one for one in listings if _note_listing(one, facts.get(one.sku.sku), now)]
    SellerSku.objects.bulk_update(
        skus.values(), ["channel", "lead_time_days", "restock_date", "read_at"]
    )
    Listing.objects.bulk_update(listings, _FACTS)
    Listing.objects.bulk_update(adopted, ["accepted", "verified", "quantity_epoch"])
    return facts


def _note_sku(sku: SellerSku, facts: SkuFacts | None, now: datetime) -> None:
    sku.read_at = now
    if facts is None or not facts.channels:
        return
    amazons = [code for code in facts.channels if code != MERCHANT_CHANNEL]
    sku.channel = amazons[0] if amazons else MERCHANT_CHANNEL
    sku.lead_time_days = facts.lead_time_days
    sku.restock_date = facts.restock_date


def _note_listing(listing: Listing, facts: SkuFacts | None, now: datetime) -> bool:
    """Update one listing; True where it was adopted just now."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    listing.read_at = now
    if facts is None or there is None:
        if listing.presence != Presence.PRESENT or had_its_time(listing, now):
            listing.presence = Presence.ABSENT
        return False
    before, listing.presence = listing.presence, Presence.PRESENT
    listing.asin, listing.product_type = there.asin, there.product_type
    listing.title, listing.condition = there.title, there.condition
    listing.status = " ".join(there.status)
    listing.issues = issue_rows(there.issues)
    if before == Presence.PRESENT:
        return False
    listing.accepted = live_values(facts, there)
    listing.verified = dict(listing.accepted)
    listing.quantity_epoch = listing.sku.stock_epoch
    return True


def had_its_time(listing: Listing, now: datetime) -> bool:
    """Whether Amazon should show by ``now``, by its own clock, what it accepted last."""
    if listing.accepted_at is None:
        return True
    return now - listing.accepted_at >= timedelta(seconds=conf.get("DRIFT_AFTER"))


def live_values(facts: SkuFacts, there: ListingFacts) -> dict[str, Any]:
    """What buyers see, as the mappings keep it.

    A price that is not live yet, or that a running sale covers, is the sent one.
    """
    values: dict[str, Any] = {NAME: there.title}
    covered = there.live_price is None or there.live_price == there.sale_price
    if price := there.sent_price if covered else there.live_price:
        values[PRICE] = str(price.rounded())
    if MERCHANT_CHANNEL in facts.channels and facts.live_quantity is not None:
        values[QUANTITY] = facts.live_quantity
    return values


def issue_rows(issues: Iterable[Issue]) -> list[dict[str, Any]]:
    """Amazon's complaints as the row keeps them."""
    return [{"code": one.code, "severity": one.severity, "message": one.message} for one in issues]
