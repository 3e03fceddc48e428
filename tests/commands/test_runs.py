"""What all commands that run jobs share: accounts, formats, exit codes, waiting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.utils import timezone

from django_amazon_sync.amazon.limits import Limiter
from django_amazon_sync.errors import NotYet
from django_amazon_sync.management.commands import _base
from django_amazon_sync.models import (
    AccessToken,
    AccountState,
    Job,
    Outcome,
    RunState,
    Schedule,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.budget import budgets_of, how_far
from django_amazon_sync.sync.accounts.tokens_and_buckets import buckets
from django_amazon_sync.sync.runs import leases
from django_amazon_sync.sync.runs.leases import lease_key
from django_amazon_sync.sync.runs.work import Work
from django_amazon_sync.testing.simulator import Fault
from tests.commands.conftest import Change, manage, manage_json
from tests.stored import copy_stored
from tests.world import DE, FR, World, now_due

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "amazon_check",
    "amazon_confirm_shipments",
    "amazon_connect",
    "amazon_explain",
    "amazon_export",
    "amazon_import_listings",
    "amazon_import_orders",
    "amazon_match",
    "amazon_rotate_keys",
    "amazon_take_over",
    "amazon_tick",
    "amazon_verify",
)
RUN_COMMANDS = (
    "amazon_confirm_shipments",
    "amazon_export",
    "amazon_import_listings",
    "amazon_import_orders",
    "amazon_match",
    "amazon_verify",
)

Connect = Callable[..., World]


# --- Help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_and_each_option_of_ours_has_help(name: str) -> None:
    command = load_command_class("django_amazon_sync", name)
    parser = command.create_parser("manage.py", name)
    assert command.help
    assert [action.dest for action in parser._actions if not action.help] == []
    assert "--format" in parser.format_help()


# --- Formats and exit codes ----------------------------------------------------------------------


def test_one_document_names_the_run_its_counts_and_its_lines(world: World) -> None:
    world.sell("MUG", quantity=5)
    world.list_on_amazon("MUG", price="10.00", quantity=9)
    said = manage_json("amazon_export")
    run = SyncRun.objects.get(job="export")
    assert said.exit == 0
    document = said.document
    budget = document["runs"][0].pop("budget")
    assert budget[0]["operation"] == "patchListingsItem"
    finish = document["runs"][0].pop("finish_expected")
    assert abs(datetime.fromisoformat(finish) - timezone.now()) < timedelta(seconds=5)
    assert document == {
        "runs": [
            {
                "run": run.pk,
                "account": str(world.account),
                "job": "export",
                "dry_run": False,
                "state": "done",
                "reason": "",
                "counts": run.counts,
                "planned": 1,
                "done": 1,
                "goes_on_at": None,
                "lines": [
                    {
                        "sku": "MUG",
                        "seller_sku": "",
                        "marketplace": DE,
                        "order_number": "",
                        "outcome": "sent",
                        "values": {"quantity": 5},
                        "code": "",
                        "message": "",
                    }
                ],
            }
        ],
        "exit": 0,
    }


def test_the_text_tells_the_same(world: World) -> None:
    world.sell("MUG", quantity=5)
    world.list_on_amazon("MUG", price="10.00", quantity=9)
    said = manage("amazon_export")
    assert f"Export to Amazon {SyncRun.objects.get(job='export').pk}" in said.out
    assert f"sent  MUG  {DE}  quantity 5" in said.out
    assert said.err == ""


def test_lines_that_failed_are_exit_1(world: World) -> None:
    world.sell("BAD", price="10.00").product.stockrecords.update(price=None)
    said = manage_json("amazon_export")
    assert said.exit == 1
    assert "has lines that failed" in said.err
    assert "error" not in said.document


def test_a_stopped_run_is_exit_2_with_its_reason(world: World) -> None:
    world.amazon.faults.add(Fault("*", "503", times=None))
    said = manage_json("amazon_import_orders")
    run = said.document["runs"][0]
    assert (said.exit, run["state"]) == (2, "stopped")
    assert said.document["error"] == {"code": "unavailable", "message": run["reason"]}
    assert said.err == run["reason"]


def test_a_run_that_was_stopped_on_its_way_is_never_exit_0(world: World) -> None:
    """The first page is stored and placed, the second never comes."""
    world.sell("MUG", quantity=500)
    for _ in range(101):
        world.buy("MUG")
    world.amazon.advance(180)
    world.amazon.faults.add(Fault("searchOrders", "503", skip=1, times=None))
    said = manage_json("amazon_import_orders")
    assert (said.exit, said.document["runs"][0]["state"]) == (1, "stopped")
    assert said.document["runs"][0]["counts"]["placed"] == 100


def test_an_account_with_another_ones_token_says_so_and_the_others_go_on(
    connect: Connect,
) -> None:
    other = connect("na", ("ATVPDKIKX0DER",)).account
    account = connect("eu").account
    copy_stored((other, "refresh_token"), (account, "refresh_token"))
    said = manage_json("amazon_import_orders")
    assert said.exit == 1
    assert SyncRun.objects.get(account=other).state == "done"
    run = SyncRun.objects.get(account=account)
    assert (run.state, run.reason_code) == ("stopped", "misplaced")
    assert f"SellerAccount.refresh_token of row {account.pk} holds a value that was" in said.err
    assert run.reason in said.err


def test_another_accounts_access_token_is_not_used_but_renewed(connect: Connect) -> None:
    other = connect("na", ("ATVPDKIKX0DER",)).account
    account = connect("eu").account
    assert manage("amazon_import_orders").exit == 0
    theirs, ours = (AccessToken.objects.get(account=row, scope="") for row in (other, account))
    copy_stored((theirs, "token"), (ours, "token"))
    assert manage("amazon_import_orders").exit == 0
    assert AccessToken.objects.get(pk=ours.pk).token not in (theirs.token, "")


def test_one_account_that_fails_beside_one_that_works_is_exit_1(connect: Connect) -> None:
    connect("na", ("ATVPDKIKX0DER",))
    world = connect("eu")
    world.amazon.revoke("na")
    said = manage_json("amazon_import_orders")
    assert said.exit == 1
    assert [run["state"] for run in said.document["runs"]] == ["stopped", "done"]
    assert SellerAccount.objects.get(region="na").state == AccountState.LIVE


def test_a_database_of_no_account_is_exit_2(db: None) -> None:
    for name in (*RUN_COMMANDS, "amazon_check"):
        said = manage_json(name)
        assert said.exit == 2
        assert "connect one with amazon_connect" in said.document["error"]["message"]


@pytest.mark.parametrize("name", RUN_COMMANDS)
def test_without_an_encryption_key_nothing_runs(
    world: World, set_amazon: Change, name: str
) -> None:
    set_amazon(ENCRYPTION_KEYS=[])
    said = manage_json(name)
    assert said.exit == 2
    assert "make a key with" in said.document["error"]["message"] or "no key of" in said.err
    assert not SyncRun.objects.exists()


def manage_py(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real thing: a process with an environment, an exit status and two streams."""
    secrets = [name for name in os.environ if name.startswith("AMAZON_")]
    inherited = {name: value for name, value in os.environ.items() if name not in secrets}
    return subprocess.run(
        [sys.executable, str(ROOT / "example_project" / "manage.py"), *options],
        env={**inherited, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_script_sees_exit_status_document_and_sentence() -> None:
    eu = ("--region", "eu", "--seller-id", "A1", "--marketplace", DE)
    ended = manage_py("amazon_connect", *eu, "--format", "json")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["code"] == "configuration"
    assert ended.stderr.strip().endswith("AMAZON_LWA_REFRESH_TOKEN in the environment.")
    assert len(ended.stderr.strip().splitlines()) == 1


def test_wrong_options_are_exit_2() -> None:
    assert manage_py("amazon_import_orders", "--since", "yesterday").returncode == 2


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), StringIO()])
def test_how_far_it_is_is_shown_on_a_terminal_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, stream: StringIO
) -> None:
    world.sell("MUG", price="10.00")
    monkeypatch.setattr(sys, "stderr", stream)
    said = manage_json("amazon_export")
    assert said.document["exit"] == 0
    assert (f"{world.account}, Export to Amazon" in stream.getvalue()) is stream.isatty()


