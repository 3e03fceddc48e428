"""What may happen to orders on their way from Amazon: odd, late, gone, twice, or of another kind.

Every fifth history is about them; the others are as they were without.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from django_amazon_sync.models import AmazonOrder, Job, Marketplace, OrderState
from django_amazon_sync.testing.simulator import NotForSale
from tests.histories import staff
from tests.histories.operations import Arguments, a_sku, nothing, only, operation, with_
from tests.histories.order_documents import KINDS
from tests.histories.world import DE, Scene, World
from tests.plainshop.models import Order

FR = "A13V1IB3VIYZZH"

#: What the account sells and the shop does not.
ELSEWHERE, OF_OLD, PLENTY = "FRENCH", "OLD", "PLENTY"

EVERY = 5


def weights(seed: int) -> dict[str, float]:
    """How much a history is about the documents of orders."""
    if seed % EVERY:
        return {"documents": 0.0}
    dice = Random(f"documents {seed}")
    quiet = dict.fromkeys(("feeds", "hands", "channel", "staff"), dice.choice([0.0, 0.0, 0.5]))
    return {**quiet, "documents": 3.0, "buyers": 2.0, "orders": 0.5, "workers": 0.5, "jobs": 2.0}


def limits(scene: Scene) -> Scene:
    """With a limit that a few orders meet, where it is about them."""
    return scene if scene.seed % EVERY else replace(scene, asked_singly=2)


def _number(world: World, which: int) -> str:
    """One of the newest orders of the things that the shop sells."""
    numbers = [*world.bought, *world.documents.baskets]
    numbers.sort(key=lambda number: str(world.amazon.order(number)["createdTime"]))
    return next(iter(numbers[-1 - which :][:1]), "")


# --- How an order is shown ----------------------------------------------------------------------


@operation(
    "documents",
    10,
    only(which=[0, 0, 1, 2], kind=list(KINDS), for_good=[False, False, False, True]),
)
def order_is_shown_odd(world: World, which: int, kind: str, for_good: bool) -> None:
    """For good only where that leaves it in a list: what is in the shop comes to its end."""
    number = _number(world, which)
    if not number or number in world.documents.odd or number in world.documents.gone:
        return
    if kind == "another currency" and number in world.documents.replacements:
        return  # a total is no contradiction where nothing else has a price
    documents = world.documents
    documents.odd[number] = kind
    if for_good and not KINDS[kind].sound and not _is_known(number):
        documents.for_good.add(number)
    if KINDS[kind].lines != "all":
        world.judge.recorded.add(number)


def draw_many(dice: Random, scene: Scene) -> Arguments:
    return {**a_sku(dice, scene), "kinds": dice.sample(list(KINDS), 6)}


@operation("documents", 14, draw_many)
def many_odd_orders_come(world: World, sku: str, kinds: list[str]) -> None:
    """One of them of the shop's thing, the others of what only Amazon sells."""
    list_plenty(world)
    first = world.buy(sku, 1, "UNSHIPPED")
    others = [world.amazon.buy(world.seller, DE, PLENTY, 2) for _kind in kinds[1:]]
    world.documents.baskets += others
    for number, kind in zip([first, *others], kinds, strict=True):
        if number:
            world.documents.odd[number] = kind
            if KINDS[kind].lines != "all":
                world.judge.recorded.add(number)


def list_plenty(world: World) -> None:
    """What the account sells on Amazon, and the shop does not."""
    if world.amazon.live("eu", PLENTY, DE) is None:
        world.amazon.add_listing(
            world.seller, PLENTY, marketplace=DE, asin="B00000MANY", price="5.00", quantity=999
        )


@operation("documents", 6, only(cancelled=[True, False, False], touched=[True, False]))
def many_orders_change(world: World, cancelled: bool, touched: bool) -> None:
    """They are shown as they are, one of them is over; what came is imported before and after."""
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)
    mended = [one for one in world.documents.odd if one not in world.documents.for_good]
    for number in mended:
        order_is_shown_whole(world, touched)
        items = world.amazon.order(number)["orderItems"]
        if cancelled and number in world.documents.baskets and len(items) == 1:
            world.amazon.cancel(number)
            cancelled = False
    world.pass_time(180)
    world.do(Job.IMPORT_ORDERS)


