"""Each guard against a second worker has a twin test, which shows the harm without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
import requests
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.amazon import orders as orders_gateway
from django_amazon_sync.amazon.limits import Limiter
from django_amazon_sync.amazon.listings import get_listing
from django_amazon_sync.errors import Throttled
from django_amazon_sync.models import (
    AccessToken,
    AmazonOrder,
    Job,
    Lease,
    RateBucket,
    RunState,
    Schedule,
    SyncRun,
)
from django_amazon_sync.shops.oscar import orders as shop_orders
from django_amazon_sync.signals import order_placed
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import tokens_and_buckets
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.sync.export import export, send
from django_amazon_sync.sync.runs import dead_runs, leases
from django_amazon_sync.sync.runs.leases import HeldLease
from django_amazon_sync.testing.factories import SyncRunFactory
from django_amazon_sync.testing.simulator import RequestSeen
from tests.faults.comparing import come_back, differences
from tests.faults.databases import on_postgresql
from tests.faults.racing import at_once, just_before, needs_postgresql, without_job_lease
from tests.faults.stages import Stages, change
from tests.world import DE, World

pytestmark = pytest.mark.usefixtures("without_a_guard")

# --- The job's lease --------------------------------------------------------------------------


def patches(world: World) -> list[RequestSeen]:
    return world.amazon.requests_of("patchListingsItem")


def quantities_sent(world: World, sku: str) -> list[int]:
    """The quantities that Amazon was sent of a SKU by patch, oldest first."""
    values = [
        patch["value"][0]["quantity"]
        for seen in patches(world)
        if seen.path.endswith(f"/{sku}")
        for patch in seen.body["patches"]
        if patch["path"] == "/attributes/fulfillment_availability"
    ]
    return [int(value) for value in values]


def export_into_an_export(world: World) -> tuple[SyncRun, SyncRun]:
    """A second worker exports while the first one's first request is on its way."""
    inner: list[SyncRun] = []
    really_send = requests.Session.send

    def send_after_another(session: Any, request: Any, **how: Any) -> Any:
        if request.method == "PATCH" and not inner:
            inner.append(SyncRun())
            inner[0] = world.export()
        return really_send(session, request, **how)

    with patch.object(requests.Session, "send", send_after_another):
        outer = world.export()
    return outer, inner[0]


def test_without_the_lease_a_second_worker_takes_a_live_ones_work_for_dead(stages: Stages) -> None:
    with stages.at("changed") as world, without_job_lease():
        outer, _inner = export_into_an_export(world)
        outer.refresh_from_db()
        assert outer.reason_code == "died"


def test_without_the_lease_nothing_is_sent_twice_all_the_same(stages: Stages) -> None:
    """The lease only saves work: who looked last sends."""
    with stages.at("changed") as world:
        with without_job_lease():
            export_into_an_export(world)
        assert len(quantities_sent(world, "MUG")) == 1
        come_back(world)
        assert differences(world) == []


def test_with_the_lease_the_second_worker_waits_and_nothing_is_sent_twice(stages: Stages) -> None:
    with stages.at("changed") as world:
        outer, inner = export_into_an_export(world)
        assert (outer.state, inner.state) == (RunState.DONE, RunState.QUEUED)
        assert inner in list(jobs.due_runs())
        assert len(quantities_sent(world, "MUG")) == 1
        assert differences(world) == []


def overtaken(world: World) -> SyncRun:
    """A worker stands still for longer than its lease; meanwhile the shop sells and another sends.

    It wakes up with a quantity that it computed before.
    """

    def another_comes() -> None:
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        change("CUP", num_in_stock=1)
        assert world.export().state == RunState.DONE

    with just_before(send, "_write_down", another_comes):
        return world.export(skus=["CUP"])


def test_without_the_look_a_worker_that_was_overtaken_writes_old_news(stages: Stages) -> None:
    with (
        stages.at("changed") as world,
        patch.object(HeldLease, "check", lambda self: None),
        patch.object(send, "why_too_late", lambda look, sku: ""),
    ):
        overtaken(world)
        assert quantities_sent(world, "CUP") == [1, 6]
        live = world.live("CUP")
        assert live.quantity > world.in_stock("CUP")


