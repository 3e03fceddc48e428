"""What a report says otherwise is asked for, and told where Amazon's answer does not mend it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonOrderLine,
    AmazonReport,
    Job,
    OrderState,
    Outcome,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.reconciliation.proof import proven
from tests.world import World, lines_of, now_due, to_the_end

LATER = 3600


@pytest.fixture
def sold(world: World) -> World:
    SellerAccount.objects.update(cut_over=clock.now() - timedelta(days=1))
    world.account.refresh_from_db()
    world.sell("MUG", price="20.00", quantity=900)
    return world


def settled(world: World, number: int = 1) -> list[str]:
    """So many orders that were imported, an hour ago."""
    numbers = [world.buy("MUG", 2, shipping="4.90", tax="3.00") for _each in range(number)]
    world.amazon.advance(LATER)
    world.import_orders()
    return numbers


def reconcile(world: World) -> SyncRun:
    return to_the_end(world, world.do(Job.RECONCILE))


def with_report(world: World, **changes: str) -> SyncRun:
    """The job, by a report in which these words stand in place of others."""
    run = world.do(Job.RECONCILE)
    world.amazon.finish_reports()
    [report] = world.amazon.reports()
    text = world.amazon.document(report.document).decode()
    for old, new in changes.items():
        old = old.replace("_", " ")
        assert old in text
        text = text.replace(old, new)
    world.amazon.set_document(report.document, text.encode())
    return to_the_end(world, run)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("status", "PARTIALLY_SHIPPED", "reported-status"),
        ("total", 1, "reported-total"),
        ("cancellation_requested", True, "reported-wish-known"),
    ],
)
def test_what_is_wrong_here_is_mended_by_amazons_answer(
    sold: World, column: str, value: Any, code: str
) -> None:
    [number] = settled(sold)
    before = AmazonOrder.objects.values(column).get()
    AmazonOrder.objects.update(**{column: value}, fingerprint="other")
    run = reconcile(sold)
    assert run.went_well, lines_of(run, "message")
    [first, *told] = lines_of(run, "outcome", "order_number", "code")
    assert first == (Outcome.WAITING, number, code)
    assert told in ([], [(Outcome.UPDATED, number, "")])
    assert AmazonOrder.objects.values(column).get() == before
    assert run.counts["differing"] == 1
    assert len(sold.amazon.requests_of("getOrder")) == 1


def test_a_missing_unit_is_mended_too(sold: World) -> None:
    settled(sold)
    AmazonOrderLine.objects.update(quantity=1)
    AmazonOrder.objects.update(fingerprint="other")
    run = reconcile(sold)
    assert lines_of(run, "code")[0] == "reported-quantity"
    assert AmazonOrderLine.objects.get().quantity == 2


def test_what_amazons_answer_does_not_mend_is_told_to_staff(sold: World) -> None:
    [number] = settled(sold)
    run = with_report(sold, Unshipped="Cancelled")
    assert not run.went_well
    assert lines_of(run, "outcome", "order_number") == [
        (Outcome.WAITING, number),
        (Outcome.DRIFTED, number),
    ]
    assert "Seller Central" in lines_of(run, "message")[-1]
    order = AmazonOrder.objects.get()
    assert (order.state, order.status) == (OrderState.PLACED, "UNSHIPPED"), "nothing is believed"
    assert proven(sold.account) is not None


def test_an_order_that_changed_since_the_report_has_its_own_news(sold: World) -> None:
    [number] = settled(sold)
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    sold.amazon.advance(5)
    sold.amazon.ship_by_hand(number)
    sold.import_orders()
    run = to_the_end(sold, run)
    assert run.went_well, lines_of(run, "message")
    assert lines_of(run, "code") == ["reported-status"]
    assert AmazonOrder.objects.get().status == "SHIPPED"


def test_a_report_that_lacks_most_of_what_is_here_is_not_believed(sold: World) -> None:
    settled(sold, 30)
    sold.amazon.switch(report_rows="none")
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    jobs.perform(now_due(run), patience=5)
    sold.amazon.finish_reports()
    jobs.perform(now_due(run), patience=5)
    assert {report.state for report in AmazonReport.objects.all()} == {"failed"}
    [reason, _other] = AmazonReport.objects.values_list("reason", flat=True)
    assert "0 of the 30 orders" in reason
    assert proven(sold.account) is None


def test_an_order_that_cannot_be_read_proves_nothing_and_costs_itself_only(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    first, second = sold.buy("MUG"), sold.buy("MUG")
    sold.amazon.advance(LATER)
    run = sold.do(Job.RECONCILE)
    sold.amazon.finish_reports()
    [report] = sold.amazon.reports()
    text = sold.amazon.document(report.document).replace(first.encode(), b"?")
    sold.amazon.set_document(report.document, text)
    jobs.perform(now_due(run), patience=5)
    assert AmazonOrder.objects.get().number == second
    failed = AmazonReport.objects.get(state="failed")
    assert failed.reason == "1 of its orders cannot be read."
    to_the_end(sold, run)
    assert set(AmazonOrder.objects.values_list("number", flat=True)) == {first, second}
    assert run.went_well, "the flat file has both"


def test_what_a_report_says_of_most_orders_is_its_own_way_of_counting(sold: World) -> None:
    settled(sold, 25)
    run = with_report(sold, **{">40.00<": ">4000.00<"})
    assert run.went_well
    [(code, message)] = lines_of(run, "code", "message")
    assert code == "report-odd"
    assert "25 of 25 orders" in message
    assert sold.amazon.requests_of("getOrder") == []


def test_lines_hold_nothing_of_a_buyer(sold: World) -> None:
    sold.amazon.switch(unsearchable_orders=1)
    sold.buy("MUG", address={"city": "Hildegardstadt"}, buyer={"buyerName": "Frau Sorge"})
    sold.amazon.advance(LATER)
    run = reconcile(sold)
    told = repr(lines_of(run, "message", "values")) + repr(AmazonReport.objects.values())
    assert "Hildegard" not in told
    assert "Sorge" not in told
