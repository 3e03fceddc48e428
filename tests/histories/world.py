"""The world of one history: a shop of plain models, its account, Amazon, staff, clock, workers.

Everything that happens in it happens by a method of this class, from a dice of its own, on its own
clock; so one seed is one history, whoever tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.test.utils import override_settings

from django_amazon_sync.amazon import feeds as feeds_gateway
from django_amazon_sync.errors import Halted
from django_amazon_sync.models import Job, RunState, Schedule, SellerAccount, SyncRun
from django_amazon_sync.shops import configured_shop
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.accounts.connect import Credentials, connect_account, release
from django_amazon_sync.sync.orders import asking
from django_amazon_sync.testing.simulator import NotForSale, Switches
from django_amazon_sync.testing.simulator.server import Incoming, Reply
from tests.faults.deaths import Died
from tests.histories.amazon import WatchedAmazon
from tests.histories.blank import Blank
from tests.histories.judge import Judge
from tests.histories.order_documents import Documents
from tests.histories.parcel_judge import Parcels
from tests.histories.privacy_judge import People
from tests.histories.report_judge import Reports
from tests.histories.simulated_time import SimulatedClock
from tests.histories.workers import Worker, Workers
from tests.plainshop.models import Item, Vendor

DE = "A1PA6795UKMFR9"

#: How Amazon behaves when nothing is wrong with it.
WELL: dict[str, Any] = {
    "never_live": 0.0,
    "out_of_order": 0.0,
    "omitted_orders": 0.0,
    "feed_outcome": "done",
    "feed_queue": 15.0,
    "feed_applies_late": 0.0,
    "feed_report": "there",
    "report_outcome": "done",
    "report_time": 60.0,
    "report_rows": "all",
    "shipments_dropped": 0.0,
}


#: A tick ends after so many: where statements are slow, there is always something due.
RUNS_OF_A_TICK = 12


@dataclass(frozen=True)
class Thing:
    """One thing that the shop sells from the beginning, and how it is on Amazon."""

    code: str
    stock: int
    price: str
    channel: str = "DEFAULT"


@dataclass(frozen=True)
class Scene:
    """What is drawn once for a history: the things, and limits small enough to be met."""

    seed: int
    things: tuple[Thing, ...]
    guard: int = 2
    feed_threshold: int = 1500
    feed_low_stock: int = 2
    drift_after: int = 3600
    orders_fresh: int = 600
    no_leases: bool = False
    odd_sku: str = ""
    #: Orders that are asked for by their ids in one run.
    asked_singly: int = 30
    #: Seconds that each statement takes: where these are many, no lease lasts.
    statement_time: float = 0.0
    #: The class of ``tests.shops.plain`` that the shop is.
    shop: str = "RichShop"

    @property
    def settings(self) -> dict[str, object]:
        return {
            "SHOP": f"tests.shops.plain.{self.shop}",
            "RUN_MOVE_PERCENT": 0,
            "RUN_MOVE_COUNT": self.guard,
            "PRICE_MOVE_PERCENT": 30,
            "FEED_THRESHOLD": self.feed_threshold,
            "FEED_LOW_STOCK": self.feed_low_stock,
            "DRIFT_AFTER": self.drift_after,
            "ORDERS_FRESH": self.orders_fresh,
            "REDIS_URL": "",
        }


@dataclass
class World:
    """See the module; ``opened`` makes one."""

    scene: Scene
    clock: SimulatedClock
    amazon: WatchedAmazon
    workers: Workers
    account: SellerAccount
    judge: Judge
    story: list[str] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)
    #: What the shop's numbers were before the import broke.
    before_the_import: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    #: What orders that are odd now lack.
    odd_orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: Documents = field(init=False)
    reports: Reports = field(init=False)
    parcels: Parcels = field(init=False)
    people: People = field(init=False)

    # --- Telling ---------------------------------------------------------------------------------

    def say(self, sentence: str) -> None:
        depth = "    " * max(0, len(self.workers.stack))
        minutes, seconds = divmod(self.clock.seconds, 60)
        self.story.append(f"{int(minutes):6d}:{seconds:04.1f}  {depth}{sentence}")

    # --- Time and workers ------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.amazon.carry_out_late_ones()
        self.judge.looks()

    def do(self, job: Job, worker: Worker | None = None, **options: Any) -> None:
        """Ask for a job and do it, here and now."""
        self.workers.work(lambda: self._do(job, options), worker)
        self.judge.looks()

    def _do(self, job: Job, options: dict[str, Any]) -> None:
        self.perform(jobs.request(self.account, job, options=options))

    def perform(self, run: SyncRun) -> None:
        """What a worker does with a run."""
        begun = self.clock.seconds
        with suppress(Halted):
            self.judge.performing(run, lambda: jobs.perform(run, patience=5))
        self.judge.performed(run, begun)
        self.say_run(run)

    def say_run(self, run: SyncRun) -> None:
        lines = list(run.lines.order_by("pk")) if run.pk else []
        said = [
            f"{line.sku or line.order_number} {line.outcome} "
            f"{', '.join(f'{name} {value}' for name, value in line.values.items())} "
            f"{line.message}".strip()
            for line in lines
        ]
        why = f": {run.reason}" if run.reason else ""
        self.say(f"-> {run.job} {run.state}{why} {'; '.join(said)}".rstrip())

    def tick(self, worker: Worker | None = None) -> None:
        """What cron does each minute: all that is due."""
        self.workers.work(self._tick, worker)
        self.judge.looks()

    def _tick(self) -> None:
        for run in islice(jobs.due_runs([self.account]), RUNS_OF_A_TICK):
            self.perform(run)

    def do_what_waits(self) -> None:
        """Go on with the runs whose time has come."""
        with self.judge.aside():
            queued = SyncRun.objects.filter(account=self.account, state=RunState.QUEUED)
            runs = list(queued.exclude(not_before__gt=self.clock.now()).order_by("pk"))
        for run in runs:
            self.workers.work(partial(self.perform, run))
        self.judge.looks()

    # --- The shop --------------------------------------------------------------------------------

    @property
    def vendor(self) -> Vendor:
        return Vendor.objects.get_or_create(code="warehouse")[0]

    def item(self, code: str) -> Item | None:
        return Item.objects.filter(code=code).first()

    def save(self, item: Item, *, silently: bool = False) -> None:
        """As a form does, or as an import does that tells nobody."""
        self.judge.shop_changes(silently=silently)
        if silently:
            columns = {name: getattr(item, name) for name in ("price", "on_hand", "active")}
            Item.objects.filter(pk=item.pk).update(**columns)
        else:
            item.save()
        self.judge.shop_changed()

    # --- Amazon ----------------------------------------------------------------------------------

    @property
    def seller(self) -> Any:
        return self.amazon.seller("eu")

    def buy(self, sku: str, units: int, status: str, **said: Any) -> str:
        """A buyer orders, who says this of themselves; empty where nobody can."""
        available = self.judge.available(sku)
        try:
            number = self.amazon.buy(self.seller, DE, sku, units, status=status, **said)
        except NotForSale:
            return ""
        self.bought.append(number)
        self.judge.bought(sku, units, available)
        return number

    def tells(self, incoming: Incoming, reply: Reply) -> Reply:
        """What Amazon answers, as it leaves."""
        self.parcels.hears(incoming, reply)
        return self.reports.tells(incoming, self.documents.tells(incoming, reply))

    def orders_are_whole(self) -> None:
        """Amazon shows them as they are, and does not call that a change."""
        for number, parts in self.odd_orders.items():
            changed = self.amazon.order(number)["lastUpdatedTime"]
            self.amazon.set_order(number, **{"lastUpdatedTime": changed, **parts})
        self.odd_orders.clear()

    def list_another(self, sku: str, like: str) -> None:
        """Another SKU of the same product, which the seller made by hand long ago."""
        live = self.amazon.live("eu", like, DE)
        if live is not None and self.amazon.live("eu", sku, DE) is None:
            self.amazon.add_listing(
                self.seller, sku, marketplace=DE, asin=live.asin, price=live.price, quantity=1
            )

    def all_is_well(self) -> None:
        """What passes is over: Amazon answers, in time and in order."""
        self.amazon.faults.clear()
        self.amazon.late.clear()
        self.amazon.refuses.clear()
        self.amazon.switch(**WELL)
        self.reports.how = ""
        self.amazon.finish_feeds()
        self.orders_are_whole()


@contextmanager
def opened(scene: Scene, blank: Blank) -> Iterator[World]:
    """A world in which the account was released just now and all things are in step.

    ``blank`` has to be in use.
    """
    from tests.shops import plain

    clock = SimulatedClock()
    with ExitStack() as stack:
        stack.enter_context(clock.stands_in(scene.seed))
        blank.put_back()
        amazon = stack.enter_context(WatchedAmazon(clock, scene.seed, Switches(**WELL)))
        stack.enter_context(
            override_settings(
                AMAZON_SYNC={
                    **settings.AMAZON_SYNC,
                    **scene.settings,
                    "ENDPOINT": amazon.regional_endpoint,
                    "LWA_ENDPOINT": amazon.lwa_endpoint,
                }
            )
        )
        stack.enter_context(patch.object(feeds_gateway, "MOST_MESSAGES", 2))
        stack.enter_context(patch.object(asking, "ASKED_SINGLY", scene.asked_singly))
        stack.enter_context(_told_of(getattr(plain, scene.shop)))
        workers = Workers()
        judge = Judge(scene.guard, amazon, workers)
        amazon.before = lambda what: workers.point(what, call=True)
        amazon.after = workers.answered
        amazon.leaves = judge.leaves
        workers.wrote = judge.wrote
        workers.committed = judge.committed
        workers.takes = lambda: clock.sleep(scene.statement_time)
        world = World(scene, clock, amazon, workers, _connected(amazon), judge)
        world.documents, world.reports = Documents(world), Reports(world)
        world.parcels, world.people = Parcels(world), People(world)
        amazon.tells, amazon.answered = world.tells, world.documents.heard
        judge.begin(world.account, world.say)
        judge.leases = not scene.no_leases
        judge.by_parcels = scene.shop == "ParcelShop"
        judge.timing.fresh = scene.orders_fresh
        judge.timing.drift_after = scene.drift_after
        judge.timing.low_stock = scene.feed_low_stock
        stack.enter_context(workers.watched())
        if scene.no_leases:
            stack.enter_context(_without_leases())
        _stock_up(world)
        yield world


def _without_leases() -> Any:
    from tests.faults.racing import without_job_lease

    return without_job_lease()


@contextmanager
def _told_of(shop: Any) -> Iterator[None]:
    """The shop's rows tell of their changes, as those of the configured shop do."""
    shop.connect_signals()
    try:
        yield
    finally:
        about = f"amazon_sync_{shop.__module__}.{shop.__qualname__}"
        for signal in (post_save, post_delete):
            signal.disconnect(sender=Item, dispatch_uid=about)


