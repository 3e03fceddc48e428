"""What a clock that was once ahead left in rows: moments that are too far in the future.

A host resumed from sleep, or a wrong time server, may write that a job is due in a year, that an
offer has been gone since next month, that Amazon accepted a price tomorrow. Whatever compares with
such a moment would wait until then. So each table's moments are looked through, by the database's
clock: what is later than it can be becomes now. Leases, schedules and rate buckets, which come
before this, survive by themselves.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Model, Q

from django_amazon_sync.models import (
    AccessToken,
    Alarm,
    AmazonOrder,
    AmazonReport,
    Lack,
    OfferChange,
    OrderWindow,
    ProductType,
    Proposal,
    RateFetch,
    RunState,
    Schedule,
    SellerSku,
    Shipment,
    Submission,
    SyncRun,
    WindowState,
)
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.orders.windows import OVERLAP
from django_amazon_sync.sync.runs.database_clock import databases_now

logger = logging.getLogger("django_amazon_sync.housekeeping")

#: Hosts' clocks may differ by so much; what happened is dated no later. (What Amazon dates has more
#: play: it is right whatever a host's clock says.)
HAPPENED = timedelta(hours=1)

#: How long pauses are at most, with some play: most are of an hour, a few of a day.
PAUSE, LONG_PAUSE = timedelta(hours=2), timedelta(hours=36)

#: The moments that something waits for or is measured from, with how far ahead they may be.
MOMENTS: tuple[tuple[type[Model], str, timedelta], ...] = (
    (AccessToken, "expires_at", PAUSE),
    (Alarm, "claimed_at", HAPPENED),
    (Alarm, "end_told_at", HAPPENED),
    (Alarm, "mailed_at", HAPPENED),
    (Alarm, "mended_at", HAPPENED),
    (Alarm, "noted_at", HAPPENED),
    (AmazonOrder, "ask_at", LONG_PAUSE),
    (AmazonOrder, "units_unknown_since", HAPPENED),
    (AmazonReport, "asked_at", HAPPENED),
    (AmazonReport, "compared_at", HAPPENED),
    (Lack, "since", HAPPENED),
    (Lack, "again_at", PAUSE),
    (Lack, "works_since", HAPPENED),
    (OfferChange, "at", LONG_PAUSE),
    (OrderWindow, "refused_at", HAPPENED),
    (ProductType, "read_at", HAPPENED),
    (Proposal, "made_at", HAPPENED),
    (RateFetch, "next_at", LONG_PAUSE),
    (SellerSku, "gone_since", HAPPENED),
    (SellerSku, "read_at", HAPPENED),
    (Shipment, "not_before", PAUSE),
    (Shipment, "sent_at", HAPPENED),
    (Submission, "not_before", PAUSE),
    (Submission, "created_at", HAPPENED),
    (Submission, "deadline", PAUSE),
    (Submission, "sent_at", HAPPENED),
    (Submission, "settled_at", HAPPENED),
)


def survive() -> int:
    """Bring back what lies too far ahead; how many rows had such a moment."""
    now = databases_now()
    number = sum(_bring_back(model, column, ahead, now) for model, column, ahead in MOMENTS)
    number += _runs(now) + _schedules(now) + _windows(now)
    number += state.not_after(now, late=now + HAPPENED, long=now + LONG_PAUSE)
    if number:
        logger.warning("A clock was ahead: moments of %s rows were brought back.", number)
    return number


def _bring_back(model: type[Model], column: str, ahead: timedelta, now: datetime) -> int:
    late = model._default_manager.filter(**{f"{column}__gt": now + ahead})
    return late.update(**{column: now})


def _runs(now: datetime) -> int:
    """Runs that have not ended, which are few; what ended is a record."""
    still = SyncRun.objects.filter(state__in=(RunState.QUEUED, RunState.RUNNING))
    columns = {"not_before": PAUSE, "created_at": HAPPENED, "started_at": HAPPENED}
    return sum(
        still.filter(**{f"{column}__gt": now + ahead}).update(**{column: now})
        for column, ahead in columns.items()
    )


def _schedules(now: datetime) -> int:
    """Those that were started in the future are due: staff may have chosen what is due late."""
    late = Schedule.objects.filter(last_started__gt=now + HAPPENED)
    return late.update(last_started=now, next_due=now)


def _windows(now: datetime) -> int:
    """Nothing is complete up to a moment that has not come: it is searched again."""
    late = OrderWindow.objects.filter(Q(start__gt=now + HAPPENED) | Q(end__gt=now + HAPPENED))
    done = Q(state=WindowState.DONE)
    nothing_is_left = Q(start__gt=now + HAPPENED) | Q(swept=True)
    nothing_is_left |= done & Q(start__gt=now + HAPPENED - OVERLAP)
    with transaction.atomic():
        number, _by_model = late.filter(nothing_is_left).delete()
        number += late.filter(done).update(end=F("start") + OVERLAP)
        number += late.exclude(done).update(end=None, page_token="", pages=0)
    return number
