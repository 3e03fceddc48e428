"""What may happen in a history: each operation with how its arguments are drawn.

An operation does nothing where it makes no sense, so that any part of a history is a history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django_amazon_sync.models import Job
from django_amazon_sync.testing.simulator import Fault
from tests.histories import staff
from tests.histories.judge import TICKS_OF_A_FALL
from tests.histories.workers import Worker
from tests.histories.world import DE, Scene, Thing, World
from tests.plainshop.models import Carrier, Item, Order

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One operation of a history, and with what."""

    name: str
    arguments: Mapping[str, Any]

    def happens(self, world: World) -> None:
        OPERATIONS[self.name].happens(world, **self.arguments)

    def __str__(self) -> str:
        words = []
        for name, value in self.arguments.items():
            if name == "steps":
                value = "; ".join(str(Step(*one)) for one in value)
            words.append(f"{name} {value}")
        return f"{self.name}({', '.join(words)})"


@dataclass(frozen=True)
class Operation:
    """How it happens and how it is drawn; ``group`` is what a history's weights are of."""

    group: str
    weight: int
    happens: Callable[..., None]
    draw: Callable[[Random, Scene], Arguments]


OPERATIONS: dict[str, Operation] = {}


def operation(
    group: str, weight: int, draw: Callable[[Random, Scene], Arguments]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let this function be an operation of its own name."""

    def taken(happens: Callable[..., None]) -> Callable[..., None]:
        OPERATIONS[happens.__name__] = Operation(group, weight, happens, draw)
        return happens

    return taken


def nothing(dice: Random, scene: Scene) -> Arguments:
    return {}


def a_sku(dice: Random, scene: Scene) -> Arguments:
    return {"sku": dice.choice(scene.things).code}


def with_(**choices: list[Any]) -> Callable[[Random, Scene], Arguments]:
    """One of each, and a SKU."""

    def draw(dice: Random, scene: Scene) -> Arguments:
        chosen = {name: dice.choice(values) for name, values in choices.items()}
        return {**a_sku(dice, scene), **chosen}

    return draw


def only(**choices: list[Any]) -> Callable[[Random, Scene], Arguments]:
    """One of each."""
    return lambda dice, scene: {name: dice.choice(values) for name, values in choices.items()}


# --- The shop -----------------------------------------------------------------------------------


@operation("shop", 10, with_(units=[1, 1, 2, 3, 99]))
def shop_sells(world: World, sku: str, units: int) -> None:
    """At most what is there; 99 are all."""
    item = world.item(sku)
    if item is not None and item.on_hand:
        available = max(0, world.judge.available(sku))
        item.on_hand -= min(units, available)
        world.save(item)


@operation("shop", 6, with_(units=[1, 2, 5, 30]))
def goods_come(world: World, sku: str, units: int) -> None:
    item = world.item(sku)
    if item is not None and item.on_hand is not None:
        item.on_hand += units
        world.save(item)


@operation("shop", 5, with_(percent=[5, -5, 20, -25, 40, -50, -90, 900]))
def price_changes(world: World, sku: str, percent: int) -> None:
    item = world.item(sku)
    if item is not None and item.price:
        item.price = (item.price * (100 + percent) / 100).quantize(Decimal("0.01"))
        world.save(item)


@operation("shop", 2, only(percent=[5, -5]))
def all_prices_change(world: World, percent: int) -> None:
    """A campaign."""
    for item in Item.objects.order_by("pk"):
        if item.price:
            item.price = (item.price * (100 + percent) / 100).quantize(Decimal("0.01"))
            world.save(item)


@operation("shop", 3, only(what=["stock", "stock", "price"], silently=[False, False, True]))
def import_breaks(world: World, what: str, silently: bool) -> None:
    """The nightly import: nothing is there, or all costs a hundredth."""
    if world.before_the_import:
        return
    for item in Item.objects.order_by("pk"):
        if item.on_hand is None or item.price is None:
            continue
        world.before_the_import[item.code] = (item.on_hand, item.price)
        if what == "stock":
            item.on_hand = 0
        else:
            item.price = (item.price / 100).quantize(Decimal("0.01"))
        world.save(item, silently=silently)


@operation("shop", 3, only(silently=[False, False, True]))
def import_is_mended(world: World, silently: bool) -> None:
    """The numbers are what they were, less what was sold meanwhile."""
    for item in Item.objects.order_by("pk"):
        if item.code in world.before_the_import:
            stock, price = world.before_the_import[item.code]
            item.on_hand, item.price = stock, price
            world.save(item, silently=silently)
    world.before_the_import.clear()


@operation("shop", 3, a_sku)
def product_is_made_anew(world: World, sku: str) -> None:
    """A catalogue import deletes it and makes it again."""
    item = world.item(sku)
    if item is not None:
        world.judge.shop_changes(silently=False)
        item.delete()
        item.pk = None
        item.save()
        world.judge.shop_changed()


@operation("shop", 1, a_sku)
def product_is_deleted(world: World, sku: str) -> None:
    item = world.item(sku)
    if item is not None:
        world.judge.shop_changes(silently=False)
        item.delete()
        world.judge.shop_changed()


@operation("shop", 1, a_sku)
def product_is_renamed(world: World, sku: str) -> None:
    item = world.item(sku)
    if item is not None:
        item.code = f"{sku}-NEW"
        world.judge.renamed.add(sku)
        world.save(item)


@operation("shop", 2, a_sku)
def another_product_takes_the_number(world: World, sku: str) -> None:
    """The shop gives a new product the number that Amazon has for one that staff linked."""
    number = f"AMZ-{sku}"
    if world.judge.links.get(number) and world.item(number) is None:
        chair = Item(code=number, name="A chair", price=Decimal(77), on_hand=13)
        chair.vendor = world.vendor
        world.save(chair)


@operation("shop", 2, with_(on=[True, False]))
def product_is_published(world: World, sku: str, on: bool) -> None:
    item = world.item(sku)
    if item is not None and item.active != on:
        item.active = on
        world.save(item)


# --- Amazon's buyers and other hands ----------------------------------------------------------


@operation("buyers", 10, with_(units=[1, 1, 2, 3], status=["UNSHIPPED", "UNSHIPPED", "PENDING"]))
def amazon_sells(world: World, sku: str, units: int, status: str) -> None:
    world.buy(sku, units, status)


@operation("buyers", 4, only(which=[0, 1, 2]))
def buyer_pays(world: World, which: int) -> None:
    for number in world.bought[-1 - which :][:1]:
        world.amazon.settle_payment(number)


@operation("buyers", 4, only(which=[0, 1, 2], whole=[True, False]))
def buyer_cancels(world: World, which: int, whole: bool) -> None:
    for number in world.bought[-1 - which :][:1]:
        items = world.amazon.order(number)["orderItems"]
        ordered = items[0]["quantityOrdered"] if items else 0
        status = world.amazon.order(number)["fulfillment"]["fulfillmentStatus"]
        if status in ("SHIPPED", "PARTIALLY_SHIPPED"):
            continue
        if ordered and number not in world.odd_orders:
            world.amazon.cancel(number, quantity=ordered if whole else 1)


MANGLED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "has no lines": lambda order: {"orderItems": []},
    "has no total": lambda order: {"proceeds": {"breakdowns": order["proceeds"]["breakdowns"]}},
    "cannot be read": lambda order: {
        "proceeds": {
            **order["proceeds"],
            "grandTotal": {"amount": "1.00", "currencyCode": "USD"},
        }
    },
}


@operation("orders", 4, only(which=[0, 1], how=list(MANGLED)))
def order_is_odd(world: World, which: int, how: str) -> None:
    """Amazon shows an order without something that it has, until it is whole again."""
    for number in world.bought[-1 - which :][:1]:
        if number not in world.odd_orders:
            order = world.amazon.order(number)
            if "proceeds" not in order:  # nobody has paid it
                continue
            changes = MANGLED[how](order)
            world.odd_orders[number] = {name: order[name] for name in changes}
            world.amazon.set_order(number, **changes)


@operation("orders", 2, nothing)
def orders_are_whole_again(world: World) -> None:
    world.orders_are_whole()


@operation("orders", 3, only(which=[0, 1, 2]))
def shop_ships_an_order(world: World, which: int) -> None:
    """One of the newest that the shop has is handed to the carrier."""
    orders = Order.objects.filter(sent=None).exclude(state=Order.State.VOID).order_by("-pk")
    for order in orders[which : which + 1]:
        order.carrier = Carrier.objects.get_or_create(name="DHL")[0]
        order.sent, order.tracking = world.clock.now(), f"JD{order.reference[-7:]}"
        order.save()


@operation("orders", 1, only(hours=[-48, -1, 1, 720]))
def staff_search_orders(world: World, hours: int) -> None:
    """From two days ago until then; an end in the future is a slip."""
    now = world.clock.now()
    since, until = now - timedelta(days=2), now + timedelta(hours=hours)
    world.do(Job.IMPORT_ORDERS, since=since.isoformat(), until=until.isoformat())


@operation("hands", 3, with_(percent=[-10, -50, 30, 100]))
def another_hand_changes_the_price(world: World, sku: str, percent: int) -> None:
    live = world.amazon.live("eu", sku, DE)
    if live is not None and live.price:
        price = (live.price * (100 + percent) / 100).quantize(Decimal("0.01"))
        world.amazon.change_by_hand("eu", sku, DE, price=price)


@operation("hands", 2, with_(units=[0, 1, 7]))
def another_hand_changes_the_quantity(world: World, sku: str, units: int) -> None:
    live = world.amazon.live("eu", sku, DE)
    if live is not None and live.channels == ("DEFAULT",):
        world.amazon.change_by_hand("eu", sku, DE, quantity=units)
        world.judge.another_hand(sku)


@operation("hands", 1, a_sku)
def listing_is_deleted_at_amazon(world: World, sku: str) -> None:
    if world.amazon.live("eu", sku, DE) is not None:
        world.amazon.remove_listing("eu", sku, DE)


# --- Amazon's weather ---------------------------------------------------------------------------

READS = ["searchOrders", "searchListingsItems", "getListingsItem"]
WRITES = ["patchListingsItem", "patchListingsItem", "createFeed", "createFeedDocument", "upload"]
FEEDS = ["getFeed", "getFeeds", "getFeedDocument", "download", "cancelFeed"]


@operation(
    "faults",
    8,
    only(
        calls=[*READS, *WRITES, *WRITES, *FEEDS, "token"],
        kind=["400", "429", "500", "503", "empty", "half", "drop_before", "drop_after"],
        times=[1, 1, 2, 5],
        skip=[0, 0, 1],
    ),
)
def answers_break(world: World, calls: str, kind: str, times: int, skip: int) -> None:
    world.amazon.faults.add(Fault(calls, kind, times=times, skip=skip))  # type: ignore[arg-type]


@operation("faults", 3, nothing)
def orders_cannot_be_searched(world: World) -> None:
    world.amazon.faults.add(Fault("searchOrders", "500", times=None))


@operation("faults", 5, nothing)
def faults_are_over(world: World) -> None:
    world.amazon.faults.clear()
    world.amazon.late.clear()


@operation("faults", 2, only(seconds=[60, 400], times=[1, 2]))
def writes_are_carried_out_late(world: World, seconds: int, times: int) -> None:
    from tests.histories.amazon import Late

    world.amazon.late.append(Late("PATCH", seconds, times))


@operation("faults", 2, only(share=[0.0, 0.5]))
def patches_overtake_each_other(world: World, share: float) -> None:
    world.amazon.switch(out_of_order=share)


@operation("faults", 2, only(share=[0.0, 0.5, 1.0]))
def changes_are_never_live(world: World, share: float) -> None:
    world.amazon.switch(never_live=share)


@operation("orders", 2, nothing)
def a_search_omits_orders(world: World) -> None:
    world.amazon.switch(omitted_orders=1.0)
    world.do(Job.IMPORT_ORDERS)
    world.amazon.switch(omitted_orders=0.0)


@operation("channel", 3, with_(amazon=[True, False]))
def channel_changes(world: World, sku: str, amazon: bool) -> None:
    """Amazon ships it from now on, or the merchant does again; nobody asked us."""
    live = world.amazon.live("eu", sku, DE)
    if live is not None and live.price is not None:
        world.amazon.add_listing(
            world.seller,
            sku,
            marketplace=DE,
            asin=live.asin,
            price=live.price,
            quantity=0,
            channel="AMAZON" if amazon else "DEFAULT",
        )


@operation(
    "feeds",
    3,
    only(
        feed_outcome=["done", "done", "fatal", "cancelled", "stuck"],
        feed_queue=[15.0, 1200.0, 20000.0],
        feed_applies_late=[0.0, 0.0, 2400.0],
        feed_report=["there", "there", "missing", "truncated"],
    ),
)
def feeds_change_their_ways(world: World, **how: Any) -> None:
    world.amazon.switch(**how)


# --- Time and jobs ------------------------------------------------------------------------------


@operation("time", 10, only(seconds=[5, 60, 180, 180, 700, 4000]))
def time_passes(world: World, seconds: int) -> None:
    world.pass_time(seconds)


@operation("time", 1, only(days=[1, 2]))
def days_pass(world: World, days: int) -> None:
    world.pass_time(days * 86400)


JOBS = [
    "changes",
    "changes",
    "changes",
    "export",
    "import_orders",
    "import_orders",
    "settle",
    "verify",
    "confirm_shipments",
]


@operation("jobs", 14, only(job=JOBS))
def work(world: World, job: str) -> None:
    world.do(Job(job))


@operation("jobs", 8, only(seconds=[60, 180]))
def a_tick_comes(world: World, seconds: int) -> None:
    world.pass_time(seconds)
    world.tick()


@operation("jobs", 4, nothing)
def an_hour_goes_by(world: World) -> None:
    """Orders, changes and a check, as the schedule has it."""
    world.pass_time(3700)
    for job in (Job.IMPORT_ORDERS, Job.CHANGES, Job.VERIFY, Job.CHANGES):
        world.do(job)


@operation("workers", 4, only(job=JOBS, at=list(range(1, 60))))
def worker_dies(world: World, job: str, at: int) -> None:
    worker = Worker(at=at)
    worker.act = worker.dies
    world.do(Job(job), worker)


def draw_between(dice: Random, scene: Scene) -> Arguments:
    """A job, a point in it, and what comes in between there: rarely nothing but another job."""
    steps = []
    if dice.random() < 0.8:
        steps.append(draw_step(dice, scene, {"shop": 3, "buyers": 2, "hands": 0.5}))
    if dice.random() < 0.7:
        job = dice.choice(JOBS)
        steps.append(Step("work", {"job": job}))
    calls_only = dice.random() < 0.7
    return {
        "job": dice.choice(JOBS),
        "at": dice.randint(1, 12 if calls_only else 80),
        "calls_only": calls_only,
        "steps": [(step.name, dict(step.arguments)) for step in steps],
    }


def draw_race(dice: Random, scene: Scene) -> Arguments:
    """As many things change as the guard lets leave; while that is sent, one changes again."""
    codes = [thing.code for thing in scene.things]
    skus = dice.sample(codes, min(len(codes), dice.randint(1, scene.guard)))
    job, other = dice.choice([("export", "changes"), ("export", "changes"), ("changes", "export")])
    return {
        "what": dice.choice(["stock", "stock", "price"]),
        "skus": skus,
        "job": job,
        "at": dice.randint(1, 16 if job == "export" else 30),
        "sku": dice.choice(skus),
        "back": dice.choice([True, False]),
        "other": other,
    }


@operation("workers", 5, draw_race)
def two_lanes_race(
    world: World, what: str, skus: list[str], job: str, at: int, sku: str, back: bool, other: str
) -> None:
    """Between the look of one and what it writes down another one looks; the lane then has time to
    mend what was wrong."""
    before = {item.code: (item.on_hand, item.price) for item in Item.objects.order_by("pk")}
    for item in Item.objects.filter(code__in=skus).order_by("pk"):
        if what == "stock" and item.on_hand:
            item.on_hand += 3
        elif item.price:
            item.price = (item.price * Decimal("1.07")).quantize(Decimal("0.01"))
        world.save(item)

    def act() -> None:
        item = world.item(sku)
        if item is None:
            return
        if back and sku in before:
            item.on_hand, item.price = before[sku]
        elif what == "stock":
            item.on_hand = 0
        elif item.price:
            item.price = (item.price * Decimal("1.11")).quantize(Decimal("0.01"))
        world.say(f"meanwhile {sku} changes to {item.on_hand} at {item.price}")
        world.save(item)
        world.do(Job(other))

    world.do(Job(job), Worker(at=at, once_looked=True, act=act))
    for _ in range(TICKS_OF_A_FALL):
        world.pass_time(60)
        world.do(Job.CHANGES)


def draw_pause(dice: Random, scene: Scene) -> Arguments:
    job = dice.choice(["changes", "export", "export"])
    return {
        **a_sku(dice, scene),
        "job": job,
        "at": dice.randint(1, 60),
        "seconds": dice.choice([40, 40, 1000]),
        "percent": dice.choice([5, -5]),
    }


@operation("workers", 3, draw_pause)
def worker_pauses(world: World, sku: str, job: str, at: int, seconds: int, percent: int) -> None:
    """Its host stands still for longer than its lease lasts; another one does its job; then it
    goes on, and there is something to do."""
    price_changes(world, sku, percent)

    def act() -> None:
        world.say("its host stands still, and another one does the job")
        world.pass_time(seconds)
        world.do(Job(job))
        price_changes(world, sku, percent)
        shop_sells(world, sku, 1)

    world.do(Job(job), Worker(at=at, act=act))


@operation("workers", 8, draw_between)
def comes_in_between(
    world: World, job: str, at: int, calls_only: bool, steps: list[tuple[str, Arguments]]
) -> None:
    """Something happens, and another worker works, at a point in the middle of a job."""

    def act() -> None:
        for name, arguments in steps:
            world.say(f"meanwhile {Step(name, arguments)}")
            Step(name, arguments).happens(world)

    world.do(Job(job), Worker(at=at, calls_only=calls_only, act=act))


# --- Staff --------------------------------------------------------------------------------------


@operation("staff", 3, a_sku)
def staff_approve(world: World, sku: str) -> None:
    """What the listing holds now, as its page shows it."""
    world.judge.staff_saw(sku)
    run = staff.approve(world.account, (sku, DE))
    world.workers.work(lambda: world.perform(run))


@operation("staff", 3, only(slip=[False, True]))
def staff_approve_a_run(world: World, slip: bool) -> None:
    """The newest report that held something; it may be an older one than what is held now."""
    run = staff.last_run_that_held(world.account)
    if run is not None:
        for sku, name, value in staff.what_it_held(run):
            world.judge.approved(sku, name, value)
        world.workers.work(lambda: world.perform(staff.ask_to_approve(world.account, run)))


@operation("staff", 2, with_(field=["quantity", "quantity", "price"]))
def staff_take_over(world: World, sku: str, field: str) -> None:
    """What goes out is not taken over, so it is switched off first and on again after it."""
    take_over(world, sku, field)


def take_over(world: World, sku: str, field: str, meanwhile: Callable[[], object] = int) -> None:
    """A quantity is read twice, with five minutes in between."""
    staff.switch_field(world.account, field, on=False)
    world.workers.work(lambda: world.perform(staff.ask_to_take_over(world.account, sku, field)))
    meanwhile()
    if field == "quantity":
        world.pass_time(310)
        world.do_what_waits()
    staff.switch_field(world.account, field, on=True)


@operation("staff", 2, with_(other=[True, False]))
def staff_link(world: World, sku: str, other: bool) -> None:
    """Amazon's own SKU for a thing of the shop: at first a stranger's, then ours."""
    item = world.item(sku)
    if item is not None and staff.linked_to(world.account, sku) == str(item.pk):
        name = f"AMZ-{sku}"
        world.list_another(name, sku)
        world.judge.shop_changes(silently=True)
        if staff.link_by_hand(world.account, name, str(item.pk)):
            world.judge.links[name] = str(item.pk)
        world.judge.shop_changed()


@operation("staff", 1, a_sku)
def staff_unlink(world: World, sku: str) -> None:
    """What was linked by hand is nothing of the shop's any more, or what has its number there."""
    name = f"AMZ-{sku}"
    if name in world.judge.links:
        world.judge.shop_changes(silently=True)
        staff.link_by_hand(world.account, name, "")
        if world.item(name) is None:
            world.judge.links[name] = ""
        else:  # nobody says what it is any more, so it is what has its name
            del world.judge.links[name]
        world.judge.shop_changed()


@operation("staff", 2, a_sku)
def staff_export(world: World, sku: str) -> None:
    world.workers.work(lambda: world.perform(staff.ask_for(world.account, sku)))


@operation("staff", 1, only(percent=[0, 5, 10]))
def staff_set_markup(world: World, percent: int) -> None:
    world.judge.shop_changes(silently=True)
    staff.set_markup(world.account, Decimal(percent))
    world.judge.shop_changed()


@operation("staff", 1, only(units=[0, 1, 2]))
def staff_set_buffer(world: World, units: int) -> None:
    world.judge.shop_changes(silently=True)
    staff.set_buffer(world.account, units)
    world.account.refresh_from_db()
    world.judge.shop_changed()


@operation("staff", 1, only(on=[True, True, False]))
def staff_switch_the_import(world: World, on: bool) -> None:
    staff.import_orders(world.account, on)


@operation("staff", 1, with_(on=[True, False]))
def staff_synchronise(world: World, sku: str, on: bool) -> None:
    world.judge.shop_changes(silently=False)
    staff.synchronise(world.account, sku, on)
    (world.judge.off.discard if on else world.judge.off.add)(sku)
    world.judge.shop_changed()


# --- Drawing ------------------------------------------------------------------------------------

GROUPS = sorted({one.group for one in OPERATIONS.values()})


def draw_step(dice: Random, scene: Scene, weights: Mapping[str, float]) -> Step:
    names = list(OPERATIONS)
    of_each = [OPERATIONS[name].weight * weights.get(OPERATIONS[name].group, 0) for name in names]
    [name] = dice.choices(names, of_each)
    return Step(name, OPERATIONS[name].draw(dice, scene))


def draw_scene(dice: Random, seed: int) -> Scene:
    """Few things and small limits; most histories have no feeds, as these are slow to tell."""
    count = dice.randint(2, 5)
    things = [
        Thing(f"{name}", dice.choice([1, 2, 5, 5, 12, 60]), f"{dice.choice([4, 10, 100])}.00")
        for name in ("MUG", "CUP", "BOWL", "VASE", "JUG")[:count]
    ]
    if dice.random() < 0.3:
        things.append(Thing("BOOK", 3, "8.00", channel="AMAZON"))
    return Scene(
        seed=seed,
        things=tuple(things),
        guard=dice.choice([1, 2, 2, 3]),
        feed_threshold=dice.choice([1, 2, 1500, 1500]),
        feed_low_stock=dice.choice([0, 2, 10]),
        drift_after=dice.choice([600, 3600]),
        orders_fresh=dice.choice([300, 600]),
        no_leases=dice.random() < 0.1,
        statement_time=dice.choice([0.0] * 9 + [0.7]),
        odd_sku=dice.choice(["."] + [""] * 11),
    )


def draw_weights(dice: Random) -> dict[str, float]:
    """Each history is about something: some groups are frequent in it, some absent."""
    return {group: dice.choice([0.0, 0.5, 1.0, 1.0, 3.0]) for group in GROUPS} | {
        "jobs": 1.5,
        "time": 0.7,
        "shop": dice.choice([0.5, 1.0, 2.0]),
    }
