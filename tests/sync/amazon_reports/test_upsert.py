"""What rows of a report change in what is known, and what they leave as it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_amazon_sync.amazon import reports
from django_amazon_sync.data import ReportRow
from django_amazon_sync.models import (
    AmazonReport,
    Listing,
    Presence,
    ReportState,
    RunState,
    SellerSku,
)
from django_amazon_sync.sync.amazon_reports import import_listings
from django_amazon_sync.sync.amazon_reports.fetch import may_be_destroyed
from django_amazon_sync.sync.amazon_reports.row_chunks import in_chunks
from django_amazon_sync.sync.amazon_reports.upsert import take_in
from django_amazon_sync.testing.factories import AmazonReportFactory, SellerSkuFactory
from tests.examples import examples
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory
from tests.sync.amazon_reports.steps import take_in_listings
from tests.world import World


def test_what_was_known_stays_as_it_was_accepted(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    before = world.listing("MUG")
    world.list_on_amazon("MUG", price="12.00", quantity=9)
    run = take_in_listings(world)
    assert (run.counts["known"], run.counts["adopted"], run.counts["new"]) == (1, 0, 0)
    after = world.listing("MUG")
    assert (after.believed, after.verified) == (before.believed, before.verified)
    assert (after.sku.offer_pk, after.title) == (before.sku.offer_pk, before.title)
    assert after.reported_at is not None


def test_a_second_import_changes_nothing(world: World) -> None:
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    before: dict[str, Any] = dict(Listing.objects.values().get())
    world.amazon.advance(3600)
    run = take_in_listings(world)
    after: dict[str, Any] = dict(Listing.objects.values().get())
    assert after.pop("reported_at") > before.pop("reported_at")
    assert after == before
    assert (run.counts["known"], run.counts["adopted"]) == (1, 0)


def test_a_quantity_is_adopted_at_the_epoch_of_its_sku(world: World) -> None:
    SellerSkuFactory.create(
        account=world.account, sku="MUG", offer_pk="", channel="", stock_version=7
    )
    world.list_on_amazon("MUG", price="10.00", quantity=5)
    take_in_listings(world)
    assert world.listing("MUG").quantity_version == 7


def test_what_the_api_showed_since_is_newer_than_the_report(world: World) -> None:
    world.sell("MUG", price="10.00", quantity=5)
    world.export()
    Listing.objects.update(presence=Presence.ABSENT, asin="B00LATELY0")
    SellerSku.objects.update(channel="AMAZON_EU")
    take_in_listings(world)
    listing = world.listing("MUG")
    assert (listing.presence, listing.asin) == (Presence.ABSENT, "B00LATELY0")
    assert listing.sku.channel == "AMAZON_EU"
    long_ago = timezone.now() - timedelta(days=1)
    Listing.objects.update(read_at=long_ago)
    SellerSku.objects.update(read_at=long_ago)
    world.amazon.advance(3600)
    take_in_listings(world)
    listing = world.listing("MUG")
    assert listing.presence == Presence.PRESENT
    assert listing.asin != "B00LATELY0"
    assert listing.sku.channel == "DEFAULT"


def take(rows: list[ReportRow], world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import these rows, whatever Amazon's file has."""
    world.list_on_amazon("ANY", price="1.00", quantity=1)
    monkeypatch.setattr(reports, "read_listings", lambda *_: iter(rows))
    monkeypatch.setattr(reports, "read_skus", lambda *_: [row.sku for row in rows])
    world.amazon.advance(3600)
    assert take_in_listings(world).state == RunState.DONE


def merchant(price: str, quantity: int) -> ReportRow:
    return ReportRow("MUG", "B000000001", Decimal(price), quantity, "DEFAULT", "Active")


AMAZONS = ReportRow("MUG", "B000000001", Decimal("10.00"), None, "AMAZON_EU", "Active")


