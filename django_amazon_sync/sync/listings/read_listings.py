"""Reading listings from Amazon into their rows; what is read the first time is adopted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce

from django_amazon_sync import conf
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import FieldValues, Issue, IssueRow, ListingFacts, SkuFacts
from django_amazon_sync.errors import (
    Disconnected,
    NotFound,
    Rejected,
    Unauthorized,
    Unavailable,
)
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Outcome,
    Presence,
    SellerSku,
    SubmissionItem,
    SubmissionState,
    amazon_ships,
)
from django_amazon_sync.models.listings import STATE
from django_amazon_sync.rules import listing_state
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.history import NUMBERS, numbers_in, seen_live
from django_amazon_sync.sync.listings.in_flight import fields_on_their_way
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.fields import NAME, PRICE, QUANTITY
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.runs.bulk import update_rows
from django_amazon_sync.sync.runs.work import Work

_FACTS = ["presence", "asin", "product_type", "title", "condition", "status", "issues", "read_at"]


#: Where Amazon answers for none of so many SKUs, it is away, and not odd about one of them.
UNANSWERED = 3


@dataclass(frozen=True)
class Reading:
    """What Amazon shows of some SKUs, by SKU; what is in neither is not there for sure.

    ``refused`` are SKUs that Amazon does not let itself be asked for, or does not answer for, and
    why: an odd one costs itself only. ``closed`` are marketplaces (ids) that it does not let be
    read: nothing is known of them.
    """

    facts: dict[str, SkuFacts] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def has(self, listing: Listing) -> bool:
        """Whether it says something of this listing, be it that it is not there."""
        return listing.sku.sku not in self.refused and listing.marketplace.code not in self.closed


def read(work: Work, skus: Sequence[str], marketplaces: Sequence[str]) -> Reading:
    """What Amazon shows of these SKUs, twenty a call.

    A search may omit what is there (docs/amazon.md#searches-of-listings-omit-some), so each missing
    one is asked for by itself; so are all, where a search fails for one of them. Where Amazon does
    not let several marketplaces be read, each is by itself, and the run goes on with the others.

    Raises Unavailable where Amazon answers for none of the first few, and Unauthorized where it
    lets no marketplace of the account be read.
    """
    try:
        return _read_together(work.client, skus, marketplaces)
    except Disconnected:
        raise
    except Unauthorized as refused:
        if len(marketplaces) > 1:
            return reduce(_joined, [read(work, skus, [code]) for code in marketplaces])
        if access.waits(work.account, access.Part.LISTINGS):
            raise
        work.leave_out(marketplaces[0], str(refused))
        return Reading(closed=set(marketplaces))


def _joined(one: Reading, other: Reading) -> Reading:
    """What both say, of the same SKUs in other marketplaces."""
    facts = one.facts | other.facts
    for sku in one.facts.keys() & other.facts.keys():
        there = one.facts[sku].listings + other.facts[sku].listings
        facts[sku] = replace(one.facts[sku], listings=there)
    return Reading(facts, one.refused | other.refused, one.closed | other.closed)


def _read_together(client: Client, skus: Sequence[str], marketplaces: Sequence[str]) -> Reading:
    try:
        reading = Reading(gateway.read_skus(client, skus, marketplaces))
    except Rejected:
        reading = Reading()
    except Unavailable as failed:
        if len(skus) == 1 or not failed.sent:
            raise
        reading = Reading()
    for sku in skus:
        if sku not in reading.facts:
            _read_alone(client, reading, sku, marketplaces)
    return reading


def _read_alone(client: Client, reading: Reading, sku: str, marketplaces: Sequence[str]) -> None:
    try:
        reading.facts[sku] = gateway.get_listing(client, sku, marketplaces)
    except NotFound:
        return
    except Rejected as refused:
        reading.refused[sku] = str(refused)
    except Unavailable as failed:
        reading.refused[sku] = str(failed)
        if not failed.sent or (len(reading.refused) >= UNANSWERED and not reading.facts):
            raise


def observe(work: Work, listings: Sequence[Listing]) -> Reading:
    """Read these listings (with their SKU and marketplace loaded) and update them in place.

    A listing that is found, or read, for the first time is adopted: its live values are believed,
    save those that we sent without having read it (a report may have found it). One that Amazon
    does not let itself be asked for stays as it was, and gets its line.
    """
    skus = {listing.sku.pk: listing.sku for listing in listings}
    # One row object per SKU, so that what is read of it is seen by all its listings.
    for listing in listings:
        listing.sku = skus[listing.sku_id]
    names = [sku.sku for sku in skus.values()]
    reading = read(work, names, sorted({listing.marketplace.code for listing in listings}))
    _read_what_was_left_out(work.client, reading, listings)
    for sku, reason in reading.refused.items():
        work.line(Outcome.FAILED, sku=sku, code=Code.SKU, message=reason)
    listings = [listing for listing in listings if reading.has(listing)]
    asked = [sku for sku in skus.values() if sku.sku not in reading.refused]
    facts = reading.facts
    now = work.client.now()
    ended = _without_offer(listings, facts, now)
    before = {row.pk: row.channel for row in asked}
    for row in asked:
        _note_sku(row, facts.get(row.sku), now)
    new = [
        listing
        for listing in listings
        if _note_listing(listing, facts.get(listing.sku.sku), now) and listing.pk not in ended
    ]
    update_rows(asked, ["channel", "lead_time_days", "restock_date", "read_at"])
    invalidate_quantities(
        (work.account.pk, row.sku, row.offer_pk)
        for row in asked
        if amazon_ships(before[row.pk]) and not amazon_ships(row.channel)
    )
    if new:
        _adopt(new, facts, now)
    if ended:
        _end(listings, ended)
    update_rows(listings, _FACTS)
    changed_offers.note(  # another hand offers there again what staff ended
        (work.account.pk, listing.sku.offer_pk) for listing in new if listing.end_offer
    )
    return reading


def _without_offer(
    listings: Sequence[Listing], facts: Mapping[str, SkuFacts], now: datetime
) -> set[int]:
    """Those of these listings (pk) whose offers staff ended, and of which Amazon shows none: not
    before it had its time, nor while something on its way could bring one back."""
    shown = {row.pk: facts.get(row.sku.sku) for row in listings if row.end_offer}
    ended = {
        row.pk
        for row in listings
        if row.end_offer
        and not _has_offer(shown[row.pk], row)
        and (row.presence == Presence.ENDED or _is_settled(row, now))
    }
    on_their_way = fields_on_their_way(ended) if ended else {}
    return {pk for pk in ended if PRICE not in on_their_way.get(pk, ())}


def _has_offer(facts: SkuFacts | None, listing: Listing) -> bool:
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    return there is not None and there.has_offer


def _is_settled(listing: Listing, now: datetime) -> bool:
    """Whether no request about its price can still be carried out."""
    checked = listing.check_at is None or listing.check_at <= now
    return checked and due_at(listing, PRICE) <= now


def _end(listings: Sequence[Listing], ended: Collection[int]) -> None:
    """Keep that these (pk) have no offer, in their rows and in these objects."""
    rows = state.ended(ended)
    for listing in listings:
        if (row := rows.get(listing.pk)) is not None:
            for name in ("presence", *STATE):
                setattr(listing, name, getattr(row, name))


def _read_what_was_left_out(client: Client, reading: Reading, listings: Sequence[Listing]) -> None:
    """A search may also omit a marketplace of a SKU: what was there is asked for by itself."""
    for listing in listings:
        facts = reading.facts.get(listing.sku.sku)
        if listing.presence != Presence.PRESENT or facts is None or not reading.has(listing):
            continue
        if facts.in_marketplace(listing.marketplace.code) is None:
            codes = {one.marketplace.code for one in listings if one.sku_id == listing.sku_id}
            _read_alone(client, reading, listing.sku.sku, sorted(codes - reading.closed))


def _note_sku(sku: SellerSku, facts: SkuFacts | None, now: datetime) -> None:
    sku.read_at = now
    if facts is None or not facts.channels:
        return
    amazons = [code for code in facts.channels if code != MERCHANT_CHANNEL]
    sku.channel = amazons[0] if amazons else MERCHANT_CHANNEL
    sku.lead_time_days = facts.lead_time_days
    sku.restock_date = facts.restock_date


def _note_listing(listing: Listing, facts: SkuFacts | None, now: datetime) -> bool:
    """Update one listing; True where it is there and was not known, or never read."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    never_read = listing.read_at is None
    listing.read_at = now
    if facts is None or there is None:
        if listing.presence != Presence.PRESENT or propagation_time_passed(listing, now):
            listing.presence = Presence.ABSENT
        return False
    before, listing.presence = listing.presence, Presence.PRESENT
    # What Amazon leaves out says nothing.
    listing.asin = there.asin or listing.asin
    listing.product_type = there.product_type or listing.product_type
    listing.title = there.title or listing.title
    listing.condition = there.condition or listing.condition
    listing.status = " ".join(there.status)
    listing.issues = issue_rows(there.issues)
    return never_read or before != Presence.PRESENT


def _adopt(new: Sequence[Listing], facts: Mapping[str, SkuFacts], now: datetime) -> None:
    """Take what is live of these listings as accepted, in their rows and in these objects.

    A row that another worker read or sent something for since it was loaded stays as that one
    left it.
    """
    sent = _sent_to([listing.pk for listing in new if listing.accepted_at is not None])
    with state.changing([listing.pk for listing in new], "presence") as rows:
        for listing in new:
            row = rows.get(listing.pk)
            if row is None:
                continue  # deleted meanwhile
            if row.accepted_at == listing.accepted_at:
                there = facts[listing.sku.sku].in_marketplace(listing.marketplace.code)
                assert there is not None
                kept = sent.get(listing.pk, set()) if row.presence == Presence.PRESENT else set()
                live = live_values(facts[listing.sku.sku], there)
                stock_version = listing.sku.stock_version
                listing_state.adopted(row, live, kept, at=now, stock_version=stock_version)
                if not is_proof(there):
                    row.verified.pop(PRICE, None)
            for name in STATE:
                setattr(listing, name, getattr(row, name))
        sent_before = {pk: numbers_in(rows[pk].verified, NUMBERS) for pk in sent if pk in rows}
        seen_live(sent_before, now)


def _sent_to(listings: Sequence[int]) -> dict[int, set[str]]:
    """The fields that Amazon accepted from us, per listing."""
    items = SubmissionItem.objects.filter(listing__in=listings).exclude(
        submission__state=SubmissionState.FAILED
    )
    fields: dict[int, set[str]] = {}
    for listing, values in items.values_list("listing", "values"):
        fields.setdefault(listing, set()).update(values)
    return fields


def propagation_time_passed(listing: Listing, now: datetime) -> bool:
    """Whether Amazon should show by ``now``, by its own clock, what it accepted last."""
    if listing.accepted_at is None:
        return True
    return now - listing.accepted_at >= timedelta(seconds=conf.get("DRIFT_AFTER"))


def due_at(listing: Listing, name: str) -> datetime:
    """From when on Amazon should show what it accepted of this field, by its own clock."""
    answer = listing.answered.get(name)
    if answer is not None:
        return datetime.fromisoformat(answer["at"]) + state.time_to_live()
    if listing.answered or listing.accepted_at is None:
        return listing_state.NEVER  # it was not sent, or long before
    return listing.accepted_at + state.time_to_live()


def live_values(facts: SkuFacts, there: ListingFacts) -> FieldValues:
    """What buyers see, as the mappings keep it.

    A price that is not live yet, or that a running sale covers, is the sent one.
    """
    values: FieldValues = {NAME: there.title}
    if price := there.live_price if is_proof(there) else there.sent_price:
        values[PRICE] = str(price.rounded())
    if MERCHANT_CHANNEL in facts.channels and facts.live_quantity is not None:
        values[QUANTITY] = facts.live_quantity
    return values


def is_proof(there: ListingFacts) -> bool:
    """Whether the price that is read here is the one that buyers pay, and no sale covers it."""
    return there.live_price is not None and there.live_price != there.sale_price


def issue_rows(issues: Iterable[Issue]) -> list[IssueRow]:
    """Amazon's complaints as the row keeps them."""
    return [
        {
            "code": issue.code,
            "severity": issue.severity,
            "message": issue.message,
            "attributes": list(issue.attributes),
        }
        for issue in issues
    ]
