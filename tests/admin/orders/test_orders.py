"""Orders and shipments: state, reason and what to do; buyers only for those who may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    OrderState,
    RunState,
    Shipment,
    ShipmentState,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    SellerAccountFactory,
    ShipmentFactory,
)
from tests.admin.conftest import TAKES_ALL, Staff, address, seen_in
from tests.factories_amazon import LiveAccountFactory
from tests.stored import copy_stored
from tests.world import World, shop_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(world: World) -> AmazonOrder:
    """An order that was bought on Amazon and imported."""
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    return AmazonOrder.objects.get(number=_bought_and_imported(world))


# --- What the page shows -------------------------------------------------------------------------


def test_the_page_shows_the_order_and_links_to_the_shop(staff: Staff, bought: AmazonOrder) -> None:
    page = staff.see(AmazonOrder, bought.pk)
    assert bought.state == OrderState.PLACED
    assert f'href="/dashboard/orders/{bought.number}/"' in page
    assert "MUG" in page
    assert "20.00 EUR" in page
    assert "confirmed to Amazon" in page


def test_buyers_are_seen_with_the_permission_only(
    staff: Staff, staff_with: Callable[..., Staff], bought: AmazonOrder
) -> None:
    recipient = bought.document["recipient"]["deliveryAddress"]
    secrets = (recipient["name"], recipient["addressLine1"], recipient["postalCode"])
    allowed = staff.see(AmazonOrder, bought.pk)
    for secret in secrets:
        assert secret in allowed
    packer = staff_with("view_amazonorder")
    for page in (packer.see(AmazonOrder, bought.pk), packer.see(AmazonOrder)):
        for secret in secrets:
            assert secret not in page
        assert "as Amazon gave it" not in page


def test_what_amazon_said_is_shown_as_text(staff: Staff) -> None:
    order = AmazonOrderFactory.create(document={"orderId": "<script>alert(1)</script>"})
    page = staff.see(AmazonOrder, order.pk)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_unreadable_document_does_not_cost_the_page(staff: Staff) -> None:
    order = AmazonOrderFactory.create(
        state=OrderState.QUARANTINED, reason="It has no lines.", document={}
    )
    assert "It has no lines." in staff.see(AmazonOrder, order.pk)


def test_a_reason_is_read_in_the_reader_s_language(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    pending = AmazonOrderFactory.create(
        account=account, state=OrderState.HELD, reason=str(Message(Code.PENDING))
    )
    foreign = AmazonOrderFactory.create(
        account=account,
        state=OrderState.RECORDED,
        reason=str(Message(Code.CHANNEL, channel="EBAY")),
    )
    shipment = ShipmentFactory.create(
        order=pending, state=ShipmentState.WAITING, reason=str(Message(Code.NO_TRACKING))
    )
    staff.client.cookies["django_language"] = "de"
    payment, number = "Die Zahlung steht bei Amazon noch aus.", "Sie hat keine Sendungsnummer"
    assert payment in staff.see(AmazonOrder)
    page = staff.see(AmazonOrder, pending.pk)
    assert payment in page
    assert number in page
    assert number in staff.see(Shipment, shipment.pk)
    assert "It was sold on EBAY, not on Amazon." in staff.see(AmazonOrder, foreign.pk)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"state": OrderState.SEEN}, "asks Amazon for what is missing"),
        ({"state": OrderState.HELD}, "waits for Amazon"),
        ({"state": OrderState.WAITING}, "The next import places it"),
        ({"state": OrderState.QUARANTINED}, "then replay it"),
        ({"state": OrderState.CANCELLED}, "on sale again"),
        ({"state": OrderState.RECORDED}, "kept for the record"),
        ({"state": OrderState.RECORDED, "reason_code": "before-cut-over"}, "takes no stock"),
    ],
)
def test_each_state_says_what_happens_next(
    staff: Staff, columns: dict[str, Any], sentence: str
) -> None:
    order = AmazonOrderFactory.create(**columns)
    assert sentence in staff.see(AmazonOrder, order.pk)


def test_held_units_are_shown_until_the_shop_has_taken_them(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    line = {"lines__quantity": 7, "lines__offer_pk": "1"}
    waiting = AmazonOrderFactory.create(account=account, **line)
    placed = AmazonOrderFactory.create(placed=True, account=account, **line)
    assert held_units(staff.see(AmazonOrder, waiting.pk)) == "7"
    assert held_units(staff.see(AmazonOrder, placed.pk)) == "0"


def held_units(page: str) -> str:
    return page.split('class="field-held"')[1].split("<p>")[1].split("</p>")[0]


def test_a_document_of_another_order_is_not_shown_and_the_page_says_why(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    other, order = (AmazonOrderFactory.create(account=account) for _ in range(2))
    copy_stored((other, "document"), (order, "document"))
    page = staff.see(AmazonOrder, order.pk)
    assert f"AmazonOrder.document of row {order.pk} holds a value that was encrypted" in page
    assert other.document["buyer"]["buyerEmail"] not in page
    assert other.document["buyer"]["buyerEmail"] in staff.see(AmazonOrder, other.pk)


def test_orders_are_neither_made_nor_changed_nor_deleted_here(
    staff: Staff, bought: AmazonOrder
) -> None:
    assert staff.client.get("/admin/django_amazon_sync/amazonorder/add/").status_code == 403
    page = f"/admin/django_amazon_sync/amazonorder/{bought.pk}"
    assert staff.client.get(f"{page}/delete/").status_code == 403
    assert staff.client.post(f"{page}/change/", {"reason": "mine"}).status_code == 403


# --- Actions -------------------------------------------------------------------------------------


def test_replay_places_what_was_quarantined_once_it_is_mended(
    staff: Staff,
    world: World,
) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    method, world.account.default_shipping_method = world.account.default_shipping_method, "gone"
    world.account.save()
    order = AmazonOrder.objects.get(number=_bought_and_imported(world))
    assert order.state == OrderState.QUARANTINED
    assert "gone" in staff.see(AmazonOrder, order.pk)
    world.account.default_shipping_method = method
    world.account.save()
    [message] = staff.press(AmazonOrder, "replay", order)
    assert "1 order waits again. 1 run is queued" in message
    jobs.perform(SyncRun.objects.get(state=RunState.QUEUED), patience=5)
    order.refresh_from_db()
    assert order.state == OrderState.PLACED
    assert shop_order(order.number)


def _bought_and_imported(world: World) -> str:
    world.amazon.advance(60)  # well after the cut-over
    number = world.buy("MUG", 2)
    world.import_orders()
    return number


def test_replay_leaves_orders_alone_that_are_never_placed(staff: Staff) -> None:
    """Of the recorded ones only those from before the cut-over are placed when staff ask."""
    account = SellerAccountFactory.create()
    elsewhere = AmazonOrderFactory.create(
        account=account, state=OrderState.RECORDED, reason_code="channel"
    )
    older = AmazonOrderFactory.create(
        account=account, state=OrderState.RECORDED, reason_code="before-cut-over"
    )
    placed = AmazonOrderFactory.create(placed=True, account=account)
    [message] = staff.press(AmazonOrder, "replay", elsewhere, older, placed)
    assert "1 order waits again." in message
    states = dict(AmazonOrder.objects.values_list("pk", "state"))
    assert states == {
        elsewhere.pk: OrderState.RECORDED,
        older.pk: OrderState.WAITING,
        placed.pk: OrderState.PLACED,
    }


def test_amazon_is_asked_for_chosen_orders_again(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    order = AmazonOrderFactory.create()
    staff.press(AmazonOrder, "look_again", order)
    run = SyncRun.objects.get()
    assert (run.job, run.options) == (Job.IMPORT_ORDERS, {"order": order.number})


def test_ship_anyway_decides_against_the_buyer_s_request(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    asking = AmazonOrderFactory.create(placed=True, account=account, cancellation_requested=True)
    quiet = AmazonOrderFactory.create(placed=True, account=account)
    assert "until you decide" in staff.see(AmazonOrder, asking.pk)
    [message] = staff.press(AmazonOrder, "ship_anyway", asking, quiet)
    assert "1 order ships. 1 run is queued." in message
    asking.refresh_from_db()
    quiet.refresh_from_db()
    assert (asking.ship_anyway, quiet.ship_anyway) == (True, False)
    assert "until you decide" not in staff.see(AmazonOrder, asking.pk)
    assert SyncRun.objects.get().job == Job.CONFIRM_SHIPMENTS


def test_a_request_to_cancel_that_the_list_did_not_show_holds(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    asking, later = (
        AmazonOrderFactory.create(placed=True, account=account, cancellation_requested=asks)
        for asks in (True, False)
    )
    data = {
        "action": "ship_anyway", "_selected_action": [asking.pk, later.pk],
        "seen": seen_in(staff.see(AmazonOrder)),
    }  # fmt: skip
    AmazonOrder.objects.filter(pk=later.pk).update(cancellation_requested=True)
    said = staff.client.post(address(AmazonOrder), data, follow=True).context["messages"]
    assert f"no longer what you saw: {later.number}." in str(next(iter(said)))
    assert list(AmazonOrder.objects.filter(ship_anyway=True)) == [asking]


def test_an_order_without_a_total_is_placed_as_it_is(staff: Staff, world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    number = world.buy("MUG", 2)
    proceeds = world.amazon.order(number)["proceeds"]
    world.amazon.set_order(number, proceeds={"breakdowns": proceeds["breakdowns"]})
    world.import_orders()
    order = AmazonOrder.objects.get(number=number)
    assert (order.state, order.reason_code) == (OrderState.SEEN, "total")
    staff.press(AmazonOrder, "place_as_it_is", order)
    [run] = SyncRun.objects.filter(state=RunState.QUEUED)
    jobs.perform(run)
    assert shop_order(number).total_incl_tax == 20


def test_an_order_in_quarantine_says_what_becomes_of_it(staff: Staff) -> None:
    total = AmazonOrderFactory.create(state=OrderState.QUARANTINED, reason_code="total")
    assert "place it as it is" in staff.see(AmazonOrder, total.pk)
    odd = AmazonOrderFactory.create(state=OrderState.QUARANTINED, reason_code="unreadable")
    assert "less and less often" in staff.see(AmazonOrder, odd.pk)


def test_the_list_and_the_page_say_amazons_codes_in_words(staff: Staff) -> None:
    order = AmazonOrderFactory.create(status="PARTIALLY_SHIPPED", fulfilled_by="MERCHANT")
    rows = staff.see(AmazonOrder).split('id="result_list"')[1].split("</table>")[0]
    assert "partially shipped" in rows
    assert "PARTIALLY_SHIPPED" not in rows
    page = staff.see(AmazonOrder, order.pk)
    assert "partially shipped" in page
    assert "merchant" in page
    assert ">MERCHANT<" not in page
