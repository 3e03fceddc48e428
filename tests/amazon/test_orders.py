"""Orders as Amazon writes them, and as it should not."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_amazon_sync.amazon.client import Client
from django_amazon_sync.amazon.orders import get_order, read_order, search_orders
from django_amazon_sync.data import Address, Buyer, Money, OrderData, OrderPackage, UnreadableOrder
from django_amazon_sync.errors import NotFound, Unavailable, Unreadable
from tests.amazon.odd import ODD, places

from .conftest import Reply, ScriptedServer

Raw = dict[str, Any]
SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def usd(amount: str) -> Raw:
    return {"amount": amount, "currencyCode": "USD"}


def an_order(**changed: Any) -> Raw:
    """A whole order, in the shape of orders_2026-01-01.json."""
    return {
        "orderId": "111-1234567-1234567",
        "createdTime": "2026-11-20T10:30:00Z",
        "lastUpdatedTime": "2026-11-20T14:45:00.250Z",
        "programs": ["PRIME", "AMAZON_BUSINESS"],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "buyer": {
            "buyerName": "Ada Example",
            "buyerEmail": "relay@example.com",
            "buyerCompanyName": "Example Ltd",
            "buyerPurchaseOrderNumber": "PO-1",
        },
        "recipient": {
            "deliveryAddress": {
                "name": "Ada Example",
                "companyName": "Example Ltd",
                "addressLine1": "1 Example Street",
                "addressLine2": "Suite 2",
                "addressLine3": "",
                "city": "Seattle",
                "districtOrCounty": "King County",
                "stateOrRegion": "WA",
                "postalCode": "98101",
                "countryCode": "US",
                "phone": "555-0100",
            }
        },
        "proceeds": {
            "grandTotal": usd("27.00"),
            "breakdowns": [{"type": "DELIVERY_TIP", "subtotal": usd("3.00")}],
        },
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": {"latestDateTime": "2026-11-22T23:59:59Z"},
            "deliverByWindow": {"latestDateTime": "1995-01-01T00:00:00Z"},
        },
        "payment": {
            "paymentExecutions": [{"paymentMethod": "Invoice"}, {"paymentMethod": "Invoice"}]
        },
        "orderItems": [
            {
                "orderItemId": "11",
                "quantityOrdered": 2,
                "product": {
                    "asin": "B000000001",
                    "title": "A thing",
                    "sellerSku": " a/b c%2F+#,ü",
                    "price": {"unitPrice": usd("10.00")},
                },
                "proceeds": {
                    "breakdowns": [
                        {"type": "ITEM", "subtotal": usd("20.00")},
                        {
                            "type": "TAX",
                            "subtotal": usd("4.00"),
                            "detailedBreakdowns": [{"subtype": "ITEM", "value": usd("4.00")}],
                        },
                    ]
                },
                "fulfillment": {
                    "quantityFulfilled": 1,
                    "packing": {"giftOption": {"giftMessage": "Happy holidays"}},
                },
                "tax": {
                    "taxCollections": [
                        {
                            "model": "MARKETPLACE_FACILITATOR",
                            "responsibleParty": "Amazon Services, Inc.",
                        }
                    ]
                },
            }
        ],
        "packages": [
            {
                "packageReferenceId": "1",
                "packageStatus": {"status": "SHIPPED"},
                "carrier": "UPS",
                "trackingNumber": "1Z999",
                "packageItems": [{"orderItemId": "11", "quantity": 1}],
            }
        ],
    } | changed


def changed_item(**changed: Any) -> Raw:
    return an_order(orderItems=[an_order()["orderItems"][0] | changed])


def test_a_whole_order() -> None:
    order = read_order(an_order())
    assert order.number == "111-1234567-1234567"
    assert (order.marketplace, order.channel) == ("ATVPDKIKX0DER", "AMAZON")
    assert (order.status, order.fulfilled_by) == ("UNSHIPPED", "MERCHANT")
    assert order.created == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    assert order.updated == datetime(2026, 11, 20, 14, 45, 0, 250_000, tzinfo=UTC)
    assert order.ship_by == datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    assert order.deliver_by == datetime(1995, 1, 1, tzinfo=UTC)
    assert order.buyer == Buyer("Ada Example", "relay@example.com", "Example Ltd", "PO-1")
    assert order.delivery == Address(
        name="Ada Example",
        company="Example Ltd",
        line1="1 Example Street",
        line2="Suite 2",
        city="Seattle",
        district="King County",
        state="WA",
        postcode="98101",
        country="US",
        phone="555-0100",
    )
    assert order.service_level == "STANDARD"
    assert order.programs == ("PRIME", "AMAZON_BUSINESS")
    assert order.payment_methods == ("Invoice",)
    assert order.packages == (OrderPackage("1", "SHIPPED", "UPS", "1Z999", (("11", 1),)),)
    assert not order.cancellation_requested
    (line,) = order.lines
    assert (line.item_id, line.asin, line.title) == ("11", "B000000001", "A thing")
    assert line.sku == " a/b c%2F+#,ü"  # opaque: not even its blanks are ours to mend
    assert (line.quantity, line.shipped) == (2, 1)
    assert line.unit_price == Money(Decimal("10.00"), "USD")
    assert line.gift_message == "Happy holidays"
    assert line.tax_collected_by == "Amazon Services, Inc."
    assert order.amounts is not None
    assert order.amounts.extra == 3
    assert order.amounts.difference == 0


def test_the_barest_order_that_can_be_read() -> None:
    order = read_order(
        {
            "orderId": "1",
            "createdTime": "2026-11-20T10:30:00+01:00",
            "lastUpdatedTime": "2026-11-20T10:30:00",
            "orderItems": [{"orderItemId": "11", "quantityOrdered": 0}],
        }
    )
    assert order.created == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (order.status, order.fulfilled_by, order.channel) == ("", "", "")
    assert (order.amounts, order.delivery, order.ship_by) == (None, None, None)
    assert order.buyer == Buyer()
    assert order.lines[0].quantity == 0


@pytest.mark.parametrize("name", ["orderId", "createdTime", "lastUpdatedTime", "orderItems"])
@pytest.mark.parametrize("value", [None, "", 0, {}, "0001-01-01T00:00:00+14:00"])
def test_an_order_lacks_what_it_cannot_be_without(name: str, value: Any) -> None:
    if name == "orderItems" and value is None:
        value = [None]
    if name == "orderId" and isinstance(value, str) and value:
        value = []
    elif name == "orderId" and value == 0:
        value = True
    with pytest.raises(Unreadable):
        read_order(an_order(**{name: value}))


@pytest.mark.parametrize(
    "odd",
    [
        {"orderItemId": None},
        {"quantityOrdered": None},
        {"quantityOrdered": -1},
        {"quantityOrdered": 10**12},
        {"quantityOrdered": "many"},
        {"quantityOrdered": 1.5},
        {"proceeds": {"proceedsTotal": {"amount": "ten", "currencyCode": "USD"}}},
        {"proceeds": {"proceedsTotal": {"amount": "10", "currencyCode": "EUR"}}},
    ],
)
def test_a_line_that_cannot_be_read_makes_the_order_unreadable(odd: Raw) -> None:
    with pytest.raises(Unreadable):
        read_order(changed_item(**odd))


@pytest.mark.parametrize("items", [None, []])
def test_an_order_may_come_without_its_lines(items: Any) -> None:
    assert read_order(an_order(orderItems=items)).lines == ()


@pytest.mark.parametrize("items", [None, [], {}, [{"orderItemId": "1"}], "odd"])
def test_a_cancelled_order_needs_nothing_but_its_id_and_times(items: Any) -> None:
    cancelled = an_order(
        fulfillment={"fulfillmentStatus": "CANCELLED"}, orderItems=items, proceeds="odd"
    )
    order = read_order(cancelled)
    assert (order.status, order.lines, order.amounts) == ("CANCELLED", (), None)


@pytest.mark.parametrize(
    "odd",
    [
        {"orderItemId": "1" * 51},
        {"product": {"sellerSku": "S" * 256}},
        {"quantityOrdered": "1_0"},
        {"quantityOrdered": "1E+1000000"},
        {"quantityOrdered": "\u0661"},
        {"quantityOrdered": 10**400},
        {"proceeds": {"proceedsTotal": {"amount": "1E+1000000", "currencyCode": "USD"}}},
        {"proceeds": {"proceedsTotal": {"amount": "1_000", "currencyCode": "USD"}}},
        {"proceeds": {"proceedsTotal": {"amount": "", "currencyCode": "USD"}}},
        {"proceeds": {"proceedsTotal": {"amount": "N/A", "currencyCode": "USD"}}},
        {"proceeds": {"proceedsTotal": {"amount": "10000000000", "currencyCode": "USD"}}},
    ],
)
def test_what_no_column_and_no_number_holds_is_unreadable(odd: Raw) -> None:
    with pytest.raises(Unreadable):
        read_order(changed_item(**odd))


def test_longer_words_than_amazons_are_cut_and_cost_nothing() -> None:
    order = read_order(
        an_order(
            fulfillment={"fulfillmentStatus": "S" * 99, "fulfilledBy": "F" * 99},
            salesChannel={"channelName": "C" * 99, "marketplaceId": "M" * 99},
        )
    )
    lengths = (order.status, order.fulfilled_by, order.channel, order.marketplace)
    assert [len(word) for word in lengths] == [40, 20, 50, 20]


@pytest.mark.parametrize("year", ["0001", "1989", "2200", "9999"])
def test_a_time_outside_of_all_reason_is_none(year: str) -> None:
    window = {"latestDateTime": f"{year}-06-01T00:00:00Z"}
    fulfillment = {"fulfillmentStatus": "UNSHIPPED", "shipByWindow": window}
    assert read_order(an_order(fulfillment=fulfillment)).ship_by is None
    with pytest.raises(Unreadable):
        read_order(an_order(createdTime=window["latestDateTime"]))


def test_a_replacement_without_any_price_costs_nothing() -> None:
    original = {"orderId": "1-1", "associationType": "REPLACEMENT_ORIGINAL_ID"}
    item = {"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": "A"}}
    order = read_order(an_order(associatedOrders=[original], proceeds={}, orderItems=[item]))
    assert order.amounts is not None
    assert (order.replaces, order.amounts.currency) == ("1-1", "USD")
    assert order.amounts.grand_total == 0
    priced = an_order(associatedOrders=[original], proceeds={})
    assert read_order(priced).amounts is None  # its lines have prices, so the total is missing
    assert read_order(an_order(proceeds={}, orderItems=[item])).amounts is None


def test_what_the_packer_must_know() -> None:
    item = an_order()["orderItems"][0]
    item["product"]["customization"] = {"customizedUrl": "https://x.invalid/1", "text": "To Bo"}
    item["product"]["condition"] = {"conditionNote": "with box"}
    item["programs"] = ["TRANSPARENCY"]
    item["fulfillment"] = {
        "packing": {
            "giftOption": {"giftWrapLevel": "Classic"},
            "serialNumberRequirement": {"requirementType": "REQUIRED"},
        },
        "shipping": {
            "internationalShipping": {"iossNumber": "IM1"},
            "shippingConstraints": {
                "signatureConfirmation": "MANDATORY",
                "recipientAgeVerification": "MANDATORY",
                "palletDelivery": None,
            },
        },
    }
    item["tax"]["taxCalculationBreakdowns"] = [{"reportingScheme": "IOSS"}]
    wishes = {
        "dropOffLocation": "PORCH",
        "addressInstruction": "Ring twice",
        "deliveryCapabilities": ["HAS_ACCESS_POINT"],
    }
    registered = {
        "entityType": "MERCHANT",
        "taxRegistrationType": "VAT",
        "taxRegistrationNumber": "GB1",
    }
    order = read_order(
        an_order(
            orderItems=[item],
            recipient={"deliveryPreference": wishes},
            tax={"taxRegistrations": [registered, {"entityType": "BUYER"}]},
        )
    )
    (line,) = order.lines
    assert (line.personalisation_url, line.personalisation) == ("https://x.invalid/1", "To Bo")
    assert (line.gift_wrap, line.condition_note) == ("Classic", "with box")
    assert line.delivery_needs == ("recipientAgeVerification", "signatureConfirmation")
    assert (line.ioss_number, line.tax_scheme) == ("IM1", "IOSS")
    assert (line.serial_numbers, line.programs) == (True, ("TRANSPARENCY",))
    assert (order.delivery_place, order.delivery_instructions) == ("PORCH", "Ring twice")
    assert order.delivery_capabilities == ("HAS_ACCESS_POINT",)
    assert [(one.holder, one.kind, one.number) for one in order.tax_registrations] == [
        ("MERCHANT", "VAT", "GB1")
    ]
    assert order.is_business
    assert order.tax_collected_by == "Amazon Services, Inc."
    for secret in ("x.invalid", "To Bo", "Ring twice", "GB1"):
        assert secret not in repr(order)


@pytest.mark.parametrize(
    ("items", "quantities", "whole"),
    [
        ([{"orderItemId": "1", "quantityOrdered": 3}], [3], True),
        ([{"orderItemId": "1", "quantityOrdered": 3}, {"orderItemId": "2"}], [3], False),
        ([{"orderItemId": "1", "quantityOrdered": 3}, None], [3], False),
        ([{"orderItemId": "1"}], [], False),
        ({}, [], False),
    ],
)
def test_the_readable_lines_of_an_unreadable_order_are_known(
    server: ScriptedServer, client: Client, items: Any, quantities: list[int], whole: bool
) -> None:
    broken = an_order(orderItems=items, proceeds={"grandTotal": {"amount": "ten"}})
    server.answers(Reply.of(200, {"order": broken}))
    read, _raw = get_order(client, broken["orderId"])
    assert isinstance(read, UnreadableOrder)
    assert [line.quantity for line in read.lines] == quantities
    assert read.all_lines is whole
    assert (read.status, read.fulfilled_by) == ("UNSHIPPED", "MERCHANT")


def test_a_document_is_kept_without_what_no_database_takes(
    server: ScriptedServer, client: Client
) -> None:
    odd = an_order(orderItems={}, note="a\x00b\ud83d", **{"k\udc00": ["\ud800"]})
    server.answers(Reply.of(200, {"order": odd}))
    _read, raw = get_order(client, odd["orderId"])
    assert (raw["note"], raw["k"]) == ("ab", [""])
    json.dumps(raw, ensure_ascii=False).encode()


def test_two_lines_of_one_id_are_unreadable() -> None:
    twice = an_order()["orderItems"] * 2
    with pytest.raises(Unreadable, match="id of its own"):
        read_order(an_order(orderItems=twice))


@pytest.mark.parametrize(("written", "quantity"), [("2", 2), (2.0, 2), (0, 0)])
def test_quantities_in_other_clothes(written: Any, quantity: int) -> None:
    assert read_order(changed_item(quantityOrdered=written)).lines[0].quantity == quantity


def test_a_cancellation_that_was_asked_for_waits_until_it_is_carried_out() -> None:
    asked = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "changed mind"}}
    done = asked | {"cancellationExecution": {"cancelledBy": "MERCHANT"}}
    assert read_order(changed_item(cancellation=asked)).cancellation_requested
    assert not read_order(changed_item(cancellation=done)).cancellation_requested


def test_brazils_extended_fields_fill_empty_lines() -> None:
    address = {
        "addressLine1": "",
        "municipality": "São Paulo",
        "extendedFields": {
            "streetName": "Rua das Flores",
            "streetNumber": "123",
            "complement": "Apartamento 45",
            "neighborhood": "Vila Madalena",
        },
    }
    order = read_order(an_order(recipient={"deliveryAddress": address}))
    assert order.delivery == Address(
        line1="Rua das Flores, 123",
        line2="Apartamento 45",
        city="São Paulo",
        district="Vila Madalena",
    )


def test_what_no_database_can_store_is_left_out_of_texts() -> None:
    order = read_order(an_order(buyer={"buyerName": "A\x00d\ud800a \U0001f600"}))
    assert order.buyer.name == "Ada \U0001f600"


def test_personal_data_does_not_show_in_a_repr() -> None:
    shown = repr(read_order(an_order())) + repr(UnreadableOrder("1", "x", None, an_order()))
    for secret in ("Ada", "555-0100", "98101", "Example Street", "holidays", "relay@"):
        assert secret not in shown


# --- Anything may be missing, null or odd ---------------------------------------------------


PLACES = sorted(places(an_order()), key=str)


@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4))
def test_any_damage_leaves_an_order_or_says_that_it_is_unreadable(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    document = copy.deepcopy(an_order())
    for path, value in changes:
        parent: Any = document
        for key in path[:-1]:
            parent = parent[key] if _has(parent, key) else None
        if _has(parent, path[-1]):
            parent[path[-1]] = value
    order = read_or_reason(document)
    if isinstance(order, str):
        assert order.endswith(".")
    elif order.amounts:
        summed = sum((line.amounts.gross for line in order.lines), Decimal(0))
        total = summed + order.amounts.extra + order.amounts.difference
        assert total == order.amounts.grand_total


def read_or_reason(document: Raw) -> OrderData | str:
    """The order, or Unreadable's own words; any other error is a failure."""
    try:
        return read_order(document)
    except Unreadable as reason:
        return str(reason)


