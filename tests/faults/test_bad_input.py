"""What is wrong in the shop gets one clear line, and the rest goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from django_amazon_sync.data import Money
from django_amazon_sync.models import Marketplace, Outcome, RunState, SellerSku
from tests import factories
from tests.faults.crooked import CrookedShop
from tests.faults.stages import Stages, change
from tests.sync.conftest import World, lines_of

LONG_TITLE = ("Mug 🫖\x07" * 500).ljust(3000, "x")

#: By SKU: what the shop's offer says, and words of the line that tells of it.
WRONG_OFFERS: dict[str, tuple[dict[str, Any], str]] = {
    "NO-PRICE": ({"price": None}, "The shop has no price for it; set one."),
    "BELOW-ZERO": ({"price": Money(Decimal(-5), "EUR")}, "is -5 EUR; it must be above 0."),
    "FREE": ({"price": Money(Decimal(0), "EUR")}, "it must be above 0."),
    "NOT-A-NUMBER": ({"price": Money(Decimal("NaN"), "EUR")}, "is NaN EUR; it must be above 0."),
    "ENDLESS": ({"price": Money(Decimal("1E+40"), "EUR")}, "which no buyer would see."),
    "DOLLARS": ({"price": Money(Decimal(9), "USD")}, "There is no rate from USD to EUR"),
    "UNTAXED": ({"price_includes_tax": None}, "does not say that its price includes tax"),
    "TOO-MANY": ({"quantity": 10**9}, "The shop says 1000000000, more than the 999999"),
    "UNTRACKED": ({"quantity": None}, "does not track its stock; set a quantity on the SKU."),
    "LONG": ({"title": LONG_TITLE}, "control characters"),
    "LENGTHY": ({"title": "🫖" * 3000}, "has 3000 characters and Amazon takes 200"),
    "NAMELESS": ({"title": " "}, "The shop has no title for it"),
}


@pytest.fixture
def lies(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(CrookedShop, "LIES", told)
    return told


def export_crooked(world: World) -> Any:
    shop = {**django_settings.AMAZON_SYNC, "SHOP": "tests.faults.crooked.CrookedShop"}
    with override_settings(AMAZON_SYNC=shop):
        return world.export()


def test_an_offer_that_cannot_be_sent_gets_one_line(
    stages: Stages, lies: dict[str, dict[str, Any]]
) -> None:
    with stages.at("connected") as world:
        Marketplace.objects.update(sync_name=True)
        for sku in ["SOUND", *WRONG_OFFERS]:
            world.sell(sku, price="10.00", quantity=5, title="A fine mug")
        world.export()
        lies |= {sku: lie for sku, (lie, _words) in WRONG_OFFERS.items()}
        change("SOUND", num_in_stock=3)
        run = export_crooked(world)
        assert (run.state, run.went_well) == (RunState.DONE, False)
        said = lines_of(run, "sku", "outcome", "message")
        failed = {sku: message for sku, outcome, message in said if outcome == Outcome.FAILED}
        assert len(failed) == len([one for one in said if one[1] == Outcome.FAILED])
        assert failed.keys() == WRONG_OFFERS.keys()
        for sku, (_lie, words) in WRONG_OFFERS.items():
            assert words in failed[sku]
            assert "\n" not in failed[sku]
            assert len(failed[sku]) < 250
        assert [sku for sku, outcome, _ in said if outcome == Outcome.SENT] == ["SOUND"]
        assert world.live("SOUND").quantity == 3
        for sku in WRONG_OFFERS:
            assert (world.live(sku).price, world.live(sku).quantity) == (Decimal("10.00"), 5)


def test_a_wrong_price_never_keeps_a_quantity_from_leaving(
    stages: Stages, lies: dict[str, dict[str, Any]]
) -> None:
    with stages.at("connected") as world:
        world.sell("MUG", quantity=5)
        world.export()
        lies["MUG"] = {"price": None, "quantity": 2}
        export_crooked(world)
        assert (world.live("MUG").price, world.live("MUG").quantity) == (Decimal("10.00"), 2)


def test_two_offers_with_one_sku(stages: Stages) -> None:
    """The first of them is sent, whatever run looks first, and staff are told of both."""
    with stages.at("connected") as world:
        first = world.sell("MUG", quantity=5)
        second = factories.stock_record("MUG", in_stock=9, partner_code="attic")
        world.sell("CUP", quantity=4)
        for _ in range(2):
            run = world.export()
            (line,) = lines_of(run, "sku", "outcome", "code", "message")
            assert line[:3] == ("MUG", Outcome.FAILED, "sku")
            assert f"The offers {first.pk} and {second.pk} have the same SKU" in line[3]
        assert world.live("MUG").quantity == 5
        assert SellerSku.objects.get(sku="MUG").offer_pk == str(first.pk)


def test_a_sku_that_is_none_or_too_long(stages: Stages, lies: dict[str, dict[str, Any]]) -> None:
    with stages.at("connected") as world:
        world.sell("MUG", quantity=5)
        world.sell("BLANK", quantity=5)
        world.sell("ENDLESS", quantity=5)
        lies |= {"BLANK": {"sku": ""}, "ENDLESS": {"sku": "x" * 300}}
        change("MUG", num_in_stock=1)
        run = export_crooked(world)
        said = lines_of(run, "sku", "outcome", "message")
        assert [(sku, outcome) for sku, outcome, _ in said] == [
            ("", Outcome.FAILED),
            ("x" * 255, Outcome.FAILED),
            ("MUG", Outcome.SENT),
        ]
        assert "has a SKU of 0 characters; give it one of 1 to 255." in said[0][2]
        assert "has a SKU of 300 characters; give it one of 1 to 255." in said[1][2]
        assert set(SellerSku.objects.values_list("sku", flat=True)) == {"MUG"}


@pytest.mark.parametrize("sku", [".", "..", " ", "a/b c%2F+#,ü", "%", "?x=1", "x" * 40, "🫖"])
def test_a_strange_sku_goes_on_its_own_and_harms_no_other(sku: str, stages: Stages) -> None:
    with stages.at("connected") as world:
        factories.stock_record(sku, in_stock=2)
        world.list_on_amazon(sku, price="10.00", quantity=7)
        world.sell("MUG", quantity=5)
        change("MUG", num_in_stock=4)
        world.export()
        assert world.live("MUG").quantity == 4
        if sku.strip("."):
            assert world.live(sku).quantity == 2
