"""What Amazon shows of orders becomes rows: each costs itself only, and nothing is guessed.

A copy of an order that is whole replaces what is stored. One that lacks something, that cannot be
read, or that contradicts another copy of the same moment is no statement that there is nothing: a
placed order stays as it is, Amazon is asked for the order by its id (``asking``), and what it holds
of the stock stays held.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any

from django.db.models import F

from django_amazon_sync import clock, conf
from django_amazon_sync.amazon.orders import read_or_keep
from django_amazon_sync.amazon.without_people import without_people
from django_amazon_sync.data import OrderData, OrderLine, UnreadableOrder
from django_amazon_sync.errors import AmazonSyncError, ConfigurationError, Halted, Misplaced
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    OrderState,
    Outcome,
    SellerAccount,
    SellerSku,
)
from django_amazon_sync.models.fields import bound, check_opens, for_bulk_update
from django_amazon_sync.rules.statuses import (
    PENDING,
    decide,
    is_delivered,
    lacks,
    ships_by_amazon,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from django_amazon_sync.sync.orders.telling import without_its_buyer
from django_amazon_sync.sync.runs.work import Work, isolated

Read = OrderData | UnreadableOrder
FoundOrder = tuple[Read, dict[str, Any]]

#: How long Amazon is left alone after so many questions for one order in vain.
PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
DAILY = timedelta(days=1)

#: Questions in vain after which an order is put aside for staff; it is asked for daily then.
MOST_TRIES = 4

#: The rises of an account wait at most so long for an order whose units nobody knows.
UNITS_WAIT = timedelta(hours=24)

#: A host's clock may be so far behind Amazon's: a change that is dated later is none.
BEHIND = timedelta(hours=1)

#: What the id of an order begins with for which Amazon named none.
WITHOUT_ID = "without-id-"

#: What the id of a line begins with that staff named, as Amazon's own could not be read.
BY_HAND = "by-hand-"

#: Reasons of orders whose document could not be read, or not be saved.
UNREAD = (Code.UNREADABLE, Code.MISPLACED, Code.NOT_SAVED)

#: The states of orders that change in the shop, or not at all any more.
SETTLED = (OrderState.PLACED, OrderState.CANCELLED)


@dataclass(frozen=True)
class Source:
    """How copies of orders came: by a search or one by its id; whether a person asked for them."""

    by_id: bool = False
    asked_for: bool = False


class Verdict(Enum):
    """What to do with a copy of an order."""

    TAKE = auto()
    DOUBT = auto()
    IN_VAIN = auto()
    LEAVE = auto()


@dataclass
class Copy:
    """A copy of an order beside our row of it: what was read, and the lines that we have."""

    row: AmazonOrder
    read: Read
    raw: dict[str, Any]
    lines: dict[str, AmazonOrderLine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fingerprint = fingerprint_of(self.read)

    @property
    def gone(self) -> list[AmazonOrderLine]:
        """Our lines of Amazon's that this copy does not name."""
        named = {line.item_id for line in self.read.lines}
        return [
            line
            for line in self.lines.values()
            if line.quantity and line.item_id not in named and not line.item_id.startswith(BY_HAND)
        ]

    @property
    def lacking(self) -> Message | None:
        """What this copy says too little of."""
        assert isinstance(self.read, OrderData)
        if lack := self.unsaid:
            return lack
        if self.read.status != "CANCELLED" and (gone := self.gone):
            return Message(Code.LINES_MISSING, count=len(gone))
        return None

    @property
    def unsaid(self) -> Message | None:
        """What Amazon does not say of the order here; of one that staff took as it is, the lines
        are enough."""
        assert isinstance(self.read, OrderData)
        lack = lacks(self.read)
        taken = lack is not None and self.row.as_it_is and lack.code != Code.ITEMS
        return None if taken else lack

    @property
    def age(self) -> int:
        """-1, 0 or 1: older than what is stored, of the same moment, or newer."""
        stored, shown = self.row.updated_at, self.read.updated
        if stored is None or shown is None or shown > stored:
            return 1
        return 0 if shown == stored else -1

    @property
    def is_behind(self) -> bool:
        """Whether it is from before the change that Amazon is asked for: it is no answer."""
        doubted, shown = self.row.doubted_at, self.read.updated
        asked = self.row.ask_at is not None
        return asked and doubted is not None and shown is not None and shown < doubted


