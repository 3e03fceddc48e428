"""What chance alone brings together too seldom: two or three things at their one dangerous moment.

Histories of every fifth seed are about these; the others are as they were without.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from random import Random

from django_amazon_sync.models import Job
from django_amazon_sync.testing.simulator import Fault, NotForSale
from django_amazon_sync.testing.simulator.faults import FaultKind
from tests.histories import staff
from tests.histories.amazon import Late
from tests.histories.operations import (
    Arguments,
    a_search_omits_orders,
    a_sku,
    only,
    operation,
    price_changes,
    product_is_renamed,
    staff_approve,
    staff_link,
    staff_set_markup,
    take_over,
    with_,
)
from tests.histories.workers import Worker
from tests.histories.world import DE, WELL, Scene, World
from tests.plainshop.models import Item

EVERY, FIRST = 5, 2


def weights(seed: int) -> dict[str, float]:
    """How much a history is about what meets seldom."""
    return {"rare": 2.0, "jobs": 1.0} if seed % EVERY == FIRST else {"rare": 0.0}


def _more(world: World, sku: str, units: int) -> Item | None:
    """Goods come; the thing, where the shop has it and sells it by number."""
    item = world.item(sku)
    if item is None or item.on_hand is None:
        return None
    item.on_hand += units
    world.save(item)
    return item


def _good_weather(world: World) -> None:
    world.amazon.faults.clear()
    world.amazon.late.clear()
    world.amazon.switch(**WELL)


# --- Orders -------------------------------------------------------------------------------------


@operation("rare", 4, a_sku)
def search_omits_what_was_bought(world: World, sku: str) -> None:
    """The first search that could show an order leaves it out."""
    world.do(Job.IMPORT_ORDERS)
    world.buy(sku, 1, "UNSHIPPED")
    world.pass_time(180)
    a_search_omits_orders(world)


@operation("rare", 3, with_(units=[1, 5]))
def import_ends_halfway(world: World, sku: str, units: int) -> None:
    """After a silence of some hours the newest hour is searched, and then no more; goods come."""
    world.do(Job.IMPORT_ORDERS)
    world.buy(sku, 1, "UNSHIPPED")
    world.pass_time(9 * 3600)
    world.amazon.faults.add(Fault("searchOrders", "500", times=None, skip=1))
    world.do(Job.IMPORT_ORDERS)
    _more(world, sku, units)
    world.do(Job.CHANGES)
    world.amazon.faults.clear()


@operation("rare", 3, with_(units=[1, 5]))
def goods_come_while_orders_cannot_be_searched(world: World, sku: str, units: int) -> None:
    world.do(Job.IMPORT_ORDERS)
    world.buy(sku, 1, "UNSHIPPED")
    world.amazon.faults.add(Fault("searchOrders", "500", times=None))
    world.pass_time(1500)
    _more(world, sku, units)
    world.do(Job.CHANGES)
    world.amazon.faults.clear()


def draw_order_race(dice: Random, scene: Scene) -> Arguments:
    codes = [thing.code for thing in scene.things]
    return {
        "skus": dice.sample(codes, min(len(codes), max(2, scene.guard))),
        "job": dice.choice(["changes", "export"]),
        "at": dice.randint(1, 6),
    }


@operation("rare", 6, draw_order_race)
def orders_are_told_in_between(world: World, skus: list[str], job: str, at: int) -> None:
    """Between a lane's look at some things and what it writes down of them their orders become
    known."""
    _good_weather(world)
    world.do(Job.IMPORT_ORDERS)
    for sku in skus:
        world.buy(sku, 1, "UNSHIPPED")
    world.pass_time(130)
    for sku in skus:
        _more(world, sku, 3)
    act = partial(world.do, Job.IMPORT_ORDERS)
    world.do(Job(job), Worker(at=at, calls_only=True, once_looked=True, act=act))


@operation("rare", 4, with_(units=[1, 2]))
def number_is_bought_before_it_is_linked(world: World, sku: str, units: int) -> None:
    """Amazon's own number for a thing of the shop: staff link it while its order is unpaid."""
    name, item = f"AMZ-{sku}", world.item(sku)
    if name in world.judge.links or item is None:
        return
    world.list_another(name, sku)
    try:
        world.amazon.buy(world.seller, DE, name, units, status="PENDING")
    except NotForSale:
        return
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    staff_link(world, sku, True)
    world.do(Job.CHANGES)


@operation("rare", 3, with_(units=[1, 2]))
def buyer_takes_what_nobody_imports(world: World, sku: str, units: int) -> None:
    """Orders are not imported; Amazon shows fewer, and is asked again and again."""
    staff.import_orders(world.account, False)
    world.buy(sku, units, "UNSHIPPED")
    for _ in range(2):
        world.pass_time(4000)
        world.do(Job.VERIFY)
        world.do(Job.CHANGES)


@operation("rare", 4, with_(status=["PENDING", "PENDING", "UNSHIPPED"], told=[True, True, False]))
def stock_is_taken_over_with_orders_open(world: World, sku: str, status: str, told: bool) -> None:
    """What Amazon shows is what is left: units of an unpaid order are the shop's yet, and those of
    one that no search shows now."""
    _good_weather(world)
    if told:
        world.buy(sku, 1, status)
        world.pass_time(180)
        world.do(Job.IMPORT_ORDERS)
        take_over(world, sku, "quantity")
        return

    def act() -> None:
        world.amazon.faults.add(Fault("searchOrders", "500", times=None))

    world.do(Job.IMPORT_ORDERS)
    world.buy(sku, 1, status)
    take_over(world, sku, "quantity", act)
    world.amazon.faults.clear()


@operation("rare", 2, only(on=[True, True, False]))
def unpaid_orders_show_prices(world: World, on: bool) -> None:
    """Amazon has done both."""
    world.amazon.switch(pending_prices=on)


