"""Whatever is sent, the simulator answers in Amazon's shapes and goes on."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_amazon_sync.testing.simulator import Simulator
from tests.examples import examples
from tests.testing.callers import (
    FEEDS,
    LISTINGS_REPORT,
    REPORTS,
    SHOWING_ITEMS,
    US,
    Caller,
    merchant,
    offer,
    replace,
)

DETAIL = (
    "packageReferenceId",
    "carrierCode",
    "carrierName",
    "shippingMethod",
    "trackingNumber",
    "shipDate",
    "orderItems",
)
DATA = "summaries,attributes,issues,offers,fulfillmentAvailability"

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
schedule = st.fixed_dictionaries(
    {"value_with_tax": st.one_of(st.just(9.5), anything)},
    optional={"start_at": st.one_of(st.just("2026-01-01"), anything), "end_at": anything},
)
prices = st.one_of(
    anything, st.lists(st.fixed_dictionaries({"schedule": st.lists(schedule)}), max_size=2)
)
offers = st.fixed_dictionaries(
    {},
    optional={
        "marketplace_id": st.one_of(st.just(US), anything),
        "currency": st.one_of(st.just("USD"), anything),
        "audience": st.one_of(st.sampled_from(["ALL", "B2B"]), anything),
        "our_price": prices,
        "discounted_price": prices,
        "minimum_seller_allowed_price": prices,
    },
)
availabilities = st.fixed_dictionaries(
    {},
    optional={
        "fulfillment_channel_code": st.one_of(st.sampled_from(["DEFAULT", "AMAZON_NA"]), anything),
        "quantity": st.one_of(st.integers(0, 5), anything),
        "lead_time_to_ship_max_days": anything,
        "restock_date": anything,
    },
)
values = {
    "purchasable_offer": st.lists(offers, max_size=2),
    "fulfillment_availability": st.lists(availabilities, max_size=2),
    "item_name": st.lists(st.fixed_dictionaries({"value": anything}), max_size=2),
    "condition_type": st.lists(st.fixed_dictionaries({"value": anything}), max_size=2),
    "merchant_suggested_asin": st.lists(
        st.fixed_dictionaries({"value": st.one_of(st.just("B0SIMNEW10"), anything)}), max_size=2
    ),
}
patches = st.sampled_from(sorted(values)).flatmap(
    lambda name: st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "replace", "merge", "delete"]),
            "path": st.just(f"/attributes/{name}"),
            "value": st.one_of(values[name], values[name], anything),
        }
    )
)


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with Simulator(rate_limits=False) as amazon:
        client = Caller(amazon)
        yield client
        client.close()


def a_minute_later(caller: Caller) -> None:
    caller.amazon.advance(61)
    caller.token = caller.fetch_token().body["access_token"].text


def still_well(caller: Caller, sku: str) -> None:
    """What was accepted becomes live, and can be read."""
    a_minute_later(caller)
    assert caller.get_listing(sku, US, DATA).status in (200, 404)
    assert caller.search_listings(withStatus="BUYABLE", includedData=DATA).status == 200


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(patches, min_size=1, max_size=2))
def test_patches_of_nonsense(caller: Caller, sent: list[dict[str, Any]]) -> None:
    got = caller.patch("MUG-BLUE", *sent)
    assert got.status == 200
    assert got.body["status"] in ("ACCEPTED", "INVALID")
    still_well(caller, "MUG-BLUE")


@settings(max_examples=examples(60), deadline=None)
@given(st.fixed_dictionaries({}, optional=dict(values)), st.sampled_from(["A", "B", "C"]))
def test_puts_of_nonsense(caller: Caller, attributes: dict[str, Any], sku: str) -> None:
    good = {
        "condition_type": [{"value": "new_new"}],
        "merchant_suggested_asin": [{"value": "B0SIMNEW10"}],
        "purchasable_offer": [offer(21.5)],
        "fulfillment_availability": [merchant(4)],
    }
    got = caller.put(sku, {**good, **attributes})
    assert got.status == 200
    assert got.body["status"] in ("ACCEPTED", "INVALID")
    still_well(caller, sku)


@settings(max_examples=examples(60), deadline=None)
@given(anything)
def test_bodies_of_nonsense(caller: Caller, body: Any) -> None:
    path = f"/listings/2021-08-01/items/{caller.seller.seller_id}/MUG-BLUE"
    for method in ("PATCH", "PUT"):
        assert caller.call(method, path, body, marketplaceIds=US).status == 400


@settings(max_examples=examples(60), deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(DETAIL, anything),
    )
)
def test_confirmations_of_nonsense(caller: Caller, changes: dict[str, Any]) -> None:
    amazon = caller.amazon
    amazon.add_listing("na", "PLENTY", marketplace=US, asin="B0SIMTEA01", price=5, quantity=9)
    order_id = amazon.buy("na", US, "PLENTY")
    reference = changes.pop("packageReferenceId", "1")
    assert caller.confirm(order_id, reference, **changes).status in (204, 400)
    a_minute_later(caller)
    assert amazon.order(order_id)["fulfillment"]["fulfillmentStatus"] in ("UNSHIPPED", "SHIPPED")


@settings(max_examples=examples(60), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "marketplaceIds",
                "includedData",
                "maxResultsPerPage",
                "paginationToken",
                "createdAfter",
                "lastUpdatedBefore",
                "fulfillmentStatuses",
            ]
        ),
        st.text(max_size=9),
    )
)
def test_searches_of_nonsense(caller: Caller, query: dict[str, str]) -> None:
    assert caller.call("GET", "/orders/2026-01-01/orders", **query).status in (200, 400, 403)
    a_minute_later(caller)


messages = st.one_of(
    anything,
    st.fixed_dictionaries(
        {"messageId": st.one_of(st.integers(1, 5), anything), "sku": st.just("LAMP-OAK")},
        optional={
            "operationType": st.one_of(
                st.sampled_from(["PATCH", "UPDATE", "PARTIAL_UPDATE", "DELETE"]), anything
            ),
            "productType": st.one_of(st.just("PRODUCT"), anything),
            "requirements": st.one_of(st.just("LISTING_OFFER_ONLY"), anything),
            "patches": st.one_of(st.lists(patches, max_size=2), anything),
            "attributes": st.one_of(st.fixed_dictionaries({}, optional=dict(values)), anything),
        },
    ),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "version": anything,
        "sellerId": anything,
        "issueLocale": anything,
        "report": st.one_of(st.just(SHOWING_ITEMS), anything),
    },
)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(messages, min_size=1, max_size=3), headers)
def test_feeds_of_nonsense(caller: Caller, sent: list[Any], header: dict[str, Any]) -> None:
    feed_id = caller.send_feed(*sent, **header)
    caller.amazon.finish_feeds()
    report = caller.processing_report(feed_id)
    summary = report["summary"]
    assert summary["messagesProcessed"] in (0, len(sent))
    counted = summary["messagesAccepted"].number + summary["messagesInvalid"].number
    assert counted == summary["messagesProcessed"]
    assert summary["errors"] == len(report["issues"])
    still_well(caller, "LAMP-OAK")


@settings(max_examples=examples(40), deadline=None)
@given(st.binary(max_size=40))
def test_documents_of_nonsense(caller: Caller, content: bytes) -> None:
    feed_id = caller.create_feed(caller.upload(content)).body["feedId"].text
    caller.amazon.finish_feeds()
    assert caller.amazon.feed(feed_id).status == "FATAL"


@settings(max_examples=examples(60), deadline=None)
@given(anything)
def test_bodies_of_nonsense_for_feeds_and_reports(caller: Caller, body: Any) -> None:
    for path in (f"{FEEDS}/documents", f"{FEEDS}/feeds", f"{REPORTS}/reports"):
        assert caller.call("POST", path, body).status == 400


@settings(max_examples=examples(60), deadline=None)
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("reportType", "marketplaceIds", "reportOptions"), anything)
    )
)
def test_reports_of_nonsense(caller: Caller, changes: dict[str, Any]) -> None:
    good = {"reportType": LISTINGS_REPORT, "marketplaceIds": [US]}
    assert caller.call("POST", f"{REPORTS}/reports", {**good, **changes}).status in (202, 400, 403)
    caller.amazon.finish_reports()


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from([f"{FEEDS}/feeds", f"{REPORTS}/reports", "/fba/inventory/v1/summaries"]),
    st.dictionaries(
        st.sampled_from(
            [
                "feedTypes",
                "reportTypes",
                "marketplaceIds",
                "processingStatuses",
                "pageSize",
                "createdSince",
                "nextToken",
                "startDateTime",
                "details",
                "granularityId",
                "sellerSkus",
            ]
        ),
        st.one_of(st.text(max_size=9), st.sampled_from([US, "W10=", "WzEsMl0="])),
    ),
)
def test_pages_of_nonsense(caller: Caller, path: str, query: dict[str, str]) -> None:
    assert caller.call("GET", path, **query).status in (200, 400, 403)
    a_minute_later(caller)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from(["GET", "PUT", "POST"]),
    st.dictionaries(
        st.sampled_from(["X-Amz-Date", "X-Amz-Signature", "encoding"]), st.text(max_size=9)
    ),
)
def test_addresses_of_nonsense(caller: Caller, method: str, query: dict[str, str]) -> None:
    document_id, _ = caller.slot()
    got = caller.call(method, f"/-documents/{document_id}", None, **query)
    assert got.status in (403, 405)


def test_not_a_number_is_no_json(caller: Caller) -> None:
    nan = {"fulfillment_channel_code": "DEFAULT", "quantity": 1, "restock_date": float("nan")}
    got = caller.patch("MUG-BLUE", replace("fulfillment_availability", nan))
    assert (got.status, got.error["code"]) == (400, "InvalidInput")


def test_half_a_surrogate_does_not_stop_the_answer(caller: Caller) -> None:
    a_minute_later(caller)
    strange = [{"value": "\ud800", "marketplace_id": US}]
    assert caller.patch("MUG-BLUE", replace("brand", *strange)).status == 200
    assert caller.get_listing("MUG-BLUE", US, "attributes").status == 200
