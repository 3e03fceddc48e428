"""Settings of a marketplace that would do nothing, or do harm, are refused."""

from __future__ import annotations

from typing import Any

import pytest

from django_amazon_sync.models import Listing, Marketplace
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
    page = staff.save(Marketplace, place, **settings, amazon_wins=["price", "name"])
    response = confirm(staff, page)
    assert response.status_code == 302
    assert sorted(Marketplace.objects.get().amazon_wins) == ["name", "price"]
    response = staff.save(Marketplace, place, **settings, amazon_wins=["quantity"])
    [error] = response.context["adminform"].form.errors["amazon_wins"]
    assert "a number that the shop does not have would be sold" in error
    assert sorted(Marketplace.objects.get().amazon_wins) == ["name", "price"]
    del settings["sync_quantity"]
    staff.save(Marketplace, place, **settings, amazon_wins=["quantity"])
    assert Marketplace.objects.get().amazon_wins == ["quantity"]
    staff.save(Marketplace, place, **settings)
    assert Marketplace.objects.get().amazon_wins == []
