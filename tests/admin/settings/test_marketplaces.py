"""The page of a marketplace: what it sends, and what only echoes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_amazon_sync.models import Listing, Marketplace, SellerAccount
from tests.admin.conftest import Staff, address
from tests.factories_amazon import ListingInStepFactory, LiveAccountFactory

EMPTY = {"own_price": "", "synchronise_here": "unknown"}


@pytest.fixture
def listing(db: None) -> Listing:
    account = LiveAccountFactory.create()
    return ListingInStepFactory.create(
        marketplace__account=account, sku__sku="MUG", believed={"price": "10.00 EUR"}
    )


def test_a_marketplace_switches_fields_off(staff: Staff, listing: Listing) -> None:
    place = listing.marketplace
    form = {"active": "on", "language": "de_DE", "markup_percent": "0"}
    answer = staff.save(Marketplace, place.pk, **form, sends_sale_price="on")
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    place.refresh_from_db()
    assert place.switches["list_price"] is False
    assert place.switches.get("sale_price", True)


def test_whether_a_price_goes_out_is_for_those_who_may_change_prices(
    staff_with: Callable[..., Staff], listing: Listing
) -> None:
    """Amazon keeps the price that it has, so switching one off changes what buyers pay."""
    packer = staff_with(
        "view_listing", "change_listing", "view_marketplace", "change_marketplace",
        "view_selleraccount", "change_selleraccount",
    )  # fmt: skip
    sends = {"sends_price": "no", "sends_sale_price": "no", "sends_name": "no"}
    assert packer.save(Listing, listing.pk, **EMPTY, **sends).status_code == 302
    listing.refresh_from_db()
    assert listing.switches == {"name": False}

    edit = {"action": "edit_selected", "_selected_action": listing.pk, "step": "values"}
    for name, status in (("send_price", 403), ("send_sale_price", 403), ("send_name", 200)):
        data = {**edit, "edit_field": name}
        assert packer.client.post(address(Listing), data).status_code == status

    place = listing.marketplace
    packer.save(Marketplace, place.pk, active="on", language="de_DE")
    place.refresh_from_db()
    assert (place.sync_price, place.sync_name) == (True, False)
    assert place.switches.get("sale_price", True)
    assert place.switches["condition_note"] is False
    page = packer.see(SellerAccount, place.account_id)
    assert "marketplaces-0-sync_name" in page
    assert "marketplaces-0-sync_price" not in page


def test_the_associate_tag_is_on_the_page_of_the_marketplace(
    staff: Staff, listing: Listing
) -> None:
    place = listing.marketplace
    form = {"active": "on", "language": "de_DE", "markup_percent": "0"}
    staff.save(Marketplace, place.pk, **form, associate_tag="shop-21")
    place.refresh_from_db()
    assert place.associate_tag == "shop-21"
