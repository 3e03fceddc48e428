"""What a new day of the bank's rates changes leaves by the lane, and past no guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from django_amazon_sync.models import (
    Cause,
    Job,
    Listing,
    Marketplace,
    OfferChange,
    Outcome,
    RateFetch,
    RateSource,
    SubmissionItem,
)
from django_amazon_sync.testing.simulator import Fault
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.settings.rule_steps import change
from tests.bank import document
from tests.served import Served, served
from tests.sync.export.steps import settle
from tests.world import JP, World, lines_of


def rates_of_today(**rates: str) -> bytes:
    return document(rates, timezone.now().date().isoformat())


@pytest.fixture
def bank(settings: Any) -> Iterator[Served]:
    """The bank's rates of today."""
    with served(rates_of_today(USD="1.0832", JPY="162.35")) as bank:
        settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_URL": bank.url}
        yield bank


@pytest.fixture
def japan(connect: Callable[..., World], bank: Served) -> World:
    """A mug of 10 euros that sells in Japan by the bank's rates."""
    world = connect("fe", (JP,))
    Marketplace.objects.update(rate_source=RateSource.ECB)
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", marketplace=JP, price="1600", quantity=5)
    world.export()
    OfferChange.objects.all().delete()
    return world


def next_day(bank: Served, **rates: str) -> None:
    bank.body = rates_of_today(**rates)
    RateFetch.objects.update(next_at=timezone.now())


def test_what_new_rates_change_leaves_by_the_lane_and_nothing_else_is_noted(
    japan: World, bank: Served
) -> None:
    next_day(bank, USD="1.09", JPY="162.35")
    japan.verify()  # whichever run brings them in
    assert not OfferChange.objects.exists(), "a dollar that moves changes no price in yen"
    next_day(bank, USD="1.09", JPY="162.36")
    japan.verify()
    assert not OfferChange.objects.exists(), "1624 yen, as before"
    next_day(bank, USD="1.09", JPY="165")
    japan.verify()
    assert OfferChange.objects.count() == 1
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1650
    item = SubmissionItem.objects.get(values__price="1650 JPY")
    assert item.causes["price"]["code"] == Cause.RATE
    (rate,) = [step["rate"] for step in item.reckoning["price"] if step["rate"]]
    assert rate["rate"] == "165"


def test_rates_that_were_never_fetched_are_by_the_lane_of_whoever_chooses_them(
    connect: Callable[..., World], bank: Served, admin_client: Client
) -> None:
    world = connect("fe", (JP,))
    factories.stock_record("MUG", price="10.00", in_stock=5)
    world.list_on_amazon("MUG", marketplace=JP, price="1600", quantity=5)
    world.export()
    OfferChange.objects.all().delete()
    place = Marketplace.objects.get()
    chosen = change(Staff(admin_client), Marketplace, place.pk, rate_source="ecb")
    assert chosen.status_code == 302, "nobody knows yet what it changes"
    assert bank.asked == 0
    world.send_changes()
    assert bank.asked == 1
    assert world.live("MUG", JP).price == 1624


def test_another_account_that_converts_is_told_too(
    japan: World, bank: Served, connect: Callable[..., World]
) -> None:
    america = connect("na", ("ATVPDKIKX0DER",))
    Marketplace.objects.filter(account=america.account).update(rate_source=RateSource.ECB)
    america.list_on_amazon("MUG", marketplace="ATVPDKIKX0DER", price="10.83", quantity=5)
    america.export()
    OfferChange.objects.all().delete()
    next_day(bank, USD="1.10", JPY="162.35")
    japan.verify()
    assert {row.account_id for row in OfferChange.objects.all()} == {america.account.pk}
    america.send_changes()
    assert america.live("MUG", "ATVPDKIKX0DER").price == Decimal("11.00")


def test_a_rate_that_breaks_meets_the_guard_of_prices(japan: World, bank: Served) -> None:
    next_day(bank, USD="1.09", JPY="16.235")
    japan.verify()
    japan.send_changes()
    assert japan.live("MUG", JP).price == 1624
    assert japan.listing("MUG", JP).held == {"price": "162 JPY"}


