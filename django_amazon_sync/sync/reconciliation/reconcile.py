"""Orders held against Amazon's reports: what no search showed is found, and what differs is asked.

1. Ask for the report of each marketplace and each piece of the time, all before any is waited for;
   the XML one, and where that comes to nothing the flat file beside it.
2. Hold each against what is here (``compare``): what is missing, or differs, Amazon is asked for.
3. Ask for these orders, one by one, and let them go the way of every order.
4. Tell of what still differs; where every order of a report is here, its time is proven.

No order is placed, changed or cancelled by what a report says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from django_amazon_sync import clock
from django_amazon_sync.amazon import order_reports
from django_amazon_sync.errors import (
    AmazonError,
    ConfigurationError,
    NoReport,
    NotYet,
    Throttled,
    Unavailable,
)
from django_amazon_sync.messages import Code, Message
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    Marketplace,
    Outcome,
    ReportState,
)
from django_amazon_sync.sync.amazon_reports.fetch import (
    CANCELLED,
    NOTHING,
    Span,
    asked_again_at,
    ready_report,
)
from django_amazon_sync.sync.orders.asking import ask_for_incomplete
from django_amazon_sync.sync.orders.placing import place_waiting, update_placed
from django_amazon_sync.sync.orders.up_to_date import bring_up_orders
from django_amazon_sync.sync.reconciliation.compare import (
    changed_in,
    compare,
    not_shown,
    say_what_still_differs,
)
from django_amazon_sync.sync.reconciliation.proof import LAG, OVERLAP, beginning, prove, spans
from django_amazon_sync.sync.runs.work import Stores, Work

#: A run waits so long for orders that Amazon does not show; then it ends without a proof.
WAITS = timedelta(days=1)

#: How soon it looks again for an order that Amazon did not show.
LOOKS_AGAIN = timedelta(minutes=1)

#: How long an Amazon that does not answer is left alone.
AWAY = timedelta(minutes=5)

#: Cancelled so often while nothing is here, there is nothing: once might be by hand.
SURELY_NOTHING = 2


#: The forms of the report, the one that tells more first.
FORMS = (order_reports.XML, order_reports.FLAT)


@dataclass
class Piece:
    """A marketplace and a time; ``report`` is Amazon's id of what told all of it, or ``why`` there
    is none."""

    marketplace: Marketplace
    span: Span
    report: str = ""
    why: NoReport | None = None


def reconcile(work: Work) -> None:
    """Run options: ``since`` and ``until`` (ISO 8601, aware); else from where it is proven on.

    Raises Unauthorized at the end where Amazon refuses the reports of each marketplace.
    """
    pieces = list(_pieces(work))
    stores = Stores(work)
    _compare_all(work, pieces, stores)
    _ask(work)
    place_waiting(work)
    update_placed(work)
    _wait_for_orders(work)
    say_what_still_differs(work)
    for piece in pieces:
        _conclude(work, piece)
    if refusal := stores.leave_out():
        raise refusal


def _pieces(work: Work) -> Iterator[Piece]:
    """What a run is about, the same however often it goes on. Raises ConfigurationError."""
    given, last, began = work.run.options.get("since"), _end(work), _began(work)
    if given and datetime.fromisoformat(given) >= last:
        raise ConfigurationError(
            f"There is nothing to compare from {given} to {last.isoformat()}: Amazon reports "
            f"what is {LAG // timedelta(minutes=1)} minutes old; choose an earlier beginning."
        )
    for marketplace in work.account.marketplaces.order_by("pk"):
        marketplace.account = work.account
        since = datetime.fromisoformat(given) if given else beginning(marketplace, began) - OVERLAP
        for span in spans(since, last):
            yield Piece(marketplace, span)


def _end(work: Work) -> datetime:
    """Where the time of a run ends, by Amazon's clock; the run keeps it when it begins."""
    options = work.run.options
    asked = options.get("until")
    if asked and work.goes_on:
        return datetime.fromisoformat(asked)
    last = work.client.now().replace(microsecond=0) - LAG
    if asked:
        last = min(last, datetime.fromisoformat(asked))
    options["until"] = last.isoformat()
    work.run.save(update_fields=["options"])
    return last


# --- Reports --------------------------------------------------------------------------------------


def _compare_all(work: Work, pieces: list[Piece], stores: Stores) -> None:
    """Have each piece compared. Raises NotYet while reports are made, or asked for again later."""
    waits: list[NotYet] = []
    for piece in pieces:
        work.lease.check()
        try:
            with stores.go_on_without(piece.marketplace.code) as allowed:
                if allowed:
                    piece.report = _compared(work, piece)
        except NotYet as wait:
            waits.append(wait)
        except NoReport as none:
            piece.why = none
            if again := _again_at(work, piece):
                waits.append(NotYet(str(none), retry_at=again))
        except Throttled as limit:
            waits.append(_later(work, limit, limit.retry_at))
            break
        except Unavailable as away:
            waits.append(_later(work, away))
            break
    if waits:
        raise min(waits, key=lambda wait: wait.retry_at)


