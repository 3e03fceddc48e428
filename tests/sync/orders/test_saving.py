"""What becomes of each copy of an order, as sellers reported that Amazon shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync import clock
from django_amazon_sync.models import (
    HOLDING_STATES,
    AmazonOrder,
    AmazonOrderLine,
    OrderState,
    Outcome,
    RunState,
)
from django_amazon_sync.sync.offers.reserved_units import units_reserved
from django_amazon_sync.sync.orders import placing, saving
from tests.examples import examples
from tests.stored import copy_stored
from tests.sync.orders.answers import Answers, answering, eur, iso, item
from tests.world import World, lines_of, shop_order

NUMBER = "302-0000001-0000001"


@pytest.fixture
def answers(world: World) -> Iterator[Answers]:
    world.sell("MUG", price="20.00", quantity=10)
    with answering(world) as answers:
        yield answers


def order_of(number: str = NUMBER) -> AmazonOrder:
    return AmazonOrder.objects.get(number=number)


def minutes(answers: Answers, number: float) -> str:
    """A moment so many minutes from now."""
    return iso(answers.world.amazon.now() + timedelta(minutes=number))


def placed_facts(number: str = NUMBER) -> tuple[Any, ...]:
    """What the shop has of an order: its units, its total and what was refunded."""
    saved = shop_order(number)
    source = saved.sources.get()
    return saved.num_items, saved.total_incl_tax, source.amount_refunded


# --- One order costs itself only ----------------------------------------------------------------

ODD = {
    "half an emoji in a name": {"buyer": {"buyerName": "Zeb \ud83d", "buyerEmail": "q@x\x00.de"}},
    "NUL in a title": {"orderItems": [item(sku="MUG") | {"product": {"title": "a\x00b"}}]},
    "an exponent": {"proceeds": {"grandTotal": eur("1E+1000000")}},
    "a total beyond all columns": {"proceeds": {"grandTotal": eur("99999999999.00")}},
    "a currency that is none": {
        "proceeds": {"grandTotal": {"amount": "1", "currencyCode": "€€€€"}}
    },
    "digits of another script": {"orderItems": [item() | {"quantityOrdered": "\u0661"}]},
    "an id of a line that is too long": {"orderItems": [item("1" * 300)]},
    "a SKU that is too long": {"orderItems": [item(sku="S" * 300)]},
    "a service level that is too long": {
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfillmentServiceLevel": "x" * 999}
    },
    "a word that is too long": {
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT_OF" * 9}
    },
    "the year 1": {"createdTime": "0001-01-01T00:00:00Z"},
    "the year 9999": {"lastUpdatedTime": "9999-12-31T23:59:59Z"},
    "no lines": {"orderItems": None},
    "lines that are none": {"orderItems": [None, 7, "x"]},
    "a lot of payment methods": {
        "payment": {"paymentExecutions": [{"paymentMethod": "m" * 500}] * 500}
    },
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_order_costs_no_other(answers: Answers, odd: dict[str, Any]) -> None:
    bad = answers.order("302-0000002-0000002") | odd
    answers.found = [answers.order(), bad, answers.order("302-0000003-0000003")]
    run = answers.world.import_orders()
    assert run.state == RunState.DONE
    assert {NUMBER, "302-0000003-0000003"} <= set(
        AmazonOrder.objects.filter(state=OrderState.PLACED).values_list("number", flat=True)
    )
    kept = order_of("302-0000002-0000002")
    assert kept.state == OrderState.PLACED or kept.reason
    assert kept.document["orderId"] == "302-0000002-0000002"


def test_an_id_that_no_column_holds_is_kept_under_its_document(answers: Answers) -> None:
    answers.found = [answers.order("3" * 200), answers.order()]
    answers.world.import_orders()
    assert order_of().state == OrderState.PLACED
    odd = AmazonOrder.objects.exclude(number=NUMBER).get()
    assert odd.number.startswith(saving.WITHOUT_ID)
    assert odd.ask_at is None


def test_what_cannot_be_saved_is_put_aside_and_taken_in_later(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [f"302-0000001-000000{number}" for number in range(7)]
    answers.found = [answers.order(number) for number in numbers]
    take_in = saving._take_in

    def fails(copy: Any, source: Any) -> None:
        if copy.row.number == numbers[3]:
            raise DataError(f"value too long: {copy.read.buyer.name}")
        take_in(copy, source)

    monkeypatch.setattr(saving, "_take_in", fails)
    run = answers.world.import_orders()
    assert run.state == RunState.DONE
    bad = order_of(numbers[3])
    assert (bad.state, bad.reason_code) == (OrderState.QUARANTINED, "not-saved")
    assert "Test Buyer" not in bad.reason
    assert bad.document["orderId"] == numbers[3]
    assert AmazonOrder.objects.filter(state=OrderState.PLACED).count() == 6
    monkeypatch.undo()
    with answering(answers.world) as again:
        again.by_id = {numbers[3]: answers.found[3]}
        AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now())
        answers.world.import_orders()
    assert order_of(numbers[3]).state == OrderState.PLACED
    assert answers.world.in_stock("MUG") == 3


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_copies_in_one_page_the_newer_wins(answers: Answers, newer_first: bool) -> None:
    older = answers.order(lastUpdatedTime=minutes(answers, -5))
    newer = answers.order(
        orderItems=[], proceeds={}, fulfillment={"fulfillmentStatus": "CANCELLED"}
    )
    answers.found = [newer, older] if newer_first else [older, newer]
    answers.world.import_orders()
    assert order_of().state == OrderState.CANCELLED
    assert answers.world.in_stock("MUG") == 10


# --- What an answer lacks -----------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, []])
@pytest.mark.parametrize("later", [0, 5])
def test_an_order_without_lines_is_placed_once_with_them(
    answers: Answers, nothing: Any, later: int
) -> None:
    """Cases 01 and 06: the lines come with the same moment, or with a later one."""
    whole = answers.order()
    answers.found = [whole | {"orderItems": nothing}]
    answers.world.import_orders()
    assert (order_of().state, order_of().reason_code) == (OrderState.SEEN, "items")
    assert answers.asked == [NUMBER]
    answers.found = [whole | {"lastUpdatedTime": minutes(answers, later)}] if later else [whole]
    answers.world.import_orders()
    answers.world.import_orders()
    assert placed_facts() == (1, Decimal("20.00"), 0)
    assert answers.world.in_stock("MUG") == 9


def test_lines_that_only_getorder_shows_are_taken_at_once(answers: Answers) -> None:
    whole = answers.order()
    answers.found, answers.by_id = [whole | {"orderItems": None}], {NUMBER: whole}
    answers.world.import_orders()
    assert placed_facts() == (1, Decimal("20.00"), 0)


def test_a_replacement_without_prices_is_placed_at_nothing(answers: Answers) -> None:
    """Case 02."""
    free = item() | {"proceeds": {}}
    original = {"orderId": "302-9", "associationType": "REPLACEMENT_ORIGINAL_ID"}
    answers.found = [answers.order(proceeds={}, orderItems=[free], associatedOrders=[original])]
    answers.world.import_orders()
    assert placed_facts() == (1, 0, 0)


def test_a_placed_order_is_never_cancelled_for_want_of_its_lines(answers: Answers) -> None:
    """Case 23: asked for by its id, which is taken, and changes nothing more."""
    whole = answers.order(orderItems=[item(quantity=2, price="40.00")])
    whole["proceeds"] = {"grandTotal": eur("40.00")}
    answers.found = [whole]
    answers.world.import_orders()
    before = placed_facts()
    answers.found = [whole | {"orderItems": [], "lastUpdatedTime": minutes(answers, 5)}]
    run = answers.world.import_orders()
    assert placed_facts() == before == (2, Decimal("40.00"), 0)
    assert answers.asked == [NUMBER]
    assert lines_of(run, "outcome", "code")[0] == (Outcome.WAITING, "items")
    answers.world.import_orders()
    assert answers.asked == [NUMBER]  # not before its pause is over
    answers.found = [whole | {"lastUpdatedTime": minutes(answers, 10)}]
    answers.world.import_orders()
    order = order_of()
    assert (order.state, order.ask_at, order.reason) == (OrderState.PLACED, None, "")
    assert placed_facts() == before


@pytest.mark.parametrize("lines", [None, [], "odd"])
def test_a_cancellation_needs_no_lines_and_releases_all_once(answers: Answers, lines: Any) -> None:
    """Case 04, the first order."""
    answers.found = [answers.order(orderItems=[item(quantity=2)])]
    answers.world.import_orders()
    assert answers.world.in_stock("MUG") == 8
    over = {"fulfillmentStatus": "CANCELLED"}
    answers.found = [
        answers.order(
            orderItems=lines, proceeds={}, fulfillment=over, lastUpdatedTime=minutes(answers, 1)
        )
    ]
    answers.world.import_orders()
    answers.world.import_orders()
    assert answers.world.in_stock("MUG") == 10
    assert order_of().state == OrderState.CANCELLED
    assert shop_order(NUMBER).sources.get().amount_refunded == Decimal("20.00")


def test_a_line_that_getorder_does_not_show_either_is_cancelled(answers: Answers) -> None:
    """Case 04, the second order: never on the word of a search, and staff are told."""
    world = answers.world
    world.sell("BOWL", price="5.00", quantity=10)
    both = [item("71"), item("72", sku="BOWL", price="5.00")]
    whole = answers.order(orderItems=both, proceeds={"grandTotal": eur("25.00")})
    answers.found = [whole]
    world.import_orders()
    rest = answers.order(
        orderItems=both[:1], proceeds={"grandTotal": eur("20.00")},
        lastUpdatedTime=minutes(answers, 5),
    )  # fmt: skip
    answers.found, answers.by_id = [rest], {NUMBER: whole}
    world.import_orders()
    assert placed_facts() == (2, Decimal("25.00"), 0)
    rest = rest | {"lastUpdatedTime": minutes(answers, 10)}
    answers.found, answers.by_id = [rest], {NUMBER: rest}
    run = world.import_orders()
    assert placed_facts() == (1, Decimal("20.00"), Decimal("5.00"))
    assert (world.in_stock("MUG"), world.in_stock("BOWL")) == (9, 10)
    assert (Outcome.CANCELLED, "line-gone", "BOWL") in lines_of(run, "outcome", "code", "sku")
    world.import_orders()
    assert world.in_stock("BOWL") == 10


def test_an_order_that_lost_a_line_before_it_was_placed_waits_for_getorder(
    answers: Answers,
) -> None:
    both = [item("71"), item("72")]
    pending = {"fulfillmentStatus": "PENDING"}
    answers.found = [answers.order(orderItems=both, fulfillment=pending)]
    answers.world.import_orders()
    rest = answers.order(orderItems=both[:1], lastUpdatedTime=minutes(answers, 5))
    answers.found, answers.by_id = [rest], {NUMBER: rest}
    answers.world.import_orders()
    assert placed_facts() == (1, Decimal("20.00"), 0)
    assert answers.world.in_stock("MUG") == 9
    assert units_reserved() == {}


# --- The same moment, older and unreadable copies -----------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"fulfillment": {"fulfillmentStatus": "CANCELLED"}, "orderItems": []},
        {"orderItems": [item(quantity=1, price="20.00")]},
        {"proceeds": {"grandTotal": eur("1.00")}},
    ],
    ids=["cancelled", "fewer units", "a lower total"],
)
def test_a_copy_of_the_same_moment_never_takes_anything_back(
    answers: Answers, change: dict[str, Any]
) -> None:
    whole = answers.order(orderItems=[item(quantity=2, price="20.00")])
    answers.found = [whole]
    answers.world.import_orders()
    before = placed_facts()
    answers.found, answers.by_id = [whole | change], {NUMBER: whole}
    for _ in range(3):
        answers.world.import_orders()
    assert placed_facts() == before
    assert answers.asked == [NUMBER]
    assert order_of().ask_at is None


@pytest.mark.parametrize("lack", [{"proceeds": {}}, {"fulfillment": {}}, {"orderItems": None}])
def test_a_copy_of_the_same_moment_that_lacks_something_adds_nothing(
    answers: Answers, lack: dict[str, Any]
) -> None:
    """A placed order without a status would never have its shipment confirmed."""
    whole = answers.order()
    answers.found = [whole]
    answers.world.import_orders()
    answers.found, answers.by_id = [whole | lack], {NUMBER: whole}
    answers.world.import_orders()
    assert (order_of().state, order_of().status) == (OrderState.PLACED, "UNSHIPPED")
    assert order_of().document["proceeds"] == whole["proceeds"]


def test_a_copy_of_the_same_moment_adds_what_was_missing(answers: Answers) -> None:
    whole = answers.order()
    answers.found = [whole]
    answers.world.import_orders()
    wish = item() | {"cancellation": {"cancellationRequest": {"requester": "BUYER"}}}
    answers.found = [whole | {"orderItems": [wish]}]
    answers.world.import_orders()
    assert order_of().cancellation_requested
    assert any("asks Amazon to cancel" in note.message for note in shop_order(NUMBER).notes.all())
    answers.found = [whole]  # the wish is not taken back by the older copy of a late page
    answers.by_id = {NUMBER: whole | {"orderItems": [wish]}}
    answers.world.import_orders()
    assert order_of().cancellation_requested


def test_a_readable_copy_replaces_an_unreadable_one_whatever_its_time(answers: Answers) -> None:
    dollars = {"grandTotal": {"amount": "20.00", "currencyCode": "USD"}}
    answers.found = [answers.order(proceeds=dollars)]
    answers.world.import_orders()
    order = order_of()
    assert (order.state, order.reason_code) == (OrderState.QUARANTINED, "unreadable")
    assert list(units_reserved().values()) == [1]
    answers.found = [answers.order(lastUpdatedTime=minutes(answers, -60))]
    answers.world.import_orders()
    assert order_of().state == OrderState.PLACED
    assert answers.world.in_stock("MUG") == 9


def change_is_asked_for(answers: Answers) -> bool:
    """Whether the one unit less, of a change that could not be taken, gets into the shop."""
    answers.found = []
    answers.by_id = {NUMBER: answers.order(orderItems=[item(quantity=2)])}
    AmazonOrder.objects.exclude(ask_at=None).update(ask_at=clock.now())
    answers.world.import_orders()
    return placed_facts()[0] == 2 and order_of().ask_at is None


@pytest.mark.parametrize("by_id", [True, False])
def test_a_change_that_could_not_be_read_is_asked_for_until_amazon_shows_it(
    answers: Answers, by_id: bool
) -> None:
    """What an older copy says is taken meanwhile, whether a question or a search brings it."""
    dollars = {"grandTotal": {"amount": "20.00", "currencyCode": "USD"}}
    unread = answers.order(orderItems=[item(quantity=2)], proceeds=dollars)
    older = answers.order(orderItems=[item(quantity=3)], lastUpdatedTime=minutes(answers, -5))
    answers.found, answers.by_id = [unread], {NUMBER: older if by_id else unread}
    answers.world.import_orders()
    if not by_id:
        answers.found = [older]
        answers.world.import_orders()
    assert order_of().state == OrderState.PLACED
    assert placed_facts()[0] == 3
    assert change_is_asked_for(answers)


def test_a_change_that_could_not_be_saved_is_asked_for_until_amazon_shows_it(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = answers.order(orderItems=[item(quantity=3)], lastUpdatedTime=minutes(answers, -5))
    answers.found = [older]
    answers.world.import_orders()
    answers.found = [answers.order(orderItems=[item(quantity=2)])]
    answers.by_id = {NUMBER: older}

    def fails(copy: Any, source: Any) -> None:
        raise DataError("value too long")

    with monkeypatch.context() as broken:
        broken.setattr(saving, "_take_in", fails)
        answers.world.import_orders()
    answers.found = []
    AmazonOrder.objects.update(ask_at=clock.now())
    answers.world.import_orders()
    assert change_is_asked_for(answers)


def test_a_time_to_come_is_no_change_that_amazon_owes(answers: Answers) -> None:
    answers.found = [
        answers.order(orderItems="odd", lastUpdatedTime=minutes(answers, 60 * 24 * 400))
    ]
    answers.world.import_orders()
    answers.found, answers.by_id = [answers.order()], {NUMBER: answers.order()}
    answers.world.import_orders()
    assert (order_of().state, order_of().ask_at) == (OrderState.PLACED, None)


def test_an_unreadable_copy_of_a_placed_order_changes_nothing_and_is_asked_for(
    answers: Answers,
) -> None:
    whole = answers.order()
    answers.found = [whole]
    answers.world.import_orders()
    answers.found = [whole | {"orderItems": "odd", "lastUpdatedTime": minutes(answers, 5)}]
    answers.by_id = {NUMBER: whole | {"lastUpdatedTime": minutes(answers, 5)}}
    answers.world.import_orders()
    assert answers.asked == [NUMBER]
    assert (order_of().state, order_of().reason) == (OrderState.PLACED, "")
    assert placed_facts() == (1, Decimal("20.00"), 0)


def test_an_answer_by_id_is_taken_unless_a_readable_copy_is_newer(answers: Answers) -> None:
    answers.found = [answers.order(orderItems=[item(quantity=3)])]
    answers.world.import_orders()
    older = answers.order(orderItems=[item()], lastUpdatedTime=minutes(answers, -60))
    answers.by_id = {NUMBER: older}
    answers.world.import_orders(order=NUMBER)
    assert placed_facts()[0] == 3
    newer = answers.order(orderItems=[item()], lastUpdatedTime=minutes(answers, 1))
    answers.by_id = {NUMBER: newer}
    answers.world.import_orders(order=NUMBER)
    assert placed_facts()[0] == 1


def test_an_order_that_amazon_revives_is_told(answers: Answers) -> None:
    whole = answers.order()
    answers.found = [whole]
    answers.world.import_orders()
    over = {"fulfillment": {"fulfillmentStatus": "CANCELLED"}}
    answers.found = [whole | over | {"lastUpdatedTime": minutes(answers, 1)}]
    answers.world.import_orders()
    answers.found = [whole | {"lastUpdatedTime": minutes(answers, 2)}]
    run = answers.world.import_orders()
    assert lines_of(run, "outcome", "code") == [(Outcome.FAILED, "revived")]
    assert order_of().state == OrderState.QUARANTINED
    answers.found = [whole | {"lastUpdatedTime": minutes(answers, 3)}]
    answers.world.import_orders()
    assert order_of().state == OrderState.QUARANTINED
    answers.found = [whole | over | {"lastUpdatedTime": minutes(answers, 4)}]
    answers.world.import_orders()
    assert order_of().state == OrderState.CANCELLED


def test_one_that_was_cancelled_before_it_was_placed_may_come_back(answers: Answers) -> None:
    over = {"fulfillmentStatus": "CANCELLED"}
    answers.found = [answers.order(fulfillment=over, orderItems=[])]
    answers.world.import_orders()
    assert order_of().state == OrderState.CANCELLED
    answers.found = [answers.order(lastUpdatedTime=minutes(answers, 2))]
    answers.world.import_orders()
    assert placed_facts() == (1, Decimal("20.00"), 0)


def test_one_that_was_placed_as_it_is_follows_what_amazon_says_without_a_total(
    answers: Answers,
) -> None:
    no_total = answers.order(proceeds={}, orderItems=[item(quantity=2)])
    answers.found = [no_total]
    answers.world.import_orders()
    placing.place_as_it_is([order_of()])
    answers.world.import_orders()
    assert placed_facts() == (2, Decimal("20.00"), 0)
    less = {"orderItems": [item(price="10.00")], "lastUpdatedTime": minutes(answers, 5)}
    answers.found = [no_total | less]
    answers.world.import_orders()
    assert placed_facts() == (1, Decimal("10.00"), Decimal("10.00"))


# --- Before the cut-over ------------------------------------------------------------------------


def test_only_a_persons_request_places_an_order_from_before_the_cut_over(answers: Answers) -> None:
    long_ago = minutes(answers, -60 * 24 * 20)
    old = answers.order(createdTime=long_ago)
    answers.found = [old | {"orderItems": "odd"}]
    answers.world.import_orders()
    answers.found = [old | {"proceeds": {}, "lastUpdatedTime": minutes(answers, 1)}]
    answers.world.import_orders()
    answers.found = [old | {"lastUpdatedTime": minutes(answers, 2)}]
    answers.world.import_orders()
    assert order_of().state == OrderState.RECORDED
    answers.world.import_orders(order=NUMBER)
    assert order_of().state == OrderState.PLACED
    assert answers.world.in_stock("MUG") == 10


# --- Who ships ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [{}, {"fulfilledBy": "SellerFulfilled"}, {"fulfilledBy": None}])
def test_whoever_is_not_amazon_is_the_merchant(answers: Answers, who: dict[str, Any]) -> None:
    """Case 20."""
    answers.found = [answers.order(fulfillment={"fulfillmentStatus": "SHIPPED", **who})]
    answers.world.import_orders()
    assert order_of().state == OrderState.PLACED
    assert answers.world.in_stock("MUG") == 9


# --- Whatever comes -----------------------------------------------------------------------------

CHANGES: list[dict[str, Any]] = [
    {"orderItems": None},
    {"orderItems": []},
    {"orderItems": "odd"},
    {"orderItems": [item("11", 3, price="20.00"), item("12", 1, price="0.00")]},
    {"orderItems": [item("12", 1)]},
    {"orderItems": [item("11", 3) | {"quantityOrdered": "x"}]},
    {"proceeds": {}},
    {"proceeds": {"grandTotal": {"amount": "x", "currencyCode": "EUR"}}},
    {"fulfillment": {"fulfillmentStatus": "PENDING"}},
    {"fulfillment": {"fulfillmentStatus": "TELEPORTED"}},
    {"fulfillment": {}},
    {"lastUpdatedTime": "x"},
    {"createdTime": None},
    {"buyer": {"buyerName": "\ud83d"}},
    {},
]


@given(
    copies=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.integers(-3, 3), st.booleans()), max_size=6
    ),
    cancelled=st.booleans(),
)
@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
def test_at_rest_an_order_is_in_the_shop_as_it_is_whatever_came_before(
    world: World, copies: list[tuple[dict[str, Any], int, bool]], cancelled: bool
) -> None:
    """Copies late, broken, repeated and contradicting; then Amazon shows the order as it is."""
    with transaction.atomic(), answering(world) as answers:
        world.sell("MUG", price="20.00", quantity=10)
        for change, moment, by_id in copies:
            said = answers.order(lastUpdatedTime=minutes(answers, moment)) | change
            answers.found = [said]
            if by_id:
                answers.by_id = {NUMBER: said}
            world.import_orders()
            row = AmazonOrder.objects.filter(number=NUMBER).first()
            if row is not None and row.state in HOLDING_STATES:
                assert row.reason or row.state == OrderState.WAITING
        end = {"fulfillmentStatus": "CANCELLED" if cancelled else "UNSHIPPED"}
        last = answers.order(
            lastUpdatedTime=minutes(answers, 30), fulfillment=end,
            orderItems=[] if cancelled else [item("11", 2)],
        )  # fmt: skip
        answers.found, answers.by_id = [last], {NUMBER: last}
        for _ in range(3):
            world.import_orders()
        if cancelled:
            assert order_of().state == OrderState.CANCELLED
            assert world.in_stock("MUG") == 10
        else:
            held = AmazonOrderLine.objects.filter(order__number=NUMBER, quantity__gt=0)
            assert order_of().state == OrderState.PLACED
            assert list(held.values_list("item_id", "quantity")) == [("11", 2)]
        assert units_reserved() == {}
        transaction.set_rollback(True)


def test_a_placed_order_with_another_ones_document_has_its_own_once_amazon_is_asked(
    world: World,
) -> None:
    world.sell("MUG", quantity=9)
    numbers = [world.buy("MUG"), world.buy("MUG")]
    world.import_orders()
    other, order = (AmazonOrder.objects.get(number=number) for number in numbers)
    assert order.state == OrderState.PLACED
    copy_stored((other, "document"), (order, "document"))
    world.import_orders()
    world.import_orders(order=order.number)
    assert AmazonOrder.objects.get(pk=order.pk).document["orderId"] == order.number
    assert world.in_stock("MUG") == 7
