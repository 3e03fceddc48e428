"""Stages of one story of shop and Amazon, kept as copies that tests begin from again and again.

The shop sells in Germany: MUG differs from Amazon in price and quantity, CUP is sold out, SHEARS
are not on Amazon yet, and BOOK is shipped by Amazon.

From "rearranged" on the world has to be ``by_feed``: more than two changes are many.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import override_settings
from oscar.core.loading import get_model

from django_amazon_sync.amazon import feeds as feeds_gateway
from django_amazon_sync.models import SellerAccount
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync.accounts.connect import Credentials, connect_account, release
from django_amazon_sync.testing.simulator import Fault, Simulator
from tests import factories
from tests.faults.databases import Databases
from tests.sync.orders.shipping import pass_time
from tests.world import DE, World, shop_order

SHEARS_EAN = "4012345000108"


class Stages:
    """Each stage is told once and kept; every test that begins there gets a world of its own."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self._databases = databases
        self._folder = folder
        self._told: set[str] = set()

    @contextmanager
    def at(self, name: str, **simulator: Any) -> Iterator[World]:
        """A world at this stage; what happens in the block is forgotten after it."""
        self._tell(name)
        with self._opened(name, **simulator) as world:
            yield world

    def _tell(self, name: str) -> None:
        """Let a stage happen once, after the one before it."""
        if name in self._told:
            return
        before, tell = STAGES[name]
        if before:
            self._tell(before)
        with self._opened(before or "blank") as world:
            tell(world)
            world.amazon.save()
            shutil.copyfile(self._memory("now"), self._memory(name))
            self._databases.keep(name)
        self._told.add(name)

    @contextmanager
    def _opened(self, name: str, **simulator: Any) -> Iterator[World]:
        self._memory("now").unlink(missing_ok=True)
        if name != "blank":
            shutil.copyfile(self._memory(name), self._memory("now"))
        simulator.setdefault("rate_limits", False)
        amazon = Simulator(state_file=self._memory("now"), **simulator)
        with self._databases.opened(name), amazon, reached(amazon):
            account = SellerAccount.objects.first() or connect(amazon)
            yield World(amazon, amazon.seller("eu"), account, configured_shop())

    def _memory(self, name: str) -> Path:
        return self._folder / f"amazon-{name}.json"


@contextmanager
def reached(amazon: Simulator) -> Iterator[None]:
    """The settings lead to this simulated Amazon."""
    changed = {
        **settings.AMAZON_SYNC,
        "ENDPOINT": amazon.regional_endpoint,
        "LWA_ENDPOINT": amazon.lwa_endpoint,
    }
    with override_settings(AMAZON_SYNC=changed):
        yield


@contextmanager
def by_feed(more_than: int = 2, low_stock: int = 0) -> Iterator[None]:
    """More listings than a few go by feed, two in each."""
    feeds = {"FEED_THRESHOLD": more_than, "FEED_LOW_STOCK": low_stock}
    changed = {**settings.AMAZON_SYNC, **feeds}
    with override_settings(AMAZON_SYNC=changed), patch.object(feeds_gateway, "MOST_MESSAGES", 2):
        yield


def connect(amazon: Simulator) -> SellerAccount:
    """Connect and release the European seller in Germany."""
    seller = amazon.seller("eu")
    account = connect_account(
        configured_shop(),
        Credentials(seller.client_id, seller.client_secret, seller.refresh_token),
        region="eu",
        seller_id=seller.seller_id,
        marketplaces=[DE],
        payment_method="any",
        shipping_method="any",
        synchronise_all=True,
    )
    release(account)
    account.default_carrier = "DHL"
    account.save()
    return account


# --- The story --------------------------------------------------------------------------------


def _connected(world: World) -> None:
    """The account is released, the shop sells nothing yet."""


def _stocked(world: World) -> None:
    """The shop has its goods, Amazon its listings of before, and a buyer has come already."""
    factories.stock_record("MUG", price="11.00", in_stock=20)
    factories.stock_record("CUP", price="4.00", in_stock=0)
    factories.stock_record("SHEARS", price="19.00", in_stock=7, upc=SHEARS_EAN)
    factories.stock_record("BOOK", price="8.00", in_stock=3)
    world.list_on_amazon("MUG", price="10.00", quantity=9, lead_time=2)
    world.list_on_amazon("CUP", price="4.00", quantity=5)
    world.list_on_amazon("BOOK", price="7.50", channel="AMAZON")
    world.amazon.advance(60)
    world.buy("MUG", 2)


