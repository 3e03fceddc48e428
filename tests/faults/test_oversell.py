"""Whatever the order of events: nothing is offered that the shop could not sell.

Shop and Amazon sell, buyers pay and cancel, jobs run, answers break and workers die, in any order.
Changes leave by patch and by feed; Amazon takes feeds late, in part, or never. Each quantity is
judged at the moment at which it leaves for Amazon, in a feed when its file is uploaded.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any, BinaryIO
from unittest.mock import patch
from urllib.parse import unquote

import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from oscar.core.loading import get_model

from django_amazon_sync import conf
from django_amazon_sync.models import HOLDING_STATES, AmazonOrderLine, Job
from django_amazon_sync.testing.simulator import Fault, NotForSale
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests.faults.comparing import differences, ours
from tests.faults.deaths import Boundaries, Died, die_within
from tests.faults.proof import come_back, settle_all, wait
from tests.faults.sampling import EVERYTHING
from tests.faults.stages import Stages, by_feed, change
from tests.world import DE, World

#: Beside ORDERS_FRESH: Amazon's search lags by two minutes, and times are cut to whole seconds.
LAG = 125

OURS = st.sampled_from(["MUG", "SHEARS"])
UNITS = st.integers(min_value=1, max_value=4)
JOBS = st.sampled_from(
    [Job.CHANGES, Job.CHANGES, Job.EXPORT, Job.IMPORT_ORDERS, Job.SETTLE, Job.VERIFY]
)
KINDS = st.sampled_from(["429", "500", "503", "empty", "half", "drop_before", "drop_after"])
OPERATIONS = st.sampled_from(
    [
        "searchOrders",
        "searchListingsItems",
        "getListingsItem",
        "patchListingsItem",
        "createFeedDocument",
        "upload",
        "createFeed",
        "getFeed",
        "getFeeds",
        "cancelFeed",
        "getFeedDocument",
        "download",
    ]
)
#: What Amazon makes of feeds from now on, how long they wait, and how late their values are live.
FEEDS = st.fixed_dictionaries(
    {
        "feed_outcome": st.sampled_from(["done", "done", "fatal", "cancelled", "stuck"]),
        "feed_queue": st.sampled_from([15, 1200, 20000]),
        "feed_applies_late": st.sampled_from([0, 0, 2400]),
        "feed_report": st.sampled_from(["there", "there", "missing", "truncated", "foreign"]),
    }
)
WELL = {"feed_outcome": "done", "feed_queue": 15, "feed_applies_late": 0, "feed_report": "there"}


class Judge:
    """Looks at each request that sets a quantity, before it leaves."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.judged = 0
        self.judged_in_feeds = 0

    def send(self, session: Any, request: Any, **how: Any) -> Any:
        if hasattr(request.body, "read"):
            self.judge_feed(request.body)
        elif request.method in ("PATCH", "PUT"):
            sku = unquote(request.url.partition("?")[0].rpartition("/")[2])
            for quantity in quantities(json.loads(request.body)):
                self.judge(sku, quantity)
        return SEND(session, request, **how)

    def judge_feed(self, file: BinaryIO) -> None:
        for message in json.load(file)["messages"]:
            for quantity in quantities(message):
                self.judged_in_feeds += 1
                self.judge(message["sku"], quantity)
        file.seek(0)

    def judge(self, sku: str, quantity: int) -> None:
        self.judged += 1
        live = self.world.amazon.live(self.world.seller, sku, DE)
        if live is not None:
            assert live.channels == ("DEFAULT",), f"{sku} is Amazon's and was sent {quantity}"
        sellable = max(0, self.world.in_stock(sku) - known_holds(sku))
        assert quantity <= sellable, f"{sku}: sent {quantity}, the shop could sell {sellable}"
        if live is not None and quantity > (live.quantity or 0):
            left = max(0, self.world.in_stock(sku) - sold_before(self.world, sku))
            assert quantity <= left, f"{sku}: raised to {quantity}, {left} were left"


SEND = requests.Session.send


def quantities(body: dict[str, Any]) -> list[int]:
    """The merchant quantities that a patch or a put carries."""
    attributes = body.get("attributes") or {
        patch["path"].rpartition("/")[2]: patch["value"] for patch in body["patches"]
    }
    return [row["quantity"] for row in attributes.get("fulfillment_availability", [])]


def known_holds(sku: str) -> int:
    """Units that Amazon sold and the shop has not taken, as far as we know."""
    lines = AmazonOrderLine.objects.filter(
        sku=sku, order__state__in=HOLDING_STATES, order__takes_stock=True
    )
    return sum(lines.values_list("quantity", flat=True))


