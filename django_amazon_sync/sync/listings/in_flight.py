"""What open submissions carry: what is on its way to Amazon, and what nobody minds any more.

One answer to one question, for whoever compares, sends or reads back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import QuerySet

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import (
    OPEN_STATES,
    SellerAccount,
    Submission,
    SubmissionItem,
    SubmissionState,
)
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY
from django_amazon_sync.sync.runs.database_clock import database_now

#: A submission has this long from the moment at which its values were read: what is older than
#: that is computed anew. After it no first byte of it leaves (``Client.not_after``).
LOOK_LASTS = timedelta(seconds=30)

#: How long after its deadline a request may still be answered: a call ends within a minute and a
#: half (``amazon/client.py``), and hosts' clocks differ by some seconds.
ANSWERED_WITHIN = timedelta(minutes=2)


@dataclass
class InFlight:
    """What feeds on their way carry for one listing, and nothing sent later has overtaken.

    ``carried`` are values, a quantity only if it was computed at ``stock_version``.
    """

    carried: FieldValues = field(default_factory=dict)
    stock_version: int = -1

    def without(self, values: Mapping[str, object], stock_version: int) -> set[str]:
        """The names of those values that are not on their way."""
        current = self.stock_version == stock_version
        return {
            name
            for name, value in values.items()
            if name not in self.carried
            or self.carried[name] != value
            or (name == QUANTITY and not current)
        }


_NOTHING = InFlight()


def in_feeds(listings: Collection[int]) -> dict[int, InFlight]:
    """What feeds on their way carry for these listings (pk)."""
    feeds = SubmissionItem.objects.filter(
        listing__in=list(listings),
        settled=False,
        submission__kind=Submission.Kind.FEED,
        submission__state__in=OPEN_STATES,
    )
    carrying = sorted(set(feeds.values_list("listing", flat=True)))
    if not carrying:
        return {}
    # A later submission of the same field counts in its place, whatever became of it.
    items = SubmissionItem.objects.filter(listing__in=carrying).exclude(
        submission__state=SubmissionState.FAILED
    )
    first = min(feeds.values_list("pk", flat=True))
    found: dict[int, InFlight] = {}
    rows = items.filter(pk__gte=first).order_by("pk")
    for listing, values, version, settled, kind, state in rows.values_list(
        "listing", "values", "quantity_version", "settled", "submission__kind", "submission__state"
    ):
        mine = found.setdefault(listing, InFlight())
        open_feed = kind == Submission.Kind.FEED and not settled and state in OPEN_STATES
        for name, value in values.items():
            mine.carried.pop(name, None)
            if open_feed:
                mine.carried[name] = value
                if name == QUANTITY:
                    mine.stock_version = version
    return found


def of(found: Mapping[int, InFlight], listing: int) -> InFlight:
    """What is on its way of one listing."""
    return found.get(listing, _NOTHING)


def fields_on_their_way(listings: Iterable[int]) -> dict[int, set[str]]:
    """The fields that submissions carry whose outcome is open, by listing (pk)."""
    items = SubmissionItem.objects.filter(
        listing__in=list(listings), settled=False, submission__state__in=OPEN_STATES
    )
    fields: dict[int, set[str]] = {}
    for listing, values in items.values_list("listing", "values"):
        fields.setdefault(listing, set()).update(values)
    return fields


def overtaken(items: Sequence[SubmissionItem]) -> dict[int, FieldValues]:
    """For each item (pk) of a feed what was sent after it and that the feed may undo: of the same
    fields, and of others of the same instance at Amazon, which it carries as they were before.
    """
    first = min(item.pk for item in items)
    later = SubmissionItem.objects.filter(
        listing__in=[item.listing_id for item in items], pk__gt=first
    ).exclude(submission__state=SubmissionState.FAILED)
    newer: dict[int, list[tuple[int, FieldValues]]] = {}
    for listing, pk, values in later.order_by("pk").values_list("listing", "pk", "values"):
        newer.setdefault(listing, []).append((pk, values))
    return {
        item.pk: {
            name: value
            for pk, values in newer.get(item.listing_id, ())
            if pk > item.pk
            for name, value in _in_its_slots(values, item).items()
        }
        for item in items
    }


def _in_its_slots(values: FieldValues, item: SubmissionItem) -> FieldValues:
    slots = {FIELDS[name].slot.key for name in item.values}
    return {name: value for name, value in values.items() if FIELDS[name].slot.key in slots}


@dataclass(frozen=True)
class Underway:
    """The places at Amazon that requests change at this moment.

    ``slots`` are keys of slots, by listing (pk); the quantity's place is the SKU's (pk), as stores
    may share one number (docs/amazon.md#stores-may-share-a-quantity).
    """

    slots: Mapping[int, set[str]]
    quantities: frozenset[int]

    def has(self, listing: int, sku: int, names: Iterable[str]) -> bool:
        """Whether a request changes one of these fields of a listing now."""
        its: Collection[str] = self.slots.get(listing, ())
        return (sku in self.quantities and _of_quantity(names)) or any(
            FIELDS[name].slot.key in its for name in names if name in FIELDS
        )


def underway(skus: Collection[int]) -> Underway:
    """What requests change of the listings of these SKUs (pk) at this moment.

    Feeds do not count: a patch overtakes them, and settling them sends once more what it has to.
    """
    items = SubmissionItem.objects.filter(
        listing__sku__in=list(skus),
        submission__state__in=(SubmissionState.NEW, SubmissionState.SENT),
    ).exclude(submission__kind=Submission.Kind.FEED)
    slots: dict[int, set[str]] = {}
    quantities: set[int] = set()
    for listing, sku, values in items.values_list("listing", "listing__sku", "values"):
        slots.setdefault(listing, set()).update(
            FIELDS[name].slot.key for name in values if name in FIELDS
        )
        if _of_quantity(values):
            quantities.add(sku)
    return Underway(slots, frozenset(quantities))


def _of_quantity(names: Iterable[str]) -> bool:
    slot = FIELDS[QUANTITY].slot
    return any(FIELDS[name].slot is slot for name in names if name in FIELDS)


def left_behind(account: SellerAccount) -> QuerySet[Submission]:
    """Requests that nobody waits for any more: no answer came, or their time is over.

    Whoever finds one settles it; a conditional change of its state decides between two.
    """
    requests = Submission.objects.filter(account=account).exclude(kind=Submission.Kind.FEED)
    silent = requests.filter(state=SubmissionState.UNKNOWN)
    over = requests.filter(
        state__in=(SubmissionState.NEW, SubmissionState.SENT),
        deadline__lt=database_now() - ANSWERED_WITHIN,
    )
    return (silent | over).order_by("pk")


def unfinished_files(account: SellerAccount) -> QuerySet[Submission]:
    """Files of feeds that nobody has written to for so long that their worker is dead."""
    return Submission.objects.filter(
        account=account,
        kind=Submission.Kind.FEED,
        state=SubmissionState.NEW,
        deadline__lt=database_now(),
    ).order_by("pk")
