"""A shop and its seller account, in step with a simulated Amazon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from oscar.core.loading import get_model

from django_amazon_sync.data import Money
from django_amazon_sync.models import (
    Job,
    Listing,
    RunLine,
    RunState,
    SellerAccount,
    SyncRun,
)
from django_amazon_sync.shops.base import Shop
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.listings import decisions
from django_amazon_sync.testing.simulator import Seller, Simulator
from tests import factories

DE = "A1PA6795UKMFR9"
FR = "A13V1IB3VIYZZH"
JP = "A1VC38T7YXB528"


@dataclass
class World:
    """A shop, its account and Amazon; jobs are done here and now, lines come as tuples."""

    amazon: Simulator
    seller: Seller
    account: SellerAccount
    shop: Shop

    def do(self, job: Job, **options: Any) -> SyncRun:
        dry_run = options.pop("dry_run", False)
        run = jobs.request(self.account, job, options=options, dry_run=dry_run)
        return jobs.perform(run, patience=5)

    def export(self, **options: Any) -> SyncRun:
        return self.do(Job.EXPORT, **options)

    def send_changes(self) -> SyncRun:
        return self.do(Job.CHANGES)

    def verify(self, **options: Any) -> SyncRun:
        return self.do(Job.VERIFY, **options)

    def import_orders(self, **options: Any) -> SyncRun:
        """Import what buyers did up to now: Amazon shows it two minutes later."""
        self.amazon.advance(180)
        return self.do(Job.IMPORT_ORDERS, **options)

    def confirm_shipments(self) -> SyncRun:
        return self.do(Job.CONFIRM_SHIPMENTS)

    def sell(self, sku: str, *, price: str = "10.00", quantity: int = 5, **record: Any) -> Any:
        """A stock record of the shop that Amazon lists already, as it is in the shop."""
        saved = factories.stock_record(sku, price=price, in_stock=quantity, **record)
        self.list_on_amazon(sku, price=price, quantity=quantity)
        return saved

    def list_on_amazon(self, sku: str, *, marketplace: str = DE, **listing: Any) -> None:
        asin = f"B{abs(hash(sku)) % 10**9:09d}"
        self.amazon.add_listing(self.seller, sku, marketplace=marketplace, asin=asin, **listing)

    def live(self, sku: str, marketplace: str = DE) -> Any:
        """What buyers meet once Amazon has had its time."""
        self.amazon.advance(120)
        return self.amazon.live(self.seller, sku, marketplace)

    def listing(self, sku: str, marketplace: str = DE) -> Listing:
        return Listing.objects.select_related("sku", "marketplace__account").get(
            sku__account=self.account, sku__sku=sku, marketplace__code=marketplace
        )

    def buy(self, sku: str, quantity: int = 1, **how: Any) -> str:
        return self.amazon.buy(self.seller, how.pop("marketplace", DE), sku, quantity, **how)

    def writes(self) -> int:
        """Requests that changed a listing at Amazon, or tried to."""
        operations = ("patchListingsItem", "putListingsItem", "confirmShipment")
        return sum(len(self.amazon.requests_of(one)) for one in operations)

    def in_stock(self, sku: str) -> int:
        """What the shop could sell of a SKU now."""
        record = get_model("partner", "StockRecord").objects.get(partner_sku=sku)
        return int(record.net_stock_level)


def lines_of(run: SyncRun, *fields: str) -> list[Any]:
    """The run's lines, as tuples of these fields, or as the values of one."""
    if not run.pk:
        return []  # a run of the lane that had nothing to do is not kept
    rows = RunLine.objects.filter(run=run).order_by("pk")
    return list(rows.values_list(*fields, flat=len(fields) == 1))


def without_since(drift: Mapping[str, Any]) -> dict[str, Any]:
    """What drifted, without the moment since when."""
    return {
        name: {key: value for key, value in seen.items() if key != "since"}
        for name, seen in drift.items()
    }


def drifted_now(listing: Listing) -> dict[str, Any]:
    """What drifted of a listing, and is live instead."""
    return without_since(listing.drift)


def shop_order(number: str) -> Any:
    return get_model("order", "Order").objects.get(number=number)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def approve_all(listings: QuerySet[Listing]) -> int:
    """Approve what waits of these listings now; how many had something."""
    waiting = listings.exclude(held={})
    number, _others = decisions.approve(dict(waiting.values_list("pk", "held")), by="ann")
    return number


def to_the_end(world: World, run: SyncRun) -> SyncRun:
    """Go on with a run that waits for Amazon until it does not any more."""
    while run.state == RunState.QUEUED:
        world.amazon.advance(120)
        jobs.perform(now_due(run), patience=5)
    return run


def now_due(run: SyncRun) -> SyncRun:
    """The run, whose time has come."""
    SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    return run