def fingerprint_of(read: Read) -> str:
    """A hash of all that was read of a document, but for the moment of its change."""
    return hashlib.sha256(repr(_values(read)).encode()).hexdigest()


def _values(value: object) -> object:
    if is_dataclass(value):
        names = (one.name for one in fields(value) if one.name not in ("updated", "raw"))
        return tuple(_values(getattr(value, name)) for name in names)
    return tuple(map(_values, value)) if isinstance(value, tuple) else value


# --- One order costs itself only ----------------------------------------------------------------


def save_orders(
    work: Work, answers: Iterable[FoundOrder], *, asked_for: bool, by_id: bool = False
) -> None:
    """Save orders as Amazon shows them, in a fixed number of queries; old news change nothing.

    One that cannot be saved is put aside, and the others are saved.
    """
    for found in _one_copy_each(answers):
        _save_apart(work, found, Source(by_id, asked_for))


def _one_copy_each(answers: Iterable[FoundOrder]) -> Iterator[dict[str, FoundOrder]]:
    """The orders by their numbers; further copies of one follow in a further round, newer last."""
    copies: dict[str, list[FoundOrder]] = {}
    for read, raw in answers:
        copies.setdefault(_number(read, raw), []).append((read, raw))
    for several in copies.values():
        several.sort(key=lambda found: found[0].updated.timestamp() if found[0].updated else 0.0)
    for turn in range(max(map(len, copies.values()), default=0)):
        yield {number: each[turn] for number, each in copies.items() if turn < len(each)}


def _number(read: Read, raw: dict[str, Any]) -> str:
    """Amazon's id; an order without one is kept under the hash of its document."""
    if read.number:
        return read.number
    document = json.dumps(raw, sort_keys=True, default=str)
    return f"{WITHOUT_ID}{hashlib.sha256(document.encode()).hexdigest()[:16]}"


def _save_apart(work: Work, found: Mapping[str, FoundOrder], source: Source) -> None:
    """Save them together; where that fails, each half apart, until one alone is put aside."""
    try:
        told = isolated(partial(_save, work, found, source))
    except (ConfigurationError, Halted):
        raise  # no fault of an order
    except AmazonSyncError as reason:
        numbers = list(found)
        if len(numbers) == 1:
            _put_aside(work, numbers[0], found[numbers[0]], reason)
            return
        for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
            _save_apart(work, {number: found[number] for number in half}, source)
        return
    work.run.count("orders", told.changed)
    for values in told.lines:
        work.line(**values)


def _put_aside(work: Work, number: str, found: FoundOrder, reason: AmazonSyncError) -> None:
    """Keep an order that could not be saved, with its document where that can be."""
    row, _made = AmazonOrder.objects.get_or_create(
        account=work.account, number=number, defaults={"state": OrderState.QUARANTINED}
    )
    said = without_its_buyer(AmazonOrder(document=found[1]), str(reason))
    why = Message(Code.NOT_SAVED, words=said)
    aside: dict[str, Any] = {
        "reason_code": why.code,
        "reason": str(why),
        "ask_at": None if number.startswith(WITHOUT_ID) else clock.now() + pause_after(row.tries),
        "doubted_at": _owed_since(row, found[0]),
        "tries": F("tries") + 1,
    }
    if row.state not in SETTLED:
        aside["state"] = OrderState.QUARANTINED
        if not row.lines.exists() and row.takes_stock:
            aside["units_unknown_since"] = row.units_unknown_since or clock.now()
    rows = AmazonOrder.objects.filter(pk=row.pk, state=row.state)
    rows.update(**aside)
    rows = AmazonOrder.objects.filter(pk=row.pk, reason_code=why.code)
    document = without_people(found[1]) if row.erased_at else found[1]
    try:
        if row.state not in SETTLED:
            rows = rows.filter(erased_at=row.erased_at)
            isolated(lambda: rows.update(document=bound(row, "document", document)))
    except AmazonSyncError:
        pass  # what cannot be kept of it is asked for again
    work.line(Outcome.QUARANTINED, order_number=number, code=why.code, message=str(why))


