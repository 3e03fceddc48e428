"""Matching: which of the account's listings each offer of the shop is.

1. Take in Amazon's reports, so that the rows say what the account has there.
2. Give each offer its line: linked already, a proposal, or none. What the rows know nothing of is
   looked for in Amazon's catalogue, twenty barcodes a call.
3. Link the proposals that are certain: one SKU for the offer, and no other offer for the SKU. That
   is known only when every offer has its line.
4. Keep the others for staff to decide (proposals.py). What staff refused is not said again.

The lines are the run's memory: a run that had to wait goes on with the offers that have none yet.
Offers that are linked cost no call, so matching again changes nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count

from django_amazon_sync.amazon import catalog
from django_amazon_sync.amazon.catalog import IDENTIFIERS_A_CALL
from django_amazon_sync.amazon.reading import objs, text
from django_amazon_sync.data import FieldValue, FieldValues, Offer
from django_amazon_sync.errors import NotYet, Throttled
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    Listing,
    Outcome,
    Presence,
    RunLine,
    SellerSku,
    amazon_ships,
)
from django_amazon_sync.rules.barcodes import gtin
from django_amazon_sync.rules.matching import (
    SKU,
    Index,
    Keys,
    Match,
    SkuOnAmazon,
    contested,
    decide,
    how,
)
from django_amazon_sync.sync.accounts.access import Part
from django_amazon_sync.sync.accounts.attempts import SideRead
from django_amazon_sync.sync.amazon_reports.import_listings import import_listings
from django_amazon_sync.sync.listings.link import Link, link
from django_amazon_sync.sync.matching.proposals import keep_proposals, refused_by_staff
from django_amazon_sync.sync.offers.desired import sku_is_of_offer
from django_amazon_sync.sync.offers.identifiers import AMAZON_KINDS, with_own
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks, in_pages
from django_amazon_sync.sync.runs.work import Work

#: Links that are made in one transaction.
LINKS_PER_TRANSACTION = 200

_LONGEST = RunLine._meta.get_field("sku").max_length


class SkuRow(NamedTuple):
    """What is read of a SellerSku beside its listings."""

    sku: str
    offer_pk: str
    matched: bool
    condition: str
    channel: str


def match(work: Work) -> None:
    """Run options: ``marketplaces`` (ids). A dry run proposes, and links nothing."""
    begun = work.run.lines.exists()
    if not begun:
        import_listings(work)
    look_at_offers(work, begun=begun)
    link_what_is_certain(work)
    if not work.run.dry_run:
        keep_proposals(work)
    outcomes = work.run.lines.order_by().values_list("outcome")
    counts: Iterable[tuple[str, int]] = outcomes.annotate(Count("pk"))
    work.run.counts |= dict(counts)


# --- 2. A line for each offer ---------------------------------------------------------------------


def look_at_offers(work: Work, *, begun: bool) -> None:
    """Say of each offer what it may be; in a run that had begun, of those without a line."""
    answers = True
    for some in chunks(work.shop.offers(work.account.shop_scope), OFFERS_PER_CHUNK):
        offers = with_own(some)
        work.lease.check()
        said = _said(work, offers) if begun else set()
        said |= _say_linked(work, [offer for offer in offers if offer.pk not in said])
        unknown = _say_what_rows_know(work, [offer for offer in offers if offer.pk not in said])
        for together in chunks(sorted(unknown, key=_kinds), IDENTIFIERS_A_CALL):
            if answers:
                answers = _say_what_the_catalogue_knows(work, together)
            else:
                _say_not_asked(work, together)
            work.give_way()
        work.save_lines()
        work.give_way()


def _said(work: Work, offers: Iterable[Offer]) -> set[str]:
    """The offers that have their line already."""
    lines = work.run.lines.filter(sku__in={_short(offer.sku) for offer in offers})
    return {text(values.get("offer")) for values in lines.values_list("values", flat=True)}


def _say_linked(work: Work, offers: Sequence[Offer]) -> set[str]:
    """Say which of these are linked to what is on Amazon, or by more than an equal SKU."""
    by_pk = {offer.pk: offer for offer in offers}
    linked = SellerSku.objects.filter(account=work.account, offer_pk__in=by_pk).order_by("sku")
    rows = [row for row in linked if sku_is_of_offer(row, by_pk[row.offer_pk])]
    there = {known.sku: known for known in _known(work, [row.pk for row in rows])}
    its: dict[str, list[SellerSku]] = {}
    for row in rows:
        if row.matched or row.sku in there:
            its.setdefault(row.offer_pk, []).append(row)
    for pk, (first, *others) in its.items():
        offer = by_pk[pk]
        by = SKU if first.sku == offer.sku else ""
        if not by and first.sku in there:
            by = how(Keys.of(offer), there[first.sku], {})
        message = " ".join(["It is linked already.", *(f"So is {row.sku}." for row in others)])
        _line(work, Outcome.LINKED, offer, first.sku, by=by, message=message)
    return set(its)


def _say_what_rows_know(work: Work, offers: Sequence[Offer]) -> list[Offer]:
    """Say what these are by their SKUs and identifiers; gives those that the catalogue may know."""
    keys = [Keys.of(offer) for offer in offers]
    known = known_by(
        work,
        skus=[each.sku for each in keys],
        asins=[asin for each in keys for asin in each.asins],
        barcodes=[code for each in keys for code in each.barcodes],
    )
    refused = refused_by_staff(work.account, [offer.pk for offer in offers])
    unknown = []
    for offer, each in zip(offers, keys, strict=True):
        found = decide(offer, known, {})
        if not found.candidates and each.barcodes:
            unknown.append(offer)
        else:
            _say(work, offer, found, refused)
    return unknown


def _say_what_the_catalogue_knows(work: Work, offers: Sequence[Offer]) -> bool:
    """Say what these are by the ASINs that Amazon's catalogue has for their barcodes.

    False where it could not be asked: their lines say so, and the next run looks again.
    """
    catalogue: dict[str, set[str]] = {}
    refusals: dict[str, str] = {}
    with SideRead(work.account, Part.CATALOGUE) as asked:
        catalogue, refusals = catalogue_of(work, offers)
    if not asked.worked:
        _say_not_asked(work, offers)
        return False
    known = known_by(work, asins=[asin for asins in catalogue.values() for asin in asins])
    refused = refused_by_staff(work.account, [offer.pk for offer in offers])
    for offer in offers:
        found = decide(offer, known, catalogue)
        codes = refusals.keys() & Keys.of(offer).barcodes.keys()
        if codes and not found.candidates:
            _say_barcode_refused(work, offer, sorted(codes), refusals)
        else:
            _say(work, offer, found, refused)
    return True


def _say_barcode_refused(
    work: Work, offer: Offer, codes: Sequence[str], refusals: Mapping[str, str]
) -> None:
    said = "; ".join(f"{code}: {refusals[code]}" for code in codes)
    _line(work, Outcome.NONE, offer, by="", message=str(Message(Code.BARCODE_REFUSED, words=said)))


def _say_not_asked(work: Work, offers: Sequence[Offer]) -> None:
    why = "Amazon's catalogue could not be asked for its barcodes; the next run asks again."
    for offer in offers:
        _line(work, Outcome.NONE, offer, by="", message=why)


def _say(work: Work, offer: Offer, found: Match, refused: Collection[tuple[str, str]]) -> None:
    """The line of an offer that is not linked; one without a code is to be linked."""
    candidates = [
        candidate for candidate in found.candidates if (offer.pk, candidate.sku) not in refused
    ]
    if not candidates:
        names = ", ".join(candidate.sku for candidate in found.candidates)
        why = f"Staff refused what it may be: {names}." if names else found.reason
        _line(work, Outcome.NONE, offer, by="", message=why)
        return
    first, *others = candidates
    shown: FieldValues = {"asin": first.asin}
    if found.code or work.run.dry_run:
        shown = {
            "candidates": [
                candidate_values(
                    candidate.sku, candidate.asin, candidate.by, candidate.against or candidate.why
                )
                for candidate in candidates
            ]
        }
    _line(
        work,
        Outcome.PROPOSED,
        offer,
        "" if others else first.sku,
        by=first.by,
        code=found.code,
        message=found.reason or first.why,
        **shown,
    )


def candidate_values(sku: str, asin: str, by: str, why: str) -> FieldValues:
    """One candidate, as a line keeps it for staff."""
    return {"seller_sku": sku, "asin": asin, "by": by, "why": why}


def _line(
    work: Work,
    outcome: Outcome,
    offer: Offer,
    seller_sku: str = "",
    *,
    by: str,
    message: str,
    code: str = "",
    **values: FieldValue,
) -> None:
    work.line(
        outcome,
        sku=_short(offer.sku),
        seller_sku=seller_sku,
        code=code,
        message=message,
        values={"offer": offer.pk, "by": by, **values},
    )


def _short(sku: str) -> str:
    return sku[:_LONGEST]


# --- What the account has on Amazon ---------------------------------------------------------------


def known_by(
    work: Work,
    *,
    skus: Collection[str] = (),
    asins: Collection[str] = (),
    barcodes: Collection[str] = (),
) -> Index:
    """The SKUs on Amazon with one of these names, ASINs or barcodes, in a few queries."""
    present = Listing.objects.filter(sku__account=work.account, presence=Presence.PRESENT)
    named: set[int] = set()
    # One question each, as one with OR could use none of the indexes.
    for column, wanted in (("sku__sku", skus), ("asin", asins), ("gtin", barcodes)):
        found = present.filter(**{f"{column}__in": {text for text in wanted if text}})
        named.update(found.values_list("sku_id", flat=True))
    return Index(_known(work, sorted(named)))


def _known(work: Work, pks: Sequence[int]) -> list[SkuOnAmazon]:
    """Those of these SKUs that are on Amazon, with what all their listings say."""
    listings = Listing.objects.filter(sku__in=pks, presence=Presence.PRESENT)
    columns = (*(f"sku__{name}" for name in SkuRow._fields), "asin", "gtin", "condition")
    facts: dict[SkuRow, list[Sequence[str]]] = {}
    rows: Iterable[tuple[str, str, bool, str, str, str, str, str]] = listings.values_list(*columns)
    for sku, offer_pk, matched, expected, channel, asin, barcode, condition in rows:
        of_sku = SkuRow(sku, offer_pk, matched, expected, channel)
        facts.setdefault(of_sku, []).append((asin.upper(), barcode, condition))
    holders = {row.offer_pk for row in facts if row.offer_pk}
    alive = {
        offer.pk: offer for offer in work.shop.offers(work.account.shop_scope, sorted(holders))
    }
    return [_as_known(row, found, alive.get(row.offer_pk)) for row, found in facts.items()]


def _as_known(row: SkuRow, listings: Sequence[Sequence[str]], holder: Offer | None) -> SkuOnAmazon:
    kept = row.matched or (holder is not None and sku_is_of_offer(row, holder))
    asins, barcodes, conditions = (
        frozenset(filter(None, texts)) for texts in zip(*listings, strict=True)
    )
    return SkuOnAmazon(
        row.sku,
        asins,
        barcodes,
        conditions,
        expected=row.condition,
        by_amazon=amazon_ships(row.channel),
        offer_pk=row.offer_pk if kept else "",
    )


# --- Amazon's catalogue ---------------------------------------------------------------------------


def catalogue_of(work: Work, offers: Sequence[Offer]) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The ASINs of each barcode of these offers, over all marketplaces that the run is about, and
    by which words Amazon refused single barcodes."""
    by_kind: dict[str, dict[str, str]] = {}
    for offer in offers:
        for code, barcode in Keys.of(offer).barcodes.items():
            by_kind.setdefault(AMAZON_KINDS[barcode.kind], {})[code] = barcode.value
    asins: dict[str, set[str]] = {}
    refused: dict[str, str] = {}
    for marketplace in marketplaces_of(work):
        for kind, codes in by_kind.items():
            found = _search(work, list(codes.values()), kind, marketplace)
            refused |= {code: found.refused[value] for code, value in codes.items()
                        if value in found.refused}  # fmt: skip
            for item in found.items:
                for code in {
                    gtin(identifier.value) for identifier in item.identifiers
                } & codes.keys():
                    asins.setdefault(code, set()).add(item.asin.upper())
    return asins, refused