def test_with_the_look_alone_it_writes_nothing(stages: Stages) -> None:
    with stages.at("changed") as world:
        with patch.object(HeldLease, "check", lambda self: None):
            overtaken(world)
        assert quantities_sent(world, "CUP") == [1]
        come_back(world)
        assert differences(world) == []


def test_with_the_fence_it_writes_nothing(stages: Stages) -> None:
    with stages.at("changed") as world:
        run = overtaken(world)
        assert (run.state, run.reason_code) == (RunState.QUEUED, "died-once")
        assert jobs.perform(SyncRun.objects.get(pk=run.pk)).state == RunState.DONE
        assert quantities_sent(world, "CUP") == [1]
        assert differences(world) == []


# --- The stock version --------------------------------------------------------------------------


def order_in_between(world: World) -> SyncRun:
    """An order comes in after a quantity was computed and before it is sent."""

    def a_buyer_comes() -> None:
        world.buy("SHEARS", 3)
        world.import_orders()

    with just_before(send, "_write_down", a_buyer_comes):
        return world.export(skus=["SHEARS"])


def test_without_the_version_sold_units_are_offered_again(stages: Stages) -> None:
    with stages.at("changed") as world, patch.object(send, "why_not_now", lambda *facts: ""):
        order_in_between(world)
        assert quantities_sent(world, "SHEARS") == [4]
        assert world.live("SHEARS").quantity > world.in_stock("SHEARS")


def test_with_the_version_the_quantity_is_computed_anew(stages: Stages) -> None:
    with stages.at("changed") as world:
        order_in_between(world)
        assert quantities_sent(world, "SHEARS") == []
        come_back(world)
        assert set(quantities_sent(world, "SHEARS")) == {1}
        assert differences(world) == []


# --- Rises wait for orders ------------------------------------------------------------------------


def goods_come_while_orders_are_late(world: World) -> None:
    """A buyer came a quarter of an hour ago, which no search has shown; now the shop gets goods."""
    world.buy("SHEARS", 3)
    world.amazon.advance(900)
    change("SHEARS", num_in_stock=9)
    world.send_changes()


def test_without_the_wait_a_rise_offers_what_amazon_has_sold(stages: Stages) -> None:
    with (
        stages.at("exported") as world,
        patch.object(export, "orders_complete", lambda work: True),
    ):
        goods_come_while_orders_are_late(world)
        assert quantities_sent(world, "SHEARS") == [9]


def test_with_the_wait_it_leaves_once_orders_are_known(stages: Stages) -> None:
    with stages.at("exported") as world:
        goods_come_while_orders_are_late(world)
        assert quantities_sent(world, "SHEARS") == []
        come_back(world)
        assert set(quantities_sent(world, "SHEARS")) == {6}
        assert differences(world) == []


# --- The order's claim and the shop's order number ----------------------------------------------


@contextmanager
def without_claim() -> Iterator[None]:
    """Amazon's orders are read without their rows' lock."""
    usual = QuerySet.select_for_update

    def unlocked(rows: Any, *args: Any, **kwargs: Any) -> Any:
        return rows if rows.model is AmazonOrder else usual(rows, *args, **kwargs)

    with patch.object(QuerySet, "select_for_update", unlocked):
        yield


@contextmanager
def without_order_number_key() -> Iterator[None]:
    """The shop takes any number of orders with one number."""
    table = get_model("order", "Order")._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
        (name,) = [
            name
            for name, facts in found.items()
            if facts["unique"] and facts["columns"] == ["number"]
        ]
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        yield
        cursor.execute(f'TRUNCATE "{table}" CASCADE')
        cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE (number)')


@contextmanager
def side_by_side(workers: int) -> Iterator[None]:
    """Workers wait for each other once they know that the order is not in the shop yet."""
    barrier = threading.Barrier(workers)
    place_new = shop_orders.place_new

    def after_the_others(*args: Any) -> Any:
        # Where a guard keeps the others out, which is its task, there is nobody to wait for.
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=1)
        return place_new(*args)

    with patch.object(shop_orders, "place_new", after_the_others):
        yield


