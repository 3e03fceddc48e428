"""Rows of this package for the tests, made in one call each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    AccountState,
    Alarm,
    AmazonOrder,
    AmazonOrderLine,
    Application,
    ExchangeRate,
    Job,
    Listing,
    Marketplace,
    OrderState,
    Outcome,
    Presence,
    Proposal,
    RateSource,
    RunLine,
    RunState,
    Schedule,
    SellerAccount,
    SellerSku,
    Shipment,
    Submission,
    SubmissionItem,
    SyncRun,
)

GERMANY, FRANCE, UNITED_STATES = "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "ATVPDKIKX0DER"

#: When the orders of the tests were placed.
ORDERED = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)

numbers = count(1)


def application(**columns: Any) -> Application:
    number = next(numbers)
    columns = {
        "name": f"Application {number}",
        "client_id": f"amzn1.application-oa2-client.{number}",
        "client_secret": "the-client-secret",
        **columns,
    }
    return Application.objects.create(**columns)


def account(**columns: Any) -> SellerAccount:
    """An account that observes, without marketplaces."""
    number = next(numbers)
    if "application" not in columns:
        columns["application"] = application()
    columns = {
        "name": f"Account {number}",
        "seller_id": f"SELLER{number}",
        "region": "eu",
        "refresh_token": "the-refresh-token",
        **columns,
    }
    return SellerAccount.objects.create(**columns)


def live_account(**columns: Any) -> SellerAccount:
    """An account that the deployment of the tests has released, with its schedules."""
    made = account(state=AccountState.LIVE, deployment="tests", **columns)
    for job, every in DEFAULT_PERIODS.items():
        Schedule.objects.create(account=made, job=job, every=every)
    return made


def marketplace(of: SellerAccount, code: str = GERMANY, **columns: Any) -> Marketplace:
    return Marketplace.objects.create(account=of, code=code, **{"language": "de_DE", **columns})


def sku(of: SellerAccount, name: str = "", **columns: Any) -> SellerSku:
    """A SKU that the shop sells and the merchant ships."""
    number = next(numbers)
    columns = {"offer_pk": str(number), "channel": "DEFAULT", **columns}
    return SellerSku.objects.create(account=of, sku=name or f"SKU-{number}", **columns)


def listing(of: SellerSku, where: Marketplace, **columns: Any) -> Listing:
    """A listing that Amazon has, in step."""
    columns = {
        "presence": Presence.PRESENT,
        "asin": f"B{next(numbers):09}",
        "title": f"Title of {of.sku}",
        "accepted": {"price": "12.90 EUR", "quantity": 5},
        **columns,
    }
    return Listing.objects.create(sku=of, marketplace=where, **columns)


def proposal(of: SellerSku, **columns: Any) -> Proposal:
    """An offer that the SKU may be, for staff to decide."""
    columns = {"offer_pk": str(next(numbers)), "how": "ean", "reason": "Equal EAN.", **columns}
    return Proposal.objects.create(sku=of, **columns)


def order(of: SellerAccount, **columns: Any) -> AmazonOrder:
    """An order that waits to be placed, without lines."""
    columns = {
        "number": f"302-0000000-{next(numbers):07}",
        "marketplace": GERMANY,
        "channel": "AMAZON",
        "status": "UNSHIPPED",
        "fulfilled_by": "MERCHANT",
        "state": OrderState.WAITING,
        "ordered_at": ORDERED,
        "updated_at": ORDERED,
        "total": Decimal("25.80"),
        "currency": "EUR",
        **columns,
    }
    return AmazonOrder.objects.create(account=of, **columns)


def placed_order(of: SellerAccount, **columns: Any) -> AmazonOrder:
    columns = {"shop_order_pk": str(next(numbers)), "told_at": ORDERED, **columns}
    return order(of, state=OrderState.PLACED, **columns)


def order_line(of: AmazonOrder, **columns: Any) -> AmazonOrderLine:
    number = next(numbers)
    columns = {
        "item_id": str(number), "sku": f"SKU-{number}", "offer_pk": str(number), "quantity": 2,
        **columns,
    }  # fmt: skip
    return AmazonOrderLine.objects.create(order=of, **columns)


def shipment(of: AmazonOrder, **columns: Any) -> Shipment:
    number = next(numbers)
    columns = {
        "shop_pk": str(number),
        "reference": number,
        "carrier": "DHL",
        "tracking": f"JD{number:010}",
        "shipped_at": ORDERED + timedelta(days=1),
        **columns,
    }
    return Shipment.objects.create(order=of, **columns)


def run(of: SellerAccount, job: Job = Job.EXPORT, **columns: Any) -> SyncRun:
    """A finished run without lines."""
    columns = {
        "state": RunState.DONE,
        "started_at": ORDERED,
        "finished_at": ORDERED + timedelta(seconds=90),
        **columns,
    }
    return SyncRun.objects.create(account=of, job=job, **columns)


def line(of: SyncRun, outcome: Outcome = Outcome.SENT, **columns: Any) -> RunLine:
    return RunLine.objects.create(run=of, outcome=outcome, **columns)


def submission(of: Listing, values: dict[str, Any] | None = None, **columns: Any) -> Submission:
    """A patch of one listing, not sent yet."""
    made = Submission.objects.create(
        account=of.sku.account,
        marketplace=of.marketplace,
        **{"kind": Submission.Kind.PATCH, "content_hash": "0" * 64, **columns},
    )
    SubmissionItem.objects.create(submission=made, listing=of, values=values or {"quantity": 1})
    return made


def alarm(of: SellerAccount, kind: str = Alarm.Kind.DRIFT, **columns: Any) -> Alarm:
    """What staff were told of, and nobody has mended."""
    return Alarm.objects.create(account=of, kind=kind, **columns)


def rate(**columns: Any) -> ExchangeRate:
    """A rate of the table, each of a day of its own."""
    columns = {
        "source": RateSource.TABLE,
        "base": "EUR",
        "currency": "JPY",
        "rate": Decimal("162.35"),
        "on": ORDERED.date() + timedelta(days=next(numbers)),
        **columns,
    }
    return ExchangeRate.objects.create(**columns)
