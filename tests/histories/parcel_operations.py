"""What may happen to parcels: in several, in parts, corrected, taken back, dropped, by other hands.

One history of ten is about these, in a shop that sends an order in as many parcels as it likes; the
others are as they were without.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

from django_amazon_sync.models import Job
from django_amazon_sync.testing.simulator import Fault
from tests.histories.operations import only, operation, with_
from tests.histories.workers import Worker
from tests.histories.world import Scene, World
from tests.plainshop.models import Carrier, Order, OrderLine, Parcel, ParcelLine

EVERY, FIRST = 10, 8


def weights(seed: int) -> dict[str, float]:
    """How much a history is about parcels; the shop sends nothing otherwise in it."""
    if seed % EVERY != FIRST:
        return {"parcels": 0.0}
    return {"parcels": 4.0, "buyers": 2.0, "orders": 0.0, "feeds": 0.0, "channel": 0.0}


def limits(scene: Scene) -> Scene:
    return replace(scene, shop="ParcelShop") if scene.seed % EVERY == FIRST else scene


def _open_lines(order: Order) -> list[tuple[OrderLine, int]]:
    """What is not packed yet, with its units."""
    packed: Counter[int] = Counter()
    for line, units in ParcelLine.objects.filter(line__order=order).values_list("line", "units"):
        packed[line] += units
    lines = order.lines.order_by("pk")
    return [(line, left) for line in lines if (left := line.quantity - packed[line.pk]) > 0]


def _pack(world: World, lines: list[tuple[OrderLine, int]], tracked: bool) -> None:
    if not lines:
        return
    parcel = Parcel.objects.create(
        sent=world.clock.now(), carrier=Carrier.objects.get_or_create(name="DHL")[0]
    )
    for line, units in lines:
        ParcelLine.objects.create(parcel=parcel, line=line, units=units)
    if tracked:
        _number(world, parcel)


def _number(world: World, parcel: Parcel) -> None:
    parcel.tracking = world.parcels.new_number(parcel)
    parcel.save()


def _confirm(world: World) -> None:
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    world.do(Job.CONFIRM_SHIPMENTS)


@operation("parcels", 6, with_(units=[2, 3]))
def buyer_takes_several(world: World, sku: str, units: int) -> None:
    """The shop has the order, and packs the first of its units."""
    if number := world.buy(sku, units, "UNSHIPPED"):
        world.pass_time(180)
        world.do(Job.IMPORT_ORDERS)
        for order in Order.objects.filter(reference=number):
            _pack(world, [(line, 1) for line, _left in _open_lines(order)[:1]], tracked=True)


@operation(
    "parcels", 10, only(which=[0, 1, 2], part=[True, True, False], tracked=[True, True, False])
)
def shop_sends_a_parcel(world: World, which: int, part: bool, tracked: bool) -> None:
    """Of one of its newest orders: one unit, or all that is left, perhaps without a number yet."""
    orders = Order.objects.exclude(state=Order.State.VOID).order_by("-pk")
    for order in orders[which : which + 1]:
        lines = _open_lines(order)
        _pack(world, [(line, 1) for line, _left in lines[:1]] if part else lines, tracked)


@operation("parcels", 5, only(which=[0, 1, 2]))
def tracking_is_corrected(world: World, which: int) -> None:
    """Or named at last."""
    for parcel in Parcel.objects.order_by("-pk")[which : which + 1]:
        _number(world, parcel)


@operation("parcels", 5, with_(which=[0, 0, 1], noted=[True, True, False]))
def parcel_is_taken_back(world: World, sku: str, which: int, noted: bool) -> None:
    """One that Amazon was not told of; ``noted``: the package knows it, and Amazon is away."""
    buyer_takes_several(world, sku, 2)
    world.amazon.faults.add(Fault("confirmShipment", "429", times=None))
    if noted:
        world.do(Job.CONFIRM_SHIPMENTS)
    for parcel in Parcel.objects.order_by("-pk")[which : which + 1]:
        if not world.parcels.may_be_at_amazon(parcel):
            numbers = world.parcels.numbers_of(parcel)
            parcel.delete()
            world.parcels.taken_back |= dict.fromkeys(numbers, world.clock.seconds)
    world.amazon.faults.clear()
    _confirm(world)


@operation(
    "parcels",
    5,
    only(kind=["400", "429", "500", "drop_before", "drop_after", "drop_after"], times=[1, 1, 2]),
)
def confirmations_break(world: World, kind: str, times: int) -> None:
    """They are refused, lost before they took effect, or after."""
    world.amazon.faults.add(Fault("confirmShipment", kind, times=times))  # type: ignore[arg-type]


@operation("parcels", 4, with_(share=[0.0, 1.0, 1.0]))
def confirmations_are_dropped(world: World, sku: str, share: float) -> None:
    """Amazon takes them with 204, and shows nothing."""
    world.amazon.switch(shipments_dropped=share)
    buyer_takes_several(world, sku, 2)
    _confirm(world)


@operation("parcels", 4, only(which=[0, 1, 2], units=[None, 1], seen=[True, False]))
def somebody_confirms_by_hand(world: World, which: int, units: int | None, seen: bool) -> None:
    """In Seller Central, of an order of the shop's; ``seen``: the import tells of it first."""
    for order in Order.objects.order_by("-pk")[which : which + 1]:
        world.pass_time(70)  # what was confirmed is shown by then
        shown = world.amazon.order(order.reference)["fulfillment"]["fulfillmentStatus"]
        if shown in ("UNSHIPPED", "PARTIALLY_SHIPPED"):
            world.amazon.ship_by_hand(order.reference, units=units)
        if not seen:
            world.do(Job.CONFIRM_SHIPMENTS)
    _confirm(world)


@operation("parcels", 8, only(seconds=[1000, 4000]))
def parcels_are_confirmed_and_seen(world: World, seconds: int) -> None:
    _confirm(world)
    world.pass_time(seconds)
    world.do(Job.CONFIRM_SHIPMENTS)


@operation("parcels", 4, only(at=list(range(1, 60))))
def worker_dies_confirming(world: World, at: int) -> None:
    world.pass_time(180)
    worker = Worker(at=at)
    worker.act = worker.dies
    world.do(Job.CONFIRM_SHIPMENTS, worker)


@operation("parcels", 4, only(at=list(range(1, 60))))
def two_workers_confirm(world: World, at: int) -> None:
    world.pass_time(180)
    again = partial(world.do, Job.CONFIRM_SHIPMENTS)
    world.do(Job.CONFIRM_SHIPMENTS, Worker(at=at, act=again))


@operation("parcels", 5, with_(kind=["", "drop_after", "drop_before"]))
def number_is_corrected_after_it_left(world: World, sku: str, kind: str) -> None:
    """Amazon took the newest parcel, or nobody knows whether it did."""
    buyer_takes_several(world, sku, 2)
    if kind:
        world.amazon.faults.add(Fault("confirmShipment", kind))  # type: ignore[arg-type]
    _confirm(world)
    for parcel in Parcel.objects.order_by("-pk")[:1]:
        _number(world, parcel)
    _confirm(world)