def _search(work: Work, codes: Sequence[str], kind: str, marketplace: str) -> catalog.Found:
    try:
        return catalog.search_each(work.client, codes, kind, marketplace)
    except Throttled as wait:
        raise NotYet(f"Amazon's catalogue: {wait}", retry_at=wait.retry_at) from wait


def marketplaces_of(work: Work) -> list[str]:
    """The active marketplaces that the run is about."""
    active = work.account.marketplaces.filter(active=True)
    if chosen := work.run.options.get("marketplaces"):
        active = active.filter(code__in=chosen)
    return list(active.order_by("code").values_list("code", flat=True))


def _kinds(offer: Offer) -> list[str]:
    return sorted(barcode.kind for barcode in Keys.of(offer).barcodes.values())


# --- 3. Linking -----------------------------------------------------------------------------------


def link_what_is_certain(work: Work) -> None:
    """Link the proposals that nothing speaks against, some hundred in one transaction."""
    by_sku, by_any = _contested(work)
    to_link = work.run.lines.filter(outcome=Outcome.PROPOSED, code="").order_by("pk")
    last = 0
    while lines := list(to_link.filter(pk__gt=last)[:LINKS_PER_TRANSACTION]):
        last = lines[-1].pk
        for line in lines:
            if hash(line.seller_sku) in (by_sku if line.values["by"] == SKU else by_any):
                why = f"Another offer of the shop may be SKU {line.seller_sku} too."
                _leave_to_staff(line, Code.SHARED, why)
        _link_together(work, lines)
        work.give_way()


