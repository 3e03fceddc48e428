"""What tests of shipments do: the shop sends parcels, time passes, Amazon shows packages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F

from django_amazon_sync.models import Shipment
from tests.factories import shipping_event
from tests.world import World, shop_order


def order_of_three(world: World) -> str:
    """A placed order of three mugs, of an account whose default carrier is DHL."""
    world.account.default_carrier = "DHL"
    world.account.save()
    world.sell("MUG", quantity=9)
    number = world.buy("MUG", 3)
    world.import_orders()
    return number


def ship(world: World, number: str, quantity: int, note: str = "JD0123456789") -> Any:
    """The shop sends so many of the order's first line."""
    return shipping_event(str(shop_order(number).pk), {item_of(world, number): quantity}, note)


def item_of(world: World, number: str) -> str:
    """Amazon's id of the order's first line."""
    return str(world.amazon.order(number)["orderItems"][0]["orderItemId"])


def packages(world: World, number: str) -> list[Any]:
    """What Amazon shows a little later: reference, carrier and tracking number of each."""
    world.amazon.advance(120)
    return [
        (one["packageReferenceId"], one["carrier"], one["trackingNumber"])
        for one in world.amazon.order(number).get("packages", [])
    ]


def package(world: World, number: str, reference: str, quantity: int, tracking: str = "X1") -> Any:
    """A package as Amazon shows one."""
    return {
        "packageReferenceId": reference,
        "createdTime": world.amazon.now().isoformat(),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": "UPS",
        "shipTime": world.amazon.now().isoformat(),
        "trackingNumber": tracking,
        "packageItems": [{"orderItemId": item_of(world, number), "quantity": quantity}],
    }


def pass_time(world: World, seconds: int) -> None:
    """So much time has passed since everything that was sent."""
    world.amazon.advance(seconds)
    by = timedelta(seconds=seconds)
    Shipment.objects.update(sent_at=F("sent_at") - by, not_before=F("not_before") - by)


def confirmations(world: World) -> int:
    """How often Amazon was told of a parcel."""
    return len(world.amazon.requests_of("confirmShipment"))
