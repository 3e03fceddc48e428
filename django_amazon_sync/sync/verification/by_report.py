"""Proof by report: which listings are live as they were accepted, without reading them one by one.

A report shows price and quantity as they were at some moment of the last hours, as Amazon keeps
reports for that long. So it proves that all is well, as of the earliest of these moments, where it
shows what was accepted before that. It never proves the contrary: whatever it shows otherwise, or
cannot tell, or leaves out, is for the search.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from django_amazon_sync.amazon.attributes import AVAILABILITY
from django_amazon_sync.amazon.reports import LISTINGS
from django_amazon_sync.data import FieldValues, ReportRow
from django_amazon_sync.errors import AmazonError, Disconnected, NoReport, Unauthorized
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    AmazonReport,
    Listing,
    Marketplace,
    Outcome,
    Presence,
)
from django_amazon_sync.models.listings import STATE
from django_amazon_sync.rules import listing_state
from django_amazon_sync.sync.amazon_reports.fetch import (
    may_be_destroyed,
    open_listings,
    ready_reports,
)
from django_amazon_sync.sync.amazon_reports.import_listings import reported_values
from django_amazon_sync.sync.amazon_reports.upsert import as_of
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.history import numbers_in, seen_live
from django_amazon_sync.sync.listings.in_flight import fields_on_their_way
from django_amazon_sync.sync.listings.read_listings import propagation_time_passed
from django_amazon_sync.sync.offers.desired import Chosen, Rules, kept_by_amazon
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY, REMOVED
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.sync.runs.bulk import chunks
from django_amazon_sync.sync.runs.work import Work

#: A marketplace with more listings than this is proven by its report first.
BY_SEARCH_ALONE = 1000

#: Rows of a report that are compared together, and listings that it casts doubt on.
REPORT_ROWS_PER_CHUNK = 1000

#: A report has no names that can be relied on, and nothing of other fields: where such are sent,
#: each listing is read so often.
OTHERS_READ_EVERY = timedelta(days=7)
_REPORTED = {PRICE, QUANTITY}

_FIELDS = (
    *STATE, "read_at", "presence", "end_offer", "switches", "locked", "sku__sku", "sku__channel",
    "sku__stock_version",
)  # fmt: skip


def prove_by_reports(work: Work, rules: Mapping[int, Rules]) -> dict[int, datetime]:
    """Prove what the reports can; returns the moment that each is of, by marketplace (pk).

    A marketplace of few listings needs none, and one whose report cannot be had goes without.
    Raises NotYet while Amazon is making one.
    """
    if work.run.options.get(selection.NAMED):
        return {}
    many = [pk for pk in rules if _ours(work, [pk]).count() > BY_SEARCH_ALONE]
    marketplaces = Marketplace.objects.filter(pk__in=many).order_by("pk")
    proven: dict[int, datetime] = {}
    for marketplace, report in ready_reports(work, marketplaces, LISTINGS).items():
        try:
            if isinstance(report, AmazonError):
                raise report
            _prove(work, marketplace, report, rules[marketplace.pk])
        except Disconnected:
            raise
        except (NoReport, Unauthorized) as none:
            message = f"All listings are read one by one instead. {none}"
            about = {"marketplace": marketplace.code, "code": none.code}
            work.line(Outcome.WAITING, **about, message=message)
        else:
            proven[marketplace.pk] = as_of(report)
    if proven:
        number = _ours(work, proven).count() - unproven(work, proven, proven).count()
        work.run.count("by_report", number)
        work.run.count("in_step", number)
    return proven


def unproven(
    work: Work, marketplaces: Iterable[int], proven: Mapping[int, datetime]
) -> QuerySet[Listing]:
    """What is left to be read: all of a marketplace without a report; else what was not seen live,
    all that was accepted of it, since the moment that the report is of.
    """
    left = Q(marketplace__in=[pk for pk in marketplaces if pk not in proven])
    for marketplace, moment in proven.items():
        long_ago = Q(verified_at=None) | Q(verified_at__lt=moment)
        left |= Q(marketplace=marketplace) & (long_ago | Q(accepted_at__gt=F("verified_at")))
    return _ours(work, marketplaces).filter(left)


def _ours(work: Work, marketplaces: Iterable[int]) -> QuerySet[Listing]:
    """The listings that we answer for: of the shop's offers, or that we ever sent anything to."""
    listings = Listing.objects.filter(
        sku__account=work.account,
        presence__in=(Presence.PRESENT, Presence.ENDED),  # another hand may have made an offer
        marketplace__in=list(marketplaces),
    )
    if selection.is_about_some(work.run):
        return selection.within(work.run, listings, "sku")
    return listings.filter(~Q(sku__offer_pk="") | Q(sku__managed=True))


# --- One report -----------------------------------------------------------------------------------


