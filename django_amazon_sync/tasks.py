"""What Celery runs: one task per job, and ``tick``, the one entry of beat, which starts them.

A task's argument is the primary key of a sync run. The row holds the progress, so a task that
comes twice is harmless: the second finds its run begun. A project without a broker needs none of
this: ``amazon_tick`` does in its own process what ``tick`` does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import chain

from celery import Task, current_app, shared_task
from django.db import transaction
from django.utils.translation import gettext
from kombu import Connection
from kombu.exceptions import OperationalError

from django_amazon_sync import clock
from django_amazon_sync.errors import Halted
from django_amazon_sync.models import Job, RunState, SellerAccount, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.housekeeping import keep_house
from django_amazon_sync.sync.queue import SLICE, Slice, Waiting

__all__ = [
    "confirm_shipments",
    "export_listings",
    "import_listings",
    "import_orders",
    "match_offers",
    "reconcile_orders",
    "send_changes",
    "settle_feeds",
    "take_over_values",
    "tick",
    "verify_listings",
]

logger = logging.getLogger("django_amazon_sync.tasks")

#: Seconds that a broker has to answer: somebody may be looking at a button.
BROKER_TIMEOUT = 2.0

#: Seconds that workers have to answer.
ANSWERS_WITHIN = 1.0

#: What a broker raises that is away, or that the settings describe wrongly (no such transport, a
#: sentinel without master_name, a package that is not installed, a queue that may not be made).
NO_BROKER = (OperationalError, OSError, ImportError, LookupError, ValueError)

#: Seconds after which a message that no worker came to is void. The ticks until then have sent
#: others for the same run, in the order of who waits by now.
EXPIRES = SLICE


@shared_task
def export_listings(run_pk: int) -> None:
    """Send what differs from what Amazon has."""
    _perform(run_pk)


@shared_task
def send_changes(run_pk: int) -> None:
    """Send the offers that changed in the shop."""
    _perform(run_pk)


@shared_task
def verify_listings(run_pk: int) -> None:
    """Read back what is live on Amazon."""
    _perform(run_pk)


@shared_task
def import_orders(run_pk: int) -> None:
    """Fetch Amazon's orders and place them in the shop."""
    _perform(run_pk)


@shared_task
def reconcile_orders(run_pk: int) -> None:
    """Hold the orders that are here against Amazon's reports of them."""
    _perform(run_pk)


@shared_task
def confirm_shipments(run_pk: int) -> None:
    """Tell Amazon of the parcels that the shop sent."""
    _perform(run_pk)


@shared_task
def settle_feeds(run_pk: int) -> None:
    """Read what Amazon made of feeds."""
    _perform(run_pk)


@shared_task
def import_listings(run_pk: int) -> None:
    """Take in what the account has on Amazon already."""
    _perform(run_pk)


@shared_task
def match_offers(run_pk: int) -> None:
    """Link the shop's offers to what the account has on Amazon already."""
    _perform(run_pk)


@shared_task
def take_over_values(run_pk: int) -> None:
    """Take chosen values over from Amazon into the shop."""
    _perform(run_pk)


@shared_task
def tick() -> None:
    """Start what is due: changed offers, runs that were asked for, schedules; then the chores."""
    for run in jobs.due_runs():
        start(run)
    keep_house()


TASKS: Mapping[Job, Task[[int], None]] = {
    Job.EXPORT: export_listings,
    Job.CHANGES: send_changes,
    Job.VERIFY: verify_listings,
    Job.IMPORT_ORDERS: import_orders,
    Job.RECONCILE: reconcile_orders,
    Job.CONFIRM_SHIPMENTS: confirm_shipments,
    Job.SETTLE: settle_feeds,
    Job.IMPORT_LISTINGS: import_listings,
    Job.MATCH: match_offers,
    Job.TAKE_OVER: take_over_values,
}


