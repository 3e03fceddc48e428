"""What staff decide of listings: changes that wait for their word, and what drifted.

An approval is of the values that a person saw, never of what waits by now. The other decision
about drift, to take Amazon's value over, is a run of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Max, QuerySet

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Listing, Outcome, RunLine, SyncRun
from django_amazon_sync.sync.listings import state


def approve(seen: Mapping[int, FieldValues], *, by: str) -> tuple[int, list[int]]:
    """Approve these values of listings (pk), which a page showed; the next export sends them.

    How many had one of them, and the listings (pk) of which something else waits by now.
    """
    return state.approve(seen, by=by)


def newest_line() -> int:
    """The newest line (pk) of any run; 0 where there is none."""
    newest: int | None = RunLine.objects.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def held_by(run: SyncRun, *, lines_to: int) -> dict[int, FieldValues]:
    """The values that a run let wait, as its lines to this one (pk) showed them, by listing (pk).

    A run that goes on may hold more after a person saw it; moments of several hosts would not tell.
    """
    lines = run.lines.filter(outcome=Outcome.HELD, pk__lte=lines_to).order_by("pk")
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
