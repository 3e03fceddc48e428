"""The guards of feeds and reports against a second worker, each with a twin that shows the harm."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.db.models import QuerySet

from django_amazon_sync.models import (
    Job,
    Listing,
    Outcome,
    RunLine,
    RunState,
    SellerSku,
    Submission,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.amazon_reports import upsert
from django_amazon_sync.sync.export import feeds, settle_feeds
from django_amazon_sync.sync.listings import in_flight
from django_amazon_sync.sync.offers.reserved_units import invalidate_quantities
from tests.faults.comparing import differences
from tests.faults.proof import Proof, come_back, values_of, wait
from tests.faults.racing import at_once, just_before, needs_postgresql, without_job_lease
from tests.faults.stages import Stages, by_feed, change
from tests.world import World

pytestmark = pytest.mark.usefixtures("without_a_guard")


@pytest.fixture(autouse=True)
def _many() -> Iterator[None]:
    with by_feed():
        yield


@contextmanager
def at(stages: Stages, name: str) -> Iterator[World]:
    """A world at this stage, where many changes go by feed."""
    with stages.at(name) as world, by_feed():
        yield world


# --- The lease of settling ------------------------------------------------------------------------


def settle_into_a_settle(world: World) -> tuple[SyncRun, SyncRun]:
    """A second worker settles when the first one has read a report and takes it in."""
    wait(world, 1)
    inner: list[SyncRun] = []
    with just_before(settle_feeds, "_take_in", lambda: inner.append(world.do(Job.SETTLE))):
        outer = world.do(Job.SETTLE)
    return outer, inner[0]


def lines_of_feeds(world: World) -> list[str]:
    lines = RunLine.objects.filter(run__job=Job.SETTLE, outcome=Outcome.SENT)
    return sorted(lines.values_list("sku", flat=True))


def test_without_the_lease_a_second_worker_takes_a_settling_one_for_dead(stages: Stages) -> None:
    with at(stages, "fed") as world, without_job_lease():
        outer, _inner = settle_into_a_settle(world)
        assert outer.reason_code == "died"


def test_with_the_lease_each_message_is_settled_by_one(stages: Stages) -> None:
    with at(stages, "fed") as world:
        outer, inner = settle_into_a_settle(world)
        assert (outer.state, inner.state) == (RunState.DONE, RunState.QUEUED)
        assert lines_of_feeds(world) == ["BOOK", "CUP", "SHEARS"]


# --- The lock of a listing ------------------------------------------------------------------------


@contextmanager
def without_locks(model: Any) -> Iterator[None]:
    """Rows of this model are read without being locked."""
    usual = QuerySet.select_for_update

    def unlocked(rows: Any, *args: Any, **kwargs: Any) -> Any:
        return rows if rows.model is model else usual(rows, *args, **kwargs)

    with patch.object(QuerySet, "select_for_update", unlocked):
        yield


def sold_while_settling(world: World) -> None:
    """A cup is sold and sent by the lane after settling has read the cup's row."""
    wait(world, 1)
    world.import_orders()  # or the rise would wait for them
    change("CUP", num_in_stock=5)
    read, sent = threading.Event(), threading.Event()
    overtaken = in_flight.overtaken

    def then_wait(items: Any) -> Any:
        found = overtaken(items)
        if any(item.listing.sku.sku == "CUP" for item in items) and not read.is_set():
            read.set()
            sent.wait(timeout=3)  # in vain where the lane has to wait for us
        return found

    def the_lane() -> None:
        read.wait(timeout=20)
        try:
            assert world.send_changes().state == RunState.DONE
        finally:
            sent.set()

    with patch.object(settle_feeds, "overtaken", then_wait):
        assert at_once(lambda: world.do(Job.SETTLE), the_lane) == []
    assert world.live("CUP").quantity == 5


def test_without_the_lock_settling_forgets_what_was_sent_meanwhile(stages: Stages) -> None:
    needs_postgresql()
    with at(stages, "fed") as world, without_locks(Listing):
        sold_while_settling(world)
        assert world.listing("CUP").believed["quantity"] == 6


def test_with_the_lock_the_lane_waits_for_settling(stages: Stages) -> None:
    needs_postgresql()
    with at(stages, "fed") as world:
        sold_while_settling(world)
        assert world.listing("CUP").believed["quantity"] == 5
        come_back(world)
        assert differences(world) == []


# --- The order of locks ---------------------------------------------------------------------------


def settle_and_send_at_once(world: World, first: Any, second: Any) -> list[BaseException]:
    """Settling holds the cup's listing and wants its SKU; the lane begins with ``first``."""
    wait(world, 1)
    world.import_orders()  # or the rise would wait for them
    change("CUP", num_in_stock=5)
    world.send_changes()  # so settling has a quantity to doubt, which locks the SKU
    listing = world.listing("CUP")
    both = threading.Barrier(2)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=3)

    def after_meeting(lines: Any) -> None:
        lines = list(lines)
        if any(sku == "CUP" for _account, sku, _offer in lines):
            meet()
        invalidate_quantities(lines)

    def another() -> None:
        pks = {Listing: listing.pk, SellerSku: listing.sku_id}
        with transaction.atomic():
            first.objects.select_for_update().get(pk=pks[first])
            meet()
            second.objects.select_for_update().get(pk=pks[second])

    with patch.object(settle_feeds, "invalidate_quantities", after_meeting):
        return at_once(lambda: world.do(Job.SETTLE), another)


