"""What wants staff: each kind begins and ends at its own moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_amazon_sync.models import (
    AccountState,
    Alarm,
    AmazonReport,
    Job,
    Marketplace,
    OrderWindow,
    Schedule,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.alerts import alarms, attention
from django_amazon_sync.sync.alerts.attention import MatterKind
from django_amazon_sync.testing.factories import MarketplaceFactory, SyncRunFactory
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts.raising import (
    approval,
    kinds,
    orders_stale,
    quarantine,
    ship_by,
    stopped,
)

pytestmark = pytest.mark.django_db


def test_an_application_of_ones_own_needs_no_new_authorisation(account: SellerAccount) -> None:
    SellerAccount.objects.update(authorised_on=timezone.localdate() - timedelta(days=364))
    alarms.ring()
    assert kinds() == set()


def test_orders_are_stale_from_the_setting_on(account: SellerAccount, settings: Any) -> None:
    OrderWindow.objects.update(end=timezone.now() - timedelta(minutes=10))
    alarms.ring()
    assert kinds() == set()
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ORDERS_STALE": 300}
    alarms.ring()
    assert kinds() == {"orders_stale"}
    SellerAccount.objects.update(import_orders=False)
    alarms.ring()
    assert kinds() == set()


def compares(account: SellerAccount) -> None:
    Schedule.objects.update_or_create(
        account=account, job=Job.RECONCILE, defaults={"every": timedelta(days=1), "active": True}
    )


@pytest.mark.parametrize("proven", [True, False])
def test_a_proof_that_stands_still_for_days_is_told(account: SellerAccount, proven: bool) -> None:
    """Also where one store was proven lately, and another one never."""
    compares(account)
    account.marketplaces.update(orders_proven_until=timezone.now(), orders_proven_by="50012")
    store = MarketplaceFactory.create(account=account, code="A13V1IB3VIYZZH")

    def stands(days: float) -> set[str]:
        then = timezone.now() - timedelta(days=days)
        if proven:
            Marketplace.objects.filter(pk=store.pk).update(orders_proven_until=then)
        else:
            AmazonReport.objects.all().delete()
            span = {"data_since": then - timedelta(days=1), "data_until": then}
            AmazonReport.objects.create(
                account=account, marketplace=store, report_type="X", asked_at=then, **span
            )
        alarms.ring()
        return set(Alarm.objects.filter(mended_at=None).values_list("key", flat=True))

    assert stands(2) == set()
    assert stands(4) == {"proof"}
    [said] = [one.sentence for one in attention.matters(SellerAccount.objects.all())[account.pk]]
    assert "have not been held against Amazon's report since" in said
    assert stands(1) == set()
    Schedule.objects.update(every=timedelta(days=7))
    assert stands(20) == set()
    assert stands(22) == {"proof"}
    Schedule.objects.update(active=False)
    assert stands(40) == set()


def test_of_a_deactivated_account_nothing_is_told(account: SellerAccount) -> None:
    quarantine(account)
    account.move(AccountState.DISCONNECTED, state_reason="Retired.", deactivated=True)
    alarms.ring()
    assert kinds() == set()
    account.move(AccountState.OBSERVING)
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    alarms.ring()
    assert kinds() == {"disconnected", "quarantine"}


def test_a_reading_takes_as_many_queries_for_many_accounts(account: SellerAccount) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            attention.matters(SellerAccount.objects.all())
        return len(captured)

    few = queries()
    for _ in range(20):
        other = LiveAccountFactory.create()
        for raised in (quarantine, ship_by, orders_stale, approval):
            raised(other)
    assert queries() == few
    assert few <= 23


def test_every_kind_has_an_article() -> None:
    assert set(attention.ARTICLES) == set(MatterKind)


def test_runs_that_nobody_begins_want_a_worker(account: SellerAccount) -> None:
    run = SyncRunFactory.create(account=account, state="queued", started_at=None, finished_at=None)
    found = attention.matters(SellerAccount.objects.all())
    assert found == {}
    later = timezone.now() + timedelta(minutes=16)
    OrderWindow.objects.update(end=later)
    [matter] = attention.matters(SellerAccount.objects.all(), now=later)[account.pk]
    assert matter.kind == MatterKind.STUCK
    first = SyncRunFactory.create(account=account, job=run.job, state="running")
    assert attention.matters(SellerAccount.objects.all(), now=later) == {}  # it comes after that
    first.finish()
    run.postpone(later, reason_code="throttled", reason="")


def stopping(account: SellerAccount, now: datetime) -> list[str]:
    """What is told of jobs whose runs stop."""
    OrderWindow.objects.update(end=now)
    found = attention.matters(SellerAccount.objects.all(), now=now).get(account.pk, [])
    return [matter.sentence for matter in found if matter.kind == MatterKind.STOPPING]


def test_runs_that_stop_round_after_round_are_a_fault(account: SellerAccount) -> None:
    now = timezone.now()
    for day in range(3):
        at = now + timedelta(days=day)
        stopped(account, at)
        assert len(stopping(account, at + timedelta(minutes=40))) == (day > 0)
    assert stopping(account, at + timedelta(hours=23)) == [
        "Import listings: 3 runs stopped one after the other. Redis does not answer."
    ]
    SyncRunFactory.create(account=account, job=Job.IMPORT_LISTINGS, whole=True, finished_at=at)
    assert stopping(account, at + timedelta(hours=23)) == []


def test_what_is_no_fault_of_a_job_is_none(account: SellerAccount) -> None:
    """Staff paused it; Amazon refuses access, which is told; some SKUs only; a try."""
    now = timezone.now()
    for columns in (
        {"reason_code": "halted"},
        {"reason_code": "unauthorized"},
        {"options": {"skus": ["MUG"]}, "whole": False},
        {"dry_run": True, "whole": False},
    ):
        for _ in range(3):
            stopped(account, now, **columns)
        assert stopping(account, now + timedelta(hours=1)) == [], columns
        SyncRun.objects.all().delete()
    stopped(account, now)
    stopped(account, now + timedelta(minutes=5))
    assert stopping(account, now + timedelta(minutes=6)) == [], "an outage of some minutes"
    run = SyncRunFactory.create(
        account=account, job=Job.IMPORT_LISTINGS, options={"skus": ["MUG"]}, finished_at=now
    )
    assert run.pk
    assert len(stopping(account, now + timedelta(hours=1))) == 1, "a part is not the whole"
    assert stopping(account, now + timedelta(days=9)) == [], "nobody has tried since"


@pytest.mark.parametrize("job", [Job.VERIFY, Job.TAKE_OVER, Job.EXPORT])
def test_what_goes_well_with_chosen_skus_ends_no_alarm_about_all(
    account: SellerAccount, job: Job
) -> None:
    """However they were chosen, and though such a run keeps how far it is."""
    now = timezone.now()
    for minutes in (0, 5):
        stopped(account, now + timedelta(minutes=minutes), job=job)
    by_query = SellerSku.objects.filter(account=account)
    for chosen in (["MUG"], by_query):
        run = jobs.request(account, job, options={"skus": chosen})
        assert run.start()
        run.options["so_far"] = 1
        run.save(update_fields=["options"])
        run.finish()
    assert len(stopping(account, now + timedelta(hours=1))) == 1
    run = jobs.request(account, job)
    assert run.start()
    run.finish()
    assert stopping(account, now + timedelta(hours=1)) == []
