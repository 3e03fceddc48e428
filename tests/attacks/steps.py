"""Steps of the attacks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from oscar.core.loading import get_model

from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import AmazonOrder, Outcome, SellerAccount, SellerSku, SyncRun
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.alerts import attention
from django_amazon_sync.testing.simulator import Fault
from tests.attacks.amazon import Hooks
from tests.factories import shipping_event
from tests.histories.simulated_time import SimulatedClock
from tests.world import DE, FR, World, shop_order


@dataclass
class Era:
    """A world and its time; ``hooks`` are those of its Amazon."""

    world: World
    time: SimulatedClock
    hooks: Hooks

    def tick(self) -> list[SyncRun]:
        """What ``amazon_tick`` does with what is due; the clock stands meanwhile."""
        done = []
        for run in jobs.due_runs():
            with suppress(AmazonSyncError):
                done.append(jobs.perform(run, patience=5))
            self.time.sleep(0.1)
        return done

    def minutes(self, number: float, *, every: float = 1) -> None:
        """Let so many minutes pass, with a tick in each, or every so many."""
        passed = 0.0
        while passed < number:
            self.time.sleep(every * 60)
            passed += every
            self.tick()

    def sold(self, sku: str = "MUG", *, price: str = "10.00", quantity: int = 5) -> Any:
        """A stock record that is in step with Amazon, its orders complete; new offers of its
        shop on the same ASIN can be made."""
        record = self.world.sell(sku, price=price, quantity=quantity)
        self.minutes(3)
        SellerSku.objects.filter(sku=sku).update(asin=self.world.listing(sku).asin)
        return record

    def units(self, sku: str = "MUG", marketplace: str = DE) -> int | None:
        """What buyers may buy now; None where there is no such listing."""
        live = self.world.amazon.live(self.world.seller, sku, marketplace)
        return None if live is None else live.quantity

    def price(self, sku: str = "MUG") -> str:
        """What buyers pay now."""
        live = self.world.amazon.live(self.world.seller, sku, DE)
        return "" if live is None else str(live.price)


def change(sku: str, **columns: Any) -> Any:
    """Save other values of a stock record."""
    record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
    for name, value in columns.items():
        setattr(record, name, value)
    record.save()
    return record


def fail(era: Era, operation: str, kind: Any, about: str = "") -> None:
    era.world.amazon.faults.add(Fault(operation, kind, times=None, about=about))


def sentences(kind: str) -> list[str]:
    """What the overview says of this kind."""
    found = attention.matters(SellerAccount.objects.all())
    return [matter.sentence for those in found.values() for matter in those if matter.kind == kind]


def holding() -> SyncRun:
    """The newest run that let something wait."""
    return SyncRun.objects.filter(counts__has_key=Outcome.HELD).latest("pk")


def sent_off(both: Era) -> tuple[str, str]:
    """An order of France, which has to be shipped first, and one of Germany; the shop has sent both
    off."""
    SellerAccount.objects.update(default_carrier="DHL")
    both.world.account.refresh_from_db()
    french = both.world.buy("MUG", 1, marketplace=FR)
    both.minutes(6)
    german = both.world.buy("MUG", 1)
    both.minutes(15)
    for number in (french, german):
        item = both.world.amazon.order(number)["orderItems"][0]["orderItemId"]
        shipping_event(str(shop_order(number).pk), {item: 1}, "JD0123456789")
    return french, german


def shipments(number: str) -> list[str]:
    order = AmazonOrder.objects.get(number=number)
    return list(order.shipments.values_list("state", flat=True))