def sold_before(world: World, sku: str) -> int:
    """Units in Amazon's orders that a rise has to know of and the shop has not taken.

    Amazon's search does not show an order that changed within the last two minutes, however old.
    """
    latest = world.amazon.now().timestamp() - conf.get("ORDERS_FRESH") - LAG
    placed = set(get_model("order", "Order").objects.values_list("number", flat=True))
    return sum(
        item["quantityOrdered"]
        for order in ours(world)
        if order["orderId"] not in placed and moment(order["lastUpdatedTime"]) < latest
        for item in order["orderItems"]
        if item["product"]["sellerSku"] == sku
    )


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class ShopAndAmazon(RuleBasedStateMachine):
    """One shop and one account, from the moment at which all was on Amazon."""

    def __init__(self, stages: Stages) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = self.stack.enter_context(stages.at("exported"))
        self.stack.enter_context(by_feed(more_than=0, low_stock=2))
        self.judge = Judge(self.world)

        def send(session: Any, request: Any, **how: Any) -> Any:
            return self.judge.send(session, request, **how)

        self.stack.enter_context(patch.object(requests.Session, "send", send))
        self.bought: list[str] = []
        #: Whether Amazon may apply a feed after it said that it had, which only a check finds.
        self.unseen = False

    def teardown(self) -> None:
        try:
            self.world.amazon.faults.clear()
            self.world.amazon.switch(**WELL)
            self.world.amazon.finish_feeds()
            if not self.unseen:
                settle_all(self.world)
                assert differences(self.world) == []
            come_back(self.world)  # what verification finds is mended by one feed more
            come_back(self.world)
            assert differences(self.world) == []
        finally:
            self.stack.close()

    @rule(sku=OURS, units=UNITS)
    def the_shop_sells(self, sku: str, units: int) -> None:
        there = self.world.in_stock(sku)
        self.restock(sku, -min(units, max(0, there)))

    @rule(sku=OURS, units=UNITS)
    def the_shop_gets_goods(self, sku: str, units: int) -> None:
        self.restock(sku, units)

    def restock(self, sku: str, units: int) -> None:
        record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
        assert record.num_in_stock is not None
        change(sku, num_in_stock=record.num_in_stock + units)

    @rule(sku=OURS)
    def the_shop_loses_its_stock_and_tells_nobody(self, sku: str) -> None:
        records = get_model("partner", "StockRecord").objects.filter(partner_sku=sku)
        records.update(num_in_stock=records.get().num_allocated or 0)

    @rule(sku=OURS | st.just("BOOK"), units=UNITS, paid=st.booleans())
    def amazon_sells(self, sku: str, units: int, paid: bool) -> None:
        with suppress(NotForSale):
            status = "UNSHIPPED" if paid else "PENDING"
            self.bought.append(self.world.buy(sku, units, status=status))

    @rule(which=st.integers(min_value=0, max_value=3))
    def a_buyer_pays(self, which: int) -> None:
        for number in self.bought[-1 - which :][:1]:
            self.world.amazon.settle_payment(number)

    @rule(which=st.integers(min_value=0, max_value=3), whole=st.booleans())
    def a_buyer_cancels(self, which: int, whole: bool) -> None:
        for number in self.bought[-1 - which :][:1]:
            ordered = self.world.amazon.order(number)["orderItems"][0]["quantityOrdered"]
            if ordered:
                self.world.amazon.cancel(number, quantity=ordered if whole else 1)

    @rule(seconds=st.sampled_from([180, 900, 4000]))
    def time_passes(self, seconds: int) -> None:
        wait(self.world, seconds / 3600)

    @rule(how=FEEDS)
    def amazon_changes_its_ways(self, how: dict[str, Any]) -> None:
        self.world.amazon.switch(**how)
        self.unseen |= how["feed_applies_late"] > 0 or how["feed_outcome"] == "stuck"

    @rule(sku=OURS, units=UNITS)
    def goods_come_and_are_exported(self, sku: str, units: int) -> None:
        self.restock(sku, units)
        self.world.do(Job.EXPORT)

    @rule(how=FEEDS)
    def feeds_come_to_an_end(self, how: dict[str, Any]) -> None:
        self.amazon_changes_its_ways(how)
        wait(self.world, 1)
        self.world.do(Job.SETTLE)
        self.world.amazon.switch(**WELL)

    @rule()
    def two_days_pass(self) -> None:
        wait(self.world, 49)

    @rule(job=JOBS)
    def a_job_is_done(self, job: Job) -> None:
        self.world.do(job)

    @rule(job=JOBS, operation=OPERATIONS, kind=KINDS, skip=st.integers(min_value=0, max_value=2))
    def an_answer_breaks(self, job: Job, operation: str, kind: FaultKind, skip: int) -> None:
        self.world.amazon.faults.add(Fault(operation, kind, skip=skip))
        self.world.do(job)
        self.world.amazon.faults.clear()

    @rule(job=JOBS, boundary=st.integers(min_value=1, max_value=90))
    def a_worker_dies(self, job: Job, boundary: int) -> None:
        with suppress(Died), Boundaries(boundary, die_within).watched():
            self.world.do(job)


def test_nothing_is_offered_that_the_shop_could_not_sell(stages: Stages) -> None:
    class FromHere(ShopAndAmazon):
        def __init__(self) -> None:
            super().__init__(stages)

    run_state_machine_as_test(
        FromHere,
        settings=settings(
            max_examples=100 if EVERYTHING else 8,
            stateful_step_count=30 if EVERYTHING else 20,
            derandomize=not EVERYTHING,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
