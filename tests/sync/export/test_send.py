"""One change on its way to Amazon: what it carries, and what Amazon's answer makes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Outcome, Submission, SubmissionState
from django_amazon_sync.testing.simulator import Fault, Switches
from tests import factories
from tests.world import World, lines_of


def test_odd_skus_travel_unharmed(world: World) -> None:
    for sku in ("a/b c%2F+#,ü", "100%", "x?y=z&w", "with space", "ünïcode"):
        record = world.sell(sku, quantity=5)
        record.num_in_stock = 2
        record.save()
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.SENT] * 5
    assert world.live("a/b c%2F+#,ü").quantity == 2


def test_a_quantity_keeps_lead_time_and_restock_date(world: World) -> None:
    factories.stock_record("MUG", in_stock=3)
    world.list_on_amazon("MUG", price="10.00", quantity=7, lead_time=4, restock_date="2030-01-02")
    world.export()
    live = world.live("MUG")
    assert (live.quantity, live.lead_time, live.restock_date) == (3, 4, "2030-01-02")


def test_a_refusal_shows_amazons_words_and_is_not_repeated(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    listing = world.listing("MUG")
    listing.approved = {"price": "900000000.00 EUR"}
    listing.save()
    record.price = Decimal("900000000")
    record.save()
    run = world.export()
    (outcome, code, message) = lines_of(run, "outcome", "code", "message")[0]
    assert outcome == Outcome.REFUSED
    assert code
    listing.refresh_from_db()
    assert message in listing.reason
    sent = world.writes()
    world.export()
    assert world.writes() == sent
    world.export(skus=["MUG"])
    assert world.writes() > sent


def test_a_name_goes_only_where_it_is_switched_on(world: World) -> None:
    record = world.sell("MUG", title="Blue mug")
    world.export()
    assert world.writes() == 0
    world.account.marketplaces.update(sync_name=True)
    world.export()
    patch = world.amazon.requests_of("patchListingsItem")[-1]
    assert patch.body is not None
    assert patch.body["productType"] == world.listing("MUG").product_type != "PRODUCT"
    assert world.live("MUG").title == record.product.title


@pytest.mark.parametrize(
    "amazon",
    [{"switches": Switches(merge=merge)} for merge in ("keeps", "drops", "refused")],
    indirect=True,
)
def test_a_price_leaves_sale_and_business_price_alone(world: World) -> None:
    factories.stock_record("MUG", price="11.00", in_stock=5)
    world.list_on_amazon("MUG", price="10.00", quantity=5, sale_price="8.00", business_price="9.00")
    world.export()
    live = world.live("MUG")
    assert (live.price, live.sale_price, live.business_price) == (
        Decimal("11.00"),
        Decimal("8.00"),
        Decimal("9.00"),
    )


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_unknown_outcome_is_read_back(world: World, kind: Any) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    record.price = Decimal("11.00")
    record.save()
    world.amazon.faults.add(Fault("patchListingsItem", kind, times=1))
    run = world.export()
    assert not run.went_well
    assert Submission.objects.get().state == SubmissionState.UNKNOWN
    world.export()
    assert world.live("MUG").price == Decimal("11.00")
    assert not Submission.objects.filter(state=SubmissionState.UNKNOWN).exists()
    sent = world.writes()
    world.export()
    assert world.writes() == sent


def test_a_price_that_one_passing_400_refused_is_tried_again(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("11.00")
    record.save()
    world.amazon.faults.add(Fault("patchListingsItem", "400", times=2))
    world.export()
    assert world.listing("MUG").refused == {"price": "11.00 EUR"}
    world.amazon.faults.clear()
    world.amazon.advance(2 * 3600)
    world.import_orders()
    world.export()
    assert world.live("MUG").price == Decimal("11.00")
