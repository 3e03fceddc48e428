"""Which listings want something sent: one pass over the shop's offers, in constant memory.

The pass only looks; what is found is looked at again, afresh, right before it is sent.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from django_amazon_sync.data import Offer
from django_amazon_sync.models import Listing, Outcome, Presence, SellerSku
from django_amazon_sync.rules.stock import may_leave
from django_amazon_sync.sync.desired import (
    CREATION,
    PRICE,
    QUANTITY,
    Rules,
    creation_key,
    desired,
    differences,
    is_wanted,
)
from django_amazon_sync.sync.holds import units_held
from django_amazon_sync.sync.work import Work

#: Offers that are looked at together, with a fixed number of queries.
CHUNK = 2000

SKU_COLUMNS = (
    "pk",
    "sku",
    "offer_pk",
    "synchronise",
    "asin",
    "set_quantity",
    "channel",
    "stock_epoch",
    "managed",
)
LISTING_COLUMNS = (
    "pk",
    "sku_id",
    "marketplace_id",
    "presence",
    "own_price",
    "accepted",
    "refused",
    "held",
    "approved",
    "quantity_epoch",
)


def _pks() -> array[int]:
    return array("q")


@dataclass
class Survey:
    """A look at the shop's offers, and what it found: pks of listings, the urgent ones apart.

    ``rules`` are by marketplace pk; with ``again`` what Amazon refused counts as new. ``known``
    counts listings with an accepted value, ``moved`` those that would change by more than a fall
    of stock. ``waiting`` are offers whose rise waits for orders.
    """

    work: Work
    rules: dict[int, Rules]
    orders_complete: bool
    again: bool = False
    unread: array[int] = field(default_factory=_pks)
    zeros: array[int] = field(default_factory=_pks)
    changed: array[int] = field(default_factory=_pks)
    absent: array[int] = field(default_factory=_pks)
    waiting: set[str] = field(default_factory=set)
    looked_at: int = 0
    known: int = 0
    moved: int = 0

    def look_at_all(self) -> None:
        """Look at all offers of the account's scope, and at what is gone from it.

        New offers get their rows, and what is wrong with an offer gets its line.
        """
        met = self._look_at_offers(self.work.shop.offers(self.work.account.shop_scope))
        skus = SellerSku.objects.filter(account=self.work.account)
        gone = skus.filter(managed=True)
        if met == skus.exclude(offer_pk="").count():
            gone = gone.filter(offer_pk="")  # each linked row was met with its offer
        self._look_at_gone(gone)

    def look_at_some(self, offer_pks: Sequence[str] = (), skus: Sequence[str] = ()) -> None:
        """Look at these offers, and at those of these SKUs."""
        account, shop = self.work.account, self.work.shop
        linked = SellerSku.objects.filter(account=account, sku__in=skus).exclude(offer_pk="")
        pks = {*offer_pks, *linked.values_list("offer_pk", flat=True)}
        for sku in skus:
            pks.update(offer.pk for offer in shop.find(sku, account.shop_scope))
        self._look_at_offers(shop.offers(account.shop_scope, sorted(pks)))
        named = Q(offer_pk__in=pks) | Q(sku__in=skus)
        self._look_at_gone(SellerSku.objects.filter(named, account=account, managed=True))

    def look_again(self) -> None:
        """Look at the listings that were unread and have been read since."""
        read, self.unread = self.unread, _pks()
        for chunk in chunks(read, CHUNK):
            listings = Listing.objects.filter(pk__in=chunk)
            skus = SellerSku.objects.filter(listings__in=chunk).distinct()
            rows = list(skus.values_list(*SKU_COLUMNS, named=True))
            offers = self._offers_of(rows)
            self._look([(row, offers.get(row.offer_pk)) for row in rows], listings)

    def _look_at_offers(self, offers: Iterable[Offer]) -> int:
        met = 0
        for chunk in chunks(offers, CHUNK):
            rows = take_up(self.work, chunk, list(self.rules))
            met += len(rows)
            self._look([(rows[offer.pk], offer) for offer in chunk if offer.pk in rows])
        return met

    def _look_at_gone(self, skus: QuerySet[SellerSku]) -> None:
        for rows in chunks(skus.values_list(*SKU_COLUMNS, named=True).iterator(), CHUNK):
            there = self._offers_of(rows)
            self._look([(row, None) for row in rows if row.offer_pk not in there])

    def _offers_of(self, rows: list[Any]) -> dict[str, Offer]:
        linked = [row.offer_pk for row in rows if row.offer_pk]
        offers = self.work.shop.offers(self.work.account.shop_scope, linked)
        return {offer.pk: offer for offer in offers}

    def _look(
        self,
        pairs: list[tuple[Any, Offer | None]],
        listings: QuerySet[Listing] | None = None,
    ) -> None:
        """Look at the listings of these SKUs, or at those of ``listings`` only."""
        by_pk = {sku.pk: (sku, offer) for sku, offer in pairs}
        held = units_held(sku.offer_pk for sku, _offer in pairs)
        if listings is None:
            listings = Listing.objects.filter(sku__in=by_pk)
        columns = listings.filter(marketplace__in=self.rules).values_list(
            *LISTING_COLUMNS, named=True
        )
        for listing in columns.order_by("pk").iterator(chunk_size=CHUNK):
            sku, offer = by_pk[listing.sku_id]
            self.looked_at += 1
            self._look_at(sku, listing, offer, held.get(sku.offer_pk, 0))

    def _look_at(self, sku: Any, listing: Any, offer: Offer | None, held: int) -> None:
        rules = self.rules[listing.marketplace_id]
        if listing.presence == Presence.UNREAD:
            if is_wanted(offer, sku, rules):
                self.unread.append(listing.pk)
            return
        want = desired(offer, sku, listing, rules, held=held)
        for problem in want.problems.values():
            self.work.line(Outcome.FAILED, sku=sku.sku, code="offer", message=problem)
        if listing.presence == Presence.ABSENT:
            if offer is not None and is_wanted(offer, sku, rules):
                key = creation_key(offer, sku, want.values.get(PRICE))
                if self.again or listing.refused.get(CREATION) != key:
                    self.absent.append(listing.pk)
            return
        self.known += bool(listing.accepted)
        if changes := differences(want.values, sku, listing, again=self.again):
            self._sort(sku, listing, changes)

    def _sort(self, sku: Any, listing: Any, changes: dict[str, Any]) -> None:
        """Put a listing that differs where it belongs: urgent, waiting for orders, or the rest."""
        accepted, quantity = listing.accepted.get(QUANTITY), changes.get(QUANTITY)
        if quantity == 0:
            self.zeros.append(listing.pk)
        elif quantity is not None and may_leave(
            quantity, accepted=accepted, orders_complete=self.orders_complete
        ):
            self.waiting.add(sku.offer_pk)
            del changes[QUANTITY]
        if changes and quantity != 0:
            self.changed.append(listing.pk)
        explained = listing.quantity_epoch != sku.stock_epoch
        self.moved += bool(changes) and _moves(changes, accepted, explained=explained)


def _moves(changes: dict[str, Any], accepted: int | None, *, explained: bool) -> bool:
    """Whether the change counts for the blast radius: all but falls, and zeros by sales."""
    quantity = changes.get(QUANTITY)
    if set(changes) != {QUANTITY} or quantity is None or accepted is None:
        return True
    if quantity == 0:
        return not explained and accepted != 0
    return bool(quantity > accepted)


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most ``size``, one list at a time."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


# --- Taking up what the shop sells ----------------------------------------------------------------


def take_up(work: Work, offers: list[Offer], marketplaces: list[int]) -> dict[str, Any]:
    """The SKU row of each offer, made where it is missing; with a listing row per marketplace.

    An offer without a SKU, or whose SKU another offer has, gets a line and no row.
    """
    rows = _rows(work, offers)
    strange = [offer for offer in offers if _is_strange(offer, rows.get(offer.pk))]
    if strange:
        _link(work, strange)
        rows = _rows(work, offers)
    _add_listings(work, rows, marketplaces)
    return {
        offer.pk: rows[offer.pk]
        for offer in offers
        if offer.pk in rows and rows[offer.pk].sku == offer.sku
    }


def _rows(work: Work, offers: list[Offer]) -> dict[str, Any]:
    rows = SellerSku.objects.filter(
        account=work.account, offer_pk__in=[offer.pk for offer in offers]
    )
    return {row.offer_pk: row for row in rows.values_list(*SKU_COLUMNS, named=True)}


def _is_strange(offer: Offer, row: Any) -> bool:
    return row is None or row.sku != offer.sku


def _link(work: Work, offers: list[Offer]) -> None:
    """Link offers that are new, or whose SKU changed, to the rows of their SKUs."""
    longest = SellerSku._meta.get_field("sku").max_length or 0
    by_sku: dict[str, Offer] = {}
    for offer in offers:
        if not 0 < len(offer.sku) <= longest:
            message = (
                f"Offer {offer.pk} has a SKU of {len(offer.sku)} characters; "
                f"give it one of 1 to {longest}."
            )
            work.line(Outcome.FAILED, sku=offer.sku[:longest], code="sku", message=message)
        elif offer.sku in by_sku:
            _clash(work, offer, by_sku[offer.sku].pk)
        else:
            by_sku[offer.sku] = offer
    known = {row.sku: row for row in SellerSku.objects.filter(account=work.account, sku__in=by_sku)}
    others = [row.offer_pk for row in known.values() if row.offer_pk]
    alive = {offer.pk: offer.sku for offer in work.shop.offers(work.account.shop_scope, others)}
    _unlink_renamed(work, by_sku)
    new = []
    for sku, offer in by_sku.items():
        row = known.get(sku)
        if row is None:
            new.append(SellerSku(account=work.account, sku=sku, offer_pk=offer.pk))
        elif row.offer_pk != offer.pk and alive.get(row.offer_pk) == sku:
            _clash(work, offer, row.offer_pk)
        else:
            SellerSku.objects.filter(pk=row.pk).update(offer_pk=offer.pk, problem="")
    SellerSku.objects.bulk_create(new, ignore_conflicts=True)


def _unlink_renamed(work: Work, by_sku: dict[str, Offer]) -> None:
    """A SKU that the shop gave up goes to zero and is kept."""
    offers = {offer.pk: offer.sku for offer in by_sku.values()}
    renamed = SellerSku.objects.filter(account=work.account, offer_pk__in=offers)
    for row in renamed:
        if row.sku != offers[row.offer_pk]:
            row.problem = f"The shop's offer {row.offer_pk} has the SKU {offers[row.offer_pk]} now."
            row.offer_pk = ""
            row.save(update_fields=["offer_pk", "problem"])


def _clash(work: Work, offer: Offer, other: str) -> None:
    message = (
        f"The offers {other} and {offer.pk} have the same SKU; {other} is sent, {offer.pk} is not. "
        "Give one of them another SKU."
    )
    work.line(Outcome.FAILED, sku=offer.sku, code="sku", message=message)


def _add_listings(work: Work, rows: dict[str, Any], marketplaces: list[int]) -> None:
    """A listing row for each synchronised SKU in each marketplace, where it is missing."""
    wanted = [
        row.pk
        for row in rows.values()
        if (work.account.synchronise_all if row.synchronise is None else row.synchronise)
    ]
    there = set(
        Listing.objects.filter(sku__in=wanted, marketplace__in=marketplaces).values_list(
            "sku_id", "marketplace_id"
        )
    )
    if len(there) == len(wanted) * len(marketplaces):
        return
    Listing.objects.bulk_create(
        [
            Listing(sku_id=sku, marketplace_id=marketplace)
            for sku in wanted
            for marketplace in marketplaces
            if (sku, marketplace) not in there
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