# --- Accounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["pk", "seller_id", "name"])
def test_an_account_is_chosen_by_number_seller_id_or_name(connect: Connect, by: str) -> None:
    connect("na", ("ATVPDKIKX0DER",))
    account = connect("eu").account
    said = manage_json("amazon_verify", "--account", str(getattr(account, by)))
    assert [run["account"] for run in said.document["runs"]] == [str(account)]


def test_by_default_all_connected_accounts_are_chosen(connect: Connect) -> None:
    gone = connect("na", ("ATVPDKIKX0DER",)).account
    gone.move(AccountState.DISCONNECTED, state_reason="The token was revoked.")
    account = connect("eu").account
    said = manage_json("amazon_verify")
    assert [run["account"] for run in said.document["runs"]] == [str(account)]


def test_an_unknown_account_is_named_with_those_that_are_there(world: World) -> None:
    said = manage("amazon_verify", "--account", "nobody")
    assert said.exit == 2
    assert "no account 'nobody'; there is" in said.err
    assert world.account.seller_id in said.err


def test_a_disconnected_account_says_why_and_what_to_do(world: World) -> None:
    world.account.move(AccountState.DISCONNECTED, state_reason="The token was revoked.")
    said = manage("amazon_verify", "--account", world.account.name)
    assert said.exit == 2
    assert "The token was revoked. Connect it again with amazon_connect." in said.err


