"""Reports API 2021-06-30: the reports of listings, and those of all orders.

CANCELLED has several causes that look alike: no data, asked for too often, or cancelled by hand.
"""

from . import jobs, listings_report, orders_report
from .answers import Json, Request, Success, invalid
from .clock import read_time
from .documents import keep_document
from .jobs import REPORT, body_of, marketplaces_of, new_job
from .marketplaces import MARKETPLACES
from .world import Document, Job, World

ALL_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
OPEN_LISTINGS = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
OF_ORDERS = (orders_report.XML, orders_report.FLAT)
CHARSETS = {"cp1252": "Cp1252", "cp932": "Windows-31J", "utf-8": "UTF-8", "utf-8-sig": "UTF-8"}
"""Python's name of an encoding -> the name in the Content-Type of a download."""


def create_report(world: World, request: Request) -> Success:
    """createReport: the listings reports take one marketplace and say nothing of any other."""
    body = body_of(request, "reportType", "marketplaceIds")
    if body["reportType"] not in (ALL_LISTINGS, OPEN_LISTINGS, *OF_ORDERS):
        raise invalid(f"The report type {body['reportType']!r} is not supported.")
    marketplaces = marketplaces_of(request, body, most=25)
    wait = world.switches.report_time / 2
    seller_id = request.seller.seller_id
    report = new_job(world, REPORT, seller_id, body["reportType"], marketplaces, wait)
    report.options = _options(body)
    report.since, report.until = _moment(body, "dataStartTime"), _moment(body, "dataEndTime")
    world.later(report.ready, "report_starts", job_id=report.job_id)
    return Success({"reportId": report.job_id}, 202)


def _options(body: Json) -> dict[str, str]:
    options = body.get("reportOptions") or {}
    if not isinstance(options, dict) or not all(
        isinstance(option, str) for option in options.values()
    ):
        raise invalid("'reportOptions' must be an object of texts.")
    return options


def _moment(body: Json, name: str) -> float | None:
    """A time of the body, or None; 400 for what is none."""
    if body.get(name) is None:
        return None
    try:
        return read_time(str(body[name]))
    except ValueError:
        raise invalid(f"'{name}' must be an ISO 8601 time with a zone.") from None


def get_report(world: World, request: Request) -> Success:
    """getReport."""
    return jobs.get(world, request, REPORT)


def get_reports(world: World, request: Request) -> Success:
    """getReports."""
    return jobs.search(world, request, REPORT)


def cancel_report(world: World, request: Request) -> Success:
    """cancelReport: only one that waits."""
    return jobs.cancel(world, request, REPORT)


def get_report_document(world: World, request: Request) -> Success:
    """getReportDocument."""
    return jobs.get_document(world, request, REPORT)


# -- what becomes of a report


def report_starts(world: World, job_id: str) -> None:
    """A report that nobody cancelled is worked on."""
    report, now = world.jobs[job_id], world.now()
    if report.status != "IN_QUEUE":
        return
    report.status, report.started = "IN_PROGRESS", now
    if world.switches.report_outcome != "stuck":
        world.later(now + world.switches.report_time / 2, "report_ends", job_id=job_id)


def report_ends(world: World, job_id: str) -> None:
    """The file is written, with what is live at this moment; or an older one is shown again."""
    report, switches = world.jobs[job_id], world.switches
    if report.status != "IN_PROGRESS":
        return
    if switches.report_outcome == "fatal":
        jobs.end(world, report, "FATAL", _reason(world, report))
    elif switches.report_outcome == "cancelled" or _former(world, report, switches.report_pause):
        jobs.end(world, report, "CANCELLED")
    elif former := _former(world, report, switches.report_cache):
        jobs.end(world, report, "DONE", former)
    else:
        document = _written(world, report)
        jobs.end(world, report, "DONE" if document else "CANCELLED", document)


def _former(world: World, report: Job, seconds: float) -> Document | None:
    """The file of the same report that was written at most so many seconds before this one."""
    for job in reversed(world.jobs.values() if seconds else ()):
        same = (job.seller_id, job.type, job.since, job.until) == (
            report.seller_id,
            report.type,
            report.since,
            report.until,
        )
        if same and job.status == "DONE" and job.marketplaces[:1] == report.marketplaces[:1]:
            document = world.documents[job.document]
            return document if report.created - document.created < seconds else None
    return None


def _reason(world: World, report: Job) -> Document:
    """What a FATAL report says, instead of data."""
    text = b"The report could not be made because of an internal error."
    return keep_document(world, report.seller_id, text, "text/plain; charset=UTF-8")


def _written(world: World, report: Job) -> Document | None:
    """The file; None if there is nothing to report."""
    marketplace = report.marketplaces[0]
    if report.type in OF_ORDERS:
        return _of_orders(world, report)
    if report.type == OPEN_LISTINGS:
        text = listings_report.open_listings(world, report.seller_id, marketplace)
    else:
        language = report.options.get("preferredReportDocumentLocale", "")
        text = listings_report.all_listings(world, report.seller_id, marketplace, language)
    return _table(world, report, text) if text else None


def _of_orders(world: World, report: Job) -> Document | None:
    text = orders_report.written(world, report)
    if report.type == orders_report.FLAT:
        return _table(world, report, text) if text else None
    content = text.encode()
    return keep_document(world, report.seller_id, content, "text/xml") if content else None


def _table(world: World, report: Job, text: str) -> Document:
    own = "cp932" if MARKETPLACES[report.marketplaces[0]].country == "JP" else "cp1252"
    encoding = world.switches.report_encoding or own
    charset = f"; charset={CHARSETS[encoding]}" if world.switches.report_charset else ""
    content = text.encode(encoding, errors="replace")
    return keep_document(world, report.seller_id, content, f"text/plain{charset}")
