"""Only who looked last may send."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_amazon_sync import clock
from django_amazon_sync.amazon import listings as gateway
from django_amazon_sync.models import OfferChange, SellerSku, SubmissionItem
from django_amazon_sync.sync.export import export
from django_amazon_sync.sync.listings.in_flight import LOOK_LASTS
from django_amazon_sync.sync.listings.link import link_by_hand
from django_amazon_sync.sync.listings.looks import forecast, look_at, why_too_late
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.clocks import StandIn
from tests.faults.racing import just_before
from tests.world import World

pytestmark = pytest.mark.django_db


def test_a_newer_look_makes_the_older_one_too_late() -> None:
    sku = SellerSkuFactory.create()
    first, second = look_at([sku.pk]), look_at([sku.pk])
    row = SellerSku.objects.get(pk=sku.pk)
    assert "looked at again" in why_too_late(first, row)
    assert why_too_late(second, row) == ""


def test_a_forecast_makes_nothing_too_late() -> None:
    sku = SellerSkuFactory.create()
    look = look_at([sku.pk])
    assert forecast([sku.pk]).skus == look.skus
    assert why_too_late(look, SellerSku.objects.get(pk=sku.pk)) == ""


def test_an_order_makes_it_too_late() -> None:
    sku = SellerSkuFactory.create()
    look = look_at([sku.pk])
    SellerSku.objects.update(stock_version=7)
    assert "An order came" in why_too_late(look, SellerSku.objects.get(pk=sku.pk))


def test_what_was_read_half_a_minute_ago_is_computed_anew() -> None:
    sku = SellerSkuFactory.create()
    with clock.stood_in_for(StandIn(), seed=1):
        look = look_at([sku.pk])
        clock.sleep((LOOK_LASTS - timedelta(seconds=1)).total_seconds())
        assert why_too_late(look, SellerSku.objects.get(pk=sku.pk)) == ""
        clock.sleep(1)
        assert "too long" in why_too_late(look, SellerSku.objects.get(pk=sku.pk))


# --- Two lanes ------------------------------------------------------------------------------------


def while_first_is_answered(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do this once, while the patch of SKU "A" is on its way."""
    real, once = gateway.patch_listing, list[int]()

    def patch(client: Any, sku: str, *args: Any, **options: Any) -> Any:
        answer = real(client, sku, *args, **options)
        if sku == "A" and not once:
            once.append(1)
            act()
        return answer

    monkeypatch.setattr(gateway, "patch_listing", patch)


def two_in_step(world: World) -> tuple[Any, Any]:
    first = world.sell("A", price="10.00", quantity=5)
    second = world.sell("B", price="10.00", quantity=20)
    world.export()
    OfferChange.objects.all().delete()
    world.import_orders()
    first.num_in_stock = 4
    first.save()
    return first, second


@pytest.mark.parametrize("field", ["quantity", "price"])
def test_an_older_value_never_leaves_after_a_newer_one(
    world: World, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """The export has computed B's value; the lane of changes sends a newer one meanwhile."""
    _first, second = two_in_step(world)
    second.num_in_stock = 12 if field == "quantity" else 20
    second.price = Decimal("10.50") if field == "price" else second.price
    second.save()

    def newer() -> None:
        second.num_in_stock = 0 if field == "quantity" else 20
        second.price = Decimal("11.50") if field == "price" else second.price
        second.save()
        world.send_changes()

    with monkeypatch.context() as patched:
        while_first_is_answered(patched, newer)
        world.export()
    world.send_changes()
    live = world.live("B")
    assert (live.quantity, live.price) == (second.num_in_stock, second.price)


@pytest.mark.parametrize("field", ["quantity", "price"])
def test_a_look_that_finds_nothing_to_send_counts_too(
    world: World, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """A slip is taken back while the export is about to send it."""
    _first, second = two_in_step(world)
    second.num_in_stock = 30 if field == "quantity" else 20
    second.price = Decimal("7.50") if field == "price" else second.price
    second.save()

    def taken_back() -> None:
        second.num_in_stock, second.price = 20, Decimal("10.00")
        second.save()
        world.send_changes()

    with monkeypatch.context() as patched:
        while_first_is_answered(patched, taken_back)
        world.export()
    world.send_changes()
    live = world.live("B")
    assert (live.quantity, live.price) == (20, Decimal("10.00"))


def test_a_link_that_comes_right_before_a_look_counts(world: World) -> None:
    """The listing was loaded with the offer that it was linked to before."""
    world.sell("A", price="10.00", quantity=5)
    other = factories.stock_record("OTHER", price="10.00", in_stock=3)
    world.export()
    world.import_orders()
    SellerSku.objects.filter(sku="A").update(stock_version=1)

    def link() -> None:
        link_by_hand(SellerSku.objects.get(sku="A"), str(other.pk))

    with just_before(export, "look_at", link):
        world.export(skus=["A"])
    world.import_orders()
    world.send_changes()
    quantities = [
        item.values["quantity"]
        for item in SubmissionItem.objects.filter(listing__sku__sku="A", values__has_key="quantity")
    ]
    assert quantities
    assert set(quantities) == {3}


def test_rises_wait_once_orders_grow_old_while_a_run_sends(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    records = [world.sell("A", quantity=5)]
    records += [world.sell(f"B-{number:02}", quantity=5) for number in range(25)]
    world.export()
    world.import_orders()
    for record in records:
        record.num_in_stock = 6
        record.save()
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RUN_MOVE_COUNT": 100}
    with monkeypatch.context() as patched:
        while_first_is_answered(patched, lambda: world.amazon.advance(3600))
        world.send_changes()
    sent = SubmissionItem.objects.filter(values__quantity=6).count()
    assert sent == 20  # the first twenty; the others wait for orders
