"""What would make "proven" a lie, or a run about it never end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.amazon import order_reports
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    Job,
    RunState,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders.asking import ASKED_SINGLY
from django_amazon_sync.sync.reconciliation.proof import proven
from django_amazon_sync.testing.factories import MarketplaceFactory, SellerAccountFactory
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.admin.conftest import Staff
from tests.admin.forms import account_form
from tests.attacks.amazon import OddAmazon, with_body
from tests.clocks import StandIn
from tests.world import World, lines_of, now_due

LATER = 3600


@pytest.fixture
def time() -> Iterator[StandIn]:
    """Time passes only when a test says so; Amazon's goes along."""
    stand_in = StandIn(clock.now())
    with clock.stood_in_for(stand_in, seed=1):
        yield stand_in


@pytest.fixture
def sold(world: World) -> World:
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.account.refresh_from_db()
    world.sell("MUG", price="20.00", quantity=900)
    return world


def go_on(world: World, run: SyncRun, time: StandIn, rounds: int = 300) -> None:
    """Go on with a run each time that it wants to."""
    for _each in range(rounds):
        if run.state != RunState.QUEUED:
            return
        assert run.not_before is not None
        time.sleep(max((run.not_before - clock.now()).total_seconds(), 0) + 1)
        jobs.perform(run, patience=1)
    raise AssertionError(f"the run has no end: {run.reason}")


def test_a_cut_over_of_long_ago_is_compared_and_comes_to_an_end(time: StandIn, sold: World) -> None:
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=3 * 365))
    sold.account.refresh_from_db()
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time)
    assert len({one.data_since for one in AmazonReport.objects.all()}) < 40


@pytest.mark.parametrize("number", [1, 3])
def test_a_report_that_shows_none_of_the_few_orders_here_proves_nothing(
    time: StandIn, sold: World, number: int
) -> None:
    for _each in range(number):
        sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    sold.amazon.switch(report_rows="none")
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time)
    assert AmazonOrder.objects.count() == number
    assert proven(sold.account) is None


def test_cancelled_once_after_another_fault_does_not_say_that_there_is_nothing(
    time: StandIn, sold: World
) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.amazon.switch(report_outcome="fatal")
    run = sold.do(Job.RECONCILE)
    while AmazonReport.objects.filter(state="failed").count() < 2:
        time.sleep(61)
        jobs.perform(now_due(run), patience=5)
    sold.amazon.switch(report_outcome="cancelled")
    while AmazonReport.objects.filter(state="failed").count() < 3:
        time.sleep(901)
        jobs.perform(now_due(run), patience=5)
    assert proven(sold.account) is None
    sold.amazon.switch(report_outcome="done")
    go_on(sold, run, time)
    assert AmazonOrder.objects.exists()


def test_a_run_never_waits_for_a_moment_that_is_over(time: StandIn, sold: World) -> None:
    """The form that is not asked for, as the other one was cancelled, has its time all the same."""
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    sold.amazon.switch(report_outcome="fatal")
    run = sold.do(Job.RECONCILE)
    while AmazonReport.objects.filter(state="failed").count() < 2:
        time.sleep(61)
        jobs.perform(now_due(run), patience=5)
    sold.amazon.switch(report_outcome="cancelled")
    for _each in range(40):
        if run.state != RunState.QUEUED:
            break
        time.sleep(901)
        jobs.perform(now_due(run), patience=5)
        run.refresh_from_db()
        assert run.not_before is None or run.not_before > clock.now()
    assert run.state == RunState.DONE


def test_amazons_limit_ends_a_run_too(time: StandIn, sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.amazon.faults.add(Fault("getOrder", "429", times=None))
    run = sold.do(Job.RECONCILE)
    began = clock.now()
    while run.state == RunState.QUEUED and clock.now() - began < timedelta(days=3):
        assert run.not_before is not None
        time.sleep(max((run.not_before - clock.now()).total_seconds(), 0) + 600)
        jobs.perform(run, patience=1)
    assert run.state != RunState.QUEUED
    assert proven(sold.account) is None


@pytest.mark.parametrize("lost", [{"orderItems": [{"orderItemId": ""}]}, {"orderId": ""}])
def test_an_order_that_cannot_be_read_does_not_make_the_report_anothers(
    time: StandIn, sold: World, amazon: OddAmazon, lost: dict[str, Any]
) -> None:
    def odd(incoming: Incoming, reply: Reply) -> Reply:
        if "/orders/" not in incoming.path:
            return reply
        body = json.loads(reply.body)
        for order in [*body.get("orders", []), *filter(None, [body.get("order")])]:
            order.update(lost)
        return with_body(reply, body)

    amazon.hooks.alter.append(odd)
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time)
    assert "It shows" not in " ".join(lines_of(run, "message"))


