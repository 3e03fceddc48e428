"""A SKU that staff linked stays what it is, whatever number the shop gives to what."""

from __future__ import annotations

import pytest

from tests.histories.blank import Blank
from tests.histories.history import History, tell
from tests.histories.operations import Step
from tests.histories.world import Scene, Thing

MUG = {"sku": "MUG"}
LINK = Step("staff_link", {**MUG, "other": True})
TAKES = Step("another_product_takes_the_number", MUG)
UNLINK, HOUR = Step("staff_unlink", MUG), Step("an_hour_goes_by", {})
EXPORT, DELETED = Step("work", {"job": "export"}), Step("product_is_deleted", MUG)
SELLS = Step("shop_sells", {**MUG, "units": 1})
BUYS = Step("amazon_sells", {"sku": "AMZ-MUG", "units": 1, "status": "UNSHIPPED"})


@pytest.mark.parametrize(
    "steps",
    [
        [LINK, HOUR, TAKES, EXPORT, SELLS, HOUR, EXPORT],
        [LINK, TAKES, EXPORT, BUYS, HOUR],
        [LINK, HOUR, TAKES, HOUR, UNLINK, EXPORT, HOUR],
        [LINK, HOUR, TAKES, DELETED, EXPORT, BUYS, HOUR],
    ],
    ids=["linked", "bought", "unlinked", "gone"],
)
def test_an_equal_number_is_no_claim(blank: Blank, steps: list[Step]) -> None:
    scene = Scene(seed=7, things=(Thing("MUG", 9, "10.00"), Thing("CUP", 9, "8.00")), guard=3)
    told = tell(History(scene, tuple(steps)), blank)
    assert not told.kinds, "\n".join(told.story)
