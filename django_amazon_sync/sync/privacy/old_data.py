"""Amazon's data that name nobody: what is older than AMAZON_DATA_DAYS is deleted.

An order's own row stays, with its number, total and lines: it is the shop's record of a sale, and
what keeps the order from being placed twice. Listings stay too, as they are about today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Model, QuerySet

from django_amazon_sync import clock, conf
from django_amazon_sync.models import (
    OPEN_STATES,
    AmazonOrder,
    AmazonReport,
    OrderState,
    PersonalDataView,
    SellerAccount,
    Submission,
    SubmissionItem,
    TaxRecord,
)
from django_amazon_sync.sync.runs.database_clock import databases_now

#: Rows that one statement deletes, and one round.
ROWS_PER_STATEMENT, ROWS_PER_ROUND = 1000, 100_000


def forget_old_data() -> None:
    """The chore: what is too old of all accounts, who saw buyers' data too long ago, and buyers
    whose time for tax law is over."""
    accounts = list(SellerAccount.objects.values_list("pk", flat=True))
    forget(accounts, _days_ago("AMAZON_DATA_DAYS"))
    _delete(PersonalDataView.objects.filter(at__lt=_days_ago("VIEWS_KEPT_DAYS")))
    # A host's clock that is ahead deletes nothing too soon: nothing would bring it back.
    now = min(clock.now(), databases_now())
    _delete(TaxRecord.objects.filter(kept_until__lte=now))


def _days_ago(setting: str) -> datetime:
    return clock.now() - timedelta(days=float(str(conf.get(setting))))


def forget(accounts: Iterable[int], before: datetime) -> Counter[str]:
    """Delete what Amazon gave these accounts (pk) before that; how many rows of what."""
    pks = list(accounts)
    sent = Submission.objects.filter(account__in=pks, created_at__lt=before)
    sent = sent.exclude(state__in=OPEN_STATES)
    return Counter(
        reports=_delete(AmazonReport.objects.filter(account__in=pks, asked_at__lt=before)),
        submission_items=_delete(SubmissionItem.objects.filter(submission__in=sent)),
        submissions=_delete(sent),
        documents=_empty_documents(pks, before),
    )


def _empty_documents(accounts: list[int], before: datetime) -> int:
    """Empty the documents of erased orders of which the shop knows all; how many."""
    over = AmazonOrder.objects.filter(
        account__in=accounts,
        erased_at__isnull=False,
        state__in=(OrderState.PLACED, OrderState.CANCELLED),
        told_at__gte=F("updated_at"),
        updated_at__lt=before,
    )
    return over.exclude(document={}).update(document={})


def _delete(rows: QuerySet[Model]) -> int:
    """Delete these rows by some at a time, and not more than a round may; how many."""
    number = 0
    pks = rows.order_by("pk").values_list("pk", flat=True)
    while number < ROWS_PER_ROUND and (some := list(pks[:ROWS_PER_STATEMENT])):
        number += rows.model._default_manager.filter(pk__in=some).delete()[0]
    return number