def typed(day: datetime) -> dict[str, str]:
    return {"cut_over_0": f"{day:%Y-%m-%d}", "cut_over_1": f"{day:%H:%M:%S}"}


@pytest.mark.parametrize(("days", "stays"), [(-10, False), (0, True), (1, True)])
def test_a_cut_over_that_is_moved_back_is_proven_anew(staff: Staff, days: int, stays: bool) -> None:
    then = clock.now().replace(microsecond=0) - timedelta(days=5)
    account = SellerAccountFactory.create(cut_over=then)
    MarketplaceFactory.create(
        account=account, orders_proven_until=clock.now(), orders_proven_by="50012"
    )
    assert proven(account) is not None
    form = account_form(account, **typed(then + timedelta(days=days)))
    answer = staff.save(SellerAccount, account.pk, **form)
    assert answer.status_code == 302
    account.refresh_from_db()
    assert account.cut_over == then + timedelta(days=days)
    assert (proven(account) is not None) == stays


@pytest.mark.parametrize("name", ["dataStartTime", "dataEndTime"])
def test_a_report_of_a_shorter_time_than_was_asked_for_proves_nothing(
    time: StandIn, sold: World, amazon: OddAmazon, name: str
) -> None:
    moments = {
        "dataStartTime": sold.amazon.now() - timedelta(hours=2),
        "dataEndTime": sold.amazon.now() - timedelta(hours=20),
    }

    def shorter(incoming: Incoming, reply: Reply) -> Reply:
        if "/reports/2021-06-30/reports/" not in incoming.path:
            return reply
        return with_body(reply, {**json.loads(reply.body), name: moments[name].isoformat()})

    amazon.hooks.alter.append(shorter)
    sold.buy("MUG", at=sold.amazon.now() - timedelta(hours=10))
    sold.amazon.advance(LATER)
    sold.import_orders()
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time)
    assert proven(sold.account) is None
    assert "a shorter time" in " ".join(lines_of(run, "message"))


def test_signs_that_no_database_takes_cost_no_other_order(time: StandIn, sold: World) -> None:
    """A NUL stands in a status, a SKU and a currency of the flat file."""
    sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG")
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    sold.amazon.set_document(sold.amazon.reports()[0].document, b"<AmazonEnvelope><Message>")
    jobs.perform(now_due(run), patience=5)
    sold.amazon.finish_reports()
    flat = sold.amazon.reports()[-1]
    text = sold.amazon.document(flat.document)
    for old, new in {b"EUR": b"E\0R", b"MUG": b"M\0G", b"Unshipped": b"Shipped\0"}.items():
        assert old in text
        text = text.replace(old, new)
    sold.amazon.set_document(flat.document, text)
    go_on(sold, run, time)
    assert run.state == RunState.DONE
    assert AmazonOrder.objects.filter(number=number).exists()
    assert "reported-status" in lines_of(run, "code")


@pytest.mark.parametrize("named", ["", "302-9999999-9999999"])
def test_an_answer_that_names_no_or_another_order_is_no_answer_without_end(
    time: StandIn, sold: World, amazon: OddAmazon, named: str
) -> None:
    def odd(incoming: Incoming, reply: Reply) -> Reply:
        if "/orders/302-" not in incoming.path:
            return reply
        body = json.loads(reply.body)
        body["order"]["orderId"] = named
        return with_body(reply, body)

    sold.amazon.switch(unsearchable_orders=1)
    number = sold.buy("MUG")
    sold.amazon.advance(LATER)
    amazon.hooks.alter.append(odd)
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time, rounds=2000)
    assert len(sold.amazon.requests_of("getOrder")) < 20
    row = AmazonOrder.objects.get(number=number)
    assert row.state in ("quarantined", "placed")
    assert not AmazonOrder.objects.filter(number="302-9999999-9999999").exists()


