"""factory-boy factories of the rows that a shop's own tests need (the extra ``testing``).

``ListingFactory.create(sku__sku="MUG")`` makes a listing with its marketplace, its account and the
application. Nothing asks Amazon. Secrets and buyers' data are encrypted, so the settings of the
tests need a key (``AMAZON_SYNC["ENCRYPTION_KEYS"]``). Django has to be set up before the import,
which it is in tests and conftest files where pytest-django knows the settings. docs/own-shop.md has
an example.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model
from django.utils import timezone
from factory.declarations import (
    LazyAttribute,
    LazyAttributeSequence,
    LazyFunction,
    PostGeneration,
    SelfAttribute,
    Sequence,
    SubFactory,
    Trait,
)
from factory.django import DjangoModelFactory

from django_amazon_sync import conf
from django_amazon_sync.amazon.marketplaces import MARKETPLACES
from django_amazon_sync.models import (
    DEFAULT_PERIODS,
    MERCHANT_CHANNEL,
    AccountState,
    AmazonOrder,
    AmazonOrderLine,
    AmazonReport,
    Application,
    Job,
    Listing,
    Marketplace,
    OrderState,
    Outcome,
    Presence,
    Region,
    RunLine,
    RunState,
    Schedule,
    SellerAccount,
    SellerSku,
    Shipment,
    SyncRun,
)
from django_amazon_sync.testing.simulator.people import PEOPLE, buyer_and_address

__all__ = [
    "AmazonOrderFactory",
    "AmazonOrderLineFactory",
    "AmazonReportFactory",
    "ApplicationFactory",
    "ListingFactory",
    "MarketplaceFactory",
    "RunLineFactory",
    "ScheduleFactory",
    "SellerAccountFactory",
    "SellerSkuFactory",
    "ShipmentFactory",
    "SyncRunFactory",
]

Row = TypeVar("Row", bound=Model)

#: The marketplace that an account sells in first, by region: the United States, Germany, Japan.
FIRST_MARKETPLACE = {
    Region.NA: "ATVPDKIKX0DER",
    Region.EU: "A1PA6795UKMFR9",
    Region.FE: "A1VC38T7YXB528",
}

#: Primary keys above this one belong to no row of a test's shop.
NOBODYS_PK = 1_000_000


class RowFactory(DjangoModelFactory[Row]):
    """What all factories here share: their numbers begin with 1."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @classmethod
    def _setup_next_sequence(cls) -> int:
        return 1


def nobodys_pk(number: int) -> str:
    """A primary key that the shop has given to none of its rows."""
    return str(NOBODYS_PK + number)


class ApplicationFactory(RowFactory[Application]):
    """A Login-with-Amazon application."""

    class Meta:
        model = Application

    name = Sequence("Application {}".format)
    client_id = Sequence("amzn1.application-oa2-client.{}".format)
    client_secret = Sequence("the-client-secret-{}".format)


class SellerAccountFactory(RowFactory[SellerAccount]):
    """An account of a European seller that observes, without marketplaces.

    ``live=True`` is released by this deployment (``AMAZON_SYNC["DEPLOYMENT"]``); ``paused=True``
    and ``disconnected=True`` are the other states.
    """

    class Meta:
        model = SellerAccount

    class Params:
        live = Trait(
            state=AccountState.LIVE, deployment=LazyFunction(lambda: conf.get("DEPLOYMENT"))
        )
        paused = Trait(state=AccountState.PAUSED, state_reason="Paused by staff.")
        disconnected = Trait(
            state=AccountState.DISCONNECTED, state_reason="Amazon refuses the refresh token."
        )

    application = SubFactory(ApplicationFactory)
    name = Sequence("Account {}".format)
    seller_id = Sequence("SELLER{}".format)
    region = Region.EU
    refresh_token = Sequence("the-refresh-token-{}".format)


class ScheduleFactory(RowFactory[Schedule]):
    """The schedule of an account's import of orders, due now."""

    class Meta:
        model = Schedule

    account = SubFactory(SellerAccountFactory, live=True)
    job = Job.IMPORT_ORDERS
    every = DEFAULT_PERIODS[Job.IMPORT_ORDERS]


class MarketplaceFactory(RowFactory[Marketplace]):
    """The first marketplace of the account's region; in Europe it is Germany."""

    class Meta:
        model = Marketplace

    account = SubFactory(SellerAccountFactory)
    code = LazyAttribute(lambda row: FIRST_MARKETPLACE[row.account.region])
    language = LazyAttribute(lambda row: MARKETPLACES[row.code].language)


class SellerSkuFactory(RowFactory[SellerSku]):
    """A SKU that the merchant ships.

    ``offer_pk`` is the primary key of the shop's offer, as a text; unless given it is no offer's.
    """

    class Meta:
        model = SellerSku

    account = SubFactory(SellerAccountFactory)
    sku = Sequence("SKU-{}".format)
    offer_pk = Sequence(nobodys_pk)
    channel = MERCHANT_CHANNEL


class ListingFactory(RowFactory[Listing]):
    """A listing that Amazon has. Its SKU is of the marketplace's account."""

    class Meta:
        model = Listing

    marketplace = SubFactory(MarketplaceFactory)
    sku = SubFactory(SellerSkuFactory, account=SelfAttribute("..marketplace.account"))
    presence = Presence.PRESENT
    asin = Sequence("B{:09}".format)
    title = LazyAttribute(lambda row: f"Title of {row.sku}")

    @classmethod
    def _adjust_kwargs(cls, **columns: Any) -> dict[str, Any]:
        if columns["sku"].account != columns["marketplace"].account:
            raise ValueError(
                "The SKU and the marketplace are of two accounts: give the marketplace as well, or"
                " marketplace__account."
            )
        return columns


