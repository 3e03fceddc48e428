"""Feeds API 2021-06-30, with the one feed type that listings still have: JSON_LISTINGS_FEED.

The feeds of a seller queue one behind the other. DONE says nothing of success: what became of
each message is in the processing report. A report that shows items is made when the values
are live; without items it says no more than what was accepted.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from . import jobs
from .answers import Json, Refused, Request, Success, invalid
from .attribute_values import issue
from .documents import (
    address,
    content_of,
    find_document,
    keep_document,
    new_document,
)
from .jobs import FEED, body_of, marketplaces_of, new_job
from .listings import DATA_SETS, item
from .submissions import patch_faults, put_faults, take_delete, take_patches, take_put
from .world import Document, Job, World, in_bulk

LISTINGS_FEED = "JSON_LISTINGS_FEED"
MOST_MESSAGES = 25_000
MOST_BYTES = 10 * 2**20
VERSION = "2.0"
API_VERSION = "2021-08-01"
UNREADABLE, WRONG_HEADER, WRONG_VERSION = "4000000", "4000003", "4002006"
WRONG_MESSAGE = "4000001"
FORBIDDEN = {
    "UPDATE": {"patches"},
    "PARTIAL_UPDATE": {"requirements", "patches"},
    "PATCH": {"requirements", "attributes"},
    "DELETE": {"requirements", "attributes", "productType", "patches"},
}
"""Operation type -> the parts of a message that do not go with it."""


def create_feed_document(world: World, request: Request) -> Success:
    """createFeedDocument: where to upload a feed, with exactly this content type."""
    content_type = body_of(request, "contentType")["contentType"]
    if not isinstance(content_type, str):
        raise invalid("'contentType' must be a text.")
    document = new_document(world, request.seller.seller_id, content_type)
    url = address(world, request.base_url, document, "PUT")
    return Success({"feedDocumentId": document.document_id, "url": url}, 201)


def create_feed(world: World, request: Request) -> Success:
    """createFeed: a listings feed is for exactly one marketplace."""
    body = body_of(request, "feedType", "marketplaceIds", "inputFeedDocumentId")
    if body["feedType"] != LISTINGS_FEED:
        raise invalid(f"The feed type {body['feedType']!r} is not supported.")
    marketplaces = marketplaces_of(request, body, most=1)
    seller_id, document_id = request.seller.seller_id, str(body["inputFeedDocumentId"])
    document = find_document(world, document_id, seller_id)
    if document is None:
        raise invalid(f"Invalid 'inputFeedDocumentId' provided: {document_id}.")
    document.used = True
    wait = world.switches.feed_queue
    feed = new_job(world, FEED, seller_id, LISTINGS_FEED, marketplaces, wait)
    feed.input_document = document_id
    world.later(feed.ready, "feed_starts", seller_id=seller_id)
    return Success({"feedId": feed.job_id}, 202)


def get_feed(world: World, request: Request) -> Success:
    """getFeed."""
    return jobs.get(world, request, FEED)


def get_feeds(world: World, request: Request) -> Success:
    """getFeeds."""
    return jobs.search(world, request, FEED)


def cancel_feed(world: World, request: Request) -> Success:
    """cancelFeed: only one that waits."""
    return jobs.cancel(world, request, FEED)


def get_feed_document(world: World, request: Request) -> Success:
    """getFeedDocument."""
    return jobs.get_document(world, request, FEED)


# -- what becomes of a feed


def feed_starts(world: World, seller_id: str) -> None:
    """The oldest feed that has waited long enough starts, unless another one is under way."""
    own = [job for job in world.jobs.values() if (job.kind, job.seller_id) == ("feed", seller_id)]
    if any(job.status == "IN_PROGRESS" for job in own):
        return
    now = world.now()
    feed = next((job for job in own if job.status == "IN_QUEUE" and job.ready <= now), None)
    if feed is None:
        return
    if world.switches.feed_outcome == "cancelled":
        jobs.end(world, feed, "CANCELLED")
        feed_starts(world, seller_id)
        return
    feed.status, feed.started = "IN_PROGRESS", now
    if world.switches.feed_outcome != "stuck":
        world.later(now + world.switches.feed_time, "feed_is_read", job_id=feed.job_id)


@dataclass
class _Read:
    """A feed as far as it could be read; ``general`` are issues without a message."""

    header: Json = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)
    general: list[Json] = field(default_factory=list)


def feed_is_read(world: World, job_id: str) -> None:
    """The messages are accepted or refused, one by one; the report follows."""
    feed, switches = world.jobs[job_id], world.switches
    if feed.status != "IN_PROGRESS":
        return
    with in_bulk():
        read = _read(world, feed)
    fatal = switches.feed_outcome == "fatal" or read.general[:1] == [_unreadable()]
    messages = read.messages[: len(read.messages) // 2] if fatal else read.messages
    data = _wanted_data(read.header)
    live_at = world.now() + switches.feed_applies_late + (0 if data else switches.live_delay)
    issues, skus, seen = list(read.general), [], set[int]()
    invalid_messages = 0
    for message in messages:
        found = _take(world, feed, message, live_at, seen)
        issues += found
        invalid_messages += bool(found)
        if not found:
            skus.append(message["sku"])
    world.later(  # after what is live at this very moment
        world.now(),
        "feed_ends",
        job_id=job_id,
        status="FATAL" if fatal else "DONE",
        data=data,
        issues=issues,
        processed=len(messages),
        refused=invalid_messages,
        skus=list(dict.fromkeys(skus)) if data else [],
    )


def _read(world: World, feed: Job) -> _Read:
    """A feed's document: its header is checked, its messages are not."""
    document = world.documents[feed.input_document]
    content = b"" if document.packed is None else content_of(document)
    try:
        body = json.loads(content)
    except ValueError:
        return _Read(general=[_unreadable()])
    parts = body if isinstance(body, dict) else {}
    header, messages = parts.get("header"), parts.get("messages")
    too_much = len(content) > MOST_BYTES
    if too_much or not isinstance(header, dict) or not isinstance(messages, list) or not messages:
        return _Read(general=[_unreadable()])
    if len(messages) > MOST_MESSAGES:
        return _Read(general=[_unreadable()])
    if header.get("version") != VERSION:
        text = f"The version {header.get('version')!r} is not supported; it must be '{VERSION}'."
        return _Read(general=[_general(WRONG_VERSION, text)])
    if header.get("sellerId") != feed.seller_id:
        return _Read(general=[_general(WRONG_HEADER, "The sellerId is not that of the feed.")])
    return _Read(header, messages)


