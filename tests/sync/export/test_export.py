"""Offers out, against a simulated Amazon."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Listing, Outcome, RunState, SellerSku, Submission
from django_amazon_sync.sync.accounts.connect import pause
from django_amazon_sync.sync.listings import state
from django_amazon_sync.sync.runs import bulk
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.world import DE, FR, World, approve_all, lines_of

# --- Adopting, sending, and not sending twice -------------------------------------------------


def test_a_listing_is_adopted_and_what_differs_is_sent(world: World) -> None:
    record = world.sell("MUG", price="10.00", quantity=5)
    first = world.export()
    assert first.state == RunState.DONE, first.reason
    assert lines_of(first, "outcome") == []
    assert world.writes() == 0

    record.price, record.num_in_stock = Decimal("11.50"), 3
    record.save()
    second = world.export()
    assert lines_of(second, "outcome", "values") == [
        (Outcome.SENT, {"quantity": 3}),
        (Outcome.SENT, {"price": "11.50 EUR"}),
    ]
    live = world.live("MUG")
    assert (live.price, live.quantity) == (Decimal("11.50"), 3)


def test_a_second_run_sends_nothing(world: World) -> None:
    world.sell("MUG", quantity=5)
    factories.stock_record("CUP", price="4.00", in_stock=2)
    world.list_on_amazon("CUP", price="5.00", quantity=9)
    world.export()
    sent = world.writes()
    assert sent == 2
    again = world.export()
    assert (again.state, again.went_well) == (RunState.DONE, True)
    assert world.writes() == sent


def test_an_observing_account_only_reports_the_difference(connect: Callable[..., World]) -> None:
    world = connect(live=False)
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="12.00", quantity=1)
    run = world.export()
    assert run.dry_run
    assert lines_of(run, "outcome", "values") == [
        (Outcome.PLANNED, {"quantity": 5}),
        (Outcome.PLANNED, {"price": "10.00 EUR"}),
    ]
    assert world.writes() == 0


def test_a_dry_run_of_a_live_account_writes_nothing(world: World) -> None:
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", price="12.00", quantity=1)
    run = world.export(dry_run=True)
    assert lines_of(run, "outcome", "message") == [
        (Outcome.PLANNED, "5 = 5 in stock"),
        (Outcome.PLANNED, "10.00 EUR = shop's price 10.00 EUR"),
    ]
    assert world.writes() == 0
    assert not Submission.objects.exists()


@pytest.mark.parametrize("state", ["paused", "elsewhere"])
def test_nothing_is_written_from_a_paused_account_or_another_deployment(
    world: World, settings: Any, state: str
) -> None:
    world.sell("MUG", quantity=5).__class__.objects.update(num_in_stock=1)
    if state == "paused":
        pause(world.account, "holidays")
    else:
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": "staging"}
    run = world.export()
    assert (run.state, run.reason_code) == (RunState.STOPPED, "halted")
    assert world.writes() == 0


# --- Quantity ---------------------------------------------------------------------------------


def test_a_sku_that_amazon_fulfils_never_gets_a_quantity(world: World) -> None:
    factories.stock_record("FBA", price="12.00", in_stock=3)
    world.list_on_amazon("FBA", price="10.00", channel="AMAZON")
    run = world.export()
    assert lines_of(run, "values") == [{"price": "12.00 EUR"}]
    assert world.live("FBA").channels == ("AMAZON_EU",)


def test_a_sku_that_went_to_fba_since_gets_no_quantity(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="10.00", channel="AMAZON")
    record.num_in_stock = 1
    record.save()
    world.export()
    assert world.writes() == 0
    assert world.live("MUG").channels == ("AMAZON_EU",)


def test_one_quantity_goes_to_every_marketplace(connect: Callable[..., World]) -> None:
    world = connect(marketplaces=(DE, FR))
    factories.stock_record("MUG", price="10.00", in_stock=3)
    for marketplace in (DE, FR):
        world.list_on_amazon("MUG", marketplace=marketplace, price="10.00", quantity=8)
    world.export()
    assert [world.live("MUG", code).quantity for code in (DE, FR)] == [3, 3]


def test_untracked_stock_needs_a_set_number(world: World) -> None:
    factories.stock_record("SERVICE", price="10.00", track_stock=False)
    world.list_on_amazon("SERVICE", price="10.00", quantity=0)
    run = world.export()
    assert "does not track" in lines_of(run, "message")[0]
    assert "does not track" in SellerSku.objects.get().problem
    SellerSku.objects.filter(sku="SERVICE").update(set_quantity=7)
    world.export()
    assert world.live("SERVICE").quantity == 7
    assert SellerSku.objects.get().problem == ""


# --- The lane of changed offers ---------------------------------------------------------------


def test_a_zero_leaves_even_when_amazon_cannot_be_read(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    record.num_in_stock = 0
    record.save()
    world.amazon.faults.add(Fault("searchListingsItems", "503", times=100))
    run = world.send_changes()
    assert Outcome.SENT in lines_of(run, "outcome")
    assert world.live("MUG").quantity == 0


# --- Gone products ------------------------------------------------------------------------------


def test_what_is_gone_goes_to_zero_and_stays_listed(world: World) -> None:
    records = {sku: world.sell(sku, quantity=5) for sku in ("DELETED", "UNPUBLISHED", "OFF")}
    for record in records.values():
        record.num_in_stock = 4
        record.save()
    world.export()
    records["DELETED"].delete()
    records["UNPUBLISHED"].product.is_public = False
    records["UNPUBLISHED"].product.save()
    SellerSku.objects.filter(sku="OFF").update(synchronise=False)
    world.send_changes()  # the shop said that one is deleted
    world.export()
    assert [world.live(sku).quantity for sku in records] == [0, 0, 0]
    assert SellerSku.objects.count() == 3


def test_what_was_never_sent_is_left_alone(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    record.delete()
    world.export()
    assert world.writes() == 0


def test_a_changed_sku_leaves_the_old_one_at_zero(world: World) -> None:
    record = world.sell("OLD", quantity=5)
    record.num_in_stock = 4
    record.save()
    world.export()
    world.list_on_amazon("NEW", price="10.00", quantity=1)
    record.partner_sku = "NEW"
    record.save()
    world.export()
    assert (world.live("OLD").quantity, world.live("NEW").quantity) == (0, 4)


def test_two_offers_with_one_sku_are_said_and_the_rest_goes_on(world: World) -> None:
    world.sell("MUG", quantity=5)
    factories.stock_record("MUG", in_stock=9, partner_code="other")
    record = world.sell("CUP", quantity=5)
    record.num_in_stock = 1
    record.save()
    run = world.export()
    assert lines_of(run, "sku", "outcome") == [
        ("MUG", Outcome.FAILED),
        ("CUP", Outcome.SENT),
    ]


# --- Refusals, approval ------------------------------------------------------------------------


def test_a_price_that_jumps_waits_for_approval(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("20.00")
    record.save()
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.HELD]
    assert world.live("MUG").price == Decimal("10.00")
    assert lines_of(world.export(), "outcome") == []
    world.export(approve=run.pk)
    assert world.live("MUG").price == Decimal("20.00")


def test_a_price_approved_by_hand_leaves(world: World) -> None:
    record = world.sell("MUG", price="10.00")
    world.export()
    record.price = Decimal("20.00")
    record.save()
    world.export()
    assert approve_all(Listing.objects.all()) == 1
    world.export()
    assert world.live("MUG").price == Decimal("20.00")


def test_a_run_that_moves_too_much_waits(world: World) -> None:
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(25)]
    world.export()
    for record in records:
        record.num_in_stock = 0
        record.save()
    for run in (world.send_changes(), world.export()):
        assert set(lines_of(run, "outcome")) <= {Outcome.HELD}
    assert world.writes() == 0
    held_by = Listing.objects.exclude(held={}).count()
    assert held_by == 25
    holding = world.account.runs.filter(lines__outcome=Outcome.HELD).earliest("pk")
    world.export(approve=holding.pk)
    assert world.live("MUG-7").quantity == 0


def test_falls_leave_although_the_run_waits_but_not_to_what_amazon_ships_now(
    world: World,
) -> None:
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(25)]
    world.export()
    for record in records:
        record.num_in_stock = 3
        record.price = Decimal("11.00")
        record.save()
    world.list_on_amazon("MUG-1", price="10.00", channel="AMAZON")
    run = world.export()
    assert lines_of(run, "outcome").count(Outcome.HELD) == 25
    assert world.live("MUG-0").quantity == 3
    assert world.live("MUG-0").price == Decimal("10.00")
    assert world.live("MUG-1").channels == ("AMAZON_EU",)


def test_a_run_that_is_not_there_cannot_be_approved(world: World) -> None:
    run = world.export(approve=4711)
    assert (run.state, run.reason_code) == (RunState.STOPPED, "configuration")


def test_what_was_approved_by_hand_leaves_however_much_it_is(world: World) -> None:
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(25)]
    world.export()
    for record in records:
        record.price = Decimal("11.00")
        record.save()
    world.export()
    assert world.writes() == 0
    assert approve_all(Listing.objects.all()) == 25
    run = world.export(skus=["MUG-1", "MUG-2"])
    assert lines_of(run, "outcome") == [Outcome.SENT] * 2
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.SENT] * 23


# --- No answer -----------------------------------------------------------------------------------


def test_a_part_is_measured_by_all_listings_and_with_the_parts_before(
    world: World, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 2}
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(8)]
    world.export()

    def dearer(number: int) -> set[Any]:
        for record in records[:number]:
            record.price = Decimal("11.00")
            record.save()
            records.remove(record)
        return set(lines_of(world.send_changes(), "outcome"))

    assert dearer(3) == {Outcome.SENT}  # three of eight
    assert dearer(2) == {Outcome.HELD}  # five of eight, within the hour


def test_a_worker_that_dies_while_it_holds_holds_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other half alone would not be too much."""
    records = [world.sell(f"MUG-{n}", price="10.00", quantity=5) for n in range(25)]
    world.export()
    for record in records:
        record.price = Decimal("11.00")
        record.save()
    monkeypatch.setattr(state, "STATES_PER_CHUNK", 10)
    written = bulk.update_locked_rows

    def die_at_the_second(listings: Any, names: Any) -> None:
        if Listing.objects.exclude(held={}).exists():
            raise KeyboardInterrupt
        written(listings, names)

    with monkeypatch.context() as patched:
        patched.setattr(state, "update_locked_rows", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            world.export()
    assert not Listing.objects.exclude(held={}).exists()
    assert lines_of(world.export(), "outcome").count(Outcome.HELD) == 25
    assert world.writes() == 0


# --- What a buyer took a moment ago ---------------------------------------------------------------


def test_a_fall_waits_that_would_sell_again_what_no_search_shows_yet(world: World) -> None:
    """Buyers took three: Amazon's number says so, and no order does for two minutes."""
    record = world.sell("MUG", quantity=5)
    world.export()
    world.import_orders()
    world.list_on_amazon("MUG", price="10.00", quantity=2)
    record.num_in_stock = 4
    record.save()
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.WAITING]
    assert world.live("MUG").quantity == 2
    # No order came: it was another hand, which is mended.
    world.amazon.advance(300)
    world.import_orders()
    world.export()
    assert world.live("MUG").quantity == 4


def test_without_orders_no_fall_sells_again_what_amazon_sold(world: World) -> None:
    """Nobody will ever know what buyers took; another system may, and lowers the shop's number."""
    record = world.sell("MUG", quantity=5)
    world.export()
    world.account.import_orders = False
    world.account.save()
    world.list_on_amazon("MUG", price="10.00", quantity=2)
    for number, live in ((4, 2), (3, 2), (1, 1), (6, 6)):
        record.num_in_stock = number
        record.save()
        run = world.export()
        assert Outcome.WAITING not in lines_of(run, "outcome")
        assert world.live("MUG").quantity == live
        world.amazon.advance(7200)


def test_a_fall_below_what_amazon_shows_leaves_at_once(world: World) -> None:
    record = world.sell("MUG", quantity=5)
    world.export()
    world.import_orders()
    world.list_on_amazon("MUG", price="10.00", quantity=3)
    record.num_in_stock = 2
    record.save()
    run = world.export()
    assert lines_of(run, "outcome") == [Outcome.SENT]
    assert world.live("MUG").quantity == 2
