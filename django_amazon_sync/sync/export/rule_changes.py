"""What a change of rules changes at Amazon: told before it is saved, and noted when it is.

Listings are gone through by the key of their SKUs, so many at a time, with a fixed number of
queries. What should be at Amazon of each is asked twice of what the export asks: by the rules as
they are, and as they would be; what becomes of the difference, of what its forecast asks. Nothing
is written meanwhile. Where that takes too long the rest is not counted, and is noted all the same.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django_amazon_sync import clock, conf
from django_amazon_sync.data import FieldValue, FieldValues, Offer
from django_amazon_sync.models import (
    AccountState,
    Lack,
    Listing,
    Marketplace,
    Presence,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.rules.decision import Act, Circumstances, Decision
from django_amazon_sync.rules.listing_state import CREATION, State
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.accounts import refusals
from django_amazon_sync.sync.accounts.access import is_in_use
from django_amazon_sync.sync.accounts.connect import export_soon
from django_amazon_sync.sync.export.guards import Guards
from django_amazon_sync.sync.export.survey import (
    Differing,
    ListingRow,
    SkuRow,
    forecast,
    gc_frozen,
    has_listing,
    is_read_first,
    is_unread,
    rows_of,
    values_in,
    want_of,
    with_states,
)
from django_amazon_sync.sync.offers.changed_offers import note_skus
from django_amazon_sync.sync.offers.desired import (
    Rules,
    can_be_made,
    creation_key,
    is_wanted,
    kept_by_amazon,
    not_believed,
    sku_is_of_offer,
)
from django_amazon_sync.sync.offers.fields import FIELDS, QUANTITY
from django_amazon_sync.sync.offers.identifiers import with_own
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.runs.bulk import OFFERS_PER_CHUNK, chunks

#: Listings that are shown with old and new value.
SHOWN = 20


@dataclass(frozen=True)
class RuleChange:
    """The rules of those marketplaces of an account that change, by pk, as they are and as they
    would be. One that is not saved yet has a number below 0."""

    account: SellerAccount
    before: Mapping[int, Rules]
    after: Mapping[int, Rules]

    @property
    def marketplaces(self) -> list[int]:
        return sorted({*self.before, *self.after})

    @cached_property
    def amazon_wins_elsewhere(self) -> list[int]:
        """The marketplaces in which Amazon wins in other fields than before."""
        return [
            pk
            for pk in self.before.keys() & self.after.keys()
            if self.before[pk].amazon_wins != self.after[pk].amazon_wins
        ]


@dataclass(frozen=True)
class Example:
    """One value that changes: what Amazon has, as far as is known, and what it would get."""

    sku: str
    listing: int
    marketplace: int
    name: str
    old: FieldValue
    new: FieldValue
    waits: bool


@dataclass
class Tally:
    """How many listings of one marketplace change, by field; ``zeros`` (pk) are those that go to 0.

    ``waiting`` are those of the changed that a person has to approve, as they move too far, and
    ``held`` wait already. ``left`` are sent no more, so that Amazon keeps its value; ``stuck``
    cannot be sent any more, ``why`` is the first reason.
    ``made`` are offered anew and ``looked_up`` are looked for at Amazon.
    """

    code: str
    changed: Counter[str] = field(default_factory=Counter)
    zeros: set[int] = field(default_factory=set)
    waiting: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    stuck: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)
    made: int = 0
    looked_up: int = 0

    def __bool__(self) -> bool:
        return any((self.changed, self.left, self.stuck, self.made, self.looked_up))


@dataclass
class _Wanted:
    """What should be at Amazon of a listing by some rules; ``unread``: it is read first."""

    values: FieldValues = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False


class Effects:
    """What a change of rules changes; ``look_at_all`` counts it, ``note`` lets it leave."""

    def __init__(self, change: RuleChange, shop: Shop) -> None:
        self.change, self._shop = change, shop
        self.tallies: dict[int, Tally] = {
            pk: Tally((change.after.get(pk) or change.before[pk]).code)
            for pk in change.marketplaces
        }
        self.looked_at = 0
        self.cut_after: int | None = None  # the pk of the last SKU that was looked at
        self._concerned = array("q")  # pks of SKUs
        self._moves: dict[str, set[int]] = defaultdict(set)
        self._shown: dict[bool, list[Example]] = {True: [], False: []}
        self._gone = False

    # --- What it says ----------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return self.cut_after is not None or any(self.tallies.values())

    @property
    def examples(self) -> list[Example]:
        """Some of what changes, what waits for a person first."""
        return [*self._shown[True], *self._shown[False]][:SHOWN]

    @property
    def concerned(self) -> int:
        """The SKUs that are looked at anew, as far as they were counted."""
        return len(self._concerned)

    @property
    def about(self) -> list[object]:
        """What a page in between is about: the SKUs (pk) that are looked at anew, the listings (pk)
        that go to 0, which guards hold all, and what is sent no more where. How many units there
        are does not matter."""
        if self.cut_after is not None:  # how far it came is a matter of luck
            return [self.change.account.pk]
        ends = [
            [tally.code, sorted(tally.zeros), sorted(tally.left), sorted(tally.stuck)]
            for tally in self.tallies.values()
        ]
        refused = sorted(self.refused)
        return [self.change.account.pk, [*self._concerned], sorted(self.too_much), ends, refused]

    @cached_property
    def refused(self) -> dict[int, Lack]:
        """What Amazon refuses of sending to these marketplaces (pk): there nothing goes for now."""
        account = self.change.account
        refusals.read([account])
        stores = {pk: Marketplace(account=account, code=t.code) for pk, t in self.tallies.items()}
        found = {pk: refusals.refusal_of(store) for pk, store in stores.items()}
        return {pk: lack for pk, lack in found.items() if lack is not None}

    @cached_property
    def too_much(self) -> dict[str, str]:
        """The guards that hold all of their kind, and why."""
        change = self.change
        in_use = change.account.marketplaces.filter(is_in_use()).values_list("pk", flat=True)
        return Guards(change.account, {*in_use, *change.after}).too_much(self._moves)

    # --- Looking ---------------------------------------------------------------------------------

    def look_at_all(self, seconds: float, step: Callable[[], object] | None = None) -> Effects:
        """Count what changes, for so many seconds; ``step`` is told of each page."""
        ends, last = clock.monotonic() + seconds, 0
        skus = SellerSku.objects.filter(account=self.change.account).order_by("pk")
        columns = skus.values_list("pk", "offer_pk")
        with gc_frozen():
            while page := list(columns.filter(pk__gt=last)[:OFFERS_PER_CHUNK]):
                if step is not None:
                    step()
                self._look_at(page)
                last = page[-1][0]
                if len(page) == OFFERS_PER_CHUNK and clock.monotonic() > ends:
                    self.cut_after = last
                    break
        return self

    def _look_at(self, page: Sequence[tuple[int, str]]) -> None:
        """Look at all listings of these SKUs (pk, offer pk)."""
        account, change = self.change.account, self.change
        linked = sorted({offer for _pk, offer in page if offer})
        reserved = units_reserved(linked)
        offers = {offer.pk: offer for offer in self._shop.offers(account.shop_scope, linked)}
        skus = SellerSku.objects.filter(account=account, pk__gte=page[0][0], pk__lte=page[-1][0])
        rows = list(rows_of(skus, change.marketplaces))
        drifts = self._drifts([row.listing_pk for row in rows if has_listing(row)])
        concerned: set[int] = set()
        differing: list[Differing] = []
        made: list[tuple[Differing, Offer]] = []
        there: dict[int, set[int]] = defaultdict(set)
        for row in rows:
            offer = offers.get(row.offer_pk)
            offer = offer if offer is not None and sku_is_of_offer(row, offer) else None
            if has_listing(row):
                there[row.pk].add(row.marketplace_id)
                units, drift = reserved.get(row.offer_pk, 0), drifts.get(row.listing_pk, {})
                before, after = (
                    _wanted(row, offer, rules.get(row.marketplace_id), units, drift)
                    for rules in (change.before, change.after)
                )
                if before != after:
                    concerned.add(row.pk)
                    if row.presence == Presence.ABSENT:
                        if offer is not None and after.values and not before.values:
                            made.append((Differing(row, offer, after.values), offer))
                    elif values := self._count(row, before, after):
                        differing.append(Differing(row, offer, values))
        firsts = {row.pk: row for row in rows}
        for row in firsts.values():
            if self._is_looked_up(row, offers.get(row.offer_pk), there[row.pk]):
                concerned.add(row.pk)
        self._count_made(made)
        self._forecast(differing)
        self.looked_at += len(firsts)
        self._gone |= any(not firsts[pk].offer_pk for pk in concerned)
        self._concerned.extend(sorted(concerned))

    def _drifts(self, listings: Iterable[int]) -> dict[int, FieldValues]:
        """What drifted of these listings (pk), where it matters."""
        if not self.change.amazon_wins_elsewhere:
            return {}
        drifted = Listing.objects.filter(
            pk__in=list(listings), marketplace__in=self.change.amazon_wins_elsewhere
        ).exclude(drift={})
        return dict(drifted.values_list("pk", "drift"))

    def _count(self, row: ListingRow, before: _Wanted, after: _Wanted) -> FieldValues:
        """Count how a listing changes; returns the values that Amazon would get."""
        tally = self.tallies[row.marketplace_id]
        if is_unread(row):
            tally.looked_up += after.unread
            return {}
        for name in before.values.keys() - after.values.keys():
            if name in after.problems:
                tally.stuck[name] += 1
                tally.why.setdefault(name, after.problems[name])
            else:
                tally.left[name] += 1
        new = {
            name: value
            for name, value in after.values.items()
            if name not in before.values or before.values[name] != value
        }
        return not_believed(new, values_in(row.believed), doubted=False)

    def _count_made(self, made: Sequence[tuple[Differing, Offer]]) -> None:
        """Count what is offered anew: not what Amazon refused, while it would be made the same."""
        offers = {offer.pk: offer for offer in with_own(offer for _each, offer in made)}
        for each, its_state in with_states([each for each, _offer in made]):
            key = creation_key(offers[each.row.offer_pk], each.row, each.values)
            tally = self.tallies[each.row.marketplace_id]
            tally.made += its_state.refused.get(CREATION) != key

    def _is_looked_up(self, row: SkuRow, offer: Offer | None, there: Collection[int]) -> bool:
        """Count the marketplaces in which a SKU is looked for that has no listing there yet."""
        if offer is None or not sku_is_of_offer(row, offer):
            return False
        change, any_of_them = self.change, False
        for pk, rules in change.after.items():
            before = change.before.get(pk)
            was = before is not None and before.active and is_wanted(offer, row, before)
            wanted = rules.active and is_wanted(offer, row, rules)
            if pk not in there and wanted and not was:
                self.tallies[pk].looked_up += 1
                any_of_them = True
        return any_of_them

    def _forecast(self, differing: Sequence[Differing]) -> None:
        """Count what these listings would get, and what of it waits for a person."""
        for each, its_state in with_states(differing):
            rules = self.change.after[each.row.marketplace_id]
            decided = forecast(each, each.values, its_state, self._about, rules)
            for name in sorted(decided, key=list(FIELDS).index):
                self._count_one(each, its_state, name, decided[name])

    def _count_one(self, each: Differing, its_state: State, name: str, decision: Decision) -> None:
        row, value = each.row, each.values[name]
        held = decision.act == Act.STOPPED and its_state.held.get(name) == value
        waits = held or decision.act == Act.HOLD
        tally = self.tallies[row.marketplace_id]
        tally.changed[name] += 1
        if name == QUANTITY and value == 0:
            tally.zeros.add(row.listing_pk)
        tally.waiting[name] += waits and not held
        tally.held[name] += held
        goes = row.marketplace_id not in self.refused
        if goes and decision.act == Act.SEND and decision.guard:
            self._moves[decision.guard].add(row.listing_pk)
        if len(self._shown[waits]) < SHOWN:
            old = its_state.believed.get(name)
            shown = Example(row.sku, row.listing_pk, row.marketplace_id, name, old, value, waits)
            self._shown[waits].append(shown)

    @cached_property
    def _about(self) -> Circumstances:
        """Those of an ordinary day: a rise that waits for orders does so for minutes."""
        percent: int = conf.get("PRICE_MOVE_PERCENT")
        return Circumstances(now=clock.now(), orders_complete=True, price_percent=percent)

    # --- Noting ----------------------------------------------------------------------------------

    def note(self, at: datetime | None = None) -> None:
        """Let what changes be looked at soon, or at a later moment, by the lane of changed offers;
        called in the transaction that saves the rules."""
        account = self.change.account
        for some in chunks(self._concerned, OFFERS_PER_CHUNK):
            note_skus(SellerSku.objects.filter(pk__in=some), at=at)
        if self.cut_after is not None:
            rest = SellerSku.objects.filter(account=account, pk__gt=self.cut_after)
            note_skus(rest, at=at)
        if self._gone:  # what the shop has no more has no offer to be noted by
            export_soon(account, at)


def _wanted(
    row: ListingRow, offer: Offer | None, rules: Rules | None, reserved: int, drift: FieldValues
) -> _Wanted:
    """What should be at Amazon of a listing by these rules, if by any."""
    if rules is None:
        return _Wanted()
    if is_unread(row):
        wanted = is_wanted(offer, row, rules)
        return _Wanted(unread=is_read_first(row, rules, wanted=wanted))
    if row.presence == Presence.ENDED:
        return _Wanted()
    want = want_of(row, offer, rules, reserved)
    if row.presence == Presence.ABSENT and not can_be_made(row, row, offer, want, rules):
        return _Wanted(problems=want.problems)
    amazons = kept_by_amazon(drift, rules.amazon_wins)
    values = {name: value for name, value in want.values.items() if name not in amazons}
    return _Wanted(values, want.problems)


def effects_of(
    change: RuleChange, shop: Shop, seconds: float, step: Callable[[], object] | None = None
) -> Effects:
    """What the change changes, as far as it is counted in so many seconds; nothing where the
    account does not write, or no rule changes."""
    found = Effects(change, shop)
    if change.account.state != AccountState.LIVE or not change.marketplaces:
        return found
    return found.look_at_all(seconds, step)
