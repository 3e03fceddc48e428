"""Which listings need something sent: one pass over the shop's offers, in constant memory.

The pass only looks; what is found is looked at again, afresh, right before it is sent.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from json import JSONDecoder
from typing import NamedTuple, Protocol, TypeGuard

from django.db.models import F, FilteredRelation, Q, QuerySet, TextField
from django.db.models.functions import Cast, Length

from django_amazon_sync import conf
from django_amazon_sync.data import FieldValues, Offer
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    Listing,
    Outcome,
    Presence,
    SellerAccount,
    SellerSku,
    amazon_ships,
)
from django_amazon_sync.rules import blast_radius
from django_amazon_sync.rules.stock import may_leave
from django_amazon_sync.sync.listings.in_flight import not_on_its_way, values_in_feeds
from django_amazon_sync.sync.offers.desired import (
    CREATION,
    Chosen,
    Rules,
    Stops,
    creation_key,
    desired,
    is_wanted,
    not_accepted,
    not_stopped,
    sku_is_of_offer,
    why_not_wanted,
)
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY, paid, quantity_in
from django_amazon_sync.sync.offers.identifiers import with_own
from django_amazon_sync.sync.offers.reserved_units import units_held
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks, update_rows
from django_amazon_sync.sync.runs.work import Work

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
    "matched",
    "problem",
    "own_of_sku",
)
LISTING_COLUMNS = (
    "marketplace_id",
    "presence",
    "synchronise_here",
    "own_price",
    "own_here",
    "switches",
    "locked",
    "accepted",
    "quantity_epoch",
)
#: A SKU and its listings have a column of this name; here they are told apart.
RENAMED = {"own_of_sku": "own_values", "own_here": "own_values"}

#: What keeps a listing from being sent; looked up for those only that differ.
STOPS = ("refused", "held", "approved", "drift")


class SkuRow(Protocol):
    """What ``rows_of`` reads of a SKU; mappings are texts of JSON.

    ``listing_pk`` and what follows are None where it has no listing in these marketplaces.
    """

    pk: int
    sku: str
    offer_pk: str
    synchronise: bool | None
    asin: str
    set_quantity: int | None
    channel: str
    stock_epoch: int
    managed: bool
    matched: bool
    problem: str
    own_of_sku: str

    @property
    def listing_pk(self) -> int | None: ...
    @property
    def marketplace_id(self) -> int | None: ...


class ListingRow(SkuRow, Protocol):
    """The row of a SKU that has the listing, with what is read of that."""

    @property
    def listing_pk(self) -> int: ...
    @property
    def marketplace_id(self) -> int: ...

    presence: str
    synchronise_here: bool | None
    own_price: Decimal | None
    own_here: str
    switches: str
    locked: bool
    accepted: str
    quantity_epoch: int


def has_listing(row: SkuRow) -> TypeGuard[ListingRow]:
    """Whether the row has a listing."""
    return row.listing_pk is not None


class StopsRow(Stops, Protocol):
    """The columns of a listing that say what keeps it from being sent."""

    @property
    def pk(self) -> int: ...


class Differing(NamedTuple):
    """A listing that should get other values than Amazon accepted."""

    row: ListingRow
    offer: Offer | None
    values: FieldValues


_decoder = JSONDecoder()


def _pks() -> array[int]:
    return array("q")


@dataclass
class Survey:
    """A look at the shop's offers, and what it found: pks of listings, the urgent ones apart.

    ``rules`` are by marketplace pk; with ``include_refused`` what Amazon refused counts as new.
    ``known`` counts listings with an accepted value, ``moved`` those that would change by more than
    a fall of stock. ``waiting`` are offers whose rise waits for orders.
    """

    work: Work
    rules: dict[int, Rules]
    orders_complete: bool
    include_refused: bool = False
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
        offers = self.work.shop.offers(self.work.account.shop_scope)
        met = self._look_at_offers(offers, units_held())
        skus = SellerSku.objects.filter(account=self.work.account)
        gone = skus.filter(managed=True)
        if met == skus.exclude(offer_pk="").count():
            gone = gone.filter(offer_pk="")  # each linked row was met with its offer
        self._look_at_gone(gone)

    def look_at_some(self, offer_pks: Sequence[str] = (), skus: Sequence[str] = ()) -> None:
        """Look at these offers, and at those of these SKUs."""
        account, shop = self.work.account, self.work.shop
        ours = SellerSku.objects.filter(account=account)
        pks = set(offer_pks)
        for sku in skus:
            pks.update(offer.pk for offer in shop.find(sku, account.shop_scope))
        for some in chunks(skus, OFFERS_PER_CHUNK):
            named = ours.filter(sku__in=some)
            pks.update(named.exclude(offer_pk="").values_list("offer_pk", flat=True))
            self._look_at_gone(named.filter(managed=True, offer_pk=""))
        for some in chunks(sorted(pks), OFFERS_PER_CHUNK):
            self._look_at_offers(shop.offers(account.shop_scope, some), units_held(some))
            self._look_at_gone(ours.filter(managed=True, offer_pk__in=some))

    def look_at_selected(self) -> None:
        """Look at the offers of the SKUs that staff chose for the run, however many."""
        account, shop = self.work.account, self.work.shop
        ours = SellerSku.objects.filter(account=account)
        for names in selection.skus_in_chunks(self.work.run):
            chosen = ours.filter(sku__in=names)
            linked = chosen.exclude(offer_pk="").order_by("offer_pk")
            pks = list(linked.values_list("offer_pk", flat=True).distinct())
            offers = shop.offers(account.shop_scope, pks)
            self._look_at_offers(offers, units_held(pks), frozenset(names))
            self._look_at_gone(chosen.filter(managed=True))
        self._look_at_offers(self._selected_and_new(), units_held())

    def _selected_and_new(self) -> Iterator[Offer]:
        """The shop's offers of the chosen SKUs that no row was linked to yet."""
        work = self.work
        waiting = selection.within(
            work.run, SellerSku.objects.filter(account=work.account, offer_pk="")
        )
        if not waiting.exists():
            return
        for offers in chunks(work.shop.offers(work.account.shop_scope), OFFERS_PER_CHUNK):
            skus = waiting.filter(sku__in=[offer.sku for offer in offers])
            names = set(skus.values_list("sku", flat=True))
            new = [offer for offer in offers if offer.sku in names]
            linked = SellerSku.objects.filter(
                account=work.account, offer_pk__in=[offer.pk for offer in new]
            )
            known = set(linked.values_list("offer_pk", flat=True))
            yield from (offer for offer in new if offer.pk not in known)

    def look_again(self) -> None:
        """Look at the listings that were unread and have been read since."""
        read, self.unread = self.unread, _pks()
        self.looked_at -= len(read)  # each counts once
        for chunk in chunks(read, OFFERS_PER_CHUNK):
            skus = Listing.objects.filter(pk__in=chunk).values("sku")
            rows = list(rows_of(SellerSku.objects.filter(pk__in=skus), self.rules))
            offers = self._offers_of(rows)
            read_now = set(chunk)
            rows = [row for row in rows if row.listing_pk in read_now]
            self._look(rows, offers, units_held(offers))

    def _look_at_offers(
        self, offers: Iterable[Offer], held: dict[str, int], only: Collection[str] = ()
    ) -> int:
        """Look at these offers; at ``only`` these of their SKUs, so that each is met once."""
        met = 0
        with gc_frozen():
            for chunk in chunks(offers if self.rules else (), OFFERS_PER_CHUNK):
                by_pk = {offer.pk: offer for offer in chunk}
                rows = take_up(self.work, by_pk, self.rules)
                rows = [row for row in rows if row.sku in only] if only else rows
                met += len({row.pk for row in rows})
                self._look(rows, by_pk, held)
        return met

    def _look_at_gone(self, skus: QuerySet[SellerSku]) -> None:
        for pks in chunks(skus.values_list("pk", flat=True).iterator(), OFFERS_PER_CHUNK):
            rows = list(rows_of(SellerSku.objects.filter(pk__in=pks), self.rules))
            there = self._offers_of(rows)
            self._look([row for row in rows if row.offer_pk not in there], {}, {})

    def _offers_of(self, rows: Iterable[SkuRow]) -> dict[str, Offer]:
        linked = {row.offer_pk for row in rows if row.offer_pk}
        offers = self.work.shop.offers(self.work.account.shop_scope, linked)
        return {offer.pk: offer for offer in offers}

    def _look(self, rows: Sequence[SkuRow], offers: dict[str, Offer], held: dict[str, int]) -> None:
        """Look at these listings; offers and units held are by the offer's pk."""
        differing: list[Differing] = []
        problems: dict[int, list[str]] = {}
        for row in filter(has_listing, rows):
            self.looked_at += 1
            offer = offers.get(row.offer_pk)
            values = self._look_at(row, offer, held.get(row.offer_pk, 0), problems)
            if values is not None:
                differing.append(Differing(row, offer, values))
        keep_problems([row for row in rows if row.offer_pk in offers], problems)
        in_feeds = values_in_feeds(row.listing_pk for row, _offer, _values in differing)
        absent = [offers[r.offer_pk] for r, _o, _v in differing if r.presence == Presence.ABSENT]
        with_codes = {offer.pk: offer for offer in with_own(absent)} if absent else {}
        for (row, offer, values), stops in with_stops(differing):
            values = not_on_its_way(values, in_feeds.get(row.listing_pk, ()), row.stock_epoch)
            if row.presence == Presence.ABSENT:
                self._see_absent(row, with_codes[row.offer_pk], values, stops)
            elif changes := not_stopped(
                values,
                stops,
                include_refused=self.include_refused,
                wins=self.rules[row.marketplace_id].amazon_wins,
            ):
                self._sort(row, offer, changes, stops.approved)

    def _look_at(
        self, row: ListingRow, offer: Offer | None, held: int, problems: dict[int, list[str]]
    ) -> FieldValues | None:
        """The values that this listing should get, or None where nothing is to be done."""
        rules = self.rules[row.marketplace_id]
        wanted = is_wanted(offer, row, rules)
        if not wanted:
            problems.setdefault(row.pk, []).append(why_not_wanted(offer))
        if row.presence == Presence.UNREAD:
            if wanted:
                self.unread.append(row.listing_pk)
            return None
        accepted = values_in(row.accepted)
        chosen = chosen_in(row)
        want = desired(offer, row, row, rules, held=held, chosen=chosen, accepted=accepted)
        for problem in want.problems.values():
            about = {"sku": row.sku, "marketplace": rules.code}
            self.work.line(Outcome.FAILED, **about, code=Code.OFFER, message=problem)
            problems.setdefault(row.pk, []).append(problem)
        if row.presence == Presence.ABSENT:
            can_be_made = (
                wanted
                and row.synchronise_here is not False
                and not want.problems
                and not amazon_ships(row.channel)
            )
            return want.values if can_be_made else None
        doubted = row.quantity_epoch != row.stock_epoch
        self.known += bool(accepted)
        if want.values == accepted and not doubted:
            return None  # as nearly all are
        return not_accepted(want.values, accepted, doubted=doubted) or None

    def _see_absent(self, row: ListingRow, offer: Offer, values: FieldValues, stops: Stops) -> None:
        key = creation_key(offer, row, values)
        if self.include_refused or stops.refused.get(CREATION) != key:
            self.absent.append(row.listing_pk)

    def _sort(
        self, row: ListingRow, offer: Offer | None, changes: FieldValues, approved: FieldValues
    ) -> None:
        """Put a listing that differs where it belongs: urgent, waiting for orders, or the rest.

        What staff approved never counts as too much, nor does a price that goes with its rate.
        """
        before = values_in(row.accepted)
        accepted, quantity = quantity_in(before), quantity_in(changes)
        if quantity == 0:
            self.zeros.append(row.listing_pk)
        elif quantity is not None and may_leave(
            quantity, accepted=accepted, orders_complete=self.orders_complete
        ):
            self.waiting.add(row.offer_pk)
            del changes[QUANTITY]
        if changes and quantity != 0:
            self.changed.append(row.listing_pk)
        explained = row.quantity_epoch != row.stock_epoch
        surprises = {name: new for name, new in changes.items() if approved.get(name) != new}
        if PRICE in surprises and self._goes_with_the_rate(row, offer, before, surprises):
            del surprises[PRICE]
        self.moved += bool(surprises) and _moves(surprises, accepted, explained=explained)

    def _goes_with_the_rate(
        self, row: ListingRow, offer: Offer | None, before: FieldValues, changes: FieldValues
    ) -> bool:
        """Whether the new price is a converted one, and moves no more than rates do."""
        rule = self.rules[row.marketplace_id].price
        if offer is None or row.own_price is not None or not rule.converts(offer.price):
            return False
        new = paid(changes, PRICE)
        return new is not None and blast_radius.goes_with_the_rate(
            paid(before, PRICE), new, percent=conf.get("RATES_MOVE_PERCENT")
        )


