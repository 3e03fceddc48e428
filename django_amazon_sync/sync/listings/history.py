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
    listings: Collection[int], name: str, items: QuerySet[SubmissionItem] | None = None
) -> QuerySet[SubmissionItem]:
    """Of each of these listings (pk) the newest of the ``items`` that carries this field."""
    among = SubmissionItem.objects.all() if items is None else items
    its = among.filter(listing=OuterRef("pk"), values__has_key=name).order_by("-pk").values("pk")
    rows = Listing.objects.filter(pk__in=listings).order_by()
    newest = rows.values_list(Subquery(its[:1]), flat=True)
    return SubmissionItem.objects.filter(pk__in=[pk for pk in newest if pk is not None])


def seen_live(proven: Mapping[int, FieldValues], at: datetime) -> None:
    """These values of listings (pk) were just proven to be live at this moment: what was sent last
    and is that gets the moment, once."""
    # What Amazon refused became live by no means: what was sent before it did.
    patches = Submission.Kind.PATCH, Submission.Kind.PUT
    refused = Q(submission__state=SubmissionState.FAILED, submission__kind__in=patches)
    accepted = SubmissionItem.objects.filter(refused="").exclude(refused)
    changed: dict[int, SubmissionItem] = {}
    for name in NUMBERS:
        listings = [pk for pk, values in proven.items() if name in values]
        if not listings:
            continue
        for item in newest_sent(listings, name, accepted).only("listing_id", "values", "live"):
            item = changed.get(item.pk, item)
            if name not in item.live and item.values[name] == proven[item.listing_id][name]:
                item.live[name] = at.isoformat()
                changed[item.pk] = item
    update_rows([changed[pk] for pk in sorted(changed)], ["live"])


def numbers_in(values: FieldValues, names: Iterable[str]) -> FieldValues:
    """The price and the quantity among these values, as far as they are named."""
    return {name: values[name] for name in NUMBERS if name in names and name in values}
