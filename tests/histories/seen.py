"""What staff can see of the package's own state: the one place here that knows its columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django_amazon_sync.models import (
    OPEN_STATES,
    Lease,
    Listing,
    OfferChange,
    SellerAccount,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync.runs.leases import lease_key

Place = tuple[str, str]
"""SKU and marketplace."""


@dataclass(frozen=True)
class Stop:
    """Why a value of a listing does not leave by itself."""

    kind: Literal["held", "refused"]
    field: str
    value: object


def stops(account: SellerAccount) -> dict[Place, list[Stop]]:
    """All that is stopped now."""
    found: dict[Place, list[Stop]] = {}
    listings = Listing.objects.filter(sku__account=account).exclude(held={}, refused={})
    for listing in listings.select_related("sku", "marketplace").order_by("pk"):
        place = (listing.sku.sku, listing.marketplace.code)
        found[place] = [Stop("held", name, value) for name, value in listing.held.items()] + [
            Stop("refused", name, value) for name, value in listing.refused.items()
        ]
    return found


def drifted_since(account: SellerAccount) -> list[tuple[str, str, object, datetime]]:
    """SKU, field, the value of ours that Amazon shows no more, and since when that is said."""
    listings = Listing.objects.filter(sku__account=account).exclude(drift={})
    return [
        (sku, name, drift["ours"], datetime.fromisoformat(str(drift["since"])))
        for sku, drifts in listings.order_by("pk").values_list("sku__sku", "drift")
        for name, drift in drifts.items()
        if isinstance(drift, dict)
    ]


def reasons(account: SellerAccount) -> dict[Place, str]:
    """The sentences that staff read beside a listing."""
    listings = Listing.objects.filter(sku__account=account).select_related("sku", "marketplace")
    return {
        (listing.sku.sku, listing.marketplace.code): f"{listing.reason} {listing.sku.problem}"
        for listing in listings
    }


def times_taken(run: SyncRun) -> int:
    """How often the lease of this run's job was taken so far."""
    lease = Lease.objects.filter(key=lease_key(run.job, run.account_id))
    return lease.values_list("fence", flat=True).first() or 0


def under_way(account: SellerAccount) -> list[str]:
    """What is noted, suspected, or sent and not settled."""
    noted = OfferChange.objects.filter(account=account).count()
    sent = Submission.objects.filter(account=account, state__in=OPEN_STATES).order_by("pk")
    notes = [f"{noted} changed offers"] if noted else []
    suspected = Listing.objects.filter(sku__account=account).exclude(suspected={})
    if not account.import_orders:  # nobody will ever know what was sold
        suspected = suspected.none()
    notes += [f"{sku} is suspected" for sku in suspected.values_list("sku__sku", flat=True)]
    return notes + [f"{one.kind} {one.pk} {one.state} {one.reason}" for one in sent]


def written_down(account: SellerAccount) -> list[str]:
    """All that was ever written down to be sent, for the trace."""
    rows = Submission.objects.filter(account=account).order_by("pk")
    return [
        f"{one.pk} {one.kind} {one.state} {one.created_at} {one.sent_at} {one.settled_at} "
        f"{list(one.items.order_by('pk').values_list('listing__sku__sku', 'values'))}"
        for one in rows
    ]
