"""The history of a listing's numbers: the submissions' items of it, the newest first.

Each keeps what its values were made of and why (``SubmissionItem``); when a value is seen live for
the first time, its item is told so here, by whoever proves it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import Listing, Submission, SubmissionItem, SubmissionState
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY
from django_amazon_sync.sync.runs.bulk import update_rows

#: The fields that have a history.
NUMBERS = (PRICE, QUANTITY)


def newest_sent(
    listings: Collection[int], items: QuerySet[SubmissionItem]
) -> dict[str, dict[int, SubmissionItem]]:
    """By price and quantity the newest of the ``items`` that carries it, of each of these listings
    (pk); two queries."""
    newest = [
        Subquery(
            items.filter(listing=OuterRef("pk"), values__has_key=name)
            .order_by("-pk")
            .values("pk")[:1]
        )
        for name in NUMBERS
    ]
    rows = list(Listing.objects.filter(pk__in=listings).order_by().values_list("pk", *newest))
    found = items.in_bulk({pk for _listing, *pks in rows for pk in pks if pk is not None})
    return {
        name: {listing: found[pks[at]] for listing, *pks in rows if pks[at] in found}
        for at, name in enumerate(NUMBERS)
    }


def seen_live(proven: Mapping[int, FieldValues], at: datetime) -> None:
    """These values of listings (pk) were just proven to be live at this moment: what was sent last
    and is that gets the moment, once."""
    listings = [pk for pk, values in proven.items() if values]
    if not listings:
        return
    # What Amazon refused became live by no means: what was sent before it did.
    patches = Submission.Kind.PATCH, Submission.Kind.PUT
    refused = Q(submission__state=SubmissionState.FAILED, submission__kind__in=patches)
    items = SubmissionItem.objects.filter(refused="").exclude(refused)
    changed: dict[int, SubmissionItem] = {}
    newest = newest_sent(listings, items.only("listing_id", "values", "live"))
    for name, its in newest.items():
        for listing, item in its.items():
            is_live = name in proven[listing] and item.values[name] == proven[listing][name]
            if is_live and note_live(item, [name], at):
                changed[item.pk] = item
    update_rows([changed[pk] for pk in sorted(changed)], ["live"])


def note_live(item: SubmissionItem, names: Collection[str], at: datetime) -> bool:
    """These fields of an item, which nothing later overtook, are live at this moment; whether any
    of its numbers was not before. The row is not saved."""
    new = [name for name in NUMBERS if name in names and name not in item.live]
    item.live |= dict.fromkeys(new, at.isoformat())
    return bool(new)


def numbers_in(values: FieldValues, names: Iterable[str]) -> FieldValues:
    """The price and the quantity among these values, as far as they are named."""
    return {name: values[name] for name in NUMBERS if name in names and name in values}
