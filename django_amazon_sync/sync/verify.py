"""Verification: what Amazon accepted is read back, as ACCEPTED is no proof.

What is live becomes *verified*. What is not, after Amazon has had its time, has *drifted*: it is
shown, and what is live counts as accepted from then on, so that the next export sends the
difference again. A quantity is not compared while orders cast doubt on it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from django_amazon_sync.data import SkuFacts
from django_amazon_sync.models import Listing, Outcome, Presence, SellerSku
from django_amazon_sync.sync import changes
from django_amazon_sync.sync.desired import NAME, PRICE, QUANTITY, Rules
from django_amazon_sync.sync.holds import doubt_quantities
from django_amazon_sync.sync.listings_out import bring_up_orders, rules_of
from django_amazon_sync.sync.observing import had_its_time, live_values, observe
from django_amazon_sync.sync.sending import recover
from django_amazon_sync.sync.survey import chunks
from django_amazon_sync.sync.work import Work

#: SKUs that are read together (searchListingsItems takes 20).
TOGETHER = 20


def verify(work: Work) -> None:
    """Run options: ``skus`` (only these) and ``marketplaces`` (ids)."""
    bring_up_orders(work)
    recover(work)
    rules = rules_of(work)
    skus = SellerSku.objects.filter(
        account=work.account,
        listings__presence=Presence.PRESENT,
        listings__marketplace__in=rules,
    ).distinct()
    if wanted := work.run.options.get("skus"):
        skus = skus.filter(sku__in=wanted)
    pks = skus.order_by("pk").values_list("pk", flat=True)
    for together in chunks(pks.iterator(), TOGETHER):
        _verify_together(work, rules, together)


def _verify_together(work: Work, rules: dict[int, Rules], pks: list[int]) -> None:
    listings = list(
        Listing.objects.filter(
            sku__in=pks, presence=Presence.PRESENT, marketplace__in=rules
        ).select_related("sku", "marketplace")
    )
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
    live, now = live_values(facts, there), work.client.now()
    if there.live_price is None:
        live.pop(PRICE, None)  # its echo proves nothing
    covered = there.live_price is not None and there.live_price == there.sale_price
    with transaction.atomic():
        work.lease.check()
        row = Listing.objects.select_for_update().select_related("sku").get(pk=listing.pk)
        compared = [name for name in _compared(row, rules) if not (covered and name == PRICE)]
        wrong = {name: live.get(name) for name in compared if live.get(name) != row.accepted[name]}
        for name in compared:
            if name not in wrong:
                row.verified[name] = row.accepted[name]
                row.drift.pop(name, None)
                row.approved.pop(name, None)
        if not wrong:
            row.verified_at = now
        elif had_its_time(row, now):
            _drifted(work, row, wrong)
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
    _say(work, listing, row, wrong)


def _compared(row: Listing, rules: Rules) -> list[str]:
    """The fields that are ours to compare: switched on, accepted, and in no doubt."""
    names = []
    if rules.sync_price and PRICE in row.accepted:
        names.append(PRICE)
    if rules.sync_name and NAME in row.accepted:
        names.append(NAME)
    certain = row.quantity_epoch == row.sku.stock_epoch and not row.sku.fulfilled_by_amazon
    if rules.sync_quantity and QUANTITY in row.accepted and certain:
        names.append(QUANTITY)
    return names


def _drifted(work: Work, row: Listing, wrong: dict[str, Any]) -> None:
    """Show the drift, and let the next export mend it."""
    for name, live in wrong.items():
        row.drift[name] = {"accepted": row.accepted[name], "live": live}
        row.verified.pop(name, None)
        if live is None:
            row.accepted.pop(name)
        else:
            row.accepted[name] = live
    row.reason = "Amazon shows something else than it accepted; the next export sends it again."
    if QUANTITY in wrong:
        doubt_quantities([(work.account.pk, row.sku.sku, row.sku.offer_pk)])
    changes.note([(work.account.pk, row.sku.offer_pk)])


def _missing(work: Work, listing: Listing) -> None:
    about = {"sku": listing.sku.sku, "marketplace": listing.marketplace.code}
    if listing.presence == Presence.PRESENT:
        work.line(Outcome.WAITING, **about, message="Accepted lately and not on Amazon yet.")
        return
    reason = "Amazon has no such listing any more; the next export makes it anew."
    Listing.objects.filter(pk=listing.pk).update(
        reason=reason, accepted={}, verified={}, drift={"listing": "missing"}
    )
    changes.note([(work.account.pk, listing.sku.offer_pk)])
    work.line(Outcome.DRIFTED, **about, message=reason)


def _say(work: Work, listing: Listing, row: Listing, wrong: dict[str, Any]) -> None:
    about = {"sku": listing.sku.sku, "marketplace": listing.marketplace.code}
    if not wrong:
        work.run.count("in_step")
    elif row.drift and set(wrong) & set(row.drift):
        differing = {name: row.drift[name] for name in wrong if name in row.drift}
        work.line(Outcome.DRIFTED, **about, values=differing, message=row.reason)
    else:
        message = "Accepted, and not live yet; Amazon still has time."
        values = {name: row.accepted[name] for name in wrong}
        work.line(Outcome.WAITING, **about, values=values, message=message)
