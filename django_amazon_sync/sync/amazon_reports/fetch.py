"""Reports in: asking Amazon for a report, waiting until it is made, and reading it.

A report's row is there before Amazon is asked. While Amazon is at it the run is queued again, and
goes on with the same report: no worker waits. What was ready a short while ago serves every job
that wants it, and at most one report of a type is on its way for a marketplace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO

from django.db import transaction
from django.db.models import Q, QuerySet

from django_amazon_sync import clock
from django_amazon_sync.amazon import reports as gateway
from django_amazon_sync.data import ReportFacts, ReportRow
from django_amazon_sync.errors import (
    Disconnected,
    NoReport,
    NotFound,
    NotYet,
    Rejected,
    Unauthorized,
    Unreadable,
)
from django_amazon_sync.models import (
    AmazonReport,
    Listing,
    Marketplace,
    Presence,
    ReportState,
    SellerSku,
)
from django_amazon_sync.sync.amazon_reports.row_chunks import in_chunks
from django_amazon_sync.sync.runs.work import Work

#: Amazon is asked again after half the time that it has been at the report, within these.
SOONEST, LATEST = timedelta(minutes=1), timedelta(minutes=15)

#: A report that is not made after so long is given up.
GIVEN_UP_AFTER = timedelta(hours=6)

OPEN = (ReportState.NEW, ReportState.ASKED)

#: Whether a report is the account's own is judged by so many SKUs, where it knows as many as FEW.
SAMPLE, FEW = 1000, 20

#: So far the time that Amazon names may be from the one that was asked for.
ROUNDED = timedelta(minutes=1)

#: A report of a span is asked for again so long after one that came to nothing.
PAUSES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))

#: Amazon's status of a report that it has no data for, among other causes.
NOTHING = "CANCELLED"

CANCELLED = (
    "Amazon cancelled it: it was cancelled by hand, there is no data for it, or it was asked for "
    "too often; the next run asks again."
)
FATAL = "Amazon could not make it; the next run asks again."


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a report of orders is about; both moments are Amazon's, aware."""

    since: datetime
    until: datetime


def ready_report(
    work: Work, marketplace: Marketplace, report_type: str, span: Span | None = None
) -> AmazonReport:
    """The newest report of this type, READY; where there is none it is asked for.

    Raises NotYet while Amazon is at it, and NoReport where it comes to nothing. One of a ``span``
    that came to nothing is asked for again by the same run, after pauses.
    """
    report = _report_of(work, marketplace, report_type, span)
    if report.state == ReportState.NEW:
        _ask(work, report)
    if report.state == ReportState.ASKED:
        _look(work, report)
    if report.state == ReportState.FAILED:
        raise NoReport(
            "getReport",
            f"The report {report} cannot be had: {report.reason}",
            amazon_code=NOTHING if report.reason == CANCELLED else "",
        )
    return report


def ready_reports(
    work: Work, marketplaces: Iterable[Marketplace], report_type: str
) -> dict[Marketplace, AmazonReport | NoReport | Unauthorized]:
    """The report of each marketplace, or why there is none; all are asked for before any is
    waited for. Raises NotYet, and Disconnected.
    """
    ready: dict[Marketplace, AmazonReport | NoReport | Unauthorized] = {}
    waits: list[NotYet] = []
    for marketplace in marketplaces:
        try:
            ready[marketplace] = ready_report(work, marketplace, report_type)
        except Disconnected:
            raise
        except (NoReport, Unauthorized) as none:
            ready[marketplace] = none
        except NotYet as wait:
            waits.append(wait)
    if waits:
        raise min(waits, key=lambda wait: wait.retry_at)
    return ready


@contextmanager
def open_report(work: Work, report: AmazonReport) -> Iterator[tuple[BinaryIO, str]]:
    """The whole document in a temporary file, and the charset that its download named.

    What cannot be read, here or by whoever reads the file, makes the report FAILED and raises
    NoReport. A download that was cut short raises Unavailable, and is tried again.
    """
    with TemporaryFile() as file:
        try:
            client = work.client.about(report.marketplace.code)
            charset = gateway.fetch_report(client, report.document_id, file)
        except (Unreadable, Rejected) as fault:
            raise unusable(report, str(fault)) from fault
        try:
            file.seek(0)
            yield file, charset
        except Unreadable as fault:
            raise unusable(report, str(fault)) from fault


