"""Something the matter of each kind, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from django_amazon_sync import clock
from django_amazon_sync.errors import Unauthorized
from django_amazon_sync.models import (
    AccountState,
    Alarm,
    AmazonOrder,
    Job,
    Lack,
    Listing,
    Marketplace,
    OfferChange,
    OrderState,
    OrderWindow,
    Proposal,
    RunState,
    SellerAccount,
    Shipment,
    ShipmentState,
    SyncRun,
    WindowState,
)
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.sync.listings import claims
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    MarketplaceFactory,
    SellerSkuFactory,
    ShipmentFactory,
    SyncRunFactory,
)
from tests.factories_amazon import ListingInStepFactory

PEOPLE = "anna@example.com\nben@example.com"


def complete(account: SellerAccount, until: datetime) -> None:
    OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=until - timedelta(hours=1), end=until
    )


def today() -> date:
    return timezone.localdate(clock.now())


def kinds() -> set[str]:
    """The kinds of the alarms that are not mended."""
    return set(Alarm.objects.filter(mended_at=None).values_list("kind", flat=True))


def place_of(account: SellerAccount) -> Marketplace:
    return account.marketplaces.first() or MarketplaceFactory.create(account=account)


def disconnected(account: SellerAccount) -> Callable[[], object]:
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    return lambda: (
        account.move(AccountState.OBSERVING, state_reason="") and account.move(AccountState.LIVE)
    )


def secret(account: SellerAccount) -> Callable[[], object]:
    application = account.application
    application.secret_made_on = today() - timedelta(days=175)
    application.save()
    return lambda: type(application).objects.update(secret_made_on=today())


def authorisation(account: SellerAccount) -> Callable[[], object]:
    type(account.application).objects.update(public=True)
    SellerAccount.objects.update(authorised_on=today() - timedelta(days=340))
    return lambda: SellerAccount.objects.update(authorised_on=today())


def orders_stale(account: SellerAccount) -> Callable[[], object]:
    OrderWindow.objects.update(end=clock.now() - timedelta(hours=2))
    return lambda: complete(account, clock.now())


def quarantine(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
    return lambda: order.move(OrderState.WAITING)


def not_told(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(
        account=account, placed=True, updated_at=clock.now(), reason_code="shop_refused"
    )
    rows = AmazonOrder.objects.filter(pk=order.pk)
    rows.update(told_at=None)
    return lambda: rows.update(reason_code="")


def asking(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(account=account, placed=True, cancellation_requested=True)
    return lambda: AmazonOrder.objects.filter(pk=order.pk).update(ship_anyway=True)


def shipment_refused(account: SellerAccount) -> Callable[[], object]:
    shipment = ShipmentFactory.create(order__account=account, state=ShipmentState.REFUSED)
    return lambda: Shipment.objects.filter(pk=shipment.pk).update(state=ShipmentState.CONFIRMED)


def shipment_unseen(account: SellerAccount) -> Callable[[], object]:
    shipment = ShipmentFactory.create(order__account=account, state=ShipmentState.UNSEEN)
    return lambda: Shipment.objects.filter(pk=shipment.pk).update(state=ShipmentState.DONE)


def shipment_incomplete(account: SellerAccount) -> Callable[[], object]:
    shipment = ShipmentFactory.create(order__account=account, state=ShipmentState.WAITING)
    return lambda: Shipment.objects.filter(pk=shipment.pk).update(state=ShipmentState.CONFIRMED)


def refused(account: SellerAccount) -> Callable[[], object]:
    listing = ListingInStepFactory.create(
        marketplace=place_of(account), refused={"price": "99.00 EUR"}
    )
    return lambda: Listing.objects.filter(pk=listing.pk).update(refused={})


def stuck(account: SellerAccount) -> Callable[[], object]:
    run = SyncRunFactory.create(account=account, state="queued", started_at=None, finished_at=None)
    rows = SyncRun.objects.filter(pk=run.pk)
    rows.update(created_at=clock.now() - timedelta(minutes=20), not_before=None)
    return lambda: rows.delete()


def not_sent(account: SellerAccount) -> Callable[[], object]:
    OfferChange.objects.create(account=account, offer_pk="1", at=clock.now() - timedelta(hours=2))
    return lambda: OfferChange.objects.filter(account=account).delete()


def stopping(account: SellerAccount) -> Callable[[], object]:
    for ago in (40, 10):
        stopped(account, clock.now() - timedelta(minutes=ago))
    return lambda: SyncRunFactory.create(
        account=account,
        job=Job.IMPORT_LISTINGS,
        state=RunState.DONE,
        whole=True,
        finished_at=clock.now(),
    )


def stopped(account: SellerAccount, at: datetime, **columns: Any) -> SyncRun:
    """A run about everything that ended with a reason at this moment."""
    return SyncRunFactory.create(
        **{
            "account": account,
            "job": Job.IMPORT_LISTINGS,
            "state": RunState.STOPPED,
            "whole": True,
            "reason_code": "unavailable",
            "reason": "Redis does not answer.",
            "finished_at": at,
        }
        | columns
    )


def observing(account: SellerAccount) -> Callable[[], object]:
    account.move(AccountState.OBSERVING)
    return lambda: account.move(AccountState.LIVE)


def selling(account: SellerAccount) -> Callable[[], object]:
    return _lack(account, access.Part.SELLING)


def lacking(account: SellerAccount) -> Callable[[], object]:
    return _lack(account, access.Part.CATALOGUE)


def _lack(account: SellerAccount, part: str) -> Callable[[], object]:
    now = clock.now()
    lack = Lack.objects.create(
        account=account, part=part, code="x", reason="Amazon says so.", since=now, again_at=now
    )
    return lambda: lack.delete()


def ship_by(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(
        placed=True, account=account, ship_by=clock.now() + timedelta(hours=20)
    )
    return lambda: AmazonOrder.objects.filter(pk=order.pk).update(status="SHIPPED")


def claimed(account: SellerAccount) -> Callable[[], object]:
    row = SellerSkuFactory.create(account=account, offer_pk="1", matched=True)
    claims.keep([claims.Claim(row, "2", "Another one has its name.")])
    return lambda: Proposal.objects.update(refused=True)


def drift(account: SellerAccount) -> Callable[[], object]:
    listing = ListingInStepFactory.create(
        marketplace=place_of(account), drift={"quantity": {"live": 1}}
    )
    return lambda: Listing.objects.filter(pk=listing.pk).update(drift={})


def approval(account: SellerAccount) -> Callable[[], object]:
    listing = ListingInStepFactory.create(
        marketplace=place_of(account), held={"price": "99.00 EUR"}
    )
    return lambda: Listing.objects.filter(pk=listing.pk).update(held={})


def authorise(account: SellerAccount) -> Callable[[], object]:
    refused = Unauthorized("patchListingsItem", "Amazon denies access.", status=403)
    access.lacks(account, access.Part.LISTINGS_OUT, refused)
    return lambda: access.works(account, access.Part.LISTINGS_OUT)


def erasing(account: SellerAccount) -> Callable[[], object]:
    then = clock.now() - timedelta(days=60)
    order = AmazonOrderFactory.create(
        placed=True, account=account, ordered_at=then, status="SHIPPED"
    )
    return lambda: AmazonOrder.objects.filter(pk=order.pk).update(erased_at=clock.now())


RAISED = (
    disconnected, authorise, selling, stuck, not_sent, stopping, orders_stale, ship_by, quarantine,
    not_told, asking, shipment_refused, shipment_unseen, shipment_incomplete, approval, refused,
    claimed, drift, secret, authorisation, observing, erasing, lacking,
)  # fmt: skip