@operation("rare", 4, with_(units=[1, 2]))
def check_sees_a_sale_of_a_moment_ago(world: World, sku: str, units: int) -> None:
    """No search shows the order yet, and Amazon's number is smaller already."""
    _good_weather(world)
    world.pass_time(world.scene.drift_after + 60)
    world.do(Job.IMPORT_ORDERS)
    world.buy(sku, units, "UNSHIPPED")
    world.do(Job.VERIFY)
    world.do(Job.CHANGES)


# --- Answers ------------------------------------------------------------------------------------


@operation("rare", 4, with_(left=[0, 0, 1]))
def older_request_is_carried_out_last(world: World, sku: str, left: int) -> None:
    """Amazon takes its time with a rise, meanwhile all is sold; it is put right when it had its
    time, though no check of everything comes."""
    _good_weather(world)
    world.do(Job.IMPORT_ORDERS)
    item = _more(world, sku, 4)
    if item is None:
        return
    world.amazon.late.append(Late("PATCH", 400, 1))
    world.do(Job.CHANGES)
    world.amazon.late.clear()
    item.on_hand = min(left, max(0, world.judge.available(sku)))
    world.save(item)
    _lanes(world, [60, 60, 400])
    _lanes(world, [world.scene.drift_after + 60, 60, 70])
    world.judge.has_to_be_live(sku, "crossed for long")


@operation("rare", 4, with_(left=[0, 0, 1]))
def fall_is_refused_once(world: World, sku: str, left: int) -> None:
    """Amazon refuses a fall, and would take it a minute later."""
    _good_weather(world)
    item = _more(world, sku, 4)
    if item is None:
        return
    _lanes(world, [60, 60])
    world.amazon.refuses.add(sku)
    item.on_hand = min(left, max(0, world.judge.available(sku)))
    world.save(item)
    world.do(Job.CHANGES)
    world.amazon.refuses.discard(sku)
    _lanes(world, [70, 310, 910])
    world.pass_time(70)
    world.judge.has_to_be_live(sku, "refused fall is late")


@operation(
    "rare", 5, with_(kind=["drop_before", "drop_before", "drop_after"], what=["price", "stock"])
)
def answer_is_lost(world: World, sku: str, kind: FaultKind, what: str) -> None:
    """Whether the request took effect or not, the lane finds out."""
    _good_weather(world)
    item = _more(world, sku, 0)
    if item is None:
        return
    _lanes(world, [60, 60])
    world.amazon.faults.add(Fault("patchListingsItem", kind))
    if what == "price" and item.price:
        item.price = (item.price * Decimal("1.07")).quantize(Decimal("0.01"))
    elif item.on_hand:
        item.on_hand = max(0, world.judge.available(sku) - 1)
    world.save(item)
    _lanes(world, [60, 60, 60])
    world.pass_time(70)
    world.judge.has_to_be_live(sku, "lost answer is not read back")


def _lanes(world: World, pauses: list[int]) -> None:
    for seconds in pauses:
        world.pass_time(seconds)
        world.do(Job.CHANGES)


@operation("rare", 3, with_(on=[True, False]))
def renamed_to_what_amazon_has(world: World, sku: str, on: bool) -> None:
    """The seller made a listing of the new name by hand; Amazon refuses the zero of the old."""
    item, name = world.item(sku), f"{sku}-NEW"
    linked = item is not None and str(item.pk) in world.judge.links.values()
    if item is None or linked or world.item(name) is not None:
        return  # what staff linked goes on under that number
    _good_weather(world)
    world.list_another(name, sku)
    world.judge.successors[name] = sku
    if on:
        world.amazon.refuses.add(sku)
    product_is_renamed(world, sku)
    _lanes(world, [60, 700, 60])
    world.amazon.refuses.discard(sku)


# --- Prices, and workers ------------------------------------------------------------------------


@operation("rare", 3, with_(percent=[5, 15]))
def price_has_half_a_cent(world: World, sku: str, percent: int) -> None:
    """With its markup it lies between two cents."""
    item = world.item(sku)
    if item is not None and item.price:
        cents = int(item.price * 100) // 20 * 20 + 10
        item.price = Decimal(cents) / 100
        world.save(item)
        staff_set_markup(world, percent)
        world.do(Job.EXPORT)


@operation("rare", 4, with_(first=[40, -50], then=[-90, 900]))
def approved_price_becomes_another(world: World, sku: str, first: int, then: int) -> None:
    """Staff approve one, Amazon cannot be reached, and meanwhile another one is right."""
    _good_weather(world)
    price_changes(world, sku, first)
    world.do(Job.CHANGES)
    world.amazon.faults.add(Fault("patchListingsItem", "429", times=None))
    staff_approve(world, sku)
    price_changes(world, sku, then)
    world.amazon.faults.clear()
    _lanes(world, [120, 120])


@operation("rare", 3, only(at=list(range(1, 25)), seconds=[35, 45, 100]))
def worker_stands_still(world: World, at: int, seconds: int) -> None:
    """Alone, for longer than what it read may be sent; its lease lasts."""
    for item in Item.objects.order_by("pk"):
        _more(world, item.code, 1)
    act = partial(world.pass_time, seconds)
    world.do(Job.CHANGES, Worker(at=at, once_looked=True, act=act))


@operation("rare", 3, only(at=list(range(1, 40)), job=["changes", "export", "import_orders"]))
def same_job_is_asked_for_twice(world: World, at: int, job: str) -> None:
    """By two workers at once."""
    for item in Item.objects.order_by("pk"):
        _more(world, item.code, 1)
    world.do(Job(job), Worker(at=at, act=partial(world.do, Job(job))))
