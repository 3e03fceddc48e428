"""One report of orders beside what is here: what is missing, and what differs.

Nothing of a report is taken over. An order that is missing gets an empty row that Amazon is asked
about, and so is an order about which the two differ; the answers come in as those of any question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from django_amazon_sync import clock
from django_amazon_sync.amazon import order_reports
from django_amazon_sync.data import FieldValues, Money, ReportedLine, ReportedOrder
from django_amazon_sync.errors import Unreadable
from django_amazon_sync.messages import Code, Message, in_english
from django_amazon_sync.models import (
    AmazonOrder,
    AmazonReport,
    OrderState,
    Outcome,
    RunLine,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.rules.reported_orders import (
    KnownOrder,
    differences,
    is_of_other_channel,
    statuses_of,
)
from django_amazon_sync.sync.amazon_reports.fetch import FEW, open_report
from django_amazon_sync.sync.orders.saving import UNREAD, WITHOUT_ID
from django_amazon_sync.sync.runs.bulk import chunks, in_pages
from django_amazon_sync.sync.runs.work import Work

#: Orders of a report that are looked up together, and rows that are written together.
ORDERS_PER_CHUNK = 500

#: Differences that one report may tell; of more than half of all, none is believed.
MOST_DIFFERENCES = 10_000

#: One of so many orders may be missing from a report that proves its time, and one anyhow.
LEFT_OUT = 10

#: The statuses in which an order takes no units of the shop.
_TAKES_NOTHING = frozenset({"CANCELLED", "UNFULFILLABLE"})


@dataclass
class Found:
    """What a report has of interest: the numbers of orders that are missing, with whether they may
    take units of the shop; what differs; how many were here as of its time (``met``)."""

    missing: dict[str, bool] = field(default_factory=dict)
    differing: dict[str, tuple[ReportedOrder, list[Message]]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    met: set[int] = field(default_factory=set)
    unreadable: int = 0


def compare(work: Work, report: AmazonReport) -> None:
    """Hold a report against what is here, and have Amazon asked for what is missing or differs.

    Raises NoReport where it cannot be read, lacks what is here, or has orders that nobody can read:
    those that it does show are asked for all the same.
    """
    with open_report(work, report) as (file, charset):
        if report.report_type == order_reports.XML:
            orders = order_reports.read_xml(file)
        else:
            orders = order_reports.read_flat(file, charset, report.marketplace.code)
        found = _found(work, report, orders)
        here = _check_whose(report, found)
        _ask_for_missing(work, report, found)
        _ask_for_differing(work, report, found)
        if found.unreadable:
            raise Unreadable(f"{found.unreadable} of its orders cannot be read.")
        _check_all(found, here)
    AmazonReport.objects.filter(pk=report.pk).update(compared_at=clock.now())


def _found(work: Work, report: AmazonReport, orders: Iterator[ReportedOrder]) -> Found:
    found = Found()
    for some in chunks(orders, ORDERS_PER_CHUNK):
        work.lease.check()
        known = _known(work.account, {order.number for order in some})
        for order in some:
            _look_at(order, known.get(order.number), report, found)
        work.run.count("reported", len(some))
        work.progress(len(some))
    return found


def _known(account: SellerAccount, numbers: set[str]) -> dict[str, AmazonOrder]:
    """Our rows of these orders that Amazon has shown, with their units."""
    rows = AmazonOrder.objects.filter(account=account, number__in=numbers).exclude(never_shown())
    return {row.number: row for row in _with_units(rows)}


def _with_units(rows: QuerySet[AmazonOrder]) -> QuerySet[AmazonOrder, AmazonOrder]:
    return rows.defer("document").annotate(units=Coalesce(Sum("lines__quantity"), 0))


def never_shown() -> Q:
    """Orders that only a report has told of."""
    return Q(updated_at=None, fingerprint="", reason_code=Code.REPORTED)


def _look_at(
    order: ReportedOrder, row: AmazonOrder | None, report: AmazonReport, found: Found
) -> None:
    if not order.number:
        found.unreadable += 1
    elif row is None:
        if not is_of_other_channel(order):
            found.missing[order.number] = _may_take_units(order)
    else:
        if _is_of(row, report):
            found.met.add(row.pk)
        if row.reason_code not in UNREAD:
            _note_differences(order, row, found)


def _note_differences(order: ReportedOrder, row: AmazonOrder, found: Found) -> None:
    found.compared += 1
    if differs := differences(order, known_order(row)):
        found.kinds.update(message.code for message in differs)
        if len(found.differing) < MOST_DIFFERENCES:
            found.differing[order.number] = (order, differs)


def _is_of(row: AmazonOrder, report: AmazonReport) -> bool:
    """Whether the report has to show this row: it is of its marketplace and of its time."""
    assert report.data_since is not None
    assert report.data_until is not None
    at = row.updated_at
    return (
        row.marketplace == report.marketplace.code
        and at is not None
        and report.data_since <= at <= report.data_until
    )


def known_order(row: AmazonOrder) -> KnownOrder:
    """A row with its ``units``, as the rules compare it."""
    return KnownOrder(
        row.status,
        vars(row)["units"],
        None if row.total is None else Money(row.total, row.currency),
        row.cancellation_requested,
        row.updated_at,
    )


def changed_in(report: AmazonReport) -> QuerySet[AmazonOrder]:
    """The orders that are here and that a report of this time has to show."""
    return AmazonOrder.objects.filter(
        account=report.account_id,
        marketplace=report.marketplace.code,
        updated_at__gte=report.data_since,
        updated_at__lte=report.data_until,
    )


def _check_whose(report: AmazonReport, found: Found) -> int:
    """How many orders are here that a report has to show.

    Raises Unreadable for one that lacks most of them, be they few. An order for which Amazon named
    no id is in no report under the name that it has here.
    """
    here = changed_in(report).exclude(number__startswith=WITHOUT_ID).count()
    if len(found.met) * 2 < here:
        raise Unreadable(
            f"It shows {len(found.met)} of the {here} orders that changed in its time: it is "
            "short, or another account's; nothing of it was believed."
        )
    return here


def _check_all(found: Found, here: int) -> None:
    """Raises Unreadable for a report that lacks more of what is here than reports leave out."""
    lacking = here - len(found.met)
    if lacking > max(1, here // LEFT_OUT):
        raise Unreadable(
            f"It lacks {lacking} of the {here} orders that changed in its time, so others may be "
            "missing from it, too: it proves nothing."
        )


# --- What is missing ------------------------------------------------------------------------------


def _ask_for_missing(work: Work, report: AmazonReport, found: Found) -> None:
    """Give each an empty row from which Amazon is asked for it. What may hold units of the shop
    lets no quantity rise until it is known which."""
    for some in chunks(found.missing.items(), ORDERS_PER_CHUNK):
        rows = [_row_of(work.account, number, takes) for number, takes in some]
        with transaction.atomic():
            work.lease.check()
            AmazonOrder.objects.bulk_create(rows, ignore_conflicts=True)
        for row in rows:
            _say(work, report, row.number, Message(Code.REPORTED))
    if found.missing:
        work.run.count("missing", len(found.missing))


def _may_take_units(order: ReportedOrder) -> bool:
    """Whether it may be sold out of the shop's stock; one of which nothing is known may."""
    statuses = statuses_of(order.status)
    by_amazon = order.fulfilled_by.lower().startswith("amazon")
    return not by_amazon and not (statuses and statuses <= _TAKES_NOTHING)


