"""What staff decide of a listing: changes that wait for their word, and what drifted.

The other decision about drift, to take Amazon's value over, is a run of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import F, QuerySet

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Listing, Outcome, SyncRun
from django_amazon_sync.sync.runs.bulk import Merged, chunks, lock_rows, update_rows

#: Listings that are held in one statement, and read together before.
HELD_TOGETHER = 1000


def hold(waiting: Mapping[int, FieldValues], reason: str) -> None:
    """Let these values of listings (pk) wait for approval: all of them, or none."""
    with transaction.atomic():
        for pks in chunks(sorted(waiting), HELD_TOGETHER):
            rows = list(Listing.objects.filter(pk__in=pks).order_by("pk").select_for_update())
            for row in rows:
                row.held |= waiting[row.pk]
                row.reason = reason
            update_rows(rows, ("held", "reason"))


def approve(listings: Iterable[Listing]) -> int:
    """Approve what the listings hold now; the next export sends it. How many had something."""
    approved = 0
    for pk in sorted(listing.pk for listing in listings):
        with transaction.atomic():
            row = Listing.objects.select_for_update().get(pk=pk)
            if not row.held:
                continue
            row.approved |= row.held
            row.held = {}
            row.reason = ""
            row.save(update_fields=["approved", "held", "reason"])
        approved += 1
    return approved


def approve_all(listings: QuerySet[Listing]) -> int:
    """Approve what these hold now, however many they are, by one statement; how many did."""
    waiting = listings.exclude(held={}).order_by()
    with transaction.atomic():
        lock_rows(waiting)
        return waiting.update(approved=Merged(F("approved"), F("held")), held={}, reason="")


def of_run(run: SyncRun) -> list[Listing]:
    """The listings that a run let wait."""
    waiting = run.lines.filter(outcome=Outcome.HELD).values_list("sku", "marketplace")
    pairs = set(waiting)
    listings = Listing.objects.filter(
        sku__account=run.account, sku__sku__in={sku for sku, _code in pairs}
    ).select_related("sku", "marketplace")
    return [listing for listing in listings if (listing.sku.sku, listing.marketplace.code) in pairs]


def send_ours(listings: QuerySet[Listing]) -> int:
    """Let the next export send the shop's values over Amazon's; how many listings had drifted.

    What is live counts as accepted since the drift was seen, so that forgetting it is enough.
    """
    drifted = listings.exclude(drift={}).order_by()
    with transaction.atomic():
        lock_rows(drifted)
        return drifted.update(drift={}, reason="")
