"""Verification: what Amazon accepted is read back, as ACCEPTED is no proof.

See docs/amazon.md#accepted-means-queued.

What is live becomes *verified*. Of most fields that staff set themselves Amazon shows no more than
that it received them: that is compared too, and is no proof. What is not there, after Amazon has
had its time, has *drifted*: it is shown, and what is live counts as accepted from then on, so that
the next export sends the difference again. Where the marketplace says that Amazon wins in a field,
its difference stays until staff decide: they take it over, or send the shop's value. A quantity is
not compared while orders cast doubt on it, nor is a field that is on its way.

Where an account has many listings, its report proves most of them first (see by_report.py); what it
does not prove is read by search, twenty SKUs a call. A run that waits in between goes on where it
was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from django_amazon_sync.amazon.listings import SKUS_PER_SEARCH
from django_amazon_sync.data import FieldValues, ListingFacts, SkuFacts
from django_amazon_sync.models import Listing, Outcome, Presence, SellerSku
from django_amazon_sync.sync.export.send import recover
from django_amazon_sync.sync.listings.in_flight import fields_on_their_way
from django_amazon_sync.sync.listings.read_listings import (
    is_proof,
    live_values,
    observe,
    propagation_time_passed,
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
    received,
    terms_of,
)
from django_amazon_sync.sync.offers.rates import bring_up_rates
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.orders.up_to_date import bring_up_orders
from django_amazon_sync.sync.runs.bulk import chunks
from django_amazon_sync.sync.runs.work import SO_FAR, Work, about_listing
from django_amazon_sync.sync.verification.by_report import (
    comparable,
    ours_to_compare,
    prove_by_reports,
    unproven,
)


def verify(work: Work) -> None:
    """Run options: ``skus`` (only these, by search alone) or a selection of them, and
    ``marketplaces`` (ids)."""
    bring_up_orders(work)
    bring_up_rates(work)
    recover(work)
    rules = rules_of(work)
    progress = Progress.of(work)
    if not progress.begun:
        progress.begin(prove_by_reports(work, rules))
    left = unproven(work, rules, progress.proven)
    skus = _skus_of(work, left, progress.after)
    work.expect(skus.count(), "searchListingsItems", per_call=SKUS_PER_SEARCH)
    for pks in chunks(skus.iterator(), SKUS_PER_SEARCH):
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
    return skus.order_by("pk").values_list("pk", flat=True)


def _verify_those(work: Work, rules: dict[int, Rules], listings: list[Listing]) -> None:
    facts = observe(work, listings)
    for listing in listings:
        _compare(work, listing, facts.get(listing.sku.sku), rules[listing.marketplace_id])
    work.run.count("read", len(listings))


def _compare(work: Work, listing: Listing, facts: SkuFacts | None, rules: Rules) -> None:
    """Compare what is live with what was accepted, and keep the verdict."""
    there = facts.in_marketplace(listing.marketplace.code) if facts else None
    if facts is None or there is None:
        _missing(work, listing)
        return
    live, now = _live(listing, facts, there), work.client.now()
    with transaction.atomic():
        work.lease.check()
        row = Listing.objects.select_for_update().select_related("sku").get(pk=listing.pk)
        ours = ours_to_compare(row, rules)
        compared = comparable(row, ours, fields_on_their_way([row.pk]).get(row.pk, set()))
        compared -= {PRICE} if _is_covered(there) else set()
        _forget_what_was_put_back(row, rules, compared, live)
        wrong = {name: live.get(name) for name in compared if live.get(name) != row.accepted[name]}
        _prove(row, rules, there, compared - set(wrong))
        _forget_what_is_gone(row, there, live)
        if not wrong:
            row.verified_at = now
        elif propagation_time_passed(row, now):
            _drifted(work, row, wrong, rules)
        row.save(
            update_fields=[
                "accepted",
                "verified",
                "drift",
                "approved",
                "verified_at",
                "quantity_epoch",
                "reason",
            ]
        )
    _say(work, row, wrong, rules, certain=compared == ours)


def _live(listing: Listing, facts: SkuFacts, there: ListingFacts) -> FieldValues:
    """The fields as buyers meet them, and as Amazon received them where it shows no more."""
    live = live_values(facts, there)
    if there.live_price is None:
        live.pop(PRICE, None)  # its echo proves nothing
    own = (listing.accepted.keys() & FIELDS.keys()) - OF_SHOP
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


def _prove(row: Listing, rules: Rules, there: ListingFacts, names: set[str]) -> None:
    """These fields are as they were accepted; verified are those that buyers meet so."""
    amazons = kept_by_amazon(row.drift, rules.amazon_wins)
    for name in names:
        proven = name == BUSINESS_PRICE and there.business_price is not None
        if FIELDS[name].live or proven or (_is_covered(there) and _is_paid(name, row, there)):
            row.verified[name] = row.accepted[name]
        row.approved.pop(name, None)
        if name not in amazons:
            row.drift.pop(name, None)


def _forget_what_is_gone(row: Listing, there: ListingFacts, live: FieldValues) -> None:
    """What was seen once, and is not there now, is verified no longer."""
    if there.business_price is None:
        row.verified.pop(BUSINESS_PRICE, None)  # no offer to business buyers is live
    for name in set(row.verified) - ({PRICE} if _is_covered(there) else set()):
        if row.verified[name] != live.get(name):
            del row.verified[name]


def _is_paid(name: str, row: Listing, there: ListingFacts) -> bool:
    """Whether buyers pay the sale price at this moment, which proves it; an echo does not."""
    return name == SALE_PRICE and paid(row.accepted, name) == there.live_price


def _forget_what_was_put_back(
    row: Listing, rules: Rules, compared: set[str], live: FieldValues
) -> None:
    """What Amazon keeps and shows again as it was before has no longer drifted."""
    for name in kept_by_amazon(row.drift, rules.amazon_wins) & compared:
        if live.get(name) == drift_of(row.drift, name)["accepted"]:
            row.accepted[name] = live[name]
            del row.drift[name]


def _drifted(work: Work, row: Listing, wrong: FieldValues, rules: Rules) -> None:
    """Show the drift; the next export mends it, save where Amazon wins."""
    before = kept_by_amazon(row.drift, rules.amazon_wins)
    for name, live in wrong.items():
        ours = drift_of(row.drift, name)["accepted"] if name in before else row.accepted[name]
        row.drift[name] = {"accepted": ours, "live": live}
        row.verified.pop(name, None)
        if live is None:
            row.accepted.pop(name)
        else:
            row.accepted[name] = live
    row.reason = "Amazon shows something else than it accepted."
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


def _missing(work: Work, listing: Listing) -> None:
    about = about_listing(listing)
    if listing.presence == Presence.PRESENT:
        work.line(Outcome.WAITING, **about, message="Accepted lately and not on Amazon yet.")
        return
    reason = "Amazon no longer has this listing; the next export makes it again."
    Listing.objects.filter(pk=listing.pk).update(
        reason=reason, accepted={}, verified={}, drift={"listing": "missing"}
    )
    changed_offers.note([(work.account.pk, listing.sku.offer_pk)])
    work.line(Outcome.DRIFTED, **about, message=reason)


def _say(work: Work, row: Listing, wrong: FieldValues, rules: Rules, *, certain: bool) -> None:
    about = {"sku": row.sku.sku, "marketplace": rules.code}
    if not wrong:
        work.run.count("in_step" if certain else "in_doubt")
    elif row.drift and set(wrong) & set(row.drift):
        differing = {name: row.drift[name] for name in wrong if name in row.drift}
        message = drift_in_words(differing, rules)
        work.line(Outcome.DRIFTED, **about, values=differing, message=message)
    else:
        message = "Accepted, and not live yet; Amazon still has time."
        values = {name: row.accepted[name] for name in wrong}
        work.line(Outcome.WAITING, **about, values=values, message=message)
