"""``amazon_export`` and ``amazon_verify``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from django_amazon_sync.models import SyncRun
from tests import factories
from tests.commands.conftest import Change, manage, manage_json
from tests.world import DE, FR, World

pytestmark = [pytest.mark.django_db, pytest.mark.wheel]


def differing(world: World, sku: str, *, price: str = "10.00", listed_at: str = "9.00") -> None:
    """A SKU whose price at Amazon is not the shop's."""
    world.sell(sku, price=price)
    world.list_on_amazon(sku, price=listed_at, quantity=5)


def sent(lines: list[dict[str, object]]) -> list[object]:
    return [line["sku"] for line in lines if line["outcome"] == "sent"]


# --- Export --------------------------------------------------------------------------------------


def test_a_second_export_sends_nothing(world: World) -> None:
    differing(world, "MUG")
    assert sent(manage_json("amazon_export").lines) == ["MUG"]
    writes = world.writes()
    said = manage_json("amazon_export")
    assert (said.exit, said.lines, world.writes()) == (0, [], writes)


def test_a_dry_run_shows_the_difference_and_sends_nothing(world: World) -> None:
    differing(world, "MUG")
    said = manage_json("amazon_export", "--dry-run")
    assert [(line["sku"], line["outcome"], line["values"]) for line in said.lines] == [
        ("MUG", "planned", {"price": "10.00 EUR"})
    ]
    assert said.document["runs"][0]["dry_run"] is True
    assert world.writes() == 0
    assert "nothing is sent" in manage("amazon_export", "--dry-run").out


def test_single_skus_are_sent_alone(world: World) -> None:
    for sku in ("ONE", "TWO", "a/b c%2F+#,ü"):
        differing(world, sku)
    said = manage_json("amazon_export", "--sku", "TWO", "--sku", "a/b c%2F+#,ü")
    assert sorted(map(str, sent(said.lines))) == ["TWO", "a/b c%2F+#,ü"]


def test_an_unknown_sku_is_named_and_nothing_is_begun(world: World) -> None:
    differing(world, "ONE")
    said = manage("amazon_export", "--sku", "ONE", "--sku", "NONE")
    assert said.exit == 2
    assert "no SKU 'NONE'" in said.err
    assert not SyncRun.objects.exists()


def test_a_sku_goes_to_the_account_that_has_it(connect: Callable[..., World]) -> None:
    connect("na", ("ATVPDKIKX0DER",), scope="other")
    differing(connect("eu", scope="warehouse"), "MUG")
    said = manage_json("amazon_export", "--sku", "MUG")
    assert [run["account"] for run in said.document["runs"]] == ["AEUSELLER00001 (EU)"]


def test_one_marketplace_alone_gets_the_change(connect: Callable[..., World]) -> None:
    world = connect("eu", (DE, FR))
    world.sell("MUG", price="10.00")
    for marketplace in (DE, FR):
        world.list_on_amazon("MUG", price="9.00", quantity=5, marketplace=marketplace)
    said = manage_json("amazon_export", "--marketplace", FR)
    assert [line["marketplace"] for line in said.lines] == [FR]


def test_what_waits_for_approval_is_approved_by_the_number_of_its_run(world: World) -> None:
    differing(world, "MUG", price="20.00", listed_at="10.00")
    held = manage_json("amazon_export")
    assert [(line["outcome"], line["values"]) for line in held.lines] == [
        ("held", {"price": "20.00 EUR"})
    ]
    assert world.writes() == 0
    run = str(held.document["runs"][0]["run"])
    assert sent(manage_json("amazon_export", "--approve", run).lines) == ["MUG"]
    live = world.live("MUG")
    assert live.price == Decimal("20.00")


def test_an_approval_of_no_run_and_one_of_a_part_are_refused(world: World) -> None:
    assert "have no run 4711" in manage("amazon_export", "--approve", "4711").err
    for part in (("--sku", "MUG"), ("--dry-run",), ("--marketplace", DE)):
        said = manage("amazon_export", "--approve", "1", *part)
        assert said.exit == 2
        assert "--approve takes all that the run held" in said.err


def test_what_amazon_refuses_shows_amazons_words_and_code(world: World) -> None:
    world.amazon.add_product(asin="B0RESTRICT", title="Scent", ean="4006381333931", restricted=True)
    factories.stock_record("SCENT", upc="4006381333931")
    said = manage("amazon_export")
    assert said.exit == 1
    assert "refused by Amazon  SCENT" in said.out
    assert "Amazon does not let this account offer B0RESTRICT" in said.out


def test_a_paused_account_sends_nothing_and_says_why(world: World) -> None:
    differing(world, "MUG")
    world.account.move("paused", state_reason="Holidays")
    said = manage("amazon_export")
    assert said.exit == 2
    assert "paused, so nothing is sent" in said.err
    assert world.writes() == 0


# --- Verify --------------------------------------------------------------------------------------


def test_what_was_accepted_and_ignored_is_exit_1(world: World, set_amazon: Change) -> None:
    set_amazon(DRIFT_AFTER=0)
    differing(world, "MUG")
    differing(world, "CUP")
    world.amazon.ignore_changes(world.seller, "MUG", DE)
    manage("amazon_export")
    world.amazon.advance(120)
    said = manage_json("amazon_verify")
    assert said.exit == 1
    assert [(line["sku"], line["outcome"]) for line in said.lines] == [("MUG", "drifted")]
    assert manage_json("amazon_verify", "--sku", "CUP").exit == 0


def test_only_skus_of_the_account_can_be_verified(world: World) -> None:
    said = manage("amazon_verify", "--sku", "NONE")
    assert said.exit == 2
    assert "no SKU 'NONE'" in said.err
