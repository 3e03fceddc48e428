"""Which listings need something sent: one pass over the shop's offers, in constant memory.

The pass only looks; what is found is looked at again, afresh, right before it is sent.
"""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import chain
from json import JSONDecoder
from typing import NamedTuple, Protocol, TypeGuard

from django.db.models import F, FilteredRelation, Q, QuerySet, TextField
from django.db.models.functions import Cast, Length

from django_amazon_sync import clock, conf
from django_amazon_sync.data import FieldValues, Offer
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    AccountState,
    Listing,
    Outcome,
    Presence,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.models.listings import STATE
from django_amazon_sync.rules.decision import Act, Circumstances, Decision
from django_amazon_sync.rules.listing_state import CREATION, State
from django_amazon_sync.sync.export.by_name import link_named, unlink_renamed
from django_amazon_sync.sync.listings import claims, state
from django_amazon_sync.sync.listings.decide import Known, decide
from django_amazon_sync.sync.listings.in_flight import in_feeds, of
from django_amazon_sync.sync.listings.looks import look_at
from django_amazon_sync.sync.offers.desired import (
    Chosen,
    Desired,
    Rules,
    can_be_made,
    creation_key,
    desired,
    is_wanted,
    not_believed,
    note_absence,
    note_presence,
    sku_is_of_offer,
    why_not_wanted,
)
from django_amazon_sync.sync.offers.fields import QUANTITY, quantity_in
from django_amazon_sync.sync.offers.identifiers import with_own
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders.up_to_date import sold_elsewhere_perhaps
from django_amazon_sync.sync.runs import selection
from django_amazon_sync.sync.runs.bulk import (
    OFFERS_PER_CHUNK,
    chunks,
    in_pages,
    update_found,
    update_rows,
)
from django_amazon_sync.sync.runs.work import Work

SKU_COLUMNS = (
    "pk",
    "sku",
    "offer_pk",
    "synchronise",
    "asin",
    "set_quantity",
    "channel",
    "stock_version",
    "explained_version",
    "managed",
    "sold_here",
    "matched",
    "gone_since",
    "problem",
    "own_of_sku",
)
LISTING_COLUMNS = (
    "marketplace_id",
    "presence",
    "synchronise_here",
    "end_offer",
    "own_price",
    "own_here",
    "switches",
    "locked",
    "believed",
    "quantity_version",
)
#: A SKU and its listings have a column of this name; here they are told apart.
RENAMED = {"own_of_sku": "own_values", "own_here": "own_values"}


#: What goes to zero once the shop has it no more: it was sent, or sold here.
OURS = Q(managed=True) | Q(sold_here=True)


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
    stock_version: int
    explained_version: int
    managed: bool
    sold_here: bool
    matched: bool
    gone_since: datetime | None
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
    end_offer: bool
    own_price: Decimal | None
    own_here: str
    switches: str
    locked: bool
    believed: str
    quantity_version: int


def has_listing(row: SkuRow) -> TypeGuard[ListingRow]:
    """Whether the row has a listing."""
    return row.listing_pk is not None


class StateRow(State, Protocol):
    """The state of a listing, as read for those that differ."""

    @property
    def pk(self) -> int: ...


class Differing(NamedTuple):
    """A listing that should get other values than are believed of it."""

    row: ListingRow
    offer: Offer | None
    values: FieldValues


_decoder = JSONDecoder()


def _pks() -> array[int]:
    return array("q")