def place_at_once(world: World) -> tuple[int, int]:
    """Two workers place one buyer's order of 2 mugs: how many orders, and how often announced."""
    number = world.buy("MUG", 2)
    world.amazon.advance(180)
    announced: list[str] = []

    def hear(order: AmazonOrder, **kwargs: Any) -> None:
        announced.append(order.number)

    order_placed.connect(hear)
    try:
        with without_job_lease(), side_by_side(2):
            # Runs about one order: of those about all only one waits at a time.
            raised = at_once(*[lambda: world.do(Job.IMPORT_ORDERS, order=number)] * 2)
    finally:
        order_placed.disconnect(hear)
    assert raised == []
    orders = get_model("order", "Order").objects.filter(number=number)
    return orders.count(), announced.count(number)


def test_without_claim_and_key_an_order_is_placed_twice(stages: Stages) -> None:
    needs_postgresql()
    with stages.at("exported") as world, without_claim(), without_order_number_key():
        stock = world.in_stock("MUG")
        assert place_at_once(world) == (2, 2)
        assert world.in_stock("MUG") == stock - 4


def test_the_claim_alone_places_it_once(stages: Stages) -> None:
    needs_postgresql()
    with stages.at("exported") as world, without_order_number_key():
        stock = world.in_stock("MUG")
        assert place_at_once(world) == (1, 1)
        assert world.in_stock("MUG") == stock - 2


def test_the_shops_key_alone_places_it_once(stages: Stages) -> None:
    """And shows what the claim is for all the same: the order is announced twice."""
    needs_postgresql()
    with stages.at("exported") as world, without_claim():
        stock = world.in_stock("MUG")
        assert place_at_once(world) == (1, 2)
        assert world.in_stock("MUG") == stock - 2