def _owed_since(row: AmazonOrder, read: Read) -> datetime | None:
    """The newest change of which Amazon owes a copy, as this one could not be taken as it is."""
    shown = read.updated
    if shown is None or shown > clock.now() + BEHIND:
        return row.doubted_at
    return max(shown, row.doubted_at or shown)


def pause_after(tries: int) -> timedelta:
    """How long to wait before Amazon is asked for an order again."""
    return PAUSES[tries] if tries < len(PAUSES) else DAILY


# --- Saving together ----------------------------------------------------------------------------


@dataclass
class Told:
    """What a run says of orders once they are saved: how many changed, and its lines."""

    changed: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    def say(self, outcome: Outcome, row: AmazonOrder, *said: Message, **values: str) -> None:
        code = said[0].code if said else row.reason_code
        self.lines.append(
            {
                "outcome": outcome,
                "order_number": row.number,
                "code": code,
                "message": in_english(said) if said else row.reason,
                **values,
            }
        )


def _save(work: Work, found: Mapping[str, FoundOrder], source: Source) -> Told:
    copies = _copies(work.account, found)
    told, taken, doubted = Told(), list[Copy](), list[AmazonOrder]()
    for copy in copies:
        verdict = _verdict(copy, source)
        if verdict is Verdict.TAKE:
            before = copy.row.state
            _take_in(copy, source)
            _say_what_became(told, copy.row, before)
            taken.append(copy)
        elif verdict is Verdict.DOUBT:
            _doubt(told, copy, source)
            doubted.append(copy.row)
        elif verdict is Verdict.IN_VAIN:
            before = copy.row.state
            _was_in_vain(copy.row)
            _say_what_became(told, copy.row, before)
            doubted.append(copy.row)
    written = for_bulk_update((copy.row for copy in taken), "document")
    AmazonOrder.objects.bulk_update(written, _TAKEN_IN)
    if doubted:
        AmazonOrder.objects.bulk_update(doubted, _DOUBTED)
    _save_lines(work, taken, told, source)
    told.changed = len(taken)
    return told


def _copies(account: SellerAccount, found: Mapping[str, FoundOrder]) -> list[Copy]:
    """The orders beside our rows of them, new ones among them, locked in one fixed order."""
    AmazonOrder.objects.bulk_create(
        [
            AmazonOrder(account=account, number=number, state=OrderState.SEEN)
            for number in sorted(found)
        ],
        ignore_conflicts=True,
    )
    known = AmazonOrder.objects.filter(account=account, number__in=found).defer("document")
    rows = list(known.order_by("number").select_for_update())
    lines: dict[int, dict[str, AmazonOrderLine]] = {}
    old = [row.pk for row in rows if row.updated_at is not None or row.fingerprint]
    for line in AmazonOrderLine.objects.filter(order__in=old) if old else ():
        lines.setdefault(line.order_id, {})[line.item_id] = line
    for row in rows:
        row.account = account  # as it is, instead of a query for each
    return [Copy(row, *_storable(row, found[row.number]), lines.get(row.pk, {})) for row in rows]


def _storable(row: AmazonOrder, found: FoundOrder) -> FoundOrder:
    """The order as it may be stored: without its people, once these were erased."""
    return found if row.erased_at is None else read_or_keep(without_people(found[1]))


# --- What a copy is worth -----------------------------------------------------------------------