def _row_of(account: SellerAccount, number: str, takes_units: bool) -> AmazonOrder:
    why, now = Message(Code.REPORTED), clock.now()
    return AmazonOrder(
        account=account,
        number=number,
        state=OrderState.SEEN,
        reason_code=why.code,
        reason=str(why),
        takes_stock=takes_units,
        units_unknown_since=now if takes_units else None,
        ask_at=now,
    )


# --- What differs ---------------------------------------------------------------------------------


def _ask_for_differing(work: Work, report: AmazonReport, found: Found) -> None:
    """Have Amazon asked for each, but for what the report says of most orders: that is its way."""
    odd = _its_own_way(work, report, found)
    believed = {
        number: (order, kept)
        for number, (order, differs) in found.differing.items()
        if (kept := [message for message in differs if message.code not in odd])
    }
    for numbers in chunks(believed, ORDERS_PER_CHUNK):
        with transaction.atomic():
            work.lease.check()
            rows = AmazonOrder.objects.filter(account=work.account, number__in=numbers, ask_at=None)
            rows.update(ask_at=clock.now(), tries=0)
    for number, (order, kept) in believed.items():
        _say(work, report, number, *kept, Message(Code.REPORT_ASKED), values=_values_of(order))
    if believed:
        work.run.count("differing", len(believed))


