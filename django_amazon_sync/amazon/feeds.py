"""Feeds API 2021-06-30: many patches in one file, and what became of each.

The file is a JSON_LISTINGS_FEED (Amazon's schemas "listings-feed-schema-v2" and
"listings-feed-processing-report-schema-v2"): messages of the kind PATCH only, as UPDATE erases what
it omits (docs/amazon.md#a-put-erases-what-it-omits), for one marketplace
(docs/amazon.md#one-marketplace-for-a-feed). Amazon finds no duplicates: what is sent twice is
worked twice (docs/amazon.md#feeds-find-no-duplicates).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

import orjson

from django_amazon_sync.amazon import documents, long_json
from django_amazon_sync.amazon.client import Client, Parameter
from django_amazon_sync.amazon.listing_facts import read_item
from django_amazon_sync.amazon.paging import pages
from django_amazon_sync.amazon.reading import moment, obj, objs, text, texts, whole
from django_amazon_sync.data import (
    FeedFacts,
    Issue,
    JsonObject,
    ProcessingReport,
    SkuFacts,
    UploadSlot,
)
from django_amazon_sync.errors import Rejected, Unreadable

CONTENT_TYPE = "application/json; charset=UTF-8"
FEED_TYPE = "JSON_LISTINGS_FEED"
MOST_MESSAGES = 25_000
MOST_BYTES = 10 * 1024**2
_PATH = "/feeds/2021-06-30"

# --- The file that goes out ------------------------------------------------------------------

# With a report of items the feed ends when the changes are live, not when they are accepted
# (docs/amazon.md#reports-of-items-come-after-processing); without the locale its issues come in the
# store's language (docs/amazon.md#issues-come-in-the-stores-language).
_HEADER = {
    "version": "2.0",
    "issueLocale": "en_US",
    "report": {
        "includedData": ["summaries", "issues", "offers", "fulfillmentAvailability"],
        "apiVersion": "2021-08-01",
    },
}
_END = b"]}"
_strictly = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def _json(value: object) -> bytes:
    """JSON in UTF-8. Raises ValueError for what it cannot hold."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # more than 64 bits in a number, or half a character
        return _strictly(value).encode()
    # orjson, ten times as fast, has null for what is not a number.
    return _strictly(value).encode() if b"null" in written else written


class FeedFile:
    """Writes a feed into an open file, message by message; ``close`` makes it whole.

    It never grows beyond 25,000 messages or 10 MiB (docs/amazon.md#a-feed-holds-25000-messages). A
    file without messages is not a feed. ``digest`` is the SHA-256 of what was written, in
    hexadecimal.
    """

    def __init__(self, file: BinaryIO, seller_id: str) -> None:
        self.messages = 0
        self._file = file
        self._size = 0
        self._hash = hashlib.sha256()
        self._write(b'{"header":%b,"messages":[' % _json({"sellerId": seller_id, **_HEADER}))

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def add(
        self, sku: str, product_type: str, patches: Sequence[Mapping[str, object]]
    ) -> int | None:
        """Write the patches of one SKU; returns their messageId, or None where the file is full.

        Raises Rejected where they would fill more than a feed, ValueError for what JSON cannot
        hold; then nothing was written.
        """
        number = self.messages + 1
        message = _json(
            {
                "messageId": number,
                "sku": sku,
                "operationType": "PATCH",
                "productType": product_type,
                "patches": patches,
            }
        )
        if self.messages:
            message = b"," + message
        if number > MOST_MESSAGES or self._size + len(message) + len(_END) > MOST_BYTES:
            if not self.messages:
                raise Rejected(FEED_TYPE, f"the changes of {sku!r} are larger than a whole feed.")
            return None
        self._write(message)
        self.messages = number
        return number

    def close(self) -> None:
        """Write the end; the file itself stays open."""
        self._write(_END)
        self._file.flush()

    def _write(self, part: bytes) -> None:
        self._file.write(part)
        self._hash.update(part)
        self._size += len(part)


# --- Operations ------------------------------------------------------------------------------


def create_feed_document(client: Client) -> UploadSlot:
    """A place for one feed's file (createFeedDocument), good for five minutes."""
    answer = client.call(
        "createFeedDocument", "POST", f"{_PATH}/documents", body={"contentType": CONTENT_TYPE}
    )
    return UploadSlot(
        document_id=text(answer.body.get("feedDocumentId")) or answer.lacks("a document's id"),
        url=text(answer.body.get("url")) or answer.lacks("a document's address"),
    )


def create_feed(client: Client, marketplace: str, document_id: str) -> str:
    """Hand the uploaded file in (createFeed); returns the feed's id.

    A listings feed takes one marketplace. After Unavailable with ``sent`` the feed may exist: look
    for it by ``get_feeds`` before another one is made.
    """
    body = {
        "feedType": FEED_TYPE,
        "marketplaceIds": [marketplace],
        "inputFeedDocumentId": document_id,
    }
    answer = client.call("createFeed", "POST", f"{_PATH}/feeds", body=body)
    return text(answer.body.get("feedId")) or answer.lacks("a feed's id")


def get_feed(client: Client, feed_id: str) -> FeedFacts:
    """How far one feed is (getFeed)."""
    answer = client.call("getFeed", "GET", _feed_path(feed_id))
    return _feed(answer.body) or answer.lacks("a feed's id and status")