def _is_known(number: str) -> bool:
    return AmazonOrder.objects.filter(number=number).exists()


@operation("documents", 5, only(touched=[True, False]))
def order_is_shown_whole(world: World, touched: bool) -> None:
    """The oldest odd one; ``touched``: Amazon calls that a change."""
    documents = world.documents
    for number in [one for one in documents.odd if one not in documents.for_good][:1]:
        del documents.odd[number]
        world.judge.recorded.discard(number)
        if touched:
            world.amazon.set_order(number)


@operation("documents", 3, only(which=[0, 1]))
def older_copy_comes_last(world: World, which: int) -> None:
    """As it is now; it will be old once the order changes."""
    if number := _number(world, which):
        world.documents.late.setdefault(number, deepcopy(world.amazon.order(number)))


@operation("documents", 3, only(which=[0, 1]))
def order_is_gone(world: World, which: int) -> None:
    """Neither a search nor its id shows it, for a while."""
    number = _number(world, which)
    if number and not _is_known(number):
        world.documents.gone.add(number)


@operation("documents", 2, only(which=[0, 1], kind=["no total", "items odd", "no status"]))
def order_is_never_answered_by_id(world: World, which: int, kind: str) -> None:
    """A search shows it, odd, and nothing ever shows more."""
    number = _number(world, which)
    if number and not _is_known(number) and number not in world.documents.odd:
        order_is_shown_odd(world, which, kind, True)
        world.documents.unanswered.add(number)


@operation("documents", 2, only(what=[["odd"], [None, 7], [{}], [{"orderId": None}]]))
def page_holds_what_is_no_order(world: World, what: list[Any]) -> None:
    world.documents.junk = what


@operation("documents", 2, only(until=["", "9999-12-31T00:00:00Z", "2000-01-01T00:00:00Z", "x"]))
def search_ends_oddly(world: World, until: str) -> None:
    world.documents.until = until


# --- Other orders -------------------------------------------------------------------------------


@operation("documents", 4, with_(units=[1, 2], status=["UNSHIPPED", "PENDING"]))
def buyer_takes_two_things(world: World, sku: str, units: int, status: str) -> None:
    other = next((one.code for one in world.scene.things if one.code != sku), "")
    lines = [(sku, units), (other, 1)]
    available = {name: world.judge.available(name) for name, _units in lines}
    try:
        number = world.amazon.buy(world.seller, DE, lines=lines, status=status)
    except NotForSale:
        return
    world.documents.baskets.append(number)
    for name, taken in lines:
        world.judge.bought(name, taken, available[name])


@operation("documents", 2, nothing)
def baskets_are_paid(world: World) -> None:
    for number in world.documents.baskets:
        world.amazon.settle_payment(number)


@operation("documents", 4, only(which=[0, 1, 2], line=[0, 0, 1]))
def cancelled_line_is_named_no_more(world: World, which: int, line: int) -> None:
    """Of an order of several; one of a single line names none then."""
    number = _number(world, which)
    if not number or number in world.odd_orders:
        return
    order = world.amazon.order(number)
    shipped = order["fulfillment"]["fulfillmentStatus"] in ("SHIPPED", "PARTIALLY_SHIPPED")
    items = order["orderItems"][line : line + 1]
    if items and not shipped and not Order.objects.filter(reference=number).exclude(sent=None):
        world.amazon.cancel(number, item=items[0]["orderItemId"])
        world.documents.bare.add(number)


@operation("documents", 2, with_(company=["Ltd", ""]))
def business_buys(world: World, sku: str, company: str) -> None:
    number = world.buy(sku, 1, "UNSHIPPED")
    if number:
        buyer = world.amazon.order(number)["buyer"]
        business = {"buyerCompanyName": company, "buyerPurchaseOrderNumber": "PO 7"}
        world.amazon.set_order(number, buyer=buyer | business, programs=["AMAZON_BUSINESS"])


