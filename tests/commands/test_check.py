"""``amazon_check``: one finding for each role, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import SellerAccount
from django_amazon_sync.testing.simulator import Fault
from tests.commands.conftest import Change, manage, manage_json
from tests.world import DE, World

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def test_all_is_well(world: World) -> None:
    said = manage_json("amazon_check")
    assert said.exit == 0
    account = said.document["accounts"][0]
    assert (account["account"], account["state"]) == (str(world.account), "live")
    assert [one["what"] for one in account["findings"]] == [
        "account",
        "listings",
        "changes",
        "product types",
        "catalogue",
        "orders",
        "buyers' data",
        "inventory",
        "reports",
        "feeds",
        "shipments",
        "writing",
    ]
    assert not [one for one in account["findings"] if one["works"] is False]
    not_tried = [one["what"] for one in account["findings"] if one["works"] is None]
    assert not_tried == ["buyers' data", "shipments"]  # there is no order yet to see them by
    assert "ok     orders: works" in manage("amazon_check").out


def test_a_queue_without_a_worker_is_said_at_once(
    world: World, use_broker: Callable[[str], None]
) -> None:
    use_broker("memory://")
    said = manage("amazon_check")
    assert said.exit == 0
    assert said.out.startswith("No Celery worker answers: runs wait until one is started")


def test_an_account_that_only_observes_is_connected_well(connect: Callable[..., World]) -> None:
    connect(live=False)
    said = manage("amazon_check")
    assert said.exit == 0
    assert "FAILS  writing: The account is observing" in said.out


def test_a_missing_role_is_exit_1_and_named(world: World) -> None:
    world.amazon.faults.add(Fault("searchOrders", "403", times=None))
    said = manage("amazon_check")
    assert said.exit == 1
    assert "Inventory and Order Tracking" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_revoked_authorisation_is_exit_2(world: World) -> None:
    world.amazon.revoke(world.seller)
    said = manage_json("amazon_check")
    assert said.exit == 2
    assert "authorise the account again" in said.document["error"]["message"]


def test_a_dead_host_is_exit_2_and_one_sentence(world: World, set_amazon: Change) -> None:
    set_amazon(ENDPOINT="http://127.0.0.1:9")
    said = manage("amazon_check")
    assert said.exit == 2
    assert "check network, proxy and the setting" in said.err


def test_an_account_without_a_marketplace_says_so(world: World) -> None:
    world.account.marketplaces.all().delete()
    said = manage("amazon_check")
    assert said.exit == 2
    assert "no marketplace; add one" in said.err


def test_a_lost_key_is_told_before_anything_else(world: World, set_amazon: Change) -> None:
    set_amazon(ENCRYPTION_KEYS=["A" * 43 + "="])
    said = manage("amazon_check")
    assert said.exit == 2
    assert "put the key that encrypted it back" in said.err


def test_warnings_of_the_settings_are_shown(world: World, set_amazon: Change) -> None:
    set_amazon(DEPLOYMENT="")
    said = manage_json("amazon_check", "--marketplace", DE)
    assert any("DEPLOYMENT" in warning for warning in said.document["warnings"])


def test_a_disconnected_account_can_be_checked_by_name(world: World) -> None:
    SellerAccount.objects.update(state="disconnected")
    assert manage("amazon_check").exit == 2
    assert manage("amazon_check", "--account", world.account.name).exit == 0
