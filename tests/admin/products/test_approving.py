"""What waits is approved where staff read that it waits: a listing's and a product's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from django_amazon_sync.models import Listing, SyncRun
from tests.admin.conftest import Staff, address, seen_in
from tests.admin.products.page_steps import address_of

pytestmark = pytest.mark.django_db

BUTTON = "Approve what waits, and send it"


def hold(listing: Listing, price: str) -> None:
    Listing.objects.filter(pk=listing.pk).update(held={"price": price})


def approve_on_product_page(staff: Staff, record: Any, page: str, listing: Listing) -> Any:
    data = {"do": "approve", "listing": listing.pk, "seen": seen_in(page)}
    return staff.client.post(address_of(record), data, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def is_as(listing: Listing, held: dict[str, str], approved: dict[str, str]) -> bool:
    listing.refresh_from_db()
    return (listing.held, listing.approved) == (held, approved)


def test_the_listings_page_approves_what_it_shows(staff: Staff, listing: Listing) -> None:
    assert BUTTON not in staff.see(Listing, listing.pk)
    hold(listing, "99.00 EUR")
    page = staff.see(Listing, listing.pk)
    [where] = re.findall(rf'formaction="([^"]+)"[^>]*>{BUTTON}', page)
    assert where == reverse("admin:django_amazon_sync_listing_approve", args=[listing.pk])
    response = staff.client.post(where, {"seen": seen_in(page), "own_price": "oops"}, follow=True)
    assert response.redirect_chain[0][0] == address(Listing, listing.pk)
    assert said(response)[0].startswith("1 listing is approved.")
    assert is_as(listing, {}, {"price": "99.00 EUR"})
    assert SyncRun.objects.get().options["skus"] == [listing.sku.sku]
    again = staff.client.post(where, {"seen": seen_in(page)}, follow=True)  # pressed twice
    assert said(again) == ["0 listings are approved."]
    assert SyncRun.objects.count() == 1


def test_another_value_than_the_listings_page_showed_is_not_approved(
    staff: Staff, listing: Listing
) -> None:
    hold(listing, "99.00 EUR")
    page = staff.see(Listing, listing.pk)
    hold(listing, "0.99 EUR")
    where = reverse("admin:django_amazon_sync_listing_approve", args=[listing.pk])
    for seen in ({"seen": seen_in(page)}, {}):
        told = said(staff.client.post(where, seen, follow=True))
        assert told[0].startswith("Something else waits by now, so it is not approved: MUG")
    assert is_as(listing, {"price": "0.99 EUR"}, {})
    assert not SyncRun.objects.exists()


def test_the_product_page_says_what_waits_and_approves_it(
    staff: Staff, listing: Listing, record: Any
) -> None:
    assert BUTTON not in staff.client.get(address_of(record)).content.decode()
    hold(listing, "99.00 EUR")
    page = staff.client.get(address_of(record)).content.decode()
    assert "<li>Price: 99.00 EUR" in page
    assert f'form="approve-{listing.pk}"' in page
    response = approve_on_product_page(staff, record, page, listing)
    assert said(response)[0] == "1 listing is approved."
    assert is_as(listing, {}, {"price": "99.00 EUR"})
    run = SyncRun.objects.get()
    assert run.options["skus"] == ["MUG"]
    assert f"run={run.pk}" in response.redirect_chain[-1][0]  # the page follows it


def test_another_value_than_the_product_page_showed_is_not_approved(
    staff: Staff, listing: Listing, record: Any
) -> None:
    hold(listing, "99.00 EUR")
    page = staff.client.get(address_of(record)).content.decode()
    hold(listing, "0.99 EUR")
    told = said(approve_on_product_page(staff, record, page, listing))
    assert told[0].startswith("Something else waits by now, so it is not approved: MUG")
    assert is_as(listing, {"price": "0.99 EUR"}, {})
    assert not SyncRun.objects.exists()


def test_who_may_not_approve_has_no_button_and_is_refused(
    staff_with: Callable[..., Staff], listing: Listing, record: Any
) -> None:
    hold(listing, "99.00 EUR")
    looker = staff_with("view_listing", "view_sellersku", "export_listing")
    where = reverse("admin:django_amazon_sync_listing_approve", args=[listing.pk])
    assert looker.client.post(where).status_code == 403
    assert BUTTON not in looker.client.get(address(Listing, listing.pk)).content.decode()
    data = {"do": "approve", "listing": listing.pk}
    assert looker.client.post(address_of(record), data).status_code == 403
    assert is_as(listing, {"price": "99.00 EUR"}, {})


def test_a_link_to_the_button_s_address_changes_nothing(staff: Staff, listing: Listing) -> None:
    hold(listing, "99.00 EUR")
    where = reverse("admin:django_amazon_sync_listing_approve", args=[listing.pk])
    assert staff.client.get(where).status_code == 405
    assert staff.client.post(where.replace(f"/{listing.pk}/", "/987654/")).status_code == 404
