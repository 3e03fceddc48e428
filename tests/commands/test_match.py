"""``amazon_match`` from the command line."""

from __future__ import annotations

import pytest

from django_amazon_sync.models import SellerSku
from tests import factories
from tests.commands.conftest import manage, manage_json
from tests.world import DE, World

pytestmark = pytest.mark.wheel

EAN = "4006381333931"


def test_a_line_for_each_offer_with_both_skus(world: World, time_flies: list[float]) -> None:
    mug = factories.stock_record("MUG", upc=EAN)
    factories.stock_record("CUP")
    world.amazon.add_product(asin="B0MUG", title="Mug", ean=EAN)
    world.amazon.add_listing(world.seller, "OLD-MUG", marketplace=DE, asin="B0MUG", price="10.00")
    dry = manage_json("amazon_match", "--dry-run", "--marketplace", DE)
    assert [line["outcome"] for line in dry.lines] == ["proposed", "none"]
    assert not SellerSku.objects.exclude(offer_pk="").exists()

    said = manage_json("amazon_match", "--account", world.seller.seller_id)
    assert said.exit == 0
    assert said.document["runs"][0]["counts"]["linked"] == 1
    lines = {line["sku"]: line for line in said.lines}
    assert (lines["MUG"]["outcome"], lines["MUG"]["seller_sku"]) == ("linked", "OLD-MUG")
    assert lines["MUG"]["values"] == {
        "offer": str(mug.pk), "by": "ean", "asin": "B0MUG",
    }  # fmt: skip
    assert (lines["CUP"]["outcome"], lines["CUP"]["seller_sku"]) == ("none", "")
    assert "MUG  OLD-MUG" in manage("amazon_match").out
