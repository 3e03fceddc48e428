"""How much may leave within an hour, over all runs; each kind is counted by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.models import Listing, Outcome, SellerSku
from django_amazon_sync.signals import offers_sold
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.world import DE, World, approve_all, lines_of

pytestmark = pytest.mark.django_db


def many(world: World, number: int = 25) -> list[Any]:
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(number)]
    world.export()
    world.import_orders()
    return records


def save(records: list[Any], **columns: Any) -> None:
    for record in records:
        record.refresh_from_db()
        for name, value in columns.items():
            setattr(record, name, value)
        record.save()


def test_a_zero_leaves_although_all_prices_move(world: World) -> None:
    records = many(world)
    save(records, price=Decimal("10.50"))
    save(records[3:4], num_in_stock=0)
    run = world.send_changes()
    assert world.live("MUG-3").quantity == 0
    held = [sku for sku, outcome in lines_of(run, "sku", "outcome") if outcome == Outcome.HELD]
    assert len(held) == 25
    assert world.live("MUG-4").price == Decimal("10.00")


def test_a_zero_that_an_order_explains_leaves_although_all_are_at_zero(world: World) -> None:
    records = many(world)
    world.buy("MUG-3", 2)
    world.import_orders()
    save(records, num_in_stock=0)
    records[3].refresh_from_db()
    save(records[3:4], num_in_stock=records[3].num_allocated or 0)
    world.send_changes()
    assert world.live("MUG-3").quantity == 0
    assert world.live("MUG-4").quantity == 5


def test_what_the_shops_own_customers_buy_leaves_although_it_is_much(world: World) -> None:
    records = many(world)
    factories.checkout(records)
    run = world.send_changes()
    assert set(lines_of(run, "outcome")) == {Outcome.SENT}
    assert {world.live(record.partner_sku).quantity for record in records} == {0}


def test_a_sale_that_a_shop_names_explains_its_zeros_and_no_other(world: World) -> None:
    records = many(world)
    save(records, num_in_stock=0)
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.HELD] * 25
    offers_sold.send(sender=None, pks=[str(record.pk) for record in records[:3]])
    world.send_changes()
    left = {f"MUG-{n}" for n in range(25) if world.live(f"MUG-{n}").quantity == 0}
    assert left == {"MUG-0", "MUG-1", "MUG-2"}


def test_a_sale_explains_the_zero_of_its_time_alone(world: World) -> None:
    records = many(world)
    offers_sold.send(sender=None, pks=[str(record.pk) for record in records])
    save(records, num_in_stock=4)
    world.send_changes()
    save(records, num_in_stock=0)  # a broken import
    world.send_changes()
    assert {world.live(record.partner_sku).quantity for record in records} == {4}


def test_to_approve_some_of_what_is_held_lets_no_other_leave(world: World) -> None:
    records = many(world)
    save(records, num_in_stock=0)
    world.send_changes()
    chosen = Listing.objects.filter(sku__sku__in=[f"MUG-{n}" for n in range(10)])
    assert approve_all(chosen) == 10
    world.export()
    world.export()
    left = {
        record.partner_sku for record in records if world.live(record.partner_sku).quantity == 0
    }
    assert left == {f"MUG-{n}" for n in range(10)}


def test_a_held_zero_ends_with_its_cause_and_the_next_one_leaves(world: World) -> None:
    records = many(world)
    save(records, num_in_stock=0)  # a broken import
    world.send_changes()
    assert world.writes() == 0
    assert Listing.objects.exclude(held={}).count() == 25
    save(records, num_in_stock=5)  # mended
    world.import_orders()
    world.send_changes()
    assert not Listing.objects.exclude(held={}).exists()
    save(records[3:4], num_in_stock=0)
    world.send_changes()
    assert world.live("MUG-3").quantity == 0


def test_what_breaks_while_a_run_sends_is_counted_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = many(world, 40)
    save(records, num_in_stock=4)
    real, once = gateway.patch_listing, list[int]()

    def patch(*args: Any, **options: Any) -> Any:
        if not once:
            once.append(1)
            save(records, num_in_stock=0)
        return real(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "patch_listing", patch)
        world.send_changes()
    world.send_changes()
    zeros = sum(world.live(f"MUG-{n}").quantity == 0 for n in range(40))
    assert 0 < zeros <= 20


def test_the_guard_sees_after_a_silence(world: World) -> None:
    record = world.sell("MUG", price="100.00")
    world.export()
    record.price = Decimal("101.00")
    record.save()
    world.amazon.faults.add(Fault("patchListingsItem", "drop_before", times=1))
    world.send_changes()
    record.price = Decimal("1.01")  # a slip of the decimal point
    record.save()
    world.send_changes()
    world.send_changes()
    assert world.live("MUG").price == Decimal("100.00")
    assert world.listing("MUG").held == {"price": "1.01 EUR"}


def test_another_hands_price_is_mended_without_a_word(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.amazon.advance(7200)
    world.import_orders()
    world.list_on_amazon("MUG", price="5.00", quantity=5)
    world.verify()
    world.send_changes()
    assert world.live("MUG").price == Decimal("10.00")


def test_a_run_approves_only_what_its_report_showed(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("14.00")
    record.save()
    run = world.export()
    record.price = Decimal("0.14")  # a slip, after the report was read
    record.save()
    world.send_changes()
    approving = world.export(approve=run.pk)
    assert world.live("MUG").price == Decimal("10.00")
    assert "something else waits by now" in " ".join(lines_of(approving, "message"))


def test_a_listing_that_is_made_again_meets_the_guard_of_prices(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    world.amazon.advance(7200)
    world.import_orders()
    world.amazon.remove_listing(world.seller, "MUG", DE)
    world.verify()
    SellerSku.objects.update(asin="B000000001")  # it may be made again
    record.price = Decimal("0.10")  # a broken import
    record.save()
    world.export()
    assert world.listing("MUG").held == {"price": "0.10 EUR"}
    assert world.live("MUG") is None


def test_an_approved_rise_lets_no_zeros_leave(world: World) -> None:
    records = many(world)
    save(records, num_in_stock=8)
    held = world.send_changes()
    save(records, num_in_stock=0)  # and then an import breaks
    world.export(approve=held.pk)
    world.send_changes()
    assert world.live("MUG-3").quantity == 5
    assert world.listing("MUG-3").held == {"quantity": 0}


def test_what_was_sold_since_an_approval_leaves_with_it(world: World) -> None:
    records = many(world)
    save(records, num_in_stock=8)
    held = world.send_changes()
    save(records[3:4], num_in_stock=7)
    world.export(approve=held.pk)
    assert world.live("MUG-4").quantity == 8
