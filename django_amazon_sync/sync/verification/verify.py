"""Verification: what Amazon accepted is read back, as ACCEPTED is no proof.

See docs/amazon.md#accepted-means-queued.

What is live becomes *verified*. Of most fields that staff set themselves Amazon shows no more than
that it received them: that is compared too, and is no proof. What is not there, after Amazon has
had its time, has *drifted*: it is shown, and what is live counts as accepted from then on, so that
the next export sends the difference again. Where the marketplace says that Amazon wins in a field,
its difference stays until staff decide: they take it over, or send the shop's value. A quantity is
not compared while orders cast doubt on it, nor is a field that is on its way.

A live quantity below ours is a suspicion at first: a buyer may have ordered half a minute ago. It
has drifted once orders are known past that reading and a second reading still shows it; where
orders are not imported it never has.

Where an account has many listings, its report proves most of them first (see by_report.py); what it
does not prove is read by search, twenty SKUs a call. A run that waits in between goes on where it
was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from django_amazon_sync import clock
from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import FieldValues, ListingFacts, SkuFacts
from django_amazon_sync.models import Listing, Outcome, Presence, SellerSku
from django_amazon_sync.rules import listing_state
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.export.new_rates import bring_up_rates
from django_amazon_sync.sync.export.send import recover
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.listings.history import numbers_in, seen_live
from django_amazon_sync.sync.listings.in_flight import fields_on_their_way
from django_amazon_sync.sync.listings.read_listings import (
    Reading,
    due_at,
    is_proof,
    live_values,
    observe,
)
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.offers.desired import Rules, drift_of, kept_by_amazon, rules_of
from django_amazon_sync.sync.offers.fields import (
    BUSINESS_PRICE,
    FIELDS,
    OF_SHOP,
    PRICE,
    QUANTITY,
    REMOVED,
    SALE_PRICE,
    paid,
    quantity_in,
    received,
    terms_of,
)
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.orders.up_to_date import bring_up_orders, orders_known_past
from django_amazon_sync.sync.runs.bulk import chunks, in_pages
from django_amazon_sync.sync.runs.work import SO_FAR, Work, about_listing
from django_amazon_sync.sync.verification.by_report import (
    comparable,
    ours_to_compare,
    prove_by_reports,
    unproven,
)

#: When a live number below ours is read a second time: orders show a few minutes later.
SECOND_READING = timedelta(minutes=5)


def verify(work: Work) -> None:
    """Run options: ``skus`` (only these, by search alone) or a selection of them, and
    ``marketplaces`` (ids)."""
    bring_up_orders(work)
    bring_up_rates(work)
    recover(work)
    # Where a store is switched off, only the quantity is ours: it is compared alone.
    rules = rules_of(work, with_inactive=True)
    progress = Progress.of(work)
    if not progress.begun:
        # What refuses a report refuses it the whole account: no store that is off is asked for one.
        active = {pk: its_rules for pk, its_rules in rules.items() if its_rules.active}
        progress.begin(prove_by_reports(work, active))
    left = unproven(work, rules, progress.proven)
    skus = _skus_of(work, left, progress.after)
    work.expect(skus.count(), "searchListingsItems", per_call=SKUS_PER_SEARCH)
    for pks in chunks(in_pages(skus), SKUS_PER_SEARCH):
        listings = left.filter(sku__in=pks).select_related("sku", "marketplace")
        _verify_those(work, rules, list(listings))
        progress.keep(after=pks[-1])
        work.advance(len(pks))
        work.give_way()


@dataclass
class Progress:
    """How far the run is, kept in its row.

    ``proven`` are the marketplaces (pk) that a report was compared with, and the moment that it is
    of; ``after`` is the SKU (pk) that was read last.
    """

    work: Work
    begun: bool = False
    proven: dict[int, datetime] = field(default_factory=dict)
    after: int = 0

    @classmethod
    def of(cls, work: Work) -> Progress:
        """What the run did before it waited."""
        kept = work.run.options.get(SO_FAR)
        if not isinstance(kept, dict):
            return cls(work)
        proven = {int(pk): datetime.fromisoformat(at) for pk, at in kept["proven"].items()}
        return cls(work, True, proven, kept["after"])

    def begin(self, proven: dict[int, datetime]) -> None:
        """The reports are done with."""
        self.begun, self.proven = True, proven
        self.keep(after=0)

    def keep(self, *, after: int) -> None:
        """All up to this SKU is done."""
        self.after = after
        proven = {str(pk): at.isoformat() for pk, at in self.proven.items()}
        self.work.run.options[SO_FAR] = {"proven": proven, "after": after}
        self.work.run.save(update_fields=["options"])


def _skus_of(work: Work, listings: QuerySet[Listing], after: int) -> QuerySet[SellerSku, int]:
    skus = SellerSku.objects.filter(account=work.account, pk__gt=after)
    skus = skus.filter(Exists(listings.filter(sku=OuterRef("pk"))))
    return skus.values_list("pk", flat=True)


def verify_crossed(work: Work) -> None:
    """Read the listings of which two requests may have crossed, now that Amazon had its time: a
    silence, a feed, or two sends within that time. What is not as believed is sent again."""
    rules = rules_of(work, with_inactive=True)
    due = Listing.objects.filter(
        check_at__lte=clock.now(), sku__account=work.account, marketplace__in=rules
    ).exclude(marketplace__code__in=access.closed(work.account, access.Part.LISTINGS))
    pks = due.order_by("sku_id", "pk").values_list("pk", flat=True)
    for some in chunks(list(pks), SKUS_PER_SEARCH):
        listings = Listing.objects.filter(pk__in=some).select_related("sku", "marketplace")
        work.give_way()
        reading = _verify_those(work, rules, list(listings))
        state.checked([row.pk for row in listings if row.marketplace.code not in reading.closed])


def _verify_those(work: Work, rules: dict[int, Rules], listings: list[Listing]) -> Reading:
    read_at = work.client.now()
    reading = observe(work, listings)
    for listing in listings:
        if reading.has(listing):
            its_rules = rules[listing.marketplace_id]
            _compare(work, listing, reading.facts.get(listing.sku.sku), its_rules, read_at)
    work.run.count("read", len(listings))
    return reading


def _compare(
    work: Work, listing: Listing, facts: SkuFacts | None, rules: Rules, read_at: datetime
) -> None:
    """Compare what is live with what is believed, and keep the verdict."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    if listing.presence == Presence.ENDED:
        work.run.count("in_step")
        return
    if facts is None or there is None:
        _missing(work, listing, rules)
        return
    live = _live(listing, facts, there)
    with state.changing([listing.pk], "switches", "locked", "read_at", "end_offer") as rows:
        row = rows[listing.pk]
        row.sku = SellerSku.objects.get(pk=listing.sku_id)
        ours = ours_to_compare(row, rules)
        compared = comparable(row, ours, fields_on_their_way([row.pk]).get(row.pk, set()))
        compared -= {PRICE} if _is_covered(there) and not row.end_offer else set()
        _forget_what_was_put_back(row, rules, compared, live)
        if QUANTITY not in compared:
            listing_state.not_compared(row)
        wrong = {name: live.get(name) for name in compared if live.get(name) != row.believed[name]}
        proven = _prove(row, rules, there, compared - set(wrong), read_at)
        numbers = numbers_in(row.verified, proven)
        _forget_what_is_gone(row, there, live)
        suspected = _is_only_suspected(work, row, wrong, read_at)
        due = {name for name in wrong if due_at(row, name) <= read_at}
        certain = {name: wrong[name] for name in due - suspected}
        for name in wrong.keys() - due:
            listing_state.check(row, due_at(row, name))
        if not wrong:
            row.verified_at = work.client.now()
        elif certain:
            _drifted(work, row, certain, rules, read_at)
        seen_live({row.pk: numbers}, read_at)
    _say(work, row, wrong, suspected, rules, certain=compared == ours)