@contextmanager
def open_listings(
    work: Work, report: AmazonReport, size: int
) -> Iterator[Iterator[list[ReportRow]]]:
    """The rows of a GET_MERCHANT_LISTINGS_ALL_DATA, once it is plain whose they are, in lists of
    about ``size``; all rows of a SKU are in one.

    Raises NoReport, before the first row, for a report that is another account's.
    """
    code = report.marketplace.code
    with open_report(work, report) as (file, charset):
        ours = _sample(report)
        if len(ours) >= FEW and not _is_ours(report, ours, read(file, charset, code)):
            raise Unreadable(
                "It shows hardly any of the listings that this account has, and they are many: it "
                "looks like another account's; nothing of it was taken in."
            )
        skus = gateway.read_skus(file, charset, code)
        yield in_chunks(skus, partial(read, file, charset, code), size)


def may_be_destroyed(sku: str) -> bool:
    """Whether a report's SKU may be another one: what its charset lacks it shows as "?".

    Such a SKU is taken for none, and its listing is read by itself.
    """
    return "?" in sku


def read(file: BinaryIO, charset: str, marketplace: str) -> Iterator[ReportRow]:
    """The rows of the file, from its beginning."""
    file.seek(0)
    return gateway.read_listings(file, charset, marketplace)


def unusable(report: AmazonReport, reason: str) -> NoReport:
    """The error for a report that cannot be used; the report is not looked at again."""
    report.move(ReportState.FAILED, reason=reason)
    return NoReport("getReportDocument", f"The report {report} cannot be used: {reason}")


# --- Asking ---------------------------------------------------------------------------------------


def _report_of(
    work: Work, marketplace: Marketplace, report_type: str, span: Span | None
) -> AmazonReport:
    """The report that this run goes by, or a new row for it.

    One that was ready when the run began, or that came to nothing since, stays the run's own: a
    run that is queued again in between never begins anew with another. When it was asked for is
    of our clock, as the run's beginning is; when it was made, of Amazon's, which may run faster.
    """
    began = work.run.started_at or clock.now()
    began_at_amazon = began + work.client.clock_offset
    its_own = Q(asked_at__gte=began)
    since, until = (span.since, span.until) if span else (None, None)
    fits = (
        Q(state__in=OPEN)
        | Q(its_own, state__in=(ReportState.READY, ReportState.FAILED))
        | Q(state=ReportState.READY, made_at__gte=began_at_amazon - AmazonReport.FRESH)
    )
    with transaction.atomic():
        work.lease.check()
        # Two jobs of an account may want one at the same time: the marketplace's lock keeps it one.
        Marketplace.objects.select_for_update().only("pk").get(pk=marketplace.pk)
        reports = AmazonReport.objects.filter(
            marketplace=marketplace,
            report_type=report_type,
            data_since=since,
            data_until=until,
        )
        forgotten = reports.filter(state__in=OPEN, asked_at__lt=began - GIVEN_UP_AFTER)
        forgotten.update(state=ReportState.FAILED, reason="No run came to look for it in time.")
        found = reports.filter(fits).select_related("marketplace").order_by("-pk").first()
        if found is not None and not (span and _may_be_asked_for_again(found, reports, began)):
            return found
        return AmazonReport.objects.create(
            account=work.account,
            marketplace=marketplace,
            report_type=report_type,
            data_since=since,
            data_until=until,
            asked_at=clock.now(),
        )


def asked_again_at(report: AmazonReport, reports: QuerySet[AmazonReport]) -> datetime | None:
    """When a FAILED report is asked for once more; None where it was asked for often enough.

    ``reports`` are those of the same thing that one run asked for.
    """
    failed = reports.filter(state=ReportState.FAILED).count()
    if failed > len(PAUSES) or report.asked_at is None:
        return None
    return report.asked_at + PAUSES[max(failed, 1) - 1]


def _may_be_asked_for_again(
    report: AmazonReport, reports: QuerySet[AmazonReport], began: datetime
) -> bool:
    if report.state != ReportState.FAILED:
        return False
    again = asked_again_at(report, reports.filter(asked_at__gte=began))
    return again is not None and again <= clock.now()


