"""What a story with feeds and reports may never leave behind, whoever died on the way.

Feeds that Amazon got twice, quantities beyond what the shop has, lines that tell of what did not
happen, and rows that differ from those of an undisturbed story.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from django.db.models import F
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    OPEN_STATES,
    AmazonOrder,
    Job,
    Listing,
    OfferChange,
    Outcome,
    RunLine,
    RunState,
    Schedule,
    SellerSku,
    Submission,
    SubmissionItem,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from tests.faults.comparing import differences, sold, time_passes
from tests.faults.deaths import boundaries_of, killed_at
from tests.faults.sampling import chosen_deaths
from tests.faults.stages import Stages, by_feed
from tests.world import World

Act = Callable[[World], object]


@dataclass(frozen=True)
class Story:
    """From a stage on: what happens in the world, and then the act in which a worker may die."""

    stage: str
    prepare: Act
    act: Act
    afterwards: Sequence[Act] = ()


def failures_of(story: Story, stages: Stages, sample: int) -> dict[str, Any]:
    """What a death leaves behind that an undisturbed worker does not, by the place of the death.

    Places that are the same to the next worker are tried once, all of them or a sample.
    """
    met: list[str] = []
    wrong, undisturbed = _told(
        story, stages, lambda world: met.extend(boundaries_of(lambda: story.act(world)))
    )
    if wrong:
        return {"undisturbed": wrong}
    failures = {}
    for number in chosen_deaths(met, sample):

        def dies_there(world: World, number: int = number) -> None:
            killed_at(number, lambda: story.act(world))

        wrong, after_death = _told(story, stages, dies_there)
        differing = {
            part: (undisturbed[part], after_death[part])
            for part in undisturbed
            if undisturbed[part] != after_death[part]
        }
        if wrong or differing:
            failures[f"{number}: {met[number - 1]}"] = (wrong, differing)
    return failures


def _told(story: Story, stages: Stages, perform: Act) -> tuple[list[str], dict[str, Any]]:
    """What is wrong in the end, and the rows."""
    with stages.at(story.stage) as world, by_feed():
        story.prepare(world)
        proof = Proof(world)
        perform(world)
        for afterwards in story.afterwards:
            afterwards(world)
        come_back(world)
        return [*differences(world), *proof.faults()], rows(world)


#: After so many half hours every feed has come to its end, the one included that is sent then.
ROUNDS = 5


def come_back(world: World) -> None:
    """What the schedule does after a restart, until Amazon has done its part; then a check."""
    settle_all(world)
    wait(world, 8)  # a report shows what Amazon had up to six hours ago
    world.verify()
    wait(world, 0.5)
    tick()


def settle_all(world: World) -> None:
    """What the schedule does after a restart, until Amazon has done its part."""
    for _ in range(ROUNDS):
        wait(world, 0.5)
        world.import_orders()
        world.export()
        tick()
        sent = not Submission.objects.filter(state__in=OPEN_STATES).exists()
        if sent and not OfferChange.objects.exists():  # one may wait for the next import
            break
    world.do(Job.SETTLE)  # each job ends its dead runs


def wait(world: World, hours: float) -> None:
    """So much time passes for Amazon, and whatever waits for a time of day is due."""
    world.amazon.advance(hours * 3600)
    now = timezone.now()
    Submission.objects.filter(not_before__gt=now).update(not_before=now)
    SyncRun.objects.filter(not_before__gt=now).update(not_before=now)
    time_passes()


def tick() -> None:
    """All that is due is done, and what that notes; what has a schedule is done by its own name."""
    Schedule.objects.all().delete()
    for _ in range(2):
        for run in list(jobs.due_runs()):
            jobs.perform(run, patience=5)


@dataclass(frozen=True)
class Received:
    """One value that left for Amazon: of a price its amount, of a stock its units."""

    sku: str
    field: str
    value: Any


class Proof:
    """Looks at a world from a moment on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._begun = world.amazon.now().timestamp()
        self._last = RunLine.objects.order_by("pk").values_list("pk", flat=True).last() or 0

    def faults(self) -> list[str]:
        """All that is wrong, in words."""
        return [
            *self._doubled_feeds(),
            *self._too_many(),
            *self._untrue_lines(),
            *self._left_open(),
        ]

    def _doubled_feeds(self) -> Iterator[str]:
        feeds = self._world.amazon.feeds(self._world.seller)
        documents = [feed.input_document for feed in feeds]
        contents = [self._world.amazon.document(document) for document in documents]
        for name, of_each in (("document", documents), ("content", contents)):
            if (most := max(Counter(of_each).values(), default=0)) > 1:
                yield f"one {name} is in {most} feeds"

    def _too_many(self) -> Iterator[str]:
        """What the shop has left now is the most that it could sell after this moment."""
        held = sold(self._world, pending=True)
        for one in self.received(self._begun):
            if one.field == "quantity":
                left = max(0, self._world.in_stock(one.sku) - held[one.sku])
                if one.value > left:
                    yield f"{one.sku}: {one.value} were offered, the shop could sell {left}"

    def _untrue_lines(self) -> Iterator[str]:
        received = set(self.received())
        lines = RunLine.objects.filter(pk__gt=self._last, outcome=Outcome.SENT)
        for sku, values in lines.values_list("sku", "values"):
            for name, value in values.items():
                amount = value if name == "quantity" else Decimal(str(value).split()[0])
                if name != "name" and Received(sku, name, amount) not in received:
                    yield f"a line says that {sku} was sent with the {name} {value}"

    def _left_open(self) -> Iterator[str]:
        for submission in Submission.objects.filter(state__in=OPEN_STATES):
            yield f"{submission.kind} {submission.pk} is {submission.state}: {submission.reason}"
        if OfferChange.objects.exists():
            yield f"{OfferChange.objects.count()} changes are left"
        for run in SyncRun.objects.filter(state__in=(RunState.RUNNING, RunState.QUEUED)):
            yield f"{run} is {run.state}"

    def received(self, since: float = 0.0) -> Iterator[Received]:
        """What came by patch, put or feed; earlier patches than this world's are forgotten."""
        for seen in self._world.amazon.requests:
            if seen.operation in ("patchListingsItem", "putListingsItem") and seen.status == 200:
                yield from values_of(unquote(seen.path.rpartition("/")[2]), seen.body)
        for feed in self._world.amazon.feeds(self._world.seller):
            if feed.created >= since:
                content = json.loads(self._world.amazon.document(feed.input_document))
                for message in content["messages"]:
                    yield from values_of(message["sku"], message)


