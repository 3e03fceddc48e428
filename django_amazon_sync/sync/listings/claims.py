"""Offers that claim a SKU by its name, where it is another offer's, or may not be theirs.

A SKU is one offer's, and a link that staff or matching made is changed by staff only (link.py). A
name alone proves nothing where the barcodes contradict. So an offer whose own SKU is one of these
is not sent: it has its line in each run, and waits as a proposal, which the overview counts until
staff decide or the claim ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from django_amazon_sync.data import Offer
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Listing, Presence, Proposal, SellerAccount, SellerSku
from django_amazon_sync.rules.matching import SKU, Keys, barcodes_contradict
from django_amazon_sync.sync.offers.identifiers import with_own


@dataclass(frozen=True, slots=True)
class Claim:
    """An offer (pk) that has the name of this SKU, or what else leads to it, and why it is not
    linked to it."""

    sku: SellerSku
    offer_pk: str
    reason: str
    how: str = SKU


def keep(claims: Iterable[Claim]) -> None:
    """Keep these for staff; of one that they refused nobody is told again."""
    Proposal.objects.bulk_create(
        [
            Proposal(sku=claim.sku, offer_pk=claim.offer_pk, how=claim.how, reason=claim.reason)
            for claim in sorted(claims, key=lambda claim: (claim.sku.pk, claim.offer_pk))
        ],
        update_conflicts=True,
        unique_fields=["sku", "offer_pk"],
        update_fields=["how", "reason", "made_at"],
    )


def forget_ended(account: SellerAccount, before: datetime) -> None:
    """Forget the claims that a look at all offers since then did not meet any more."""
    open_ones = Proposal.objects.filter(sku__account=account, refused=False, how=SKU)
    open_ones.filter(made_at__lt=before).delete()


def claims(accounts: Collection[int]) -> QuerySet[Proposal]:
    """What staff of these accounts have to decide."""
    open_ones = Proposal.objects.filter(sku__account__in=accounts, refused=False, how=SKU)
    return open_ones.exclude(sku__offer_pk=F("offer_pk"))


def refused(skus: Iterable[SellerSku], offer_pks: Collection[str]) -> set[tuple[int, str]]:
    """Which of these offers staff said are not which of these SKUs (pk)."""
    said = Proposal.objects.filter(sku__in=[row.pk for row in skus], refused=True)
    return set(said.filter(offer_pk__in=offer_pks).values_list("sku", "offer_pk"))


def contradicted(pairs: Iterable[tuple[SellerSku, Offer]]) -> dict[tuple[int, str], Message]:
    """Those of these SKUs and offers whose barcodes say that they are not the same: what is to be
    said of each, by the pks of both.

    Only valid barcodes count, and only where both sides have one.
    """
    pairs = list(pairs)
    barcodes: dict[int, set[str]] = {}
    there = Listing.objects.filter(sku__in={row.pk for row, _offer in pairs})
    shown = there.filter(presence=Presence.PRESENT).exclude(gtin="")
    for pk, code in shown.values_list("sku", "gtin"):
        barcodes.setdefault(pk, set()).add(code)
    pairs = [(row, offer) for row, offer in pairs if row.pk in barcodes]
    with_codes = {offer.pk: offer for offer in with_own(offer for _row, offer in pairs)}
    found: dict[tuple[int, str], Message] = {}
    for row, offer in pairs:
        codes = barcodes[row.pk]
        if barcodes_contradict(Keys.of(with_codes[offer.pk]), codes):
            text = ", ".join(sorted(codes))
            said = Message(Code.BARCODES_DIFFER, sku=row.sku, there=text, offer=offer.pk)
            found[row.pk, offer.pk] = said
    return found


def disputed(account: SellerAccount, offers: Collection[Offer]) -> set[str]:
    """Those of these offers (pk) that are not what Amazon has under their own SKU: staff said so,
    or the barcodes do."""
    names = {offer.sku for offer in offers}
    rows = {row.sku: row for row in SellerSku.objects.filter(account=account, sku__in=names)}
    pairs = [(rows[offer.sku], offer) for offer in offers if offer.sku in rows]
    if not pairs:
        return set()
    said = refused(rows.values(), [offer.pk for offer in offers])
    return {pk for _row, pk in (said | contradicted(pairs).keys())}