@pytest.mark.parametrize("together", [1, 5000])
@pytest.mark.parametrize("amazon_first", [True, False])
def test_a_sku_that_comes_twice_is_amazons_if_either_row_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, together: int, amazon_first: bool
) -> None:
    monkeypatch.setattr(import_listings, "REPORT_ROWS_PER_CHUNK", together)
    rows = [AMAZONS, merchant("10.00", 5)]
    take(rows if amazon_first else rows[::-1], world, monkeypatch)
    assert world.listing("MUG").sku.channel == "AMAZON_EU"
    take([merchant("10.00", 5)], world, monkeypatch)  # a later report has one row
    assert world.listing("MUG").sku.channel == "DEFAULT"


@pytest.mark.parametrize("together", [1, 2, 5000])
def test_of_two_rows_what_both_say_is_adopted(
    world: World, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(import_listings, "REPORT_ROWS_PER_CHUNK", together)
    take([merchant("10.00", 5), merchant("10.00", 6)], world, monkeypatch)
    assert world.listing("MUG").believed == {"price": "10.00 EUR"}


WORDS = st.text(max_size=60)


ROWS = st.builds(
    ReportRow,
    sku=st.sampled_from(["A", "B"]) | st.text(max_size=300),
    asin=WORDS,
    price=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    quantity=st.none() | st.integers(),
    channel=st.sampled_from(["", "DEFAULT", "AMAZON_EU"]) | WORDS,
    status=st.text(max_size=200),
    condition=WORDS,
    product_id=WORDS | st.just("4006381333931"),
    product_id_kind=st.sampled_from(["", "ean", "asin"]),
)


@given(rows=st.lists(ROWS, max_size=12))
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_rows_hold_each_sku_is_there_once(
    rows: list[ReportRow], one_report: AmazonReport
) -> None:
    with transaction.atomic():
        given_rows = import_listings.rows_to_take(rows, "EUR")
        take_in(one_report, given_rows)
        kept = set(SellerSku.objects.values_list("sku", flat=True))
        fitting = {row.sku for row in rows if 0 < len(row.sku) <= 255 and "\0" not in row.sku}
        assert kept == {sku for sku in fitting if not may_be_destroyed(sku)}
        assert Listing.objects.count() == len(kept)
        for listing in Listing.objects.select_related("sku"):
            assert set(listing.believed) <= {"price", "quantity"}
            if "quantity" in listing.believed:
                assert not listing.sku.fulfilled_by_amazon
        transaction.set_rollback(True)


def outcome(report: AmazonReport, rows: list[ReportRow], size: int) -> object:
    """What an import of these rows leaves, where so many are taken in together."""
    with transaction.atomic():
        known = SellerSkuFactory.create(account=report.account, sku="A", channel="AMAZON_EU")
        ListingInStepFactory.create(marketplace=report.marketplace, sku=known, asin="B000000009")
        for some in in_chunks([row.sku for row in rows], lambda: iter(rows), size):
            take_in(report, import_listings.rows_to_take(some, "EUR"))
        columns = (
            "sku__sku", "sku__channel", "presence", "asin", "status", "condition", "gtin",
            "believed", "verified", "drift",
        )  # fmt: skip
        left = sorted(Listing.objects.values_list(*columns), key=str)
        transaction.set_rollback(True)
    return left


FEW_ROWS = st.builds(
    ReportRow,
    sku=st.sampled_from(["A", "B", "C", ""]),
    asin=st.sampled_from(["B000000001", "B000000002", ""]),
    price=st.sampled_from([None, Decimal("10.00"), Decimal("12.00")]),
    quantity=st.sampled_from([None, 5, 6]),
    channel=st.sampled_from(["", "DEFAULT", "AMAZON_EU"]),
    status=st.sampled_from(["Active", "Inactive"]),
    product_id=st.sampled_from(["", "4006381333931", "5901234123457"]),
    product_id_kind=st.just("ean"),
)


@given(rows=st.lists(FEW_ROWS, max_size=7), size=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_where_a_list_of_rows_ends_changes_nothing(
    rows: list[ReportRow], size: int, one_report: AmazonReport
) -> None:
    assert outcome(one_report, rows, size) == outcome(one_report, rows, 5000)


@pytest.fixture
def one_report(db: None) -> AmazonReport:
    return AmazonReportFactory.create(
        marketplace__account=LiveAccountFactory.create(),
        state=ReportState.READY,
        made_at=timezone.now(),
    )
