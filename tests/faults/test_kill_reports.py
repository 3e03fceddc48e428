"""SIGKILL at every write boundary of taking in a listings report, and of verifying by one."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import Job, RunState, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.amazon_reports import import_listings
from django_amazon_sync.sync.verification import by_report
from tests.faults.proof import Story, failures_of, wait
from tests.faults.stages import Stages, change
from tests.world import DE, World, now_due

SAMPLE = 2

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_listings, "REPORT_ROWS_PER_CHUNK", 2)
    monkeypatch.setattr(import_listings, "STOCKS_PER_CHUNK", 1)
    monkeypatch.setattr(by_report, "BY_SEARCH_ALONE", 0)
    monkeypatch.setattr(by_report, "REPORT_ROWS_PER_CHUNK", 2)


def amazon_has_more(world: World) -> None:
    """What the shop never sold, and what Amazon has of the books in its warehouse."""
    world.list_on_amazon("ATTIC", price="3.00", quantity=1)
    world.list_on_amazon("CELLAR", price="5.00", channel="AMAZON")
    for sku in ("BOOK", "CELLAR"):
        world.amazon.set_amazon_stock(world.seller, sku, DE, fulfillable=6, inbound=2)


def listings_are_asked_for(world: World) -> None:
    amazon_has_more(world)
    assert world.do(Job.IMPORT_LISTINGS).state == RunState.QUEUED
    wait(world, 0.5)


def taken_in(world: World) -> SyncRun:
    """The run that waits goes on, or one begins."""
    waiting = SyncRun.objects.filter(job=Job.IMPORT_LISTINGS, state=RunState.QUEUED).first()
    run = waiting or jobs.request(world.account, Job.IMPORT_LISTINGS)
    return jobs.perform(now_due(run), patience=5)


def import_to_the_end(world: World) -> None:
    """Asked for once more, as staff would or the schedule does."""
    while taken_in(world).state == RunState.QUEUED:
        wait(world, 0.5)


def a_price_is_ignored(world: World) -> None:
    """Amazon accepts three changes and ignores one, long enough ago for any report to show it."""
    world.amazon.ignore_changes(world.seller, "MUG", DE)
    change("MUG", price="12.00")
    change("CUP", num_in_stock=6)
    world.import_orders()
    world.send_changes()
    wait(world, 9)
    world.import_orders()


def a_report_is_asked_for(world: World) -> None:
    a_price_is_ignored(world)
    assert world.verify().state == RunState.QUEUED
    wait(world, 0.5)


def verify(world: World) -> SyncRun:
    """The run that waits goes on, or one begins."""
    waiting = SyncRun.objects.filter(job=Job.VERIFY, state=RunState.QUEUED).first()
    run = waiting or jobs.request(world.account, Job.VERIFY)
    return jobs.perform(now_due(run), patience=5)


def verify_to_the_end(world: World) -> None:
    while verify(world).state == RunState.QUEUED:
        wait(world, 0.5)


def amazon_heeds_changes(world: World) -> None:
    """The drift has been found by now; what is sent again becomes live."""
    assert world.listing("MUG").believed["price"] == "11.00 EUR"
    world.amazon.heed_changes(world.seller, "MUG", DE)


TO_THE_END = [import_to_the_end]
MENDED = [verify_to_the_end, amazon_heeds_changes]

STORIES = {
    "asking for listings": Story("stocked", amazon_has_more, taken_in, TO_THE_END),
    "taking listings in": Story("stocked", listings_are_asked_for, taken_in, TO_THE_END),
    "asking for proof": Story("exported", a_price_is_ignored, verify, MENDED),
    "verifying": Story("exported", a_report_is_asked_for, verify, MENDED),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_reports_that_is_killed_anywhere_ends_as_if_it_were_not(
    name: str, stages: Stages
) -> None:
    assert failures_of(STORIES[name], stages, SAMPLE) == {}