def _has(parent: Any, key: Any) -> bool:
    if isinstance(parent, list):
        return isinstance(key, int) and key < len(parent)
    return isinstance(parent, dict) and key in parent


@given(added=st.dictionaries(st.text(min_size=1, max_size=6), ODD, max_size=4))
def test_fields_that_we_do_not_know_change_nothing(added: Raw) -> None:
    assert read_order({**added, **an_order()}) == read_order(an_order())


# --- Over the wire ----------------------------------------------------------------------------


def test_a_page_survives_an_order_that_cannot_be_read(
    server: ScriptedServer, client: Client
) -> None:
    broken = an_order(orderId="111-0000000-0000000", orderItems={})
    unknown = an_order(fulfillment={"fulfillmentStatus": "TELEPORTED", "new": [1]})
    page = {
        "orders": [broken, None, unknown],
        "pagination": {"nextToken": "next=="},
        "lastUpdatedBefore": "2026-11-20T15:00:00Z",
    }
    server.answers(Reply.of(200, page))
    read = search_orders(client, marketplaces=["ATVPDKIKX0DER"], updated_after=SINCE)
    (first, raw), (second, _), (third, _) = read.orders
    assert isinstance(first, UnreadableOrder)
    assert (first.number, raw) == ("111-0000000-0000000", broken)
    assert first.updated == datetime(2026, 11, 20, 14, 45, 0, 250_000, tzinfo=UTC)
    assert "lacks its lines" in first.reason
    assert isinstance(second, UnreadableOrder)
    assert isinstance(third, OrderData)
    assert third.status == "TELEPORTED"
    assert read.next_token == "next=="
    assert read.complete_until == datetime(2026, 11, 20, 15, tzinfo=UTC)


