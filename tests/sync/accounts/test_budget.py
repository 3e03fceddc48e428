"""How far a run is and what it may ask, as people read it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from django_amazon_sync.amazon.limits import Budget
from django_amazon_sync.models import Job, SyncRun
from django_amazon_sync.sync.accounts.budget import (
    OPERATIONS,
    budgets_of,
    budgets_of_accounts,
    how_far,
)
from django_amazon_sync.testing.factories import SyncRunFactory
from tests.factories_amazon import LiveAccountFactory

pytestmark = pytest.mark.django_db


def test_every_job_names_what_it_asks_for() -> None:
    assert set(OPERATIONS) == set(Job)


def test_a_run_may_ask_for_the_operations_of_its_job() -> None:
    run = SyncRunFactory.create(account=LiveAccountFactory.create(), job=Job.IMPORT_ORDERS)
    found = budgets_of(run)
    assert [budget.operation for budget in found] == ["searchOrders", "getOrder"]
    assert all(budget.rate > 0 for budget in found)


def test_many_accounts_are_asked_for_at_once() -> None:
    one, other = LiveAccountFactory.create(), LiveAccountFactory.create()
    found = budgets_of_accounts([one, other], ["searchOrders"], time.time())
    assert set(found) == {one.pk, other.pk}
    assert [budget.operation for budget in found[other.pk]] == ["searchOrders"]


def far(permitted: list[Budget], **columns: Any) -> str:
    return how_far(SyncRun(job=Job.EXPORT, **columns), permitted)


def test_before_a_run_knows_its_work_it_says_nothing() -> None:
    assert far(budgets_of(SyncRunFactory.create(account=LiveAccountFactory.create()))) == ""


def test_it_tells_what_is_done_what_is_permitted_and_the_end() -> None:
    permitted = budgets_of(SyncRunFactory.create(account=LiveAccountFactory.create()))
    noon = timezone.localtime().replace(hour=12, minute=5)
    said = far(permitted, planned=10000, done=3200, finish_expected=noon)
    assert said == (
        f"3,200 of 10,000 done, {permitted[0].rate:g} calls of patchListingsItem a second "
        "permitted, expected to finish at 12:05"
    )


def test_another_day_is_named_and_an_end_that_came_is_not_expected() -> None:
    later = timezone.localtime().replace(hour=12, minute=5) + timedelta(days=2)
    columns = {"planned": 10, "done": 10, "finish_expected": later}
    assert far([], **columns) == f"10 of 10 done, expected to finish at {later:%Y-%m-%d 12:05}"
    assert far([], **columns, finished_at=later) == "10 of 10 done"


def test_it_is_told_in_the_language_of_the_page() -> None:
    with translation.override("de"):
        assert far([], planned=10000, done=3200) == "3.200 von 10.000 erledigt"
