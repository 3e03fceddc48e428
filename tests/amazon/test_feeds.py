"""Feeds hold what was added and never too much; their reports are read as they are."""

import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from django_amazon_sync.amazon import feeds
from django_amazon_sync.amazon.client import Client
from django_amazon_sync.data import (
    FeedFacts,
    Issue,
    Json,
    JsonObject,
    Money,
    Patch,
    ProcessingReport,
    SkuFacts,
)
from django_amazon_sync.errors import Rejected, Unavailable, Unreadable
from tests.contract.amazon_models import contract_folder
from tests.node import Node
from tests.patches import name_patch, price_patch, quantity_patch

from .conftest import Reply, ScriptedServer
from .odd import ODD, places

US = "ATVPDKIKX0DER"
PATCHES = [price_patch(US, Money(Decimal("12.90"), "USD")), quantity_patch(3, 2, "2026-12-01")]


def schema(name: str) -> Draft7Validator:
    folder = contract_folder() / "schemas" / "feeds"
    return Draft7Validator(json.loads((folder / f"{name}.json").read_text("utf-8")))


def written(*messages: tuple[str, str, list[Patch]]) -> bytes:
    file = io.BytesIO()
    feed = feeds.FeedFile(file, "A1SELLER")
    for number, message in enumerate(messages, 1):
        assert feed.add(*message) == number
    feed.close()
    assert feed.digest == hashlib.sha256(file.getvalue()).hexdigest()
    assert feed.messages == len(messages)
    return file.getvalue()


# --- The file that goes out --------------------------------------------------------------------


def test_a_feed_is_as_amazon_describes_it() -> None:
    document = Node.read(written(("A", "PRODUCT", PATCHES), ("Ü/ 1", "LUGGAGE", PATCHES[:1])))
    assert document["header"] == {
        "sellerId": "A1SELLER",
        "version": "2.0",
        "issueLocale": "en_US",
        "report": {
            "includedData": ["summaries", "issues", "offers", "fulfillmentAvailability"],
            "apiVersion": "2021-08-01",
        },
    }
    assert document["messages"] == [
        {
            "messageId": 1,
            "sku": "A",
            "operationType": "PATCH",
            "productType": "PRODUCT",
            "patches": PATCHES,
        },
        {
            "messageId": 2,
            "sku": "Ü/ 1",
            "operationType": "PATCH",
            "productType": "LUGGAGE",
            "patches": PATCHES[:1],
        },
    ]
    schema("listings-feed-schema-v2").validate(document.value)


def test_the_schema_finds_fault() -> None:
    """The twin of the test above: what is no feed does not pass."""
    document = json.loads(written(("A", "PRODUCT", [])))
    assert not schema("listings-feed-schema-v2").is_valid(document)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
patches = st.one_of(
    st.builds(
        lambda cents, currency: price_patch(US, Money(Decimal(cents) / 100, currency)),
        st.integers(0, 10**11),
        st.sampled_from(["USD", "JPY", "KWD"]),
    ),
    st.builds(quantity_patch, st.integers(0, 2**31 - 1), st.none() | st.integers(0, 30), texts),
    st.builds(name_patch, st.just(US), st.just("de_DE"), texts),
)
messages = st.lists(
    st.tuples(texts.filter(bool), st.just("PRODUCT"), st.lists(patches, min_size=1, max_size=3)),
    min_size=1,
    max_size=5,
)


@given(added=messages)
@settings(deadline=None)
def test_whatever_is_added_is_read_again_and_fits_the_schema(
    added: list[tuple[str, str, list[Patch]]],
) -> None:
    document = Node.read(written(*added))
    read = [
        (message["sku"].text, message["productType"].text, message["patches"].value)
        for message in document["messages"]
    ]
    assert read == added
    numbers = [message["messageId"].number for message in document["messages"]]
    assert numbers == [*range(1, len(added) + 1)]
    schema("listings-feed-schema-v2").validate(document.value)


def test_a_feed_has_at_most_25_000_messages() -> None:
    file = io.BytesIO()
    feed = feeds.FeedFile(file, "A1SELLER")
    for number in range(1, 25_001):
        assert feed.add(f"S{number}", "PRODUCT", PATCHES[1:]) == number
    assert feed.add("one more", "PRODUCT", PATCHES[1:]) is None
    feed.close()
    document = Node.read(file.getvalue())
    assert len(document["messages"]) == feed.messages == 25_000
    assert b"one more" not in file.getvalue()


