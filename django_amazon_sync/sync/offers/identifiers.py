"""Product codes that staff gave offers, beside those that the shop knows itself.

They count wherever the shop's own do: ``with_own`` merges them into offers, a chunk at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from django_amazon_sync.data import Identifier, Offer
from django_amazon_sync.models import OfferIdentifier
from django_amazon_sync.rules.barcodes import gtin
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.runs.bulk import insert_rows

#: The kinds that staff fill in, in the order in which they are shown.
KINDS = tuple(OfferIdentifier.Kind.values)

#: Amazon's words for kinds of identifiers (catalogItems_2022-04-01.json, identifiersType).
AMAZON_KINDS = {"ean": "EAN", "upc": "UPC", "isbn": "ISBN", "gtin": "GTIN"}

_ASIN = OfferIdentifier.Kind.ASIN.value


def with_own(offers: Iterable[Offer]) -> list[Offer]:
    """The offers, with the codes that staff gave them before the shop's own; in one query."""
    given = list(offers)
    own: dict[str, list[Identifier]] = {}
    rows = OfferIdentifier.objects.filter(offer_pk__in=[offer.pk for offer in given]).order_by("pk")
    for pk, kind, value in rows.values_list("offer_pk", "kind", "value"):
        # Amazon's catalogue asks for codes of 14 digits by their own name.
        own.setdefault(pk, []).append(Identifier("gtin" if len(value) == 14 else kind, value))
    return [_merged(offer, own[offer.pk]) if offer.pk in own else offer for offer in given]


def _merged(offer: Offer, own: Sequence[Identifier]) -> Offer:
    return replace(offer, identifiers=tuple(dict.fromkeys([*own, *offer.identifiers])))


def of_offer(offer_pk: str) -> dict[str, list[str]]:
    """The codes that staff gave one offer, by kind, each kind in the order it was given."""
    rows = OfferIdentifier.objects.filter(offer_pk=offer_pk).order_by("pk")
    codes: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, value in rows.values_list("kind", "value"):
        codes[kind].append(value)
    return codes


def give(offer_pk: str, codes: Mapping[str, Iterable[str]]) -> bool:
    """Let an offer have these codes (clean ones) of these kinds; whether that changed any."""
    return give_all({offer_pk: codes})


def give_all(codes: Mapping[str, Mapping[str, Iterable[str]]]) -> bool:
    """The same for many offers, by pk, in a few queries."""
    wanted = {
        (offer_pk, kind): list(dict.fromkeys(values))
        for offer_pk, by_kind in codes.items()
        for kind, values in by_kind.items()
    }
    with transaction.atomic():
        there: dict[tuple[str, str], list[OfferIdentifier]] = {}
        for row in OfferIdentifier.objects.filter(offer_pk__in=codes).order_by("pk"):
            there.setdefault((row.offer_pk, row.kind), []).append(row)
        changed = [
            which
            for which, values in wanted.items()
            if values != [row.value for row in there.get(which, ())]
        ]
        gone = [row.pk for which in changed for row in there.get(which, ())]
        OfferIdentifier.objects.filter(pk__in=gone).delete()
        insert_rows(
            [
                OfferIdentifier(offer_pk=offer_pk, kind=kind, value=value)
                for offer_pk, kind in changed
                for value in wanted[offer_pk, kind]
            ]
        )
    return bool(changed)


def shared(
    shop: Shop, scopes: Collection[str], offer_pk: str, codes: Mapping[str, Iterable[str]]
) -> dict[str, list[Offer]]:
    """The other offers of these scopes that have one of the codes too, by code.

    One barcode may be a EAN here and a UPC there, so barcodes are compared in 14 digits. That two
    offers share a code is not a fault: two partners may sell the same product.
    """
    found: dict[str, dict[str, Offer]] = {}
    for kind, values in codes.items():
        for value in values:
            pks = set(_given_to(kind, value)) - {offer_pk}
            for scope in scopes:
                others = [*shop.offers(scope, sorted(pks))]
                others += shop.find(value, scope) if kind != _ASIN else []
                for other in others:
                    if other.pk != offer_pk:
                        found.setdefault(value, {})[other.pk] = other
    return {value: list(others.values()) for value, others in found.items()}


def _given_to(kind: str, value: str) -> Iterable[str]:
    """The offers to which staff gave this code."""
    rows = OfferIdentifier.objects.filter(kind=kind, value=value)
    if kind != _ASIN:
        forms = {value, gtin(value), gtin(value).lstrip("0").zfill(12), gtin(value)[1:]}
        barcodes = [other for other in KINDS if other != _ASIN]
        rows = OfferIdentifier.objects.filter(kind__in=barcodes, value__in=forms)
    return rows.values_list("offer_pk", flat=True)
