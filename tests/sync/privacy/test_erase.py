"""Buyers' data go from every copy, and stay gone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.errors import ShopRefused
from django_amazon_sync.models import (
    AmazonOrder,
    Erasure,
    OrderState,
    RunLine,
    Shipment,
    SyncRun,
)
from django_amazon_sync.shops.oscar import OscarShop
from django_amazon_sync.sync import housekeeping
from django_amazon_sync.sync.privacy import erase
from django_amazon_sync.sync.runs import bulk
from django_amazon_sync.testing.factories import AmazonOrderFactory, ShipmentFactory
from tests.stored import copy_stored
from tests.sync.privacy.conftest import PERSON, WORDS, Sold, long_ago
from tests.world import World, shop_order


def texts_of_shop_order(number: str) -> str:
    order = shop_order(number)
    rows = [order, order.shipping_address, order.billing_address, *order.lines.all()]
    return str([vars(row) for row in [*rows, *order.notes.all()]])


def named_in(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


class HostAhead(clock.HostClock):
    """This host's clock is a year ahead of the database's."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=365)

    def stores_now(self) -> datetime:
        return super().now()


def test_a_host_whose_clock_is_ahead_erases_nothing_too_soon(world: World, shipped: Sold) -> None:
    fresh, old = shipped(), shipped()
    long_ago(old)
    erase.allow(world.account, "clerk")
    with clock.stood_in_for(HostAhead(), seed=1):
        housekeeping.keep_house()
    erased = AmazonOrder.objects.exclude(erased_at=None).values_list("pk", flat=True)
    assert list(erased) == [old.pk]
    assert AmazonOrder.objects.get(pk=fresh.pk).erased_at is None


def test_what_is_due_goes_from_our_rows_and_the_shops_order(world: World, shipped: Sold) -> None:
    order = shipped()
    before = AmazonOrder.objects.get(pk=order.pk)
    assert named_in(json.dumps(before.document)) == list(WORDS)
    assert named_in(texts_of_shop_order(order.number))
    run = SyncRun.objects.latest("pk")
    RunLine.objects.create(run=run, outcome="placed", order_number=order.number,
                           message="For Ottoline Quill of 17 Gooseneck Mews.")  # fmt: skip
    then = clock.now() - timedelta(days=40)
    ShipmentFactory.create(
        order=order, reason="Zebulon asks for it.", state="refused", shipped_at=then
    )
    total = shop_order(order.number).total_incl_tax
    long_ago(order)
    erase.allow(world.account, "clerk")
    housekeeping.keep_house()
    after = AmazonOrder.objects.get(pk=order.pk)
    assert after.erased_at is not None
    assert named_in(json.dumps(after.document)) == []
    assert named_in(texts_of_shop_order(order.number)) == []
    assert RunLine.objects.latest("pk").message == "For … of …."
    assert named_in(Shipment.objects.get().reason) == []
    assert (after.number, after.state, after.total) == (before.number, before.state, before.total)
    assert after.document["recipient"] == {"deliveryAddress": {"countryCode": "GB"}}
    assert shop_order(order.number).total_incl_tax == total
    evidence = Erasure.objects.get()
    assert (evidence.why, evidence.by, evidence.orders) == ("due", "", [])
    assert evidence.counts == {"orders": 1, "shop_orders": 1, "run_lines": 1, "parcels": 1}


def test_nothing_goes_before_a_person_saw_the_numbers(world: World, shipped: Sold) -> None:
    long_ago(shipped())
    housekeeping.keep_house()
    assert AmazonOrder.objects.get().erased_at is None
    assert not Erasure.objects.exists()


def test_an_order_that_is_to_be_sent_keeps_its_buyer(world: World, shipped: Sold) -> None:
    order = shipped(ship=False)
    long_ago(order)
    erase.allow(world.account, "clerk")
    assert erase.erase_due_of(world.account) is None
    assert erase.erase_orders(world.account, [order.number], by="clerk") is None
    assert AmazonOrder.objects.get().document["buyer"] == PERSON["buyer"]


def test_what_comes_later_is_cleaned_and_never_fills_the_shops_order(
    world: World, shipped: Sold
) -> None:
    order = shipped()
    long_ago(order)
    erase.erase_due_of(world.account)
    item = world.amazon.order(order.number)["orderItems"]
    unreadable = {"orderItems": item * 2}
    for change in ({"orderItems": item, "programs": ["PRIME"]}, unreadable):
        world.amazon.set_order(order.number, **change)
        world.import_orders()
        world.import_orders(order=order.number)
        again = AmazonOrder.objects.get()
        assert named_in(json.dumps(again.document)) == []
        assert named_in(texts_of_shop_order(order.number)) == []
        assert again.erased_at is not None
    assert again.state == OrderState.PLACED


def test_the_same_copy_again_is_no_change(world: World, shipped: Sold) -> None:
    order = shipped()
    long_ago(order)
    erase.erase_due_of(world.account)
    before = AmazonOrder.objects.get().fingerprint
    run = world.import_orders(order=order.number)
    assert AmazonOrder.objects.get().fingerprint == before
    assert "orders" not in run.counts or run.counts["orders"] == 0


