"""Factories of rows that only this package's own tests make by hand, and what these rows share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from factory.declarations import (
    LazyFunction,
    PostGeneration,
    RelatedFactory,
    SelfAttribute,
    Sequence,
    SubFactory,
)

from django_amazon_sync import clock
from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    Alarm,
    ExchangeRate,
    Proposal,
    RateSource,
    SellerAccount,
    Submission,
    SubmissionItem,
    TaxRecord,
)
from django_amazon_sync.testing.factories import (
    ListingFactory,
    RowFactory,
    ScheduleFactory,
    SellerAccountFactory,
    SellerSkuFactory,
)

GERMANY, FRANCE, UNITED_STATES = "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "ATVPDKIKX0DER"

#: A moment of the past that tests name in full.
ORDERED = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def _add_schedules(account: SellerAccount, create: bool, given: None, **columns: object) -> None:
    for job, every in DEFAULT_PERIODS.items() if create else ():
        ScheduleFactory.create(account=account, job=job, every=every, **columns)


class LiveAccountFactory(SellerAccountFactory):
    """An account that the deployment of the tests has released, with its schedules."""

    live = True
    schedules = PostGeneration(_add_schedules)


class ListingInStepFactory(ListingFactory):
    """A listing whose price and quantity Amazon took."""

    believed = LazyFunction(lambda: {"price": "12.90 EUR", "quantity": 5})


class ProposalFactory(RowFactory[Proposal]):
    """An offer that the SKU may be, for staff to decide."""

    class Meta:
        model = Proposal

    sku = SubFactory(SellerSkuFactory)
    offer_pk = Sequence(str)
    how = "ean"
    reason = "Equal EAN."


class SubmissionItemFactory(RowFactory[SubmissionItem]):
    """What a submission carries for a listing."""

    class Meta:
        model = SubmissionItem

    values = LazyFunction(lambda: {"quantity": 1})


class SubmissionFactory(RowFactory[Submission]):
    """A patch of one ``listing``, not sent yet; ``item__values`` is what it carries."""

    class Meta:
        model = Submission

    class Params:
        listing = SubFactory(ListingInStepFactory)

    marketplace = SelfAttribute("listing.marketplace")
    account = SelfAttribute("marketplace.account")
    kind = Submission.Kind.PATCH
    content_hash = "0" * 64
    item = RelatedFactory(SubmissionItemFactory, "submission", listing=SelfAttribute("..listing"))


class TaxRecordFactory(RowFactory[TaxRecord]):
    """Whom an order was sold to, kept for ten years."""

    class Meta:
        model = TaxRecord

    account = SubFactory(SellerAccountFactory)
    order_number = Sequence(lambda n: f"302-{n:07}-7654321")
    party = LazyFunction(
        lambda: {"buyer": {"buyerName": "Zebulon Quill"}, "recipient": {}, "taxRegistrations": []}
    )
    sold_at = LazyFunction(clock.now)
    kept_until = LazyFunction(lambda: clock.now() + timedelta(days=3650))


class AlarmFactory(RowFactory[Alarm]):
    """What staff were told of, and nobody has mended."""

    class Meta:
        model = Alarm

    account = SubFactory(SellerAccountFactory)
    kind = Alarm.Kind.DRIFT


class ExchangeRateFactory(RowFactory[ExchangeRate]):
    """A rate of the table, each of a day of its own."""

    class Meta:
        model = ExchangeRate

    source = RateSource.TABLE
    base = "EUR"
    currency = "JPY"
    rate = Decimal("162.35")
    on = Sequence(lambda number: ORDERED.date() + timedelta(days=number))
