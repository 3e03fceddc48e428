"""The simulated Amazon of a history: in this process, on the history's clock, and watched.

Each call takes some time, is told to who listens before and after it, and may be carried out long
after its caller gave up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

from django_amazon_sync.testing.simulator import Simulator, Switches
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.histories.simulated_time import SimulatedClock

#: What a caller waits for an answer before it gives up; see ``client_for``.
PATIENCE = 30.0

LISTING_WRITES = ("PATCH", "PUT")


@dataclass(frozen=True)
class Sent:
    """One value of a SKU that leaves for Amazon, by request or in a feed."""

    sku: str
    marketplace: str
    field: str
    value: int | Decimal
    by_feed: bool = False
    #: When its caller asked, in seconds.
    asked_at: float = 0.0


@dataclass
class Late:
    """Requests of this method are carried out only so many seconds later; ``times`` are left."""

    method: str
    seconds: float
    times: int


class WatchedAmazon(Simulator):
    """Who listens is told of each call before and after it, and of each value that leaves."""

    def __init__(self, clock: SimulatedClock, seed: int, switches: Switches) -> None:
        super().__init__(seed, switches=switches, rate_limits=False, in_process=True)
        self.clock = clock
        self.before: Callable[[str], None] = lambda what: None
        self.after: Callable[[str], None] = lambda what: None
        self.leaves: Callable[[list[Sent]], None] = lambda sent: None
        self.answered: Callable[[Incoming, Reply], None] = lambda incoming, reply: None
        self.tells: Callable[[Incoming, Reply], Reply] = lambda incoming, reply: reply
        self.trace: list[str] = []
        self.late: list[Late] = []
        #: What requests carry that are being answered, the newest last.
        self.under_way: list[list[Sent]] = []
        #: SKUs of which any quantity is refused.
        self.refuses: set[str] = set()
        self.faulted_at = -1e9
        self._latency = Random(f"latency {seed}")
        self._waiting: list[tuple[float, Incoming]] = []

    def respond(self, incoming: Incoming) -> Reply:
        sent = [replace(one, asked_at=self.clock.seconds) for one in self._sent_by(incoming)]
        self.under_way.append(sent)
        try:
            return self._respond(incoming, sent)
        finally:
            self.under_way.pop()

    def _respond(self, incoming: Incoming, sent: list[Sent]) -> Reply:
        what = f"{incoming.method} {incoming.path}"
        self.before(what)
        self.clock.sleep(round(self._latency.uniform(0.05, 0.4), 3))
        self.carry_out_late_ones()
        if sent:
            self.leaves(sent)
        reply = self._put_off(incoming) or self._refused(sent) or self._answer(incoming)
        self.after(what)
        return reply

    def _answer(self, incoming: Incoming) -> Reply:
        reply = self.tells(incoming, super().respond(incoming))
        if reply.drop or reply.cut or reply.pause or reply.status >= 400 or not reply.body:
            self.faulted_at = self.clock.seconds
        self.trace.append(
            f"{self.clock.seconds:.3f} {incoming.method} {incoming.path} "
            f"{json.dumps(incoming.query, sort_keys=True)} {incoming.raw_body!r} -> "
            f"{reply.status}{' drop' if reply.drop else ''}"
        )
        if not (reply.drop or reply.cut):
            self.answered(incoming, reply)
        return reply

    def _refused(self, sent: list[Sent]) -> Reply | None:
        """What Amazon says to a quantity that it does not take now."""
        refused = [one for one in sent if one.field == "quantity" and one.sku in self.refuses]
        if not refused or refused[0].by_feed:
            return None
        [first, *_others] = refused
        self.faulted_at = self.clock.seconds
        self.trace.append(f"{self.clock.seconds:.3f} {first.sku} is refused {first.value}")
        issue = {
            "code": "99022",
            "message": "It cannot be changed now.",
            "severity": "ERROR",
            "attributeNames": ["fulfillment_availability"],
            "marketplaceIds": [first.marketplace],
            "categories": ["INVALID_ATTRIBUTE"],
        }
        body = {"sku": first.sku, "status": "INVALID", "submissionId": "0", "issues": [issue]}
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _put_off(self, incoming: Incoming) -> Reply | None:
        """No answer for now, where such requests are late."""
        for late in self.late:
            if late.method == incoming.method and late.times and "/feeds/" not in incoming.path:
                late.times -= 1
                self._waiting.append((self.clock.seconds + late.seconds, incoming))
                self.clock.sleep(PATIENCE)
                self.faulted_at = self.clock.seconds
                self.trace.append(f"{self.clock.seconds:.3f} {incoming.method} is late")
                return Reply(0, b"", {}, drop=True)
        return None

    def carry_out_late_ones(self) -> None:
        """What Amazon took up long ago takes effect now; nobody hears the answer."""
        due = [one for one in self._waiting if one[0] <= self.clock.seconds]
        self._waiting = [one for one in self._waiting if one[0] > self.clock.seconds]
        for _at, incoming in due:
            self._answer(incoming)

    # --- What leaves ---------------------------------------------------------------------------

    def _sent_by(self, incoming: Incoming) -> Iterator[Sent]:
        segments = incoming.segments
        if incoming.method in LISTING_WRITES and "listings" in segments:
            [marketplace] = incoming.query["marketplaceIds"]
            yield from values_of(segments[-1], marketplace, incoming.json())
        elif incoming.method == "POST" and segments[-1] == "feeds":
            body = incoming.json()
            content = json.loads(self.document(body["inputFeedDocumentId"]))
            for message in content["messages"]:
                for sent in values_of(message["sku"], body["marketplaceIds"][0], message):
                    yield replace(sent, by_feed=True)


def values_of(sku: str, marketplace: str, body: dict[str, Any]) -> Iterator[Sent]:
    """The prices and quantities that a patch, a put or a message of a feed carries."""
    attributes = body.get("attributes") or {
        patch["path"].rpartition("/")[2]: patch["value"] for patch in body["patches"]
    }
    for row in attributes.get("fulfillment_availability", []):
        yield Sent(sku, marketplace, "quantity", row["quantity"])
    for row in attributes.get("purchasable_offer", []):
        for price in row.get("our_price", []):
            amount = Decimal(str(price["schedule"][0]["value_with_tax"]))
            yield Sent(sku, marketplace, "price", amount.quantize(Decimal("0.01")))
