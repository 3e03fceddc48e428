"""Amazon's reports of orders in a history: how they go wrong, and what they may not prove."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django_amazon_sync.models import AmazonOrder, Job, OrderState, RunState, SyncRun
from django_amazon_sync.sync.reconciliation.proof import proven
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.histories.model import Document

if TYPE_CHECKING:
    from tests.histories.world import World

#: One order of the XML report, and the number of an order in either form.
_ORDER = re.compile(r"<Message>.*?</Message>\n", re.DOTALL)
_NUMBER = re.compile(r"\d{3}-\d{7}-\d{7}")

#: Of those that are here so many may be missing from a report that proves its time.
LEFT_OUT = 10

#: Within these pauses all is proven when nothing goes wrong: reports that wait for each other, then
#: one that is asked for again after it came to nothing.
PAUSES_TO_PROOF = (*24 * [600.0], *9 * [3 * 3600.0])


@dataclass
class Reports:
    """What reports show, and what nobody can know by them."""

    world: World
    #: "", "repeats", "omits", or "of before": how the next ones are.
    how: str = ""
    #: Numbers and last changes of orders that a report left out which looks as whole as others.
    _left_out: set[tuple[str, datetime]] = field(default_factory=set)
    _former: str = ""

    def tells(self, incoming: Incoming, reply: Reply) -> Reply:
        """The reply as it leaves."""
        if incoming.method != "GET" or reply.status != 200 or reply.body[:2] != b"\x1f\x8b":
            return reply
        text = gzip.decompress(reply.body).decode("cp1252", "replace")
        if "AllOrdersReport" not in text and not text.startswith("amazon-order-id"):
            return reply
        shown = self._as_shown(text)
        self._note(incoming.segments[-1], set(_NUMBER.findall(shown)))
        if shown == text:
            return reply
        return replace(reply, body=gzip.compress(shown.encode("cp1252"), mtime=0))

    def _as_shown(self, text: str) -> str:
        before, self._former = self._former or text, text
        if self.how == "repeats":
            return _ORDER.sub(lambda order: order[0] * 2, text)
        if self.how == "of before" and before.startswith("<?xml") and text.startswith("<?xml"):
            return before
        if self.how == "omits":
            unknown = [one for one in _ORDER.findall(text) if not _is_known(self.world, one)]
            return text.replace(unknown[-1], "") if unknown else text
        return text

    def _note(self, document: str, shown: set[str]) -> None:
        """A report that lacks few of what is here may lack others, too, and nobody knows."""
        reports = self.world.amazon.reports(self.world.seller)
        [report] = [one for one in reports if one.document == document]
        since, until = (
            datetime.fromtimestamp(at or 0.0, UTC) for at in (report.since, report.until)
        )
        truth = map(Document.of, self.world.amazon.orders("eu"))
        lacking = [one for one in truth if since <= one.updated <= until]
        lacking = [one for one in lacking if one.number not in shown]
        with self.world.judge.aside():
            rows = AmazonOrder.objects.filter(updated_at__gte=since, updated_at__lte=until)
            here = set(rows.values_list("number", flat=True))
        if len(here - shown) <= max(1, len(here) // LEFT_OUT):
            self._left_out |= {(one.number, one.updated) for one in lacking}

    def looks(self) -> None:
        """Between two steps: each order of a time that is proven was read, or is put aside."""
        with self.world.judge.aside():
            proof = proven(self.world.account)
            if proof is None:
                return
            waiting = AmazonOrder.objects.filter(updated_at=None, fingerprint="")
            unread = set(
                waiting.exclude(state=OrderState.QUARANTINED).values_list("number", flat=True)
            )
            known = set(AmazonOrder.objects.values_list("number", flat=True))
        for order in map(Document.of, self.world.amazon.orders("eu")):
            here = order.number in known and order.number not in unread
            if here or order.updated > proof.until or order.updated < self._beginning:
                continue
            if (order.number, order.updated) not in self._left_out:
                self.world.judge.violated(
                    "proven too soon", f"up to {proof.until}, and {order.number} is not here"
                )

    @property
    def _beginning(self) -> datetime:
        """Before the cut-over nothing has to be proven."""
        return self.world.account.cut_over

    def come_to_rest(self) -> None:
        """When nothing goes wrong any more, some runs prove all that is there now."""
        world = self.world
        if not world.amazon.requests_of("createReport"):
            return
        wanted = world.clock.now() - timedelta(minutes=1)
        for pause in PAUSES_TO_PROOF:
            world.pass_time(pause)
            with world.judge.aside():
                waits = SyncRun.objects.filter(job=Job.RECONCILE, state=RunState.QUEUED).exists()
            if not waits:
                world.do(Job.RECONCILE)
                world.pass_time(120)
            world.do_what_waits()
            if world.judge.violations:
                return
            with world.judge.aside():
                proof = proven(world.account)
            if proof is not None and proof.until >= wanted:
                return
        until = proof.until if proof else None
        world.judge.violated("never proven", f"orders are proven up to {until}, not to {wanted}")


def _is_known(world: World, order: str) -> bool:
    with world.judge.aside():
        return AmazonOrder.objects.filter(number__in=_NUMBER.findall(order)).exists()
