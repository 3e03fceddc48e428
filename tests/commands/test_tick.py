"""``amazon_tick``: what is due is done here and now, without a broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.management.commands import amazon_tick
from django_amazon_sync.models import Job, RunState, Schedule, Starter, SyncRun
from django_amazon_sync.sync import jobs
from tests.commands.conftest import manage, manage_json
from tests.world import World, shop_order

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def rest(world: World) -> None:
    """Do what is due now, so that a test begins with nothing due."""
    assert manage("amazon_tick").exit == 0


def test_schedules_that_are_due_are_worked_off_once(world: World) -> None:
    said = manage_json("amazon_tick")
    assert said.exit == 0
    assert {run["job"] for run in said.document["runs"]} >= {
        "import_orders",
        "confirm_shipments",
        "verify",
        "export",
    }
    assert set(SyncRun.objects.values_list("started_by", flat=True)) == {Starter.SCHEDULE}
    assert not Schedule.objects.filter(last_started=None).exists()
    assert manage_json("amazon_tick").document == {"runs": [], "exit": 0}


def test_a_run_that_was_asked_for_is_done(world: World) -> None:
    rest(world)
    run = jobs.request(world.account, Job.VERIFY)
    assert [one["run"] for one in manage_json("amazon_tick").document["runs"]] == [run.pk]
    run.refresh_from_db()
    assert run.state == RunState.DONE


def test_a_sale_of_the_shop_is_at_amazon_with_the_next_tick(world: World) -> None:
    record = world.sell("VASE", quantity=1)
    rest(world)
    record.allocate(1)
    said = manage_json("amazon_tick")
    assert [(line["sku"], line["values"]) for line in said.lines] == [("VASE", {"quantity": 0})]
    assert world.live("VASE").quantity == 0


def test_a_sale_at_amazon_is_in_the_shop_when_its_import_is_due(world: World) -> None:
    world.sell("MUG", quantity=5)
    rest(world)
    number = world.buy("MUG")
    world.amazon.advance(180)
    Schedule.objects.filter(job=Job.IMPORT_ORDERS).update(next_due="2026-01-01T00:00:00Z")
    assert manage("amazon_tick").exit == 0
    assert shop_order(number).lines.get().partner_sku == "MUG"


def test_one_job_that_is_stopped_leaves_the_others_alone(world: World) -> None:
    rest(world)
    world.account.move("paused", state_reason="Holidays")
    export, verify = (jobs.request(world.account, job) for job in (Job.EXPORT, Job.VERIFY))
    said = manage("amazon_tick")
    assert said.exit == 1
    assert "paused" in said.err
    states = dict(SyncRun.objects.values_list("pk", "state"))
    assert (states[export.pk], states[verify.pk]) == (RunState.STOPPED, RunState.DONE)


def test_a_run_that_another_worker_has_begun_is_left_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest(world)
    run = jobs.request(world.account, Job.VERIFY)
    due = list(jobs.due_runs())
    monkeypatch.setattr(jobs, "due_runs", lambda accounts: iter(due))
    assert run.start()
    said = manage_json("amazon_tick")
    assert (said.exit, said.document["runs"]) == (0, [])
    assert SyncRun.objects.get(pk=run.pk).state == RunState.RUNNING


def test_one_account_alone_is_worked_off(connect: Callable[..., World]) -> None:
    connect("na", ("ATVPDKIKX0DER",))
    account = connect("eu").account
    said = manage_json("amazon_tick", "--account", account.name)
    assert {run["account"] for run in said.document["runs"]} == {str(account)}
    assert not Schedule.objects.filter(account__region="na").exclude(last_started=None).exists()
    assert manage("amazon_tick", "--account", "nobody").exit == 2


def test_without_accounts_there_is_nothing_to_do(db: None) -> None:
    assert manage_json("amazon_tick").document == {"runs": [], "exit": 0}


def test_a_run_that_breaks_stops_no_other_and_no_chore(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest(world)
    first, second = (
        jobs.request(world.account, job) for job in (Job.VERIFY, Job.CONFIRM_SHIPMENTS)
    )
    chores = []
    monkeypatch.setattr(amazon_tick, "keep_house", lambda: chores.append("kept"))

    def breaks(work: object) -> None:
        raise ZeroDivisionError("the name of a buyer")

    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.VERIFY, breaks)
    said = manage_json("amazon_tick")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.reason_code) == (RunState.STOPPED, "unexpected")
    assert "ZeroDivisionError" in first.reason
    assert "buyer" not in first.reason
    assert second.state == RunState.DONE
    assert (said.exit != 0, chores) == (True, ["kept"])