def test_a_token_goes_back_unchanged_with_the_same_parameters(
    server: ScriptedServer, client: Client
) -> None:
    server.answers(Reply.of(200, {"orders": []}))
    asked: Raw = {"marketplaces": ["A", "B"], "updated_after": SINCE, "updated_before": SINCE}
    search_orders(client, **asked)
    search_orders(client, **asked, page_token="a+b/c==")
    first, second = (seen.path for seen in server.seen)
    assert second == first + "&paginationToken=a%2Bb%2Fc%3D%3D"
    assert "marketplaceIds=A%2CB" in first
    assert "lastUpdatedAfter=2026-11-01T00%3A00%3A00Z" in first
    assert "PACKAGES%2CTAX%2CPAYMENT" in first


@pytest.mark.parametrize("given_times", [{}, {"updated_after": SINCE, "created_after": SINCE}])
def test_a_search_is_by_one_kind_of_time(client: Client, given_times: Raw) -> None:
    with pytest.raises(ValueError, match="either"):
        search_orders(client, marketplaces=["A"], **given_times)


@pytest.mark.parametrize("body", [{}, {"orders": None}, {"orders": {}}, {"errors": []}])
def test_an_answer_without_orders_never_means_that_there_are_none(
    server: ScriptedServer, client: Client, body: Raw
) -> None:
    server.answers(Reply.of(200, body))
    with pytest.raises(Unavailable, match="without orders"):
        search_orders(client, marketplaces=["A"], created_after=SINCE)


def test_one_order(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {"order": an_order()}))
    order, raw = get_order(client, "111-1234567-1234567")
    assert isinstance(order, OrderData)
    assert json.dumps(raw) == json.dumps(an_order())
    assert server.seen[0].path.startswith("/orders/2026-01-01/orders/111-1234567-1234567?included")
    with pytest.raises(Unavailable, match="without order 2"):
        get_order(client, "2")


def test_an_order_that_amazon_does_not_have(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(404, {"errors": [{"code": "NotFound", "message": "No such order."}]}))
    with pytest.raises(NotFound, match="No such order"):
        get_order(client, "1")