def _general(code: str, text: str) -> Json:
    return {"code": code, "severity": "ERROR", "message": text}


def _unreadable() -> Json:
    return _general(
        UNREADABLE, "The feed cannot be read: it is not a listings feed, or is too large."
    )


def _wanted_data(header: Json) -> list[str]:
    """The data sets that the report shall show of each item."""
    report = header.get("report")
    if not isinstance(report, dict) or report.get("apiVersion") != API_VERSION:
        return []
    wanted = report.get("includedData")
    return [name for name in DATA_SETS if name in wanted] if isinstance(wanted, list) else []


def _take(world: World, feed: Job, message: Any, live_at: float, seen: set[int]) -> list[Json]:
    """Take one message, or say in issues why not."""
    number = message.get("messageId") if isinstance(message, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return [_general(WRONG_MESSAGE, "A message lacks its messageId, a number from 1.")]
    named: Json = {"messageId": number}
    sku = message.get("sku")
    if isinstance(sku, str) and sku:
        named["sku"] = sku
    try:
        if number in seen:
            raise invalid("The messageId is not unique in this feed.")
        seen.add(number)
        found = _operate(world, feed, message, live_at)
    except Refused as refused:
        found = [issue(WRONG_MESSAGE, refused.error["message"], "INVALID_ATTRIBUTE")]
    return [{**named, **_in_report(fault)} for fault in found]


def _in_report(found: Json) -> Json:
    """An issue as the processing report words it: one attribute, no categories."""
    row = {name: found[name] for name in ("code", "severity", "message")}
    names = found["attributeNames"]
    return {**row, "attributeName": names[0]} if names else row


def _operate(world: World, feed: Job, message: Json, live_at: float) -> list[Json]:
    """Do what a message says. The issues; 400 for a message that cannot be understood."""
    (marketplace,) = feed.marketplaces
    sku, operation = message.get("sku"), message.get("operationType")
    if not isinstance(sku, str) or not sku:
        raise invalid("'sku' is required.")
    if not isinstance(operation, str) or operation not in FORBIDDEN:
        raise invalid(f"Invalid 'operationType' provided: {operation!r}.")
    if surplus := FORBIDDEN[operation] & set(message):
        raise invalid(f"{sorted(surplus)} cannot be used with '{operation}'.")
    if operation == "DELETE":
        take_delete(world, feed.seller_id, sku, marketplace)
        return []
    if not isinstance(message.get("productType"), str) or not message["productType"]:
        raise invalid("'productType' is required.")
    if operation == "UPDATE":
        message = {**message, "attributes": _attributes(message)}
        issues = put_faults(world, marketplace, message)
        if not issues:
            take_put(world, feed.seller_id, sku, marketplace, message, live_at)
        return issues
    patches = message.get("patches") if operation == "PATCH" else _as_patches(message)
    listing = world.listing(feed.seller_id, sku, marketplace)
    issues = patch_faults(world, [marketplace], message["productType"], patches, listing)
    if not issues and listing is not None and isinstance(patches, list):
        take_patches(world, listing, patches, live_at)
    return issues


def _attributes(message: Json) -> Json:
    attributes = message.get("attributes")
    if not isinstance(attributes, dict) or not attributes:
        raise invalid("'attributes' must be an object that is not empty.")
    return attributes


def _as_patches(message: Json) -> list[Json]:
    """A partial update: the attributes that it names are replaced."""
    return [
        {"op": "replace", "path": f"/attributes/{name}", "value": value}
        for name, value in _attributes(message).items()
    ]


def feed_ends(
    world: World,
    job_id: str,
    status: str,
    data: list[str],
    issues: list[Json],
    processed: int,
    refused: int,
    skus: list[str],
) -> None:
    """A feed ends with its report, and the next one starts."""
    feed, how = world.jobs[job_id], world.switches.feed_report
    report: Json = {
        "header": {"sellerId": feed.seller_id, "version": VERSION, "feedId": job_id},
        "issues": issues,
        "summary": {
            "errors": sum(found["severity"] == "ERROR" for found in issues),
            "warnings": sum(found["severity"] == "WARNING" for found in issues),
            "messagesProcessed": processed,
            "messagesAccepted": processed - refused,
            "messagesInvalid": refused,
        },
    }
    if data:
        _add_items(world, feed, report, data, skus)
    if how == "foreign":
        report["header"].update(sellerId="ASTRANGER00001", feedId="1")
    elif how == "unsent":
        report["issues"] = [*issues, *_unsent(processed)]
    document = None if how == "missing" else _kept(world, feed, report)
    if how == "truncated" and document and document.packed:
        document.packed = document.packed[: len(document.packed) // 2]
    jobs.end(world, feed, status, document)
    feed_starts(world, feed.seller_id)


def _kept(world: World, feed: Job, report: Json) -> Document:
    content = json.dumps(report, ensure_ascii=False).encode(errors="replace")
    return keep_document(world, feed.seller_id, content, "application/json; charset=UTF-8")


def _add_items(world: World, feed: Job, report: Json, data: list[str], skus: list[str]) -> None:
    """What is live now of the SKUs whose messages were accepted."""
    (marketplace,) = feed.marketplaces
    listings = (world.listing(feed.seller_id, sku, marketplace) for sku in skus)
    items = [item(world, [listing], data) for listing in listings if listing is not None]
    found = [issue["severity"] for row in items for issue in row.get("issues", [])]
    report["header"]["report"] = {"includedData": data, "apiVersion": API_VERSION}
    report["items"] = items
    report["summary"]["itemSummary"] = {
        "items": len(items),
        "errors": found.count("ERROR"),
        "warnings": found.count("WARNING"),
    }


def _unsent(processed: int) -> list[Json]:
    """Issues of messages that nobody sent."""
    return [
        {"messageId": MOST_MESSAGES + number, "sku": "NEVER-SENT", **_general("90220", "Missing.")}
        for number in (processed + 1, processed + 2)
    ]