def _moves(changes: FieldValues, accepted: int | None, *, explained: bool) -> bool:
    """Whether the change counts for the blast radius: all but falls, and zeros by sales."""
    quantity = quantity_in(changes)
    if set(changes) != {QUANTITY} or quantity is None or accepted is None:
        return True
    if quantity == 0:
        return not explained and accepted != 0
    return quantity > accepted


@contextmanager
def gc_frozen() -> Iterator[None]:
    """Keep the garbage collector from going through all that is loaded, again and again.

    The chunks that come and go make it look at everything, which took a third of the time.
    """
    if gc.get_freeze_count():  # the host did so already, and means it to last
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


# --- The rows -----------------------------------------------------------------------------------


def rows_of(skus: QuerySet[SellerSku], marketplaces: Iterable[int]) -> QuerySet[SellerSku, SkuRow]:
    """SKUs and their listings in these marketplaces, in one query and ordered by listing.

    A row for each listing (``listing_pk``), and one with None for a SKU that has none there.
    Mappings are texts: ``values_in`` reads ``accepted``, ``chosen_in`` what staff chose.
    """
    here = FilteredRelation("listings", condition=Q(listings__marketplace__in=list(marketplaces)))
    of_listing: dict[str, F | Cast] = {
        name: F(f"here__{RENAMED.get(name, name)}") for name in LISTING_COLUMNS
    }
    for name in ("accepted", "own_here", "switches"):
        of_listing[name] = Cast(of_listing[name], TextField())
    of_listing["own_of_sku"] = Cast("own_values", TextField())
    joined = skus.annotate(here=here).annotate(listing_pk=F("here__pk"), **of_listing)
    columns = (*SKU_COLUMNS, "listing_pk", *LISTING_COLUMNS)
    return joined.order_by("listing_pk").values_list(*columns, named=True)