@given(most=st.integers(600, 3000), added=messages)
@settings(deadline=None)
def test_a_feed_is_as_full_as_it_may_be_and_not_a_byte_more(
    most: int, added: list[tuple[str, str, list[Patch]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "MOST_BYTES", most)
        file = io.BytesIO()
        feed = feeds.FeedFile(file, "A1SELLER")
        feed.add("FIRST", "PRODUCT", PATCHES[1:])
        taken = []
        for message in added:
            if feed.add(*message) is None:
                break
            taken.append(message)
        feed.close()
    assert len(file.getvalue()) <= most
    assert len(Node.read(file.getvalue())["messages"]) == len(taken) + 1
    if len(taken) < len(added):
        more = written(("FIRST", "PRODUCT", PATCHES[1:]), *added[: len(taken) + 1])
        assert len(more) > most


def test_what_no_feed_can_hold_is_refused_and_not_put_off_for_ever() -> None:
    feed = feeds.FeedFile(io.BytesIO(), "A1SELLER")
    with pytest.raises(Rejected, match="'S1'"):
        feed.add("S1", "PRODUCT", [name_patch(US, "en_US", "x" * feeds.MOST_BYTES)])
    assert feed.add("S2", "PRODUCT", PATCHES) == 1


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_hold_spoils_nothing(odd: Any) -> None:
    file = io.BytesIO()
    feed = feeds.FeedFile(file, "A1SELLER")
    with pytest.raises(ValueError):
        feed.add("S1", "PRODUCT", [{"op": "replace", "path": "/x", "value": [{"v": odd}]}])
    feed.add("S2", "PRODUCT", PATCHES)
    feed.close()
    assert [message["sku"] for message in Node.read(file.getvalue())["messages"]] == ["S2"]


# --- Operations --------------------------------------------------------------------------------


def test_a_place_for_a_feed(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(201, {"feedDocumentId": "doc-1", "url": "https://x/?sig=1"}))
    slot = feeds.create_feed_document(client)
    assert (slot.document_id, slot.url) == ("doc-1", "https://x/?sig=1")
    assert "sig" not in repr(slot)
    assert json.loads(server.seen[0].body) == {"contentType": "application/json; charset=UTF-8"}


def test_a_feed_is_created_for_one_marketplace(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(202, {"feedId": "77"}))
    assert feeds.create_feed(client, US, "doc-1") == "77"
    assert json.loads(server.seen[0].body) == {
        "feedType": "JSON_LISTINGS_FEED",
        "marketplaceIds": [US],
        "inputFeedDocumentId": "doc-1",
    }


def a_feed(feed_id: str = "77", **more: Json) -> JsonObject:
    return {
        "feedId": feed_id,
        "feedType": "JSON_LISTINGS_FEED",
        "createdTime": "2026-11-24T01:00:00Z",
        "processingStatus": "IN_QUEUE",
        **more,
    }


CREATED = datetime(2026, 11, 24, 1, tzinfo=UTC)


def test_how_far_a_feed_is(server: ScriptedServer, client: Client) -> None:
    done = a_feed(processingStatus="DONE", processingEndTime="2026-11-24T02:00:00Z")
    server.answers(
        Reply.of(200, a_feed(processingStatus="NEW_WORD", marketplaceIds=None)),
        Reply.of(200, done | {"resultFeedDocumentId": "doc-2"}),
    )
    assert feeds.get_feed(client, "7/7") == FeedFacts("77", "NEW_WORD", CREATED)
    assert server.seen[0].path == "/feeds/2021-06-30/feeds/7%2F7"
    ended = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert feeds.get_feed(client, "77") == FeedFacts("77", "DONE", CREATED, ended, "doc-2")


def test_every_page_of_feeds_is_read(server: ScriptedServer, client: Client) -> None:
    server.answers(
        Reply.of(200, {"feeds": [a_feed("1"), None, {}], "nextToken": "a=="}),
        Reply.of(200, {"feeds": [], "nextToken": "b/="}),
        Reply.of(200, {"feeds": [a_feed("2")], "nextToken": None}),
    )
    found = feeds.get_feeds(client, US, CREATED)
    assert [feed.feed_id for feed in found] == ["1", "2"]
    assert [seen.path.partition("?")[2] for seen in server.seen] == [
        "feedTypes=JSON_LISTINGS_FEED&marketplaceIds=ATVPDKIKX0DER"
        "&createdSince=2026-11-24T01%3A00%3A00Z&pageSize=100",
        "nextToken=a%3D%3D",
        "nextToken=b%2F%3D",
    ]


def test_a_page_that_points_to_itself(server: ScriptedServer, client: Client) -> None:
    server.answers(Reply.of(200, {"feeds": [], "nextToken": "a"}))
    with pytest.raises(Unavailable, match="end to its pages"):
        feeds.get_feeds(client, US, CREATED)


def test_a_feed_is_cancelled_by_silence(server: ScriptedServer, client: Client) -> None:
    """The model has no body for a success (feeds_2021-06-30.json, cancelFeed)."""
    server.answers(Reply(200, b""), Reply(200, b"{}"), Reply(200, b"<html>"))
    feeds.cancel_feed(client, "77")
    feeds.cancel_feed(client, "77")
    assert (server.seen[0].method, server.seen[0].path) == ("DELETE", "/feeds/2021-06-30/feeds/77")
    with pytest.raises(Unavailable):
        feeds.cancel_feed(client, "77")


def test_a_feed_that_is_being_worked_cannot_be_cancelled(
    server: ScriptedServer, client: Client
) -> None:
    refusal = {"errors": [{"code": "InvalidInput", "message": "Feed is IN_PROGRESS"}]}
    server.answers(Reply.of(400, refusal))
    with pytest.raises(Rejected, match="IN_PROGRESS"):
        feeds.cancel_feed(client, "77")


@pytest.mark.parametrize(
    "ask",
    [
        feeds.create_feed_document,
        lambda client: feeds.create_feed(client, US, "doc-1"),
        lambda client: feeds.get_feed(client, "77"),
        lambda client: feeds.get_feeds(client, US, CREATED),
        lambda client: feeds.fetch_processing_report(client, "doc", io.BytesIO()),
    ],
)
@pytest.mark.parametrize("body", [{}, {"feedId": None, "feeds": None, "url": "", "x": 1}])
def test_an_answer_without_what_it_is_about_is_an_outage(
    server: ScriptedServer, client: Client, ask: Callable[[Client], Any], body: JsonObject
) -> None:
    server.answers(Reply.of(200, body))
    with pytest.raises(Unavailable) as caught:
        ask(client)
    assert caught.value.sent


def test_a_report_is_fetched(server: ScriptedServer, client: Client) -> None:
    described = {"feedDocumentId": "doc/2", "url": f"{server.endpoint}/store?sig=1"}
    server.answers(Reply.of(200, described), Reply(200, b"{}"))
    into = io.BytesIO()
    feeds.fetch_processing_report(client, "doc/2", into)
    assert into.getvalue() == b"{}"
    assert [seen.path for seen in server.seen] == [
        "/feeds/2021-06-30/documents/doc%2F2",
        "/store?sig=1",
    ]


# --- The report that comes back ----------------------------------------------------------------


def a_report(**more: Json) -> JsonObject:
    return {
        "header": {"sellerId": "A1SELLER", "version": "2.0", "feedId": "77"},
        "issues": [
            an_issue(messageId=4, sku="B", attributeName="batteries_required"),
            an_issue(messageId=4, sku="B", severity="WARNING"),
            an_issue(messageId=5, sku="C", severity="NEW_WORD"),
            an_issue(code="4002006"),
        ],
        "summary": {
            "errors": 3,
            "warnings": 1,
            "messagesProcessed": 5,
            "messagesAccepted": 3,
            "messagesInvalid": 2,
        },
        "items": [an_item("A"), an_item("D", offers=None)],
        **more,
    }


def an_issue(**more: Json) -> JsonObject:
    return {"code": "90220", "severity": "ERROR", "message": "Amazon's words.", **more}


def an_item(sku: str, **more: Json) -> JsonObject:
    offer: JsonObject = {
        "marketplaceId": US,
        "offerType": "B2C",
        "price": {"currencyCode": "USD", "amount": 30.1},
        "audience": {"value": "ALL"},
    }
    return {
        "sku": sku,
        "summaries": [{"marketplaceId": US, "asin": "B071VG5N9D", "status": ["BUYABLE"]}],
        "offers": [offer],
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 10}],
        **more,
    }


