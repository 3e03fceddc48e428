"""Amazon and shop compared, read from the simulator and from Oscar's own tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from oscar.core.loading import get_model

from django_amazon_sync import clock
from django_amazon_sync.models import Job, Submission
from tests.world import DE, World

PENDING = ("PENDING", "PENDING_AVAILABILITY")


def come_back(world: World, rounds: int = 2) -> None:
    """What the schedule does after a restart: each job, twice."""
    time_passes()
    for _ in range(rounds):
        world.import_orders()
        world.send_changes()
        world.export()
        world.confirm_shipments()


def time_passes() -> None:
    """What was on its way when a worker died is no more: the time of each request is over."""
    over = clock.now() - timedelta(minutes=3)
    Submission.objects.filter(deadline__gt=over).update(deadline=over)


def differences(world: World) -> list[str]:
    """What is lost, doubled or drifted between Amazon and the shop; empty where all is in step."""
    world.amazon.advance(120)  # Amazon has its time
    return [
        *_of_orders(world),
        *_of_stock(world),
        *_of_listings(world),
        *_of_parcels(world),
    ]


def quiet(world: World) -> list[str]:
    """What one more round of all jobs still writes to Amazon or says; empty where all is done."""
    before = world.writes()
    said = []
    for job in (Job.IMPORT_ORDERS, Job.CHANGES, Job.EXPORT, Job.CONFIRM_SHIPMENTS):
        run = world.do(job)
        if not run.went_well:
            said.append(f"{job} ended {run.state}: {run.reason} {run.counts}")
    if sent := world.writes() - before:
        said.append(f"{sent} more writes")
    return said


def sold(world: World, *, pending: bool) -> Counter[str]:
    """Units per SKU of the orders that we ship: of unpaid ones, or of those to be placed."""
    units: Counter[str] = Counter()
    for order in ours(world):
        status = order["fulfillment"]["fulfillmentStatus"]
        if status != "CANCELLED" and (status in PENDING) is pending:
            for item in order["orderItems"]:
                units[item["product"]["sellerSku"]] += item["quantityOrdered"]
    return units


def ours(world: World) -> list[dict[str, Any]]:
    """Amazon's orders that we ship."""
    orders = world.amazon.orders(world.seller)
    return [order for order in orders if order["fulfillment"]["fulfilledBy"] == "MERCHANT"]


def _of_orders(world: World) -> Iterator[str]:
    there = get_model("order", "Order").objects
    known = {order["orderId"] for order in world.amazon.orders(world.seller)}
    for number in there.exclude(number__in=known).values_list("number", flat=True):
        yield f"the shop has an order {number} and Amazon has not"
    for order in ours(world):
        number, status = order["orderId"], order["fulfillment"]["fulfillmentStatus"]
        placed = list(there.filter(number=number))
        if len(placed) > 1 or (status in PENDING and placed):
            yield f"{number} ({status}) is {len(placed)} times in the shop"
        elif not placed and status not in (*PENDING, "CANCELLED"):
            yield f"{number} ({status}) is lost"
        for saved in placed:
            yield from _of_order(order, saved)


def _of_order(order: dict[str, Any], saved: Any) -> Iterator[str]:
    ordered = {one["orderItemId"]: one["quantityOrdered"] for one in order["orderItems"]}
    here = {line.partner_line_reference: line.quantity for line in saved.lines.all()}
    if ordered != here:
        yield f"{saved.number} has the quantities {here} and not {ordered}"
    if order["fulfillment"]["fulfillmentStatus"] == "CANCELLED":
        if saved.status != "Cancelled":
            yield f"{saved.number} is {saved.status} and not cancelled"
    elif str(saved.total_incl_tax) != order["proceeds"]["grandTotal"]["amount"]:
        yield f"{saved.number} costs {saved.total_incl_tax}, on Amazon {order['proceeds']}"


def _of_stock(world: World) -> Iterator[str]:
    """Oscar takes stock by allocating it: once for each unit of an order that is there."""
    taken = sold(world, pending=False)
    for record in get_model("partner", "StockRecord").objects.all():
        allocated = record.num_allocated or 0
        if allocated != taken[record.partner_sku]:
            yield f"{record.partner_sku}: {allocated} taken, {taken[record.partner_sku]} sold"


def _of_listings(world: World) -> Iterator[str]:
    held = sold(world, pending=True)
    for record in get_model("partner", "StockRecord").objects.all():
        sku = record.partner_sku
        live = world.amazon.live(world.seller, sku, DE)
        if live is None:
            yield f"{sku} is not on Amazon"
            continue
        sellable = max(0, record.net_stock_level - held[sku])
        wanted = sellable if live.channels == ("DEFAULT",) else None
        if live.quantity != wanted or len(live.channels) != 1:
            yield f"{sku}: Amazon sells {live.quantity} by {live.channels}, the shop has {wanted}"
        if live.price != record.price:
            yield f"{sku} costs {live.price} on Amazon and {record.price} in the shop"


def _of_parcels(world: World) -> Iterator[str]:
    """Each shipping event of the shop is one package on Amazon, with its tracking number."""
    for order in ours(world):
        events = get_model("order", "ShippingEvent").objects.filter(order__number=order["orderId"])
        sent = sorted(event.notes.rpartition(" ")[2] for event in events)
        packages = sorted(one["trackingNumber"] for one in order.get("packages", []))
        if sent != packages:
            yield f"{order['orderId']} has the packages {packages}, the shop sent {sent}"