def _its_own_way(work: Work, report: AmazonReport, found: Found) -> set[str]:
    """The kinds of differences that most orders have, each of which is told once."""
    odd = {
        code for code, number in found.kinds.items() if number > FEW and number * 2 > found.compared
    }
    for code in sorted(odd):
        words = _first_of(code, found.differing.values())
        number = found.kinds[code]
        said = Message(Code.REPORT_ODD, count=number, all=found.compared, words=words)
        _say(work, report, "", said)
    return odd


def _first_of(code: str, differing: Iterable[tuple[ReportedOrder, list[Message]]]) -> str:
    """One of the sentences of this kind."""
    every = (message for _order, differs in differing for message in differs)
    return next((str(message) for message in every if message.code == code), code)


def _say(
    work: Work, report: AmazonReport, number: str, *said: Message, values: FieldValues | None = None
) -> None:
    work.line(
        Outcome.WAITING,
        order_number=number,
        marketplace=report.marketplace.code,
        code=said[0].code,
        message=in_english(said),
        values=values or {},
    )


def _values_of(order: ReportedOrder) -> FieldValues:
    """What the report says, as a line keeps it until Amazon's answer is there; of no buyer."""
    return {
        "reported": [
            {
                "status": order.status,
                "updated": order.updated.isoformat() if order.updated else "",
                "quantity": order.quantity,
                "currency": order.currency,
                "goods": None if order.goods is None else str(order.goods),
                "tax": str(order.tax),
                "discount": str(order.discount),
                "wish": order.wants_cancellation,
            }
        ]
    }


def _order_of(line: RunLine) -> ReportedOrder:
    """What ``_values_of`` made this of."""
    kept: Any = line.values["reported"]
    [said] = kept
    quantity = said["quantity"]
    return ReportedOrder(
        line.order_number,
        status=said["status"],
        updated=datetime.fromisoformat(said["updated"]) if said["updated"] else None,
        lines=() if quantity is None else (ReportedLine("", "", quantity),),
        currency=said["currency"],
        goods=None if said["goods"] is None else Decimal(said["goods"]),
        tax=Decimal(said["tax"]),
        discount=Decimal(said["discount"]),
        wants_cancellation=said["wish"],
    )


def say_what_still_differs(work: Work) -> None:
    """Tell staff of the differences of this run that Amazon's answer did not mend.

    An order that changed since the report has its own news.
    """
    work.save_lines()
    lines = RunLine.objects.filter(run=work.run, outcome=Outcome.WAITING).exclude(values={})
    for some in chunks(in_pages(lines), ORDERS_PER_CHUNK):
        rows = AmazonOrder.objects.filter(
            account=work.account, number__in={line.order_number for line in some}, ask_at=None
        )
        known = {row.number: row for row in _with_units(rows)}
        for line in some:
            row, order = known.get(line.order_number), _order_of(line)
            if row is None or _is_newer(row, order):
                continue
            if differs := differences(order, known_order(row)):
                said = [*differs, Message(Code.REPORT_DIFFERS)]
                work.line(
                    Outcome.DRIFTED,
                    order_number=line.order_number,
                    marketplace=line.marketplace,
                    code=differs[0].code,
                    message=in_english(said),
                )


def _is_newer(row: AmazonOrder, order: ReportedOrder) -> bool:
    if row.updated_at is None or order.updated is None:
        return False
    return row.updated_at.replace(microsecond=0) > order.updated.replace(microsecond=0)


def not_shown(run: SyncRun) -> QuerySet[AmazonOrder]:
    """The orders of which reports told, that Amazon has not shown yet and is still asked for."""
    waiting = AmazonOrder.objects.filter(never_shown(), account=run.account_id)
    return waiting.filter(state=OrderState.SEEN, ask_at__isnull=False).defer("document")