def start(run: SyncRun) -> bool:
    """Hand a queued run to a worker, once the caller's transaction is committed.

    False where no broker is configured or none answers; then the run stays queued, and the next
    ``tick`` or ``amazon_tick`` does it. Answers within about three seconds. Where the project lets
    Celery run tasks at once (``task_always_eager``), the run is done here, and no broker is asked.
    """
    if current_app.conf.task_always_eager:
        transaction.on_commit(partial(_do_at_once, run), using=run._state.db, robust=True)
        return True
    if not _broker_answers():
        return False
    transaction.on_commit(partial(_enqueue, run), using=run._state.db, robust=True)
    return True


def _do_at_once(run: SyncRun) -> None:
    with suppress(Halted):  # another worker began it a moment ago
        jobs.perform(run)


def without_broker() -> bool:
    """Whether the project has no broker, so that nobody but its own requests can do the work."""
    return not current_app.conf.broker_write_url


def why_no_worker() -> str:
    """Why nobody takes what is queued at this moment, for staff; empty where a worker answers, or
    the project has no broker. Takes about a second, so it is asked where a connection is checked.

    A worker that does one task at a time answers no one while it does.
    """
    if without_broker() or current_app.conf.task_always_eager:
        return ""
    try:
        with _broker() as broker:
            broker.ensure_connection(max_retries=0)
            answers = current_app.control.ping(timeout=ANSWERS_WITHIN, limit=1, connection=broker)
    except NO_BROKER as fault:
        logger.warning("The broker does not answer: %s", fault)
        return gettext("Celery's broker does not answer: runs wait until it does.")
    if answers:
        return ""
    return gettext(
        "No Celery worker answers: runs wait until one is started, or until the one that works "
        "alone has done its task."
    )


def work_off(account: SellerAccount, run: SyncRun, seconds: float) -> None:
    """Do a run here and now, then what else is due of its account, as long as the time lasts.

    A run that needs longer is queued again, and goes on from its rows when it is asked for.
    """
    end = clock.monotonic() + seconds

    def over() -> bool:
        return clock.monotonic() >= end

    for due_run in chain([run], jobs.due_runs([account])):
        with suppress(Halted):  # another request began it a moment ago
            jobs.perform(due_run, slice_over=over)
        if over():
            return


def _perform(run_pk: int) -> None:
    run = SyncRun.objects.filter(pk=run_pk, state=RunState.QUEUED).first()
    if run is None or (run.not_before and run.not_before > clock.now()):
        logger.info("Run %s was begun by another worker, or has to wait.", run_pk)
        return
    try:
        jobs.perform(run, slice_over=Slice(Waiting()))
    except Halted as reason:  # another worker began it a moment ago
        logger.info("%s", reason)
        return
    if run.state == RunState.QUEUED and run.not_before and run.not_before <= clock.now():
        tick()  # it gave way to others, which need not wait for beat


def _enqueue(run: SyncRun) -> None:
    try:
        with _broker() as broker:
            producer = current_app.amqp.Producer(broker, auto_declare=False)
            TASKS[Job(run.job)].apply_async(
                (run.pk,), producer=producer, retry=False, expires=EXPIRES
            )
    except NO_BROKER as fault:
        logger.warning("Run %s stays queued, as the broker does not answer: %s", run.pk, fault)


def _broker_answers() -> bool:
    if without_broker():
        return False
    try:
        with _broker() as broker:
            broker.ensure_connection(max_retries=0)
    except NO_BROKER as fault:
        logger.warning("The broker does not answer, so the run stays queued: %s", fault)
        return False
    return True


def _broker() -> Connection:
    """A connection that gives up soon; Redis reads its timeouts from the transport's options."""
    return current_app.connection_for_write(
        connect_timeout=BROKER_TIMEOUT,
        transport_options={
            "max_retries": 0,
            "socket_connect_timeout": BROKER_TIMEOUT,
            "socket_timeout": BROKER_TIMEOUT,
        },
    )