def test_a_marketplace_restricts_the_accounts(connect: Connect) -> None:
    connect("na", ("ATVPDKIKX0DER",))
    account = connect("eu", (DE, FR)).account
    said = manage_json("amazon_verify", "--marketplace", FR)
    assert [run["account"] for run in said.document["runs"]] == [str(account)]
    assert SyncRun.objects.get(job="verify").options["marketplaces"] == [FR]


def test_a_marketplace_of_no_account_is_named(world: World) -> None:
    said = manage("amazon_verify", "--marketplace", FR)
    assert said.exit == 2
    assert f"sells in marketplace {FR}; there is {DE}" in said.err


# --- Waiting -------------------------------------------------------------------------------------


def use_up_searches(world: World, *, rate: float) -> None:
    """Make all the searches that may be made at once; ``rate`` come back each second."""
    account = world.account
    key = f"{account.application_id}:{account.seller_id}:{account.region}"
    limiter = Limiter(buckets(), key)
    limiter.learn("searchOrders", rate)
    while limiter.take("searchOrders") == 0:
        pass


def test_a_command_waits_for_its_turn_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_base, "WORTH_A_WORD", 0.1)
    use_up_searches(world, rate=0.5)
    said = manage_json("amazon_import_orders")
    assert (said.exit, said.err.strip()) == (0, "searchOrders: waits 2 s for its turn at Amazon.")


def test_what_would_take_too_long_stops_the_run_and_says_when_it_goes_on(world: World) -> None:
    use_up_searches(world, rate=0.0001)
    said = manage("amazon_import_orders")
    assert said.exit == 2
    assert "searchOrders: the next call is due in" in said.err


def test_a_tick_leaves_what_has_to_wait_to_a_later_one(world: World) -> None:
    use_up_searches(world, rate=0.01)
    began = time.monotonic()
    said = manage("amazon_tick")
    assert said.exit != 0
    assert "the next call is due in" in said.err
    assert time.monotonic() - began < 30, "it would wait for a minute and a half"


# --- Runs that wait for Amazon --------------------------------------------------------------------