def _connected(amazon: WatchedAmazon) -> SellerAccount:
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
    # Columns that default to now were given the host's clock. Reports of all listings take long.
    Schedule.objects.filter(account=account).update(next_due=_in_a_while(amazon))
    Schedule.objects.filter(account=account, job=Job.IMPORT_LISTINGS).update(active=False)
    release(account)
    return account


def _in_a_while(amazon: WatchedAmazon) -> Any:
    from datetime import timedelta

    return amazon.now() + timedelta(minutes=5)


def _stock_up(world: World) -> None:
    """All things are on Amazon as they are in the shop, and the package has seen it."""
    for number, thing in enumerate(world.scene.things):
        world.amazon.add_listing(
            world.seller,
            thing.code,
            marketplace=DE,
            asin=f"B00000000{number}",
            price=thing.price,
            quantity=thing.stock,
            channel=thing.channel,
        )
        item = Item(
            code=thing.code,
            name=thing.code.title(),
            price=Decimal(thing.price),
            on_hand=thing.stock,
            vendor=world.vendor,
        )
        world.save(item)
    world.clock.sleep(180)
    for job in (Job.IMPORT_ORDERS, Job.EXPORT, Job.CHANGES):
        world.do(job)
    assert not world.judge.violations, world.judge.violations
    if odd := world.scene.odd_sku:
        world.save(Item(code=odd, name="Odd", price=Decimal(3), on_hand=3, vendor=world.vendor))
    world.judge.history_begins()


__all__ = ["DE", "Died", "RunState", "Scene", "Thing", "World", "opened"]
