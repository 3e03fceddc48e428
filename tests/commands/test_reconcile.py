"""``amazon_reconcile``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.management.commands import _base
from django_amazon_sync.models import AmazonReport, Job, RunState, SellerAccount, SyncRun
from tests.clocks import StandIn
from tests.commands.conftest import manage, manage_json
from tests.world import World, shop_order

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def days_ago(world: World, days: float) -> str:
    return (world.amazon.now() - timedelta(days=days)).isoformat()


def test_what_no_search_showed_comes_in(world: World, time_flies: list[float]) -> None:
    SellerAccount.objects.update(cut_over=world.amazon.now() - timedelta(days=1))
    world.sell("MUG", quantity=5)
    world.amazon.switch(unsearchable_orders=1)
    number = world.buy("MUG", 2)
    world.amazon.advance(3600)
    said = manage_json("amazon_reconcile")
    assert said.exit == 0
    assert (number, "placed") in [(line["order_number"], line["outcome"]) for line in said.lines]
    assert shop_order(number).lines.get().quantity == 2


def test_since_and_until_are_the_time_that_is_reported(
    world: World, time_flies: list[float]
) -> None:
    world.sell("MUG", quantity=5)
    for days in (20, 6):
        world.buy("MUG", at=world.amazon.now() - timedelta(days=days))
    since, until = days_ago(world, 40), days_ago(world, 5)
    manage(
        "amazon_reconcile", "--since", since, "--until", until, "--account", world.account.seller_id
    )
    reports = AmazonReport.objects.order_by("data_since")
    first, last = reports.first(), reports.last()
    assert first is not None
    assert last is not None
    assert first.data_since == datetime.fromisoformat(since)
    assert last.data_until == datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("--until", "2026-11-01"), "--until needs --since"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "is not before"),
    ],
)
def test_no_time_is_no_run(world: World, asked: tuple[str, ...], complaint: str) -> None:
    said = manage("amazon_reconcile", *asked)
    assert said.exit == 2
    assert complaint in said.err
    assert not SyncRun.objects.exists()


def test_where_no_orders_are_to_come_in_none_is_compared(world: World) -> None:
    SellerAccount.objects.update(import_orders=False)
    said = manage("amazon_reconcile")
    assert said.exit == 2
    assert "switched off" in said.err


@pytest.mark.parametrize("outcome", ["fatal", "cancelled"])
def test_reports_that_come_to_nothing_keep_nobody_waiting_for_hours(
    world: World, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.sell("MUG", quantity=5)
    world.buy("MUG")
    world.amazon.advance(3600)
    world.import_orders()
    world.amazon.switch(report_outcome=outcome)
    waits: list[float] = []
    with clock.stood_in_for(time := StandIn(clock.now()), seed=1):

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            assert len(waits) < 100
            time.sleep(seconds + 1)

        monkeypatch.setattr(_base, "sleep", sleep)
        said = manage("amazon_reconcile")
    assert said.exit == 0
    assert "the next amazon_tick goes on" in said.err + said.out
    assert sum(waits) < 3600
    assert SyncRun.objects.get(job=Job.RECONCILE).state == RunState.QUEUED