def waits_twice(monkeypatch: pytest.MonkeyPatch, *, seconds: float = 90) -> list[int]:
    """A verification that Amazon is not ready for at first; the runs that were begun."""
    begun: list[int] = []

    def story(work: Work) -> None:
        begun.append(work.run.pk)
        if len(begun) < 3:
            retry_at = timezone.now() + timedelta(seconds=seconds)
            raise NotYet("Amazon still makes the report.", retry_at=retry_at)
        work.line(Outcome.VERIFIED, sku="MUG")

    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.VERIFY, story)
    return begun


def test_a_command_follows_its_run_to_the_end(
    world: World, time_flies: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = waits_twice(monkeypatch)
    said = manage_json("amazon_verify")
    [run] = said.document["runs"]
    assert (said.exit, run["state"], run["counts"]) == (0, "done", {"verified": 1})
    assert begun == [run["run"]] * 3
    assert [round(seconds) for seconds in time_flies] == [90, 90]
    assert said.err.count("Amazon still makes the report. It goes on at ") == 2


def test_a_run_that_a_tick_took_on_meanwhile_is_followed_to_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = waits_twice(monkeypatch)

    def another_takes_it(seconds: float) -> None:
        run = SyncRun.objects.get(job=Job.VERIFY)
        if run.state == RunState.QUEUED:
            assert leases.take(lease_key(Job.VERIFY, run.account_id))
            assert now_due(run).start()
        else:
            run.finish()

    monkeypatch.setattr(_base, "sleep", another_takes_it)
    said = manage_json("amazon_verify")
    assert (said.exit, said.document["runs"][0]["state"]) == (0, "done")
    assert len(begun) == 1


def test_who_does_not_want_to_wait_leaves_the_run_to_a_tick(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_twice(monkeypatch, seconds=0)

    def press_ctrl_c(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_base, "sleep", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        manage("amazon_verify")
    run = SyncRun.objects.get(job=Job.VERIFY)
    assert run.state == RunState.QUEUED
    assert run in list(jobs.due_runs())


def test_a_tick_leaves_a_run_that_waits_for_amazon_and_that_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Schedule.objects.all().delete()
    begun = waits_twice(monkeypatch)
    jobs.request(world.account, Job.VERIFY)
    said = manage_json("amazon_tick")
    [run] = said.document["runs"]
    assert (said.exit, run["state"], run["reason"]) == (
        0,
        "queued",
        "Amazon still makes the report.",
    )
    assert manage_json("amazon_tick").document["runs"] == []
    assert len(begun) == 1


def test_a_run_that_is_not_done_shows_how_far_it_is_and_what_may_be_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Schedule.objects.all().delete()

    def story(work: Work) -> None:
        work.client.limiter.learn("patchListingsItem", 0.5)
        for _ in range(3):
            work.client.limiter.take("patchListingsItem")
        work.expect(10_000, "patchListingsItem")
        work.advance(3200)
        raise NotYet("Others wait.", retry_at=timezone.now() + timedelta(hours=1))

    monkeypatch.setitem(jobs.JOB_FUNCTIONS, Job.EXPORT, story)
    run = jobs.request(world.account, Job.EXPORT)
    said = manage("amazon_tick")
    run.refresh_from_db()
    assert f"  {how_far(run, budgets_of(run))}.\n" in said.out
    assert how_far(run, budgets_of(run)).startswith(
        "3,200 of 10,000 done, 0.5 calls of patchListingsItem a second permitted, expected to"
    )
    assert "  patchListingsItem: 0.5 calls a second permitted, 1 now, the whole" in said.out
    run.finish(reason="Amazon is away.")
    jobs.request(world.account, Job.EXPORT)
    began = timezone.now()
    [document] = manage_json("amazon_tick").document["runs"]
    [patch] = [one for one in document["budget"] if one["operation"] == "patchListingsItem"]
    full_at = datetime.fromisoformat(patch.pop("full_at"))
    assert patch == {"operation": "patchListingsItem", "calls_per_second": 0.5, "available": 0}
    assert began + timedelta(seconds=7) < full_at < timezone.now() + timedelta(seconds=9)
    assert (document["planned"], document["done"]) == (10_000, 3200)