def _is_only_suspected(work: Work, row: Listing, wrong: FieldValues, read_at: datetime) -> set[str]:
    """The quantity, where Amazon shows fewer than are believed and that may be a sale which no
    search for orders shows yet."""
    live, believed = quantity_in(wrong), quantity_in(row.believed)
    if QUANTITY not in wrong or believed is None or (live is not None and live >= believed):
        return set()
    if due_at(row, QUANTITY) > read_at:
        return {QUANTITY}
    listing_state.suspected(row, live or 0, believed, read_at)
    if not work.account.import_orders:
        return {QUANTITY}  # nobody will ever know what was sold
    if orders_known_past(work, row.suspected):
        return set()
    listing_state.check(row, clock.now() + SECOND_READING)
    return {QUANTITY}


def _live(listing: Listing, facts: SkuFacts, there: ListingFacts) -> FieldValues:
    """The fields as buyers meet them, and as Amazon received them where it shows no more."""
    live = live_values(facts, there)
    if listing.end_offer and not there.has_offer:
        live[PRICE] = REMOVED
    elif there.live_price is None and not listing.end_offer:
        live.pop(PRICE, None)  # its echo proves nothing
    own = (listing.believed.keys() & FIELDS.keys()) - OF_SHOP
    echo = received(there, terms_of(listing.marketplace), own)
    live |= {name: value for name, value in echo.items() if value != REMOVED}
    business = there.business_price.rounded() if there.business_price else None
    shown = live.get(BUSINESS_PRICE)
    if business and isinstance(shown, dict) and paid(live, BUSINESS_PRICE) != business:
        # Buyers pay another one than was received.
        live[BUSINESS_PRICE] = {**shown, "price": str(business)}
    return live


