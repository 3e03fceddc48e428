"""One store, SKU or answer that fails costs itself only, and tells nobody's name."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.errors import ShopRefused, Unexpected
from django_amazon_sync.messages import Code
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Lack,
    Listing,
    OrderState,
    RunState,
    SellerAccount,
    ShipmentState,
    Submission,
    SyncRun,
)
from django_amazon_sync.testing.simulator import Fault
from tests.attacks.steps import Era, change, fail, sent_off, sentences, shipments
from tests.factories import shipping_event
from tests.world import DE, FR, shop_order

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

READS = ("searchListingsItems", "getListingsItem")


def test_a_zero_leaves_while_the_trial_of_another_store_fails(both: Era) -> None:
    """What one store refuses costs that store only. France refused writes once; its trial meets a
    500 from then on, each run of the lane stops at it before it begins, and the German zero never
    leaves: 4 units are on sale for as long as France fails, where 0 would be right. Without the
    refusal before, the same 500 costs France only. ``_try_what_it_needs`` catches Unauthorized
    alone."""
    fail(both, "patchListingsItem", "403", FR)
    change("MUG", num_in_stock=4)
    both.minutes(3)
    assert both.units() == 4
    both.world.amazon.faults.clear()
    fail(both, "patchListingsItem", "500", FR)
    both.minutes(10)
    change("MUG", num_in_stock=0)
    both.minutes(30)
    assert both.units("MUG", DE) == 0


def test_a_zero_leaves_while_listings_that_crossed_cannot_be_read(era: Era) -> None:
    """A zero is live within some ticks whatever else is broken. Two prices left within an hour, so
    the lane reads the listing once more; reads meet a 500, the lane ends there before it looks at
    anything, and 5 stay on sale for as long as reads fail. Without a listing to be read again the
    zero leaves. ``send_changes`` lets ``verify_crossed`` raise."""
    era.sold()
    for price in ("10.50", "11.00"):
        change("MUG", price=Decimal(price))
        era.minutes(2)
    check_at = era.world.listing("MUG").check_at
    assert check_at is not None
    era.time.sleep((check_at - era.time.now()).total_seconds() + 1)
    for operation in READS:
        fail(era, operation, "500")
    change("MUG", num_in_stock=0)
    era.minutes(60)
    assert era.units() == 0


@pytest.mark.parametrize("by", [Job.CHANGES, Job.EXPORT])
def test_a_zero_leaves_while_another_sku_cannot_be_read_back(era: Era, by: Job) -> None:
    """As above: the price of a cup got no answer and is to be read back; reads meet a 500, and the
    zero of the mug never leaves, as ``recover`` ends the lane before its first look. The cup itself
    is left alone until it is known what became of its price."""
    era.sold()
    era.sold("CUP")
    era.world.amazon.faults.add(Fault("patchListingsItem", "drop_before", times=1))
    change("CUP", price=Decimal("10.50"))
    era.time.sleep(60)
    era.world.send_changes()
    for operation in READS:
        fail(era, operation, "500")
    change("MUG", num_in_stock=0)
    change("CUP", price=Decimal("10.60"), num_in_stock=0)
    if by == Job.EXPORT:
        assert era.world.export().state == RunState.STOPPED
        era.time.sleep(120)  # until it is live
    else:
        era.minutes(60)
    assert era.units() == 0
    assert Submission.objects.filter(items__listing__sku__sku="CUP").count() == 1
    assert era.units("CUP") == 5
    era.world.amazon.faults.clear()
    era.minutes(30)
    assert (era.price("CUP"), era.units("CUP")) == ("10.60", 0)


def test_orders_come_in_while_the_trial_of_another_store_fails(both: Era) -> None:
    """What one store refuses costs that store only. France refused its orders once; its trial meets
    a 500 from then on, and no order of Germany comes in for an hour, nor is one that is stored
    placed: the run stops at the trial, before its first step (``_try_what_it_needs``)."""
    fail(both, "searchOrders", "403", FR)
    both.minutes(10)
    both.world.amazon.faults.clear()
    fail(both, "searchOrders", "500", FR)
    both.minutes(10)
    both.world.buy("MUG", 1)
    both.minutes(60)
    assert AmazonOrder.objects.filter(state=OrderState.PLACED).exists()


def test_a_store_that_refuses_shipments_stops_no_other(both: Era) -> None:
    """What one store refuses costs that store only. France refuses a confirmation, its order has to
    be shipped first, and Germany's parcels are never told to Amazon, run after run: ``confirm``
    raises, and shipments are not among what is refused by store (``BY_MARKETPLACE``)."""
    french, german = sent_off(both)
    fail(both, "confirmShipment", "403", FR)
    both.minutes(60 * 6, every=5)
    assert shipments(german) == [ShipmentState.SEEN]
    assert shipments(french) == [ShipmentState.NEW]
    [lack] = Lack.objects.filter(works_since=None)
    assert (lack.part, lack.marketplace) == (Lack.Part.SHIPMENTS, FR)
    both.world.amazon.faults.clear()
    both.minutes(60, every=5)
    assert shipments(french) == [ShipmentState.SEEN]
    assert not Lack.objects.filter(works_since=None).exists()


def test_a_store_whose_orders_may_not_be_read_stops_no_parcel_of_another(both: Era) -> None:
    """As above: neither confirmation got an answer, and Amazon does not show the French order."""
    french, german = sent_off(both)
    both.world.amazon.faults.add(Fault("confirmShipment", "drop_before", times=2))
    both.world.do(Job.CONFIRM_SHIPMENTS)
    assert shipments(french) + shipments(german) == [ShipmentState.UNKNOWN] * 2
    fail(both, "getOrder", "403", french)
    both.minutes(60, every=5)
    assert shipments(german) == [ShipmentState.SEEN]
    assert shipments(french) == [ShipmentState.UNKNOWN]


def lacking(both: Era) -> tuple[str, str]:
    """A French and a German order that lack something; the French one is to be asked for first."""
    french = both.world.buy("MUG", 1, marketplace=FR)
    both.minutes(6)
    german = both.world.buy("MUG", 1)
    both.minutes(15)
    AmazonOrder.objects.update(ask_at=both.time.now())
    AmazonOrder.objects.filter(number=french).update(ask_at=both.time.now() - timedelta(hours=1))
    return french, german


def test_a_store_whose_orders_may_not_be_read_stops_no_question_of_another(both: Era) -> None:
    """As above, where orders lack something and are asked for one by one. Its searches tell that
    the store is refused: no order of it is at fault, and none is asked for."""
    french, german = lacking(both)
    fail(both, "searchOrders", "403", FR)
    fail(both, "getOrder", "403", french)
    run = both.world.import_orders()
    assert run.state == RunState.DONE
    assert set(run.lines.values_list("code", flat=True)) == {Code.LEFT_OUT}
    assert AmazonOrder.objects.get(number=german).ask_at is None
    assert AmazonOrder.objects.get(number=french).tries == 0


def test_an_order_that_may_not_be_read_stops_no_question_of_another(both: Era) -> None:
    """A 403 for one order was taken for the store's: all orders there that lacked something
    waited for it, and staff were told that Amazon refuses access to orders."""
    french, german = lacking(both)
    AmazonOrder.objects.filter(number=german).update(marketplace=FR)
    fail(both, "getOrder", "403", french)
    run = both.world.import_orders()
    assert run.state == RunState.DONE
    assert set(run.lines.values_list("code", flat=True)) == {Code.UNAUTHORIZED}
    assert AmazonOrder.objects.get(number=german).ask_at is None
    asked = AmazonOrder.objects.get(number=french)
    assert asked.ask_at is not None
    assert asked.ask_at > both.time.now()
    assert sentences("authorise") == []


def test_a_store_that_refuses_its_report_stops_no_other(both: Era) -> None:
    """What one store refuses costs that store only. France refuses a report, and what Germany has
    is not brought in either: ``ready_reports`` raises with the first refusal, and reports are not
    among what is refused by store."""
    both.world.list_on_amazon("LAMP", price="7.00", quantity=3)
    both.minutes(120, every=10)  # the last report is too old
    fail(both, "createReport", "403", FR)
    run = both.world.do(Job.IMPORT_LISTINGS)
    both.minutes(60, every=5)
    run.refresh_from_db()
    assert Listing.objects.filter(sku__sku="LAMP", marketplace__code=DE).exists(), run.reason


def refuse(*args: object) -> Any:
    raise ShopRefused("The parcel of Erika Mustermann is locked.")


def test_what_a_shop_says_of_a_buyer_when_asked_for_parcels_is_not_kept(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reason, line, log or mail holds a buyer's name, whoever put it there. A shop refuses to
    tell its parcels and names the buyer: the name is the run's reason, goes into the alarm's mail
    ("4 runs stopped one after the other"), and, raised by the task, into Celery's result. Only what
    is said of one order is looked through (``_note_apart`` is inside of the shop's loop)."""
    era.sold()
    number = era.world.buy("MUG", 1, address={"name": "Erika Mustermann"})
    era.minutes(10)
    SellerAccount.objects.update(default_carrier="DHL")
    era.world.account.refresh_from_db()
    item = era.world.amazon.order(number)["orderItems"][0]["orderItemId"]
    shipping_event(str(shop_order(number).pk), {item: 1}, "JD0123456789")
    era.world.amazon.faults.add(Fault("confirmShipment", "drop_before", times=1))
    era.world.do(Job.CONFIRM_SHIPMENTS)
    monkeypatch.setattr(type(era.world.shop), "shipments", refuse)
    era.minutes(60, every=5)
    assert SyncRun.objects.filter(reason_code=Code.UNEXPECTED).exists()
    assert not SyncRun.objects.filter(reason__contains="Mustermann").exists()
    assert not any("Mustermann" in said for said in sentences("stopping"))
    assert shipments(number) == [ShipmentState.SEEN]  # it was known already


