"""Prices that contradict each other do not leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from tests.sync.offers.steps import SALE, give, sent
from tests.world import World, lines_of


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"minimum_price": "10.50 EUR"}, "below the minimum price 10.50 EUR"),
        ({"maximum_price": "9.00 EUR"}, "above the maximum price 9.00 EUR"),
    ],
)
def test_a_price_outside_its_bounds_waits_and_the_stock_does_not(
    mug: World, values: dict[str, Any], message: str
) -> None:
    give(mug, **values)
    record = _record("MUG")
    record.price, record.num_in_stock = Decimal("10.20"), 4
    record.save()
    run = mug.export()
    assert message in lines_of(run, "message")[0]
    live = mug.live("MUG")
    assert (live.price, live.quantity) == (Decimal("10.00"), 4)


@pytest.mark.parametrize("stop", ["locked", "switched off"])
def test_a_bound_that_is_not_sent_still_holds_the_price(mug: World, stop: str) -> None:
    give(mug, minimum_price="9.00 EUR")
    listing = mug.listing("MUG")
    listing.locked = stop == "locked"
    listing.switches = {"minimum_price": False} if stop == "switched off" else {}
    listing.save()
    record = _record("MUG")
    record.price, record.num_in_stock = Decimal("8.50"), 4
    record.save()
    run = mug.export()
    assert "below the minimum price 9.00 EUR" in lines_of(run, "message")[0]
    live = mug.live("MUG")
    assert (live.price, live.quantity) == (Decimal("10.00"), 4)


def test_a_sale_above_the_price_is_not_sent(mug: World) -> None:
    give(mug, sale_price=SALE | {"price": "10.00 EUR"}, list_price="14.90 EUR")
    run = mug.export()
    assert "is not below the price" in lines_of(run, "message")[0]
    assert mug.live("MUG").sale_price is None
    assert "list_price" in sent(mug)


@pytest.mark.parametrize("business", [("8.50 EUR", []), ("9.50 EUR", [[2, "8.50 EUR"]])])
def test_business_buyers_pay_no_less_than_the_minimum(mug: World, business: Any) -> None:
    price, tiers = business
    give(mug, minimum_price="9.00 EUR", business_price={"price": price, "tiers": tiers})
    run = mug.export()
    assert "8.50 EUR is below the minimum price 9.00 EUR" in lines_of(run, "message")[0]
    assert len(sent(mug)["purchasable_offer"]) == 1


def _record(sku: str) -> Any:
    return get_model("partner", "StockRecord").objects.get(partner_sku=sku)