@pytest.mark.parametrize("number", [4, 30])
def test_half_of_what_is_here_is_no_report_of_all_orders(
    time: StandIn, sold: World, number: int
) -> None:
    for _each in range(number):
        sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    sold.amazon.switch(report_rows="half")
    run = sold.do(Job.RECONCILE)
    go_on(sold, run, time)
    assert proven(sold.account) is None
    assert f"lacks {number // 2} of the {number} orders" in " ".join(lines_of(run, "message"))
    sold.amazon.switch(report_rows="all")
    go_on(sold, sold.do(Job.RECONCILE), time)
    assert proven(sold.account) is not None


def test_an_answer_that_is_older_than_what_is_here_takes_no_other_orders_turn(
    time: StandIn, sold: World, amazon: OddAmazon
) -> None:
    """Amazon answers for as many orders as a run asks for with what they were an hour ago."""
    stale = {sold.buy("MUG") for _each in range(ASKED_SINGLY)}
    sold.amazon.advance(LATER)
    sold.import_orders()
    incomplete = sold.buy("MUG")

    def odd(incoming: Incoming, reply: Reply) -> Reply:
        if "/orders/2026-01-01/orders" not in incoming.path:
            return reply
        body = json.loads(reply.body)
        for order in body.get("orders", []):
            order["orderItems"] = [] if order["orderId"] == incomplete else order["orderItems"]
        if body.get("order", {}).get("orderId") in stale:
            before = clock.now() - timedelta(days=1)
            body["order"]["lastUpdatedTime"] = before.isoformat()
        return with_body(reply, body)

    amazon.hooks.alter.append(odd)
    AmazonOrder.objects.update(ask_at=clock.now())
    for _each in range(12):
        time.sleep(300)
        sold.import_orders()
    assert AmazonOrder.objects.get(number=incomplete).state == "placed"
    assert not AmazonOrder.objects.filter(number__in=stale).exclude(state="placed").exists()
    assert len(sold.amazon.requests_of("getOrder")) <= 4 * ASKED_SINGLY


def test_an_order_of_which_amazon_only_shows_what_it_was_waits_for_staff(
    time: StandIn, sold: World, amazon: OddAmazon
) -> None:
    def odd(incoming: Incoming, reply: Reply) -> Reply:
        if "/orders/2026-01-01/orders" not in incoming.path:
            return reply
        body = json.loads(reply.body)
        for order in body.get("orders", []):
            order["orderItems"] = []
        if "order" in body:
            before = clock.now() - timedelta(days=1)
            body["order"]["lastUpdatedTime"] = before.isoformat()
        return with_body(reply, body)

    amazon.hooks.alter.append(odd)
    sold.buy("MUG")
    for _each in range(40):
        time.sleep(1800)
        sold.import_orders()
    row = AmazonOrder.objects.get()
    assert row.state == "quarantined"
    assert "4 times" in row.reason
    assert len(sold.amazon.requests_of("getOrder")) < 10


@pytest.mark.parametrize("form", [order_reports.XML, order_reports.FLAT])
def test_orders_that_a_report_repeats_stand_for_no_others(
    time: StandIn, sold: World, form: str
) -> None:
    """Of ten orders it shows three, and these again and again, in two places of the file."""
    for _each in range(10):
        sold.buy("MUG")
    sold.amazon.advance(LATER)
    sold.import_orders()
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    if form == order_reports.FLAT:
        sold.amazon.set_document(sold.amazon.reports()[0].document, b"")
        jobs.perform(now_due(run), patience=5)
        sold.amazon.finish_reports()
    report = sold.amazon.reports()[-1]
    text = sold.amazon.document(report.document).decode("latin-1")
    if form == order_reports.XML:
        begin, *orders = text.split("<Message>")
        end = orders.pop().partition("</Message>")[2]
        text = "<Message>".join([begin, *(orders[:3] * 4)]) + end
    else:
        header, *rows = text.splitlines(keepends=True)
        text = header + "".join(rows[:3] * 4)
    sold.amazon.set_document(report.document, text.encode("latin-1"))
    jobs.perform(now_due(run), patience=5)
    assert "It shows 3 of the 10 orders" in " ".join(
        AmazonReport.objects.values_list("reason", flat=True)
    )
    assert proven(sold.account) is None
