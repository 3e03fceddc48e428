"""Orders: what buyers do, what the search shows of it, and when."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.testing.simulator import NotForSale, Simulator, Switches
from django_amazon_sync.testing.simulator.proceeds import for_units, line_proceeds, split, total
from tests.testing.callers import CA, DE, JP, US, Caller

EVERYTHING = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT"


def found(caller: Caller, **query: Any) -> list[str]:
    got = caller.search_orders(**query)
    assert got.status == 200, got.error
    return [order["orderId"].text for order in got.body["orders"]]


def status(amazon: Simulator, order_id: str) -> str:
    return str(amazon.order(order_id)["fulfillment"]["fulfillmentStatus"])


def live_quantity(amazon: Simulator, sku: str = "MUG-BLUE", marketplace: str = US) -> int | None:
    live = amazon.live("na", sku, marketplace)
    assert live is not None
    return live.quantity


def amounts(breakdowns: list[dict[str, Any]]) -> dict[str, str]:
    return {row["type"]: row["subtotal"]["amount"] for row in breakdowns}


# -- buying


def test_an_order_takes_its_units_at_once_even_while_pending(amazon: Simulator) -> None:
    order_id = amazon.buy("na", US, "MUG-BLUE", 2, status="PENDING")
    assert live_quantity(amazon) == 10
    amazon.settle_payment(order_id)
    assert status(amazon, order_id) == "UNSHIPPED"
    assert live_quantity(amazon) == 10


def test_nobody_buys_what_is_not_there(amazon: Simulator) -> None:
    for sku, units in (("MUG-BLUE", 13), ("0042", 1), ("no such SKU", 1)):
        with pytest.raises(NotForSale, match=sku):
            amazon.buy("na", US, sku, units)
    assert amazon.orders("na") == []
    assert live_quantity(amazon) == 12


def test_an_absolute_quantity_from_before_the_sale_puts_units_back(caller: Caller) -> None:
    amazon = caller.amazon
    caller.patch(
        "MUG-BLUE",
        {
            "op": "replace",
            "path": "/attributes/fulfillment_availability",
            "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 12}],
        },
    )
    amazon.buy("na", US, "MUG-BLUE", 5)
    assert live_quantity(amazon) == 7
    amazon.advance(61)
    assert live_quantity(amazon) == 12


def test_the_channel_of_the_sku_decides_who_fulfils(amazon: Simulator) -> None:
    by_us, by_amazon = amazon.buy("na", US, "MUG-BLUE"), amazon.buy("na", US, "FBA-KETTLE")
    sides = [amazon.order(id_)["fulfillment"]["fulfilledBy"] for id_ in (by_us, by_amazon)]
    assert sides == ["MERCHANT", "AMAZON"]


@pytest.mark.parametrize(
    "wanted",
    [
        "PENDING_AVAILABILITY",
        "PENDING",
        "UNSHIPPED",
        "PARTIALLY_SHIPPED",
        "SHIPPED",
        "CANCELLED",
        "UNFULFILLABLE",
    ],
)
def test_orders_come_in_every_status(amazon: Simulator, wanted: str) -> None:
    assert status(amazon, amazon.buy("na", US, "MUG-BLUE", 2, status=wanted)) == wanted


def test_a_status_that_amazon_does_not_have_is_refused(amazon: Simulator) -> None:
    with pytest.raises(ValueError, match="Shipped"):
        amazon.buy("na", US, "MUG-BLUE", status="Shipped")


def test_the_buyer_and_the_address_can_be_chosen(caller: Caller) -> None:
    order_id = caller.amazon.buy(
        "na", US, "MUG-BLUE", buyer={"buyerName": "Kim"}, address={"addressLine2": "Rear"}
    )
    order = caller.get_order(order_id, EVERYTHING).body["order"]
    assert order["buyer"]["buyerName"] == "Kim"
    assert order["recipient"]["deliveryAddress"]["addressLine2"] == "Rear"
    assert order["recipient"]["deliveryAddress"]["countryCode"] == "US"


def test_ids_repeat_with_the_seed_and_never_within_it() -> None:
    first, second = Simulator(seed=7), Simulator(seed=7)
    ids = [first.buy("eu", DE, "TEA-EARL-GREY-500") for _ in range(20)]
    assert [second.buy("eu", DE, "TEA-EARL-GREY-500") for _ in range(20)] == ids
    assert len(set(ids)) == 20
    assert Simulator(seed=8).buy("eu", DE, "TEA-EARL-GREY-500") not in ids


# -- money


def test_tax_on_top_is_the_plain_sum(amazon: Simulator) -> None:
    order_id = amazon.buy(
        "na", US, "LAMP-OAK", 2, tax="9.44", shipping="7.50", discount="5", gift_wrap="3.99"
    )
    proceeds = amazon.order(order_id)["proceeds"]
    parts = amounts(proceeds["breakdowns"])
    assert parts == {
        "ITEM": "118.00",
        "SHIPPING": "7.50",
        "GIFT_WRAP": "3.99",
        "DISCOUNT": "-5.00",
        "TAX": "9.44",
    }
    assert proceeds["grandTotal"] == {"amount": "133.93", "currencyCode": "USD"}
    assert sum(Decimal(part) for part in parts.values()) == Decimal("133.93")


def test_tax_included_and_positive_discounts_by_switch() -> None:
    switches = Switches(order_tax="included", discount_sign="positive")
    with Simulator(switches=switches, rate_limits=False) as amazon:
        order_id = amazon.buy("eu", DE, "LAMP-OAK", tax="8.67", discount="2", shipping="4.90")
        order = amazon.order(order_id)
    assert amounts(order["proceeds"]["breakdowns"])["DISCOUNT"] == "2.00"
    assert order["proceeds"]["grandTotal"]["amount"] == "57.18"  # 54.28 + 4.90 - 2.00
    tax = order["orderItems"][0]["proceeds"]["breakdowns"][-1]
    assert [row["subtype"] for row in tax["detailedBreakdowns"]] == ["ITEM", "SHIPPING"]


def test_yen_are_whole(amazon: Simulator) -> None:
    order = amazon.order(
        amazon.buy("fe", JP, lines=[("MUG-BLUE", 1), ("名札-01", 2)], shipping=401)
    )
    figures = [order["proceeds"]["grandTotal"]["amount"]]
    figures += amounts(order["proceeds"]["breakdowns"]).values()
    assert all("." not in figure for figure in figures)
    parts = [Decimal(item["proceeds"]["proceedsTotal"]["amount"]) for item in order["orderItems"]]
    assert sum(parts) == Decimal(figures[0])


def test_the_unit_price_is_the_sale_price_and_the_line_total_is_not(amazon: Simulator) -> None:
    item = amazon.order(amazon.buy("na", US, "MUG-BLUE", 3))["orderItems"][0]
    assert item["product"]["price"]["unitPrice"]["amount"] == "7.99"
    assert amounts(item["proceeds"]["breakdowns"])["ITEM"] == "23.97"


cents = st.integers(0, 100_000).map(lambda number: Decimal(number) / 100)


@given(amount=cents, parts=st.integers(1, 9))
def test_splitting_loses_nothing(amount: Decimal, parts: int) -> None:
    shares = split(amount, parts, "EUR")
    assert sum(shares) == amount
    assert len(shares) == parts
    assert max(shares[1:], default=Decimal(0)) <= shares[0]


@given(
    item=cents,
    shipping=cents,
    tax=cents,
    discount=cents,
    sign=st.sampled_from(["negative", "positive"]),
    basis=st.sampled_from(["on_top", "included"]),
)
def test_breakdowns_and_total_agree_under_their_own_reading(
    item: Decimal, shipping: Decimal, tax: Decimal, discount: Decimal, sign: Any, basis: Any
) -> None:
    switches = Switches(discount_sign=sign, order_tax=basis)
    charges = {
        "item": item,
        "shipping": shipping,
        "gift_wrap": Decimal(0),
        "discount": discount,
        "shipping_discount": Decimal(0),
        "tax": tax,
    }
    shown = line_proceeds(charges, "EUR", switches)
    parts = {name: Decimal(text) for name, text in amounts(shown["breakdowns"]).items()}
    off = abs(parts.pop("DISCOUNT", Decimal(0)))
    if basis == "included":
        parts.pop("TAX", None)
    assert sum(parts.values()) - off == Decimal(shown["proceedsTotal"]["amount"])
    assert total(for_units(charges, 3, 3, "EUR"), switches) == total(charges, switches)


# -- what is shown


def test_data_sets_come_only_when_asked_for(caller: Caller) -> None:
    order_id = caller.amazon.buy("na", US, "MUG-BLUE", tax="1")
    bare = caller.get_order(order_id).body["order"]
    for part in ("buyer", "recipient", "proceeds", "fulfillment", "packages", "payment"):
        assert part not in bare
    assert set(bare["orderItems"][0].fields) == {
        "orderItemId",
        "quantityOrdered",
        "programs",
        "product",
    }
    full = caller.get_order(order_id, EVERYTHING).body["order"]
    assert full["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert full["orderItems"][0]["tax"]["taxCollections"][0]["model"] == "MARKETPLACE_FACILITATOR"
    assert caller.get_order(order_id, "EVERYTHING").status == 400


@pytest.mark.parametrize("shows", [False, True])
def test_pending_orders_show_prices_by_switch_and_never_the_buyer(shows: bool) -> None:
    with Simulator(switches=Switches(pending_prices=shows), rate_limits=False) as amazon:
        order = amazon.order(amazon.buy("na", US, "MUG-BLUE", status="PENDING"))
    assert ("proceeds" in order, "price" in order["orderItems"][0]["product"]) == (shows, shows)
    assert "buyer" not in order
    assert "recipient" not in order


def test_without_the_role_personal_data_is_missing_without_an_error() -> None:
    with Simulator(switches=Switches(personal_data=False), rate_limits=False) as amazon:
        caller = Caller(amazon)
        order_id = amazon.buy("na", US, "MUG-BLUE", gift_message="For you", gift_wrap=1)
        got = caller.get_order(order_id, EVERYTHING)
        caller.close()
    assert got.status == 200
    order = got.body["order"]
    assert order["buyer"] == {}
    assert set(order["recipient"]["deliveryAddress"].fields) <= {
        "city",
        "stateOrRegion",
        "countryCode",
        "addressType",
    }
    assert "giftMessage" not in order["orderItems"][0]["fulfillment"]["packing"]["giftOption"]


def test_amazon_keeps_the_buyers_of_what_it_ships_itself(amazon: Simulator) -> None:
    order = amazon.order(amazon.buy("na", US, "FBA-KETTLE"))
    assert order["buyer"] == {}
    assert "postalCode" not in order["recipient"]["deliveryAddress"]
    assert "packages" not in order


def test_other_channels_name_themselves(amazon: Simulator) -> None:
    order = amazon.order(amazon.buy("na", US, "FBA-KETTLE", channel_name="NON_AMAZON"))
    assert order["salesChannel"]["channelName"] == "NON_AMAZON"


def test_any_field_can_be_overwritten(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE")
    amazon.advance(60)
    before = amazon.order(order_id)["lastUpdatedTime"]
    amazon.set_order(order_id, programs=["PRIME", "UNHEARD_OF"], sellerNote="an unknown field")
    order = caller.get_order(order_id).body["order"]
    assert order["programs"] == ["PRIME", "UNHEARD_OF"]
    assert order["sellerNote"] == "an unknown field"
    assert order["lastUpdatedTime"].text > before
    amazon.set_order(order_id, lastUpdatedTime="2020-01-01T00:00:00Z")
    assert amazon.order(order_id)["lastUpdatedTime"] == "2020-01-01T00:00:00Z"


# -- changing over time


def test_a_lowered_quantity_is_a_partial_cancellation(amazon: Simulator) -> None:
    order_id = amazon.buy("na", US, lines=[("MUG-BLUE", 3), ("LAMP-OAK", 1)], shipping="6")
    amazon.cancel(order_id, item="MUG-BLUE", quantity=2)
    order = amazon.order(order_id)
    mug, lamp = order["orderItems"]
    assert (mug["quantityOrdered"], lamp["quantityOrdered"]) == (1, 1)
    assert amounts(mug["proceeds"]["breakdowns"]) == {"ITEM": "7.99", "SHIPPING": "1.00"}
    assert mug["cancellation"]["cancellationExecution"]["cancelledBy"] == "BUYER"
    assert order["proceeds"]["grandTotal"]["amount"] == "70.99"  # 7.99 + 59.00 + 1.00 + 3.00
    assert status(amazon, order_id) == "UNSHIPPED"
    with pytest.raises(ValueError, match="open"):
        amazon.cancel(order_id, item="MUG-BLUE", quantity=2)


@pytest.mark.parametrize(("restocks", "left"), [(False, 10), (True, 12)])
def test_a_cancelled_order_keeps_its_lines_and_restocks_by_switch(
    restocks: bool, left: int
) -> None:
    switches = Switches(cancellation_restocks=restocks)
    with Simulator(switches=switches, rate_limits=False) as amazon:
        order_id = amazon.buy("na", US, "MUG-BLUE", 2)
        amazon.cancel(order_id)
        order = amazon.order(order_id)
        assert live_quantity(amazon) == left
    assert order["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
    assert [item["quantityOrdered"] for item in order["orderItems"]] == [0]
    assert "proceeds" not in order


def test_a_cancellation_request_changes_nothing_else(amazon: Simulator) -> None:
    order_id = amazon.buy("na", US, "MUG-BLUE", 2)
    amazon.request_cancellation(order_id)
    item = amazon.order(order_id)["orderItems"][0]
    assert item["cancellation"] == {
        "cancellationRequest": {"requester": "BUYER", "cancelReason": "Ordered by mistake"}
    }
    assert item["quantityOrdered"] == 2
    assert status(amazon, order_id) == "UNSHIPPED"


def test_shipping_by_hand_in_two_parcels(amazon: Simulator) -> None:
    order_id = amazon.buy("na", US, "MUG-BLUE", 3)
    amazon.ship_by_hand(order_id, units=1)
    assert status(amazon, order_id) == "PARTIALLY_SHIPPED"
    amazon.ship_by_hand(order_id)
    order = amazon.order(order_id)
    assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED"
    assert [row["packageItems"][0]["quantity"] for row in order["packages"]] == [1, 2]


# -- searching


def test_search_lags_two_minutes_and_says_up_to_when(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE")
    assert found(caller) == []
    assert caller.get_order(order_id).status == 200
    amazon.advance(121)
    assert found(caller) == [order_id]
    before = caller.search_orders().body["lastUpdatedBefore"].text
    lag = amazon.now() - type(amazon.now()).fromisoformat(before)
    assert timedelta(seconds=119) < lag < timedelta(seconds=123)
    assert "createdBefore" in caller.search_orders(createdAfter="2020-01-01T00:00:00Z").body


def test_a_change_moves_an_order_to_a_later_window(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", status="PENDING")
    amazon.advance(600)
    edge = (amazon.now() - timedelta(seconds=300)).isoformat()
    amazon.settle_payment(order_id)
    assert found(caller) == []  # its last update is too fresh, and the old one is gone
    amazon.advance(150)
    assert found(caller, lastUpdatedAfter=edge) == [order_id]
    assert found(caller, createdAfter=edge) == []


@pytest.mark.parametrize(
    "query",
    [
        {"lastUpdatedAfter": None},
        {"lastUpdatedAfter": "2020-01-01T00:00:00Z", "createdAfter": "2020-01-01T00:00:00Z"},
        {"createdBefore": "2020-01-01T00:00:00Z"},
        {"lastUpdatedBefore": "2999-01-01T00:00:00Z"},
        {"lastUpdatedBefore": "2019-01-01T00:00:00Z"},
        {"lastUpdatedAfter": "yesterday"},
        {"lastUpdatedAfter": "2020-01-01T00:00:00"},
        {"maxResultsPerPage": "101"},
        {"maxResultsPerPage": "0"},
        {"fulfillmentStatuses": "Shipped"},
        {"paginationToken": "nonsense"},
    ],
)
def test_bad_searches_are_400_with_the_rate(caller: Caller, query: dict[str, Any]) -> None:
    if "createdAfter" in query:
        got = caller.call("GET", "/orders/2026-01-01/orders", **query)
    else:
        got = caller.search_orders(**query)
    assert (got.status, got.error["code"]) == (400, "InvalidInput")
    assert got.rate is not None


def test_the_last_two_minutes_cannot_be_asked_for(caller: Caller) -> None:
    for seconds, expected in ((100, 400), (130, 200)):
        before = (caller.amazon.now() - timedelta(seconds=seconds)).isoformat()
        assert caller.search_orders(lastUpdatedBefore=before).status == expected


def test_pages_join_without_gap_or_overlap(caller: Caller) -> None:
    amazon = caller.amazon
    placed = [amazon.buy("na", US, "TEA-EARL-GREY-500") for _ in range(7)]
    amazon.advance(130)
    seen: list[str] = []
    token = None
    while True:
        body = caller.search_orders(maxResultsPerPage=3, paginationToken=token).body
        seen += [order["orderId"].text for order in body["orders"]]
        token = body.get("pagination").get("nextToken")
        if not token:
            break
        amazon.advance(60)
    assert sorted(seen) == sorted(placed)


def test_page_tokens_are_bound_to_the_request_and_die(caller: Caller) -> None:
    amazon = caller.amazon
    for _ in range(3):
        amazon.buy("na", US, "TEA-EARL-GREY-500")
    amazon.advance(130)
    token = caller.search_orders(maxResultsPerPage=1).body["pagination"]["nextToken"].text
    assert caller.search_orders(maxResultsPerPage=1, paginationToken=token).status == 200
    changed = {"maxResultsPerPage": 1, "lastUpdatedAfter": "2021-01-01T00:00:00Z"}
    assert caller.search_orders(**changed, paginationToken=token).status == 400
    amazon.advance(24 * 3600)
    caller.token = caller.fetch_token().body["access_token"].text
    got = caller.search_orders(maxResultsPerPage=1, paginationToken=token)
    assert (got.status, got.error["message"]) == (400, "The page token has expired.")


def test_filters(caller: Caller) -> None:
    amazon = caller.amazon
    ours = amazon.buy("na", US, "MUG-BLUE")
    theirs = amazon.buy("na", CA, "FBA-KETTLE", status="SHIPPED")
    amazon.buy("eu", DE, "MUG-BLUE")
    amazon.advance(130)
    assert sorted(found(caller)) == sorted([ours, theirs])
    assert found(caller, fulfilledBy="AMAZON") == [theirs]
    assert found(caller, marketplaceIds=US) == [ours]
    assert found(caller, fulfillmentStatuses="SHIPPED,CANCELLED") == [theirs]


def test_a_search_omits_one_order_now_and_then() -> None:
    switches = Switches(omitted_orders=0.5)
    with Simulator(switches=switches, rate_limits=False) as amazon:
        caller = Caller(amazon)
        placed = {amazon.buy("na", US, "TEA-EARL-GREY-500") for _ in range(4)}
        amazon.advance(130)
        counts = [len(found(caller)) for _ in range(20)]
        caller.close()
    assert set(counts) == {3, 4}
    assert len(placed) == 4


def test_some_orders_no_search_shows_and_some_an_hour_late() -> None:
    switches = Switches(unsearchable_orders=0.2, late_orders=0.3, access_token_lifetime=10_000)
    with Simulator(switches=switches, rate_limits=False) as amazon:
        caller = Caller(amazon)
        placed = {amazon.buy("na", US, "TEA-EARL-GREY-500") for _ in range(40)}
        amazon.advance(130)
        soon = set(found(caller))
        amazon.advance(3600)
        later = set(found(caller))
        shown = {number for number in placed if amazon.order(number)}
        caller.close()
    assert soon < later < placed == shown


def test_pages_may_repeat_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_amazon_sync.testing.simulator.orders.REPEATED", 2)
    switches = Switches(repeated_orders=1)
    with Simulator(switches=switches, rate_limits=False) as amazon:
        caller = Caller(amazon)
        placed = {amazon.buy("na", US, "TEA-EARL-GREY-500") for _ in range(7)}
        amazon.advance(130)
        pages: list[list[str]] = []
        token: dict[str, Any] = {}
        while token or not pages:
            body = caller.search_orders(maxResultsPerPage=4, **token).body
            pages.append([order["orderId"].text for order in body["orders"]])
            more = body.get("pagination")
            token = {"paginationToken": more["nextToken"].text} if more else {}
        caller.close()
    assert set().union(*pages) == placed
    assert pages[0][-2:] == pages[1][:2]


def test_old_orders_can_be_placed(caller: Caller) -> None:
    amazon = caller.amazon
    order_id = amazon.buy("na", US, "MUG-BLUE", at=amazon.now() - timedelta(days=30))
    assert found(caller) == [order_id]
    recent = (amazon.now() - timedelta(days=1)).isoformat()
    assert found(caller, lastUpdatedAfter=recent) == []


def test_another_sellers_order_is_not_found(caller: Caller) -> None:
    order_id = caller.amazon.buy("eu", DE, "MUG-BLUE")
    assert caller.get_order(order_id).status == 404


# -- buyers by themselves


def test_buyers_keep_buying_and_their_orders_live_on(amazon: Simulator) -> None:
    amazon.add_listing("na", "PLENTY", marketplace=US, asin="B0SIMTEA01", price=9, quantity=900)
    placed = amazon.let_buyers_buy(300)
    assert len(set(placed)) == 300
    stores = {amazon.order(id_)["salesChannel"]["marketplaceId"] for id_ in placed}
    assert len(stores) > 4
    assert {status(amazon, id_) for id_ in placed} >= {
        "PENDING_AVAILABILITY",
        "PENDING",
        "UNSHIPPED",
        "PARTIALLY_SHIPPED",
        "SHIPPED",
        "UNFULFILLABLE",
    }
    assert {len(amazon.order(id_)["orderItems"]) for id_ in placed} == {1, 2}
    amazon.advance(3 * 24 * 3600)
    later = {status(amazon, id_) for id_ in placed}
    assert {"CANCELLED", "SHIPPED", "UNSHIPPED"} <= later
    assert not {"PENDING", "PENDING_AVAILABILITY"} & later
    items = [item for id_ in placed for item in amazon.order(id_)["orderItems"]]
    assert any("cancellationRequest" in item.get("cancellation", {}) for item in items)
    channels = {amazon.order(id_)["salesChannel"]["channelName"] for id_ in placed}
    assert channels == {"AMAZON", "NON_AMAZON"}


def test_buyers_stop_when_nothing_is_left() -> None:
    amazon = Simulator()
    amazon.let_buyers_buy(400, "na")
    left = {sku: amazon.live("na", sku, US) for sku in ("TEA-EARL-GREY-500", "MUG-BLUE")}
    assert all(live is not None and live.quantity == 0 for live in left.values())
