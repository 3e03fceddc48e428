"""Amazon's data that name nobody: what is older than AMAZON_DATA_DAYS is deleted.

An order's own row stays, with its number, total and lines: it is the shop's record of a sale, and
what keeps the order from being placed twice. Listings stay too, as they are about today, with the
last ten prices and quantities that were sent of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

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
from django_amazon_sync.sync.offers.fields import PRICE, QUANTITY
from django_amazon_sync.sync.runs.database_clock import databases_now

#: Rows that one statement deletes, and one round.
ROWS_PER_STATEMENT, ROWS_PER_ROUND = 1000, 100_000

#: So many prices, and quantities, of each listing stay however old they are.
LAST_KEPT = 10


def forget_old_data() -> None:
    """The chore: what is too old of all accounts, who saw buyers' data too long ago, and buyers
    whose time for tax law is over."""
    accounts = list(SellerAccount.objects.values_list("pk", flat=True))
    forget(accounts, _days_ago("AMAZON_DATA_DAYS"), but_the_last=True)
    _delete(PersonalDataView.objects.filter(at__lt=_days_ago("VIEWS_KEPT_DAYS")))
    # A host's clock that is ahead deletes nothing too soon: nothing would bring it back.
    now = min(clock.now(), databases_now())
    _delete(TaxRecord.objects.filter(kept_until__lte=now))


def _days_ago(setting: str) -> datetime:
    return clock.now() - timedelta(days=float(str(conf.get(setting))))


def forget(
    accounts: Iterable[int], before: datetime, *, but_the_last: bool = False
) -> Counter[str]:
    """Delete what Amazon gave these accounts (pk) before that; how many rows of what.

    ``but_the_last``: the last prices and quantities of each listing stay.
    """
    pks = list(accounts)
    sent = Submission.objects.filter(account__in=pks, created_at__lt=before)
    sent = sent.exclude(state__in=OPEN_STATES)
    items = SubmissionItem.objects.filter(submission__in=sent)
    if but_the_last:
        items = items.exclude(_among_the_last(PRICE) | _among_the_last(QUANTITY))
    left = SubmissionItem.objects.filter(submission=OuterRef("pk"))
    return Counter(
        reports=_delete(AmazonReport.objects.filter(account__in=pks, asked_at__lt=before)),
        submission_items=_delete(items),
        submissions=_delete(sent.filter(~Exists(left))),
        documents=_empty_documents(pks, before),
    )


def _among_the_last(name: str) -> Q:
    """Items that carry this field, among the last of their listings that do."""
    alike = SubmissionItem.objects.filter(listing=OuterRef("listing"), values__has_key=name)
    tenth = alike.order_by("-pk").values("pk")[LAST_KEPT - 1 : LAST_KEPT]
    return Q(values__has_key=name) & Q(pk__gte=Coalesce(Subquery(tenth), 0))


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
    number, last = 0, 0
    pks = rows.order_by("pk").values_list("pk", flat=True)
    # What stays of a table is passed once, and not again with each statement.
    while number < ROWS_PER_ROUND and (some := list(pks.filter(pk__gt=last)[:ROWS_PER_STATEMENT])):
        number += rows.model._default_manager.filter(pk__in=some).delete()[0]
        last = some[-1]
    return number