def values_in(text: str) -> FieldValues:
    """A mapping of values from its JSON; four times as fast as Django's own way to it."""
    values: FieldValues = _decoder.raw_decode(text)[0]
    return values


#: What staff chose for nearly all listings.
_NOTHING = Chosen()


def chosen_in(row: ListingRow) -> Chosen:
    """What staff chose in a row of ``rows_of``."""
    texts = (row.own_of_sku, row.own_here, row.switches)
    if texts == _EMPTY and not row.locked:
        return _NOTHING
    of_sku, here = values_in(row.own_of_sku or "{}"), values_in(row.own_here or "{}")
    switches: dict[str, bool] = _decoder.raw_decode(row.switches or "{}")[0]
    return Chosen({**of_sku, **here}, switches, bool(row.locked))


_EMPTY = ("{}", "{}", "{}")


def rows_of_offers(
    account: SellerAccount, offers: Collection[str], marketplaces: Collection[int]
) -> list[SkuRow]:
    """The rows of the account's SKUs that are linked to these offers (pks)."""
    skus = SellerSku.objects.filter(account=account)
    rows = _rows_of_neighbours(skus, offers, marketplaces)
    if missing := set(offers).difference([row.offer_pk for row in rows]):
        rows += rows_of(skus.filter(offer_pk__in=missing), marketplaces)
    return rows


