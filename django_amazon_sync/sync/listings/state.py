"""The one writer of listings' states: rows in, the events of rules/listing_state.py, rows out.

Nobody else writes the columns that ``models.listings.STATE`` names; a test watches every statement
of every test for it. (A report adopts what it finds in the one statement that inserts it, see
amazon_reports/upsert.py.) Rows are locked by pk, after the shop's and before SKUs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.data import FieldValue, FieldValues
from django_amazon_sync.models import Listing, Presence, SellerAccount
from django_amazon_sync.models.listings import STATE
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.decision import Decision
from django_amazon_sync.rules.listing_state import Conversion
from django_amazon_sync.sync.offers.desired import Desired
from django_amazon_sync.sync.runs.bulk import chunks, in_pages, update_found, update_locked_rows

#: Listings whose states are changed in one statement.
STATES_PER_CHUNK = 1000


def time_to_live() -> timedelta:
    """What Amazon has to make an accepted change live (docs/amazon.md#live-within-the-hour)."""
    return timedelta(seconds=conf.get("DRIFT_AFTER"))


def locked(listings: Collection[int], *others: str) -> dict[int, Listing]:
    """The states of these listings (pk), locked; with ``others`` of their columns."""
    rows = Listing.objects.filter(pk__in=listings).order_by("pk").select_for_update()
    return {row.pk: row for row in rows.only("sku_id", "marketplace_id", *STATE, *others)}


def save(rows: Iterable[Listing], *others: str) -> None:
    """Save the states of rows that ``locked`` gave, and ``others`` of their columns."""
    update_locked_rows(list(rows), (*STATE, *others))


@contextmanager
def changing(listings: Collection[int], *others: str) -> Iterator[dict[int, Listing]]:
    """These listings (pk), locked; what the block makes of their states is saved."""
    with transaction.atomic():
        rows = locked(listings, *others)
        yield rows
        save(rows.values(), *others)


# --- What a look finds ----------------------------------------------------------------------------


def hold(waiting: Mapping[int, Mapping[str, tuple[FieldValue, Decision]]]) -> None:
    """Let these values of listings (pk) wait for approval: all of them, or none."""
    now = clock.now()
    with transaction.atomic():
        for pks in chunks(sorted(waiting), STATES_PER_CHUNK):
            with changing(pks) as rows:
                for pk, row in rows.items():
                    for name, (value, decision) in waiting[pk].items():
                        listing_state.held(
                            row,
                            {name: value},
                            code=decision.code,
                            reason=decision.reason,
                            at=now,
                            kind=decision.guard,
                            against=decision.against,
                            beside_rate=decision.beside_rate,
                        )


def desired_is(desired: Mapping[int, Desired]) -> None:
    """End what waits of these listings (pk) for a value that is desired no more, and keep what
    their rates make of approved prices by now."""
    for pks in chunks(sorted(desired), STATES_PER_CHUNK):
        with transaction.atomic():
            rows = locked(pks)
            save([row for pk, row in rows.items() if is_desired(row, desired[pk])])


def is_desired(row: Listing, desired: Desired) -> bool:
    """Let a row, which is not saved, know what is desired of it; whether that changed it.

    Nobody can say what is desired of the fields that have a problem.
    """
    conversion = Conversion(desired.beside_rate, conf.get("RATES_MOVE_PERCENT"))
    unknown = desired.problems.keys()
    return listing_state.desired_is(row, desired.values, unknown, clock.now(), conversion)


def with_stops(listings: QuerySet[Listing]) -> QuerySet[Listing]:
    """Those of which something is refused, held or approved."""
    return listings.exclude(refused={}, held={}, approved={})


def due_again(account: SellerAccount) -> QuerySet[Listing]:
    """The listings of which something that Amazon refused is tried again now."""
    return Listing.objects.filter(again_at__lte=clock.now(), sku__account=account)


def put_off(listings: Collection[int], by: timedelta) -> None:
    """Look later at those of these listings (pk) of which nothing could be tried again: they keep
    no others waiting."""
    now = clock.now()
    due = Listing.objects.filter(pk__in=listings, again_at__lte=now)
    update_found(due, again_at=now + by)


# --- What staff decide ----------------------------------------------------------------------------


def approve(seen: Mapping[int, FieldValues], *, by: str) -> tuple[int, list[int]]:
    """Approve these values of listings (pk), as far as they still are what waits.

    Returns how many listings had one of them, and those (pk) of which something else waits, or
    nothing any more.
    """
    now = clock.now()
    number, others = 0, []
    for pks in chunks(sorted(seen), STATES_PER_CHUNK):
        with changing(pks) as rows:
            for pk in pks:
                row = rows.get(pk)
                wanted = seen[pk]
                names = [] if row is None else [n for n in wanted if row.held.get(n) == wanted[n]]
                if row is not None and names:
                    listing_state.approved(row, names, by=by, at=now)
                    number += 1
                if len(names) < len(wanted):
                    others.append(pk)
    return number, others


def send_ours(listings: QuerySet[Listing]) -> int:
    """Let the shop's values be sent over Amazon's; how many listings had drifted.

    What is live is believed since the drift was seen, so that forgetting it is enough.
    """
    return update_found(listings.exclude(drift={}).order_by(), drift={}, reason="")


def read_first(live: Mapping[int, int], at: datetime) -> None:
    """The live quantities of listings (pk) that count after a second reading: to be taken over, or
    as the reason why a fall does not leave that would raise them."""
    with changing(list(live)) as rows:
        for pk, row in rows.items():
            listing_state.first_reading(row, live[pk], at)


def readings_are_done(account: SellerAccount, skus: Collection[int]) -> None:
    """A take-over of quantities is done with these SKUs (pk), whatever came of it."""
    read = Listing.objects.filter(sku__account=account, sku__in=skus).exclude(suspected={})
    update_found(read, suspected={})


def taken_over(listing: Listing, live: FieldValues, stock_version: int) -> None:
    """The shop took these values of a listing over from Amazon."""
    with changing([listing.pk]) as rows:
        listing_state.taken_over(rows[listing.pk], live, stock_version, clock.now())


# --- Whole listings -------------------------------------------------------------------------------


def renamed(listings: QuerySet[Listing]) -> None:
    """Nothing is known of these listings under the SKU that they have now."""
    with changing(list(listings.values_list("pk", flat=True))) as rows:
        for row in rows.values():
            listing_state.restored(row)
            for name in list(row.stops) or [*row.refused, *row.held]:
                listing_state.end_stop(row, name)
            row.refused, row.held = {}, {}


def missing(listings: Sequence[int], reason: str) -> None:
    """Amazon no longer has these listings (pk)."""
    with changing(listings) as rows:
        for row in rows.values():
            listing_state.missing(row, reason)


def ended(listings: Collection[int]) -> dict[int, Listing]:
    """Amazon shows no offer of these listings (pk), which staff ended; those that they have not let
    on again meanwhile."""
    with transaction.atomic():
        rows = locked(listings, "presence", "end_offer")
        still = {pk: row for pk, row in rows.items() if row.end_offer}
        for row in still.values():
            listing_state.ended(row)
            row.presence = Presence.ENDED
        save(still.values(), "presence")
    return still


def restored(account: SellerAccount) -> int:
    """The database is of an earlier time than Amazon: of all listings nothing is believed; how
    many they are."""
    number = 0
    pks = Listing.objects.filter(sku__account=account).values_list("pk", flat=True)
    for some in chunks(in_pages(pks), STATES_PER_CHUNK):
        with changing(some, "presence", "read_at") as rows:
            for row in rows.values():
                listing_state.restored(row)
                # Read and adopted anew; no report of before counts as such a reading.
                row.presence, row.read_at = Presence.UNREAD, clock.now()
            number += len(rows)
    return number


def not_after(now: datetime, *, late: datetime, long: datetime) -> int:
    """A clock was ahead: bring back what happened after ``late`` by it, and what Amazon dates, or
    waits, after ``long``; how many listings were concerned."""
    ahead = Q(stops={}, approvals={}, suspected={})  # few have any
    for column in ("again_at", "check_at", "accepted_at", "verified_at", *READ):
        ahead &= Q(**{column: None}) | Q(**{f"{column}__lte": long})
    number = 0
    pks = Listing.objects.exclude(ahead).values_list("pk", flat=True)
    for some in chunks(in_pages(pks), STATES_PER_CHUNK):
        with transaction.atomic():
            rows = locked(some, *READ)
            changed = [row for row in rows.values() if _brought_back(row, now, late, long)]
            save(changed, *READ)
        number += len(changed)
    return number


#: When a listing was read, by Amazon's clock.
READ = ("read_at", "reported_at")


def _brought_back(row: Listing, now: datetime, late: datetime, long: datetime) -> bool:
    changed = listing_state.not_after(row, now, late=late, long=long)
    for column in READ:
        moment = getattr(row, column)
        if moment is not None and moment > long:
            setattr(row, column, now)
            changed = True
    return changed


def checked(listings: Collection[int]) -> None:
    """These listings (pk) were read when Amazon had its time."""
    due = Listing.objects.filter(pk__in=listings, check_at__lte=clock.now())
    update_found(due, check_at=None)


def doubted_reports(listings: Collection[int]) -> None:
    """A report contradicts what was seen of these listings (pk): they are read one by one."""
    update_found(Listing.objects.filter(pk__in=listings), verified_at=None)


def proven_by_report(listings: Collection[int], moment: datetime) -> None:
    """A report of this moment shows these listings (pk) as they are believed."""
    earlier = Q(verified_at=None) | Q(verified_at__lt=moment)
    update_found(Listing.objects.filter(earlier, pk__in=listings), verified_at=moment)