# --- What staff approved --------------------------------------------------------------------------


@pytest.fixture
def approved(japan: World, admin_client: Client) -> World:
    """The mug costs twice as much, and staff have approved its 3247 yen, which have not left."""
    shop_price("20.00")
    japan.send_changes()
    assert japan.listing("MUG", JP).held == {"price": "3247 JPY"}
    Staff(admin_client).press(Listing, "approve", japan.listing("MUG", JP))
    return japan


def shop_price(price: str) -> None:
    record = get_model("partner", "StockRecord").objects.get()
    record.price = Decimal(price)
    record.save()


def waits(world: World) -> object:
    """The price that is held, once all that sends has looked; none of it left."""
    world.send_changes()
    world.export()
    assert world.live("MUG", JP).price == 1624
    return world.listing("MUG", JP).held.get("price")


def test_staff_read_what_their_approval_also_holds_for(
    approved: World, admin_client: Client
) -> None:
    page = Staff(admin_client).see(Listing, approved.listing("MUG", JP).pk)
    assert "what a newer exchange rate makes of this price, up to 5 % away" in page


@pytest.mark.parametrize("job", [Job.CHANGES, Job.EXPORT])
def test_an_approved_price_leaves_as_the_rate_of_the_next_day_makes_it(
    approved: World, bank: Served, job: Job
) -> None:
    next_day(bank, JPY="165")
    approved.verify()  # whichever run brings them in
    approved.do(job)
    assert approved.live("MUG", JP).price == 3300
    listing = approved.listing("MUG", JP)
    assert (listing.held, listing.approved, listing.approvals) == ({}, {}, {}), "it is used"


def test_it_leaves_with_the_other_changes_of_a_feed(
    approved: World, bank: Served, settings: Any
) -> None:
    feeds = {"FEED_THRESHOLD": 0, "FEED_LOW_STOCK": 0}
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, **feeds}
    next_day(bank, JPY="165")
    approved.export()
    settle(approved)
    assert SubmissionItem.objects.get(submission__kind="feed").values["price"] == "3300 JPY"
    assert approved.live("MUG", JP).price == 3300
    assert approved.listing("MUG", JP).approved == {}


def test_a_dry_run_says_that_it_would_leave(approved: World, bank: Served) -> None:
    next_day(bank, JPY="165")
    run = approved.export(dry_run=True)
    assert lines_of(run, "sku", "outcome") == [("MUG", Outcome.PLANNED)]


def test_a_rate_that_moves_further_than_rates_do_needs_a_person_again(
    approved: World, bank: Served
) -> None:
    next_day(bank, JPY="172")  # almost six per cent
    assert waits(approved) == "3440 JPY"


def test_days_of_rates_add_up_to_no_more_than_one_may_be(approved: World, bank: Served) -> None:
    """What is compared with is what the person saw."""
    approved.amazon.faults.add(Fault("patchListingsItem", "429", times=None))
    next_day(bank, JPY="167")
    approved.verify()
    approved.send_changes()
    assert approved.listing("MUG", JP).approved == {"price": "3247 JPY"}, "Amazon had no time"
    approved.amazon.faults.clear()
    next_day(bank, JPY="172")
    assert waits(approved) == "3440 JPY"


@pytest.mark.parametrize("what", ["the shop's price", "the markup", "an own price"])
def test_what_moves_by_more_than_its_rate_was_not_approved(
    approved: World, bank: Served, what: str
) -> None:
    next_day(bank, JPY="165")
    if what == "the shop's price":
        shop_price("20.10")
        price = "3317 JPY"
    elif what == "the markup":
        Marketplace.objects.update(markup_percent=1)
        price = "3333 JPY"
    else:
        Listing.objects.update(own_price=3300)
        price = "3300 JPY"
    assert waits(approved) == price


def test_where_the_limit_is_none_only_the_very_price_leaves(
    approved: World, bank: Served, settings: Any
) -> None:
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_MOVE_PERCENT": 0}
    next_day(bank, JPY="165")
    assert waits(approved) == "3300 JPY"