def _rows_of_neighbours(
    skus: QuerySet[SellerSku], offers: Collection[str], marketplaces: Collection[int]
) -> list[SkuRow]:
    """The rows of those offers that a few ranges of pks hold; there may be others.

    Offers come ordered by pk, so those of a chunk stand side by side, and the database finds a
    range in a fraction of the time that it takes to look for a thousand pks one by one.
    """
    found: list[SkuRow] = []
    most = 2 * len(offers) * len(marketplaces)
    for digits in sorted({len(pk) for pk in offers}):
        pks = [pk for pk in offers if len(pk) == digits]
        between = skus.alias(digits=Length("offer_pk")).filter(
            digits=digits, offer_pk__gte=min(pks), offer_pk__lte=max(pks)
        )
        rows = list(rows_of(between, marketplaces)[:most])
        if len(rows) < most:  # else the last SKU may be there in part
            found += rows
    return [row for row in found if row.offer_pk in offers]


def with_stops(differing: Sequence[Differing]) -> Iterator[tuple[Differing, Stops]]:
    """Each with what Amazon refused, what waits for approval and what is approved of it."""
    pks = [row.listing_pk for row, _offer, _values in differing]
    found: QuerySet[Listing, StopsRow] = Listing.objects.filter(pk__in=pks).values_list(
        "pk", *STOPS, named=True
    )
    stops = {row.pk: row for row in found}
    for listing in differing:
        if listing.row.listing_pk in stops:
            yield listing, stops[listing.row.listing_pk]


