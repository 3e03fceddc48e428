"""What open submissions carry: what is on its way to Amazon, and by whom.

One answer to one question, for whoever compares, sends or reads back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django_amazon_sync.data import FieldValues
from django_amazon_sync.models import OPEN_STATES, Job, Submission, SubmissionItem, SubmissionState
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.work import Work, lease_key


def values_in_feeds(listings: Iterable[int]) -> dict[int, list[tuple[FieldValues, int]]]:
    """What feeds on their way carry for these listings: values, and the epoch of the quantity."""
    items = SubmissionItem.objects.filter(
        listing__in=list(listings),
        settled=False,
        submission__kind=Submission.Kind.FEED,
        submission__state__in=OPEN_STATES,
    )
    found: dict[int, list[tuple[FieldValues, int]]] = {}
    for listing, values, epoch in items.values_list("listing", "values", "quantity_epoch"):
        found.setdefault(listing, []).append((values, epoch))
    return found


def not_on_its_way(
    values: FieldValues, in_feeds: Iterable[tuple[FieldValues, int]], epoch: int
) -> FieldValues:
    """Those that no feed carries; a quantity from before the latest order does not count."""
    carried: FieldValues = {}
    for in_feed, its_epoch in in_feeds:
        carried |= in_feed if its_epoch == epoch else in_feed | {QUANTITY: None}
    return {name: new for name, new in values.items() if carried.get(name) != new}


def fields_on_their_way(listings: Iterable[int]) -> dict[int, set[str]]:
    """The fields that submissions carry whose outcome is open, by listing (pk)."""
    items = SubmissionItem.objects.filter(
        listing__in=list(listings), settled=False, submission__state__in=OPEN_STATES
    )
    fields: dict[int, set[str]] = {}
    for listing, values in items.values_list("listing", "values"):
        fields.setdefault(listing, set()).update(values)
    return fields


def slots_underway(listings: Sequence[int]) -> dict[int, set[str]]:
    """Which slots of these listings a request changes at this moment.

    Feeds do not count: a patch overtakes them, and settling them sends once more what it has to.
    """
    items = SubmissionItem.objects.filter(
        listing__in=listings, submission__state__in=(SubmissionState.NEW, SubmissionState.SENT)
    ).exclude(submission__kind=Submission.Kind.FEED)
    underway: dict[int, set[str]] = {}
    for listing, values in items.values_list("listing", "values"):
        slots = {FIELDS[name].slot.key for name in values if name in FIELDS}
        underway.setdefault(listing, set()).update(slots)
    return underway


def abandoned_jobs(work: Work) -> Iterator[Job]:
    """The sending jobs of the account that no other worker is doing; meanwhile none begins one."""
    for job in (Job.EXPORT, Job.CHANGES):
        if job == work.run.job:
            yield job
            continue
        held = leases.take(lease_key(job, work.account.pk))
        if held is None:
            continue  # its worker is alive, and settles what it left open itself
        try:
            yield job
        finally:
            held.release()
