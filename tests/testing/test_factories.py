"""The factories for users' tests: each makes a row that the models and the screens take."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection
from django.utils import timezone
from factory.django import DjangoModelFactory

from django_amazon_sync.amazon.orders import read_order
from django_amazon_sync.errors import ConfigurationError
from django_amazon_sync.models import (
    AccountState,
    AmazonOrder,
    Application,
    Job,
    Listing,
    Marketplace,
    OrderState,
    RunState,
    SellerAccount,
    Submission,
)
from django_amazon_sync.testing import factories
from django_amazon_sync.testing.factories import (
    AmazonOrderFactory,
    AmazonOrderLineFactory,
    AmazonReportFactory,
    ApplicationFactory,
    ListingFactory,
    MarketplaceFactory,
    RunLineFactory,
    ScheduleFactory,
    SellerAccountFactory,
    SellerSkuFactory,
    ShipmentFactory,
    SyncRunFactory,
)

pytestmark = pytest.mark.django_db

ALL: list[type[DjangoModelFactory[Any]]] = [getattr(factories, name) for name in factories.__all__]


@pytest.mark.parametrize("factory", ALL)
def test_each_makes_a_valid_row_beside_another(factory: type[DjangoModelFactory[Any]]) -> None:
    first, second = factory.create_batch(2)
    for row in (first, second):
        read = type(row).objects.get(pk=row.pk)
        read.full_clean()
        assert str(read) == str(row)
    assert first.pk != second.pk


@pytest.mark.parametrize("factory", ALL)
def test_each_builds_a_row_without_saving_any(factory: type[DjangoModelFactory[Any]]) -> None:
    assert factory.build().pk is None
    for model in apps.get_app_config("django_amazon_sync").get_models():
        assert not model._default_manager.exists()


def test_each_is_told_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "own-shop.md").read_text(encoding="utf-8")
    assert [name for name in factories.__all__ if f"| `{name}` |" not in page] == []


def test_what_is_made_up_belongs_to_no_row_of_the_shop() -> None:
    made = [
        SellerSkuFactory.create().offer_pk,
        AmazonOrderFactory.create(placed=True).shop_order_pk,
        ShipmentFactory.create().shop_pk,
    ]
    assert min(map(int, made)) > 1_000_000
    assert AmazonOrderLineFactory.create().offer_pk == ""


# --- Accounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traits", "state"),
    [
        ({}, AccountState.OBSERVING),
        ({"live": True}, AccountState.LIVE),
        ({"paused": True}, AccountState.PAUSED),
        ({"disconnected": True}, AccountState.DISCONNECTED),
    ],
)
def test_an_account_in_each_state(traits: dict[str, bool], state: AccountState) -> None:
    account = SellerAccountFactory.create(**traits)
    account.full_clean()
    assert SellerAccount.objects.get().state == state
    assert account.writes_from("tests") is (state == AccountState.LIVE)
    assert bool(account.state_reason) is (state in (AccountState.PAUSED, AccountState.DISCONNECTED))


def test_a_live_account_is_released_by_the_deployment_of_the_settings(settings: Any) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "DEPLOYMENT": "of-a-shop"}
    assert SellerAccountFactory.create(live=True).writes_from("of-a-shop")


def test_secrets_are_encrypted_by_the_key_of_the_settings(settings: Any) -> None:
    application = ApplicationFactory.create(client_secret="hush")
    assert Application.objects.get().client_secret == "hush"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT client_secret FROM {application._meta.db_table}")
        [(stored,)] = cursor.fetchall()
    assert "hush" not in stored
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "ENCRYPTION_KEYS": []}
    with pytest.raises(ConfigurationError, match="ENCRYPTION_KEYS"):
        ApplicationFactory.create()


@pytest.mark.parametrize(
    ("region", "currency", "language"),
    [("na", "USD", "en_US"), ("eu", "EUR", "de_DE"), ("fe", "JPY", "ja_JP")],
)
def test_a_marketplace_is_of_its_accounts_region(region: str, currency: str, language: str) -> None:
    marketplace = MarketplaceFactory.create(account__region=region)
    assert (marketplace.facts.region, marketplace.facts.currency) == (region, currency)
    assert marketplace.language == language
    order = AmazonOrderFactory.create(account=marketplace.account)
    assert (order.marketplace, order.currency) == (marketplace.code, currency)


def test_the_schema_refuses_what_it_refuses_elsewhere() -> None:
    account = SellerAccountFactory.create()
    MarketplaceFactory.create(account=account)
    with pytest.raises(IntegrityError):
        MarketplaceFactory.create(account=account)


def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(IntegrityError):
        SellerAccountFactory.create(state="asleep")


def test_an_order_is_placed_somewhere_or_refused() -> None:
    with pytest.raises(IntegrityError):
        AmazonOrderFactory.create(state=OrderState.PLACED)


def test_a_schedule_is_due_and_as_often_as_unless_staff_choose() -> None:
    schedule = ScheduleFactory.create()
    assert (schedule.job, schedule.every) == (Job.IMPORT_ORDERS, timedelta(minutes=5))
    assert schedule.next_due <= timezone.now()
    assert schedule.account.state == AccountState.LIVE


# --- SKUs and listings --------------------------------------------------------------------------


def test_a_listing_brings_all_that_it_hangs_on() -> None:
    listing = ListingFactory.create(
        sku__sku="MUG", sku__offer_pk="7", marketplace__account__name="My shop"
    )
    assert (listing.sku.sku, listing.sku.offer_pk) == ("MUG", "7")
    assert listing.sku.account == listing.marketplace.account == SellerAccount.objects.get()
    assert listing.sku.account.name == "My shop"


def test_listings_of_one_sku_in_two_marketplaces() -> None:
    german = ListingFactory.create()
    french = ListingFactory.create(
        sku=german.sku,
        marketplace__account=german.sku.account,
        marketplace__code="A13V1IB3VIYZZH",
    )
    assert list(german.sku.listings.all()) == [german, french]
    assert french.marketplace.language == "fr_FR"


def test_a_listing_of_two_accounts_is_refused() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        ListingFactory.create(sku=SellerSkuFactory.create())
    assert not Listing.objects.exists()


def test_a_plain_listing_has_nothing_under_way() -> None:
    listing = ListingFactory.create()
    for name in ("believed", "verified", "drift", "refused", "held", "approved", "own_values"):
        assert getattr(listing, name) == {}
    assert not Submission.objects.exists()


# --- Orders -------------------------------------------------------------------------------------


def test_an_order_has_a_line_a_buyer_and_an_address_as_the_package_reads_them() -> None:
    AmazonOrderFactory.create(lines__sku="MUG", lines__quantity=3)
    order = AmazonOrder.objects.get()
    data = read_order(order.document)
    [line] = data.lines
    [row] = order.lines.all()
    assert (line.item_id, line.sku, line.quantity) == (row.item_id, row.sku, row.quantity)
    assert (row.sku, row.quantity) == ("MUG", 3)
    assert (data.number, data.marketplace) == (order.number, order.marketplace)
    assert (data.created, data.updated) == (order.ordered_at, order.updated_at)
    assert data.buyer.email.endswith(".example")
    assert data.delivery is not None
    assert data.delivery.country == "DE"
    assert order.state == OrderState.WAITING


def test_buyers_data_are_encrypted() -> None:
    order = AmazonOrderFactory.create()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT document FROM {order._meta.db_table}")
        [(stored,)] = cursor.fetchall()
    assert order.document["buyer"]["buyerEmail"]
    assert "buyer" not in stored


@pytest.mark.parametrize("number", [0, 3])
def test_an_order_has_as_many_lines_as_it_is_told(number: int) -> None:
    order = AmazonOrderFactory.create(lines=number)
    assert order.lines.count() == number
    assert len(read_order(AmazonOrder.objects.get().document).lines) == number


def test_a_document_of_ones_own_stays() -> None:
    order = AmazonOrderFactory.create(document={"orderId": "302-1"})
    order.refresh_from_db()
    assert order.document == {"orderId": "302-1"}


def test_an_order_without_a_time_or_a_marketplace_that_is_known() -> None:
    order = AmazonOrderFactory.create(state=OrderState.SEEN, ordered_at=None, marketplace="")
    order.refresh_from_db()
    assert (order.ordered_at, order.currency) == (None, "EUR")


def test_a_placed_order_names_the_shops() -> None:
    order = AmazonOrderFactory.create(placed=True, shop_order_pk="7")
    order.refresh_from_db()
    assert (order.state, order.shop_order_pk) == (OrderState.PLACED, "7")
    assert order.placed_at == order.ordered_at


def test_a_line_alone_has_an_order_without_others() -> None:
    line = AmazonOrderLineFactory.create()
    assert list(line.order.lines.all()) == [line]


def test_a_parcel_holds_the_whole_of_a_placed_order() -> None:
    shipment = ShipmentFactory.create()
    assert shipment.order.state == OrderState.PLACED
    [line] = shipment.order.lines.all()
    assert shipment.items == [[line.item_id, line.quantity]]


# --- Runs and reports ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "started", "finished"),
    [
        (RunState.QUEUED, False, False),
        (RunState.RUNNING, True, False),
        (RunState.DONE, True, True),
        (RunState.STOPPED, True, True),
    ],
)
def test_a_run_has_the_times_of_its_state(state: RunState, started: bool, finished: bool) -> None:
    run = SyncRunFactory.create(state=state)
    assert (run.started_at is not None, run.finished_at is not None) == (started, finished)


def test_a_line_is_about_a_sku_or_an_order() -> None:
    run = SyncRunFactory.create(job=Job.IMPORT_ORDERS)
    of_sku = RunLineFactory.create(run=run)
    of_order = RunLineFactory.create(run=run, outcome="placed", order_number="302-1")
    assert of_sku.sku
    assert (of_order.sku, of_order.order_number) == ("", "302-1")
    assert list(run.lines.order_by("pk")) == [of_sku, of_order]


def test_a_report_is_of_its_marketplaces_account() -> None:
    marketplace = MarketplaceFactory.create()
    assert AmazonReportFactory.create(marketplace=marketplace).account == marketplace.account
    assert Marketplace.objects.count() == 1