def _is_covered(there: ListingFacts) -> bool:
    """Whether a sale covers the price, so that what buyers pay says nothing of it."""
    return there.live_price is not None and not is_proof(there)


def _prove(
    row: Listing, rules: Rules, there: ListingFacts, names: set[str], read_at: datetime
) -> set[str]:
    """These fields are as they are believed; verified are those that buyers meet so, which it
    returns."""
    amazons = kept_by_amazon(row.drift, rules.amazon_wins)
    proven = {
        name
        for name in names
        if FIELDS[name].live
        or (name == BUSINESS_PRICE and there.business_price is not None)
        or (_is_covered(there) and _is_paid(name, row, there))
    }
    listing_state.seen(row, names, proven=proven, at=read_at)
    for name in names - amazons:
        row.drift.pop(name, None)
    return proven


def _forget_what_is_gone(row: Listing, there: ListingFacts, live: FieldValues) -> None:
    """What was seen once, and is not there now, is verified no longer."""
    if there.business_price is None:
        row.verified.pop(BUSINESS_PRICE, None)  # no offer to business buyers is live
    for name in set(row.verified) - ({PRICE} if _is_covered(there) else set()):
        if row.verified[name] != live.get(name):
            del row.verified[name]


def _is_paid(name: str, row: Listing, there: ListingFacts) -> bool:
    """Whether buyers pay the sale price at this moment, which proves it; an echo does not."""
    return name == SALE_PRICE and paid(row.believed, name) == there.live_price


def _forget_what_was_put_back(
    row: Listing, rules: Rules, compared: set[str], live: FieldValues
) -> None:
    """What Amazon keeps and shows again as it was before has no longer drifted."""
    for name in kept_by_amazon(row.drift, rules.amazon_wins) & compared:
        if live.get(name) == drift_of(row.drift, name)["ours"]:
            row.believed[name] = live[name]
            del row.drift[name]


def _drifted(work: Work, row: Listing, wrong: FieldValues, rules: Rules, read_at: datetime) -> None:
    """Show the drift; the next export mends it, save where Amazon wins."""
    before = kept_by_amazon(row.drift, rules.amazon_wins)
    ours = {
        name: drift_of(row.drift, name)["ours"] if name in before else row.believed[name]
        for name in wrong
    }
    listing_state.drifted(row, wrong, ours, read_at)
    if QUANTITY in wrong:
        invalidate_quantities([(work.account.pk, row.sku.sku, row.sku.offer_pk)])
    changed_offers.note([(work.account.pk, row.sku.offer_pk)])


def drift_in_words(drift: FieldValues, rules: Rules) -> str:
    """Who wins where Amazon shows something else, as it is now."""
    amazons = kept_by_amazon(drift, rules.amazon_wins)
    words = []
    if drift.keys() - amazons:
        words.append(
            "Amazon shows something else than it accepted; the next export sends it again."
        )
    if amazons:
        words.append(
            f"Another hand changed it on Amazon ({', '.join(sorted(amazons))}), and Amazon wins "
            "in this marketplace: it stays until you take it over or send the shop's value."
        )
    return " ".join(words)


def _missing(work: Work, listing: Listing, rules: Rules) -> None:
    about = about_listing(listing)
    if listing.presence == Presence.PRESENT:
        work.line(Outcome.WAITING, **about, message="Accepted lately and not on Amazon yet.")
        return
    reason = _MISSING if rules.active else _ENDED
    state.missing([listing.pk], reason)
    changed_offers.note([(work.account.pk, listing.sku.offer_pk)])
    work.line(Outcome.DRIFTED, **about, message=reason)


def _say(
    work: Work,
    row: Listing,
    wrong: FieldValues,
    suspected: set[str],
    rules: Rules,
    *,
    certain: bool,
) -> None:
    about = {"sku": row.sku.sku, "marketplace": rules.code}
    drifted = {name: row.drift[name] for name in wrong if name in row.drift}
    if not wrong:
        work.run.count("in_step" if certain else "in_doubt")
    elif drifted:
        message = drift_in_words(drifted, rules)
        work.line(Outcome.DRIFTED, **about, values=drifted, message=message)
    else:
        values = {name: row.believed[name] for name in wrong}
        message = _FEWER if set(wrong) <= suspected else _NOT_LIVE
        work.line(Outcome.WAITING, **about, values=values, message=message)


_MISSING = "Amazon no longer has this listing; the next export makes it again."
_ENDED = "Amazon no longer has this listing; its store is switched off, so it is not made again."
_NOT_LIVE = "Accepted, and not live yet; Amazon still has time."
_FEWER = (
    "Amazon shows fewer than were sent; that may be an order which it does not show yet. It is "
    "read again once the orders up to now are known."
)
