"""Reports are asked for once, waited for by nobody, and believed as far as they go."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_amazon_sync.amazon import reports
from django_amazon_sync.amazon.client import Answer, Client
from django_amazon_sync.models import (
    AmazonReport,
    Job,
    Listing,
    Outcome,
    Presence,
    ReportState,
    RunState,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import client_for
from django_amazon_sync.testing.simulator import Fault
from tests.sync.amazon_reports.steps import take_in_listings
from tests.world import DE, FR, World, lines_of, now_due, to_the_end


def test_no_worker_waits_for_a_report(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    assert timedelta(0) < run.not_before - timezone.now() <= timedelta(minutes=1)
    assert to_the_end(world, run).went_well
    assert AmazonReport.objects.get().state == ReportState.READY


def test_a_report_serves_every_job_for_a_while_and_no_longer(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    waiting = world.do(Job.IMPORT_LISTINGS)
    assert world.do(Job.IMPORT_LISTINGS).state == RunState.QUEUED
    to_the_end(world, waiting)
    take_in_listings(world)
    assert AmazonReport.objects.count() == 1
    world.amazon.advance(AmazonReport.FRESH.total_seconds())
    take_in_listings(world)
    assert AmazonReport.objects.count() == 2


def test_a_run_that_waited_long_goes_on_with_its_own_report(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    to_the_end(world, run)
    # Half an hour later by both clocks, the run is queued again.
    SyncRun.objects.filter(pk=run.pk).update(
        state=RunState.QUEUED, started_at=timezone.now() - AmazonReport.FRESH
    )
    world.amazon.advance(AmazonReport.FRESH.total_seconds())
    run.refresh_from_db()
    to_the_end(world, run)
    assert AmazonReport.objects.count() == 1


def test_a_run_keeps_its_report_where_amazons_clock_runs_faster(world: World) -> None:
    """As in the demonstration, whose Amazon lives an hour in each minute of the run."""
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    for _minute in range(3):  # something else makes it begin anew from its rows
        world.amazon.advance(3600)
        jobs.perform(now_due(run), patience=5)
        assert run.went_well, run.reason
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED)
        run.refresh_from_db()
    assert AmazonReport.objects.count() == 1


def test_how_long_amazon_is_at_a_report_is_told_by_our_clock(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.amazon.switch(report_outcome="stuck")
    run = world.do(Job.IMPORT_LISTINGS)
    world.amazon.advance(7 * 3600)
    jobs.perform(run, patience=5)
    assert run.state == RunState.QUEUED
    assert run.not_before is not None
    assert run.not_before - timezone.now() <= timedelta(minutes=1)


@pytest.mark.parametrize("outcome", ["cancelled", "fatal", "stuck"])
def test_a_report_that_comes_to_nothing_says_so_and_the_next_run_asks_again(
    world: World, outcome: str
) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.amazon.switch(report_outcome=outcome)
    run = world.do(Job.IMPORT_LISTINGS)
    if outcome == "stuck":
        assert run.state == RunState.QUEUED
        long_ago = timezone.now() - timedelta(hours=7)
        SyncRun.objects.update(started_at=long_ago)
        AmazonReport.objects.update(asked_at=long_ago)
        run.refresh_from_db()
    to_the_end(world, run)
    [(found, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (found, code) == (Outcome.FAILED, "no-report")
    said = {"cancelled": "by hand", "fatal": "could not make it", "stuck": "in 6 hours"}
    assert said[outcome] in message
    assert world.listing("MUG").presence == Presence.PRESENT
    world.amazon.switch(report_outcome="done")
    assert take_in_listings(world).went_well


def test_a_marketplace_that_has_nothing_has_no_report_and_that_is_well(world: World) -> None:
    run = take_in_listings(world)
    assert run.went_well
    assert lines_of(run, "outcome", "code") == [(Outcome.NONE, "no-report")]


def test_another_report_than_was_asked_for_is_not_taken_in(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    client = client_for(world.account)
    another = reports.create_report(client, "GET_FLAT_FILE_OPEN_LISTINGS_DATA", DE)
    AmazonReport.objects.update(amazon_id=another)
    to_the_end(world, run)
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.FAILED
    assert "GET_FLAT_FILE_OPEN_LISTINGS_DATA" in message
    assert Listing.objects.count() == 0


@pytest.mark.parametrize("job", [Job.IMPORT_LISTINGS, Job.MATCH])
@pytest.mark.parametrize("left_out", ["marketplaceIds", "createdTime", "reportType"])
def test_what_amazon_leaves_out_of_a_report_contradicts_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, job: Job, left_out: str
) -> None:
    ask = Client.call

    def forgetful(client: Client, operation: str, *args: Any, **more: Any) -> Answer:
        answer = ask(client, operation, *args, **more)
        if operation == "getReport":
            answer.body.pop(left_out)
        return answer

    world.list_on_amazon("MUG", price="10.00", quantity=5)
    monkeypatch.setattr(Client, "call", forgetful)
    run = to_the_end(world, world.do(job))
    assert run.state == RunState.DONE
    assert AmazonReport.objects.get().state == ReportState.READY
    assert world.listing("MUG").believed["price"] == "10.00 EUR"


def test_a_report_of_another_marketplace_is_not_taken_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Client.call

    def confused(client: Client, operation: str, *args: Any, **more: Any) -> Answer:
        answer = ask(client, operation, *args, **more)
        if operation == "getReport":
            answer.body["marketplaceIds"] = [FR]
        return answer

    world.list_on_amazon("MUG", price="10.00", quantity=5)
    monkeypatch.setattr(Client, "call", confused)
    run = to_the_end(world, world.do(Job.IMPORT_LISTINGS))
    assert FR in lines_of(run, "message")[0]
    assert Listing.objects.count() == 0


@pytest.mark.parametrize(
    "fault", [Fault("createReport", "503"), Fault("createReport", "drop_after")]
)
def test_a_request_that_got_no_answer_is_made_again_by_the_next_run(
    world: World, fault: Fault
) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.amazon.faults.add(fault)
    assert world.do(Job.IMPORT_LISTINGS).state == RunState.STOPPED
    assert AmazonReport.objects.get().state == ReportState.NEW
    assert take_in_listings(world).counts["adopted"] == 1
    assert AmazonReport.objects.count() == 1


def test_a_report_that_nobody_came_to_look_for_is_too_old_to_be_used(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    world.do(Job.IMPORT_LISTINGS)
    SyncRun.objects.update(state=RunState.STOPPED)
    AmazonReport.objects.update(asked_at=timezone.now() - timedelta(days=3))
    world.amazon.advance(3 * 24 * 3600)
    world.list_on_amazon("MUG", price="12.00", quantity=5)
    take_in_listings(world)
    assert world.listing("MUG").believed["price"] == "12.00 EUR"
    states = AmazonReport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ReportState.FAILED, ReportState.READY]


WHOLE = gzip.compress(b"seller-sku\tasin1\tprice\tquantity\n" + b"MUG\tB000000001\t10.00\t5\n" * 99)


@pytest.mark.parametrize(
    ("content", "gzipped"),
    [(b"no gzip", True), (b"a\tb\n1\t2\n", False), (b"", False), (b"<html>\n</html>", False)],
)
def test_a_document_that_is_no_report_is_said_to_be_none_and_nothing_comes_in(
    world: World, content: bytes, gzipped: bool
) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    put_in_place_of_the_report(world, content, gzipped=gzipped)
    to_the_end(world, run)
    [(outcome, code, message)] = lines_of(run, "outcome", "code", "message")
    assert (outcome, code) == (Outcome.FAILED, "no-report")
    assert message.count(". ") <= 1
    assert Listing.objects.count() == SellerSku.objects.count() == 0
    assert take_in_listings(world).counts["adopted"] == 1


def test_a_document_that_was_cut_short_is_fetched_again(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    run = world.do(Job.IMPORT_LISTINGS)
    put_in_place_of_the_report(world, WHOLE[:-20], gzipped=True)
    to_the_end(world, run)
    assert (run.state, run.reason_code) == (RunState.STOPPED, "unavailable")
    assert Listing.objects.count() == 0
    report = AmazonReport.objects.get()
    assert report.state == ReportState.READY
    world.amazon.set_document(report.document_id, WHOLE, gzipped=True)
    assert take_in_listings(world).counts["adopted"] == 1


def put_in_place_of_the_report(world: World, content: bytes, *, gzipped: bool) -> None:
    world.amazon.advance(120)
    made = world.amazon.report(AmazonReport.objects.get().amazon_id)
    world.amazon.set_document(made.document, content, gzipped=gzipped)


def test_a_sku_that_the_report_may_have_destroyed_is_taken_for_none(world: World) -> None:
    """Linked by its ASIN it would be offered on Amazon once more, under a name of nobody's."""
    world.list_on_amazon("名札-01", price="7.50", quantity=2)
    world.list_on_amazon("CUP", price="7.50", quantity=2)
    run = take_in_listings(world)
    assert (run.counts["rows"], run.counts["new"], run.counts["unreadable"]) == (2, 1, 1)
    assert set(SellerSku.objects.values_list("sku", flat=True)) == {"CUP"}
