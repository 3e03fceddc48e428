"""What may happen to buyers' data: weeks pass, a round erases what is due, somebody asks for it.

One history of ten is about these; the others are as they were without.
"""

from __future__ import annotations

from functools import partial

from django_amazon_sync.models import AmazonOrder, Job
from django_amazon_sync.sync.privacy import erase
from tests.histories.operations import nothing, only, operation, with_
from tests.histories.workers import Worker
from tests.histories.world import World
from tests.plainshop.models import Carrier, Order

EVERY, FIRST = 10, 9


def weights(seed: int) -> dict[str, float]:
    """How much a history is about buyers' data."""
    if seed % EVERY != FIRST:
        return {"privacy": 0.0}
    return {"privacy": 4.0, "buyers": 1.0, "orders": 0.3, "feeds": 0.0, "channel": 0.0}


@operation("privacy", 10, with_(who=[0, 0, 1, 2], status=["UNSHIPPED", "UNSHIPPED", "PENDING"]))
def a_person_buys(world: World, sku: str, who: int, status: str) -> None:
    said, words = world.people.another(who)
    if number := world.buy(sku, 1, status, **said):
        world.people.bought(number, words)


def _send(world: World) -> None:
    """The shop sends all that it has, and Amazon knows it."""
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    carrier = Carrier.objects.get_or_create(name="DHL")[0]
    for order in Order.objects.filter(sent=None).exclude(state=Order.State.VOID).order_by("pk"):
        order.carrier, order.sent = carrier, world.clock.now()
        order.tracking = f"JD{order.reference[-7:]}"
        order.save()
    world.do(Job.CONFIRM_SHIPMENTS)
    world.pass_time(120)
    world.do(Job.IMPORT_ORDERS)


@operation("privacy", 6, nothing)
def shop_sends_all_orders(world: World) -> None:
    _send(world)


@operation("privacy", 4, only(days=[10, 25, 40]))
def weeks_pass(world: World, days: int) -> None:
    """Amazon is asked for orders before and after; so much is due that a round erases it."""
    world.do(Job.IMPORT_ORDERS)
    world.pass_time(days * 86400)
    world.do(Job.IMPORT_ORDERS)


@operation("privacy", 6, with_(sent=[True, True, False], days=[0, 20, 40]))
def round_erases(world: World, sku: str, sent: bool, days: int) -> None:
    """After so many days, which the orders of the shop were on their way, or were not."""
    a_person_buys(world, sku, 3, "UNSHIPPED")
    if sent:
        _send(world)
    world.pass_time(days * 86400)
    world.do(Job.IMPORT_ORDERS)
    world.people.purge()
    world.people.judge_round()


@operation("privacy", 4, only(at=list(range(1, 30))))
def two_workers_purge(world: World, at: int) -> None:
    world.pass_time(40 * 86400)
    world.do(Job.IMPORT_ORDERS)
    world.workers.work(lambda: erase.allow(world.account, "clerk"))
    act = partial(world.workers.work, world.people.round)
    world.workers.work(world.people.round, Worker(at=at, act=act))
    world.people.judge_round()


@operation("privacy", 3, only(at=list(range(1, 40))))
def worker_dies_purging(world: World, at: int) -> None:
    """What it began is erased whole, or not at all."""
    world.pass_time(40 * 86400)
    world.workers.work(lambda: erase.allow(world.account, "clerk"))
    worker = Worker(at=at)
    worker.act = worker.dies
    world.workers.work(world.people.round, worker)


@operation("privacy", 5, with_(which=[0, 0, 1, 2], everything=[False, False, True]))
def a_person_asks(world: World, sku: str, which: int, everything: bool) -> None:
    """To be erased, be it today; ``everything``: the seller leaves."""
    a_person_buys(world, sku, 4, "UNSHIPPED")
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    if everything:
        rows = AmazonOrder.objects.filter(account=world.account)
        world.people.asked |= set(rows.values_list("number", flat=True))
        world.workers.work(lambda: erase.erase_account(world.account, by="clerk"))
    else:
        _erase(world, which)


def _erase(world: World, which: int) -> None:
    """On request, whose order this is, one of the newest."""
    rows = AmazonOrder.objects.filter(account=world.account).order_by("-pk")
    for row in rows[which : which + 1]:
        numbers = erase.orders_of_same_buyer(row)
        world.people.asked |= set(numbers)
        world.workers.work(partial(erase.erase_orders, world.account, numbers, by="clerk"))


@operation("privacy", 6, with_(which=[0, 0, 1, 2], by_its_number=[True, False]))
def erased_order_changes(world: World, sku: str, which: int, by_its_number: bool) -> None:
    """Amazon shows its buyer again, by a search or by its number."""
    a_person_buys(world, sku, 5, "UNSHIPPED")
    _send(world)
    _erase(world, 0)
    rows = AmazonOrder.objects.exclude(erased_at=None).order_by("-pk")
    for number in rows.values_list("number", flat=True)[which : which + 1]:
        world.amazon.set_order(number)
        world.pass_time(180)
        if by_its_number:
            world.do(Job.IMPORT_ORDERS, order=number)
        else:
            world.do(Job.IMPORT_ORDERS)
