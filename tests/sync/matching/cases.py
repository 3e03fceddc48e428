"""Things to match, and what came of it."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.models import (
    Job,
    RunState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from tests.world import DE, World, lines_of, now_due

EAN, OTHER_EAN, UPC, ISBN = "4006381333931", "5901234123457", "012345678905", "9780306406157"


def matched(world: World, **options: Any) -> SyncRun:
    """Match to the end, however often the run has to wait for Amazon."""
    run = world.do(Job.MATCH, **options)
    for _ in range(20):
        if run.state != RunState.QUEUED:
            break
        world.amazon.advance(600)
        run = jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
    assert run.state == RunState.DONE, run.reason
    return run


def said(run: SyncRun) -> list[tuple[str, str, str, str]]:
    """Per offer: its SKU, what became of it, by what, and Amazon's SKU."""
    lines = lines_of(run, "sku", "outcome", "values", "seller_sku")
    return sorted((sku, outcome, values["by"], other) for sku, outcome, values, other in lines)


def links(world: World) -> dict[str, tuple[str, bool]]:
    rows = world.account.skus.exclude(offer_pk="")
    return {row.sku: (row.offer_pk, row.matched) for row in rows}


def on_amazon(world: World, sku: str, asin: str, *, marketplace: str = DE, **more: Any) -> None:
    """A listing of the account; ``ean``, ``upc`` and ``isbn`` are those of Amazon's item."""
    codes = {kind: more.pop(kind) for kind in ("ean", "upc", "isbn") if kind in more}
    world.amazon.add_product(asin=asin, title=f"Item {asin}", **codes)
    listing = {"price": "10.00", "quantity": 5, **more}
    world.amazon.add_listing(world.seller, sku, marketplace=marketplace, asin=asin, **listing)
