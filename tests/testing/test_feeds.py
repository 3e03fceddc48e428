"""Feeds: the queue, the messages, the report, and when the values are live."""

import json
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.testing.simulator import LiveListing, Simulator
from tests.testing.callers import (
    CA,
    DE,
    FEEDS,
    SHOWING_ITEMS,
    US,
    Caller,
    merchant,
    message,
    offer,
    replace,
)

TEN = replace("purchasable_offer", offer(10))
THREE = replace("fulfillment_availability", merchant(3))


def live(amazon: Simulator, sku: str, marketplace: str = US) -> LiveListing:
    found = amazon.live("na", sku, marketplace)
    assert found is not None
    return found


def codes(report: Any) -> list[tuple[int | None, str]]:
    return [(found.get("messageId"), found["code"]) for found in report["issues"]]


# -- the queue


def test_a_feed_waits_is_worked_on_and_is_done(amazon: Simulator, caller: Caller) -> None:
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    waiting = caller.get_feed(feed_id)
    assert waiting["processingStatus"] == "IN_QUEUE"
    assert "processingStartTime" not in waiting
    amazon.advance(20)
    assert caller.get_feed(feed_id)["processingStatus"] == "IN_PROGRESS"
    assert live(amazon, "MUG-BLUE").price == Decimal("9.50")
    amazon.advance(45)
    done = caller.get_feed(feed_id)
    assert done["processingStatus"] == "DONE"
    assert (
        done["createdTime"].text < done["processingStartTime"].text < done["processingEndTime"].text
    )
    assert done["resultFeedDocumentId"]


def test_the_feeds_of_a_seller_go_one_behind_the_other(amazon: Simulator, caller: Caller) -> None:
    other = Caller(amazon, "eu")
    first, second = (caller.send_feed(message(1, "MUG-BLUE", TEN)) for _ in range(2))
    third = other.send_feed(
        message(1, "MUG-BLUE", replace("purchasable_offer", offer(10, DE, "EUR"))), marketplace=DE
    )
    amazon.advance(20)
    assert [amazon.feed(feed_id).status for feed_id in (first, second, third)] == [
        "IN_PROGRESS",
        "IN_QUEUE",
        "IN_PROGRESS",
    ]
    amazon.advance(45)
    assert [amazon.feed(feed_id).status for feed_id in (first, second)] == ["DONE", "IN_PROGRESS"]
    amazon.advance(45)
    assert [job.status for job in amazon.feeds()] == ["DONE"] * 3
    assert [job.job_id for job in amazon.feeds("eu")] == [third]
    other.close()


def test_a_long_queue(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_queue=7200)
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.switch(feed_queue=0)
    amazon.advance(7190)
    assert amazon.feed(feed_id).status == "IN_QUEUE"
    amazon.advance(60)
    assert amazon.feed(feed_id).status == "DONE"


def test_only_a_feed_that_waits_can_be_cancelled(amazon: Simulator, caller: Caller) -> None:
    first, second = (caller.send_feed(message(1, "MUG-BLUE", TEN)) for _ in range(2))
    amazon.advance(20)
    assert caller.call("DELETE", f"{FEEDS}/feeds/{first}").status == 400
    got = caller.call("DELETE", f"{FEEDS}/feeds/{second}")
    assert (got.status, got.raw) == (200, b"")
    amazon.advance(1000)
    assert [amazon.feed(feed_id).status for feed_id in (first, second)] == ["DONE", "CANCELLED"]
    assert caller.call("DELETE", f"{FEEDS}/feeds/1").status == 404


def test_a_feed_can_be_stuck_and_hold_up_the_others(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_outcome="stuck")
    first, second = (caller.send_feed(message(1, "MUG-BLUE", TEN)) for _ in range(2))
    amazon.advance(50 * 3600)
    assert [amazon.feed(feed_id).status for feed_id in (first, second)] == [
        "IN_PROGRESS",
        "IN_QUEUE",
    ]
    amazon.finish_feeds()
    assert {job.status for job in amazon.feeds()} == {"DONE"}
    assert live(amazon, "MUG-BLUE").price == Decimal("9.50")
    amazon.advance(61)
    assert live(amazon, "MUG-BLUE").price == Decimal("10")


def test_a_feed_may_be_cancelled_by_amazon(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_outcome="cancelled")
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.advance(1000)
    found = caller.get_feed(feed_id)
    assert found["processingStatus"] == "CANCELLED"
    assert "resultFeedDocumentId" not in found
    assert live(amazon, "MUG-BLUE").price == Decimal("9.50")