def read(document: object) -> tuple[ProcessingReport, list[SkuFacts]]:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    items: list[SkuFacts] = []
    return feeds.read_processing_report(io.BytesIO(raw), items.append), items


def test_a_report_is_read_by_message_and_by_item() -> None:
    report, items = read(a_report())
    issue = Issue("90220", "Amazon's words.")
    assert report == ProcessingReport(
        seller_id="A1SELLER",
        feed_id="77",
        processed=5,
        accepted=3,
        invalid=2,
        issues={
            4: (
                Issue("90220", "Amazon's words.", attributes=("batteries_required",)),
                Issue("90220", "Amazon's words.", "WARNING"),
            ),
            5: (Issue("90220", "Amazon's words.", "NEW_WORD"),),
        },
        skus={4: "B", 5: "C"},
        general=(Issue("4002006", issue.message),),
    )
    assert [facts.sku for facts in items] == ["A", "D"]
    live = items[0].in_marketplace(US)
    assert live is not None
    assert live.live_price == Money(Decimal("30.1"), "USD")
    assert items[0].live_quantity == 10


def test_amazons_own_example() -> None:
    path = (
        contract_folder() / "schemas/feeds/listings-feed-processing-report-schema-v2.example.json"
    )
    report, items = read(path.read_bytes())
    assert (report.processed, report.accepted, report.invalid) == (4, 2, 2)
    assert {number: len(found) for number, found in report.issues.items()} == {4: 2, 5: 1}
    assert [facts.sku for facts in items] == ["My-SKU-B", "My-SKU-C"]
    issues = a_report()["issues"]
    assert isinstance(issues, list)
    known = a_report(issues=issues[:2])
    schema("listings-feed-processing-report-schema-v2").validate(known)


