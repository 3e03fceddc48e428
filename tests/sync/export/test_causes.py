"""Each price and quantity that is sent keeps what it was made of, and why it was sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_amazon_sync.models import Cause, Job, Listing, SellerSku, SubmissionItem
from django_amazon_sync.rules.stock import quantity_of
from django_amazon_sync.signals import offers_sold
from django_amazon_sync.sync import jobs
from tests import factories
from tests.sync.export.steps import SKUS, change, settle
from tests.world import DE, World, approve_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug(world: World) -> Any:
    """A mug that Amazon has as the shop does, of which 4 were sent."""
    record = world.sell("MUG", price="10.00", quantity=5)
    world.export()
    change("MUG", num_in_stock=4)
    world.export()
    return record


def last(name: str, sku: str = "MUG") -> SubmissionItem:
    """What was sent last of a field."""
    items = SubmissionItem.objects.filter(listing__sku__sku=sku, values__has_key=name)
    return items.latest("pk")


def told(name: str, sku: str = "MUG") -> tuple[Any, str, str]:
    """The value that was sent last of a field, its cause, and the order that this names."""
    item = last(name, sku)
    cause = item.causes[name]
    assert item.order_number in ("", cause["order"])
    return item.values[name], cause["code"], cause["order"]


# --- Quantities -----------------------------------------------------------------------------------


def test_the_shop_changed_its_stock(world: World, mug: Any) -> None:
    assert told("quantity") == (4, Cause.NEW, "")
    change("MUG", num_in_stock=2)
    world.export()
    assert told("quantity") == (2, Cause.SHOP, "")
    assert last("quantity").reckoning == {
        "quantity": {"stock": 2, "set": None, "reserved": 0, "kept_back": 0}
    }


def test_an_order_that_waits_holds_its_units(world: World, mug: Any) -> None:
    number = world.buy("MUG", 2, status="PENDING")
    world.import_orders()
    world.send_changes()
    assert told("quantity") == (2, Cause.ORDER, number)
    assert last("quantity").order_number == number
    made_of = last("quantity").reckoning["quantity"]
    assert (made_of["stock"], made_of["reserved"]) == (4, 2)


def test_an_order_that_is_placed_took_its_units_from_the_stock(world: World, mug: Any) -> None:
    number = world.buy("MUG", 3)
    world.import_orders()
    world.send_changes()
    assert told("quantity") == (1, Cause.ORDER, number)
    assert last("quantity").reckoning["quantity"]["reserved"] == 0


def test_a_sale_of_the_shop_is_no_order_of_amazons(world: World, mug: Any) -> None:
    world.buy("MUG", 1)
    world.import_orders()
    world.send_changes()
    change("MUG", num_in_stock=2)
    offers_sold.send(sender=None, pks=[str(mug.pk)])
    world.send_changes()
    value, code, order = told("quantity")
    assert (code, order) == (Cause.SALE, "")
    assert value < 3


def test_more_is_kept_back(world: World, mug: Any) -> None:
    world.account.stock_buffer = 1
    world.account.save()
    world.export()
    assert told("quantity") == (3, Cause.RULE, "")


def test_staff_set_another_number(world: World) -> None:
    factories.stock_record("SERVICE", price="10.00", track_stock=False)
    world.list_on_amazon("SERVICE", price="10.00", quantity=3)
    world.export()
    for number in (4, 7):
        SellerSku.objects.update(set_quantity=number)
        world.import_orders()
        world.export()
    assert told("quantity", "SERVICE") == (7, Cause.PERSON, "")


def test_another_hand_changed_it_on_amazon(world: World, mug: Any) -> None:
    world.amazon.advance(7200)
    world.amazon.change_by_hand(world.seller, "MUG", DE, quantity=9)
    world.verify()
    world.export()
    assert told("quantity") == (4, Cause.DRIFT, "")


def test_it_is_gone_and_comes_back(world: World, mug: Any) -> None:
    SellerSku.objects.update(synchronise=False)
    world.export()
    assert told("quantity") == (0, Cause.GONE, "")
    assert last("quantity").reckoning == {}
    SellerSku.objects.update(synchronise=True)
    world.import_orders()
    world.export()
    assert told("quantity") == (4, Cause.SHOP, "")


# --- Prices ---------------------------------------------------------------------------------------


def test_shop_rule_and_staff_move_a_price(world: World) -> None:
    world.sell("MUG", price="10.00")
    world.export()
    change("MUG", price="11.00")
    world.export()
    assert told("price") == ("11.00 EUR", Cause.NEW, "")
    change("MUG", price="12.00")
    world.export()
    assert told("price") == ("12.00 EUR", Cause.SHOP, "")
    world.account.marketplaces.update(markup_percent=Decimal(5))
    world.export()
    assert told("price") == ("12.60 EUR", Cause.RULE, "")
    listing = world.listing("MUG")
    listing.own_price = Decimal("12.50")
    listing.save(update_fields=["own_price"])
    world.export()
    assert told("price") == ("12.50 EUR", Cause.PERSON, "")
    assert last("price").reckoning["price"][-1]["price"] == "12.50 EUR"


def test_what_was_approved_says_by_whom(world: World) -> None:
    world.sell("MUG", price="10.00")
    world.export()
    change("MUG", price="20.00")
    world.export()
    assert approve_all(Listing.objects.all()) == 1
    world.export()
    assert last("price").causes["price"] == {"code": Cause.PERSON, "order": "", "by": "ann"}


def test_whoever_asked_for_the_run_is_told(world: World, mug: Any) -> None:
    clerk = get_user_model().objects.create_user("clerk")
    change("MUG", num_in_stock=3)
    run = jobs.request(world.account, Job.EXPORT, asked_by=clerk)
    jobs.perform(run, patience=5)
    assert last("quantity").causes["quantity"] == {"code": Cause.SHOP, "order": "", "by": "clerk"}


# --- Every way out --------------------------------------------------------------------------------


def test_what_goes_by_feed_keeps_it_too(shop: World) -> None:
    shop.export()
    for sku in SKUS:
        item = last("price", sku)
        assert (item.submission.kind, item.causes["price"]["code"]) == ("feed", Cause.NEW)
        assert quantity_of(item.reckoning["quantity"]) == item.values["quantity"] == 50
        assert item.live == {}
    settle(shop)
    assert {name for sku in SKUS for name in last("price", sku).live} == {"price", "quantity"}


def test_a_message_that_amazon_refused_keeps_its_words(shop: World) -> None:
    change("RED", price=Decimal("900000000"))
    Listing.objects.update(approved={"price": "900000000.00 EUR"})
    shop.export()
    settle(shop)
    (item,) = SubmissionItem.objects.exclude(refused="")
    assert (item.listing.sku.sku, item.submission.kind, item.live) == ("RED", "feed", {})
    assert ": " in item.refused


def test_a_new_offer_is_new(world: World) -> None:
    ean = "4006381333931"
    world.amazon.add_product(asin="B00NEW0001", title="A new mug", ean=ean)
    factories.stock_record("NEW", price="9.90", in_stock=4, upc=ean)
    world.export()
    assert told("price", "NEW") == ("9.90 EUR", Cause.NEW, "")
    assert told("quantity", "NEW") == (4, Cause.NEW, "")
    assert set(last("price", "NEW").reckoning) == {"price", "quantity"}