def test_a_fatal_feed_has_done_a_part(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_outcome="fatal", feed_report="missing")
    skus = ("MUG-BLUE", "LAMP-OAK", "TEA-EARL-GREY-500", "0042")
    feed_id = caller.send_feed(
        *(message(number, sku, TEN) for number, sku in enumerate(skus, 1)), report=SHOWING_ITEMS
    )
    amazon.advance(61)
    found = caller.get_feed(feed_id)
    assert (found["processingStatus"].text, "resultFeedDocumentId" in found) == ("FATAL", False)
    assert [live(amazon, sku).price == 10 for sku in skus] == [True, True, False, False]


def test_any_state_can_be_set(amazon: Simulator, caller: Caller) -> None:
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.set_job(feed_id, status="HALF_DONE")
    assert caller.get_feed(feed_id)["processingStatus"] == "HALF_DONE"
    with pytest.raises(KeyError, match="is no report"):
        amazon.report(feed_id)


def test_a_feed_that_is_set_to_have_ended_lets_the_next_one_start(
    amazon: Simulator, caller: Caller
) -> None:
    first, second = (caller.send_feed(message(1, "MUG-BLUE", TEN)) for _ in range(2))
    amazon.advance(20)
    amazon.set_job(first, status="DONE")
    amazon.advance(46)
    assert [amazon.feed(feed_id).status for feed_id in (first, second)] == ["DONE", "DONE"]
    assert "resultFeedDocumentId" not in caller.get_feed(first)


# -- what createFeed takes


def test_one_marketplace_one_type_and_a_document(caller: Caller) -> None:
    document_id = caller.upload(b"{}")
    got = caller.create_feed(document_id, US, CA)
    assert (got.status, "Expected a maximum of 1" in got.error["message"]) == (400, True)
    assert caller.create_feed(document_id, DE).status == 403
    assert caller.create_feed("amzn1.tortuga.4.unknown").status == 400
    old = {
        "feedType": "POST_INVENTORY_AVAILABILITY_DATA",
        "marketplaceIds": [US],
        "inputFeedDocumentId": document_id,
    }
    assert caller.call("POST", f"{FEEDS}/feeds", old).status == 400


def test_five_feeds_in_five_minutes() -> None:
    with Simulator() as amazon:
        caller = Caller(amazon)
        document_id = caller.upload(b"{}")
        assert [caller.create_feed(document_id).status for _ in range(7)] == [202] * 5 + [429] * 2
        amazon.advance(299)
        assert caller.create_feed(document_id).status == 429
        amazon.advance(2)
        assert [caller.create_feed(document_id).status for _ in range(6)] == [202] * 5 + [429]
        caller.close()


def test_feeds_are_found_page_by_page(amazon: Simulator, caller: Caller) -> None:
    ids = []
    for _ in range(5):
        ids.append(caller.send_feed(message(1, "MUG-BLUE", TEN)))
        amazon.advance(2)
    path, query = f"{FEEDS}/feeds", {"feedTypes": "JSON_LISTINGS_FEED"}
    first = caller.call("GET", path, **query, pageSize=3, marketplaceIds=US).body
    second = caller.call("GET", path, nextToken=first["nextToken"]).body
    assert [row["feedId"] for row in [*first["feeds"], *second["feeds"]]] == ids[::-1]
    assert "nextToken" not in second
    assert caller.call("GET", path, **query, nextToken=first["nextToken"]).status == 400
    assert caller.call("GET", path).status == 400
    assert caller.call("GET", path, **query, marketplaceIds=CA).body["feeds"] == []
    since = amazon.feed(ids[3]).created
    found = caller.call("GET", path, **query, createdSince=f"{amazon.now():%Y-%m-%dT%H:%M:%SZ}")
    assert found.body["feeds"] == []
    amazon.advance(20)
    found = caller.call("GET", path, **query, processingStatuses="IN_PROGRESS")
    assert [row["feedId"] for row in found.body["feeds"]] == ids[:1]
    assert since < amazon.now().timestamp()


# -- the messages


def test_what_is_good_is_done_and_what_is_not_is_told(amazon: Simulator, caller: Caller) -> None:
    two_faults = (
        replace("purchasable_offer", offer(-1)),
        replace("fulfillment_availability", merchant(-1)),
    )
    feed_id = caller.send_feed(
        message(7, "MUG-BLUE", TEN, THREE),
        message(9, "LAMP-OAK", *two_faults),
        message(11, "nobody has this", TEN),
        report=SHOWING_ITEMS,
    )
    amazon.advance(61)
    report = caller.processing_report(feed_id)
    assert report["header"] == {
        "sellerId": caller.seller.seller_id,
        "version": "2.0",
        "feedId": feed_id,
        "report": SHOWING_ITEMS,
    }
    assert codes(report) == [(9, "90226"), (9, "90228")]
    assert report["issues"][0]["attributeName"] == "purchasable_offer"
    first = report["issues"][0]
    assert (first["sku"].text, first["severity"].text) == ("LAMP-OAK", "ERROR")
    assert report["summary"] == {
        "errors": 2,
        "warnings": 0,
        "messagesProcessed": 3,
        "messagesAccepted": 2,
        "messagesInvalid": 1,
        "itemSummary": {"items": 1, "errors": 0, "warnings": 0},
    }
    got = caller.get_listing("MUG-BLUE", US, "issues,offers,fulfillmentAvailability").body
    assert report["items"] == [got]
    assert live(amazon, "MUG-BLUE").price == Decimal(10)
    assert live(amazon, "MUG-BLUE").quantity == 3
    assert live(amazon, "LAMP-OAK").quantity == 5
    assert amazon.live("na", "nobody has this", US) is None


