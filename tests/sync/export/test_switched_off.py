"""What is counted before SKUs are switched off is what the next export then does."""

from __future__ import annotations

from typing import Any

from django_amazon_sync.models import Listing, Presence, SellerSku
from django_amazon_sync.sync.export.switched_off import on_sale, switched_off
from tests.world import DE, World


def test_what_is_counted_is_what_goes_to_zero(world: World) -> None:
    for sku in ("MUG", "CUP"):
        world.sell(sku)
        world.list_on_amazon(sku, price="10.00")
    world.export()
    skus = SellerSku.objects.filter(sku="MUG")
    assert on_sale(world.account) == {DE: 2}
    [counted] = switched_off(skus)
    assert (counted.zeros, counted.stay, counted.too_much) == ({DE: 1}, {}, False)
    skus.update(synchronise=False)
    world.export()
    assert (world.listing("MUG").believed["quantity"], on_sale(world.account)) == (0, {DE: 1})
    [counted] = switched_off(skus)
    assert (counted.zeros, counted.stay) == ({}, {})


def test_nothing_goes_to_zero_from_a_deployment_that_may_not_write(
    world: World, settings: Any
) -> None:
    world.sell("MUG")
    world.list_on_amazon("MUG", price="10.00")
    world.export()
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": "staging"}
    [counted] = switched_off(SellerSku.objects.all())
    assert (counted.zeros, counted.later, counted.stay) == ({}, {}, {DE: 1})


def test_what_was_never_read_in_a_store_that_is_off_does_not_go_to_zero(world: World) -> None:
    """Nothing is read there any more, and so nothing is sent of it."""
    world.sell("MUG")
    world.list_on_amazon("MUG", price="10.00")
    world.export()
    skus = SellerSku.objects.all()
    world.account.marketplaces.update(active=False)
    [counted] = switched_off(skus)
    assert (counted.zeros, counted.stay) == ({DE: 1}, {})
    Listing.objects.update(presence=Presence.UNREAD)
    [counted] = switched_off(skus)
    assert (counted.zeros, counted.stay) == ({}, {DE: 1})
