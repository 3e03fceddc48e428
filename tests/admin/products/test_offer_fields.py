"""Own values and switches on the pages of a listing, a SKU and a marketplace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_amazon_sync.models import Listing, SellerSku
from tests.admin.conftest import Staff
from tests.factories_amazon import ORDERED, ListingInStepFactory, LiveAccountFactory


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    return ListingInStepFactory.create(
        marketplace__account=account, sku__sku="MUG", believed={"price": "10.00 EUR"}
    )


def test_own_values_are_kept_as_amazon_gets_them(staff: Staff, listing: Listing) -> None:
    values = {
        "own_minimum_price": "8,5",
        "own_sale_price_price": "9",
        "own_sale_price_start": "2026-11-01",
        "own_sale_price_end": "2026-11-30",
        "own_business_price_price": "9.50",
        "own_business_price_tiers": "10: 9.00\n20: 8.60",
        "own_browse_nodes": "3167641, 3169321",
    }
    answer = staff.save(Listing, listing.pk, **values)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    listing.refresh_from_db()
    assert listing.own_values == {
        "minimum_price": "8.50 EUR",
        "sale_price": {"price": "9.00 EUR", "start": "2026-11-01", "end": "2026-11-30"},
        "business_price": {
            "price": "9.50 EUR", "tiers": [[10, "9.00 EUR"], [20, "8.60 EUR"]],
        },
        "browse_nodes": ["3167641", "3169321"],
    }  # fmt: skip
    page = staff.see(Listing, listing.pk)
    assert 'value="8.50"' in page
    assert "20: 8.60" in page
    staff.save(Listing, listing.pk)
    listing.refresh_from_db()
    assert listing.own_values == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"own_minimum_price": "10.50"}, "is below the minimum price 10.50 EUR"),
        ({"own_minimum_price": "9 USD"}, "currency is EUR, not USD"),
        ({"own_maximum_price": "9"}, "is above the maximum price 9.00 EUR"),
        ({"own_minimum_price": "9", "own_maximum_price": "8"}, "is above the maximum price"),
        ({"own_sale_price_price": "9"}, "Write a day as"),
        ({"own_business_price_price": "11"}, "is above the price 10.00 EUR"),
        ({"own_business_price_tiers": "10: 9"}, "Write a price"),
        ({"own_max_order_quantity": "0"}, "Write a number from 1"),
        ({"own_browse_nodes": "books"}, "is not a number of a browse node"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_saved(
    staff: Staff, listing: Listing, values: dict[str, str], message: str
) -> None:
    answer = staff.save(Listing, listing.pk, own_list_price="12", **values)
    errors = answer.context["adminform"].form.errors
    assert message in str(errors)
    assert set(errors) <= {name.rsplit("_", 1)[0] for name in values} | set(values)
    listing.refresh_from_db()
    assert listing.own_values == {}


def test_switches_of_a_listing_go_before_the_marketplaces(staff: Staff, listing: Listing) -> None:
    staff.save(Listing, listing.pk, sends_price="no", sends_list_price="yes", locked="on")
    listing.refresh_from_db()
    assert listing.switches == {"price": False, "list_price": True}
    assert listing.locked
    staff.save(Listing, listing.pk)
    listing.refresh_from_db()
    assert listing.switches == {}
    assert not listing.locked


def test_a_price_is_changed_by_those_who_may(
    staff_with: Callable[..., Staff], listing: Listing
) -> None:
    packer = staff_with("view_listing", "change_listing")
    packer.save(Listing, listing.pk, own_list_price="12", own_max_order_quantity="3")
    listing.refresh_from_db()
    assert listing.own_values == {"max_order_quantity": 3}


def test_who_may_only_look_sees_what_is_set(
    staff_with: Callable[..., Staff], listing: Listing
) -> None:
    Listing.objects.update(own_values={"browse_nodes": ["3167641"]})
    page = staff_with("view_listing").see(Listing, listing.pk)
    assert "3167641" in page
    assert 'name="own_browse_nodes"' not in page


def test_handling_time_is_the_skus(staff: Staff, listing: Listing) -> None:
    sku = listing.sku
    form: dict[str, Any] = {"condition": "new_new", "shop_sku": "", "synchronise": "unknown"}
    staff.save(SellerSku, sku.pk, **form, own_handling_time="3", own_restock_date="2027-01-15")
    sku.refresh_from_db()
    assert sku.own_values == {"handling_time": 3, "restock_date": "2027-01-15"}
    answer = staff.save(SellerSku, sku.pk, **form, own_handling_time="31")
    assert "from 0 to 30" in str(answer.context["adminform"].form.errors)


def test_what_only_echoes_is_said_to_be_received(staff: Staff, listing: Listing) -> None:
    Listing.objects.update(
        believed={"price": "10.00 EUR", "list_price": "14.90 EUR"},
        verified={"price": "10.00 EUR"},
        verified_at=ORDERED,
    )
    page = staff.see(Listing, listing.pk)
    assert "received" in page
