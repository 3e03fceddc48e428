"""SIGKILL at every write boundary of feeds: of writing, sending, overtaking and settling them.

After the restart rows and Amazon are what they are where nobody died, and no feed was sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest

from django_amazon_sync.amazon import feeds as gateway
from django_amazon_sync.models import Job, RunState, SyncRun
from django_amazon_sync.sync.export import feeds
from tests.faults.comparing import differences
from tests.faults.deaths import Died
from tests.faults.proof import Story, failures_of, tick, wait
from tests.faults.racing import just_before
from tests.faults.stages import Stages, by_feed, change
from tests.world import World

SAMPLE = 2

pytestmark = pytest.mark.thorough  # .ci/run kills at each place, in a step of its own


def amazon_shows_the_order(world: World) -> None:
    world.amazon.advance(180)


def amazon_works(world: World) -> None:
    """The first feed is taken, then the shop sells a cup; all prices of the second are refused."""
    world.amazon.advance(70)
    one_is_sold(world)
    world.send_changes()
    world.amazon.switch(merge="refused")
    wait(world, 1)
    world.amazon.switch(merge="keeps")


def one_is_sold(world: World) -> None:
    change("CUP", num_in_stock=5)


def ends(outcome: Any) -> Callable[[World], None]:
    """Amazon is done with the feeds, so or so."""

    def amazon_ends(world: World) -> None:
        world.amazon.switch(feed_outcome=outcome)
        wait(world, 1)
        world.amazon.switch(feed_outcome="done")

    return amazon_ends


def two_days_pass(world: World) -> None:
    """The first feed began and never ends; the other waits behind it."""
    world.amazon.switch(feed_outcome="stuck")
    wait(world, 49)


def export_while_a_buyer_comes(world: World) -> SyncRun:
    """The order comes in after its SKU's quantity was computed for the feed."""
    with just_before(feeds.Files, "add", lambda: world.do(Job.IMPORT_ORDERS)):
        return world.export()


def settle(world: World) -> SyncRun:
    return world.do(Job.SETTLE)


def amazon_is_well(world: World) -> None:
    world.amazon.switch(feed_outcome="done")


STORIES = {
    "export": Story("rearranged", amazon_shows_the_order, export_while_a_buyer_comes),
    "overtaking": Story("fed", one_is_sold, lambda world: world.do(Job.CHANGES)),
    "settling": Story("fed", amazon_works, settle),
    "settling fatal ones": Story("fed", ends("fatal"), settle),
    "settling cancelled ones": Story("fed", ends("cancelled"), settle),
    "settling stuck ones": Story("fed", two_days_pass, settle, [amazon_is_well]),
    "settling unanswered ones": Story("unanswered", lambda world: wait(world, 0.5), settle),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_of_feeds_that_is_killed_anywhere_ends_as_if_it_were_not(
    name: str, stages: Stages
) -> None:
    assert failures_of(STORIES[name], stages, SAMPLE) == {}


def test_a_file_that_its_worker_left_keeps_nothing_from_leaving(stages: Stages) -> None:
    """The lane took what was in the file for sent, as the file's worker was alive then."""

    def the_lane_then_death(*_args: object) -> None:
        assert world.send_changes().state == RunState.DONE
        raise Died

    with stages.at("rearranged") as world, by_feed():
        world.amazon.advance(180)
        with (
            patch.object(gateway, "create_feed_document", the_lane_then_death),
            suppress(Died),
        ):
            world.export()
        for _ in range(4):
            wait(world, 0.5)
            world.import_orders()
            tick()
        assert differences(world) == []