def _document_of_order(order: Any) -> dict[str, Any]:
    """Amazon's document of an order, without items and amounts; ``order`` has the columns."""
    facts = MARKETPLACES.get(order.marketplace)
    country = facts.country if facts and facts.country in PEOPLE else "DE"
    buyer, address = buyer_and_address(country, order.buyer)
    return {
        "orderId": order.number,
        "createdTime": order.ordered_at and order.ordered_at.isoformat(),
        "lastUpdatedTime": order.updated_at and order.updated_at.isoformat(),
        "salesChannel": {"channelName": order.channel, "marketplaceId": order.marketplace},
        "fulfillment": {"fulfillmentStatus": order.status, "fulfilledBy": order.fulfilled_by},
        "buyer": buyer,
        "recipient": {"deliveryAddress": address},
        "orderItems": [],
    }


def _currency_of_order(order: Any) -> str:
    facts = MARKETPLACES.get(order.marketplace)
    return facts.currency if facts else "EUR"


def _item_of_document(line: AmazonOrderLine) -> dict[str, Any]:
    return {
        "orderItemId": line.item_id,
        "quantityOrdered": line.quantity,
        "product": {"sellerSku": line.sku, "asin": line.asin, "title": line.title},
        "fulfillment": {"quantityFulfilled": line.shipped},
    }


def _add_lines(order: AmazonOrder, create: bool, number: int | None, **columns: object) -> None:
    """Give a saved order its lines (one, unless told how many), and its document their items."""
    if not create:
        return
    number = 1 if number is None else number
    lines = AmazonOrderLineFactory.create_batch(number, order=order, **columns)
    if lines and "orderItems" in order.document:
        order.document["orderItems"] += [_item_of_document(line) for line in lines]
        order.save(update_fields=["document"])


class AmazonOrderFactory(RowFactory[AmazonOrder]):
    """An order of today that waits to be placed, with one line and a made-up buyer's address.

    ``lines=3`` gives it as many, ``lines=0`` none; ``lines__sku="MUG"`` and the like are columns of
    each. ``placed=True`` is in the shop: name its order by ``shop_order_pk``. Its document has no
    amounts, so no job can place it; orders that are to be placed are bought in the simulator.
    """

    class Meta:
        model = AmazonOrder

    class Params:
        buyer = Sequence(int)
        placed = Trait(
            state=OrderState.PLACED,
            shop_order_pk=Sequence(nobodys_pk),
            placed_at=SelfAttribute("ordered_at"),
            told_at=SelfAttribute("updated_at"),
        )

    account = SubFactory(SellerAccountFactory)
    number = Sequence("302-0000000-{:07}".format)
    marketplace = LazyAttribute(lambda row: FIRST_MARKETPLACE[row.account.region])
    channel = "AMAZON"
    status = "UNSHIPPED"
    fulfilled_by = "MERCHANT"
    state = OrderState.WAITING
    ordered_at = LazyFunction(timezone.now)
    updated_at = SelfAttribute("ordered_at")
    total = Decimal("25.80")
    currency = LazyAttribute(_currency_of_order)
    document = LazyAttribute(_document_of_order)
    lines = PostGeneration(_add_lines)


class AmazonOrderLineFactory(RowFactory[AmazonOrderLine]):
    """A line of two units, of a SKU that the shop does not know unless ``offer_pk`` says which."""

    class Meta:
        model = AmazonOrderLine

    order = SubFactory(AmazonOrderFactory, lines=0)
    item_id = Sequence("{:014}".format)
    sku = Sequence("SKU-{}".format)
    asin = Sequence("B{:09}".format)
    title = LazyAttribute(lambda row: f"Title of {row.sku}")
    quantity = 2


def _items_of_order(order: AmazonOrder) -> list[list[Any]]:
    """Amazon's ids and quantities of all its lines; one that is not saved has none."""
    return [[line.item_id, line.quantity] for line in order.lines.all()] if order.pk else []


class ShipmentFactory(RowFactory[Shipment]):
    """A parcel with the whole of an order, which Amazon has not been told of."""

    class Meta:
        model = Shipment

    order = SubFactory(AmazonOrderFactory, placed=True)
    shop_pk = Sequence(nobodys_pk)
    reference = Sequence(int)
    carrier = "DHL"
    tracking = Sequence("JD{:010}".format)
    shipped_at = LazyFunction(timezone.now)
    items = LazyAttribute(lambda row: _items_of_order(row.order))


class SyncRunFactory(RowFactory[SyncRun]):
    """A run of the export that is done, without lines; they are RunLineFactory's."""

    class Meta:
        model = SyncRun

    account = SubFactory(SellerAccountFactory)
    job = Job.EXPORT
    state = RunState.DONE
    started_at = LazyAttribute(lambda row: None if row.state == RunState.QUEUED else timezone.now())
    finished_at = LazyAttribute(
        lambda row: row.started_at if row.state in (RunState.DONE, RunState.STOPPED) else None
    )


class RunLineFactory(RowFactory[RunLine]):
    """A line about a SKU that was sent, or about the order that ``order_number`` names."""

    class Meta:
        model = RunLine

    run = SubFactory(SyncRunFactory)
    outcome = Outcome.SENT
    order_number = ""
    sku = LazyAttributeSequence(lambda row, number: "" if row.order_number else f"SKU-{number}")


class AmazonReportFactory(RowFactory[AmazonReport]):
    """A report of all listings of a marketplace that Amazon was not asked for yet."""

    class Meta:
        model = AmazonReport

    marketplace = SubFactory(MarketplaceFactory)
    account = SelfAttribute("marketplace.account")
    report_type = "GET_MERCHANT_LISTINGS_ALL_DATA"
