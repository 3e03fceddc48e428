"""What wants staff: each kind begins and ends at its own moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_amazon_sync.models import AccountState, OrderWindow, SellerAccount
from django_amazon_sync.sync.alerts import alarms, attention
from django_amazon_sync.sync.alerts.attention import MatterKind
from django_amazon_sync.testing.factories import SyncRunFactory
from tests.factories_amazon import LiveAccountFactory
from tests.sync.alerts.raising import approval, kinds, orders_stale, quarantine, ship_by

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
    assert few <= 17


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
    run.postpone(later, reason_code="throttled", reason="")
