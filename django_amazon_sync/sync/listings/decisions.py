"""What staff decide of listings: changes that wait for their word, and what drifted.

An approval is of the values that a person saw, never of what waits by now. The other decision
about drift, to take Amazon's value over, is a run of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import QuerySet

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Listing, Outcome, SyncRun
from django_amazon_sync.sync.listings import state


def approve(
    listings: QuerySet[Listing],
    *,
    shown_at: datetime,
    by: str,
    seen: Mapping[int, FieldValues] | None = None,
) -> int:
    """Approve what waited of these when a page showed it, and the values of others (pk) that it is
    known to have shown; the next export sends it. How many had something."""
    waited = state.waiting_since_before(listings, shown_at)
    number, _others = state.approve({**waited, **(seen or {})}, by=by)
    return number


def held_by(run: SyncRun, *, shown_at: datetime) -> dict[int, FieldValues]:
    """The values that a run let wait, as its lines showed them then, by listing (pk)."""
    lines = run.lines.filter(outcome=Outcome.HELD, at__lte=shown_at).order_by("pk")
    shown: dict[tuple[str, str], FieldValues] = {}
    for sku, marketplace, values in lines.values_list("sku", "marketplace", "values"):
        shown.setdefault((sku, marketplace), {}).update(values)
    listings = Listing.objects.filter(
        sku__account=run.account_id, sku__sku__in={sku for sku, _code in shown}
    )
    rows = listings.values_list("pk", "sku__sku", "marketplace__code")
    return {pk: shown[sku, code] for pk, sku, code in rows if (sku, code) in shown}


def send_ours(listings: QuerySet[Listing]) -> int:
    """Let the next export send the shop's values over Amazon's; how many listings had drifted."""
    return state.send_ours(listings)