def test_workers_on_one_window_place_each_order_once(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several pages, three workers and no lease: claim and keys are enough."""
    monkeypatch.setattr(orders_gateway, "ORDERS_A_PAGE", 1)
    with stages.at("bought") as world:
        world.amazon.advance(180)
        with without_job_lease(), patch.object(dead_runs, "inherit", lambda run: None):
            runs = SyncRunFactory.create_batch(
                3, account=world.account, job=Job.IMPORT_ORDERS, state=RunState.QUEUED
            )
            done = at_once(*[partial(jobs.perform, run, patience=5) for run in runs])
            assert done == []
        come_back(world)
        assert differences(world) == []


# --- The key of Amazon's orders -----------------------------------------------------------------


@contextmanager
def without_amazon_order_key() -> Iterator[None]:
    """Our table takes any number of rows for one of Amazon's orders."""
    keys = AmazonOrder._meta.constraints
    (key,) = [one for one in keys if one.name == "amazon_order_once"]
    others = [one for one in keys if one is not key]
    with (
        patch.object(AmazonOrder._meta, "constraints", others),
        connection.schema_editor() as editor,
    ):
        editor.remove_constraint(AmazonOrder, key)
    yield
    if on_postgresql():  # on SQLite the whole file is thrown away
        with connection.cursor() as cursor:
            cursor.execute(f'TRUNCATE "{AmazonOrder._meta.db_table}" CASCADE')
        with connection.schema_editor() as editor:
            editor.add_constraint(AmazonOrder, key)


def pending_twice_seen(world: World) -> str:
    """A buyer who has not paid; the search shows the order in two windows."""
    number = world.buy("SHEARS", 2, status="PENDING")
    world.import_orders()
    world.amazon.set_order(number, programs=["PRIME"])
    come_back(world)
    return number


def test_without_its_key_an_order_is_kept_twice_and_holds_twice(stages: Stages) -> None:
    with stages.at("exported") as world, without_amazon_order_key():
        number = pending_twice_seen(world)
        assert AmazonOrder.objects.filter(number=number).count() > 1
        assert world.live("SHEARS").quantity < world.in_stock("SHEARS") - 2


def test_with_its_key_it_is_kept_once_and_holds_once(stages: Stages) -> None:
    with stages.at("exported") as world:
        number = pending_twice_seen(world)
        assert AmazonOrder.objects.filter(number=number).count() == 1
        assert world.live("SHEARS").quantity == world.in_stock("SHEARS") - 2


# --- The limiter --------------------------------------------------------------------------------

CALLS = 16


def ask_often(world: World) -> tuple[int, int]:
    """Two workers ask for a listing 16 times in all: how often Amazon answered and said 429.

    Amazon's bucket for it holds 10 calls.
    """

    RateBucket.objects.all().delete()  # what they knew of an Amazon without limits

    def ask() -> None:
        client = client_for(world.account, patience=20)
        for _ in range(CALLS // 2):
            try:
                get_listing(client, "MUG", [DE])
            except Throttled:
                continue

    assert at_once(ask, ask) == []
    statuses = [seen.status for seen in world.amazon.requests_of("getListingsItem")]
    return statuses.count(200), statuses.count(429)


def test_without_the_limiter_amazon_refuses(stages: Stages) -> None:
    with (
        stages.at("exported", rate_limits=True) as world,
        patch.object(Limiter, "take", lambda limiter, operation: 0.0),
    ):
        answered, refused = ask_often(world)
        assert refused > 0
        assert answered < CALLS


def test_with_the_limiter_every_call_is_answered(stages: Stages) -> None:
    with stages.at("exported", rate_limits=True) as world:
        assert ask_often(world) == (CALLS, 0)


# --- The token's lease ----------------------------------------------------------------------------

WORKERS = 4


def renew_at_once(world: World) -> int:
    """How often Amazon is asked for a token when it has expired for four workers at once."""
    AccessToken.objects.all().delete()
    before = len(world.amazon.requests_of("token"))
    barrier = threading.Barrier(WORKERS)
    ask = tokens_and_buckets.ask_for_token

    def ask_together(*args: Any) -> Any:
        # Where the lease keeps the others out, there is nobody to wait for.
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.5)
        return ask(*args)

    with patch.object(tokens_and_buckets, "ask_for_token", ask_together):
        tokens: list[str] = []
        raised = at_once(
            *[lambda: tokens.append(tokens_and_buckets.DatabaseTokens(world.account).token())]
            * WORKERS
        )
    assert raised == []
    assert len(tokens) == WORKERS
    return len(world.amazon.requests_of("token")) - before


def test_without_the_lease_each_worker_asks_for_a_token(stages: Stages) -> None:
    class NoLease(HeldLease):
        def check(self) -> None:
            """Never lost."""

        def release(self) -> None:
            """Never held."""

    with (
        stages.at("exported") as world,
        patch.object(leases, "take", lambda key: NoLease(key, "", 0)),
    ):
        assert renew_at_once(world) == WORKERS


def test_with_the_lease_one_worker_asks_for_all(stages: Stages) -> None:
    with stages.at("exported") as world:
        assert renew_at_once(world) == 1


# --- One run about everything ---------------------------------------------------------------------


def test_two_ticks_at_once_queue_a_run_once(stages: Stages) -> None:
    needs_postgresql()
    with stages.at("changed") as world:
        Schedule.objects.update(next_due=timezone.now() - timedelta(hours=1))
        assert at_once(*[lambda: list(jobs.due_runs([world.account]))] * 4) == []
        queued = SyncRun.objects.filter(state=RunState.QUEUED).values_list("job", flat=True)
        assert sorted(queued) == sorted({*queued, Job.CHANGES})
        assert set(queued) >= {Job.EXPORT, Job.IMPORT_ORDERS}


def test_all_who_ask_at_once_get_one_run(stages: Stages) -> None:
    needs_postgresql()
    with stages.at("changed") as world:
        got: list[int] = []

        def ask() -> None:
            got.append(jobs.request(world.account, Job.MATCH).pk)

        assert at_once(*[ask] * 6) == []
        assert len(got) == 6
        assert len(set(got)) == 1