def _verdict(copy: Copy, source: Source) -> Verdict:
    """Whether a copy is taken: the rules of this module, the first that fits."""
    row, same = copy.row, copy.fingerprint == copy.row.fingerprint
    if row.updated_at is None and not row.fingerprint:
        return Verdict.TAKE
    if not _is_readable(row):
        # A readable copy replaces an unreadable one, whatever its time.
        return Verdict.LEAVE if same and not source.by_id else Verdict.TAKE
    if isinstance(copy.read, UnreadableOrder):
        return _verdict_of_unreadable(copy, source)
    if copy.age < 0:
        asked = source.by_id and row.ask_at is not None
        return Verdict.IN_VAIN if asked else Verdict.LEAVE
    if source.asked_for and row.state == OrderState.RECORDED:
        return Verdict.TAKE
    if same and copy.age == 0:
        wanted = source.by_id and (row.ask_at is not None or not _opens(row))
        return Verdict.TAKE if wanted else Verdict.LEAVE
    if source.by_id:
        unsaid = row.state in SETTLED and copy.unsaid
        return Verdict.DOUBT if unsaid else Verdict.TAKE
    return _verdict_of_found(copy)


def _verdict_of_unreadable(copy: Copy, source: Source) -> Verdict:
    """A copy that cannot be read, of an order that could be read before."""
    if source.by_id:
        return Verdict.DOUBT
    if copy.age <= 0 or _is_doubted(copy):
        return Verdict.LEAVE
    if copy.row.state == OrderState.RECORDED:
        return Verdict.LEAVE
    return Verdict.DOUBT if copy.row.state in SETTLED else Verdict.TAKE


def _verdict_of_found(copy: Copy) -> Verdict:
    """A readable copy that a search found, other than the one that is stored."""
    if copy.age == 0:
        if _only_adds(copy):
            return Verdict.TAKE
        return Verdict.LEAVE if copy.lacking or _is_doubted(copy) else Verdict.DOUBT
    if copy.row.state in SETTLED and copy.lacking:
        return Verdict.LEAVE if _is_doubted(copy) else Verdict.DOUBT
    return Verdict.TAKE


def _is_readable(row: AmazonOrder) -> bool:
    """Whether the document that is stored could be read."""
    return row.state in SETTLED or row.reason_code not in UNREAD


def _opens(row: AmazonOrder) -> bool:
    """Whether the document that is stored is this order's."""
    try:
        check_opens(row, "document")
    except Misplaced:
        return False
    return True


def _is_doubted(copy: Copy) -> bool:
    """Whether Amazon was asked by the id for this change already."""
    doubted, shown = copy.row.doubted_at, copy.read.updated
    return doubted is not None and shown is not None and shown <= doubted


def _only_adds(copy: Copy) -> bool:
    """Whether a copy of the same moment adds or completes, and takes nothing back.

    It never cancels, refunds, or takes a cancellation or a wish for one back; and it lacks nothing
    that is stored.
    """
    row, read = copy.row, copy.read
    assert isinstance(read, OrderData)
    if (row.status and not read.status) or (row.total is not None and read.amounts is None):
        return False
    if (row.status == "CANCELLED") != (read.status == "CANCELLED"):
        return False
    if row.cancellation_requested and not read.cancellation_requested:
        return False
    if row.total is not None and read.amounts and read.amounts.grand_total < row.total:
        return False
    shown = {line.item_id: line.quantity for line in read.lines}
    return not any(shown.get(line.item_id, line.quantity) < line.quantity
                   for line in copy.lines.values()) and not copy.gone  # fmt: skip


# --- Taking a copy in ---------------------------------------------------------------------------

_TAKEN_IN = [
    "marketplace",
    "channel",
    "status",
    "fulfilled_by",
    "service_level",
    "payment_methods",
    "state",
    "reason_code",
    "reason",
    "ordered_at",
    "updated_at",
    "ship_by",
    "deliver_by",
    "delivered_at",
    "total",
    "currency",
    "difference",
    "takes_stock",
    "cancellation_requested",
    "told_at",
    "asked_for",
    "fingerprint",
    "doubted_at",
    "ask_at",
    "tries",
    "units_unknown_since",
    "document",
]

_DOUBTED = ["state", "doubted_at", "ask_at", "tries", "reason_code", "reason"]


