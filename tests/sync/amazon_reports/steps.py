"""Steps of the tests of reports."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.models import Job, SyncRun
from tests.world import World, to_the_end


def take_in_listings(world: World, **options: Any) -> SyncRun:
    return to_the_end(world, world.do(Job.IMPORT_LISTINGS, **options))


def calls(world: World, operation: str) -> int:
    return len(world.amazon.requests_of(operation))
