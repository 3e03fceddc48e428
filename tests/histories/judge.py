"""What may never happen, at any step and at rest; each violation has a kind.

The judge stands beside the workers: it sees what is committed, each request before it leaves, and
each answer. Its own questions to the database are no part of the history.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from django_amazon_sync.models import (
    AmazonOrder,
    Marketplace,
    OrderState,
    RunState,
    SellerAccount,
    SyncRun,
)
from tests.histories import seen
from tests.histories.amazon import Sent, WatchedAmazon
from tests.histories.model import Document, Item, Truth, moves_by, unplaced
from tests.histories.timing import Timing
from tests.histories.workers import Workers
from tests.plainshop.models import Item as Row
from tests.plainshop.models import Order, OrderLine

DE = "A1PA6795UKMFR9"

#: A price that moves by more waits for a person.
PRICE_GUARD = 30

#: Runs of the lane, and the time that Amazon takes, after which a fall is live.
TICKS_OF_A_FALL = 3

HOUR = 3600.0
SECOND_LOOK = 600.0

#: By how much Amazon is late where it is unruly: what it took may take effect so much later.
MINUTES_LATE = 500.0

RELEVANT = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE)\s+(?:INTO\s+|FROM\s+)?\W?"
    r"(plainshop_(?:item|order|orderline)|django_amazon_sync_(?:amazonorder|amazonorderline"
    r"|selleraccount|marketplace|sellersku))\b"
)


#: Who takes a lease counts that.
TAKING = re.compile(r'UPDATE "django_amazon_sync_lease" SET .*"fence" =')

#: What may stop a value, or let it go.
STOPPING = re.compile(r"\s*(?:INSERT|UPDATE).*django_amazon_sync_listing\b.*\bheld\b", re.DOTALL)


@dataclass(frozen=True)
class Violation:
    """What happened that may not; the kind is what a shrunken history must show as well."""

    kind: str
    sentence: str


def group_of(field_: str, value: object) -> str:
    """What is counted together: prices, zeros, and the rest."""
    if field_ == "price":
        return "price"
    return "zero" if value == 0 else "rest"


@dataclass
class Since:
    """Since when a stop is there, and the right values since then."""

    at: float
    right: list[object]


@dataclass
class OfSku:
    """What the judge remembers of one SKU."""

    #: Right numbers since the number before left, with when they became right.
    quantities: list[tuple[float, int]] = field(default_factory=list)
    prices: list[tuple[float, Decimal | None]] = field(default_factory=list)
    ever_right: set[object] = field(default_factory=set)
    #: What left last, and what is or was live or accepted, newest last.
    last_quantity: int | None = None
    last_left_at: float = -1e9
    last_price: Decimal | None = None
    seen_prices: list[tuple[float, Decimal]] = field(default_factory=list)
    #: All of these that ever were: one of the day before may be why a price is held.
    every_price: set[Decimal] = field(default_factory=set)
    last_zero_left: float = -1e9
    right_when_left: int | None = None
    approved: set[tuple[str, str]] = field(default_factory=set)
    #: Since when the right quantity is what it is, and runs since then that nothing hindered.
    right_since: float = -1e9
    ticks: int = 0
    #: When what could be sold fell last, and whether the shop said so.
    fell_at: float = -1e9
    fell_silently: bool = False
    ordered_at: float = -1e9
    another_hand_at: float = -1e9
    #: Stops that are there.
    stops: dict[seen.Stop, Since] = field(default_factory=dict)


@dataclass
class AtWork:
    """A run at work, and how often the lease of its job had been taken when it took it."""

    run: SyncRun
    taken: int | None = None
    begun: float = 0.0
    #: When it looked last, in turns of ``Timing`` and in seconds, and when it wrote down.
    looked: int = 0
    looked_at: float = 0.0
    wrote_down: int = 0


class Judge:
    """Sees everything, changes nothing."""

    def __init__(self, guard: int, amazon: WatchedAmazon, workers: Workers) -> None:
        self.guard = guard
        self.amazon = amazon
        self.workers = workers
        self.violations: list[Violation] = []
        self.truth = Truth()
        self.of: dict[str, OfSku] = defaultdict(OfSku)
        self.told: dict[str, dict[datetime, Document]] = defaultdict(dict)
        self.links: dict[str, str] = {}
        self.renamed: set[str] = set()
        #: Orders of which nobody can know what they hold, or nobody asked for.
        self.recorded: set[str] = set()
        self.former: dict[str, str] = {}
        #: SKUs of renamed things that Amazon has too, and of which each was before.
        self.successors: dict[str, str] = {}
        self.off: set[str] = set()
        self.ours: set[str] = set()
        self.zeros: list[tuple[float, str]] = []
        #: What left, when, and of which group.
        self.moves: list[tuple[float, str, str]] = []
        self.stopped: list[tuple[float, str, str]] = []
        self.good_runs: list[tuple[str, float, float]] = []
        self._dirty = True
        self._stops_are_old = True
        self._shop_is_changing = False
        self._silently = False
        self._say: Callable[[str], None] = lambda sentence: None
        self._taking_over = False
        self.at_work: list[AtWork] = []
        self.leases = True
        self.imports_orders = True
        #: The shop sends parcels; see ``parcel_judge``.
        self.by_parcels = False
        self.unruly_at = -1e9
        self.timing = Timing(self)

    def begin(self, account: SellerAccount, say: Callable[[str], None]) -> None:
        self.account = account
        self._say = say

    def history_begins(self) -> None:
        """What was before is forgotten: the zeros and numbers of taking up are nobody's."""
        self.zeros.clear()

    @property
    def now(self) -> float:
        return self.amazon.clock.seconds

    def violated(self, kind: str, sentence: str) -> None:
        violation = Violation(kind, sentence)
        if violation not in self.violations:
            self.violations.append(violation)
            self._say(f"!! {kind}: {sentence}")

    @contextmanager
    def aside(self) -> Iterator[None]:
        before, self.workers.quiet = self.workers.quiet, True
        try:
            yield
        finally:
            self.workers.quiet = before

    # --- What is true ----------------------------------------------------------------------------

    def wrote(self, sql: str) -> None:
        self._dirty = self._dirty or RELEVANT.match(sql) is not None
        self._stops_are_old = self._stops_are_old or STOPPING.match(sql) is not None
        if self.at_work and self.at_work[-1].taken is None and TAKING.match(sql):
            with self.aside():  # the first lease that it takes is that of its job
                self.at_work[-1].taken = seen.times_taken(self.at_work[-1].run)
        self.timing.wrote(sql)

    def committed(self) -> None:
        """Something lasts now; look at what is right and what is stopped since."""
        if self._dirty:
            self._look_at_what_is_right()
        with self.aside():
            self._look_at_stops()

    def _look_at_what_is_right(self) -> None:
        self._dirty = False
        with self.aside():
            before, self.truth = self.truth, self._read()
        if not self._shop_is_changing:
            self._judge_stock(before)
        for sku in self._skus():
            self._note_right_values(sku)

    def _skus(self) -> list[str]:
        self.ours |= set(self.truth.items) | set(self.links)
        return sorted(self.ours)

    def _read(self) -> Truth:
        self.former |= {code: item.pk for code, item in self.truth.items.items()}
        rows = Row.objects.order_by("pk").values_list("pk", "code", "on_hand", "price", "active")
        items = [
            Item(str(pk), code, hand or 0, price or Decimal(0), on)
            for pk, code, hand, price, on in rows
        ]
        known = AmazonOrder.objects.order_by("pk").values_list("number", "updated_at")
        documents = [self._as_told(number, updated) for number, updated in known]
        taken = OrderLine.objects.values_list("item").annotate(Sum("quantity"))
        account = SellerAccount.objects.filter(pk=self.account.pk)
        [(buffer, self.imports_orders)] = account.values_list("stock_buffer", "import_orders")
        markups = Marketplace.objects.filter(account=self.account, code=DE)
        return Truth(
            items={item.code: item for item in items},
            placed=frozenset(Order.objects.values_list("reference", flat=True)),
            known=tuple(document for document in documents if document is not None),
            buffer=buffer,
            markup=markups.values_list("markup_percent", flat=True).get(),
            links=dict(self.links),
            off=frozenset(self.off),
            former=dict(self.former),
            taken={str(pk): units for pk, units in taken if pk is not None},
        )

    def _as_told(self, number: str, updated: datetime | None) -> Document | None:
        versions = self.told.get(number, {})
        if updated in versions:
            return versions[updated]
        return versions[max(versions)] if versions else None

    def _note_right_values(self, sku: str) -> None:
        of, truth = self.of[sku], self.truth
        quantity, price = truth.quantity(sku), truth.price(sku)
        of.ever_right |= {quantity, price}
        if not of.quantities or of.quantities[-1][1] != quantity:
            if of.quantities and quantity < of.quantities[-1][1]:
                of.fell_at, of.fell_silently = self.now, self._silently
                if not self._shop_is_changing and not self._taking_over:
                    self.timing.ordered(sku)
            of.quantities.append((self.now, quantity))
            of.right_since, of.ticks = self.now, 0
        if not of.prices or of.prices[-1][1] != price:
            of.prices.append((self.now, price))

    # --- The shop --------------------------------------------------------------------------------

    def shop_changes(self, *, silently: bool) -> None:
        """The next commit is the shop's own."""
        self._shop_is_changing, self._silently, self._dirty = True, silently, True

    def shop_changed(self) -> None:
        self.committed()
        self._shop_is_changing = self._silently = False

    def _judge_stock(self, before: Truth) -> None:
        """What the package does to the shop's stock is placing and cancelling, once each."""
        if before.items.keys() != self.truth.items.keys():
            return
        for code, item in self.truth.items.items():
            change = item.stock - before.items[code].stock
            taken = self.truth.taken.get(item.pk, 0) - before.taken.get(item.pk, 0)
            if change == -taken:
                continue
            if self._taking_over:
                self._judge_take_over(item)
            else:
                self.violated(
                    "stock",
                    f"{code}: the stock went from {before.items[code].stock} to {item.stock}, "
                    f"while orders took {taken}",
                )

    def _judge_take_over(self, item: Item) -> None:
        """What is taken over is what Amazon still sells, and what it sold and we have to send."""
        live = [self._live(sku) for sku in self.ours if self.truth.item_of(sku) == item]
        numbers = {
            (one.quantity or 0) + item.stock - self.available(item.code) for one in live if one
        }
        if numbers and item.stock not in numbers:
            self.violated(
                "taken over", f"{item.code} has {item.stock} in stock now; right is {numbers}"
            )

    # --- What leaves -----------------------------------------------------------------------------

    def leaves(self, values: list[Sent]) -> None:
        """These values leave for Amazon now."""
        if not any(sent.by_feed for sent in values):
            self._judge_lease()
        for sent in values:
            if sent.sku not in self.ours:
                self.violated("never ours", f"{sent.sku} was sent {sent.field} {sent.value}")
                continue
            self.moves.append((self.now, sent.sku, group_of(sent.field, sent.value)))
            self.timing.leaves(sent)
            if sent.by_feed and self._was_right_when_written(sent):
                continue
            if isinstance(sent.value, int):
                self._quantity_leaves(sent.sku, sent.value)
            else:
                self._price_leaves(sent.sku, sent.value)

    def _was_right_when_written(self, sent: Sent) -> bool:
        """A file was written a while ago: what overtook it is settled, if it raises nothing."""
        of = self.of[sent.sku]
        if sent.field == "price":
            return sent.value in of.ever_right and sent.value not in [one for _at, one in of.prices]
        right = of.quantities[-1][1] if of.quantities else 0
        return sent.value in of.ever_right and sent.value < right

    def _live(self, sku: str) -> Any:
        return self.amazon.live("eu", sku, DE)

    def _quantity_leaves(self, sku: str, quantity: int) -> None:
        of, live = self.of[sku], self._live(sku)
        if live is not None and live.channels and live.channels != ("DEFAULT",):
            self.violated("FBA", f"{sku} is shipped by Amazon and was sent {quantity}")
        right = [value for _at, value in of.quantities]
        if quantity not in right:
            self.violated(
                "stale quantity" if quantity in of.ever_right else "wrong quantity",
                f"{sku} was sent {quantity}; right since the last one: {right}",
            )
        elif live is not None and quantity > self._live_soon(of, live):
            self._is_raised(sku, quantity, live.quantity or 0)
        if quantity == 0 and of.last_quantity != 0 and (live is None or live.quantity):
            self._zero_leaves(sku)
        of.last_quantity, of.last_left_at = quantity, self.now
        of.right_when_left = of.quantities[-1][1] if of.quantities else quantity
        of.quantities = of.quantities[-1:]

    def _live_soon(self, of: OfSku, live: Any) -> int:
        """What is for sale, or will be when what left just now is live."""
        under_way = self.now < of.last_left_at + self.amazon.switches.live_delay + 5
        return max(live.quantity or 0, of.last_quantity or 0 if under_way else 0)

    def _is_raised(self, sku: str, quantity: int, live: int) -> None:
        """A rise beyond what is left has to come from the shop, and not from what Amazon shows.

        A fall leaves at once all the same while what was accepted may not be live yet: what Amazon
        shows in that time never contradicts, so nobody can tell a sale from a number of before.
        """
        of, available = self.of[sku], self.available(sku)
        if quantity <= available or of.right_when_left is None or quantity > of.right_when_left:
            return
        kind = "sold again"
        if quantity < of.right_when_left:
            if self.now < of.last_left_at + self.timing.drift_after:
                return
            kind = "sold again by a fall"
        elif not self.imports_orders:
            kind = "sold again without orders"
        self.violated(
            kind,
            f"{sku} was raised from {live} to {quantity}, though only {available} are left "
            "and the shop got no more",
        )

    def _zero_leaves(self, sku: str) -> None:
        of = self.of[sku]
        explained = of.ordered_at > of.last_zero_left  # whenever it came since
        of.last_zero_left = self.now
        if explained or sku in self.renamed or ("quantity", "0") in of.approved:
            return
        lately = [one for one in self.zeros if one[0] > self.now - HOUR and one[1] != sku]
        self.zeros = [*lately, (self.now, sku)]
        if len(self.zeros) > self.guard:
            names = ", ".join(sorted(name for _at, name in self.zeros))
            self.violated("too many zeros", f"{names} went to 0 within an hour without an order")

    def _price_leaves(self, sku: str, price: Decimal) -> None:
        of, live = self.of[sku], self._live(sku)
        right = [value for _at, value in of.prices]
        if price not in right:
            self.violated(
                "stale price" if price in of.ever_right else "wrong price",
                f"{sku} was sent the price {price}; right since the last one: {right}",
            )
        known = [value for _at, value in of.seen_prices]
        if live is not None and live.price is not None:
            known.append(live.price)
        if of.last_price is not None:
            known.append(of.last_price)
        unapproved = ("price", str(price)) not in of.approved
        if known and unapproved and all(moves_by(price, one) > PRICE_GUARD for one in known):
            self.violated(
                "price guard", f"{sku} was sent {price}; what was known is {sorted(set(known))}"
            )
        of.last_price = price
        of.prices = of.prices[-1:]
        of.seen_prices = [*of.seen_prices[-3:], (self.now, price)]
        of.every_price.add(price)

    # --- Buyers ----------------------------------------------------------------------------------

    def available(self, sku: str) -> int:
        """What the shop could still hand over, by all orders of Amazon's, told or not."""
        item = self.truth.item_of(sku)
        if item is None:
            return 0
        mine = [one for one in self.ours if self.truth.item_of_order(one) == item]
        shown = [raw for raw in self.amazon.orders("eu") if raw["orderId"] not in self.recorded]
        orders = [Document.of(raw) for raw in shown]
        return item.stock - unplaced(orders, self.truth.placed, mine)

    def bought(self, sku: str, units: int, available: int) -> None:
        """A buyer took units; those that the shop has not need a cause."""
        of = self.of[sku]
        of.ordered_at = self.now
        live = self._live(sku)
        if live is None or live.channels != ("DEFAULT",) or sku not in self.ours:
            return
        missing = units - max(0, available)
        if missing > 0 and not (cause := self._cause(sku)):
            self.violated("oversold", f"{missing} of {sku} were sold that are not there")
        elif missing > 0:
            self._say(f"   {missing} of {sku} are oversold: {cause}")

    def _cause(self, sku: str) -> str:
        """Why more was for sale than there is; empty where there is no good reason."""
        of = self.of[sku]
        jobs = ("export",) if of.fell_silently else ("export", "changes")
        told = [end for job, begun, end in self.good_runs if job in jobs and begun >= of.fell_at]
        if not told:
            return "the shop's change was not noted for a tick yet"
        if self.now < min(told) + self.amazon.switches.live_delay + 5:
            return "accepted, and not live yet"
        if self._is_unruly(of, of.fell_at) or self.amazon.switches.feed_queue > 60:
            return "Amazon does not do as it says"
        if self.amazon.faulted_at > of.fell_at - MINUTES_LATE:
            return "Amazon did not answer"
        with self.aside():
            stops = seen.stops(self.account).get((sku, DE), [])
        if any(stop.field == "quantity" for stop in stops):
            return "its quantity is stopped"
        return ""

    def another_hand(self, sku: str) -> None:
        """Somebody else set a quantity at Amazon: what is sold of it is theirs to answer for."""
        self.of[sku].another_hand_at = self.now

    # --- Staff -----------------------------------------------------------------------------------

    def staff_saw(self, sku: str) -> None:
        """Staff approve what this listing holds now."""
        with self.aside():
            for stop in seen.stops(self.account).get((sku, DE), []):
                if stop.kind == "held":
                    self.approved(sku, stop.field, stop.value)

    def approved(self, sku: str, field_: str, value: object) -> None:
        """Staff approve this value, which they saw."""
        self.of[sku].approved.add((field_, str(value).removesuffix(" EUR")))

    # --- Runs and ticks --------------------------------------------------------------------------

    def performing(self, run: SyncRun, perform: Callable[[], SyncRun]) -> None:
        """A worker does this run; nothing but its end may come out of it."""
        self._taking_over = run.job == "take_over"
        self.at_work.append(AtWork(run, begun=self.now, looked_at=self.now))
        try:
            perform()
        except Exception as fault:
            from django_amazon_sync.errors import Halted

            if isinstance(fault, Halted):
                raise
            self.violated("raised", f"{run.job} raised {type(fault).__name__}: {fault}")
        finally:
            self._taking_over = False
            self.at_work.pop()

    def _judge_lease(self) -> None:
        """Who writes to Amazon has the lease of its job: nobody took it since this one did."""
        if not self.at_work or not self.leases:
            return
        work = self.at_work[-1]
        with self.aside():
            taken = seen.times_taken(work.run)
        if work.taken is not None and taken > work.taken:
            self.violated(
                "lease", f"{work.run} wrote to Amazon, and another worker had taken its lease"
            )

    def performed(self, run: SyncRun, begun: float) -> None:
        if run.reason_code == "unexpected":
            self.violated("raised", f"{run.job} ended without a type: {run.reason}")
        of_some = {"skus", "approve"} & set(run.options)
        if not of_some and (not run.pk or run.state == RunState.DONE):
            self.good_runs.append((run.job, begun, self.now))
            if run.job in ("export", "changes"):
                self._note_looks()
                self._count_ticks(run.job, begun)

    def _note_looks(self) -> None:
        """A stop ends at a look that finds another value right."""
        for sku, of in self.of.items():
            for stop, since in of.stops.items():
                quantity = stop.field == "quantity"
                right = self.truth.quantity(sku) if quantity else self.truth.price(sku)
                if right != since.right[-1]:
                    since.right.append(right)

    def _count_ticks(self, job: str, begun: float) -> None:
        for sku, of in self.of.items():
            told = job == "export" or not of.fell_silently
            unhindered = self.amazon.faulted_at < of.right_since - MINUTES_LATE
            # What is not there has to be missing for ten minutes until it is gone.
            since = of.right_since + (0 if self.truth.item_of(sku) else SECOND_LOOK)
            of.ticks += told and since <= begun and unhindered

    def _is_unruly(self, of: OfSku, since: float) -> bool:
        """Whether Amazon, or another hand there, did other than it said since then."""
        return max(self.unruly_at, of.another_hand_at) > since - MINUTES_LATE

    def looks(self) -> None:
        """What can be seen at any moment between two steps."""
        how = self.amazon.switches
        if how.out_of_order or how.never_live:
            self.unruly_at = self.now
        with self.aside():
            self._look_at_stops()
            self.timing.looks()
            for sku in self._skus():
                self._look_at_fall(sku)
                self._look_at_live(sku)

    def _look_at_live(self, sku: str) -> None:
        live, of = self._live(sku), self.of[sku]
        if live is None or live.price is None:
            return
        if not of.seen_prices or of.seen_prices[-1][1] != live.price:
            of.seen_prices.append((self.now, live.price))
            of.every_price.add(live.price)

    def _look_at_stops(self) -> None:
        if not self._stops_are_old:
            return
        self._stops_are_old = False
        there = seen.stops(self.account)
        for sku in self._skus():
            of, now = self.of[sku], there.get((sku, DE), [])
            kept = {stop: since for stop, since in of.stops.items() if stop in now}
            for stop in now:
                right: object = None
                if stop.field == "quantity":
                    right = self.truth.quantity(sku)
                elif stop.field == "price":
                    right = self.truth.price(sku)
                if stop not in kept:
                    kept[stop] = Since(self.now, [right])
                    self.stopped.append((self.now, sku, group_of(stop.field, stop.value)))
            of.stops = kept

    def _look_at_fall(self, sku: str) -> None:
        """A fall is live soon, whatever else is broken; zeros of many at once are held."""
        of, live, right = self.of[sku], self._live(sku), self.truth.quantity(sku)
        if of.ticks < TICKS_OF_A_FALL or live is None or live.channels != ("DEFAULT",):
            return
        if (live.quantity or 0) <= right or self._is_unruly(of, of.right_since):
            return
        last = max(end for _job, _begun, end in self.good_runs)
        on_its_way = self.now < last + self.amazon.switches.live_delay + 5
        stops = [stop for stop in of.stops if stop == seen.Stop(stop.kind, "quantity", right)]
        if on_its_way or (right == 0 and any(self._are_many(sku, stop) for stop in stops)):
            return
        name = "fall" if right else "zero"
        how = stops[0].kind if stops else "late"
        self.violated(
            f"{name} is {how}",
            f"of {sku} {right} are left since {of.ticks} runs, and {live.quantity} are for sale",
        )

    def has_to_be_live(self, sku: str, kind: str) -> None:
        """The right numbers are live by now, unless they are stopped or Amazon ships it."""
        of, live = self.of[sku], self._live(sku)
        with self.aside():
            self._look_at_stops()
        if live is None or live.channels != ("DEFAULT",) or sku not in self.ours:
            return
        stopped = {stop.field for stop in of.stops}
        quantity, price = self.truth.quantity(sku), self.truth.price(sku)
        if live.quantity != quantity and "quantity" not in stopped:
            self.violated(kind, f"of {sku} {quantity} are left, and {live.quantity} are for sale")
        if price is not None and live.price != price and "price" not in stopped:
            self.violated(kind, f"{sku} costs {live.price}, {price} would be right")

    # --- At rest ---------------------------------------------------------------------------------

    def judge_rest(self) -> None:
        """All that has to be so once nothing goes wrong any more."""
        with self.aside():
            self.truth = self._read()
            stops = seen.stops(self.account)
            for sku in self._skus():
                self._judge_listing(sku, stops.get((sku, DE), []))
            self._judge_orders()
            if not self.by_parcels:
                self._judge_shipments()
            self._judge_runs()

    def _judge_listing(self, sku: str, stops: list[seen.Stop]) -> None:
        live = self._live(sku)
        if live is None:
            return
        stopped = {stop.field for stop in stops if self._has_cause(sku, stop, live)}
        for stop in stops:
            if stop.field in ("price", "quantity") and stop.field not in stopped:
                self.violated(
                    self._kind_of(sku, stop), f"{sku} is {stop.kind}: {stop.field} {stop.value}"
                )
        quantity, price = self.truth.quantity(sku), self.truth.price(sku)
        merchants, item = live.channels == ("DEFAULT",), self.truth.item_of(sku)
        sold = not self.imports_orders and (live.quantity or 0) < quantity  # perhaps; who knows
        if merchants and live.quantity != quantity and "quantity" not in stopped and not sold:
            gone = item is None or not item.on_sale or sku in self.off
            self.violated(
                "gone is for sale" if gone else "quantity not in step",
                f"{sku}: {live.quantity} are for sale, {quantity} would be right",
            )
        if price is not None and live.price != price and "price" not in stopped:
            self.violated("price not in step", f"{sku} costs {live.price}, {price} would be right")

    def _kind_of(self, sku: str, stop: seen.Stop) -> str:
        """What is wrong with a stop that has no cause."""
        since, price = self.of[sku].stops.get(stop), self.truth.price(sku)
        right = self.truth.quantity(sku) if stop.field == "quantity" else f"{price} EUR"
        if stop.kind == "refused":
            return "refused for ever"
        if stop.value != right or (since is not None and len(since.right) > 1):
            return "stop outlives its value"
        if stop.field == "price" and self.of[sku].last_price == price:
            return "stop of no move"
        return "stop for the sake of others"

    def _has_cause(self, sku: str, stop: seen.Stop, live: Any) -> bool:
        """Whether what is stopped is what should leave, and is out of the ordinary."""
        of = self.of[sku]
        since = of.stops.get(stop)
        if stop.field == "quantity":
            same = stop.value == self.truth.quantity(sku)
            if not same or since is None or len(since.right) > 1:
                return False
            return live.quantity == stop.value or (
                stop.kind == "held" and self._are_many(sku, stop)
            )
        price = self.truth.price(sku)
        if stop.field != "price" or f"{price} EUR" != stop.value or price is None:
            return False
        if stop.kind == "refused":
            return bool(live.price == price)
        if self._are_many(sku, stop):
            return True
        known = of.every_price | {live.price} - {None}
        moves = [moves_by(price, one) > PRICE_GUARD for one in known]
        return of.last_price != price and any(moves)

    def _are_many(self, sku: str, stop: seen.Stop) -> bool:
        """Whether more than a few moved in the same way within the hour before this one waited."""
        group = group_of(stop.field, stop.value)
        since = self.of[sku].stops[stop].at
        moved = {
            sku for at, sku, how in self.moves if how == group and since - HOUR <= at <= since + 1
        }
        moved |= {sku for at, sku, how in self.stopped if how == group and abs(at - since) <= HOUR}
        return len(moved) > self.guard

    def _judge_orders(self) -> None:
        placed = set(Order.objects.values_list("reference", flat=True))
        totals = dict(Order.objects.values_list("reference", "total"))
        counted = OrderLine.objects.values_list("order__reference").annotate(Sum("quantity"))
        units = dict(counted)
        rows = dict(AmazonOrder.objects.values_list("number", "state"))
        for raw in self.amazon.orders("eu"):
            order = Document.of(raw)
            if not order.by_merchant or order.number in self.recorded:
                continue
            there, pending = order.number in placed, order.status.startswith("PENDING")
            aside = rows.get(order.number) == OrderState.QUARANTINED
            if pending and there:
                self.violated("orders", f"{order.number} is placed and nobody has paid it")
            elif not pending and order.status != "CANCELLED" and not there and not aside:
                self.violated("order is lost", f"{order.number} ({order.status}) is not there")
            elif there and order.sells and units.get(order.number, 0) != sum(order.units.values()):
                self.violated("orders", f"{order.number} has {units.get(order.number)} units")
            elif there and order.sells and order.total and totals[order.number] != order.total:
                self.violated(
                    "orders", f"{order.number} costs {totals[order.number]}, not {order.total}"
                )

    def _judge_shipments(self) -> None:
        """What the shop handed to the carrier is confirmed, once and whole."""
        sent = set(Order.objects.exclude(sent=None).values_list("reference", flat=True))
        for raw in self.amazon.orders("eu"):
            order = Document.of(raw)
            packed = sum(
                item["quantity"]
                for package in raw.get("packages", [])
                for item in package["packageItems"]
            )
            if not order.sells or (order.number not in sent and not packed):
                continue
            if packed != sum(order.units.values()) or order.number not in sent:
                self.violated(
                    "shipments",
                    f"of {order.number} {packed} of {sum(order.units.values())} are confirmed",
                )

    def _judge_runs(self) -> None:
        for run in SyncRun.objects.filter(account=self.account, state=RunState.RUNNING):
            self.violated("runs", f"{run} never ended")
        for run in SyncRun.objects.filter(account=self.account, reason_code="unexpected"):
            self.violated("runs", f"{run} ended without a type: {run.reason}")