def _later(work: Work, away: AmazonError, at: datetime | None = None) -> NotYet:
    """How long to wait for an Amazon that does not answer; raises the error after a day."""
    if _waited_enough(work):
        raise away
    return NotYet(str(away), retry_at=at or clock.now() + AWAY)


def _waited_enough(work: Work) -> bool:
    return clock.now() >= _began(work) + WAITS


def _compared(work: Work, piece: Piece) -> str:
    """Amazon's id of the report of a piece that was compared by this run.

    Raises NotYet, and NoReport where neither form comes to anything.
    """
    if done := _of_piece(piece).filter(compared_at__gte=_began(work)).first():
        return done.amazon_id
    why: NoReport | None = None
    for report_type in FORMS:
        try:
            report = ready_report(work, piece.marketplace, report_type, piece.span)
            bring_up_orders(work)
            compare(work, report)
        except NoReport as none:
            why = why or none
            if none.amazon_code == NOTHING:
                break
        else:
            return report.amazon_id
    assert why is not None
    if why.amazon_code == NOTHING and (surely := _surely_nothing(work, piece)):
        return surely
    raise why


def _began(work: Work) -> datetime:
    return work.run.started_at or clock.now()


def _surely_nothing(work: Work, piece: Piece) -> str:
    """Amazon's id of a report that was cancelled as there is nothing, or "".

    It was cancelled more than once, never came to nothing otherwise, and nothing is here of its
    time.
    """
    failed = list(_failed(work, piece))
    if len(failed) < SURELY_NOTHING or any(report.reason != CANCELLED for report in failed):
        return ""
    if changed_in(failed[0]).exists():
        return ""
    return failed[0].amazon_id


def _of_piece(piece: Piece) -> QuerySet[AmazonReport]:
    """The reports of a piece, in both forms, the newest first."""
    reports = AmazonReport.objects.filter(
        marketplace=piece.marketplace,
        data_since=piece.span.since,
        data_until=piece.span.until,
    )
    return reports.select_related("marketplace").order_by("-pk")


def _failed(work: Work, piece: Piece) -> QuerySet[AmazonReport]:
    """Those that came to nothing in this run."""
    return _of_piece(piece).filter(state=ReportState.FAILED, asked_at__gte=_began(work))


def _again_at(work: Work, piece: Piece) -> datetime | None:
    """When a piece without a report is asked for again; None: this run tries no more.

    Where the first form was cancelled the other one is not asked for, be it its time.
    """
    cancelled = piece.why is not None and piece.why.amazon_code == NOTHING
    again = []
    for report_type in FORMS[:1] if cancelled else FORMS:
        failed = _failed(work, piece).filter(report_type=report_type)
        if last := failed.first():
            again.append(asked_again_at(last, failed))
    return min((at for at in again if at is not None), default=None)


# --- Orders ---------------------------------------------------------------------------------------


def _ask(work: Work) -> None:
    """Ask Amazon for the orders that are missing or differ, as many as it answers for now.

    After a day what is left is asked for by the imports.
    """
    due = AmazonOrder.objects.filter(account=work.account, ask_at__lte=clock.now())
    while before := due.count():
        work.give_way()
        try:
            ask_for_incomplete(work)
        except Throttled as limit:
            if _waited_enough(work):
                return
            raise NotYet(str(limit), retry_at=limit.retry_at) from None
        except Unavailable as away:
            raise _later(work, away) from None
        if due.count() >= before:
            return  # each was put off by now, or nobody answers


def _wait_for_orders(work: Work) -> None:
    """Raises NotYet while orders are asked for that Amazon has not shown yet."""
    left = not_shown(work.run)
    first = left.order_by("ask_at").values_list("ask_at", flat=True).first()
    if first is None or _waited_enough(work):
        return
    number = left.count()
    raise NotYet(
        f"Amazon has not shown {number} orders of its report yet; they are asked for again.",
        retry_at=max(first, clock.now() + LOOKS_AGAIN),
    )


def _conclude(work: Work, piece: Piece) -> None:
    """Say why a piece was not compared, or that it is proven."""
    if piece.why is not None:
        work.line(
            Outcome.FAILED,
            marketplace=piece.marketplace.code,
            code=piece.why.code,
            message=str(piece.why),
        )
    elif piece.report:
        left = not_shown(work.run).count()
        if left:
            said = Message(Code.NOT_PROVEN, count=left)
            work.line(
                Outcome.FAILED,
                marketplace=piece.marketplace.code,
                code=said.code,
                message=str(said),
            )
        else:
            prove(piece.marketplace, piece.span, piece.report)
