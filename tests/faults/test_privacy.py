"""After a whole story neither our tables nor the logs hold what identifies a buyer, or a secret.

The address of a document is one too: whoever has it can read the document.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.apps import apps
from django.db import connection
from django.utils import timezone

from django_amazon_sync import signals, tasks
from django_amazon_sync.errors import Unexpected
from django_amazon_sync.models import (
    OPEN_STATES,
    AmazonOrder,
    AmazonReport,
    Job,
    Listing,
    OrderState,
    RunLine,
    RunState,
    Submission,
    SyncRun,
)
from django_amazon_sync.shops.oscar import orders as shop_orders
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.orders import import_orders, placing, saving, units
from django_amazon_sync.sync.verification import by_report
from django_amazon_sync.testing.simulator import Fault
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests import factories
from tests.faults.comparing import come_back
from tests.faults.proof import wait
from tests.faults.stages import Stages, by_feed
from tests.world import DE, World, now_due, shop_order

BUYER = {
    "buyerName": "Zebulon Quillfeather",
    "buyerEmail": "quill-relay@buyers.example.com",
    "buyerCompanyName": "Quillfeather Brothers",
    "buyerPurchaseOrderNumber": "PO-QUILL-77",
}
ADDRESS = {
    "name": "Ottoline Quillfeather",
    "addressLine1": "17 Gooseneck Mews",
    "addressLine2": "Attic of the Heron",
    "addressLine3": "Ring at Pelican",
    "postalCode": "QX9 7ZZ",
    "phone": "+44 113 555 9753",
    "companyName": "Heron and Pelican",
}
GIFT_MESSAGE = "Dearest Zeb, the swans send love"
PERSONAL = [*BUYER.values(), *ADDRESS.values(), GIFT_MESSAGE, "Quillfeather", "Gooseneck"]


def dump() -> str:
    """Every column of every row of every table of ours, as text."""
    rows = []
    for model in apps.get_app_config("django_amazon_sync").get_models():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            rows += [str([_as_text(value) for value in row]) for row in cursor.fetchall()]
    return "\n".join(rows)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def all_that_happens(world: World) -> None:
    """Orders of all kinds, one that the shop cannot place, outages, a parcel, a cancellation."""
    personal: dict[str, Any] = {"buyer": BUYER, "address": ADDRESS, "gift_message": GIFT_MESSAGE}
    paid = world.buy("MUG", 2, **personal)
    world.buy("MUG", 1, status="PENDING", **personal)
    late = world.buy("SHEARS", 1, **personal)
    broken = world.buy("MUG", 1, **personal)
    world.amazon.set_order(broken, createdTime="Quillfeather's birthday")
    world.amazon.expire_access_tokens()
    for kind in ("500", "503", "half", "empty", "string", "drop_after"):
        world.amazon.faults.add(Fault("searchOrders", kind))
        world.import_orders()
    world.amazon.faults.clear()

    def refuses(order: Any, *args: Any) -> Any:
        raise ValueError(f"{order.buyer} of {ADDRESS['addressLine1']}, {GIFT_MESSAGE}")

    with patch.object(shop_orders, "place_new", refuses):
        world.import_orders()
    assert AmazonOrder.objects.get(number=late).state == OrderState.QUARANTINED
    AmazonOrder.objects.filter(number__in=[paid, late]).update(state=OrderState.WAITING)
    world.import_orders()
    order = shop_order(paid)
    line = order.lines.get()
    note = "Carrier: DHL / Tracking: 00340434161094"
    factories.shipping_event(order.pk, {line.partner_line_reference: 2}, note)
    world.confirm_shipments()
    world.amazon.cancel(late)
    come_back(world)
    world.verify()


@pytest.fixture
def sent_tokens(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The access tokens that left in headers."""
    tokens: set[str] = set()
    send = requests.Session.send

    def noted(session: Any, request: Any, **how: Any) -> Any:
        if token := request.headers.get("x-amz-access-token"):
            tokens.add(token)
        return send(session, request, **how)

    monkeypatch.setattr(requests.Session, "send", noted)
    return tokens


