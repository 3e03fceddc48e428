"""What was typed of the rules, what is stored, and what somebody saved meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import Job, Marketplace, OfferChange, Schedule, SellerSku
from tests.admin.conftest import Staff
from tests.admin.settings.rule_steps import (
    change_account,
    change_place,
    confirm,
    place_of,
    text_of,
    three_on_sale,
)
from tests.world import DE, FR, World


@pytest.fixture
def shelf(world: World) -> World:
    return three_on_sale(world)


def test_what_somebody_saved_meanwhile_is_named_and_stays(staff: Staff, shelf: World) -> None:
    page = change_place(staff, shelf, markup_percent="10")
    Marketplace.objects.update(markup_percent="5", price_floor="3")
    again = confirm(staff, page)
    told = text_of(again)
    assert "Somebody saved other values since you looked" in told
    assert "Markup in per cent: it was 0, it is 5 now." in told
    assert "Lowest price: it was –, it is 3 now." in told
    assert place_of(shelf).markup_percent == 5
    assert place_of(shelf).price_floor == 3
    assert not OfferChange.objects.exists()

    assert "Markup in per cent: 5 → 10" in told
    assert "Amazon.de: Lowest price: 3 → –" in told
    assert confirm(staff, again).status_code == 302
    assert place_of(shelf).markup_percent == 10


def test_another_part_of_the_shop_is_sent_soon(staff: Staff, shelf: World) -> None:
    later = timezone.now() + timedelta(days=1)
    Schedule.objects.update(next_due=later)
    assert change_account(staff, shelf, shop_scope="north").status_code == 302
    due = Schedule.objects.filter(next_due__lt=later)
    assert [schedule.job for schedule in due] == [Job.EXPORT]


def test_what_the_shop_has_no_more_goes_to_zero_once_quantities_are_sent_again(
    staff: Staff, shelf: World
) -> None:
    Marketplace.objects.update(sync_quantity=False)
    get_model("partner", "StockRecord").objects.get(partner_sku="MUG").delete()
    shelf.export()
    SellerSku.objects.filter(sku="MUG").update(offer_pk="")  # as where its offer has another SKU
    later = timezone.now() + timedelta(days=1)
    Schedule.objects.update(next_due=later)
    page = change_place(staff, shelf, sync_quantity="on")
    assert "1 quantity goes to 0." in text_of(page)
    confirm(staff, page)
    due = Schedule.objects.filter(next_due__lt=later)
    assert [schedule.job for schedule in due] == [Job.EXPORT], "it has no offer to be noted by"
    shelf.export()
    assert shelf.live("MUG").quantity == 0


def test_where_amazon_wins_no_more_the_shops_price_goes_back(
    staff: Staff, shelf: World, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DRIFT_AFTER": 0}
    assert change_place(staff, shelf, amazon_wins="price").status_code == 302
    shelf.amazon.change_by_hand(shelf.seller, "MUG", DE, price="12.00")
    shelf.amazon.advance(600)
    shelf.verify()
    shelf.export()
    assert shelf.live("MUG").price == 12

    page = change_place(staff, shelf, amazon_wins=None)
    told = text_of(page)
    assert "Amazon wins: price → –" in told
    assert "12.00 EUR → 10.00 EUR" in told
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG").price == 10


def test_a_store_that_is_added_is_looked_through_by_the_lane(staff: Staff, shelf: World) -> None:
    shelf.list_on_amazon("MUG", marketplace=FR, price="12.00", quantity=5)
    new = {"code": FR, "active": "on", "sync_price": "on", "sync_quantity": "on"}
    page = change_account(
        staff, shelf, **{"marketplaces-TOTAL_FORMS": "2"},
        **{f"marketplaces-1-{name}": value for name, value in new.items()},
    )  # fmt: skip
    told = text_of(page)
    assert "Amazon.fr" in told
    assert "3 products are looked for there" in told
    confirm(staff, page)
    shelf.send_changes()
    assert shelf.live("MUG", FR).price == 10
