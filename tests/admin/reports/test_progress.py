"""How far a run is, as an open page asks for it: small, never stale, only for who may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_amazon_sync.admin.reports.progress import values_in_words
from django_amazon_sync.data import FieldValue
from django_amazon_sync.models import Outcome, RunState, SyncRun
from django_amazon_sync.testing.factories import RunLineFactory, SyncRunFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.factories_amazon import GERMANY

pytestmark = pytest.mark.django_db


def address_of(run: SyncRun) -> str:
    return reverse("admin:django_amazon_sync_syncrun_state", args=[run.pk])


def test_the_state_says_how_far_the_run_is(staff: Staff) -> None:
    run = SyncRunFactory.create(
        state=RunState.RUNNING,
        finished_at=None,
        planned=200,
        done=50,
        counts={"sent": 50, "in_step": 3},
    )
    RunLineFactory.create(
        run=run, outcome=Outcome.SENT, sku="MUG", marketplace=GERMANY, values={"price": "9.00 EUR"}
    )
    answer = staff.client.get(address_of(run))
    assert "no-store" in answer["Cache-Control"]
    state = answer.json()
    assert (state["state"], state["ended"], state["went_well"]) == ("running", False, None)
    assert (state["planned"], state["done"]) == (200, 50)
    assert state["counts"] == [{"name": "sent", "number": 50}, {"name": "in step", "number": 3}]
    assert state["lines"] == [
        {
            "subject": "MUG",
            "store": "DE",
            "outcome": "sent",
            "values": "price: 9.00 EUR",
            "message": "",
        },
    ]


def test_a_long_run_costs_no_more_than_a_short_one(staff: Staff) -> None:
    def queries(lines: int) -> int:
        run = SyncRunFactory.create()
        for number in range(lines):
            RunLineFactory.create(run=run, sku=f"SKU-{number}")
        with CaptureQueriesContext(connection) as captured:
            state = staff.client.get(address_of(run)).json()
        assert len(state["lines"]) <= 10
        return len(captured)

    assert queries(1) == queries(100)


def test_the_newest_lines_come_first(staff: Staff) -> None:
    run = SyncRunFactory.create()
    for name in ("FIRST", "SECOND"):
        RunLineFactory.create(run=run, sku=name)
    lines = staff.client.get(address_of(run)).json()["lines"]
    assert [line["subject"] for line in lines] == ["SECOND", "FIRST"]


def test_two_sides_of_a_value_are_told_apart() -> None:
    drift: FieldValue = {
        "ours": "36.50 EUR",
        "live": "34.50 EUR",
        "since": "2026-11-30T21:29:35+00:00",
    }
    assert values_in_words({"price": drift}) == "price: 34.50 EUR instead of 36.50 EUR"
    assert values_in_words({"price": {"shop": "9 EUR", "amazon": None}, "quantity": 3}) == (
        "price: 9 EUR → , quantity: 3"
    )


def test_it_needs_the_permission_to_see_runs(staff_with: Callable[..., Staff]) -> None:
    run = SyncRunFactory.create()
    assert staff_with("view_listing").client.get(address_of(run)).status_code == 403


def test_a_partners_people_see_only_their_own_runs(staff_with: Callable[..., Staff]) -> None:
    mine = SyncRunFactory.create(account__shop_scope="warehouse")
    other = SyncRunFactory.create(account__shop_scope="elsewhere")
    packer = staff_with("view_syncrun")
    factories.partner("warehouse").users.add(packer.client.session["_auth_user_id"])
    assert packer.client.get(address_of(mine)).status_code == 200
    assert packer.client.get(address_of(other)).status_code == 404
