"""Linking the shop's offers to the SKUs of their own names, as a survey meets them.

A name says it where nothing else does. Against a link that staff or matching made, what staff
refused, or a barcode, it says nothing: such an offer gets a line, and waits for staff
(listings/claims.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.db import transaction

from django_amazon_sync.data import Offer
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import Outcome, SellerSku
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.listings.claims import Claim
from django_amazon_sync.sync.listings.link import (
    is_kept,
    link_by_name,
    linked_by_name,
    was_linked_to_gone,
)
from django_amazon_sync.sync.offers.desired import sku_is_of_offer
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.runs.work import Work


def link_named(work: Work, offers: Iterable[Offer]) -> None:
    """Link offers that are new, or whose SKU changed, to the rows of their SKUs."""
    by_sku, doubles = _by_sku(work, offers)
    ours = SellerSku.objects.filter(account=work.account)
    known = {row.sku: row for row in ours.filter(sku__in=by_sku)}
    holders = [row.offer_pk for row in known.values() if row.offer_pk]
    alive = {offer.pk: offer.sku for offer in work.shop.offers(work.account.shop_scope, holders)}
    refused = claims.refused(known.values(), [offer.pk for offer in by_sku.values()])
    contradicted = claims.contradicted((row, by_sku[sku]) for sku, row in known.items())
    claimed: list[Claim] = []
    linked: list[tuple[SellerSku, str]] = []
    for sku, row in known.items():
        offer = by_sku[sku]
        said = _why_not(row, offer, alive, refused) or contradicted.get((row.pk, offer.pk))
        if said is not None:
            claimed.append(_claim(work, row, offer, said))
        else:
            linked.append((row, offer.pk))
    link_by_name(work.account, linked, alive=alive)
    new = [
        SellerSku(account=work.account, sku=sku, offer_pk=offer.pk)
        for sku, offer in by_sku.items()
        if sku not in known
    ]
    SellerSku.objects.bulk_create(new, ignore_conflicts=True)
    linked_by_name(work.account, new)
    if doubles:
        rows = {row.sku: row for row in ours.filter(sku__in=[offer.sku for offer in doubles])}
        claimed += [
            _claim(work, rows[offer.sku], offer, _same_sku(offer, by_sku[offer.sku].pk))
            for offer in doubles
        ]
    if claimed:
        claims.keep(claimed)


def _by_sku(work: Work, offers: Iterable[Offer]) -> tuple[dict[str, Offer], list[Offer]]:
    """The first offer of each SKU, and those that have the SKU of one of these; an offer whose SKU
    cannot be one gets its line."""
    longest = SellerSku._meta.get_field("sku").max_length or 0
    by_sku: dict[str, Offer] = {}
    doubles: list[Offer] = []
    for offer in offers:
        if not 0 < len(offer.sku) <= longest:
            message = (
                f"Offer {offer.pk} has a SKU of {len(offer.sku)} characters; "
                f"give it one of 1 to {longest}."
            )
            work.line(Outcome.FAILED, sku=offer.sku[:longest], code=Code.SKU, message=message)
        elif offer.sku in by_sku:
            doubles.append(offer)
        else:
            by_sku[offer.sku] = offer
    return by_sku, doubles


def _why_not(
    row: SellerSku,
    offer: Offer,
    alive: Mapping[str, str],
    refused: Collection[tuple[int, str]],
) -> Message | None:
    """Why an offer is not linked to the row of its SKU; ``alive`` has the SKU of each holder."""
    if row.offer_pk != offer.pk and alive.get(row.offer_pk) == row.sku:
        return _same_sku(offer, row.offer_pk)
    if is_kept(row, offer.pk):
        if row.offer_pk not in alive:
            return was_linked_to_gone(row)
        return Message(Code.LINKED_TO_ANOTHER, offer=offer.pk, other=row.offer_pk)
    if (row.pk, offer.pk) in refused:
        return Message(Code.REFUSED_BY_STAFF, offer=offer.pk, sku=row.sku)
    return None


def _same_sku(offer: Offer, other: str) -> Message:
    return Message(Code.SAME_SKU, offer=offer.pk, other=other)


def _claim(work: Work, row: SellerSku, offer: Offer, said: Message) -> Claim:
    work.line(Outcome.FAILED, sku=offer.sku, code=Code.SKU, message=str(said))
    return Claim(row, offer.pk, str(said))


def unlink_renamed(work: Work, offers: Mapping[str, Offer]) -> None:
    """A SKU that the shop gave up goes to zero and is kept, whatever else is of its offer."""
    linked = SellerSku.objects.filter(account=work.account, offer_pk__in=offers)
    for row in linked.order_by("pk"):
        offer = offers[row.offer_pk]
        if not sku_is_of_offer(row, offer):
            row.problem = f"The shop's offer {offer.pk} has the SKU {offer.sku} now."
            row.former_offer_pk, row.offer_pk = row.offer_pk, ""
            with transaction.atomic():
                row.save(update_fields=["offer_pk", "former_offer_pk", "problem"])
                invalidate_quantities([(work.account.pk, row.sku, "")], explained=True)