@dataclass
class Survey:
    """A look at the shop's offers, and what it found: pks of listings, the urgent ones apart.

    ``rules`` are by marketplace pk; with ``include_refused`` what Amazon refused counts as new, but
    for the listings (pk) in ``tried``, which this run has tried already.
    ``falls`` are (quantity, pk). ``moves`` are those that each guard would count, and
    ``held_again`` those that it holds already. ``waiting`` are offers that wait for orders.
    """

    work: Work
    rules: dict[int, Rules]
    orders_complete: bool
    include_refused: bool = False
    tried: Collection[int] = frozenset()
    unread: array[int] = field(default_factory=_pks)
    zeros: array[int] = field(default_factory=_pks)
    falls: list[tuple[int, int]] = field(default_factory=list)
    changed: array[int] = field(default_factory=_pks)
    absent: array[int] = field(default_factory=_pks)
    waiting: set[str] = field(default_factory=set)
    moves: dict[str, array[int]] = field(default_factory=lambda: defaultdict(_pks))
    held_again: dict[str, list[tuple[int, int | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    held_back: dict[str, str] = field(default_factory=dict)
    looked_at: int = 0

    def release(self, held_back: dict[str, str]) -> None:
        """Let leave what guards held and that is little by now: all but these kinds."""
        self.held_back = held_back
        left = sorted(self.held_again.keys() - held_back.keys())
        for pk, quantity in dict(
            chain.from_iterable(self.held_again[kind] for kind in left)
        ).items():
            (self.zeros if quantity == 0 else self.changed).append(pk)

    def look_at_all(self) -> None:
        """Survey all offers of the account's scope, and what is gone from it.

        New offers get their rows, and what is wrong with an offer gets its line. Where the shop
        yields less than half of what it did, nothing is gone: the shop is broken, not sold out.
        """
        began = clock.now()
        offers = self.work.shop.offers(self.work.account.shop_scope)
        met = self._look_at_offers(offers, units_reserved())
        skus = SellerSku.objects.filter(account=self.work.account)
        linked = skus.exclude(offer_pk="").count()
        if met * 2 < linked:
            few = Message(Code.FEW_OFFERS, count=met, known=linked)
            self.work.line(Outcome.FAILED, code=few.code, message=str(few))
            return
        if self.rules:
            claims.forget_ended(self.work.account, began)
        gone = skus.filter(OURS)
        if met == linked:
            gone = gone.filter(offer_pk="")  # each linked row was met with its offer
        self._look_at_gone(gone, told=False)

    def look_at_some(
        self,
        offer_pks: Iterable[str] = (),
        skus: Iterable[str] = (),
        *,
        told: Collection[str] | None = None,
    ) -> None:
        """Look at these offers, and at those of these SKUs: whoever looked at them before sends
        nothing of them any more.

        The shop ``told`` of these offers itself, so that one which is gone is gone; None: of all,
        or staff named them.
        """
        account, shop = self.work.account, self.work.shop
        ours = SellerSku.objects.filter(account=account)
        pks, skus = set(offer_pks), list(skus)
        for sku in skus:
            pks.update(offer.pk for offer in shop.find(sku, account.shop_scope))
        for some in chunks(skus, OFFERS_PER_CHUNK):
            of_names = ours.filter(sku__in=some)
            pks.update(of_names.exclude(offer_pk="").values_list("offer_pk", flat=True))
            self._take_look(of_names)
            self._look_at_gone(of_names.filter(OURS, offer_pk=""), told=told is None)
        for some in chunks(sorted(pks), OFFERS_PER_CHUNK):
            self._take_look(ours.filter(offer_pk__in=some))
            self._look_at_offers(shop.offers(account.shop_scope, some), units_reserved(some))
            given_up = Q(offer_pk="", former_offer_pk__in=some)
            concerned = ours.filter(OURS, Q(offer_pk__in=some) | given_up)
            named = Q(offer_pk="") | Q(offer_pk__in=some if told is None else told)
            self._look_at_gone(concerned.filter(named), told=True)
            self._look_at_gone(concerned.exclude(named), told=False)

    def _take_look(self, skus: QuerySet[SellerSku]) -> None:
        if not self.work.run.dry_run:
            look_at(list(skus.values_list("pk", flat=True)))

    def look_at_selected(self) -> None:
        """Look at the offers of the SKUs that staff chose for the run, however many."""
        account, shop = self.work.account, self.work.shop
        ours = SellerSku.objects.filter(account=account)
        for names in selection.skus_in_chunks(self.work.run):
            chosen = ours.filter(sku__in=names)
            linked = chosen.exclude(offer_pk="").order_by("offer_pk")
            pks = list(linked.values_list("offer_pk", flat=True).distinct())
            offers = shop.offers(account.shop_scope, pks)
            self._look_at_offers(offers, units_reserved(pks), frozenset(names))
            self._look_at_gone(chosen.filter(OURS), told=True)
        self._look_at_offers(self._selected_and_new(), units_reserved())

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
            self._look(rows, offers, units_reserved(offers))

    def _look_at_offers(
        self, offers: Iterable[Offer], reserved: dict[str, int], only: Collection[str] = ()
    ) -> int:
        """Look at these offers; at ``only`` these of their SKUs, so that each is met once."""
        met = 0
        with gc_frozen():
            for chunk in chunks(offers if self.rules else (), OFFERS_PER_CHUNK):
                by_pk = {offer.pk: offer for offer in chunk}
                self.work.lease.check()  # a survey of many offers takes its time
                rows = take_up(self.work, by_pk, self.rules)
                rows = [row for row in rows if row.sku in only] if only else rows
                met += len({row.pk for row in rows})
                self._look(rows, by_pk, reserved)
        return met

    def _look_at_gone(self, skus: QuerySet[SellerSku], *, told: bool) -> None:
        """Look at those of these SKUs whose offers the shop has no more; ``told``: it said so, or
        staff chose them."""
        for pks in chunks(in_pages(skus.values_list("pk", flat=True)), OFFERS_PER_CHUNK):
            rows = list(rows_of(SellerSku.objects.filter(pk__in=pks), self.rules))
            there = self._offers_of(rows)
            gone = [row for row in rows if row.offer_pk not in there]
            if not self.work.run.dry_run:
                note_absence({row.pk for row in gone if row.offer_pk}, told=told)
                again = SellerSku.objects.filter(pk__in={row.pk for row in gone})
                gone = list(rows_of(again, self.rules))
            self._look(gone, {}, {})

    def _offers_of(self, rows: Iterable[SkuRow]) -> dict[str, Offer]:
        linked = {row.offer_pk for row in rows if row.offer_pk}
        offers = self.work.shop.offers(self.work.account.shop_scope, linked)
        return {offer.pk: offer for offer in offers}

    def _look(
        self, rows: Sequence[SkuRow], offers: dict[str, Offer], reserved: dict[str, int]
    ) -> None:
        """Look at these listings; offers and units reserved are by the offer's pk."""
        differing: list[Differing] = []
        problems: dict[int, list[str]] = {}
        with_stops: dict[int, Desired] = {}
        met = list(filter(has_listing, rows))
        self._keep_sold_here(met, offers)
        if not self.work.run.dry_run:
            note_presence({row.pk for row in met if row.gone_since and row.offer_pk in offers})
        for row in met:
            self.looked_at += 1
            offer = offers.get(row.offer_pk)
            want = self._desired(row, offer, reserved.get(row.offer_pk, 0), problems)
            if want is None:
                continue
            if row.listing_pk in self._with_stops:
                with_stops[row.listing_pk] = want
            if values := _differing(row, want):
                differing.append(Differing(row, offer, values))
        keep_problems([row for row in rows if row.offer_pk in offers], problems)
        if not self.work.run.dry_run:
            state.desired_is(with_stops)
        self._sort_all(differing, offers)

    def _sort_all(self, differing: Sequence[Differing], offers: dict[str, Offer]) -> None:
        """Put what differs where it belongs."""
        carried = in_feeds([each.row.listing_pk for each in differing])
        absent = [offers[d.row.offer_pk] for d in differing if d.row.presence == Presence.ABSENT]
        with_codes = {offer.pk: offer for offer in with_own(absent)} if absent else {}
        for each, its_state in with_states(differing):
            row = each.row
            if row.presence == Presence.ABSENT:
                self._see_absent(row, with_codes[row.offer_pk], each.values, its_state)
                continue
            names = of(carried, row.listing_pk).without(each.values, row.stock_version)
            values = {name: value for name, value in each.values.items() if name in names}
            if values:
                self._sort(each, values, its_state)

    def _keep_sold_here(self, rows: Sequence[ListingRow], offers: dict[str, Offer]) -> None:
        """What is sold from the shop is ours from now on: once gone from it, it goes to zero."""
        if self.work.run.dry_run or self.work.account.state != AccountState.LIVE:
            return
        new = {
            row.pk
            for row in rows
            if not row.sold_here
            and is_wanted(offers.get(row.offer_pk), row, self.rules[row.marketplace_id])
        }
        if new:
            update_found(SellerSku.objects.filter(pk__in=new), sold_here=True)

    def _desired(
        self, row: ListingRow, offer: Offer | None, reserved: int, problems: dict[int, list[str]]
    ) -> Desired | None:
        """What Amazon should have of this listing, or None where it has to be read first."""
        rules = self.rules[row.marketplace_id]
        wanted = is_wanted(offer, row, rules)
        if offer is None or not offer.on_sale:  # that it is switched off, its own row says
            problems.setdefault(row.pk, []).append(why_not_wanted(offer))
        if is_unread(row):
            if is_read_first(row, rules, wanted=wanted):
                self.unread.append(row.listing_pk)
            return None
        if row.presence == Presence.ENDED:
            return None
        want = want_of(row, offer, rules, reserved)
        for problem in want.problems.values():
            about = {"sku": row.sku, "marketplace": rules.code}
            self.work.line(Outcome.FAILED, **about, code=Code.OFFER, message=problem)
            problems.setdefault(row.pk, []).append(problem)
        if row.presence == Presence.ABSENT and not can_be_made(row, row, offer, want, rules):
            return None
        return want

    @cached_property
    def _with_stops(self) -> frozenset[int]:
        """The listings of the account of which something is refused, held or approved: few."""
        listings = Listing.objects.filter(sku__account=self.work.account)
        return frozenset(state.with_stops(listings).values_list("pk", flat=True))

    def _see_absent(
        self, row: ListingRow, offer: Offer, values: FieldValues, its_state: State
    ) -> None:
        key = creation_key(offer, row, values)
        if self.counts_as_new(row.listing_pk) or its_state.refused.get(CREATION) != key:
            self.absent.append(row.listing_pk)

    def counts_as_new(self, listing_pk: int | None) -> bool:
        """Whether what Amazon refused of it is sent all the same, as staff asked for it."""
        return self.include_refused and listing_pk not in self.tried

    def _sort(self, each: Differing, values: FieldValues, its_state: State) -> None:
        """Put a listing that differs where it belongs: zeros, falls, or the rest."""
        row = each.row
        about = self._about_new if self.counts_as_new(row.listing_pk) else self._about
        if row.offer_pk in self._elsewhere:
            about = replace(about, orders_complete=False, elsewhere=self.orders_complete)
        decided = forecast(each, values, its_state, about, self.rules[row.marketplace_id])
        held = {
            name
            for name, decision in decided.items()
            if decision.act == Act.SEND
            and decision.guard
            and its_state.held.get(name) == values[name]
        }
        acts = {decision.act for name, decision in decided.items() if name not in held}
        leave = [d for n, d in decided.items() if d.act == Act.SEND and n not in held]
        for guard in {decision.guard for decision in leave if decision.guard}:
            self.moves[guard].append(row.listing_pk)
        if Act.WAIT in acts:
            self.waiting.add(row.offer_pk)
        quantity = quantity_in(values)
        if not acts & {Act.SEND, Act.HOLD}:
            for guard in {decided[name].guard for name in held}:
                self.held_again[guard].append((row.listing_pk, quantity))
            return
        leaves = QUANTITY in decided and decided[QUANTITY].act == Act.SEND
        before = quantity_in(its_state.believed)
        if leaves and quantity == 0:
            self.zeros.append(row.listing_pk)
        elif leaves and quantity is not None and before is not None and quantity < before:
            self.falls.append((quantity, row.listing_pk))
        else:
            self.changed.append(row.listing_pk)

    @cached_property
    def _about(self) -> Circumstances:
        return Circumstances(
            now=self.work.client.now(),
            orders_complete=self.orders_complete,
            price_percent=conf.get("PRICE_MOVE_PERCENT"),
        )

    @cached_property
    def _elsewhere(self) -> frozenset[str]:
        """The offers (pk) of which another account may have sold some."""
        return sold_elsewhere_perhaps(self.work)

    @cached_property
    def _about_new(self) -> Circumstances:
        return replace(self._about, asked_by_staff=True)


def is_unread(row: ListingRow) -> bool:
    """Whether nothing is known of a listing: it was never read, or is let on again after staff had
    ended its offer."""
    return row.presence == Presence.UNREAD or (row.presence == Presence.ENDED and not row.end_offer)


def is_read_first(row: ListingRow, rules: Rules, *, wanted: bool) -> bool:
    """Whether an unread listing is read: what is sold here, and what is ours wherever it may be on
    sale, also where the store is switched off."""
    return (rules.active and wanted) or row.managed or row.sold_here


def want_of(row: ListingRow, offer: Offer | None, rules: Rules, reserved: int) -> Desired:
    """What Amazon should have of a listing that was read."""
    return desired(
        offer,
        row,
        row,
        rules,
        reserved=reserved,
        chosen=chosen_in(row),
        believed=values_in(row.believed),
    )


def forecast(
    each: Differing, values: FieldValues, its_state: State, about: Circumstances, rules: Rules
) -> dict[str, Decision]:
    """What becomes of these values of a listing, by what is known before it is read once more."""
    row = each.row
    known = Known(
        channel=row.channel,
        explained=row.explained_version > row.quantity_version,
        was_read=True,  # it will be, right before it is sent
    )
    rates_percent: int = conf.get("RATES_MOVE_PERCENT")
    return decide(
        its_state, values, known, about, rules, each.offer, row, rates_percent=rates_percent
    )


def _differing(row: ListingRow, want: Desired) -> FieldValues:
    """The values that Amazon does not have or that are in doubt; nearly always none."""
    if row.presence == Presence.ABSENT:
        return want.values
    believed = values_in(row.believed)
    doubted = row.quantity_version != row.stock_version
    if want.values == believed and not doubted:
        return {}
    return not_believed(want.values, believed, doubted=doubted)


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
    for name in ("believed", "own_here", "switches"):
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


def with_states(differing: Sequence[Differing]) -> Iterator[tuple[Differing, State]]:
    """Each with its whole state; what is equal needs none of it."""
    pks = [each.row.listing_pk for each in differing]
    found: QuerySet[Listing, StateRow] = Listing.objects.filter(pk__in=pks).values_list(
        "pk", *STATE, named=True
    )
    states = {row.pk: row for row in found}
    for each in differing:
        if each.row.listing_pk in states:
            yield each, states[each.row.listing_pk]


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


def take_up(
    work: Work, offers: dict[str, Offer], marketplaces: Mapping[int, Rules]
) -> list[SkuRow]:
    """The rows of these offers (by pk), made where they are missing; see ``rows_of``.

    An offer without a SKU, or whose SKU another offer has, gets a line and no row.
    """
    rows = rows_of_offers(work.account, offers, marketplaces)
    own = [row for row in rows if sku_is_of_offer(row, offers[row.offer_pk])]
    if len(own) < len(rows):
        unlink_renamed(work, offers)
        rows = own
    linked = {row.offer_pk for row in rows}
    if len(linked) < len(offers):
        link_named(work, [offer for offer in offers.values() if offer.pk not in linked])
        rows = _own_rows(work, offers, marketplaces)
    if _add_listings(work, rows, [pk for pk, rules in marketplaces.items() if rules.active]):
        rows = _own_rows(work, offers, marketplaces)
    return rows


def _own_rows(work: Work, offers: dict[str, Offer], marketplaces: Collection[int]) -> list[SkuRow]:
    rows = rows_of_offers(work.account, offers, marketplaces)
    return [row for row in rows if sku_is_of_offer(row, offers[row.offer_pk])]


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
