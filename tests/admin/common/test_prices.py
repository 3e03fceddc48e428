"""Prices on the screens: the way to a price, an own price, a marketplace's rule, the rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from django_amazon_sync.models import Listing, Marketplace
from tests.admin.conftest import Staff
from tests.admin.japan import convert, explained, mug_for_japan, today
from tests.factories_amazon import ExchangeRateFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    return mug_for_japan()


def test_the_page_shows_each_step_to_the_price(staff: Staff, listing: Listing) -> None:
    convert(listing, markup_percent=Decimal("10.00"), price_floor=Decimal(2000))
    ExchangeRateFactory.create(on=date(2026, 11, 24) if today() < date(2026, 11, 30) else today())
    page = explained(staff, listing)
    for words in (
        "<strong>2000 JPY</strong>",
        "The shop's price: 10.00 EUR",
        "(the table of exchange rates), 1 EUR = 162.35 JPY: 1623.5 JPY",
        "With the marketplace's markup of 10 %: 1785.85 JPY",
        "Raised to the marketplace's lowest price: 2000 JPY",
    ):
        assert words in page


def test_the_page_says_why_no_price_is_sent(staff: Staff, listing: Listing) -> None:
    convert(listing)
    page = explained(staff, listing)
    assert "No price is sent." in page
    assert "There is no rate from EUR to JPY in the table of exchange rates" in page
    Listing.objects.update(own_price=Decimal(1500))
    assert "which goes before the shop's and the marketplace's rule: 1500 JPY" in explained(
        staff, listing
    )
    Marketplace.objects.update(sync_price=False)
    assert "Prices are switched off here" in explained(staff, listing)


def test_a_price_beyond_the_listings_own_limits_says_so(staff: Staff, listing: Listing) -> None:
    convert(listing)
    ExchangeRateFactory.create(on=today())
    Listing.objects.update(own_values={"maximum_price": "1500 JPY"})
    page = explained(staff, listing)
    assert "No price is sent." in page
    assert "1624 JPY" in page


def test_a_listing_without_an_offer_says_so(staff: Staff, listing: Listing) -> None:
    listing.sku.offer_pk = ""
    listing.sku.save()
    assert "The shop no longer has it." in explained(staff, listing)


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("0", "A price must be above 0, and one that buyers could pay."),
        ("-5", "Write a price such as 12.90, without a sign for thousands."),
        ("1500.50", "JPY has 0 decimals at most."),
        ("NaN", "Write a price such as 12.90, without a sign for thousands."),
        ("15,00 EUR", "The marketplace's currency is JPY, not EUR."),
    ],
)
def test_an_own_price_that_is_none_is_refused_at_its_field(
    staff: Staff, listing: Listing, price: str, words: str
) -> None:
    response = staff.save(Listing, listing.pk, own_price=price)
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["own_price"] == [words]
    listing.refresh_from_db()
    assert listing.own_price is None


def test_prices_are_changed_by_those_who_may(
    staff_with: Callable[..., Staff], listing: Listing
) -> None:
    packer = staff_with("change_listing", "change_marketplace")
    packer.save(Listing, listing.pk, own_price="1500")
    packer.save(
        Marketplace, listing.marketplace_id, language="ja_JP", active="on", markup_percent="50",
        rate_source="table",
    )  # fmt: skip
    listing.refresh_from_db()
    place = Marketplace.objects.get()
    assert listing.own_price is None
    assert (place.markup_percent, place.rate_source) == (Decimal(0), "")
    assert place.sync_price is True
    assert place.sync_name is False, "the rest of the form was saved"
    assert '<div class="amazon-price">' in packer.see(Listing, listing.pk)
