"""Runs whose workers died are done by others, or end and say so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_amazon_sync.models import AmazonOrder, Job, Lease, Marketplace, RunState, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.runs import dead_runs, leases
from django_amazon_sync.sync.runs.leases import lease_key
from tests import factories
from tests.world import World

pytestmark = pytest.mark.django_db


def do_what_is_due(world: World) -> None:
    for run in jobs.due_runs([world.account]):
        jobs.perform(run, patience=5)


def test_orders_that_were_asked_for_by_number_are_fetched_by_another_worker(world: World) -> None:
    world.sell("MUG", quantity=9)
    old = world.buy("MUG")
    world.amazon.advance(3 * 3600)
    world.account.cut_over = world.amazon.now()
    world.account.save()  # the order is from before: it is imported only where it is asked for
    asked = jobs.request(world.account, Job.IMPORT_ORDERS, options={"orders": [old]})
    assert asked.start()  # a worker begins it, and is killed
    world.import_orders()
    asked.refresh_from_db()
    assert (asked.state, asked.reason_code) == (RunState.QUEUED, "died-once")
    do_what_is_due(world)
    asked.refresh_from_db()
    assert asked.state == RunState.DONE
    assert AmazonOrder.objects.filter(number=old).exists()


def test_a_part_is_not_taken_over_by_another_part(world: World) -> None:
    records = [factories.stock_record(sku, price="10.00", in_stock=5) for sku in "AB"]
    for sku in "AB":
        world.list_on_amazon(sku, price="12.00", quantity=5)
    Marketplace.objects.update(sync_price=False)
    world.export()
    died = jobs.request(world.account, Job.TAKE_OVER, options={"skus": ["A"], "fields": ["price"]})
    assert died.start()
    world.do(Job.TAKE_OVER, skus=["B"], fields=["price"])
    do_what_is_due(world)
    for record in records:
        record.refresh_from_db()
    assert [str(record.price) for record in records] == ["12.00", "12.00"]


def test_what_nobody_else_does_goes_on_as_well(world: World) -> None:
    """No schedule matches, and nothing else holds the lease of this job."""
    died = jobs.request(world.account, Job.MATCH)
    assert died.start()
    due = list(jobs.due_runs([world.account]))
    assert died.pk in [run.pk for run in due]


def test_of_two_that_are_about_everything_the_second_is_enough(world: World) -> None:
    died = jobs.request(world.account, Job.EXPORT)
    assert died.start()
    assert world.export().state == RunState.DONE
    died.refresh_from_db()
    assert (died.state, died.reason_code) == (RunState.STOPPED, "died")


def test_a_run_at_which_workers_die_again_and_again_ends(world: World) -> None:
    asked = jobs.request(world.account, Job.EXPORT, options={"skus": ["BOMB"]})
    for _ in range(dead_runs.MOST_DEATHS):
        run = SyncRun.objects.get(pk=asked.pk)
        assert run.start()
        dead_runs.let_go_on()
    asked.refresh_from_db()
    assert (asked.state, asked.reason_code) == (RunState.STOPPED, "died-again")
    assert asked.reason.startswith("3 workers died at it")


def test_a_worker_that_lives_keeps_its_run(world: World) -> None:
    run = jobs.request(world.account, Job.EXPORT)
    with leases.lease(lease_key(Job.EXPORT, world.account.pk)):
        assert run.start()
        dead_runs.let_go_on()
        run.refresh_from_db()
        assert (run.state, run.deaths) == (RunState.RUNNING, 0)


def test_a_worker_that_wakes_up_does_not_end_what_another_one_does(world: World) -> None:
    run = jobs.request(world.account, Job.EXPORT, options={"skus": ["MUG"]})
    with leases.lease(lease_key(Job.EXPORT, world.account.pk)):
        assert run.start()
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        dead_runs.let_go_on()
        other = SyncRun.objects.get(pk=run.pk)
        assert other.start()
        run.finish(reason_code="halted", reason="Another worker took over.")
        run.postpone(timezone.now(), reason_code="", reason="")
    other.refresh_from_db()
    assert (other.state, other.reason) == (RunState.RUNNING, "")
