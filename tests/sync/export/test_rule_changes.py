"""What a rule changes leaves by the lane of changes, and past no guard."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.admin.settings import rule_preview
from django_amazon_sync.models import Listing, OfferChange, SellerSku
from django_amazon_sync.sync.export import rule_changes
from django_amazon_sync.sync.listings import state
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.settings.rule_steps import (
    change_account,
    change_place,
    confirm,
    text_of,
    three_on_sale,
    typed,
)
from tests.world import World, lines_of


@pytest.fixture
def staff(admin_client: Client) -> Staff:
    return Staff(admin_client)


@pytest.fixture
def shelf(world: World) -> World:
    return three_on_sale(world)


def test_only_the_listings_concerned_are_noted(staff: Staff, shelf: World) -> None:
    page = change_place(staff, shelf, price_floor="15")
    assert "The price of 1 listing changes." in text_of(page)
    confirm(staff, page)
    mug = SellerSku.objects.get(sku="MUG")
    assert [row.offer_pk for row in OfferChange.objects.all()] == [mug.offer_pk]


def test_a_price_that_moves_far_waits_for_approval_as_the_page_said(
    staff: Staff, shelf: World
) -> None:
    page = change_place(staff, shelf, price_floor="14")
    told = text_of(page)
    assert "1 price moves by more than 30 % and will wait for approval." in told
    assert "10.00 EUR → 14.00 EUR (waits for approval)" in told
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG").price == 10
    listing = shelf.listing("MUG")
    assert listing.held == {"price": "14.00 EUR"}

    state.approve({listing.pk: listing.held}, by="staff")
    shelf.export(skus=["MUG"])
    assert shelf.live("MUG").price == 14


def test_more_prices_than_may_leave_in_an_hour_wait_all_of_them(
    staff: Staff, shelf: World, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 2}
    page = change_place(staff, shelf, markup_percent="10")
    assert "So many prices would change within an hour" in text_of(page)
    confirm(staff, page)
    shelf.send_changes()
    assert [shelf.live(name).price for name in ("CUP", "MUG", "POT")] == [20, 10, 30]
    assert all("price" in listing.held for listing in Listing.objects.all())


def test_more_zeros_than_may_leave_in_an_hour_wait_and_the_page_says_so(
    staff: Staff, shelf: World, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 2}
    page = change_account(staff, shelf, stock_buffer="50")
    told = text_of(page)
    assert "3 quantities go to 0." in told
    assert "So many listings would go to 0 within an hour" in told
    confirm(staff, page)
    shelf.send_changes()
    assert [shelf.live(name).quantity for name in ("CUP", "MUG", "POT")] == [1, 5, 9]


def test_a_rule_names_no_absence(staff: Staff, shelf: World) -> None:
    """An import that empties the shop's table meanwhile is no clearance sale."""
    confirm(staff, change_place(staff, shelf, markup_percent="10"))
    records = get_model("partner", "StockRecord").objects.filter(partner_sku="MUG")
    records._raw_delete(records.db)  # past the signals
    run = shelf.send_changes()
    assert {"quantity": 0} not in lines_of(run, "values")
    assert shelf.live("MUG").quantity == 5
    again = OfferChange.objects.get()
    assert again.at > timezone.now(), "a second look ten minutes later"


def test_a_rise_by_a_rule_waits_for_orders_and_names_no_absence_meanwhile(
    staff: Staff, shelf: World
) -> None:
    confirm(staff, change_account(staff, shelf, stock_buffer="2"))
    shelf.send_changes()
    assert shelf.live("MUG").quantity == 3
    shelf.amazon.advance(3600)
    confirm(staff, change_account(staff, shelf, stock_buffer="0"))
    shelf.send_changes()
    assert shelf.live("MUG").quantity == 3, "orders of the last hour are not known"
    records = get_model("partner", "StockRecord").objects.filter(partner_sku="MUG")
    records._raw_delete(records.db)
    shelf.import_orders()
    shelf.send_changes()
    assert [shelf.live(name).quantity for name in ("MUG", "POT")] == [3, 9]


def test_a_look_takes_as_many_queries_for_many_listings(staff: Staff, world: World) -> None:
    def queries() -> int:
        page = change_place(staff, world, markup_percent="10")
        data = typed(page)
        where = page.request["PATH_INFO"]
        with CaptureQueriesContext(connection) as seen:
            staff.client.post(where, data)
        return len(seen)

    for number in range(3):
        world.sell(f"A{number}")
    world.export()
    few = queries()
    for number in range(30):
        world.sell(f"B{number}")
    world.export()
    assert queries() == few


def test_where_the_look_takes_too_long_it_says_at_least_and_notes_the_rest(
    staff: Staff, shelf: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_preview, "PATIENCE", 0.0)
    monkeypatch.setattr(rule_changes, "OFFERS_PER_CHUNK", 2)
    page = change_place(staff, shelf, markup_percent="10")
    told = text_of(page)
    assert "The price of at least 2 listings changes." in told
    assert "Only the first 2 SKUs were counted" in told
    confirm(staff, page)
    assert OfferChange.objects.count() == 3
    shelf.send_changes()
    assert shelf.live("POT").price == 33


def test_what_amazon_refused_to_make_is_not_promised_while_nothing_of_it_changed(
    staff: Staff, shelf: World
) -> None:
    """It is not tried again by itself; with another price or another code it is."""
    for name in ("NEW", "NEXT"):
        factories.stock_record(name, price="9.90", in_stock=4)
    shelf.export()
    assert shelf.listing("NEW").refused.keys() == {"creation"}
    confirm(staff, change_account(staff, shelf, synchronise_all=None))
    shelf.send_changes()

    told = text_of(change_account(staff, shelf, synchronise_all="on"))
    assert "The quantity of 3 listings changes." in told
    assert "for the first time" not in told
    record = get_model("partner", "StockRecord").objects.get(partner_sku="NEW")
    record.price = "8.90"
    record.save()
    told = text_of(change_account(staff, shelf, synchronise_all="on"))
    assert "1 product is offered there for the first time." in told