def _exported(world: World) -> None:
    """All of it is on Amazon, and the buyer's order in the shop."""
    world.amazon.advance(180)
    assert world.export().went_well
    world.amazon.advance(120)


def _changed(world: World) -> None:
    """The shop sold its last mugs, has cups again, and sells shears for less."""
    change("MUG", num_in_stock=2)
    change("CUP", num_in_stock=6)
    change("SHEARS", price=Decimal("17.50"), num_in_stock=4)


def _bought(world: World) -> None:
    """Buyers ordered: two have paid, one has not."""
    world.buy("MUG", lines=[("MUG", 3), ("SHEARS", 1)], shipping="4.90")
    world.buy("SHEARS", 2)
    world.buy("MUG", 1, status="PENDING")


def _placed(world: World) -> None:
    """What was paid is in the shop, and what is left on Amazon."""
    assert world.import_orders().went_well
    assert world.export().went_well
    world.amazon.advance(120)


def _cancelled(world: World) -> None:
    """One buyer cancelled a part, one all, and one has paid at last."""
    parted, whole, paid = buyers(world)[-3:]
    world.amazon.cancel(parted, item="MUG", quantity=1)
    world.amazon.cancel(whole)
    world.amazon.settle_payment(paid)


def _sent_off(world: World) -> None:
    """The shop sent one order in two parcels and one in one."""
    parted, whole, _unpaid = buyers(world)[-3:]
    for number, parcels in ((parted, ("MUG", "SHEARS")), (whole, ("SHEARS",))):
        order = shop_order(number)
        for sku in parcels:
            line = order.lines.get(partner_sku=sku)
            note = f"Carrier: DHL / Tracking: {number[-7:]}{line.pk}"
            factories.shipping_event(order.pk, {line.partner_line_reference: line.quantity}, note)


def _not_shown(world: World) -> None:
    """Amazon accepted all of them, lost them, and had its time; meanwhile one was corrected."""
    world.amazon.switch(shipments_dropped=1.0)
    assert world.confirm_shipments().went_well
    world.amazon.switch(shipments_dropped=0.0)
    pass_time(world, 3700)
    event = get_model("order", "ShippingEvent").objects.earliest("pk")
    event.notes += "9"
    event.save()


def _rearranged(world: World) -> None:
    """The shop changed all it has; a buyer's order is on its way.

    MUG sold so well that it may not wait in a feed. The others may.
    """
    change("MUG", price=Decimal("12.00"), num_in_stock=10)
    change("CUP", num_in_stock=6)
    change("SHEARS", price=Decimal("17.50"), num_in_stock=9)
    change("BOOK", price=Decimal("8.60"))
    world.buy("SHEARS", 2)


def _fed(world: World) -> None:
    """All of that is in two feeds, or patched, and the order is in the shop."""
    with by_feed():
        assert world.import_orders().went_well
        assert world.export().counts["in_feeds"] == 3


def _unanswered(world: World) -> None:
    """Nobody knows what became of two feeds: Amazon has the first of them."""
    world.amazon.faults.add(Fault("createFeed", "drop_after"))
    world.amazon.faults.add(Fault("createFeed", "drop_before"))
    _fed(world)
    world.amazon.faults.clear()


STAGES: dict[str, tuple[str, Callable[[World], None]]] = {
    "connected": ("", _connected),
    "stocked": ("connected", _stocked),
    "exported": ("stocked", _exported),
    "changed": ("exported", _changed),
    "bought": ("exported", _bought),
    "placed": ("bought", _placed),
    "cancelled": ("placed", _cancelled),
    "sent off": ("placed", _sent_off),
    "not shown": ("sent off", _not_shown),
    "rearranged": ("exported", _rearranged),
    "fed": ("rearranged", _fed),
    "unanswered": ("rearranged", _unanswered),
}


def buyers(world: World) -> list[str]:
    """Amazon's order ids, in the order of their placing."""
    return [order["orderId"] for order in world.amazon.orders(world.seller)]


def change(sku: str, **columns: Any) -> None:
    """Change a stock record as the shop's dashboard does."""
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    for name, value in columns.items():
        setattr(record, name, value)
    record.save()
