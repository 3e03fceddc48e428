"""Feeds go out, and their reports come back, as Amazon's JSON Schemas of them want.

In the twin tests the judge finds fault with a feed and a report that are not.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from django_amazon_sync.testing.simulator import Simulator
from tests.contract.amazon_models import contract_folder
from tests.testing.callers import (
    SHOWING_ITEMS,
    Caller,
    merchant,
    message,
    offer,
    replace,
)

MESSAGES = (
    message(1, "MUG-BLUE", replace("fulfillment_availability", merchant(3))),
    message(2, "LAMP-OAK", replace("purchasable_offer", offer(-1))),
    message(3, "0042", operationType="DELETE"),
    message(
        4,
        "TEA-EARL-GREY-500",
        operationType="PARTIAL_UPDATE",
        productType="PRODUCT",
        attributes={"purchasable_offer": [offer(11)]},
    ),
    message(5, "X", operationType="UPDATE", productType="PRODUCT", attributes={"brand": []}),
)


def judge(name: str) -> Draft7Validator:
    file = contract_folder() / "schemas" / "feeds" / f"{name}-schema-v2.json"
    return Draft7Validator(json.loads(file.read_text("utf-8")))


def faults(name: str, document: Mapping[str, object]) -> list[str]:
    return [f"{fault.json_path}: {fault.message}" for fault in judge(name).iter_errors(document)]


@pytest.fixture
def caller() -> Iterator[Caller]:
    with Simulator(rate_limits=False) as amazon:
        client = Caller(amazon)
        yield client
        client.close()


def test_what_the_tests_send_is_a_feed(caller: Caller) -> None:
    header = {"sellerId": "A", "version": "2.0", "issueLocale": "en_US", "report": SHOWING_ITEMS}
    good = {"header": header, "messages": list(MESSAGES)}
    assert faults("listings-feed", good) == []
    assert faults("listings-feed", {**good, "messages": []})
    assert faults("listings-feed", {**good, "header": {**header, "version": "1.0"}})


@pytest.mark.parametrize("header", [{}, {"report": SHOWING_ITEMS}, {"version": "1.0"}])
@pytest.mark.parametrize("feed_report", ["there", "foreign", "unsent"])
@pytest.mark.parametrize("outcome", ["done", "fatal"])
def test_every_processing_report_is_one(
    caller: Caller, header: dict[str, Any], feed_report: Any, outcome: Any
) -> None:
    caller.amazon.switch(feed_report=feed_report, feed_outcome=outcome)
    feed_id = caller.send_feed(*MESSAGES, **header)
    broken = caller.create_feed(caller.upload(b"[")).body["feedId"].text
    caller.amazon.finish_feeds()
    for sent in (feed_id, broken):
        assert (
            faults("listings-feed-processing-report", caller.processing_report(sent).fields) == []
        )


def test_the_judge_is_not_blind(caller: Caller) -> None:
    feed_id = caller.send_feed(*MESSAGES)
    caller.amazon.finish_feeds()
    report = caller.processing_report(feed_id).fields
    name = "listings-feed-processing-report"
    assert faults(name, {**report, "summary": {}})
    assert faults(name, {**report, "issues": [{"messageId": 0, "severity": "BAD", "message": ""}]})
    del report["header"]
    assert faults(name, report)