@operation("documents", 3, a_sku)
def order_is_replaced(world: World, sku: str) -> None:
    """Amazon promises the buyer another one, for nothing."""
    number = world.buy(sku, 1, "UNSHIPPED")
    if not number:
        return
    items = world.amazon.order(number)["orderItems"]
    for item in items:
        item.pop("proceeds", None)
        item["product"].pop("price", None)
    first = {"orderId": "302-0000000-0000000", "associationType": "REPLACEMENT_ORIGINAL_ID"}
    world.amazon.set_order(number, orderItems=items, proceeds={}, associatedOrders=[first])
    world.documents.replacements.add(number)
    world.bought.remove(number)
    world.documents.baskets.append(number)


@operation("documents", 2, nothing)
def old_order_changes(world: World) -> None:
    """It is from before the cut-over."""
    if world.amazon.live("eu", OF_OLD, DE) is None:
        world.amazon.add_listing(
            world.seller, OF_OLD, marketplace=DE, asin="B000000OLD", price="5.00", quantity=99
        )
    before = world.account.cut_over - timedelta(days=30)
    number = world.amazon.buy(world.seller, DE, OF_OLD, 1, at=before)
    world.documents.old.add(number)
    world.judge.recorded.add(number)
    world.amazon.set_order(number)


@operation("documents", 2, nothing)
def another_store_sells(world: World) -> None:
    if world.amazon.live("eu", ELSEWHERE, FR) is None:
        world.amazon.add_listing(
            world.seller, ELSEWHERE, marketplace=FR, asin="B00000FRAN", price="5.00", quantity=99
        )
    world.amazon.buy(world.seller, FR, ELSEWHERE, 1)
    world.documents.elsewhere = True


@operation("documents", 1, nothing)
def marketplace_joins(world: World) -> None:
    """One that is not active: its orders come in, and nothing is offered there."""
    join(world)


def join(world: World) -> None:
    Marketplace.objects.get_or_create(
        account=world.account, code=FR, defaults={"language": "fr_FR", "active": False}
    )


@operation("documents", 1, only(days=[3, 9]))
def days_go_by(world: World, days: int) -> None:
    """With an import each day."""
    for _ in range(days):
        world.pass_time(86400)
        world.do(Job.IMPORT_ORDERS)


# --- Staff --------------------------------------------------------------------------------------


@operation("documents", 2, nothing)
def staff_place_as_it_is(world: World) -> None:
    lacking = AmazonOrder.objects.filter(reason_code__in=("total", "status"), takes_stock=True)
    lacking = lacking.order_by("pk")
    if order := lacking.first():
        world.documents.as_it_is.add(order.number)
        world.workers.work(lambda: staff.place_order_as_it_is(order))


@operation("documents", 2, nothing)
def staff_ask_again(world: World) -> None:
    aside = AmazonOrder.objects.filter(state=OrderState.QUARANTINED).order_by("pk")
    world.workers.work(lambda: staff.try_orders_again(list(aside)))


@operation("documents", 2, only(which=[0, 1, 2]))
def staff_import_one(world: World, which: int) -> None:
    if number := _number(world, which):
        world.do(Job.IMPORT_ORDERS, order=number)


# --- The end ------------------------------------------------------------------------------------

#: Between the questions for an order that never gets an answer.
PAUSE = 7 * 3600


def come_to_rest(world: World) -> None:
    """All that passes is over, and Amazon is asked for what is open as often as it takes."""
    world.documents.are_whole()
    with world.judge.aside():
        owed = AmazonOrder.objects.exclude(ask_at=None).count()
    unanswered = world.documents.unanswered & world.documents.for_good
    if world.scene.seed % EVERY and not unanswered:
        with world.judge.aside():
            asked_daily = AmazonOrder.objects.filter(
                account=world.account, state=OrderState.QUARANTINED, ask_at__gt=world.clock.now()
            ).exists()
        if asked_daily:  # what was asked for in vain four times has its next turn
            world.pass_time(PAUSE)
            world.do(Job.IMPORT_ORDERS)
        return
    if world.documents.elsewhere:
        join(world)
    rounds = 6 + 2 * len(unanswered) + owed // world.scene.asked_singly
    for _ in range(rounds):
        world.pass_time(PAUSE)
        world.do(Job.IMPORT_ORDERS)
