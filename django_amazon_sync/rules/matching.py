"""Which of the account's listings an offer of the shop is; what is not certain is not decided.

An equal SKU says it, unless the barcodes say that it is something else. Else the identifiers do,
all of them together: they have to lead to one SKU of the account, and nothing may speak against it.
Whether two offers lead to the same SKU is known only when all were looked at (``contested``).
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from django_amazon_sync.data import Identifier, Offer
from django_amazon_sync.messages import Code
from django_amazon_sync.rules.barcodes import gtin

SKU, ASIN = "sku", "asin"

#: By barcode, in 14 digits: the ASINs that Amazon's catalogue has for it.
Catalogue = Mapping[str, Collection[str]]

#: Kinds of identifiers, the one that says most first.
KINDS = (ASIN, "ean", "upc", "isbn", "gtin")


@dataclass(frozen=True, slots=True)
class SkuOnAmazon:
    """One SKU that the account has on Amazon.

    ``asins``, ``barcodes`` (in 14 digits) and ``conditions`` are those of its listings, as far as
    they name them.
    ``expected`` is the condition that staff sell it in. ``offer_pk`` is the offer that it is
    linked to, if the shop has that one still, or if staff or matching said so.
    """

    sku: str
    asins: frozenset[str] = frozenset()
    barcodes: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    expected: str = ""
    by_amazon: bool = False
    offer_pk: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A SKU that an offer may be: what led to it, and what speaks against it, if anything."""

    sku: str
    asin: str
    by: str
    why: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for one offer.

    Without a ``code`` the one candidate is to be linked, unless another offer leads to it too.
    Otherwise ``code`` and ``reason`` say why none is.
    """

    candidates: tuple[Candidate, ...] = ()
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """What an offer can be recognised by; ``barcodes`` are in 14 digits, with their kind."""

    sku: str
    asins: frozenset[str]
    barcodes: Mapping[str, Identifier]

    @classmethod
    def of(cls, offer: Offer) -> Keys:
        """The offer's SKU and identifiers; a barcode with a wrong check digit is none."""
        asins = frozenset(code.value.upper() for code in offer.identifiers if code.kind == ASIN)
        barcodes = [code for code in offer.identifiers if code.kind in KINDS[1:]]
        by_gtin = {gtin(barcode.value): barcode for barcode in barcodes}
        return cls(offer.sku, asins, {digits: code for digits, code in by_gtin.items() if digits})


class Index:
    """SKUs of the account, by what an offer can be recognised by."""

    def __init__(self, known: Iterable[SkuOnAmazon]) -> None:
        self._sku: dict[str, SkuOnAmazon] = {}
        self._asin: dict[str, list[SkuOnAmazon]] = {}
        self._barcode: dict[str, list[SkuOnAmazon]] = {}
        for sku in known:
            self._sku[sku.sku] = sku
            for asin in sku.asins:
                self._asin.setdefault(asin, []).append(sku)
            for code in sku.barcodes:
                self._barcode.setdefault(code, []).append(sku)

    def of(self, keys: Keys, catalogue: Catalogue) -> list[SkuOnAmazon]:
        """Those that an offer with these keys may be, each once."""
        asins = {*keys.asins, *(asin for code in keys.barcodes for asin in catalogue.get(code, ()))}
        found = [self._sku[keys.sku]] if keys.sku in self._sku else []
        found += [sku for asin in asins for sku in self._asin.get(asin, ())]
        found += [sku for code in keys.barcodes for sku in self._barcode.get(code, ())]
        return list(dict.fromkeys(found))


def decide(offer: Offer, known: Index, catalogue: Catalogue) -> Match:
    """What the offer is among these SKUs; the catalogue is empty where it was not asked."""
    keys = Keys.of(offer)
    may_be = known.of(keys, catalogue)
    if may_be and may_be[0].sku == offer.sku:
        return _by_sku(offer, may_be[0], keys)
    found = [(sku, how(keys, sku, catalogue)) for sku in may_be]
    found.sort(key=lambda each: (KINDS.index(each[1]), each[0].sku))
    candidates = tuple(_candidate(keys, sku, by, catalogue, offer.pk) for sku, by in found)
    if not found:
        return Match(code=Code.NONE, reason=_why_none(offer, keys))
    if len(found) > 1:
        return Match(candidates, code=_kind_of_doubt(found), reason=_several(found))
    if candidates[0].against:
        return Match(candidates, code=Code.DOUBT, reason=candidates[0].against)
    asins = {asin for code in keys.barcodes for asin in catalogue.get(code, ())}
    if len(asins) > 1:
        reason = f"Its barcode belongs to several items of Amazon: {', '.join(sorted(asins))}."
        return Match(candidates, code=Code.SEVERAL, reason=reason)
    return Match(candidates)


def how(keys: Keys, sku: SkuOnAmazon, catalogue: Catalogue) -> str:
    """The kind of identifier that leads from the offer to this SKU; empty where none does."""
    if keys.asins & sku.asins:
        return ASIN
    kinds = {
        barcode.kind
        for code, barcode in keys.barcodes.items()
        if code in sku.barcodes or not sku.asins.isdisjoint(catalogue.get(code, ()))
    }
    return next((kind for kind in KINDS if kind in kinds), "")


