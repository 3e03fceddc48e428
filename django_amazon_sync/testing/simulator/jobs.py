"""Feeds and reports alike: a job waits, is worked on, and ends; it is looked up and cancelled."""

import base64
import json
from dataclasses import dataclass

from .answers import Json, Request, Success, invalid, not_found
from .clock import api_time
from .documents import DAY, address, find_document
from .world import Document, Job, World

STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
ENDED = ("CANCELLED", "DONE", "FATAL")
SHOWN_FOR = 90 * DAY


@dataclass(frozen=True)
class JobNames:
    """How an API names the parts of its jobs."""

    name: str
    list: str
    id: str
    type: str
    types: str
    result: str
    document_id: str


FEED = JobNames(
    "feed", "feeds", "feedId", "feedType", "feedTypes", "resultFeedDocumentId", "feedDocumentId"
)
REPORT = JobNames(
    "report",
    "reports",
    "reportId",
    "reportType",
    "reportTypes",
    "reportDocumentId",
    "reportDocumentId",
)


def new_job(
    world: World, kind: JobNames, seller_id: str, type_: str, marketplaces: list[str], wait: float
) -> Job:
    """A job that waits for so many seconds."""
    number, now = str(int(world.unique(kind.name)[:12], 16)), world.now()
    job = Job(number, kind.name, seller_id, type_, marketplaces, now, now + wait)
    world.jobs[job.job_id] = job
    return job


def end(world: World, job: Job, status: str, document: Document | None = None) -> None:
    """A job ends, with or without a document."""
    job.status, job.ended = status, world.now()
    job.document = document.document_id if document else ""


def get(world: World, request: Request, kind: JobNames) -> Success:
    """One job."""
    return Success(_shown(_own(world, request, kind), kind))


def cancel(world: World, request: Request, kind: JobNames) -> Success:
    """Cancel a job that waits."""
    job = _own(world, request, kind)
    if job.status != "IN_QUEUE":
        raise invalid(f"The {kind.name} {job.job_id} is {job.status} and cannot be cancelled.")
    end(world, job, "CANCELLED")
    return Success(None)


def _own(world: World, request: Request, kind: JobNames) -> Job:
    job = world.jobs.get(request.path[0])
    if job is None or (job.kind, job.seller_id) != (kind.name, request.seller.seller_id):
        raise not_found(f"There is no {kind.name} {request.path[0]}.")
    return job


def _shown(job: Job, kind: JobNames) -> Json:
    moments = {
        "createdTime": job.created,
        "processingStartTime": job.started,
        "processingEndTime": job.ended,
    }
    shown: Json = {
        kind.id: job.job_id,
        kind.type: job.type,
        "marketplaceIds": job.marketplaces,
        "processingStatus": job.status,
        **{name: api_time(moment) for name, moment in moments.items() if moment is not None},
    }
    return {**shown, kind.result: job.document} if job.document else shown


def search(world: World, request: Request, kind: JobNames) -> Success:
    """The jobs that match, newest first. A token brings the whole question with it."""
    start = 0
    if token := request.text("nextToken"):
        if len(request.query) > 1:
            raise invalid("'nextToken' cannot be used with any other parameter.")
        query, start = _read_token(token)
        request = Request(request.operation, request.seller, request.path, query)
    if not request.words(kind.types, most=10):
        raise invalid(f"'{kind.types}' or 'nextToken' is required.")
    size = request.number("pageSize", 10, 100)
    found = sorted(
        (job for job in world.jobs.values() if _matches(world, job, request, kind)),
        key=lambda job: (-job.created, job.job_id),
    )
    body: Json = {kind.list: [_shown(job, kind) for job in found[start : start + size]]}
    if start + size < len(found):
        body["nextToken"] = _make_token(request.query, start + size)
    return Success(body)


def _matches(world: World, job: Job, request: Request, kind: JobNames) -> bool:
    statuses = request.words("processingStatuses", STATUSES)
    places = request.marketplaces(required=False, most=10)
    since, until = request.moment("createdSince"), request.moment("createdUntil")
    return (
        (job.kind, job.seller_id) == (kind.name, request.seller.seller_id)
        and job.type in request.words(kind.types)
        and (not statuses or job.status in statuses)
        and (not places or bool(set(places) & set(job.marketplaces)))
        and job.created >= (world.now() - SHOWN_FOR if since is None else int(since))
        and (until is None or job.created <= until)
    )


def _make_token(query: dict[str, list[str]], position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([query, position]).encode()).decode()


def _read_token(text: str) -> tuple[dict[str, list[str]], int]:
    """The query and the position of a token; 400 if it is none of ours."""
    try:
        query, position = json.loads(base64.urlsafe_b64decode(text.encode()))
        if not isinstance(query, dict) or not isinstance(position, int):
            raise ValueError(text)
    except (ValueError, TypeError):
        raise invalid("The page token is malformed.") from None
    return query, position


def get_document(world: World, request: Request, kind: JobNames) -> Success:
    """Where a document can be downloaded for the next minutes."""
    document = find_document(world, request.path[0], request.seller.seller_id)
    if document is None:
        raise not_found(f"There is no document {request.path[0]}.")
    automatic = request.flag("enableContentEncodingUrlHeader")
    encoding = "gzip" if automatic and document.gzipped else ""
    url = address(world, request.base_url, document, "GET", encoding)
    body: Json = {kind.document_id: document.document_id, "url": url}
    return Success({**body, "compressionAlgorithm": "GZIP"} if document.gzipped else body)


def body_of(request: Request, *required: str) -> Json:
    """A JSON object with texts or lists under the required names; 400 otherwise."""
    if not isinstance(request.body, dict):
        raise invalid("The request body must be a JSON object.")
    missing = [name for name in required if not request.body.get(name)]
    if missing:
        raise invalid(f"The request body lacks {missing}.")
    return request.body


def marketplaces_of(request: Request, body: Json, *, most: int) -> list[str]:
    """``marketplaceIds`` of a body, checked as those of a query are."""
    ids = body["marketplaceIds"]
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise invalid("'marketplaceIds' must be a list of texts.")
    asked = Request(
        request.operation,
        request.seller,
        request.path,
        {"marketplaceIds": ids},
        region=request.region,
    )
    return asked.marketplaces(most=most)
