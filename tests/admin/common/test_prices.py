"""Prices on the screens: the way to a price, an own price, a marketplace's rule, the rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_amazon_sync.models import ExchangeRate, Listing, Marketplace, RateFetch, RateSource
from django_amazon_sync.testing.factories import SellerSkuFactory
from tests import factories
from tests.admin.conftest import Staff
from tests.factories_amazon import ExchangeRateFactory, ListingInStepFactory, LiveAccountFactory

pytestmark = pytest.mark.django_db

JAPAN = "A1VC38T7YXB528"


@pytest.fixture
def listing(db: None) -> Listing:
    """A mug of 10 euros, to be sold in Japan."""
    account = LiveAccountFactory.create(synchronise_all=True, region="fe")
    record = factories.stock_record("MUG", price="10.00", in_stock=5)
    sku = SellerSkuFactory.create(account=account, sku="MUG", offer_pk=str(record.pk))
    return ListingInStepFactory.create(
        marketplace__account=account,
        marketplace__code=JAPAN,
        sku=sku,
        accepted={"price": "1600 JPY"},
    )


def today() -> date:
    return timezone.now().date()


def convert(listing: Listing, **columns: Any) -> None:
    Marketplace.objects.filter(pk=listing.marketplace_id).update(
        rate_source=RateSource.TABLE, **columns
    )


def explained(staff: Staff, listing: Listing) -> str:
    page = unescape(staff.see(Listing, listing.pk))
    return page.partition('<div class="amazon-price">')[2].partition("</div>")[0]


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
    assert "The shop has it no more." in explained(staff, listing)


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("0", "A price is above 0 and below a billion."),
        ("-5", "A price is above 0 and below a billion."),
        ("1500.50", "A price in JPY has no decimal places."),
        ("NaN", "Enter a number."),
        ("15,00 EUR", "Enter a number."),
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


def test_a_function_for_rates_has_to_be_there(
    staff: Staff, listing: Listing, settings: Any
) -> None:
    choice = {"language": "ja_JP", "markup_percent": "0", "rate_source": "callable"}
    response = staff.save(Marketplace, listing.marketplace_id, **choice)
    [error] = response.context["adminform"].form.errors["rate_source"]
    assert "AMAZON_SYNC['RATES_CALLABLE']" in error
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_CALLABLE": "decimal.Decimal"}
    assert staff.save(Marketplace, listing.marketplace_id, **choice).status_code == 302
    assert Marketplace.objects.get().rate_source == "callable"


# --- The rates ------------------------------------------------------------------------------------


def test_a_rate_is_entered_and_counts(staff: Staff, listing: Listing) -> None:
    convert(listing)
    entered = {"base": "eur", "currency": "jpy", "rate": "160", "on": today().isoformat()}
    assert staff.save(ExchangeRate, **entered).status_code == 302
    rate = ExchangeRate.objects.get()
    assert (rate.source, rate.base, rate.currency) == (RateSource.TABLE, "EUR", "JPY")
    assert "<strong>1600 JPY</strong>" in explained(staff, listing)
    assert "160" in staff.see(ExchangeRate)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"rate": "0"}, "rate", "greater than or equal to"),
        ({"rate": "NaN"}, "rate", "Enter a number."),
        ({"rate": "1.123456789"}, "rate", "no more than 8 decimal places"),
        ({"base": "€"}, "base", "three letters"),
        ({"currency": "EUR"}, "currency", "from one currency to another"),
        ({"on": "2026-02-30"}, "on", "Enter a valid date."),
        ({"on": "2026-11-20"}, "on", "a rate of this pair and day already"),
    ],
)
def test_a_rate_that_is_none_is_refused_at_its_field(
    staff: Staff, change: dict[str, str], field: str, words: str
) -> None:
    ExchangeRateFactory.create(on=date(2026, 11, 20))
    entered = {"base": "EUR", "currency": "JPY", "rate": "160", "on": "2026-11-21"} | change
    response = staff.save(ExchangeRate, **entered)
    assert response.status_code == 200
    assert words in " ".join(response.context["adminform"].form.errors[field])
    assert ExchangeRate.objects.count() == 1


def test_what_was_fetched_is_only_looked_at(staff: Staff) -> None:
    fetched = ExchangeRateFactory.create(source=RateSource.ECB)
    entered = {"base": "EUR", "currency": "JPY", "rate": "1", "on": "2026-11-21"}
    assert staff.save(ExchangeRate, fetched.pk, **entered).status_code == 403
    staff.client.post(
        "/admin/django_amazon_sync/exchangerate/",
        {"action": "delete_selected", "_selected_action": [fetched.pk], "post": "yes"},
    )
    assert ExchangeRate.objects.get().rate == fetched.rate


def test_the_list_says_when_rates_were_fetched_and_what_failed(staff: Staff) -> None:
    assert "are fetched by the next run" in staff.see(ExchangeRate)
    RateFetch.objects.create(
        source=RateSource.ECB, next_at=timezone.now() + timedelta(hours=1),
        fetched_at=timezone.now(), reason="It answered with status 503.",
    )  # fmt: skip
    page = staff.see(ExchangeRate)
    assert "rates were fetched" in page
    assert "It answered with status 503." in page


def test_rates_are_kept_by_those_who_change_prices_of_all_accounts(
    staff_with: Callable[..., Staff], client: Client
) -> None:
    packer = staff_with("view_exchangerate")
    assert packer.save(ExchangeRate, base="EUR").status_code == 403
    partner = factories.partner("north")
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission

    user = get_user_model().objects.get(username="packer")
    user.user_permissions.add(Permission.objects.get(codename="change_price_listing"))
    assert packer.client.get("/admin/django_amazon_sync/exchangerate/add/").status_code == 200
    partner.users.add(user)
    assert packer.client.get("/admin/django_amazon_sync/exchangerate/add/").status_code == 403
    ExchangeRateFactory.create()
    assert "162.35" not in packer.see(ExchangeRate)
