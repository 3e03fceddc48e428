"""Steps of the tests of feeds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import Job, Submission, SyncRun
from django_amazon_sync.sync import jobs
from tests.world import World

SKUS = ["RED", "BLUE", "GREEN", "WHITE"]


def change(sku: str, **columns: Any) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    for name, value in columns.items():
        setattr(record, name, value)
    record.save()


def settle(world: World, after: timedelta = timedelta(hours=1)) -> list[SyncRun]:
    """Let Amazon work and do what tick does until nothing is due; returns the settling runs."""
    world.amazon.advance(after.total_seconds())
    Submission.objects.exclude(not_before=None).update(not_before=timezone.now())
    settled = []
    for _turn in range(4):
        world.import_orders()  # rises wait for them
        for run in jobs.due_runs():
            if run.job in (Job.SETTLE, Job.CHANGES):
                done = jobs.perform(run, patience=5)
                settled += [done] if done.pk and done.job == Job.SETTLE else []
    return settled


def feeds() -> list[Submission]:
    return list(Submission.objects.filter(kind=Submission.Kind.FEED).order_by("pk"))


def created(world: World) -> int:
    return len(world.amazon.requests_of("createFeed"))
