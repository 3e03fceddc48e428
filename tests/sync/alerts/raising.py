"""Something the matter of each kind, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from django_amazon_sync.errors import Unauthorized
from django_amazon_sync.models import (
    AccountState,
    Alarm,
    Listing,
    Marketplace,
    OrderState,
    OrderWindow,
    SellerAccount,
    WindowState,
)
from django_amazon_sync.sync.accounts import access
from django_amazon_sync.testing.factories import AmazonOrderFactory, MarketplaceFactory
from tests.factories_amazon import ListingInStepFactory

PEOPLE = "anna@example.com\nben@example.com"


def complete(account: SellerAccount, until: datetime) -> None:
    OrderWindow.objects.create(
        account=account, state=WindowState.DONE, start=until - timedelta(hours=1), end=until
    )


def kinds() -> set[str]:
    """The kinds of the alarms that are not mended."""
    return set(Alarm.objects.filter(mended_at=None).values_list("kind", flat=True))


def place_of(account: SellerAccount) -> Marketplace:
    return account.marketplaces.first() or MarketplaceFactory.create(account=account)


def disconnected(account: SellerAccount) -> Callable[[], object]:
    account.move(AccountState.DISCONNECTED, state_reason="The token is void.")
    return lambda: account.move(AccountState.OBSERVING, state_reason="")


def secret(account: SellerAccount) -> Callable[[], object]:
    application = account.application
    application.secret_made_on = timezone.localdate() - timedelta(days=175)
    application.save()
    return lambda: type(application).objects.update(secret_made_on=timezone.localdate())


def authorisation(account: SellerAccount) -> Callable[[], object]:
    type(account.application).objects.update(public=True)
    SellerAccount.objects.update(authorised_on=timezone.localdate() - timedelta(days=340))
    return lambda: SellerAccount.objects.update(authorised_on=timezone.localdate())


def orders_stale(account: SellerAccount) -> Callable[[], object]:
    OrderWindow.objects.update(end=timezone.now() - timedelta(hours=2))
    return lambda: complete(account, timezone.now())


def quarantine(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(account=account, state=OrderState.QUARANTINED)
    return lambda: order.move(OrderState.WAITING)


def ship_by(account: SellerAccount) -> Callable[[], object]:
    order = AmazonOrderFactory.create(
        placed=True, account=account, ship_by=timezone.now() + timedelta(hours=20)
    )
    return lambda: type(order).objects.update(status="SHIPPED")


def drift(account: SellerAccount) -> Callable[[], object]:
    ListingInStepFactory.create(marketplace=place_of(account), drift={"quantity": {"live": 1}})
    return lambda: Listing.objects.update(drift={})


def approval(account: SellerAccount) -> Callable[[], object]:
    ListingInStepFactory.create(marketplace=place_of(account), held={"price": "99.00 EUR"})
    return lambda: Listing.objects.update(held={})


def authorise(account: SellerAccount) -> Callable[[], object]:
    refused = Unauthorized("patchListingsItem", "Amazon denies access.", status=403)
    access.lacks(account, access.Part.LISTINGS_OUT, refused)
    return lambda: access.works(account, access.Part.LISTINGS_OUT)


RAISED = (
    authorise,
    disconnected,
    secret,
    authorisation,
    orders_stale,
    quarantine,
    ship_by,
    drift,
    approval,
)
