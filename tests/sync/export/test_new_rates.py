"""What a new day of the bank's rates changes leaves by the lane, and past no guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_amazon_sync.models import (
    Cause,
    Marketplace,
    OfferChange,
    RateFetch,
    RateSource,
    SubmissionItem,
)
from tests import factories
from tests.admin.conftest import Staff
from tests.admin.settings.rule_steps import change
from tests.bank import document
from tests.served import Served, served
from tests.world import JP, World


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
