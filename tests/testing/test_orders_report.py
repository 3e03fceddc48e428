"""Reports of all orders: their words, their times, and both forms, held against our readers."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.amazon import order_reports
from django_amazon_sync.data import ReportedOrder
from django_amazon_sync.testing.simulator import Simulator
from tests.testing.callers import CA, DE, US, Caller

FORMS = (order_reports.XML, order_reports.FLAT)


def report(caller: Caller, type_: str, *marketplaces: str, **times: Any) -> tuple[str, bytes]:
    """A report that is asked for and ended: its status, and its file."""
    times = {name: at.isoformat() for name, at in times.items()}
    answer = caller.create_report(*marketplaces, type_=type_, **times)
    report_id = answer.body["reportId"].text
    caller.amazon.finish_reports()
    status = caller.get_report(report_id)["processingStatus"]
    return str(status), caller.report_file(report_id)[1] if status == "DONE" else b""


def read(type_: str, content: bytes) -> list[ReportedOrder]:
    if type_ == order_reports.XML:
        return list(order_reports.read_xml(io.BytesIO(content)))
    return list(order_reports.read_flat(io.BytesIO(content), "cp1252", DE))


def since(amazon: Simulator, days: float = 1) -> dict[str, Any]:
    return {"dataStartTime": amazon.now() - timedelta(days=days), "dataEndTime": amazon.now()}


@pytest.mark.parametrize("form", FORMS)
def test_both_forms_show_what_changed(caller: Caller, form: str) -> None:
    amazon = caller.amazon
    amazon.buy("na", US, "MUG-BLUE", at=amazon.now() - timedelta(days=2))
    paid = amazon.buy(
        "na", US, "MUG-BLUE", 2, tax="1.60", shipping="4.90", discount="1.00", shipping_discount="2"
    )
    pending = amazon.buy("na", US, "MUG-BLUE", status="PENDING")
    amazon.buy("na", CA, "FBA-KETTLE")
    amazon.advance(1)
    orders = {one.number: one for one in read(form, report(caller, form, **since(amazon))[1])}
    assert set(orders) == {paid, pending}
    assert orders[pending].status == "Pending"
    assert (orders[pending].goods, orders[pending].quantity) == (None, 1)
    shown = orders[paid]
    price = Decimal(amazon.order(paid)["orderItems"][0]["product"]["price"]["unitPrice"]["amount"])
    assert (shown.status, shown.quantity, shown.channel) == ("Unshipped", 2, "Amazon.com")
    assert (shown.goods, shown.tax, shown.discount) == (
        2 * price + Decimal("4.90"),
        Decimal("1.60"),
        Decimal(3),
    )
    [line] = shown.lines
    its = amazon.order(paid)["orderItems"][0]["orderItemId"]
    assert line.item_id == (its if form == order_reports.XML else "")
    assert line.sku == "MUG-BLUE"


@pytest.mark.parametrize("form", FORMS)
def test_statuses_are_words(caller: Caller, form: str) -> None:
    amazon = caller.amazon
    cancelled = amazon.buy("na", US, "MUG-BLUE", status="CANCELLED")
    shipped = amazon.buy("na", US, "MUG-BLUE", status="SHIPPED", channel_name="NON_AMAZON")
    amazon.advance(1)
    orders = {one.number: one for one in read(form, report(caller, form, **since(amazon))[1])}
    assert orders[cancelled].status == "Cancelled"
    assert orders[cancelled].quantity == 0
    assert orders[shipped].status == "Shipped - Delivered to Buyer"
    assert orders[shipped].channel == "Non-Amazon"


def test_a_buyers_wish_is_in_the_xml_only(caller: Caller) -> None:
    amazon = caller.amazon
    number = amazon.buy("na", US, "MUG-BLUE")
    amazon.request_cancellation(number)
    amazon.advance(1)
    wishes = [
        [one.wants_cancellation for one in read(form, report(caller, form, **since(amazon))[1])]
        for form in FORMS
    ]
    assert wishes == [[True], [None]]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_to_report_ends_as_cancelled(caller: Caller, form: str) -> None:
    assert report(caller, form, **since(caller.amazon)) == ("CANCELLED", b"")


@pytest.mark.parametrize("form", FORMS)
def test_more_than_thirty_days_are_refused_by_a_sentence_or_by_silence(
    caller: Caller, form: str
) -> None:
    amazon = caller.amazon
    amazon.buy("na", US, "MUG-BLUE")
    said = report(caller, form, **since(amazon, 31))
    assert said == ("DONE", b"Date range exceeded. Report can be requested only upto 30 days")
    amazon.switch(report_too_long="empty")
    assert read(form, report(caller, form, **since(amazon, 31))[1]) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_report_may_lack_orders(caller: Caller, form: str) -> None:
    amazon = caller.amazon
    for _each in range(4):
        amazon.buy("na", US, "MUG-BLUE")
    amazon.advance(1)
    for rows, kept in (("half", 2), ("none", 0)):
        amazon.switch(report_rows=rows)
        assert len(read(form, report(caller, form, **since(amazon))[1])) == kept


def test_a_time_has_a_zone(caller: Caller) -> None:
    answer = caller.create_report(type_=order_reports.XML, dataStartTime="2026-11-01T00:00:00")
    assert answer.status == 400
