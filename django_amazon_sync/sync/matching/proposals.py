"""Proposals of matching: what an offer may be on Amazon, for staff to accept or refuse.

A run of matching keeps what it left to staff: new proposals are added, those that no longer hold
go away. A refused one is kept and never proposed or linked again, unless staff think better of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from django_amazon_sync import clock
from django_amazon_sync.amazon import catalog
from django_amazon_sync.amazon.catalog import IDENTIFIERS_A_CALL
from django_amazon_sync.amazon.reading import objs, text
from django_amazon_sync.errors import NotYet, Throttled
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    Listing,
    Outcome,
    Presence,
    Proposal,
    RunLine,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.accounts.access import Part
from django_amazon_sync.sync.accounts.attempts import SideRead
from django_amazon_sync.sync.listings.link import Link, link
from django_amazon_sync.sync.runs.bulk import chunks, in_pages, update_rows
from django_amazon_sync.sync.runs.work import Work

#: Lines of a run, and proposals, that are worked on together.
PROPOSALS_PER_CHUNK = 200


# --- What a run of matching leaves to staff -------------------------------------------------------


def keep_proposals(work: Work) -> None:
    """Keep what the run proposed and did not link, and forget what it no longer proposes."""
    began = clock.now()
    left = work.run.lines.filter(outcome=Outcome.PROPOSED)
    for lines in chunks(in_pages(left, PROPOSALS_PER_CHUNK), PROPOSALS_PER_CHUNK):
        work.lease.check()
        _keep_those_of(work, lines)
    if not work.run.options.get("marketplaces"):  # else another marketplace may still propose them
        open_ones = Proposal.objects.filter(sku__account=work.account, refused=False)
        open_ones.filter(made_at__lt=began).delete()
    show_what_amazon_has(work)


def _keep_those_of(work: Work, lines: Sequence[RunLine]) -> None:
    found = [
        (
            text(candidate["seller_sku"]),
            text(line.values["offer"]),
            text(candidate["by"]),
            text(candidate["why"]),
        )
        for line in lines
        for candidate in objs(line.values.get("candidates"))
    ]
    skus = SellerSku.objects.filter(account=work.account, sku__in={sku for sku, *_ in found})
    pks = dict(skus.values_list("sku", "pk"))
    proposals = {
        (pks[sku], offer): Proposal(sku_id=pks[sku], offer_pk=offer, how=by, reason=why)
        for sku, offer, by, why in found
        if sku in pks
    }
    Proposal.objects.bulk_create(
        proposals.values(),
        update_conflicts=True,
        unique_fields=["sku", "offer_pk"],
        update_fields=["how", "reason", "made_at"],
    )


def refused_by_staff(account: SellerAccount, offer_pks: Collection[str]) -> set[tuple[str, str]]:
    """Which of these offers staff said are not which SKU: (offer pk, SKU)."""
    refused = Proposal.objects.filter(sku__account=account, refused=True, offer_pk__in=offer_pks)
    return set(refused.values_list("offer_pk", "sku__sku"))


# --- What staff look at ---------------------------------------------------------------------------


def show_what_amazon_has(work: Work) -> None:
    """Keep Amazon's picture and title of what is proposed, twenty items a call.

    Reports have no picture, and no title that can be relied on; the catalogue has both.
    """
    proposed = Listing.objects.filter(
        sku__account=work.account,
        sku__proposals__refused=False,
        presence=Presence.PRESENT,
        picture_url="",
        marketplace__active=True,
    ).exclude(asin="")
    wanted = proposed.order_by("marketplace__code", "asin").distinct()
    marketplaces = wanted.order_by().values_list("marketplace", "marketplace__code").distinct()
    for marketplace, code in dict(marketplaces).items():
        rows = (
            wanted.filter(marketplace=marketplace)
            .select_related("sku")
            .only("pk", "asin", "title", "picture_url", "sku__sku")
        )
        for some in chunks(list(rows), IDENTIFIERS_A_CALL):
            with SideRead(work.account, Part.CATALOGUE) as asked:
                _show(work, some, code)
            if not asked.worked:
                return
            work.give_way()


def _show(work: Work, listings: Sequence[Listing], marketplace: str) -> None:
    found = _items(work, {listing.asin for listing in listings}, marketplace)
    items = {item.asin: item for item in found.items}
    for listing in listings:
        if why := found.refused.get(listing.asin):
            said = str(Message(Code.NO_PICTURE, words=why))
            work.line(Outcome.NONE, seller_sku=listing.sku.sku, message=said)
        item = items.get(listing.asin)
        if item is not None:
            listing.picture_url = item.picture[: Listing._meta.get_field("picture_url").max_length]
            listing.title = listing.title or item.title
    update_rows(listings, ["picture_url", "title"])


def _items(work: Work, asins: Iterable[str], marketplace: str) -> catalog.Found:
    try:
        return catalog.search_each(work.client, sorted(asins), "ASIN", marketplace)
    except Throttled as wait:
        raise NotYet(f"Amazon's catalogue: {wait}", retry_at=wait.retry_at) from wait


# --- What staff decide ----------------------------------------------------------------------------


def accept(shop: Shop, proposals: QuerySet[Proposal]) -> tuple[int, dict[str, str]]:
    """Link these as they are proposed; how many were linked, and by SKU why others were not.

    Where several of them are about one SKU or one offer, none is linked: that is no decision.
    """
    linked, refused = 0, dict[str, str]()
    rows = list(proposals.select_related("sku__account").defer("sku__account__refresh_token"))
    for unclear in _contradicting(rows):
        refused[unclear.sku.sku] = "Several of the chosen ones are about it or about its offer."
    clear = [row for row in rows if row.sku.sku not in refused]
    by_account: dict[SellerAccount, list[Proposal]] = {}
    for row in clear:
        by_account.setdefault(row.sku.account, []).append(row)
    for account, its in by_account.items():
        for some in chunks(its, PROPOSALS_PER_CHUNK):
            why_not = _link_together(account, shop, some)
            refused |= why_not
            linked += len(some) - len(why_not)
    return linked, refused


def _contradicting(rows: Iterable[Proposal]) -> list[Proposal]:
    """Those of which another is about the same SKU, or about the same offer of one account."""
    groups: dict[tuple[str, int, object], list[Proposal]] = {}
    for row in rows:
        groups.setdefault(("sku", row.sku_id, ""), []).append(row)
        groups.setdefault(("offer", row.sku.account_id, row.offer_pk), []).append(row)
    return [row for several in groups.values() if len(several) > 1 for row in several]


def _link_together(account: SellerAccount, shop: Shop, rows: Sequence[Proposal]) -> dict[str, str]:
    """Link these, and forget all that was proposed of their SKUs and offers.

    What a person said stays, also where the SKU is equal.
    """
    links = [Link(row.sku.sku, row.offer_pk, matched=True) for row in rows]
    with transaction.atomic():
        why_not = link(account, shop, links, by_staff=True)
        done = [row for row in rows if row.sku.sku not in why_not]
        decided = Q(sku__in=[row.sku_id for row in done]) | Q(
            offer_pk__in=[row.offer_pk for row in done]
        )
        Proposal.objects.filter(decided, sku__account=account, refused=False).delete()
    return why_not


def refuse(proposals: QuerySet[Proposal]) -> int:
    """Never propose these again."""
    return proposals.order_by().filter(refused=False).update(refused=True)


def think_better_of(proposals: QuerySet[Proposal]) -> int:
    """Propose these again."""
    return proposals.order_by().filter(refused=True).update(refused=False)