def _take_in(copy: Copy, source: Source) -> None:
    """Set the row to what Amazon shows now, and its state to what that means."""
    row, read = copy.row, copy.read
    if row.state == OrderState.PLACED and copy.age <= 0 and row.fingerprint != copy.fingerprint:
        row.told_at = None  # the shop is told, though Amazon names no newer moment
    row.asked_for = row.asked_for or source.asked_for
    row.document, row.fingerprint = copy.raw, copy.fingerprint
    row.updated_at = read.updated or row.updated_at
    row.marketplace, row.channel = read.marketplace, read.channel
    row.status, row.fulfilled_by = read.status, read.fulfilled_by
    row.ordered_at = read.created or row.ordered_at
    if isinstance(read, OrderData):
        _take_readable(row, read)
    if row.state == OrderState.PLACED:
        _answered(copy, source)
        return  # told to the shop by placing.update_placed
    if row.shop_order_pk and (row.state == OrderState.CANCELLED or row.reason_code == Code.REVIVED):
        _take_what_the_shop_cancelled(copy, source)
        return
    if isinstance(read, OrderData):
        _decide(copy, read, source)
    else:
        _decide_unreadable(row, read)
        row.doubted_at = _owed_since(row, read)
        _ask_again(row, source)
    _know_units(copy)


def _take_readable(row: AmazonOrder, read: OrderData) -> None:
    row.service_level = read.service_level
    row.payment_methods = list(read.payment_methods)
    row.ship_by, row.deliver_by = read.ship_by, read.deliver_by
    row.cancellation_requested = read.cancellation_requested
    if row.delivered_at is None and is_delivered(read):
        row.delivered_at = read.updated
    if read.amounts is not None:
        row.total, row.currency = read.amounts.grand_total, read.amounts.currency
        row.difference = read.amounts.difference


def _take_what_the_shop_cancelled(copy: Copy, source: Source) -> None:
    """Where Amazon sells on what the shop's order is cancelled of, it holds its units until a
    person has brought the shop's order back and replays it."""
    row, status = copy.row, copy.read.status
    _answered(copy, source)
    row.state = OrderState.CANCELLED
    if status != "CANCELLED":
        again = Message(Code.REVIVED, status=status or "nothing")
        row.state = OrderState.QUARANTINED
        row.reason_code, row.reason = again.code, str(again)
    _know_units(copy)


def _answered(copy: Copy, source: Source) -> None:
    """Nothing is to be asked for any more, unless this is from before the change in question."""
    row = copy.row
    if not copy.is_behind:
        row.ask_at, row.tries, row.reason_code, row.reason = None, 0, "", ""
    elif source.by_id:
        _was_in_vain(row)


def _was_in_vain(row: AmazonOrder) -> None:
    """Amazon's answer by the id is older than what its search showed: it is asked again later."""
    row.ask_at, row.tries = clock.now() + pause_after(row.tries), row.tries + 1
    if row.tries == MOST_TRIES:
        _give_to_staff(row)


def _decide(copy: Copy, read: OrderData, source: Source) -> None:
    """The state of an order that is not placed yet, by a copy that could be read."""
    row = copy.row
    decision = decide(
        read, cut_over=row.account.cut_over, asked_for=row.asked_for, as_it_is=row.as_it_is
    )
    row.state, row.takes_stock = OrderState(decision.state), decision.takes_stock
    row.reason_code, row.reason = decision.code, decision.reason
    holds = row.state not in (OrderState.CANCELLED, OrderState.RECORDED)
    if holds and read.lines and not source.by_id and copy.gone:
        why = Message(Code.LINES_MISSING, count=len(copy.gone))
        row.state, row.reason_code, row.reason = OrderState.SEEN, why.code, str(why)
    if row.state == OrderState.SEEN:
        _ask_again(row, source)
    elif copy.is_behind:
        if source.by_id:
            _was_in_vain(row)
    elif source.by_id and is_long_pending(row, clock.now()):
        assert row.ordered_at is not None
        long = Message(Code.PENDING_LONG, since=row.ordered_at)
        row.reason_code, row.reason = long.code, str(long)
        row.ask_at, row.tries = clock.now() + DAILY, row.tries + 1
    else:
        row.ask_at, row.tries = None, 0