def test_no_buyer_and_no_secret_is_in_our_tables_or_in_a_log(
    stages: Stages, caplog: pytest.LogCaptureFixture, sent_tokens: set[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with stages.at("exported") as world:
        all_that_happens(world)
        written = dump()
        secrets = {
            world.seller.client_secret,
            world.seller.refresh_token,
            world.account.application.client_secret,
            *sent_tokens,
        }
        assert len(secrets) >= 4  # both of the seller's, and two access tokens
        said = str([(run.reason, run.options) for run in SyncRun.objects.all()])
        placed = list(AmazonOrder.objects.exclude(shop_order_pk="").order_by("pk"))
        shop_has = shop_order(placed[1].number).shipping_address
    assert len(placed) >= 3
    assert ADDRESS["addressLine1"] in shop_has.summary  # so it was there to be told
    assert all(order.number in written for order in placed)
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records
    )
    assert "searchOrders" in logged
    for text in [*PERSONAL, *secrets]:
        assert text not in written
        assert text not in logged
        assert text not in said


# --- Odd orders, and faults that nobody foresaw ---------------------------------------------------


def odd_orders(world: World) -> None:
    """Documents that no column holds, a fault in each step, and a run that ends by one."""
    personal: dict[str, Any] = {"buyer": BUYER, "address": ADDRESS, "gift_message": GIFT_MESSAGE}
    odd: list[dict[str, Any]] = [
        {"buyer": {**BUYER, "buyerName": f"{BUYER['buyerName']} \ud83d"}},
        {"programs": [ADDRESS["addressLine1"] * 40]},
        {"orderItems": [{"orderItemId": BUYER["buyerName"]}]},
        {"proceeds": {"grandTotal": {"amount": BUYER["buyerName"], "currencyCode": "EUR"}}},
    ]
    for change in odd:
        world.amazon.set_order(world.buy("MUG", 1, **personal), **change)

    def fails(copy: Any, *args: Any) -> None:
        raise ValueError(f"{copy.read} {copy.raw} of {GIFT_MESSAGE}")

    with patch.object(saving, "_take_in", fails):
        world.import_orders()
    world.import_orders()

    def receiver(order: AmazonOrder, **how: Any) -> None:
        raise ValueError(str(order.document))

    signals.order_placed.connect(receiver)
    try:
        world.buy("MUG", 1, **personal)
        world.import_orders()
    finally:
        signals.order_placed.disconnect(receiver)

    def breaks(work: Any) -> None:
        raise RuntimeError(f"{BUYER['buyerName']} of {ADDRESS['addressLine1']}")

    for target, name in ((import_orders, "place_waiting"), (import_orders, "update_placed")):
        with patch.object(target, name, breaks), pytest.raises(Unexpected) as raised:
            world.import_orders()
        told = "".join(traceback.format_exception(raised.value))
        assert "RuntimeError" in str(raised.value)
        assert all(text not in told for text in PERSONAL)
        with patch.object(target, name, breaks):
            run = jobs.request(world.account, Job.IMPORT_ORDERS)
            result = tasks.import_orders.apply(args=(run.pk,))
        assert result.failed()
        assert all(text not in f"{result.result!r} {result.traceback}" for text in PERSONAL)


def test_no_odd_order_and_no_fault_tells_of_a_buyer(
    stages: Stages, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with stages.at("exported") as world:
        odd_orders(world)
        written = dump()
        said = str([(run.reason, run.options) for run in SyncRun.objects.all()])
        assert AmazonOrder.objects.filter(state=OrderState.QUARANTINED).exists()
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records
    )
    assert "ValueError" in logged
    for text in PERSONAL:
        assert text not in written
        assert text not in logged
        assert text not in said


# --- What Amazon says of an order ----------------------------------------------------------------

#: Amazon quotes what it refuses, and this is what it may quote.
QUOTED = f"{BUYER['buyerName']} <{BUYER['buyerEmail']}>, {ADDRESS['addressLine1']}"


def what_amazon_says(world: World) -> None:
    """Orders that lack something, in each state that they may have; each answer names a buyer."""
    personal: dict[str, Any] = {"buyer": BUYER, "address": ADDRESS, "gift_message": GIFT_MESSAGE}
    odd: list[dict[str, Any]] = [
        {"orderItems": []},
        {"proceeds": {}},
        {"orderItems": [{"orderItemId": "1"}]},
        {"orderItems": [], "recipient": {"deliveryAddress": ADDRESS, "note": BUYER["buyerName"]}},
    ]
    numbers = [world.buy("MUG", 1, **personal) for _parts in odd]
    placed = world.buy("MUG", 1, **personal)
    for number, parts in zip(numbers, odd, strict=True):
        world.amazon.set_order(number, **parts)
    world.import_orders()
    world.amazon.set_order(placed, orderItems=[])
    for _ in range(5):
        AmazonOrder.objects.exclude(ask_at=None).update(ask_at=timezone.now())
        for kind in ("400", "500", "400"):
            world.amazon.faults.add(Fault("getOrder", kind, details=QUOTED))
        world.import_orders()
        world.amazon.faults.clear()
    world.amazon.faults.add(Fault("getOrder", "400", details=QUOTED, times=2))
    world.import_orders(orders=numbers[:1])
    world.import_orders(order=numbers[0])
    world.amazon.faults.add(Fault("searchOrders", "400", details=QUOTED))
    world.import_orders()
    world.amazon.faults.clear()
    order = shop_order(placed)
    line = order.lines.get()
    note = "Carrier: DHL / Tracking: 00340434161094"
    factories.shipping_event(order.pk, {line.partner_line_reference: 1}, note)
    world.amazon.faults.add(Fault("confirmShipment", "400", details=QUOTED))
    world.confirm_shipments()
    world.amazon.faults.clear()
    placing.place_as_it_is(AmazonOrder.objects.filter(reason_code="total"))
    for row in AmazonOrder.objects.exclude(units_unknown_since=None):
        units.name_units(row, world.shop, {"MUG": 1})
    world.import_orders()


def test_what_amazon_says_of_an_order_tells_of_no_buyer(
    stages: Stages, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with stages.at("exported") as world:
        what_amazon_says(world)
        written = dump()
        reasons = set(AmazonOrder.objects.values_list("reason_code", flat=True))
        asked = len(world.amazon.requests_of("getOrder"))
        said = str([(run.reason, run.options) for run in SyncRun.objects.all()])
    assert {"items", "unreadable"} <= reasons
    assert asked > 10
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records
    )
    for text in PERSONAL:
        assert text not in written
        assert text not in logged
        assert text not in said


# --- Feeds and reports ----------------------------------------------------------------------------

#: In Amazon's report, and nowhere in the shop.
TITLE = "Chest with the heron's letters"


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The signatures of the documents' addresses that were called."""
    signatures: set[str] = set()
    send = requests.Session.send

    def noted(session: Any, request: Any, **how: Any) -> Any:
        signatures.update(parse_qs(urlsplit(request.url).query).get("X-Amz-Signature", []))
        return send(session, request, **how)

    monkeypatch.setattr(requests.Session, "send", noted)
    return signatures


def feeds_and_reports(world: World) -> None:
    """A feed and a report, each with all that can go wrong with its documents."""
    world.amazon.add_listing(
        world.seller, "ATTIC", title=TITLE, marketplace=DE, asin="B0CHEST000", price="3.00",
        quantity=1,
    )  # fmt: skip
    world.import_orders()
    uploads: tuple[FaultKind, ...] = ("403", "500", "drop_before", "drop_after")
    downloads: tuple[FaultKind | None, ...] = (
        "403", "500", "half", "empty", "string", "drop_after", None,
    )  # fmt: skip
    for kind in uploads:
        world.amazon.faults.add(Fault("upload", kind))
        world.export()
    world.amazon.faults.clear()
    world.export()
    for job in (Job.SETTLE, Job.IMPORT_LISTINGS, Job.VERIFY, Job.MATCH):
        wait(world, 0.5)
        run = world.do(job)
        for broken in downloads:
            if broken:
                world.amazon.faults.add(Fault("download", broken))
            wait(world, 0.5)
            if run.state == RunState.QUEUED:
                run = jobs.perform(now_due(SyncRun.objects.get(pk=run.pk)), patience=5)
            else:
                run = world.do(job)
            world.amazon.faults.clear()
        assert run.state in (RunState.DONE, RunState.QUEUED)
    assert not Submission.objects.filter(kind="feed", state__in=OPEN_STATES).exists()
    assert Listing.objects.filter(sku__sku="ATTIC").exists()


def test_no_address_of_a_document_and_nothing_of_its_contents_is_told(
    stages: Stages,
    caplog: pytest.LogCaptureFixture,
    sent_tokens: set[str],
    addresses: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(by_report, "BY_SEARCH_ALONE", 0)
    with stages.at("rearranged") as world, by_feed():
        feeds_and_reports(world)
        written = dump()
        downloads = len(world.amazon.requests_of("download"))
        secrets = {world.seller.client_secret, world.seller.refresh_token, *sent_tokens, *addresses}
        runs = list(SyncRun.objects.values_list("reason", flat=True))
        lines = list(RunLine.objects.values_list("message", "values"))
        held = [*Submission.objects.all(), *AmazonReport.objects.all(), *Listing.objects.all()]
        told = f"{runs} {lines} {[(repr(one), str(one)) for one in held]}"
    assert downloads > 10
    assert len(addresses) > 10
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records
    )
    assert "createFeed" in logged
    assert "getReportDocument" in logged
    for text in [*secrets, "X-Amz-Signature", "-documents/", TITLE]:
        assert text not in written
        assert text not in logged
        assert text not in told
