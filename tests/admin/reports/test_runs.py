"""Runs: counts, reason, lines as a list and as a file, and approval."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_amazon_sync import conf
from django_amazon_sync.models import Job, Outcome, RunLine, RunState, Starter, SyncRun
from django_amazon_sync.sync.accounts.connect import limiter_for
from django_amazon_sync.testing.factories import (
    RunLineFactory,
    SellerAccountFactory,
    SyncRunFactory,
)
from tests.admin.conftest import TAKES_ALL, Staff, address
from tests.factories_amazon import GERMANY, ORDERED, LiveAccountFactory

pytestmark = pytest.mark.django_db


def file_of(staff: Staff, run: SyncRun) -> list[list[str]]:
    response = staff.client.get(f"/admin/django_amazon_sync/syncrun/{run.pk}/lines.csv")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(content)))


def test_the_page_shows_counts_with_links_to_their_lines(staff: Staff) -> None:
    run = SyncRunFactory.create(
        counts={"sent": 12, "refused": 2, "looked_at": 100_000},
        reason="Amazon is away.",
        state=RunState.STOPPED,
        options={"skus": ["A"]},
        started_at=ORDERED,
        finished_at=ORDERED + timedelta(seconds=90),
    )
    page = staff.see(SyncRun, run.pk)
    assert f'run__id__exact={run.pk}&amp;outcome__exact=refused">2</a>' in page
    for shown in ("100000", "Amazon is away.", "the next run goes on from there", "0:01:30"):
        assert shown in page, shown
    listed = staff.see(SyncRun)
    assert "12 sent, 2 refused by Amazon, 100000 looked at" in listed
    assert 'icon-no.svg" alt="False"' in listed.split('class="field-good"')[1]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (RunState.QUEUED, "or the command amazon_tick"),
        (RunState.RUNNING, "the next run takes it over"),
        (RunState.DONE, "it is finished"),
        (RunState.STOPPED, "The reason says what stopped it"),
    ],
)
def test_each_state_says_what_happens_next(staff: Staff, state: str, sentence: str) -> None:
    run = SyncRunFactory.create(state=state, started_at=None, finished_at=None)
    assert sentence in staff.see(SyncRun, run.pk)


def test_a_run_that_is_at_work_shows_how_far_it_is_and_its_budget(staff: Staff) -> None:
    finish = timezone.localtime().replace(hour=14, minute=32)
    run = SyncRunFactory.create(
        state=RunState.RUNNING, finished_at=None, planned=10_000, done=3200, finish_expected=finish
    )
    limiter = limiter_for(run.account)
    limiter.learn("patchListingsItem", 7.5)
    limiter.take("createFeed")
    page = staff.see(SyncRun, run.pk)
    assert "3,200 of 10,000 done, expected to finish at 14:32" in page
    rows = page.split("patchListingsItem", 1)[1]
    assert rows.index("7.5") < rows.index("4") < rows.index("createFeed") < rows.index("0.0083")
    assert limiter.budgets(["patchListingsItem"], time.time())[0].available == 4


def test_the_budget_costs_one_query_and_is_not_that_of_runs_that_ended(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    running = SyncRunFactory.create(account=account, state=RunState.RUNNING, finished_at=None)
    ended = SyncRunFactory.create(account=account)
    with CaptureQueriesContext(connection) as with_budget:
        assert "createFeed" in staff.see(SyncRun, running.pk)
    with CaptureQueriesContext(connection) as without:
        assert "createFeed" not in staff.see(SyncRun, ended.pk)
    assert len(with_budget) == len(without) + (0 if conf.get("REDIS_URL") else 1)


def test_while_redis_is_away_the_page_says_so(staff: Staff, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "REDIS_URL": "redis://127.0.0.1:9/0"}
    run = SyncRunFactory.create(state=RunState.QUEUED, started_at=None, finished_at=None)
    assert "Redis does not answer" in staff.see(SyncRun, run.pk)


def test_the_lines_of_a_run_are_a_list_of_their_own(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    run, other = SyncRunFactory.create(account=account), SyncRunFactory.create(account=account)
    RunLineFactory.create(
        run=run,
        outcome=Outcome.REFUSED,
        sku="MINE",
        code="8541",
        message="The value conflicts.",
        marketplace=GERMANY,
        values={"price": "1.00 EUR"},
    )
    RunLineFactory.create(run=other, sku="OTHER")
    page = staff.see(RunLine, run__id__exact=run.pk)
    for shown in ("MINE", "8541", "The value conflicts.", "price: 1.00 EUR", "DE"):
        assert shown in page
    assert "OTHER" not in page


def test_the_history_of_a_sku_is_found_by_its_whole_name(staff: Staff) -> None:
    run = SyncRunFactory.create()
    RunLineFactory.create(run=run, sku="a/b c%2F+#,ü", message="the very one")
    RunLineFactory.create(run=run, sku="a/b", message="another")
    page = staff.see(RunLine, q='"a/b c%2F+#,ü"')
    assert "the very one" in page
    assert "another" not in page


def test_the_lines_come_as_a_file(staff: Staff) -> None:
    run = SyncRunFactory.create()
    RunLineFactory.create(
        run=run,
        outcome=Outcome.REFUSED,
        sku='ü,"x"',
        values={"quantity": 3},
        code="8541",
        message="First line\nsecond line",
    )
    RunLineFactory.create(run__account=run.account, sku="OTHER")
    head, row = file_of(staff, run)
    assert head == [
        "sku", "seller_sku", "marketplace", "order_number", "outcome", "values", "code", "message",
        "at",
    ]  # fmt: skip
    assert row[:-1] == [
        'ü,"x"',
        "",
        "",
        "",
        "refused by Amazon",
        "quantity: 3",
        "8541",
        "First line\nsecond line",
    ]


@pytest.mark.parametrize("sku", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_runs_nothing_of_the_file(staff: Staff, sku: str) -> None:
    run = SyncRunFactory.create()
    RunLineFactory.create(run=run, sku=sku)
    assert file_of(staff, run)[1][0] == f"'{sku}"


def test_the_file_of_many_lines_is_streamed_with_as_many_queries(staff: Staff) -> None:
    run = SyncRunFactory.create()
    RunLine.objects.bulk_create(
        RunLine(run=run, outcome=Outcome.SENT, sku=f"SKU-{number}") for number in range(5000)
    )
    with CaptureQueriesContext(connection) as captured:
        assert len(file_of(staff, run)) == 5001
    assert len(captured) <= 6  # three of them are pages of lines


def test_the_file_needs_the_permission_to_see_runs(
    staff_with: Callable[..., Staff],
) -> None:
    run = SyncRunFactory.create()
    packer = staff_with("view_amazonorder")
    address = f"/admin/django_amazon_sync/syncrun/{run.pk}/lines.csv"
    assert packer.client.get(address).status_code == 403


def test_a_run_that_is_not_there_has_no_file(staff: Staff) -> None:
    assert staff.client.get("/admin/django_amazon_sync/syncrun/999/lines.csv").status_code == 404


def test_approve_asks_for_the_export_of_what_the_run_held(
    staff: Staff, use_broker: Callable[[str], None]
) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    holding = SyncRunFactory.create(account=account, counts={"held": 30})
    others = [
        SyncRunFactory.create(account=account, counts={"sent": 3}),
        SyncRunFactory.create(account=account, counts={"held": 30}, dry_run=True),
        SyncRunFactory.create(account=account, job=Job.VERIFY, counts={"held": 1}),
    ]
    newest = RunLineFactory.create(run=holding)
    [message] = staff.press(SyncRun, "approve", holding, *others)
    assert "1 run is queued." in message
    asked: Any = SyncRun.objects.latest("pk")
    assert asked.job == Job.EXPORT
    assert asked.options == {"approve": holding.pk, "lines_to": newest.pk}


def test_a_page_that_does_not_say_how_far_it_showed_approves_nothing(staff: Staff) -> None:
    holding = SyncRunFactory.create(account=LiveAccountFactory.create(), counts={"held": 30})
    data = {"action": "approve", "_selected_action": [holding.pk]}
    response = staff.client.post(address(SyncRun), data, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "Load the page again, then approve what it shows."
    ]
    assert SyncRun.objects.count() == 1


def test_runs_without_anything_held_are_told_apart(staff: Staff) -> None:
    run = SyncRunFactory.create()
    assert staff.press(SyncRun, "approve", run) == [
        "Nothing was selected that this can be done with."
    ]


def test_a_run_says_what_started_it(staff: Staff, use_broker: Callable[[str], None]) -> None:
    use_broker(TAKES_ALL)
    account = LiveAccountFactory.create()
    for starter in Starter:
        run = SyncRunFactory.create(account=account, started_by=starter)
        assert str(starter.label) in staff.see(SyncRun, run.pk)
    staff.press(type(account), "verify", account)
    run = SyncRun.objects.latest("pk")
    assert run.started_by == Starter.USER
    assert f'field-starter">{run.asked_by}</td>' in staff.see(SyncRun, started_by="user")


def test_runs_are_found_by_how_they_went(staff: Staff) -> None:
    account = SellerAccountFactory.create()
    well = SyncRunFactory.create(account=account, counts={"sent": 1})
    refused = SyncRunFactory.create(account=account, counts={"sent": 1, "refused": 1})
    stopped = SyncRunFactory.create(account=account, state=RunState.STOPPED)
    holding = SyncRunFactory.create(account=account, counts={"held": 2})
    found = {
        chosen: set(staff.client.get(address(SyncRun), {"well": chosen}).context["cl"].result_list)
        for chosen in ("yes", "no", "held")
    }
    assert found == {"yes": {well, holding}, "no": {refused, stopped}, "held": {holding}}
