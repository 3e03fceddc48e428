"""A SKU that Amazon does not have: offered on an ASIN that its catalogue has already.

The ASIN is the one that staff chose, or that the shop names, or the only one that Amazon's
catalogue shows for the offer's barcodes. Then Amazon is asked whether the account may sell it, and
to check the listing without making it; only then it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

from django.db.models import Q

from django_amazon_sync import clock
from django_amazon_sync.amazon import catalog
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.amazon.attributes import Instance, MarketplaceTerms
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import (
    Answered,
    FieldValue,
    Issue,
    Offer,
    SubmissionContent,
)
from django_amazon_sync.errors import AmazonError, Rejected
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    MERCHANT_CHANNEL,
    Listing,
    Outcome,
    Presence,
    Proposal,
    SellerSku,
    Submission,
)
from django_amazon_sync.rules import listing_state
from django_amazon_sync.rules.listing_state import CREATION
from django_amazon_sync.rules.matching import ASIN
from django_amazon_sync.sync.accounts.access import Part
from django_amazon_sync.sync.accounts.attempts import SideRead
from django_amazon_sync.sync.export.causes import Story
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.export.not_sent import Lacking, NotSent, lack_of
from django_amazon_sync.sync.export.send import Change, send
from django_amazon_sync.sync.listings import claims, state
from django_amazon_sync.sync.listings.claims import Claim
from django_amazon_sync.sync.listings.looks import Look
from django_amazon_sync.sync.offers.desired import Desired, creation_key
from django_amazon_sync.sync.offers.fields import FIELDS, PRICE, QUANTITY, terms_of
from django_amazon_sync.sync.offers.identifiers import AMAZON_KINDS
from django_amazon_sync.sync.runs.work import Work, about_listing


def create(
    work: Work,
    listing: Listing,
    offer: Offer,
    want: Desired,
    look: Look,
    guards: Guards,
    story: Story,
) -> None:
    """Offer one SKU in one marketplace; its line says what became of it."""
    about = about_listing(listing)
    key = creation_key(offer, listing.sku, want.values)
    if listing.sku.fulfilled_by_amazon:
        # Offered there by hand: a quantity of ours would make it a second channel
        # (docs/amazon.md#replace-without-a-match-adds).
        return
    if waits_for_fields(work, listing, want):
        return
    if lack := lack_of(listing, offer):  # since the survey looked
        not_sent = NotSent(work)
        not_sent.note([Lacking(listing, lack, key)])
        not_sent.say()
        return
    proposed = _proposed_already(listing, offer)
    asin, reason = ("", "") if proposed else find_asin(work, listing, offer)
    if waits := proposed or (_sold_already(work, listing, offer, asin) if asin else None):
        work.line(Outcome.WAITING, **about, code=Code.CREATION, message=str(waits))
        return
    if not asin and not reason:
        return  # the catalogue could not be asked: the account says so, the next export asks again
    outcome = Outcome.NOT_SENT
    if asin and (barred := _restrictions(work, listing, asin)):
        reason = f"Amazon does not let this account offer {asin}: {barred}"
        outcome = Outcome.REFUSED
    if reason:
        _keep_reason(work, listing, key, reason)
        work.line(outcome, **about, code=Code.CREATION, message=reason)
        return
    if work.run.dry_run:
        work.line(Outcome.PLANNED, **about, values=want.values, message=f"New offer on {asin}.")
        return
    _put(work, listing, asin, want, look, guards, key, story)


def _proposed_already(listing: Listing, offer: Offer) -> Message | None:
    """What is to be said of an offer that may be what the account sells under another SKU."""
    proposals = Proposal.objects.filter(
        sku__account=listing.marketplace.account_id, offer_pk=offer.pk, refused=False
    )
    sku = proposals.exclude(sku=listing.sku_id).order_by("pk").values_list("sku__sku").first()
    return None if sku is None else Message(Code.PROPOSED_ALREADY, sku=sku[0])


def _sold_already(work: Work, listing: Listing, offer: Offer, asin: str) -> Message | None:
    """What is to be said of an offer whose ASIN the account sells in this store already, as new as
    this; it is proposed, for staff to say that it is that, or another one.

    What is another SKU of the offer, or was one, is staff's own choice.
    """
    there = Listing.objects.filter(
        marketplace=listing.marketplace, presence=Presence.PRESENT, asin__in={asin, asin.upper()}
    ).exclude(sku=listing.sku_id)
    others = there.exclude(Q(sku__offer_pk=offer.pk) | Q(sku__former_offer_pk=offer.pk))
    # A report may name a condition by a number that nobody knows; it may be this one.
    unknown = Q(condition="") | ~Q(condition__contains="_")
    alike = others.filter(unknown | Q(condition=listing.sku.condition))
    refused = Proposal.objects.filter(offer_pk=offer.pk, refused=True)
    found = alike.exclude(sku__in=refused.values("sku")).select_related("sku").order_by("pk")
    if (other := found.first()) is None:
        return None
    said = Message(Code.SOLD_ALREADY, asin=asin, sku=other.sku.sku)
    if not work.run.dry_run:
        claims.keep([Claim(other.sku, offer.pk, str(said), how=ASIN)])
    return said


def waits_for_fields(work: Work, listing: Listing, want: Desired) -> bool:
    """Whether a new offer lacks what every offer has; its line says so."""
    missing = [name for name in (PRICE, QUANTITY) if name not in want.values]
    if missing:
        reason = f"A new offer needs a {' and a '.join(missing)}; switch it on, or see its problem."
        about = about_listing(listing)
        work.line(Outcome.WAITING, **about, code=Code.CREATION, message=reason)
    return bool(missing)


def find_asin(work: Work, listing: Listing, offer: Offer) -> tuple[str, str]:
    """The ASIN to offer on, or nothing and the reason why, for staff.

    Nothing and no reason where Amazon's catalogue does not answer.
    """
    if listing.sku.asin:
        return listing.sku.asin, ""
    named = [code.value for code in offer.identifiers if code.kind == "asin"]
    if named:
        return named[0], ""
    found: dict[str, str] = {}
    refusals: dict[str, str] = {}
    barcodes = [code for code in offer.identifiers if code.kind in AMAZON_KINDS]
    for barcode in barcodes:
        with SideRead(work.account, Part.CATALOGUE) as asked:
            answer = catalog.search_each(
                work.client, [barcode.value], AMAZON_KINDS[barcode.kind], listing.marketplace.code
            )
            found |= {item.asin: item.title for item in answer.items}
            refusals |= answer.refused
        if not asked.worked:
            return "", ""
    if len(found) == 1:
        return next(iter(found)), ""
    if found:
        choices = ", ".join(f"{asin} ({title[:40]})" for asin, title in sorted(found.items()))
        return "", f"Its barcode has several ASINs: {choices}. Choose one on the SKU."
    if refusals:
        said = "; ".join(f"{code}: {words}" for code, words in refusals.items())
        return "", str(Message(Code.BARCODE_REFUSED, words=said))
    return "", "Amazon's catalogue has no item with its barcode; set an ASIN on the SKU."


def _restrictions(work: Work, listing: Listing, asin: str) -> str:
    listing.asin = asin
    reasons: list[str] = []  # where they cannot be read, Amazon's own check comes before the offer
    with SideRead(work.account, Part.RESTRICTIONS), suppress(Rejected):  # an odd ASIN is no lack
        reasons = gateway.restrictions(
            work.client, asin, listing.marketplace.code, listing.sku.condition
        )
    return "; ".join(reasons)


def _keep_reason(work: Work, listing: Listing, key: str, reason: str) -> None:
    """Remember what was refused, so that the same is not tried with each run."""
    if work.run.dry_run:
        return
    with state.changing([listing.pk]) as rows:
        for row in rows.values():
            listing_state.refused(
                row,
                {CREATION: key},
                code=Code.CREATION,
                reason=reason,
                at=clock.now(),
                falls=False,
                about_value=True,
            )


def _put(
    work: Work,
    listing: Listing,
    asin: str,
    want: Desired,
    look: Look,
    guards: Guards,
    key: str,
    story: Story,
) -> None:
    values = {name: value for name, value in want.values.items() if FIELDS[name].at_creation}
    attributes = gateway.offer_attributes(
        listing.marketplace.code, asin, listing.sku.condition
    ) | _attributes(terms_of(listing.marketplace), values)

    def put(client: Client, *, preview: bool) -> Answered:
        return gateway.put_listing(
            client,
            listing.sku.sku,
            listing.marketplace.code,
            attributes,
            "PRODUCT",
            preview=preview,
        )

    about = about_listing(listing)
    try:
        checked = put(work.client, preview=True)
    except Rejected as error:
        checked = Answered("INVALID", "", (_as_issue(error),))
    if checked.status == "INVALID":
        reason = "; ".join(f"{issue.code}: {issue.message}" for issue in checked.issues)
        _keep_reason(work, listing, key, reason)
        code = checked.issues[0].code if checked.issues else Code.CREATION
        work.line(Outcome.REFUSED, **about, values=values, code=code, message=reason)
        return
    content: SubmissionContent = {
        "productType": "PRODUCT",
        "requirements": "LISTING_OFFER_ONLY",
        "attributes": attributes,
        "refused": {CREATION: key},
    }
    change = Change(listing, Submission.Kind.PUT, values, content, look, story=story)
    if send(work, change, guards, lambda client: put(client, preview=False)):
        Listing.objects.filter(pk=listing.pk).update(asin=asin)
        SellerSku.objects.filter(pk=listing.sku_id, channel="").update(channel=MERCHANT_CHANNEL)


def _attributes(
    terms: MarketplaceTerms, values: Mapping[str, FieldValue]
) -> dict[str, list[Instance]]:
    """The attributes of a new offer that hold these values; parts of one instance together."""
    found: dict[str, dict[str, list[Instance]]] = {}
    for name, value in values.items():
        slot, instances = FIELDS[name].slot, FIELDS[name].instances(value, terms)
        there = found.setdefault(slot.attribute, {})
        if slot.shared and slot.key in there:
            instances = [{**there[slot.key][0], **instances[0]}]
        there[slot.key] = instances
    return {name: list(chain.from_iterable(there.values())) for name, there in found.items()}


def _as_issue(error: AmazonError) -> Issue:
    return Issue(error.amazon_code or str(error.status), error.message)
