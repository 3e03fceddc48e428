"""Steps of the attacks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from oscar.core.loading import get_model

from django_amazon_sync.errors import AmazonSyncError
from django_amazon_sync.models import SellerSku, SyncRun
from django_amazon_sync.sync import jobs
from tests.attacks.amazon import Hooks
from tests.histories.simulated_time import SimulatedClock
from tests.world import DE, World


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
