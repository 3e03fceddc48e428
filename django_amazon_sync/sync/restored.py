"""After a backup was restored, the rows are older than Amazon: nothing of them is believed.

The account observes until somebody releases it again. Its listings are read anew before anything
is compared; what was on its way by these rows was answered long ago, or never left. Orders need
nothing: the windows of the backup's time are the ones from which the search goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from django_amazon_sync import clock
from django_amazon_sync.models import (
    OPEN_STATES,
    AccountState,
    OrderWindow,
    SellerAccount,
    Submission,
    SubmissionItem,
    SubmissionState,
    WindowState,
)
from django_amazon_sync.sync.listings import state

REASON = "A backup was restored: see with a dry run what would be sent, then release the account."


@dataclass(frozen=True)
class Restored:
    """How many listings are read anew, and how many submissions count as silent."""

    listings: int
    submissions: int


def restore(account: SellerAccount) -> Restored:
    """Believe nothing of the account's rows; it observes, unless it was cut off before. It may be
    done twice."""
    if account.state != AccountState.DISCONNECTED:
        account.move(AccountState.OBSERVING, state_reason=REASON)
    with transaction.atomic():
        windows = OrderWindow.objects.filter(account=account, state=WindowState.OPEN)
        windows.update(page_token="")
        submissions = Submission.objects.filter(account=account, state__in=OPEN_STATES)
        silent = list(submissions.values_list("pk", flat=True))
        number = submissions.filter(pk__in=silent).update(
            state=SubmissionState.FAILED, reason=REASON, settled_at=clock.now()
        )
        SubmissionItem.objects.filter(submission__in=silent).update(settled=True)
    return Restored(state.restored(account), number)