def _ask(work: Work, report: AmazonReport) -> None:
    """Ask for it; a worker that died after this and before the next line asks twice, no harm."""
    try:
        amazon_id = gateway.create_report(
            work.client,
            report.report_type,
            report.marketplace.code,
            since=report.data_since,
            until=report.data_until,
        )
    except Rejected as refused:
        report.move(ReportState.FAILED, reason=str(refused), asked_at=clock.now())
        return
    if not report.move(ReportState.ASKED, amazon_id=amazon_id, asked_at=clock.now()):
        report.refresh_from_db()  # another job asked for it at the same moment


def _look(work: Work, report: AmazonReport) -> None:
    """Ask how far it is. Raises NotYet with the time of the next look."""
    try:
        client = work.client.about(report.marketplace.code)
        facts = gateway.get_report(client, report.amazon_id)
    except NotFound:
        report.move(ReportState.FAILED, reason="Amazon no longer has it; the next run asks again.")
        return
    except Rejected as refused:
        report.move(ReportState.FAILED, reason=str(refused))
        return
    asked_at = report.asked_at or clock.now()
    age = clock.now() - asked_at
    if facts.status == "DONE":
        _done(report, facts, made_at=facts.created or asked_at + work.client.clock_offset)
    elif facts.status in ("CANCELLED", "FATAL"):
        reason = CANCELLED if facts.status == "CANCELLED" else FATAL
        report.move(ReportState.FAILED, reason=reason)
    elif age > GIVEN_UP_AFTER:
        hours = GIVEN_UP_AFTER // timedelta(hours=1)
        reason = f"Amazon has not made it in {hours} hours; the next run asks again."
        report.move(ReportState.FAILED, reason=reason)
    else:
        wait = min(max(age / 2, SOONEST), LATEST)
        raise NotYet(f"Amazon is making the report {report}.", retry_at=clock.now() + wait)


def _done(report: AmazonReport, facts: ReportFacts, *, made_at: datetime | None) -> None:
    """Take it as ready, if it is what was asked for; Amazon need not name marketplaces.

    Whose a report is, is also looked at before its first row is taken in.
    """
    ours = set(facts.marketplaces) <= {report.marketplace.code}
    if facts.report_type not in ("", report.report_type) or not ours:
        made = " of ".join(filter(None, (facts.report_type, ", ".join(facts.marketplaces))))
        reason = f"Amazon made another report than was asked for: {made}."
        report.move(ReportState.FAILED, reason=reason)
    elif _is_short(report, facts):
        reason = "Amazon made it of a shorter time than was asked for."
        report.move(ReportState.FAILED, reason=reason)
    elif not facts.document:
        report.move(ReportState.FAILED, reason="Amazon says that it is done, and has no document.")
    else:
        report.move(ReportState.READY, document_id=facts.document, made_at=made_at)


def _is_short(report: AmazonReport, facts: ReportFacts) -> bool:
    """Whether Amazon names a time that lacks some of what was asked for; it need name none."""
    since, until = report.data_since, report.data_until
    begins = since and facts.since and facts.since > since + ROUNDED
    return bool(begins or (until and facts.until and facts.until < until - ROUNDED))


# --- Whose report it is -------------------------------------------------------------------------


def _sample(report: AmazonReport) -> set[str]:
    """SKUs that Amazon itself has shown of this account in this marketplace, the oldest first."""
    seen = Listing.objects.filter(
        marketplace=report.marketplace, presence=Presence.PRESENT, read_at__isnull=False
    )
    return set(seen.order_by("pk").values_list("sku__sku", flat=True)[:SAMPLE])


def _is_ours(report: AmazonReport, ours: set[str], rows: Iterator[ReportRow]) -> bool:
    """Whether a tenth of what we know is in the report, or a tenth of its first rows is known.

    The one holds for an account with many listings that the shop does not sell, the other for a
    report that lost most of its rows; a report without rows says nothing about anybody.
    """
    met: set[str] = set()
    first: list[str] = []
    for row in rows:
        if row.sku in ours:
            met.add(row.sku)
        if len(first) < SAMPLE:
            first.append(row.sku)
    if not first or len(met) * 10 >= len(ours):
        return True
    known = SellerSku.objects.filter(account=report.account_id, sku__in=first).count()
    return known * 10 >= len(first)
