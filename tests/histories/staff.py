"""What staff do, by the functions that the screens call: the one place here that knows them."""

from __future__ import annotations

from decimal import Decimal

from django_amazon_sync.models import (
    AmazonOrder,
    Job,
    Listing,
    Marketplace,
    SellerAccount,
    SellerSku,
    SyncRun,
)
from django_amazon_sync.sync import jobs
from django_amazon_sync.sync.listings import decisions, link
from django_amazon_sync.sync.offers import changed_offers
from django_amazon_sync.sync.orders import placing
from tests.histories import seen


def approve(account: SellerAccount, place: seen.Place) -> SyncRun:
    """Approve what this listing holds now; the run that sends it, which the screen asks for."""
    sku, marketplace = place
    run = ask_for(account, sku)
    listings = Listing.objects.filter(
        sku__account=account, sku__sku=sku, marketplace__code=marketplace
    )
    held = dict(listings.exclude(held={}).values_list("pk", "held"))
    decisions.approve(held, by="staff")
    return run


def last_run_that_held(account: SellerAccount) -> SyncRun | None:
    """The report that staff look at when they approve a run."""
    return SyncRun.objects.filter(account=account, lines__outcome="held").order_by("pk").last()


def what_it_held(run: SyncRun) -> list[tuple[str, str, object]]:
    """SKU, field and value, as the report shows them."""
    return [
        (line.sku, name, value)
        for line in run.lines.filter(outcome="held").order_by("pk")
        for name, value in line.values.items()
    ]


def ask_to_approve(account: SellerAccount, run: SyncRun) -> SyncRun:
    """The run that approves what that one held, and sends it."""
    return jobs.request(account, Job.EXPORT, options={"approve": run.pk})


def ask_for(account: SellerAccount, sku: str) -> SyncRun:
    """The export of one SKU that staff ask for."""
    return jobs.request(account, Job.EXPORT, options={"skus": [sku]})


def ask_to_take_over(account: SellerAccount, sku: str, field: str) -> SyncRun:
    """The run that brings a value of Amazon's into the shop."""
    return jobs.request(account, Job.TAKE_OVER, options={"skus": [sku], "fields": [field]})


def linked_to(account: SellerAccount, sku: str) -> str:
    """The offer that the SKU's page shows; empty for none."""
    rows = SellerSku.objects.filter(account=account, sku=sku)
    return rows.values_list("offer_pk", flat=True).first() or ""


def link_by_hand(account: SellerAccount, sku: str, offer_pk: str) -> bool:
    """Link a SKU of Amazon's, known by a report, to an offer; False where nothing changes."""
    row, made = SellerSku.objects.get_or_create(account=account, sku=sku)
    for marketplace in Marketplace.objects.filter(account=account) if made else ():
        Listing.objects.create(sku=row, marketplace=marketplace)
    if row.offer_pk == offer_pk:
        return False
    link.link_by_hand(row, offer_pk)
    return True


def set_markup(account: SellerAccount, percent: Decimal) -> None:
    Marketplace.objects.filter(account=account).update(markup_percent=percent)


def set_buffer(account: SellerAccount, units: int) -> None:
    SellerAccount.objects.filter(pk=account.pk).update(stock_buffer=units)


def import_orders(account: SellerAccount, on: bool) -> None:
    SellerAccount.objects.filter(pk=account.pk).update(import_orders=on)
    account.refresh_from_db(fields=["import_orders"])


def synchronise(account: SellerAccount, sku: str, on: bool) -> None:
    chosen = SellerSku.objects.filter(account=account, sku=sku)
    changed_offers.note_skus(chosen)
    chosen.update(synchronise=on)


def switch_field(account: SellerAccount, field: str, *, on: bool) -> None:
    """Whether a field goes out, in all marketplaces."""
    Marketplace.objects.filter(account=account).update(**{f"sync_{field}": on})


def place_order_as_it_is(order: AmazonOrder) -> None:
    """Place it though Amazon names no total or status."""
    placing.place_as_it_is([order])


def try_orders_again(orders: list[AmazonOrder]) -> None:
    """Ask for them again, or try to place them."""
    placing.replay(orders)
