"""A marketplace that is switched off: what is on sale there cannot be oversold, and that is all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from oscar.core.loading import get_model

from django_amazon_sync.models import Listing, Outcome, Presence, RunState
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.world import DE, FR, World, lines_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def off(connect: Callable[..., World]) -> World:
    """A mug that is on sale in Germany only, where the account is switched off by now."""
    world = connect(marketplaces=(DE, FR))
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    world.account.marketplaces.filter(code=DE).update(active=False)
    return world


def change(sku: str, **values: object) -> None:
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    for name, value in values.items():
        setattr(record, name, value)
    record.save()


@pytest.mark.parametrize("send", [World.send_changes, World.export])
@pytest.mark.parametrize("quantity", [2, 0])
def test_its_quantity_stays_in_step_and_its_price_stays(
    off: World, send: Callable[[World], object], quantity: int
) -> None:
    change("MUG", num_in_stock=quantity, price="12.00")
    send(off)
    live = off.live("MUG", DE)
    assert (live.quantity, str(live.price)) == (quantity, "10.00")


def test_a_product_that_is_gone_goes_to_zero_there(off: World) -> None:
    get_model("catalogue", "Product").objects.filter(stockrecords__partner_sku="MUG").delete()
    off.send_changes()
    assert off.live("MUG", DE).quantity == 0


def test_an_order_there_takes_its_units_off(off: World) -> None:
    off.buy("MUG", 2)
    off.import_orders()
    off.send_changes()
    assert off.live("MUG", DE).quantity == 3


def test_nothing_is_offered_or_read_there_anew(off: World) -> None:
    off.list_on_amazon("CUP", marketplace=DE, price="10.00", quantity=5)
    off.list_on_amazon("CUP", marketplace=FR, price="10.00", quantity=5)
    factories.stock_record("CUP", price="10.00", in_stock=4)
    off.export()
    assert not Listing.objects.filter(sku__sku="CUP", marketplace__code=DE).exists()
    assert off.live("CUP", FR).quantity == 4


def test_what_was_ended_there_is_left_alone(off: World) -> None:
    off.amazon.remove_listing(off.seller, "MUG", DE)
    change("MUG", num_in_stock=2)
    off.send_changes()
    off.export()
    assert off.listing("MUG", DE).presence == Presence.ABSENT
    writes = off.writes()
    change("MUG", num_in_stock=1)
    off.send_changes()
    assert off.export().state == RunState.DONE
    assert off.writes() == writes


def test_where_amazon_refuses_it_the_others_go_on(off: World) -> None:
    off.list_on_amazon("MUG", marketplace=FR, price="10.00", quantity=5)
    Listing.objects.filter(marketplace__code=FR).delete()  # it is looked for anew
    off.export()
    for operation in ("patchListingsItem", "searchListingsItems", "getListingsItem"):
        off.amazon.faults.add(Fault(operation, "403", times=None, about=DE))
    change("MUG", price="12.00")
    run = off.export()
    assert run.state == RunState.DONE
    assert str(off.live("MUG", FR).price) == "12.00"
    change("MUG", num_in_stock=1)
    off.send_changes()
    assert off.live("MUG", FR).quantity == 1
    assert Outcome.REFUSED not in lines_of(run, "outcome")