def _prove(work: Work, marketplace: Marketplace, report: AmazonReport, rules: Rules) -> None:
    """Compare the report, some rows at a time.

    What any of its rows contradicts is no longer taken for seen, whatever another row says of it.
    """
    doubted = array("q")
    with open_listings(work, report, REPORT_ROWS_PER_CHUNK) as rows:
        for chunk in rows:
            doubted.extend(_compare(work, marketplace, chunk, rules, as_of(report)))
            work.progress(len(chunk))
    for pks in chunks(doubted, REPORT_ROWS_PER_CHUNK):
        work.lease.check()
        state.doubted_reports(pks)


def _compare(
    work: Work, marketplace: Marketplace, rows: list[ReportRow], rules: Rules, moment: datetime
) -> set[int]:
    """Keep what these rows prove; returns the listings of which they prove nothing."""
    doubted: set[int] = set()
    skus = {row.sku for row in rows if not may_be_destroyed(row.sku)}
    ours = _ours(work, [marketplace.pk]).filter(sku__sku__in=skus)
    with transaction.atomic():
        work.lease.check()
        locked = ours.select_related("sku").only(*_FIELDS).order_by("pk")
        listings = {listing.sku.sku: listing for listing in locked.select_for_update(of=("self",))}
        on_their_way = fields_on_their_way(listing.pk for listing in listings.values())
        for row in rows:
            if listing := listings.get(row.sku):
                fields = ours_to_compare(listing, rules)
                busy = comparable(listing, fields, on_their_way.get(listing.pk, set())) != fields
                reported = reported_values(row, marketplace.facts.currency)
                ended = listing.presence == Presence.ENDED
                if ended or busy or not _shows(row, reported, listing, fields, moment):
                    doubted.add(listing.pk)
        proven = [listing for listing in listings.values() if listing.pk not in doubted]
        _keep(proven, rules, moment)
    return doubted


def _shows(
    row: ReportRow,
    reported: FieldValues,
    listing: Listing,
    fields: set[str],
    moment: datetime,
) -> bool:
    """Whether the row shows these fields as they were accepted, long enough before ``moment``."""
    if row.channel != MERCHANT_CHANNEL or listing.sku.channel != MERCHANT_CHANNEL:
        return False
    if not propagation_time_passed(listing, moment):
        return False
    known = all(listing.verified.get(name) == listing.believed[name] for name in fields)
    if listing.verified_at is not None and listing.verified_at > moment and not known:
        return False  # a later look saw something else
    if unreported := fields - _REPORTED:
        lately = listing.read_at is not None and moment - listing.read_at < OTHERS_READ_EVERY
        if not lately or not all(_is_known(listing, name) for name in unreported):
            return False
    expected = listing.verified | {name: listing.believed[name] for name in fields}
    return all(reported.get(name) == expected[name] for name in expected.keys() & _REPORTED)


def _is_known(listing: Listing, name: str) -> bool:
    """Whether a field that no report shows was as accepted when the listing was read last."""
    if FIELDS[name].live:
        return bool(listing.verified.get(name) == listing.believed[name])
    return (
        listing.verified_at is not None
        and (listing.accepted_at is None or listing.verified_at >= listing.accepted_at)
        and name not in listing.drift
    )


def _keep(proven: list[Listing], rules: Rules, moment: datetime) -> None:
    """Write down that these are live as accepted; what was seen later stays.

    Most were seen so before: of these only the moment is new.
    """
    changed = []
    live: dict[int, FieldValues] = {}
    for listing in proven:
        fields = ours_to_compare(listing, rules) & _REPORTED
        seen = listing.verified | {name: listing.believed[name] for name in fields}
        live[listing.pk] = numbers_in(seen, fields)
        fields -= kept_by_amazon(listing.drift, rules.amazon_wins)
        drifted = fields & listing.drift.keys()
        used = [
            name
            for name in fields
            if listing_state.use_approval(listing, name, listing.believed[name])
        ]
        if seen != listing.verified or drifted or used:
            listing.verified = seen
            for name in drifted:
                del listing.drift[name]
            changed.append(listing)
    state.save(changed)
    state.proven_by_report([listing.pk for listing in proven], moment)
    seen_live(live, moment)


# --- What is compared -----------------------------------------------------------------------------


def ours_to_compare(listing: Listing, rules: Rules) -> set[str]:
    """The fields of a listing that we answer for: switched on, and accepted."""
    own = Chosen(switches=listing.switches, locked=listing.locked)
    sent = {name for name in listing.believed if name in FIELDS and rules.sends(name, own)}
    if listing.end_offer:
        sent &= {QUANTITY}
        sent |= {PRICE} if listing.believed.get(PRICE) == REMOVED else set()
    if listing.sku.fulfilled_by_amazon:
        sent -= {name for name in sent if FIELDS[name].slot is AVAILABILITY}
    return sent


def comparable(listing: Listing, fields: set[str], on_their_way: set[str]) -> set[str]:
    """Those of the fields that Amazon has no reason to show otherwise: none is on its way, and no
    order came since the quantity was computed.
    """
    in_doubt = {QUANTITY} if listing.quantity_version != listing.sku.stock_version else set()
    return fields - on_their_way - in_doubt