def _decide_unreadable(row: AmazonOrder, read: UnreadableOrder) -> None:
    """The state of an order that cannot be read and is not placed: it holds what it may hold."""
    older = read.created is not None and read.created < row.account.cut_over
    row.takes_stock = not ships_by_amazon(read.fulfilled_by) and not older
    aside = older and not row.asked_for
    row.state = OrderState.RECORDED if aside else OrderState.QUARANTINED
    row.reason_code, row.reason = Code.UNREADABLE, read.reason


def _ask_again(row: AmazonOrder, source: Source) -> None:
    """When Amazon is asked for it by its id; after some tries in vain staff have to look."""
    if row.number.startswith(WITHOUT_ID) or row.state == OrderState.RECORDED:
        row.ask_at = None
        return
    now = clock.now()
    row.ask_at = now + pause_after(row.tries) if source.by_id else now
    row.tries += source.by_id
    if row.tries >= MOST_TRIES:
        _give_to_staff(row)


def _give_to_staff(row: AmazonOrder) -> None:
    row.state = OrderState.QUARANTINED if row.state == OrderState.SEEN else row.state
    row.reason = f"{row.reason} {Message(Code.ASKED_IN_VAIN, count=row.tries)}".strip()


def _know_units(copy: Copy) -> None:
    """Whether it is known which units the order holds, and since when it is not."""
    row, read = copy.row, copy.read
    if row.state not in HOLDING_STATES or not row.takes_stock:
        row.units_unknown_since = None
        return
    whole = read.all_lines if isinstance(read, UnreadableOrder) else bool(read.lines)
    known_before = bool(copy.lines) and row.units_unknown_since is None
    if whole or known_before:
        row.units_unknown_since = None
        return
    row.units_unknown_since = row.units_unknown_since or clock.now()
    until = row.units_unknown_since + UNITS_WAIT
    row.reason += f" {Message(Code.UNITS_UNKNOWN, until=until)}"


def is_long_pending(row: AmazonOrder, now: datetime) -> bool:
    """Whether a payment is pending for longer than payments usually are."""
    usual = timedelta(days=conf.get("PENDING_DAYS"))
    return (
        row.state == OrderState.HELD
        and row.status in PENDING
        and row.ordered_at is not None
        and row.ordered_at < now - usual
    )


def _doubt(told: Told, copy: Copy, source: Source) -> None:
    """Leave the order as it is, and ask Amazon for it by its id."""
    row, read = copy.row, copy.read
    if isinstance(read, UnreadableOrder):
        why = Message(Code.UNREADABLE_COPY, words=read.reason)
    else:
        why = copy.lacking or Message(Code.CONTRADICTS)
    row.doubted_at = max(filter(None, (read.updated, row.doubted_at)), default=None)
    row.reason_code, row.reason = why.code, str(why)
    first = row.ask_at is None
    _ask_again(row, source)
    if first or row.tries == MOST_TRIES:
        told.say(Outcome.WAITING, row)


def _say_what_became(told: Told, row: AmazonOrder, before: str) -> None:
    outcomes = {
        OrderState.RECORDED: Outcome.RECORDED,
        OrderState.QUARANTINED: Outcome.QUARANTINED,
        OrderState.HELD: Outcome.WAITING,
        OrderState.SEEN: Outcome.WAITING,
        OrderState.CANCELLED: Outcome.CANCELLED,
    }
    new = row.state != before or before == OrderState.SEEN
    if row.reason_code == Code.REVIVED:
        told.say(Outcome.FAILED, row)
    elif new and (outcome := outcomes.get(OrderState(row.state))):
        told.say(outcome, row)
    elif row.state in SETTLED and row.tries == MOST_TRIES:
        told.say(Outcome.WAITING, row)


# --- Lines --------------------------------------------------------------------------------------