@pytest.mark.parametrize(("ask", "job"), [("offers", Job.EXPORT), ("menu", Job.IMPORT_ORDERS)])
def test_what_a_shop_says_of_a_buyer_when_asked_for_anything_is_not_kept(
    era: Era, monkeypatch: pytest.MonkeyPatch, ask: str, job: Job
) -> None:
    """As above: whatever is of no one order ends at the run's own border."""
    era.sold()
    era.world.buy("MUG", 1)
    era.time.sleep(180)
    monkeypatch.setattr(type(era.world.shop), ask, refuse)
    with pytest.raises(Unexpected):
        era.world.do(job)
    [reason] = SyncRun.objects.filter(reason_code=Code.UNEXPECTED).values_list("reason", flat=True)
    assert reason.startswith("ShopRefused in refuse")


def test_what_a_shop_says_of_a_buyer_when_asked_for_a_sku_is_not_kept(
    era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, where the shop is asked for what an order that comes in stands for."""
    era.world.list_on_amazon("LAMP", price="7.00", quantity=3)
    monkeypatch.setattr(type(era.world.shop), "find", refuse)
    era.world.buy("LAMP", 1, address={"name": "Erika Mustermann"})
    era.time.sleep(180)
    era.world.import_orders()
    assert "Mustermann" not in AmazonOrder.objects.get().reason


@pytest.mark.parametrize(
    ("name", "part", "said"),
    [
        ("Erika Mustermann", "Mustermann", "Mustermanns Konto ist gesperrt."),
        ("佐藤 健一", "佐藤", "お客様佐藤様は停止中です。"),
    ],
)
def test_a_buyers_name_is_found_in_each_language_of_the_screens(
    era: Era, monkeypatch: pytest.MonkeyPatch, name: str, part: str, said: str
) -> None:
    """As above, in the languages that the package speaks: a German genitive, and a Japanese name,
    which has two signs and no blanks round it. ``without_words`` takes whole words of four signs
    and more."""
    era.sold()

    def refuse(shop: Any, order: Any, choices: Any) -> str:
        raise ShopRefused(said)

    monkeypatch.setattr(type(era.world.shop), "place_order", refuse)
    era.world.buy("MUG", 1, address={"name": name})
    era.time.sleep(180)
    era.world.import_orders()
    assert part not in AmazonOrder.objects.get().reason