def test_a_quantity_is_shared_by_feed_as_by_patch(amazon: Simulator, caller: Caller) -> None:
    caller.send_feed(message(1, "MUG-BLUE", THREE), report=SHOWING_ITEMS)
    amazon.advance(61)
    assert live(amazon, "MUG-BLUE", CA).quantity == 3


def test_update_erases_what_it_omits_and_partial_update_does_not(
    amazon: Simulator, caller: Caller
) -> None:
    whole = {
        "purchasable_offer": [offer(12)],
        "fulfillment_availability": [merchant(2)],
        "condition_type": [{"value": "new_new"}],
        "merchant_suggested_asin": [{"value": "B0SIMMUG02"}],
    }
    update = {"operationType": "UPDATE", "requirements": "LISTING_OFFER_ONLY"}
    partial = {"operationType": "PARTIAL_UPDATE", "productType": "PRODUCT"}
    tea = {"purchasable_offer": [offer(12)]}
    caller.send_feed(
        message(1, "MUG-BLUE", **update, productType="PRODUCT", attributes=whole),
        message(2, "TEA-EARL-GREY-500", **partial, attributes=tea),
        message(3, "NEW-SKU", **update, productType="PRODUCT", attributes=whole),
        message(4, "LAMP-OAK", operationType="DELETE"),
        report=SHOWING_ITEMS,
    )
    assert live(amazon, "MUG-BLUE").sale_price is not None
    amazon.advance(61)
    mug, tea_now = live(amazon, "MUG-BLUE"), live(amazon, "TEA-EARL-GREY-500")
    assert mug.price == tea_now.price == Decimal(12)
    assert mug.sale_price is None
    assert (tea_now.quantity, tea_now.lead_time) == (40, 2)
    assert live(amazon, "NEW-SKU").asin == "B0SIMMUG02"
    assert amazon.live("na", "LAMP-OAK", US) is None


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("no object", None),
        ({"sku": "MUG-BLUE", "operationType": "DELETE"}, None),
        (message(0, "MUG-BLUE", TEN), None),
        (message(1, "", TEN), 1),
        (message(1, "MUG-BLUE", TEN, operationType="INSERT"), 1),
        (message(1, "MUG-BLUE", TEN, attributes={"brand": []}), 1),
        (message(1, "MUG-BLUE", TEN, productType=""), 1),
        (message(1, "MUG-BLUE", TEN, productType="LAMP"), 1),
        (message(1, "MUG-BLUE", {"op": "replace", "path": "/attributes/brand/0"}), 1),
        (message(1, "MUG-BLUE", operationType="PATCH", productType="PRODUCT"), 1),
        (message(1, "MUG-BLUE", operationType="DELETE", productType="PRODUCT"), 1),
        (message(1, "MUG-BLUE", operationType="PARTIAL_UPDATE", productType="PRODUCT"), 1),
        (message(1, "X", operationType="UPDATE", productType="P", attributes={"brand": []}), 1),
    ],
)
def test_a_message_of_the_wrong_shape_is_invalid_and_the_next_is_not(
    amazon: Simulator, caller: Caller, sent: Any, number: int | None
) -> None:
    feed_id = caller.send_feed(sent, message(2, "LAMP-OAK", TEN), report=SHOWING_ITEMS)
    amazon.advance(61)
    report = caller.processing_report(feed_id)
    assert {row.get("messageId") for row in report["issues"]} == {number}
    assert report["summary"]["messagesInvalid"] == report["summary"]["messagesAccepted"] == 1
    assert live(amazon, "LAMP-OAK").price == 10


def test_a_message_id_is_given_once(amazon: Simulator, caller: Caller) -> None:
    feed_id = caller.send_feed(message(1, "LAMP-OAK", TEN), message(1, "MUG-BLUE", TEN))
    amazon.finish_feeds()
    assert codes(caller.processing_report(feed_id)) == [(1, "4000001")]


