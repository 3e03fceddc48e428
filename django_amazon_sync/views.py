"""What others than staff call: the cron key's addresses, for hosts without workers or cron.

The answer comes first. Where the project has no broker, the same process then does the run, and
what else is due of the account, for some seconds; what is not done by then goes on with the next
call. Then it keeps house, as a tick does: alarms are told and what is old is deleted wherever the
key is all that calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from django_amazon_sync import tasks
from django_amazon_sync.models import (
    BRING_ORDERS_IN,
    DEFAULT_PERIODS,
    AccountState,
    Job,
    RunState,
    SellerAccount,
    Starter,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts import cron_key
from django_amazon_sync.sync.housekeeping import keep_house

logger = logging.getLogger("django_amazon_sync.views")

#: Seconds that a call works after its answer: servers stop a worker that is away for 30.
WORKS_FOR = 20.0


class AnswerThenWork(JsonResponse):
    """An answer after which there is work to do; Django closes it once it is on its way."""

    work: Callable[[], None] | None = None

    def close(self) -> None:
        work, self.work = self.work, None
        if work is not None:
            work()  # before the database is let go
        super().close()


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def cron(request: HttpRequest, pk: int, job: str) -> HttpResponse:
    """Start a job of an account: 202 with the run's id, 403 where anything is not right."""
    account = cron_key.account_of(
        pk, request.headers.get(cron_key.HEADER) or request.GET.get("key", "")
    )
    if account is None:
        return _forbidden()
    answer = _started(account, job) if _is_scheduled(account, job) else _forbidden()
    answer.work = partial(_in_order, answer.work, keep_house)
    return answer


def _forbidden() -> AnswerThenWork:
    return AnswerThenWork({"error": "forbidden"}, status=403)


def _started(account: SellerAccount, job: str) -> AnswerThenWork:
    """The answer about a run of this job; where nobody else does it, the run is done after it."""
    run = jobs.request_once(account, Job(job), started_by=Starter.CRON_KEY)
    answer = AnswerThenWork({"run": run.pk, "state": run.state}, status=202)
    if run.state == RunState.QUEUED:
        if tasks.without_broker():
            answer.work = partial(_work, account, run)
        else:
            tasks.start(run)
    return answer


def _in_order(*acts: Callable[[], object] | None) -> None:
    for act in acts:
        if act is not None:
            act()


def _is_scheduled(account: SellerAccount, job: str) -> bool:
    """Whether the job is one that runs by itself, for an account that is connected."""
    if account.state == AccountState.DISCONNECTED:
        logger.info("The cron key of account %s was used, but it is disconnected.", account.pk)
        return False
    if job in BRING_ORDERS_IN and not account.import_orders:
        logger.info("The cron key of account %s was used, but imports are off.", account.pk)
        return False
    return job in DEFAULT_PERIODS


def _work(account: SellerAccount, run: SyncRun) -> None:
    """Nobody waits for this, so a fault goes to the log."""
    try:
        tasks.work_off(account, run, WORKS_FOR)
    except Exception:
        logger.exception("Run %s, asked for by cron key, failed.", run.pk)