def keep_problems(rows: Iterable[SkuRow], problems: dict[int, list[str]]) -> None:
    """Keep beside each SKU what is wrong with its offer in the shop, and forget what was mended."""
    texts = {
        row.pk: " ".join(dict.fromkeys(problems.get(row.pk, ())))
        for row in rows
        if row.problem or row.pk in problems
    }
    changed = {row.pk for row in rows if row.pk in texts and texts[row.pk] != row.problem}
    update_rows([SellerSku(pk=pk, problem=texts[pk]) for pk in sorted(changed)], ["problem"])


# --- Taking up what the shop sells ----------------------------------------------------------------


def take_up(work: Work, offers: dict[str, Offer], marketplaces: Collection[int]) -> list[SkuRow]:
    """The rows of these offers (by pk), made where they are missing; see ``rows_of``.

    An offer without a SKU, or whose SKU another offer has, gets a line and no row.
    """
    rows = _own_rows(work, offers, marketplaces)
    linked = {row.offer_pk for row in rows}
    if len(linked) < len(offers):
        _link(work, [offer for offer in offers.values() if offer.pk not in linked])
        rows = _own_rows(work, offers, marketplaces)
    if _add_listings(work, rows, marketplaces):
        rows = _own_rows(work, offers, marketplaces)
    return rows


def _own_rows(work: Work, offers: dict[str, Offer], marketplaces: Collection[int]) -> list[SkuRow]:
    rows = rows_of_offers(work.account, offers, marketplaces)
    return [row for row in rows if sku_is_of_offer(row, offers[row.offer_pk])]


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
            work.line(Outcome.FAILED, sku=offer.sku[:longest], code=Code.SKU, message=message)
        elif offer.sku in by_sku:
            _clash(work, offer, by_sku[offer.sku].pk)
        else:
            by_sku[offer.sku] = offer
    known = {row.sku: row for row in SellerSku.objects.filter(account=work.account, sku__in=by_sku)}
    others = [row.offer_pk for row in known.values() if row.offer_pk]
    alive = {offer.pk: offer.sku for offer in work.shop.offers(work.account.shop_scope, others)}
    _unlink_renamed(work, by_sku)
    new, linked = [], []
    for sku, offer in by_sku.items():
        row = known.get(sku)
        if row is None:
            new.append(SellerSku(account=work.account, sku=sku, offer_pk=offer.pk))
        elif row.offer_pk != offer.pk and alive.get(row.offer_pk) == sku:
            _clash(work, offer, row.offer_pk)
        else:
            row.offer_pk, row.problem = offer.pk, ""
            linked.append(row)
    update_rows(linked, ["offer_pk", "problem"])
    SellerSku.objects.bulk_create(new, ignore_conflicts=True)


def _unlink_renamed(work: Work, by_sku: dict[str, Offer]) -> None:
    """A SKU that the shop gave up goes to zero and is kept."""
    offers = {offer.pk: offer.sku for offer in by_sku.values()}
    renamed = SellerSku.objects.filter(account=work.account, offer_pk__in=offers)
    for row in renamed:
        if not row.matched and row.sku != offers[row.offer_pk]:
            row.problem = f"The shop's offer {row.offer_pk} has the SKU {offers[row.offer_pk]} now."
            row.offer_pk = ""
            row.save(update_fields=["offer_pk", "problem"])


def _clash(work: Work, offer: Offer, other: str) -> None:
    message = (
        f"The offers {other} and {offer.pk} have the same SKU; {other} is sent, {offer.pk} is not. "
        "Give one of them another SKU."
    )
    work.line(Outcome.FAILED, sku=offer.sku, code=Code.SKU, message=message)


def _add_listings(work: Work, rows: Sequence[SkuRow], marketplaces: Iterable[int]) -> bool:
    """A listing row for each synchronised SKU in each marketplace; whether any was missing."""
    everything = work.account.synchronise_all
    # In the order of the rows, each once: a set would make it depend on the numbers that pks are.
    wanted = dict.fromkeys(
        row.pk for row in rows if (everything if row.synchronise is None else row.synchronise)
    )
    there = {(row.pk, row.marketplace_id) for row in rows}
    missing = [
        Listing(sku_id=sku, marketplace_id=marketplace)
        for marketplace in marketplaces
        for sku in wanted
        if (sku, marketplace) not in there
    ]
    Listing.objects.bulk_create(missing, ignore_conflicts=True, batch_size=500)
    return bool(missing)