@pytest.mark.parametrize(
    ("header", "code"), [({"version": "1.0"}, "4002006"), ({"sellerId": "ANOTHER"}, "4000003")]
)
def test_a_wrong_header_refuses_all(
    amazon: Simulator, caller: Caller, header: dict[str, str], code: str
) -> None:
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN), **header)
    amazon.advance(61)
    report = caller.processing_report(feed_id)
    assert codes(report) == [(None, code)]
    assert report["summary"]["messagesProcessed"] == 0
    amazon.advance(61)
    assert live(amazon, "MUG-BLUE").price == Decimal("9.50")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"header": {',
        b'{"header": {}, "messages": []}',
        b"\xff\xfe",
        json.dumps({"header": {"version": "2.0"}, "messages": [1] * 25_001}).encode(),
        b" " * (10 * 2**20) + b"{}",
    ],
)
def test_what_is_no_feed_is_fatal(amazon: Simulator, caller: Caller, content: bytes) -> None:
    feed_id = caller.create_feed(caller.upload(content)).body["feedId"].text
    amazon.advance(61)
    assert caller.get_feed(feed_id)["processingStatus"] == "FATAL"
    assert len(caller.processing_report(feed_id)["issues"]) == 1


def test_a_feed_without_upload_is_fatal(amazon: Simulator, caller: Caller) -> None:
    document_id, _ = caller.slot()
    feed_id = caller.create_feed(document_id).body["feedId"].text
    amazon.advance(61)
    assert amazon.feed(feed_id).status == "FATAL"


# -- when it is live


def test_without_items_done_comes_before_the_values_are_live(
    amazon: Simulator, caller: Caller
) -> None:
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.advance(61)
    assert "items" not in caller.processing_report(feed_id)
    assert live(amazon, "MUG-BLUE").price == Decimal("9.50")
    assert amazon.attributes("na", "MUG-BLUE", US)["purchasable_offer"][0]["our_price"]
    amazon.advance(60)
    assert live(amazon, "MUG-BLUE").price == 10


def test_a_late_feed_undoes_a_younger_patch(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_applies_late=3 * 3600)
    feed_id = caller.send_feed(message(1, "MUG-BLUE", THREE), report=SHOWING_ITEMS)
    amazon.advance(61)
    shown = caller.processing_report(feed_id)["items"][0]["fulfillmentAvailability"]
    assert shown == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 12}]
    caller.patch("MUG-BLUE", replace("fulfillment_availability", merchant(1)))
    amazon.advance(61)
    assert live(amazon, "MUG-BLUE").quantity == 1
    amazon.advance(3 * 3600)
    assert live(amazon, "MUG-BLUE").quantity == 3


def test_changes_may_be_ignored(amazon: Simulator, caller: Caller) -> None:
    amazon.ignore_changes("na", "MUG-BLUE", US, reason="The image is not clear.")
    feed_id = caller.send_feed(
        message(1, "MUG-BLUE", TEN), message(2, "LAMP-OAK", TEN), report=SHOWING_ITEMS
    )
    amazon.advance(61)
    report = caller.processing_report(feed_id)
    assert report["issues"] == []
    assert report["summary"]["itemSummary"] == {"items": 2, "errors": 1, "warnings": 0}
    assert report["items"][0]["issues"][0]["message"] == "The image is not clear."
    assert report["items"][0]["offers"][0]["price"]["amount"] == "9.50"
    assert report["items"][1]["offers"][0]["price"]["amount"] == "10.00"
    amazon.switch(never_live=1.0)
    caller.send_feed(message(1, "LAMP-OAK", replace("purchasable_offer", offer(11))))
    amazon.advance(200)
    assert live(amazon, "LAMP-OAK").price == 10


# -- what may be wrong with the report


def test_a_report_may_be_missing(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_report="missing")
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.finish_feeds()
    found = caller.get_feed(feed_id)
    assert (found["processingStatus"].text, "resultFeedDocumentId" in found) == ("DONE", False)


def test_a_report_may_be_half_of_one(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_report="truncated")
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.finish_feeds()
    with pytest.raises(EOFError):
        caller.processing_report(feed_id)


def test_a_report_may_be_somebody_elses(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_report="foreign")
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.finish_feeds()
    header = caller.processing_report(feed_id)["header"]
    assert header["sellerId"] != caller.seller.seller_id
    assert header["feedId"] != feed_id


def test_a_report_may_tell_of_messages_that_nobody_sent(amazon: Simulator, caller: Caller) -> None:
    amazon.switch(feed_report="unsent")
    feed_id = caller.send_feed(message(1, "MUG-BLUE", TEN))
    amazon.finish_feeds()
    assert {number for number, _ in codes(caller.processing_report(feed_id))} == {25002, 25003}