def test_locks_taken_crosswise_kill_one_of_two_workers(stages: Stages) -> None:
    needs_postgresql()
    with at(stages, "fed") as world:
        raised = settle_and_send_at_once(world, SellerSku, Listing)
        # What a run ends with names the kind of a fault, and none of its words.
        words = ("deadlock", "OperationalError")
        assert [any(word in str(fault) for word in words) for fault in raised] == [True]


def test_listings_before_skus_and_both_go_on(stages: Stages) -> None:
    needs_postgresql()
    with at(stages, "fed") as world:
        assert settle_and_send_at_once(world, Listing, SellerSku) == []


# --- The stock version ----------------------------------------------------------------------------


def order_while_a_file_is_written(world: World) -> list[int]:
    """Two of nine shears are sold after their quantity was computed; what went by feed of them."""
    world.amazon.advance(180)
    with just_before(feeds.Files, "add", lambda: world.do(Job.IMPORT_ORDERS)):
        world.export()
    return [
        one.value
        for feed in world.amazon.feeds(world.seller)
        for message in json.loads(world.amazon.document(feed.input_document))["messages"]
        for one in values_of(message["sku"], message)
        if (one.sku, one.field) == ("SHEARS", "quantity")
    ]


def test_without_the_version_a_feed_offers_what_was_sold(stages: Stages) -> None:
    with (
        at(stages, "rearranged") as world,
        patch.object(feeds, "why_not_now", lambda *facts: ""),
        patch.object(feeds, "is_overtaken", lambda feed: False),
    ):
        assert order_while_a_file_is_written(world) == [9]
        assert world.in_stock("SHEARS") == 7


def test_with_the_version_a_feed_does_not_carry_it(stages: Stages) -> None:
    with at(stages, "rearranged") as world:
        proof = Proof(world)
        assert order_while_a_file_is_written(world) == []
        come_back(world)
        assert [*differences(world), *proof.faults()] == []


# --- The state of a feed --------------------------------------------------------------------------


@contextmanager
def without_conditional_moves() -> Iterator[None]:
    """A submission's state is written whatever it was."""

    def move(submission: Submission, state: str, **values: Any) -> bool:
        Submission.objects.filter(pk=submission.pk).update(state=state, **values)
        for name, value in {"state": state, **values}.items():
            setattr(submission, name, value)
        return True

    with patch.object(Submission, "move", move):
        yield


def settle_before_the_export_sends(world: World) -> int:
    """A feed is uploaded, and both the export and settling are about to send it."""
    world.amazon.advance(180)
    world.import_orders()
    with just_before(feeds, "send_feed", lambda: world.do(Job.SETTLE)):
        world.export()
    return len(world.amazon.feeds(world.seller))


def test_without_the_condition_a_feed_is_made_twice(stages: Stages) -> None:
    with at(stages, "rearranged") as world, without_conditional_moves():
        settle_before_the_export_sends(world)
        assert any("feeds" in fault for fault in Proof(world).faults())


def test_with_the_condition_a_feed_is_made_once(stages: Stages) -> None:
    with at(stages, "rearranged") as world:
        proof = Proof(world)
        assert settle_before_the_export_sends(world) == 2  # its three listings are in two files
        come_back(world)
        assert [*differences(world), *proof.faults()] == []


# --- A report beside an export --------------------------------------------------------------------


def export_while_listings_come_in(world: World) -> None:
    """A report that shows nine mugs is ready; before it comes in, the export reads and sends."""
    world.do(Job.IMPORT_LISTINGS)
    wait(world, 0.5)
    run = SyncRun.objects.get(job=Job.IMPORT_LISTINGS, state=RunState.QUEUED)

    def export() -> None:
        world.import_orders()
        assert world.export().state == RunState.DONE

    with just_before(upsert, "_insert", export):
        assert jobs.perform(run, patience=5).state == RunState.DONE


def test_without_the_condition_a_report_undoes_what_was_sent(stages: Stages) -> None:
    always = upsert._LISTINGS.replace(upsert._FOUND, "true")
    with at(stages, "stocked") as world, patch.object(upsert, "_LISTINGS", always):
        export_while_listings_come_in(world)
        assert world.listing("MUG").believed["quantity"] != world.live("MUG").quantity


def test_with_the_condition_what_was_sent_stays_accepted(stages: Stages) -> None:
    with at(stages, "stocked") as world:
        export_while_listings_come_in(world)
        assert world.listing("MUG").believed["quantity"] == world.live("MUG").quantity == 18
        come_back(world)
        assert differences(world) == []