def get_feeds(client: Client, marketplace: str, since: datetime) -> list[FeedFacts]:
    """Every listings feed of this marketplace that was created since then (getFeeds, all pages).

    ``since`` is aware UTC, at most 90 days ago (docs/amazon.md#feeds-are-kept-90-days).
    """
    query: dict[str, Parameter] = {
        "feedTypes": [FEED_TYPE],
        "marketplaceIds": [marketplace],
        "createdSince": since,
        "pageSize": 100,
    }
    found = pages(client, "getFeeds", f"{_PATH}/feeds", query, by="nextToken", alone=True)
    return [feed for answer in found for raw in objs(answer.array("feeds")) if (feed := _feed(raw))]


def cancel_feed(client: Client, feed_id: str) -> None:
    """Withdraw a feed that is still IN_QUEUE (cancelFeed); raises Rejected where it is not."""
    client.call("cancelFeed", "DELETE", _feed_path(feed_id), empty_status=200)


def _feed_path(feed_id: str) -> str:
    return f"{_PATH}/feeds/{quote(feed_id, safe='')}"


def _feed(raw: Mapping[str, object]) -> FeedFacts | None:
    feed_id, status = text(raw.get("feedId")), text(raw.get("processingStatus"))
    if not (feed_id and status):
        return None
    return FeedFacts(
        feed_id=feed_id,
        status=status,
        created=moment(raw.get("createdTime")),
        ended=moment(raw.get("processingEndTime")),
        report_document=text(raw.get("resultFeedDocumentId")),
    )


# --- The report that comes back --------------------------------------------------------------

#: Bytes of a report, unpacked: four kilobytes of each message, more than Amazon says of one.
LARGEST_REPORT = 128 * 1024**2
#: Issues of a report; what has more is no report of a feed.
MOST_ISSUES = 10 * MOST_MESSAGES
_MOST_WORDS, _CODE_LENGTH, _NAME_LENGTH = 1000, 60, 200
_NO_REPORT = "Amazon's document is not the processing report of a listings feed."


def fetch_processing_report(client: Client, document_id: str, into: BinaryIO) -> None:
    """Put a feed's processing report into the file (getFeedDocument and its download).

    Raises Unavailable where it did not come whole, Unreadable where it is not a document.
    """
    path = f"{_PATH}/documents/{quote(document_id, safe='')}"
    documents.fetch(client, client.call("getFeedDocument", "GET", path), into, LARGEST_REPORT)


def read_processing_report(file: BinaryIO, on_item: Callable[[SkuFacts], None]) -> ProcessingReport:
    """What the report says of the feed's messages; ``on_item`` is told what is live of each SKU.

    Nothing but the issues is kept in memory, and not more than a feed's messages can have. What is
    reported is not compared with what was sent.
    Raises Unreadable where the report is none, is cut short, or counts what it does not name;
    ``on_item`` may then have been told some SKUs.
    """
    header: JsonObject = {}
    summary: JsonObject = {}
    issues: dict[int, list[Issue]] = defaultdict(list)
    skus: dict[int, str] = {}
    general: list[Issue] = []
    counts: Counter[str] = Counter()
    for key, value in long_json.members(file):
        raw = obj(value)
        counts[key[:_CODE_LENGTH]] += 1
        if counts["items"] > MOST_MESSAGES or counts["issues"] > MOST_ISSUES or len(counts) > 100:
            raise Unreadable("Amazon's processing report names more than a feed can hold.")
        if key == "items" and text(raw.get("sku")):
            on_item(read_item(raw))
        elif key == "issues" and raw:
            message_id = whole(raw.get("messageId"))
            if message_id is not None:
                skus[message_id] = text(raw.get("sku"))
            (general if message_id is None else issues[message_id]).append(_issue(raw))
        elif key == "header":
            header = raw
        elif key == "summary":
            summary = raw
    processed, accepted, invalid = _counts(summary)
    seller_id = text(header.get("sellerId"))
    if not seller_id:
        raise Unreadable(_NO_REPORT)
    if invalid and not (issues or general):
        raise Unreadable(
            f"Amazon's processing report counts {invalid} invalid messages and names none."
        )
    return ProcessingReport(
        seller_id=seller_id,
        feed_id=text(header.get("feedId")),
        processed=processed,
        accepted=accepted,
        invalid=invalid,
        issues={number: tuple(found) for number, found in issues.items()},
        skus=skus,
        general=tuple(general),
    )


def _counts(summary: JsonObject) -> tuple[int, int, int]:
    """Messages processed, accepted and invalid; a count that is missing is not taken for none."""
    processed = whole(summary.get("messagesProcessed"))
    accepted = whole(summary.get("messagesAccepted"))
    invalid = whole(summary.get("messagesInvalid"))
    if processed is None or accepted is None or invalid is None:
        raise Unreadable(_NO_REPORT)
    return processed, accepted, invalid


def _issue(raw: JsonObject) -> Issue:
    """An issue of a message; it names one attribute, where one of a listing names several."""
    return Issue(
        code=text(raw.get("code"), _CODE_LENGTH),
        message=text(raw.get("message"), _MOST_WORDS),
        severity=text(raw.get("severity"), _CODE_LENGTH) or "ERROR",
        attributes=texts([raw.get("attributeName")], _NAME_LENGTH),
    )
