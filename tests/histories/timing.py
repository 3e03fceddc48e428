"""What leaves too late or too soon, and who takes what another one holds.

Of each worker it is known when it looked, and when it wrote down what it found; of each SKU, when
an order made its number fall.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django_amazon_sync.models import HOLDING_STATES, AmazonOrder, Lease
from tests.histories import seen
from tests.histories.model import Document

if TYPE_CHECKING:
    from tests.histories.amazon import Sent
    from tests.histories.judge import AtWork, Judge

LOOKING = re.compile(r'UPDATE "django_amazon_sync_sellersku" SET "look" =')
WRITING_DOWN = re.compile(r'INSERT INTO "django_amazon_sync_submissionitem"')
ABOUT_LEASES = re.compile(r'(?:INSERT INTO|UPDATE) "django_amazon_sync_lease"')

NEVER = -1e9

#: What an order holds whose units nobody knows keeps numbers from rising for so long.
A_DAY = timedelta(hours=24)

#: Of a request that was made longer ago nobody waits for the answer any more.
LONGEST_CALL = 120.0

#: What was read longer ago does not leave.
READ_AT_MOST = 30.0


@dataclass
class Timing:
    """Beside the judge, which tells it what happens."""

    judge: Judge
    #: Seconds for which an import of orders is fresh enough for a quantity to rise.
    fresh: float = 600.0
    #: What is no more than this travels by request, as that is there sooner.
    low_stock: int = 0
    #: Seconds that Amazon has until what it took is live.
    drift_after: float = 3600.0
    #: Orders that Amazon left out of a search.
    left_out: set[str] = field(default_factory=set)
    #: Orders of which nobody knows the units, by what Amazon showed of them.
    _unknown: set[str] = field(default_factory=set)
    _turn: int = 0
    #: When an order made the right number of a SKU fall, in turns.
    _ordered: dict[str, int] = field(default_factory=dict)
    #: When what left last, by SKU and field.
    _left: dict[tuple[str, str], tuple[float, object]] = field(default_factory=dict)
    _leases: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)

    def wrote(self, sql: str) -> None:
        """A statement was done by the worker on top."""
        self._turn += 1
        if ABOUT_LEASES.match(sql) and self.judge.leases:
            with self.judge.aside():
                self._judge_leases()
        if not self.judge.at_work:
            return
        work = self.judge.at_work[-1]
        if LOOKING.match(sql):
            work.looked, work.looked_at = self._turn, self.judge.now
        elif WRITING_DOWN.match(sql):
            work.wrote_down = self._turn

    def ordered(self, sku: str) -> None:
        """An order that became known just now made its right number fall."""
        self._turn += 1
        self._ordered[sku] = self._turn

    def searched(self) -> None:
        """Amazon may have left an order out of this search."""
        numbers = {raw["orderId"] for raw in self.judge.amazon.orders("eu")}
        self.left_out |= numbers - self.judge.told.keys()

    def units_are_unknown(self, number: str, unknown: bool) -> None:
        """By what Amazon showed of an order just now."""
        (self._unknown.add if unknown else self._unknown.discard)(number)

    def _judge_leases(self) -> None:
        """Nobody takes a lease that another one holds, and that has not run out."""
        now = self.judge.amazon.now()
        for key, holder, fence, ends in Lease.objects.values_list(
            "key", "holder", "fence", "expires_at"
        ):
            _holder, its_fence, its_end = self._leases.get(key, ("", fence, now))
            if _holder and fence > its_fence and its_end > now:
                self.judge.violated("lease of the living", f"{key} was taken from its holder")
            self._leases[key] = (holder, fence, ends)

    def leaves(self, sent: Sent) -> None:
        """A value leaves by a request, or in a feed."""
        self._left[sent.sku, sent.field] = (self.judge.now, sent.value)
        self._judge_successor(sent)
        if sent.by_feed:
            if sent.field == "quantity" and sent.value <= self.low_stock:
                self.judge.violated("low by feed", f"{sent.sku} was sent {sent.value} by feed")
            return
        if not self.judge.at_work:
            return
        self._judge_others_under_way(sent)
        work = self.judge.at_work[-1]
        if sent.asked_at > work.looked_at + READ_AT_MOST + 1:
            self.judge.violated(
                "read long ago",
                f"{sent.sku} was sent {sent.field} {sent.value}, "
                f"read {sent.asked_at - work.looked_at:.0f} seconds before",
            )
        if isinstance(sent.value, int):
            self._judge_order_in_between(work, sent)
            self._judge_rise(work, sent)

    def _judge_successor(self, sent: Sent) -> None:
        """Of a renamed thing nothing is for sale under its new SKU before the old one has none."""
        old = self.judge.successors.get(sent.sku)
        if old is None or sent.field != "quantity" or not sent.value:
            return
        live = self.judge.amazon.live("eu", old, sent.marketplace)
        if live is not None and live.quantity and self.judge.of[old].last_quantity != 0:
            self.judge.violated(
                "both for sale", f"{sent.sku} was sent {sent.value}, and {old} is for sale"
            )

    def _judge_others_under_way(self, sent: Sent) -> None:
        """No other request changes the same at this moment, but one that nobody waits for."""
        lately = self.judge.now - LONGEST_CALL
        for others in self.judge.amazon.under_way[:-1]:
            for other in others:
                same = (other.sku, other.field) == (sent.sku, sent.field)
                if same and other.asked_at > lately:
                    self.judge.violated(
                        "two at once",
                        f"{sent.sku} was sent {sent.field} {sent.value} before {other.value} had "
                        "its answer",
                    )

    def _judge_order_in_between(self, work: AtWork, sent: Sent) -> None:
        """What was computed before an order is not written down after it."""
        right = self.judge.of[sent.sku].quantities
        told = self._ordered.get(sent.sku, 0)
        if right and sent.value > right[-1][1] and work.looked < told < work.wrote_down:
            self.judge.violated(
                "order in between",
                f"{sent.sku} was sent {sent.value}, computed before an order that leaves "
                f"{right[-1][1]}",
            )

    def _judge_rise(self, work: AtWork, sent: Sent) -> None:
        """A number rises only where all orders are known, but for those of the last minutes."""
        of, live = self.judge.of[sent.sku], self.judge.amazon.live("eu", sent.sku, sent.marketplace)
        before = max(of.last_quantity or 0, (live.quantity or 0) if live else 0)
        if not self.judge.imports_orders or sent.value <= before:
            return
        known_up_to = work.begun - self.fresh - 5
        self._judge_rise_for_units(work, sent)
        if unknown := self.unknown(known_up_to):
            self.judge.violated(
                "raised without orders",
                f"{sent.sku} was raised to {sent.value}, and nobody knows of {unknown[0]}",
            )

    def _judge_rise_for_units(self, work: AtWork, sent: Sent) -> None:
        """Nor does it rise for a day where an order is known of which nobody knows the units."""
        began = self.judge.amazon.now() - timedelta(seconds=self.judge.now - work.begun)
        with self.judge.aside():
            rows = AmazonOrder.objects.filter(number__in=self._unknown, state__in=HOLDING_STATES)
            holding = rows.filter(units_unknown_since__lt=began, takes_stock=True)
            since = dict(holding.values_list("number", "units_unknown_since"))
        for number, moment in since.items():
            if moment is not None and self.judge.amazon.now() < moment + A_DAY:
                self.judge.violated(
                    "raised without units",
                    f"{sent.sku} was raised to {sent.value}, and nobody knows what {number} holds",
                )

    def looks(self) -> None:
        """Between two steps: what Amazon took is no drift before it had its time."""
        for sku, name, ours, since in seen.drifted_since(self.judge.account):
            left, value = self._left.get((sku, name), (NEVER, None))
            said = (since - self.judge.amazon.now()).total_seconds() + self.judge.now
            soon = left < said < left + self.drift_after - 1
            if soon and str(ours).removesuffix(" EUR") == str(value):
                self.judge.violated(
                    "contradicted too soon",
                    f"{name} {value} of {sku} counts as drifted {said - left:.0f} seconds after "
                    "it left",
                )

    def unknown(self, until: float) -> list[str]:
        """Orders of ours that changed before this second, and are not stored."""
        moment = self.judge.amazon.clock.now() + timedelta(seconds=until - self.judge.now)
        with self.judge.aside():
            known = set(AmazonOrder.objects.values_list("number", flat=True))
        ours = self.judge.ours
        return [
            order.number
            for order in map(Document.of, self.judge.amazon.orders("eu"))
            if order.updated < moment
            and order.by_merchant
            and order.units.keys() & ours
            and order.number not in known | self.left_out
        ]