def contested(claims: Iterable[int]) -> frozenset[int]:
    """What is claimed more than once; claims are hashes of SKUs, eight bytes each."""
    ordered = array("q", sorted(claims))
    return frozenset(claim for claim, other in pairwise(ordered) if claim == other)


# --- One candidate ------------------------------------------------------------------------------


def _by_sku(offer: Offer, sku: SkuOnAmazon, keys: Keys) -> Match:
    """An equal SKU is the offer's, unless another offer has it or the barcodes contradict."""
    code, against = Code.DOUBT, _barcodes_against(keys, sku)
    if sku.offer_pk and sku.offer_pk != offer.pk:
        code, against = Code.TAKEN, _taken(sku)
    candidate = Candidate(sku.sku, _asin_of(sku), SKU, "It has the same SKU.", against)
    if against:
        return Match((candidate,), code=code, reason=against)
    differs = _asins_against(keys, sku)
    reason = f"{candidate.why} {differs} Check it." if differs else ""
    return Match((candidate,), reason=reason)


def _candidate(
    keys: Keys, sku: SkuOnAmazon, by: str, catalogue: Catalogue, offer_pk: str
) -> Candidate:
    against = ""
    if sku.offer_pk and sku.offer_pk != offer_pk:
        against = _taken(sku)
    else:
        against = _condition_against(sku) or _contradiction(keys, sku, catalogue)
    why = f"It has the same {'ASIN' if by == ASIN else by.upper()}"
    shipped = ", and Amazon ships it." if sku.by_amazon else "."
    return Candidate(sku.sku, _asin_of(sku), by, why + shipped, against)


def _taken(sku: SkuOnAmazon) -> str:
    return f"SKU {sku.sku} is linked to offer {sku.offer_pk} of the shop."


def _condition_against(sku: SkuOnAmazon) -> str:
    """A used thing has the barcode and the ASIN of a new one; so not to know is to doubt."""
    if not sku.expected:
        return ""
    if not sku.conditions:
        return f"Amazon does not say in which condition SKU {sku.sku} is sold."
    other = sorted(sku.conditions - {sku.expected})
    return (
        f"SKU {sku.sku} is sold as {other[0]}, and the shop's as {sku.expected}." if other else ""
    )


def _contradiction(keys: Keys, sku: SkuOnAmazon, catalogue: Catalogue) -> str:
    """Which identifier says that this SKU is something else; by the catalogue both may be right."""
    if against := _asins_against(keys, sku):
        return against
    shown = any(not sku.asins.isdisjoint(catalogue.get(code, ())) for code in keys.barcodes)
    return "" if shown else _barcodes_against(keys, sku)


def _asins_against(keys: Keys, sku: SkuOnAmazon) -> str:
    if not (keys.asins and sku.asins and keys.asins.isdisjoint(sku.asins)):
        return ""
    there, here = ", ".join(sorted(sku.asins)), ", ".join(sorted(keys.asins))
    return f"SKU {sku.sku} has the ASIN {there}, and the shop says {here}."


def _barcodes_against(keys: Keys, sku: SkuOnAmazon) -> str:
    if not barcodes_contradict(keys, sku.barcodes):
        return ""
    there = ", ".join(sorted(sku.barcodes))
    return f"SKU {sku.sku} has the barcode {there}, and the shop another one."


def barcodes_contradict(keys: Keys, barcodes: Collection[str]) -> bool:
    """Whether both sides have valid barcodes (these are in 14 digits), and none is equal."""
    return bool(keys.barcodes and barcodes) and keys.barcodes.keys().isdisjoint(barcodes)


def _asin_of(sku: SkuOnAmazon) -> str:
    return min(sku.asins, default="")


# --- Why not --------------------------------------------------------------------------------------


def _kind_of_doubt(found: Collection[tuple[SkuOnAmazon, str]]) -> str:
    if len({sku.by_amazon for sku, _by in found}) > 1:
        return Code.CHANNEL
    return Code.SEVERAL if len({by for _one, by in found}) == 1 else Code.CONTRADICTION


def _several(found: Collection[tuple[SkuOnAmazon, str]]) -> str:
    skus = ", ".join(sku.sku for sku, _by in found)
    if _kind_of_doubt(found) == Code.CHANNEL:
        return f"It may be one that Amazon ships or one that you ship: {skus}."
    return f"Several SKUs may be it: {skus}."


def _why_none(offer: Offer, keys: Keys) -> str:
    for code in offer.identifiers:
        if code.kind in KINDS[1:] and not gtin(code.value):
            return f"Its {code.kind.upper()} {code.value} has a wrong check digit; mend it."
    if keys.asins or keys.barcodes:
        return "The account has no listing with its SKU, its ASIN or its barcode."
    return "The account has no listing with its SKU, and it has neither an ASIN nor a barcode."
