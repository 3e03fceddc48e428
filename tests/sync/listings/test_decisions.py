"""What another hand changed on Amazon, and who wins, against a simulated Amazon."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync.models import Job, Listing, Marketplace, Outcome
from django_amazon_sync.sync.listings.decisions import send_ours
from tests.world import World, drifted_now, lines_of, to_the_end


@pytest.fixture(autouse=True)
def _no_patience(settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}


def amazon_wins(world: World, *fields: str, **columns: Any) -> None:
    Marketplace.objects.filter(account=world.account).update(amazon_wins=list(fields), **columns)


def changed_by_another_hand(world: World, sku: str = "MUG", price: str = "12.00") -> Any:
    """A mug of 10.00 in the shop that somebody made dearer on Amazon."""
    record = world.sell(sku, price="10.00", quantity=5)
    world.export()
    world.list_on_amazon(sku, price=price, quantity=5)
    return record


def test_where_amazon_wins_its_price_stays_and_the_listing_says_why(world: World) -> None:
    amazon_wins(world, "price")
    record = changed_by_another_hand(world)
    run = world.verify()
    [(outcome, message)] = lines_of(run, "outcome", "message")
    assert outcome == Outcome.DRIFTED
    assert "Amazon wins in this marketplace: it stays until you take it over" in message
    record.price = Decimal("10.50")
    record.save()
    world.export()
    world.send_changes()
    world.export(skus=["MUG"])
    world.verify()
    listing = world.listing("MUG")
    assert drifted_now(listing) == {"price": {"ours": "10.00 EUR", "live": "12.00 EUR"}}
    assert world.live("MUG").price == Decimal("12.00")


def test_the_stock_of_such_a_listing_goes_on(world: World) -> None:
    amazon_wins(world, "price", "name", "quantity")
    record = changed_by_another_hand(world)
    world.verify()
    record.num_in_stock = 2
    record.save()
    world.send_changes()
    assert (world.live("MUG").price, world.live("MUG").quantity) == (Decimal("12.00"), 2)


def test_a_quantity_is_mended_even_if_amazon_is_said_to_win(world: World) -> None:
    amazon_wins(world, "quantity")
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.list_on_amazon("MUG", price="10.00", quantity=99)
    world.verify()
    world.export()
    assert world.live("MUG").quantity == 5


def test_send_ours_sends_the_shops_price(world: World) -> None:
    amazon_wins(world, "price")
    changed_by_another_hand(world)
    world.verify()
    assert send_ours(Listing.objects.filter(sku__account=world.account)) == 1
    assert send_ours(Listing.objects.filter(sku__account=world.account)) == 0
    world.verify()
    world.export()
    assert world.live("MUG").price == Decimal("10.00")
    assert world.verify().went_well
    assert world.listing("MUG").drift == {}


def test_what_is_put_back_on_amazon_is_forgotten(world: World) -> None:
    amazon_wins(world, "price")
    record = changed_by_another_hand(world)
    world.verify()
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    assert lines_of(world.verify(), "outcome") == []
    listing = world.listing("MUG")
    assert (listing.drift, listing.believed["price"]) == ({}, "10.00 EUR")
    record.price = Decimal("10.50")
    record.save()
    world.export()
    assert world.live("MUG").price == Decimal("10.50")


def test_a_second_change_on_amazon_is_shown_against_what_was_ours(world: World) -> None:
    amazon_wins(world, "price")
    changed_by_another_hand(world)
    world.verify()
    world.list_on_amazon("MUG", price="13.00", quantity=5)
    world.verify()
    assert drifted_now(world.listing("MUG")) == {
        "price": {"ours": "10.00 EUR", "live": "13.00 EUR"}
    }
    world.export()
    assert world.live("MUG").price == Decimal("13.00")


def test_where_the_shop_wins_again_the_next_export_mends_it(world: World) -> None:
    amazon_wins(world, "price")
    changed_by_another_hand(world)
    world.verify()
    amazon_wins(world)
    world.export()
    assert world.live("MUG").price == Decimal("10.00")


def test_a_title_stays_where_amazon_wins(world: World) -> None:
    amazon_wins(world, "name", sync_name=True)
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    ours = world.live("MUG").title
    world.list_on_amazon("MUG", price="10.00", quantity=5, title="A mug by another hand")
    world.verify()
    assert drifted_now(world.listing("MUG"))["name"]["live"] == "A mug by another hand"
    record.product.title = "Another mug"
    record.product.save()
    world.export()
    assert world.live("MUG").title == "A mug by another hand" != ours


def test_what_amazon_keeps_never_makes_a_run_wait(world: World, settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 2}
    amazon_wins(world, "price")
    for number in range(5):
        changed_by_another_hand(world, f"SKU-{number}")
    world.verify()
    record = world.sell("POT", price="10.00", quantity=5)
    world.export()
    record.price = Decimal("10.50")
    record.save()
    assert lines_of(world.export(), "sku", "outcome") == [("POT", Outcome.SENT)]


def test_a_report_that_shows_the_kept_value_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_amazon_sync.sync.verification.by_report.BY_SEARCH_ALONE", 0)
    amazon_wins(world, "price")
    changed_by_another_hand(world)
    world.do(Job.VERIFY, skus=["MUG"])
    world.amazon.advance(7 * 3600)
    run = to_the_end(world, world.verify())
    assert run.counts["by_report"] == 1
    assert drifted_now(world.listing("MUG")) == {
        "price": {"ours": "10.00 EUR", "live": "12.00 EUR"}
    }
    world.export()
    assert world.live("MUG").price == Decimal("12.00")


def test_of_a_run_that_held_more_since_only_what_a_page_showed_is_approved(world: World) -> None:
    records = [world.sell(sku, price="10.00") for sku in ("MUG", "POT")]
    world.export()
    for record in records:
        record.price = Decimal("99.00")
        record.save()
    run = world.export()
    shown, later = run.lines.filter(outcome=Outcome.HELD).order_by("pk")
    world.export(approve=run.pk, lines_to=shown.pk)
    assert world.live(shown.sku).price == Decimal("99.00")
    assert world.live(later.sku).price == Decimal("10.00")
    assert world.listing(later.sku).held == {"price": "99.00 EUR"}