@given(st.permutations(list(a_report())), st.dictionaries(st.text(min_size=6), ODD, max_size=3))
@settings(deadline=None)
def test_neither_order_nor_new_fields_matter(order: list[str], new: JsonObject) -> None:
    document = new | {key: a_report()[key] for key in order}
    raw = json.dumps(document, allow_nan=False, default=str) if _is_json(new) else "{}"
    if raw != "{}":
        assert read(raw.encode()) == read(a_report())


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return True


REPORT = json.dumps(a_report()).encode()


def test_half_a_report_is_never_taken() -> None:
    for cut in range(len(REPORT)):
        with pytest.raises(Unreadable):
            read(REPORT[:cut])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b"sku\tprice\n",
        b"\xff\xfe",
        b"[" * 100_000,
        REPORT + b"x",
        REPORT.replace(b"Amazon's", b"\xff"),
        a_report(header=None),
        a_report(header={"version": "2.0"}),
        a_report(summary=None),
        a_report(summary={"messagesProcessed": 5, "messagesAccepted": "?", "messagesInvalid": 1}),
        a_report(summary={"messagesProcessed": 5, "messagesAccepted": 4}),
        a_report(issues=None),
        a_report(issues=[]),
        a_report(issues="none"),
    ],
)
def test_what_is_no_report_of_a_listings_feed(document: object) -> None:
    with pytest.raises(Unreadable):
        read(document)


def test_without_a_fault_no_issue_need_be_named() -> None:
    summary = {"messagesProcessed": 5, "messagesAccepted": 5, "messagesInvalid": 0}
    report, _ = read({"header": {"sellerId": "A1"}, "summary": summary, "issues": None})
    assert (report.feed_id, report.issues, report.general) == ("", {}, ())


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(sorted(places(a_report()), key=str)), ODD), min_size=1, max_size=4
    )
)
@settings(deadline=None)
def test_any_damage_is_read_or_unreadable(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = a_report()
    for path, value in changes:
        parent: Any = document
        try:
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        report, items = read(document)
    except Unreadable as reason:
        assert str(reason).endswith(".")  # noqa: PT017 - the other outcome is as good
    else:
        assert all(facts.sku for facts in items)
        assert all(number >= 0 for number in report.issues)


def test_memory_does_not_grow_with_the_items() -> None:
    start, end = json.dumps(a_report(items=[])).encode().split(b"[]")
    items = b",".join(json.dumps(an_item(f"S{number}")).encode() for number in range(3_000))
    file = io.BytesIO(start + b"[" + items + b"]" + end)
    tracemalloc.start()
    count = 0

    def on_item(facts: SkuFacts) -> None:
        nonlocal count
        count += 1

    feeds.read_processing_report(file, on_item)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 2 * 1024**2


@pytest.mark.parametrize(
    "many",
    [
        b'"issues": [' + b'{"messageId":1,"code":"1"},' * 1001 + b"{}]",
        b'"items": [' + b'{"sku":"A"},' * 1001 + b"{}]",
        b", ".join(b'"%d": 1' % n for n in range(200)),
    ],
    ids=["issues", "items", "members"],
)
def test_a_report_names_no_more_than_a_feed_can_hold(
    monkeypatch: pytest.MonkeyPatch, many: bytes
) -> None:
    """One megabyte on the wire was three gigabytes of issues."""
    monkeypatch.setattr(feeds, "MOST_ISSUES", 1000)
    monkeypatch.setattr(feeds, "MOST_MESSAGES", 1000)
    with pytest.raises(Unreadable, match="more than a feed"):
        feeds.read_processing_report(io.BytesIO(b"{" + many + b"}"), lambda item: None)


def test_words_of_an_issue_are_bounded() -> None:
    report, _ = read(a_report(issues=[an_issue(message="a" * 100_000, code="b" * 100_000)]))
    [issue] = report.general
    assert len(issue.message) + len(issue.code) < 2000


def test_a_report_is_larger_than_no_feed(
    server: ScriptedServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LARGEST_REPORT", 1000)
    described = {"url": f"{server.endpoint}/d", "feedDocumentId": "1"}
    server.answers(Reply.of(200, described), Reply(200, b" " * 1001))
    with pytest.raises(Unreadable, match="larger than"):
        feeds.fetch_processing_report(client, "1", io.BytesIO())