def _contested(work: Work) -> tuple[frozenset[int], frozenset[int]]:
    """Hashes of the SKUs that several offers lead to: by their own SKUs, and by anything.

    A line without candidates leads to its one SKU. Eight bytes for each claim; were two hashes
    equal by chance, both would be proposed.
    """
    by_sku, by_any = array("q"), array("q")
    lines = work.run.lines.exclude(outcome=Outcome.NONE)
    columns = lines.values_list("pk", "outcome", "code", "seller_sku", "values")
    for _pk, outcome, code, sku, values in in_pages(columns, OFFERS_PER_CHUNK):
        candidates = objs(values.get("candidates"))
        named = {sku, *(text(candidate["seller_sku"]) for candidate in candidates)} - {""}
        by_any.extend(map(hash, named))
        if values.get("by") == SKU and (outcome == Outcome.LINKED or code in ("", Code.DOUBT)):
            by_sku.append(hash(sku))
    return contested(by_sku), contested(by_any)


def _link_together(work: Work, lines: Sequence[RunLine]) -> None:
    """Link what has no code, and keep in the lines what became of it."""
    free = {line.seller_sku: line for line in lines if not line.code}
    links = [
        Link(sku, text(line.values["offer"]), matched=line.values["by"] != SKU)
        for sku, line in free.items()
    ]
    with transaction.atomic():
        work.lease.check()
        refused = {} if work.run.dry_run else link(work.account, work.shop, links)
        for sku, reason in refused.items():
            _leave_to_staff(free[sku], Code.TAKEN, reason)
        left = [line for line in lines if line.code]
        RunLine.objects.bulk_update(left, ["code", "message", "values"])
        if not work.run.dry_run:
            linked = work.run.lines.filter(pk__in=[line.pk for line in lines if not line.code])
            linked.update(outcome=Outcome.LINKED)


def _leave_to_staff(line: RunLine, code: Code, why: str) -> None:
    line.code, line.message = code, why
    asin, by = text(line.values.pop("asin", "")), text(line.values["by"])
    line.values.setdefault("candidates", [candidate_values(line.seller_sku, asin, by, why)])
