"""Settings of a marketplace that would do nothing, or do harm, are refused."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import Listing, Marketplace
from django_amazon_sync.testing.factories import MarketplaceFactory
from tests.admin.conftest import Staff
from tests.admin.japan import mug_for_japan
from tests.admin.settings.rule_steps import confirm

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(db: None) -> Listing:
    return mug_for_japan()


def test_a_function_for_rates_has_to_be_there(
    staff: Staff, listing: Listing, settings: Any
) -> None:
    choice = {"language": "ja_JP", "markup_percent": "0", "rate_source": "callable"}
    response = staff.save(Marketplace, listing.marketplace_id, **choice)
    [error] = response.context["adminform"].form.errors["rate_source"]
    assert "AMAZON_SYNC['RATES_CALLABLE']" in error
    settings.AMAZON_SYNC = {**settings.AMAZON_SYNC, "RATES_CALLABLE": "decimal.Decimal"}
    page = staff.save(Marketplace, listing.marketplace_id, **choice)
    assert confirm(staff, page).status_code == 302
    assert Marketplace.objects.get().rate_source == "callable"


def test_amazon_wins_where_staff_choose_it(staff: Staff, listing: Listing) -> None:
    settings = {"language": "de_DE", "markup_percent": "0", "sync_quantity": "on"}
    place = listing.marketplace_id
    response = staff.save(Marketplace, place, **settings, amazon_wins=["price", "name"])
    assert response.status_code == 302
    assert sorted(Marketplace.objects.get().amazon_wins) == ["name", "price"]
    response = staff.save(Marketplace, place, **settings, amazon_wins=["quantity"])
    [error] = response.context["adminform"].form.errors["amazon_wins"]
    assert "a number that the shop does not have would be sold" in error
    assert sorted(Marketplace.objects.get().amazon_wins) == ["name", "price"]
    del settings["sync_quantity"]
    page = staff.save(Marketplace, place, **settings, amazon_wins=["quantity"])
    assert confirm(staff, page).status_code == 302
    assert Marketplace.objects.get().amazon_wins == ["quantity"]
    staff.save(Marketplace, place, **settings)
    assert Marketplace.objects.get().amazon_wins == []


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        ("markup_percent", "-51"),
        ("markup_percent", "901"),
        ("markup_percent", "-100"),
        ("markup_percent", "１０"),
        ("price_ending", "1"),
        ("price_ending", "-0.01"),
        ("price_ending", "12.99"),
        ("price_ending", "0.99"),  # there is no part of a yen
        ("price_floor", "-1"),
        ("price_floor", "٣"),
    ],
)
def test_what_no_shop_wants_of_prices_is_refused(
    staff: Staff, listing: Listing, column: str, odd: str
) -> None:
    choice = {"language": "ja_JP", "markup_percent": "0", column: odd}
    response = staff.save(Marketplace, listing.marketplace_id, **choice)
    assert list(response.context["adminform"].form.errors) == [column]


@pytest.mark.parametrize("odd", ["klingon", "xx", "de", "de-DE", "DE_de", "ja_", "ｄe_DE"])
def test_a_language_tag_that_is_not_of_amazons_form_is_refused(
    staff: Staff, listing: Listing, odd: str
) -> None:
    settings = {"markup_percent": "0", "language": odd}
    response = staff.save(Marketplace, listing.marketplace_id, **settings)
    [error] = response.context["adminform"].form.errors["language"]
    own = listing.marketplace.facts.language
    assert error == f"“{odd}” is no language tag of Amazon's; write it as in {own}."
    assert Marketplace.objects.get().language != odd


def test_a_language_tag_of_amazons_form_is_saved_and_an_odd_one_of_before_stays(
    staff: Staff,
) -> None:
    place = MarketplaceFactory.create().pk
    for before, typed in (("de_DE", "nl_BE"), ("klingon", "klingon")):
        Marketplace.objects.update(language=before)
        page = staff.save(Marketplace, place, active="on", markup_percent="0", language=typed)
        page = page if page.status_code == 302 else confirm(staff, page)
        assert page.status_code == 302
        assert Marketplace.objects.get().language == typed