def values_of(sku: str, body: dict[str, Any]) -> Iterator[Received]:
    """The prices and quantities that a patch, a put or a message of a feed carries."""
    attributes = body.get("attributes") or {
        patch["path"].rpartition("/")[2]: patch["value"] for patch in body["patches"]
    }
    for row in attributes.get("fulfillment_availability", []):
        yield Received(sku, "quantity", row["quantity"])
    for row in attributes.get("purchasable_offer", []):
        for price in row.get("our_price", []):
            amount = price["schedule"][0]["value_with_tax"]
            yield Received(sku, "price", Decimal(str(amount)))


def rows(world: World) -> dict[str, Any]:
    """What our tables say in the end, but for numbers and times that differ from run to run."""
    listings = Listing.objects.filter(sku__account=world.account).order_by("sku__sku")
    skus = SellerSku.objects.filter(account=world.account).order_by("sku")
    found = {
        "listings": list(
            listings.values_list(
                "sku__sku",
                "presence",
                "believed",
                "verified",
                "refused",
                "held",
                "drift",
                "approved",
                "asin",
                "gtin",
                "amazon_stock",
                "reason",
            )
        ),
        "quantities in doubt": list(
            listings.exclude(quantity_version=F("sku__stock_version")).values_list("sku__sku")
        ),
        "skus": list(
            skus.values_list("sku", "offer_pk", "channel", "matched", "managed", "problem")
        ),
        "unsettled": SubmissionItem.objects.filter(
            settled=False, submission__kind=Submission.Kind.FEED
        ).count(),
        "orders": list(AmazonOrder.objects.order_by("number").values_list("number", "state")),
        "shop orders": get_model("order", "Order").objects.count(),
    }
    return found