def test_an_order_that_is_placed_after_its_erasure_is_nobodys(world: World, shipped: Sold) -> None:
    order = shipped()
    long_ago(order)
    AmazonOrder.objects.update(state=OrderState.QUARANTINED, shop_order_pk="", placed_at=None)
    shop_order(order.number).delete()
    world.account.import_customers = world.account.relay_customers = True
    world.account.save()
    erase.erase_due_of(world.account)
    AmazonOrder.objects.update(state=OrderState.WAITING)
    world.import_orders()
    assert AmazonOrder.objects.get().state == OrderState.PLACED
    assert named_in(texts_of_shop_order(order.number)) == []
    assert shop_order(order.number).user is None


def test_one_that_cannot_go_costs_no_other_and_is_tried_again(
    world: World, shipped: Sold, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = shipped(), shipped()
    for order in (bad, good):
        long_ago(order)
    forget = OscarShop.anonymise

    def fails(shop: OscarShop, pk: str) -> None:
        forget(shop, pk)
        if pk == bad.shop_order_pk:
            raise ShopRefused("Zebulon's order is in use.")

    with monkeypatch.context() as patched:
        patched.setattr(OscarShop, "anonymise", fails)
        done = erase.erase_due_of(world.account)
    assert done is not None
    assert (done.counts["orders"], done.counts["failed"]) == (1, 1)
    assert named_in(texts_of_shop_order(bad.number))
    assert AmazonOrder.objects.get(pk=bad.pk).erased_at is None
    assert erase.erase_due_of(world.account) is not None
    assert AmazonOrder.objects.filter(erased_at=None).count() == 0


def test_a_document_of_another_order_goes_too(world: World, shipped: Sold) -> None:
    other, order = shipped(), shipped()
    long_ago(order)
    RunLine.objects.filter(order_number=order.number).update(message=f"{WORDS[0]} bought it.")
    copy_stored((other, "document"), (order, "document"))
    erase.allow(world.account, "clerk")
    housekeeping.keep_house()
    erased = AmazonOrder.objects.get(pk=order.pk)
    assert (erased.erased_at is None, erased.document) == (False, {})
    assert not named_in(texts_of_shop_order(order.number))
    lines = RunLine.objects.filter(order_number=order.number).values_list("message", flat=True)
    assert lines
    assert not named_in(" ".join(lines))
    assert named_in(str(AmazonOrder.objects.get(pk=other.pk).document))


def test_a_shop_that_cannot_forget_is_counted(
    world: World, shipped: Sold, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago(shipped())
    monkeypatch.delattr(OscarShop, "anonymise")
    done = erase.erase_due_of(world.account)
    assert done is not None
    assert done.counts["kept_by_shop"] == 1
    assert named_in(json.dumps(AmazonOrder.objects.get().document)) == []


def test_what_is_not_due_any_more_under_the_lock_stays(
    world: World, shipped: Sold, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shipped()
    long_ago(order)
    pages = bulk.in_pages

    def meanwhile(rows: Any) -> Any:
        for pk in pages(rows):
            AmazonOrder.objects.update(status="UNSHIPPED")
            yield pk

    monkeypatch.setattr(erase, "in_pages", meanwhile)
    assert erase.erase_due_of(world.account) is None
    assert AmazonOrder.objects.get().erased_at is None


def test_a_round_has_an_end_and_the_next_goes_on(world: World, shipped: Sold) -> None:
    for _ in range(3):
        long_ago(shipped())
    assert erase.erase_due_of(world.account, most=2)
    assert AmazonOrder.objects.filter(erased_at=None).count() == 1
    assert erase.erase_due_of(world.account, most=2)
    assert AmazonOrder.objects.filter(erased_at=None).count() == 0


def test_one_buyer_is_found_by_the_address_in_the_document(world: World, shipped: Sold) -> None:
    first, second = shipped(), shipped()
    other = shipped(buyer={"buyerName": "Ada", "buyerEmail": "ada@buyers.example"})
    assert erase.orders_of_same_buyer(first) == sorted([first.number, second.number])
    done = erase.erase_orders(world.account, erase.orders_of_same_buyer(first), by="clerk")
    assert done is not None
    assert sorted(done.orders) == sorted([first.number, second.number])
    assert list(AmazonOrder.objects.filter(erased_at=None)) == [other]
    assert erase.orders_of_same_buyer(AmazonOrder.objects.get(pk=first.pk)) == [first.number]


def test_a_whole_account_goes_but_for_what_is_to_be_sent(world: World, shipped: Sold) -> None:
    shipped()
    kept = shipped(ship=False)
    other = AmazonOrderFactory.create()
    done = erase.erase_account(world.account, by="command")
    assert done is not None
    assert (done.why, done.counts["orders"]) == ("account", 1)
    assert list(AmazonOrder.objects.filter(erased_at=None).order_by("pk")) == [kept, other]
    assert named_in(texts_of_shop_order(kept.number))
    assert list(erase.kept(world.account)) == [kept]