def _save_lines(work: Work, copies: list[Copy], told: Told, source: Source) -> None:
    """Save the orders' lines, and doubt Amazon's quantity of each SKU among them."""
    gone = [(copy, line) for copy in copies for line in _cancelled_lines(copy, source)]
    skus = {line.sku for copy in copies for line in copy.read.lines}
    offers = doubted_offers(work.account, work.shop, skus | {line.sku for _copy, line in gone})
    AmazonOrderLine.objects.bulk_create(
        [_row_of(copy.row, line, offers) for copy in copies for line in copy.read.lines],
        update_conflicts=True,
        unique_fields=["order", "item_id"],
        update_fields=["sku", "asin", "title", "offer_pk", "quantity", "shipped"],
    )
    AmazonOrderLine.objects.filter(pk__in=[line.pk for _copy, line in gone]).update(quantity=0)
    for copy, line in gone:
        if copy.read.status != "CANCELLED" and not line.item_id.startswith(BY_HAND):
            said = Message(Code.LINE_GONE, sku=line.sku)
            told.say(Outcome.CANCELLED, copy.row, said, sku=line.sku)


def _cancelled_lines(copy: Copy, source: Source) -> list[AmazonOrderLine]:
    """Our lines that the order has no more: all of a cancelled one's, and those of which Amazon's
    answer by its id says nothing; what staff named in place of Amazon, once Amazon names some."""
    read = copy.read
    named = {line.item_id for line in read.lines}
    others = [line for line in copy.lines.values() if line.quantity and line.item_id not in named]
    if isinstance(read, UnreadableOrder):
        names_some = read.all_lines
    elif read.status == "CANCELLED" or (source.by_id and read.lines):
        return others
    else:
        names_some = bool(read.lines)
    return [line for line in others if names_some and line.item_id.startswith(BY_HAND)]


def _row_of(row: AmazonOrder, line: OrderLine, offers: Mapping[str, str]) -> AmazonOrderLine:
    return AmazonOrderLine(
        order=row,
        item_id=line.item_id,
        sku=line.sku,
        asin=line.asin,
        title=line.title,
        offer_pk=offers.get(line.sku, ""),
        quantity=line.quantity,
        shipped=line.shipped,
    )


def doubted_offers(account: SellerAccount, shop: Shop, skus: set[str]) -> dict[str, str]:
    """The shop's offer of each SKU, all of them in doubt from now on.

    Doubting locks the SKUs, so whoever links one is before us, and is read here, or finds the
    lines that we save.
    """
    offers = _offers_of(account, shop, skus)
    ordered = ((account.pk, sku, offers.get(sku, "")) for sku in skus)
    invalidate_quantities(ordered, explained=True)
    linked = _linked_offers(account, skus)
    if moved := {sku: offer for sku, offer in linked.items() if offers.get(sku) != offer}:
        follow = ((account.pk, sku, offer) for sku, offer in moved.items())
        invalidate_quantities(follow, explained=True)
    return offers | moved


def _offers_of(account: SellerAccount, shop: Shop, skus: set[str]) -> dict[str, str]:
    """The shop's offer of each SKU: as linked, else the first that has it for its own SKU, unless
    staff have to say whether it is that."""
    offers = _linked_offers(account, skus)
    named = [
        offer
        for sku in sorted(skus - offers.keys() - {""})
        for offer in shop.find(sku, account.shop_scope)
        if offer.sku == sku  # and not a barcode that reads the same
    ]
    disputed = claims.disputed(account, named)
    for offer in named:
        if offer.pk not in disputed:
            offers.setdefault(offer.sku, offer.pk)
    return offers


def _linked_offers(account: SellerAccount, skus: set[str]) -> dict[str, str]:
    """What each SKU is linked to; one that its offer gave up is still what buyers ordered."""
    rows = SellerSku.objects.filter(account=account, sku__in=skus)
    offers = rows.values_list("sku", "offer_pk", "former_offer_pk")
    return {sku: offer or former for sku, offer, former in offers if offer or former}
